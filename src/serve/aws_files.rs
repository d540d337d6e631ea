//! Private files for `exec`'s command: its token, and copies of AWS's own files without the credentials of their default
//! section.
//!
//! Every SDK takes credentials of `[default]` before it asks a container endpoint; there is no variable that says otherwise. A
//! copy is made of a file that has such credentials to any SDK, and everything else in it stays as it is, other profiles
//! included. What cannot be judged (a pipe, a device, a file of no end, lines about which SDKs disagree) is replaced by an empty
//! file.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::config::aws_ini::{Document, Heading};
use crate::error::{Code, Error, Result};
use crate::file::{self, kind};
use crate::process::env::Env;
use crate::process::private_dir::{self, PrivateDir};
use crate::secret::Secret;

/// Keys that make a section a source of credentials, in any SDK; and all that begin with `sso_`.
const AWS_KEYS: [&str; 17] = [
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
    "aws_security_token",
    "aws_account_id",
    "aws_credential_scope",
    "credential_process",
    "credential_source",
    "source_profile",
    "role_arn",
    "role_session_name",
    "external_id",
    "mfa_serial",
    "duration_seconds",
    "web_identity_token_file",
    "web_identity_token",
    "login_session",
];

#[derive(Clone, Copy)]
/// A file: the variable that names it, where it is otherwise, its sections and keys that count.
struct Kind {
    variable: &'static str,
    usual: &'static [&'static str],
    is_section: fn(&Heading) -> bool,
    is_key: fn(&str) -> bool,
}

fn is_aws_key(key: &str) -> bool {
    key.starts_with("sso_") || AWS_KEYS.contains(&key)
}

const CREDENTIALS: Kind = Kind {
    variable: "AWS_SHARED_CREDENTIALS_FILE",
    usual: &["~/.aws/credentials"],
    is_section: Heading::is_default,
    is_key: is_aws_key,
};

const CONFIG: Kind = Kind { variable: "AWS_CONFIG_FILE", usual: &["~/.aws/config"], ..CREDENTIALS };

const KINDS: [Kind; 5] = [
    CREDENTIALS,
    // The name that the SDK for Java 1 knows, which reads the same file.
    Kind { variable: "AWS_CREDENTIAL_PROFILES_FILE", ..CREDENTIALS },
    CONFIG,
    // botocore still reads the file of the boto before it.
    Kind {
        variable: "BOTO_CONFIG",
        usual: &["~/.boto", "/etc/boto.cfg"],
        is_section: |heading| heading.name.eq_ignore_ascii_case("credentials"),
        is_key: |key| key.starts_with("aws_"),
    },
    // The only name that GDAL knows.
    Kind { variable: "CPL_AWS_CREDENTIALS_FILE", ..CREDENTIALS },
];

/// Makes the AWS SDK for JavaScript 2 read the files that the variables name. Without it, that SDK reads the usual credentials
/// file, whatever its variable says.
const READ_NAMED_FILES: &str = "AWS_SDK_LOAD_CONFIG";

/// One of 8 MB is judged too; what is more than that is replaced.
const AWS: file::Kind = file::Kind { max: 32 << 20, ..kind::AWS };

/// The files, removed when dropped, and the variables of the command that name them.
#[derive(Default)]
pub struct PrivateFiles {
    dir: Option<PrivateDir>,
    variables: Vec<(&'static str, OsString)>,
}

impl PrivateFiles {
    /// Copies of those of AWS's files that need one; often none.
    ///
    /// Errors: a copy that cannot be written.
    pub fn of(env: &Env) -> Result<Self> {
        private_dir::remove_leftovers(env);
        let mut files = PrivateFiles::default();
        for kind in &KINDS {
            for original in kind.paths(env) {
                let Some((text, why)) = kind.replacement(&original) else { continue };
                files.copy(kind, &original, &text, env)?;
                tracing::info!("{} {why}; the command gets a private copy in its place", original.display());
                break;
            }
        }
        if CREDENTIALS.usual_paths(env).iter().any(|path| CREDENTIALS.replacement(path).is_some()) {
            files.variables.push((READ_NAMED_FILES, "1".into()));
            // That SDK fails if there is no configuration file then.
            if let Some(absent) = CONFIG.paths(env).into_iter().next().filter(|path| !path.exists()) {
                files.copy(&CONFIG, &absent, "", env)?;
            }
        }
        Ok(files)
    }

    fn copy(&mut self, kind: &Kind, original: &Path, text: &str, env: &Env) -> Result<()> {
        self.put(kind.variable, text.as_bytes(), env).map_err(|e| {
            Error::new(Code::CacheWrite, format!("cannot make a private copy of {}", original.display()))
                .because(e.to_string())
                .hint("set TMPDIR or XDG_RUNTIME_DIR to a directory that can be written, or use `--env`")
        })
    }

    /// The token as a file too, which is the only way in which some clients look for the endpoint at all (Rust's
    /// object_store). Where no file can be made, there is the variable with the token itself.
    pub fn token(&mut self, token: &Secret, env: &Env) {
        if let Err(why) = self.put("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token.expose().as_bytes(), env) {
            tracing::info!(%why, "the token is in no file: set TMPDIR or XDG_RUNTIME_DIR to a directory that can be written");
        }
    }

    /// Returns what the variables are to be set to.
    pub fn variables(&self) -> impl Iterator<Item = (&'static str, &OsStr)> {
        self.variables.iter().map(|(name, value)| (*name, value.as_os_str()))
    }

    fn put(&mut self, variable: &'static str, text: &[u8], env: &Env) -> io::Result<()> {
        let dir = match &mut self.dir {
            Some(dir) => dir,
            None => self.dir.insert(PrivateDir::make(env)?),
        };
        let path = dir.write(&variable.to_ascii_lowercase(), text)?;
        self.variables.push((variable, path.into()));
        Ok(())
    }
}

impl Kind {
    /// Returns each path where an SDK may look for the file. botocore expands variables in its name, other SDKs do not.
    fn paths(&self, env: &Env) -> Vec<PathBuf> {
        let Some(named) = env.path(self.variable) else { return self.usual_paths(env) };
        let expanded = named.to_str().map(|named| PathBuf::from(env.expanded(named)));
        [named].into_iter().chain(expanded).collect()
    }

    fn usual_paths(&self, env: &Env) -> Vec<PathBuf> {
        // Without a home directory, no SDK has such a file.
        let usual = self.usual.iter().filter(|usual| !usual.starts_with('~') || env.home().is_some());
        usual.map(|usual| PathBuf::from(env.expanded(usual))).collect()
    }

    /// What the command is to read in place of the file at `path`, and why. `None`: the file may stay.
    fn replacement(&self, path: &Path) -> Option<(Zeroizing<String>, &'static str)> {
        let empty = |why| Some((Zeroizing::default(), why));
        let is_of_another = |path: &str| path.starts_with('~') && !path.starts_with("~/");
        if path.to_str().is_some_and(is_of_another) {
            return empty("may be in another user's home");
        }
        let bytes = match file::read(path, &AWS) {
            Ok(bytes) => bytes,
            Err(fault) if fault.is_absent() => return None,
            Err(_) => return empty("cannot be judged"),
        };
        let document = Document::of_bytes(&bytes);
        if document.oddity().is_some() {
            return empty("has lines about which SDKs disagree");
        }
        let kept = document.without(self.is_section, self.is_key)?;
        Some((kept, "has credentials in its default section, which would be taken first"))
    }
}

#[cfg(test)]
mod tests;
