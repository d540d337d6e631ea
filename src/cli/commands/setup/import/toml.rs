//! A profile of another tool, as far as it was understood.

use crate::config::aws_ini::Section;
use crate::config::profile::{Account, SecretSource};
use crate::config::setting::Written;
use crate::config::settings::{self, PROFILE, Table};
use crate::config::writer::Writer;
use crate::quote::aws_ini;
use crate::region::Region;

pub struct Found {
    pub name: String,
    lines: Writer,
    /// The table of the login. Absent: another profile's is taken.
    table: Option<&'static Table>,
    /// What was not taken over, and why.
    pub notes: Vec<String>,
    /// Why the profile cannot be taken over.
    pub problem: Option<String>,
    /// A person has to log in before `get` works.
    pub needs_login: bool,
    /// The method needs the name of a user, and the tool names none.
    pub lacks_user: bool,
}

impl Found {
    pub fn new(name: &str, table: Option<&'static Table>) -> Found {
        let (needs_login, lacks_user) = (false, false);
        let lines = Writer::new(name);
        Found { name: name.to_owned(), lines, table, notes: Vec::new(), problem: None, needs_login, lacks_user }
    }

    pub fn saml(name: &str) -> Found {
        Found::new(name, Some(&settings::SAML))
    }

    /// Makes a profile that includes another one, with a role of its own.
    pub fn including(name: &str, base: &str, role: Option<&str>) -> Found {
        let mut found = Found::new(name, None);
        found.top("include", Some(base)).role(role);
        found
    }

    pub fn is_saml(&self) -> bool {
        self.table.is_some_and(|table| table.name == settings::SAML.name)
    }

    pub fn top(&mut self, key: &'static str, value: Option<&str>) -> &mut Self {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.lines.table(&PROFILE).set(key, value);
        }
        self
    }

    pub fn inner(&mut self, key: &'static str, value: Option<&str>) -> &mut Self {
        match value.filter(|value| !value.is_empty()) {
            Some(value) => self.set(key, value),
            None => self,
        }
    }

    pub fn set<T: Written + ?Sized>(&mut self, key: &'static str, value: &T) -> &mut Self {
        if let Some(table) = self.table {
            self.lines.table(table).set(key, value);
        }
        self
    }

    pub fn note(&mut self, note: impl Into<String>) -> &mut Self {
        self.notes.push(note.into());
        self
    }

    /// Sets the role if it is an ARN; else notes it.
    pub fn role(&mut self, role: Option<&str>) -> &mut Self {
        match role.filter(|role| !role.is_empty()) {
            Some(several) if several.contains([',', '/']) && !is_arn(several) => self.note(format!(
                "the roles {several}: a profile has only one; fedcred roles lists those that \
                are offered"
            )),
            Some(arn) if is_arn(arn) => self.top("role_arn", Some(arn)),
            Some(name) => self.note(format!(
                "the role {name}: it is not an ARN; fedcred roles lists those that \
            are offered"
            )),
            None => self,
        }
    }

    pub fn region(&mut self, region: Option<&str>) -> &mut Self {
        match region.filter(|region| !region.is_empty()) {
            Some(region) if Region::parse(region).is_ok() => self.top("region", Some(region)),
            Some(other) => self.note(format!("the region {other}: there is no such region")),
            None => self,
        }
    }

    /// Sets the duration, which the other tools have in seconds.
    pub fn duration(&mut self, seconds: Option<&str>) -> &mut Self {
        let Some(text) = seconds.filter(|text| !text.is_empty()) else { return self };
        match text.parse::<u32>() {
            Ok(seconds @ 900..=43_200) => self.top("duration", Some(&format!("{seconds}s"))),
            _ => self.note(format!("the duration {text}: it has to be 900 to 43200 seconds")),
        }
    }

    /// Sets a method with a password, which `fedcred login` asks for.
    pub fn password(&mut self, auth: &str, user: Option<&str>) -> &mut Self {
        self.needs_login = true;
        self.lacks_user = user.is_none_or(str::is_empty);
        self.inner("auth", Some(auth))
            .inner("username", user)
            .set("password", &SecretSource::Keyring(Account::default()))
    }

    /// Sets the user name if it lacks one.
    pub fn user(&mut self, user: Option<&str>) {
        match user.filter(|_| std::mem::take(&mut self.lacks_user)) {
            Some(user) => drop(self.inner("username", Some(user))),
            None if self.lacks_user => self.problem = Some("it names no user: add --username USER".to_owned()),
            None => {}
        }
    }

    pub fn browser(&mut self, user: Option<&str>) -> &mut Self {
        self.needs_login = true;
        self.inner("auth", Some("browser")).inner("username", user)
    }

    /// Notes every other setting of the section that has a value.
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
        self.lines.to_toml()
    }
}

fn is_arn(text: &str) -> bool {
    text.starts_with("arn:") && !text.contains(',')
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

    pub fn has(&self, flag: &str) -> bool {
        self.0.iter().any(|word| word == flag)
    }

    /// Notes each of these flags that is given.
    pub fn note(&self, found: &mut Found, flags: &[(&str, &str)]) {
        for (long, short) in flags {
            if let Some(value) = self.value(long, short) {
                found.note(format!("{long} {value}"));
            }
        }
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
