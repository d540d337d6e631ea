//! A profile that another tool has, as far as it was understood.

use crate::config::aws_ini::Section;
use crate::quote::aws_ini;
use crate::quote::config::{toml as quoted, toml_key as key};
use crate::region::Region;

pub struct Found {
    pub name: String,
    top: Vec<(&'static str, String)>,
    /// `saml`, `assume_role` or `web_identity`.
    table: &'static str,
    inner: Vec<(&'static str, String)>,
    /// What was not taken over, and why.
    pub notes: Vec<String>,
    /// Why all of it cannot be.
    pub problem: Option<String>,
    /// A person has to log in before `get` works.
    pub needs_login: bool,
}

impl Found {
    pub fn new(name: &str, table: &'static str) -> Found {
        let (top, inner, notes) = (Vec::new(), Vec::new(), Vec::new());
        Found { name: name.to_owned(), top, table, inner, notes, problem: None, needs_login: false }
    }

    pub fn top(&mut self, key: &'static str, value: Option<&str>) -> &mut Self {
        self.top.extend(value.filter(|value| !value.is_empty()).map(|value| (key, quoted(value))));
        self
    }

    pub fn inner(&mut self, key: &'static str, value: Option<&str>) -> &mut Self {
        self.inner.extend(value.filter(|value| !value.is_empty()).map(|value| (key, quoted(value))));
        self
    }

    /// TOML as it is.
    pub fn raw(&mut self, key: &'static str, value: &str) -> &mut Self {
        self.inner.push((key, value.to_owned()));
        self
    }

    pub fn note(&mut self, note: impl Into<String>) -> &mut Self {
        self.notes.push(note.into());
        self
    }

    /// The role, if it is written as an ARN.
    pub fn role(&mut self, role: Option<&str>) -> &mut Self {
        match role.filter(|role| !role.is_empty()) {
            Some(arn) if arn.starts_with("arn:") => self.top("role_arn", Some(arn)),
            Some(name) => self.note(format!("the role {name}: it is no ARN; fedcred roles lists those on offer")),
            None => self,
        }
    }

    pub fn region(&mut self, region: Option<&str>) -> &mut Self {
        match region.filter(|region| !region.is_empty()) {
            Some(region) if Region::parse(region).is_ok() => self.top("region", Some(region)),
            Some(other) => self.note(format!("the region {other}: there is none of this name")),
            None => self,
        }
    }

    /// In seconds, as the other tools have it.
    pub fn duration(&mut self, seconds: Option<&str>) -> &mut Self {
        let Some(text) = seconds.filter(|text| !text.is_empty()) else { return self };
        match text.parse::<u32>() {
            Ok(seconds @ 900..=43_200) => self.top("duration", Some(&format!("{seconds}s"))),
            _ => self.note(format!("the duration {text}: it has to be 900 to 43200 seconds")),
        }
    }

    /// A login form, whose password `fedcred login` asks for.
    pub fn form(&mut self, user: Option<&str>) -> &mut Self {
        match user.filter(|user| !user.is_empty()) {
            Some(user) => {
                self.needs_login = true;
                self.inner("auth", Some("form")).inner("username", Some(user)).raw("password", "{ keyring = true }")
            }
            None => {
                self.problem = Some("it names no user; fedcred setup asks for one".to_owned());
                self
            }
        }
    }

    pub fn browser(&mut self, user: Option<&str>) -> &mut Self {
        self.needs_login = true;
        self.inner("auth", Some("browser")).inner("username", user)
    }

    /// Notes every setting of the section that is neither used nor without meaning here.
    pub fn rest(&mut self, section: &Section<'_>, used: &[&str]) -> &mut Self {
        for (name, value) in section.keys() {
            let is_empty = matches!(value.trim(), "" | "false" | "False" | "0" | "None" | "none");
            if !is_empty && !used.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                self.note(format!("{name} = {value}"));
            }
        }
        self
    }

    pub fn to_toml(&self) -> String {
        let name = key(&self.name);
        let line = |(key, value): &(&str, String)| format!("{key} = {value}\n");
        let (top, inner): (String, String) =
            (self.top.iter().map(line).collect(), self.inner.iter().map(line).collect());
        let top = if top.is_empty() { top } else { format!("[profile.{name}]\n{top}") };
        format!("{top}[profile.{name}.{}]\n{inner}", self.table)
    }
}

/// The values of flags in a `credential_process` of `program`: `--user alice`, `-u alice`, `--user=alice`.
pub struct Flags(Vec<String>);

impl Flags {
    /// `None` if the command runs something else.
    pub fn of(command: &str, program: &str) -> Option<Flags> {
        let words = aws_ini::split(command, cfg!(windows))?;
        let is_it = |word: &String| {
            word.rsplit(['/', '\\']).next().is_some_and(|name| name.trim_end_matches(".exe") == program)
        };
        words.iter().position(is_it).map(|at| Flags(words[at + 1..].to_vec()))
    }

    pub fn value(&self, long: &str, short: &str) -> Option<&str> {
        let mut words = self.0.iter();
        while let Some(word) = words.next() {
            if word == long || word == short {
                return words.next().map(String::as_str);
            }
            if let Some(value) = word.strip_prefix(long).and_then(|rest| rest.strip_prefix('=')) {
                return Some(value);
            }
        }
        None
    }
}
