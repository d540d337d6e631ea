//! Reads a secret from where the configuration says it is: `password = { keyring | command | file | env | credential }`.

use std::path::Path;

use zeroize::Zeroizing;

use crate::config::profile::SecretSource;
use crate::error::{Code, Error, Result};
use crate::file::{self, kind};
use crate::identity::secret_store;
use crate::process::command;
use crate::process::env::Env;
use crate::secret::Secret;
use crate::text::redact::shown_variable;
use crate::time::Deadline;

/// Reads the secret that `setting` names, without one final line end.
///
/// Errors: those of its source; [`Code::PromptNeeded`] if `fedcred login` has not stored it yet, and [`Code::KeyringLocked`] if
/// that is not known.
pub fn read(source: &SecretSource, setting: &str, env: &Env, deadline: &Deadline) -> Result<Secret> {
    let bytes = match source {
        SecretSource::Command(argv) => command::secret_output(argv, setting, deadline)?,
        SecretSource::File(path) => file(path, setting)?,
        SecretSource::Env(name) => Zeroizing::new(
            env.text(name)
                .ok_or_else(|| {
                    let named = shown_variable(name);
                    Error::new(Code::MissingKey, format!("{named} that `{setting}` names is not set or not Unicode"))
                        .hint(format!("set {named} in the environment of this process"))
                })?
                .into_bytes(),
        ),
        SecretSource::Credential(name) => {
            let directory = env.path("CREDENTIALS_DIRECTORY").ok_or_else(|| {
                Error::new(Code::MissingKey, format!("`{setting}` is a systemd credential, and there are none here"))
                    .because("$CREDENTIALS_DIRECTORY is not set")
                    .hint("add LoadCredential=NAME:/path/to/file to the unit, with the name that the setting has")
            })?;
            file(&directory.join(name), setting)?
        }
        // Stored as it was typed, so no line end is removed.
        SecretSource::Keyring(account) => {
            return secret_store::read(account, env)?.ok_or_else(|| {
                Error::new(Code::PromptNeeded, format!("no `{setting}` is stored for {}", account.in_words()))
            });
        }
    };
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Error::new(Code::InvalidValue, format!("the value of `{setting}` is not UTF-8 text")))?;
    let text = text.strip_suffix('\n').map(|t| t.strip_suffix('\r').unwrap_or(t)).unwrap_or(text);
    if text.is_empty() {
        return Err(Error::new(Code::InvalidValue, format!("the value of `{setting}` is empty")));
    }
    Ok(Secret::new(text.to_owned()))
}

/// The content of a keytab, as a mark of the secret. The Kerberos library reads the file itself.
pub fn keytab(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let path = path.to_str().and_then(|p| p.strip_prefix("FILE:")).map_or(path, Path::new);
    file::read(path, &kind::KEYTAB).map_err(|fault| fault.error(Code::KeytabUnusable))
}

fn file(path: &Path, setting: &str) -> Result<Zeroizing<Vec<u8>>> {
    file::read(path, &kind::SECRET).map_err(|fault| match path.parent() {
        // The setting may hold the password in place of the file name, and it looks like any name.
        Some(directory) if fault.is_absent() => {
            Error::new(Code::FileUnreadable, format!("the file of `{setting}` does not exist"))
                .because(format!("it is looked for in {}", directory.display()))
                .because("its name is not shown, because it may be the secret itself")
                .hint(format!("write the secret into a file of mode 600, and name that file in `{setting}`"))
        }
        _ => fault.error(Code::FileUnreadable).because(format!("`{setting}` names it")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn read_with(source: &SecretSource, env: &Env) -> Result<String> {
        read(source, "saml.password", env, &Deadline::after(Duration::from_secs(10))).map(|s| s.expose().to_owned())
    }

    #[cfg(unix)]
    fn written(directory: &Path, name: &str, text: &str, mode: u32) -> std::path::PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = directory.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    #[cfg(unix)]
    fn one_line_end_belongs_to_the_file_and_not_to_the_secret() {
        let home = tempfile::tempdir().unwrap();
        let env = Env::fixed([("CREDENTIALS_DIRECTORY", home.path().to_str().unwrap())]);
        for (text, expected) in [("a b", "a b"), ("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" a ", " a ")] {
            let path = written(home.path(), "pw", text, 0o600);
            assert_eq!(read_with(&SecretSource::File(path), &env).unwrap(), expected, "{text:?}");
            assert_eq!(read_with(&SecretSource::Credential("pw".into()), &env).unwrap(), expected, "{text:?}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_missing_empty_open_or_binary_secret_has_its_own_error() {
        let home = tempfile::tempdir().unwrap();
        let none = Env::fixed::<String, String>([]);
        let file = |name: &str, text: &str, mode| SecretSource::File(written(home.path(), name, text, mode));
        let table = [
            (file("open", "pw", 0o644), Code::InsecurePermissions),
            (file("empty", "\n", 0o600), Code::InvalidValue),
            (SecretSource::File(home.path().join("absent")), Code::FileUnreadable),
            (SecretSource::File(home.path().into()), Code::FileUnreadable),
            (SecretSource::Env("CORP_PASSWORD".into()), Code::MissingKey),
            (SecretSource::Credential("pw".into()), Code::MissingKey),
            (SecretSource::Command(vec!["false".into()]), Code::SecretCommand),
        ];
        for (source, code) in table {
            assert_eq!(read_with(&source, &none).unwrap_err().code, code, "{source:?}");
        }
    }

    #[test]
    fn a_secret_in_place_of_its_places_name_is_not_repeated() {
        let home = tempfile::tempdir().unwrap();
        let (without, with) =
            (Env::fixed::<String, String>([]), Env::fixed([("CREDENTIALS_DIRECTORY", home.path().to_str().unwrap())]));
        for secret in ["Plum7Tidewater", "HUNTER2", "hunter2", "Sup3r_Secret"] {
            for source in [
                SecretSource::Env(secret.into()),
                SecretSource::Credential(secret.into()),
                SecretSource::File(home.path().join(secret)),
            ] {
                for env in [&without, &with] {
                    let error = format!("{:?}", read_with(&source, env).unwrap_err());
                    assert!(!error.contains(secret) && error.contains("saml.password"), "{error}");
                }
            }
        }
        let error = read_with(&SecretSource::Env("CORP_PASSWORD".into()), &without).unwrap_err();
        assert!(error.what.contains("$CORP_PASSWORD"), "{error:?}");
    }
}
