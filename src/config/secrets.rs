//! `password`, `token` and the like: the place that a secret is read from, never the secret itself.

use std::fmt;
use std::path::PathBuf;

use url::Url;

use super::found::Found;
use super::row::Kind::*;
use super::row::table;
use super::setting::Written;
use super::tree::{Table, Value};
use super::values;
use crate::error::{Code, Result};
use crate::quote::config::toml;
use crate::text::redact::looks_like_a_secret;

/// The place that a secret is read from when it is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// Program and arguments, without a shell.
    Command(Vec<String>),
    File(PathBuf),
    Env(String),
    /// A systemd credential: a file of this name in `$CREDENTIALS_DIRECTORY`.
    Credential(String),
    /// What `fedcred login` stores for this account.
    Keyring(Account),
}

/// The owner of a secret that `fedcred login` stores. Named by the identity provider and the user, so that profiles with the
/// same login share it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// `https://idp.example.com`
    pub idp_origin: String,
    /// Absent for a bearer token, which stands for both user and password.
    pub user: Option<String>,
}

impl Account {
    pub fn new(idp_url: &Url, user: Option<&str>) -> Self {
        Account { idp_origin: idp_url.origin().ascii_serialization(), user: user.map(str::to_owned) }
    }

    /// Returns `alice at https://idp.example.com`, for people.
    pub fn in_words(&self) -> String {
        format!("{} at {}", self.user.as_deref().unwrap_or("the token").trim_start(), self.idp_origin)
    }
}

/// Writes `https://idp.example.com alice`, the name of an item in a keyring.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No user name begins with a blank, so the item of a token or client is no user's.
        write!(f, "{} {}", self.idp_origin, self.user.as_deref().unwrap_or(" token"))
    }
}

/// A program and its arguments. Only the program is shown, because people put secrets into arguments.
pub struct Argv(pub Vec<String>);

impl Written for Argv {
    fn toml(&self) -> String {
        self.0.toml()
    }

    fn shown(&self) -> String {
        let rest = if self.0.len() > 1 { ", …" } else { "" };
        format!("[{}{rest}]", toml(self.0.first().map_or("", String::as_str)))
    }
}

impl Written for SecretSource {
    fn toml(&self) -> String {
        match self {
            SecretSource::Command(argv) => format!("{{ command = {} }}", argv.toml()),
            SecretSource::File(file) => format!("{{ file = {} }}", file.toml()),
            SecretSource::Env(name) => format!("{{ env = {} }}", toml(name)),
            SecretSource::Credential(name) => format!("{{ credential = {} }}", toml(name)),
            SecretSource::Keyring(_) => "{ keyring = true }".to_owned(),
        }
    }

    fn shown(&self) -> String {
        match self {
            SecretSource::Command(argv) => format!("{{ command = {} }}", Argv(argv.clone()).shown()),
            SecretSource::File(_) | SecretSource::Env(_) | SecretSource::Credential(_) | SecretSource::Keyring(_) => {
                self.toml()
            }
        }
    }
}

table! {
    /// Where a secret is read from: exactly one of these.
    SECRET, SECRET_TEXT = "";
    /// What `fedcred login` stored.
    keyring: True;
    /// A program that prints the secret, and its arguments.
    command: Command;
    /// A file that contains the secret.
    file: Path;
    /// An environment variable that contains the secret.
    env: Text;
    /// A systemd credential.
    credential: Text;
}

/// Reads a table with exactly one key. `account` is the owner of a secret that `fedcred login` stores.
pub fn source(found: &Found<'_>, account: &Account) -> Result<SecretSource> {
    let expected = format!(
        "{key} = {{ keyring = true }}, {{ file = \"~/secret\" }}, {{ command = [\"pass\", \"show\", \"corp\"] }}, {{ env = \"NAME\" }} or {{ credential = \"NAME\" }}",
        key = found.key
    );
    let table = match found.value {
        Value::Table(table) => table,
        Value::Text(_) => {
            return Err(found
                .error(Code::InvalidValue, "is in the file itself: name its source instead")
                .hint(expected));
        }
        _ => return Err(found.wrong("a table that names its source").hint(expected)),
    };
    let known: Vec<&str> = SECRET.keys().collect();
    if let Some((key, node)) = table.iter().find(|(key, _)| !known.contains(key)) {
        return Err(found.inner(&SECRET, key, node).unknown(&known));
    }
    let mut entries = table.iter();
    let (Some((way, node)), None) = (entries.next(), entries.next()) else {
        return Err(found.error(Code::ConflictingKeys, "must name exactly one source").hint(expected));
    };
    let inner = found.inner(&SECRET, way, node);
    match way {
        "file" => values::path(&inner).map(SecretSource::File),
        "command" => command(&inner).map(|argv| SecretSource::Command(argv.0)),
        "env" => variable(&inner).map(SecretSource::Env),
        "credential" => name(&inner, |c| c.is_ascii_alphanumeric() || "_-.".contains(c)).map(SecretSource::Credential),
        // The only known key that remains is `keyring`.
        _ if values::boolean(&inner)? => Ok(SecretSource::Keyring(account.clone())),
        _ => Err(inner.error(Code::InvalidValue, "can only be true").hint(expected)),
    }
}

/// Collects the variables that the table, or a table in it, names as holding a secret.
pub fn variables(table: &Table, names: &mut Vec<String>) {
    for (key, node) in table.iter() {
        match &node.value {
            Value::Text(name) if matches!(key, "env" | "token_env") => names.push(name.clone()),
            Value::Table(inner) => variables(inner, names),
            _ => {}
        }
    }
}

/// Reads program and arguments, from the user's own file only. Every user reads the machine's file, and its commands
/// would run as each of them.
pub fn command(found: &Found<'_>) -> Result<Argv> {
    check_own(found, "write it into your own file (`fedcred config path` names it), or use { file = … }")?;
    let mut argv = values::list(found, |element| values::written(element, "a string").map(str::to_owned))?;
    match argv.first_mut() {
        Some(program) => *program = located(found, program)?,
        None => {
            return Err(found.error(Code::InvalidValue, "is empty").hint("command = [\"pass\", \"show\", \"corp\"]"));
        }
    }
    Ok(Argv(argv))
}

/// Reads a program by its name or path, from the user's own file only.
pub fn program(found: &Found<'_>) -> Result<String> {
    check_own(found, "write it into your own file (`fedcred config path` names it), or leave it out")?;
    located(found, values::written(found, "the name or path of a program")?)
}

fn check_own(found: &Found<'_>, hint: &str) -> Result<()> {
    if !found.place.file.is_machine {
        return Ok(());
    }
    Err(found
        .error(Code::InvalidValue, "is taken from a user's own configuration only, not from the machine's")
        .hint(hint))
}

/// Returns the program: a bare name is found by PATH, a path does not depend on the working directory.
fn located(found: &Found<'_>, program: &str) -> Result<String> {
    if program.trim().is_empty() {
        return Err(found.error(Code::InvalidValue, "names no program"));
    }
    if !program.contains('/') {
        return Ok(program.to_owned());
    }
    let path = values::resolve_path(found, program)?.into_os_string().into_string();
    path.map_err(|_| found.error(Code::InvalidValue, "names a program whose path is not Unicode"))
}

/// Reads the name of a variable (POSIX.1, 8.1). Other texts are not shown: they may be a password.
pub fn variable(found: &Found<'_>) -> Result<String> {
    let name = values::text(found)?;
    let is_name = !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !looks_like_a_secret(&name);
    if is_name {
        return Ok(name);
    }
    Err(found
        .error(Code::InvalidValue, "is not the name of an environment variable: letters, digits and _")
        .because("the value is not shown: it may be the secret itself")
        .hint("put the secret into a variable, and write that variable's name"))
}

fn name(found: &Found<'_>, allowed: impl Fn(char) -> bool) -> Result<String> {
    let name = values::text(found)?;
    // The name of a credential is that of a file in $CREDENTIALS_DIRECTORY.
    if name.starts_with('.') || looks_like_a_secret(&name) || !name.chars().all(allowed) {
        return Err(found.error(Code::InvalidValue, "is not a valid name"));
    }
    Ok(name)
}
