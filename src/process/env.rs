//! The process's environment, read here and nowhere else.
//!
//! A value handed down, so that tests decide what it holds. An empty variable counts as absent, as the AWS SDKs read theirs.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

/// The source of variables.
#[derive(Clone, Debug)]
pub enum Env {
    /// This process's; `home` says what the password database has for a user without `HOME`.
    Process { home: fn() -> Option<PathBuf> },
    /// Only these.
    Fixed(BTreeMap<String, OsString>),
}

impl Env {
    /// This process's variables, and the password database.
    pub fn process() -> Self {
        Env::Process { home: home_of_database }
    }

    /// This process's variables alone: a static program that can ask the database carries half a loader.
    pub fn variables() -> Self {
        Env::Process { home: || None }
    }

    /// Only the pairs given.
    pub fn fixed<K: Into<String>, V: Into<OsString>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let pairs = pairs.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        #[cfg(all(test, windows))]
        let pairs = with_names_of_windows(pairs);
        Env::Fixed(pairs)
    }

    /// The variable's value when it is set and not empty.
    #[allow(clippy::disallowed_methods, reason = "the one place where the environment is read")]
    pub fn os(&self, name: &str) -> Option<OsString> {
        let value = match self {
            Env::Process { .. } => std::env::var_os(name),
            Env::Fixed(pairs) => pairs.get(name).cloned(),
        };
        value.filter(|v| !v.is_empty())
    }

    /// The names of all variables that are set.
    #[allow(clippy::disallowed_methods, reason = "the one place where the environment is read")]
    pub fn names(&self) -> Vec<OsString> {
        match self {
            Env::Process { .. } => std::env::vars_os().map(|(name, _)| name).collect(),
            Env::Fixed(pairs) => pairs.keys().map(OsString::from).collect(),
        }
    }

    /// The same without what AWS's variables say of this shell's session, for what is written to hold elsewhere and later, too.
    /// Where AWS's files are stays.
    pub fn without_aws(&self) -> Env {
        let kept = |name: &str| {
            !name.starts_with("AWS_") || ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"].contains(&name)
        };
        let names = self.names().into_iter().filter_map(|name| name.into_string().ok()).filter(|name| kept(name));
        Env::fixed(names.filter_map(|name| self.os(&name).map(|value| (name, value))).collect::<Vec<_>>())
    }

    /// The variable's value when it is set, not empty and Unicode.
    pub fn text(&self, name: &str) -> Option<String> {
        self.os(name)?.into_string().ok()
    }

    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.os(name).map(PathBuf::from)
    }

    /// `true` in any case; every other value is false, as the AWS SDKs read a boolean.
    pub fn is_true(&self, name: &str) -> bool {
        self.text(name).is_some_and(|v| v.eq_ignore_ascii_case("true"))
    }

    /// The user's home: `HOME`, else that of the password database (a systemd unit without `User=` has no `HOME`); on Windows
    /// `USERPROFILE`.
    pub fn home(&self) -> Option<PathBuf> {
        let named = self.path(HOME);
        let home = named.or_else(|| match self {
            Env::Process { home } => home(),
            Env::Fixed(_) => None,
        });
        home.filter(|home| home.is_absolute())
    }

    /// Expands `$NAME` and `${NAME}` of variables that are set, and `~/` at the beginning, once, as Python's `expandvars` and
    /// `expanduser` do.
    pub fn expanded(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        if let (Some(after), Some(home)) = (text.strip_prefix("~/"), self.home()) {
            out.push_str(&format!("{}/", home.display()));
            rest = after;
        }
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let (name, end) = match after.strip_prefix('{').and_then(|inner| Some((inner.split('}').next()?, inner))) {
                Some((name, inner)) if name.len() < inner.len() => (name, name.len() + 2),
                _ => {
                    let name = after.split(|c| !is_name(c)).next().unwrap_or_default();
                    (name, name.len())
                }
            };
            match self.text(name).filter(|_| !name.is_empty()) {
                Some(value) => {
                    out.push_str(&value);
                    rest = &after[end..];
                }
                None => {
                    out.push('$');
                    rest = after;
                }
            }
        }
        out + rest
    }
}

/// The variable of the user's home.
pub const HOME: &str = if cfg!(windows) { "USERPROFILE" } else { "HOME" };

/// The home directory that the password database has for this user. `None`: it does not know the user, as in many containers.
#[cfg(unix)]
#[allow(unsafe_code, reason = "the database (files, LDAP, SSSD) is the C library's, and has no safe call")]
fn home_of_database() -> Option<PathBuf> {
    use std::ffi::{CStr, OsStr};
    use std::os::unix::ffi::OsStrExt;
    let mut buffer = vec![0; 16 << 10];
    // SAFETY: all zeroes is a valid passwd, whose pointers are read only after the call has set them.
    let mut entry: libc::passwd = unsafe { std::mem::zeroed() };
    let mut found = std::ptr::null_mut();
    let user = rustix::process::geteuid().as_raw();
    // SAFETY: entry, buffer (with its length) and found live through the call, which writes to nothing else.
    let status = unsafe { libc::getpwuid_r(user, &mut entry, buffer.as_mut_ptr(), buffer.len(), &mut found) };
    if status != 0 || found.is_null() || entry.pw_dir.is_null() {
        return None;
    }
    // SAFETY: the call was successful, so this is a string with its end in `buffer`, which still lives.
    let home = unsafe { CStr::from_ptr(entry.pw_dir) };
    Some(PathBuf::from(OsStr::from_bytes(home.to_bytes())))
}

#[cfg(not(unix))]
fn home_of_database() -> Option<PathBuf> {
    None
}

/// Unit tests name places as Unix does; each means its counterpart, too.
#[cfg(all(test, windows))]
fn with_names_of_windows(mut pairs: BTreeMap<String, OsString>) -> BTreeMap<String, OsString> {
    for (unix, windows) in [("HOME", "USERPROFILE"), ("XDG_CONFIG_HOME", "APPDATA"), ("XDG_CACHE_HOME", "LOCALAPPDATA")]
    {
        if let Some(value) = pairs.get(unix).cloned() {
            pairs.entry(windows.to_owned()).or_insert(value);
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(windows, ignore = "its paths are Unix's")]
    fn variables_in_a_setting_are_expanded_once() {
        let env = Env::fixed([("HOME", "/h"), ("A", "$B"), ("B", "b")]);
        let table = [("~/x", "/h/x"), ("$A/${B}c$", "$B/bc$"), ("${NOPE}$", "${NOPE}$"), ("a${B", "a${B")];
        for (text, expected) in table {
            assert_eq!(env.expanded(text), expected, "{text}");
        }
    }
}
