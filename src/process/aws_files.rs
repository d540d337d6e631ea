//! Private copies of AWS's own files without the credentials of their default section, for `exec`'s command.
//!
//! Every SDK takes credentials of `[default]` before it asks a container endpoint; there is no variable that says otherwise.
//! A copy is made only of a file that has such credentials; everything else in it stays as it is, other profiles included.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::cache::key::hex;
use crate::cache::seal;
use crate::config::env::Env;
use crate::error::{Code, Error, Result};
use crate::file::{self, kind};

/// Keys that make a section a source of credentials, in any SDK.
const AWS_KEYS: [&str; 21] = [
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
    "sso_session",
    "sso_start_url",
    "sso_region",
    "sso_account_id",
    "sso_role_name",
    "login_session",
];

/// A kind of file: the variable that names it, where it is otherwise, its sections and keys that count.
struct Kind {
    variable: &'static str,
    usual: &'static [&'static str],
    sections: &'static [&'static str],
    keys: &'static [&'static str],
}

const KINDS: [Kind; 3] = [
    Kind {
        variable: "AWS_SHARED_CREDENTIALS_FILE",
        usual: &["~/.aws/credentials"],
        sections: &["default"],
        keys: &AWS_KEYS,
    },
    Kind {
        variable: "AWS_CONFIG_FILE",
        usual: &["~/.aws/config"],
        sections: &["default", "profile default"],
        keys: &AWS_KEYS,
    },
    // botocore still reads the file of the boto before it.
    Kind {
        variable: "BOTO_CONFIG",
        usual: &["~/.boto", "/etc/boto.cfg"],
        sections: &["Credentials"],
        keys: &["aws_access_key_id", "aws_secret_access_key"],
    },
];

/// The copies; removed when dropped.
#[derive(Default)]
pub struct PrivateFiles {
    dir: Option<PathBuf>,
    copies: Vec<(&'static str, PathBuf)>,
}

impl PrivateFiles {
    /// Copies of those files that need one; often none.
    ///
    /// Errors: a copy that cannot be written. A file that cannot be read here cannot be read by the command either.
    pub fn of(env: &Env) -> Result<Self> {
        let mut files = PrivateFiles::default();
        for kind in &KINDS {
            let Some((original, text)) = kind.paths(env).into_iter().find_map(|path| {
                let text = kind.without_credentials(&read(&path)?)?;
                Some((path, text))
            }) else {
                continue;
            };
            let copy = files.put(kind.variable, &text, env).map_err(|e| {
                Error::new(Code::CacheWrite, format!("cannot make a private copy of {}", original.display()))
                    .because(e.to_string())
                    .hint("set TMPDIR or XDG_RUNTIME_DIR to a directory that can be written, or use `--env`")
            })?;
            tracing::info!(
                "{} has credentials in its default section, which would be taken first: the command gets a copy without \
                 them, {}",
                original.display(),
                copy.display()
            );
        }
        Ok(files)
    }

    /// Which variable is to name which copy.
    pub fn variables(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        self.copies.iter().map(|(name, path)| (*name, path.as_path()))
    }

    fn put(&mut self, variable: &'static str, text: &[u8], env: &Env) -> io::Result<PathBuf> {
        let dir = match &self.dir {
            Some(dir) => dir.clone(),
            None => self.dir.insert(make_directory(env)?).clone(),
        };
        let copy = dir.join(variable.to_ascii_lowercase());
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&copy)?.write_all(text)?;
        self.copies.push((variable, copy.clone()));
        Ok(copy)
    }
}

impl Drop for PrivateFiles {
    fn drop(&mut self) {
        if let Some(dir) = &self.dir
            && let Err(why) = fs::remove_dir_all(dir)
        {
            tracing::warn!(%why, "{} is left behind", dir.display());
        }
    }
}

impl Kind {
    fn paths(&self, env: &Env) -> Vec<PathBuf> {
        let named = env.text(self.variable);
        let paths = named.as_deref().map_or(self.usual.to_vec(), |path| vec![path]);
        paths
            .into_iter()
            .filter_map(|path| match path.strip_prefix("~/") {
                Some(below) => Some(env.home()?.join(below)),
                None => Some(PathBuf::from(path)),
            })
            .collect()
    }

    /// The file's text without the lines that give the section credentials. `None`: there are none.
    fn without_credentials(&self, text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let mut kept = Zeroizing::new(Vec::with_capacity(text.len()));
        let (mut is_inside, mut is_dropping) = (false, false);
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            let shown = String::from_utf8_lossy(line);
            let shown = shown.trim_start_matches('\u{feff}');
            if let Some(section) = section(shown) {
                (is_inside, is_dropping) = (self.sections.contains(&section.as_str()), false);
            } else if is_inside && shown.starts_with(|c: char| !c.is_whitespace()) {
                // An indented line goes on with the value above it.
                is_dropping = key(shown).is_some_and(|key| self.keys.contains(&key.as_str()));
            }
            if !is_dropping {
                kept.extend_from_slice(line);
            }
        }
        (kept.len() < text.len()).then_some(kept)
    }
}

/// `[ profile  "default" ] # comment` is `profile default`.
fn section(line: &str) -> Option<String> {
    let (name, _) = line.trim_start().strip_prefix('[')?.split_once(']')?;
    let words: Vec<&str> = name.split_whitespace().map(|word| word.trim_matches(['"', '\''])).collect();
    Some(words.join(" "))
}

fn key(line: &str) -> Option<String> {
    let (key, _) = line.split_once(['=', ':'])?;
    Some(key.trim().to_ascii_lowercase())
}

fn read(path: &Path) -> Option<Zeroizing<Vec<u8>>> {
    file::read(path, &kind::AWS).ok()
}

/// A new directory of this user's alone, in memory where there is such a place.
fn make_directory(env: &Env) -> io::Result<PathBuf> {
    let places = ["XDG_RUNTIME_DIR", "TMPDIR", "TEMP"].into_iter().filter_map(|name| env.path(name));
    let mut failure = io::Error::from(io::ErrorKind::NotFound);
    for place in places.filter(|place| place.is_absolute()).chain([PathBuf::from("/tmp")]) {
        let random: [u8; 16] = seal::random()?;
        let dir = place.join(format!("fedcred-exec-{}", hex(&random)));
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(&dir) {
            Ok(()) => return Ok(dir),
            Err(why) => failure = why,
        }
    }
    Err(failure)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(kind: usize, text: &str) -> Option<String> {
        KINDS[kind].without_credentials(text.as_bytes()).map(|kept| String::from_utf8(kept.to_vec()).unwrap())
    }

    #[test]
    fn only_the_default_sections_credentials_go() {
        let table = [
            (
                0,
                "[default]\naws_access_key_id = A\naws_secret_access_key = S\n[dev]\naws_access_key_id = D\n",
                Some("[default]\n[dev]\naws_access_key_id = D\n"),
            ),
            (0, "[dev]\naws_access_key_id = D\n", None),
            (0, "[default]\nregion = eu-west-1\n", None),
            (0, "", None),
            (0, "\u{feff}[default]\naws_access_key_id=A", Some("\u{feff}[default]\n")),
            (
                1,
                "[default]\nregion = eu-west-1\ncredential_process = /bin/x\ns3 =\n  max_queue_size = 10\n",
                Some("[default]\nregion = eu-west-1\ns3 =\n  max_queue_size = 10\n"),
            ),
            (
                1,
                "[ profile \"default\" ] # mine\nSSO_Session : corp\noutput = json\n",
                Some("[ profile \"default\" ] # mine\noutput = json\n"),
            ),
            (1, "[default]\nrole_arn = a\n  b\n\n# c\nregion = r\n", Some("[default]\n# c\nregion = r\n")),
            (1, "[profile default-2]\nrole_arn = a\n[sso-session default]\nsso_region = r\n", None),
            (
                2,
                "[Credentials]\naws_access_key_id = A\ngs_key = G\n[default]\nrole_arn = r\n",
                Some("[Credentials]\ngs_key = G\n[default]\nrole_arn = r\n"),
            ),
        ];
        for (kind, text, expected) in table {
            assert_eq!(without(kind, text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn copies_are_private_and_gone_at_the_end() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join(".aws")).unwrap();
        fs::write(home.path().join(".aws/credentials"), "[default]\naws_access_key_id = A\n[dev]\nx = y\n").unwrap();
        fs::write(home.path().join(".aws/config"), "[default]\nregion = eu-west-1\n").unwrap();
        let env = Env::fixed([("HOME", home.path()), ("TMPDIR", home.path())]);
        let files = PrivateFiles::of(&env).unwrap();
        let copies: Vec<(&str, PathBuf)> = files.variables().map(|(name, path)| (name, path.to_owned())).collect();
        let [(name, path)] = copies.as_slice() else { panic!("{copies:?}") };
        assert_eq!(*name, "AWS_SHARED_CREDENTIALS_FILE");
        assert_eq!(fs::read_to_string(path).unwrap(), "[default]\n[dev]\nx = y\n");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(path), mode(path.parent().unwrap())), (0o600, 0o700));
        drop(files);
        assert!(!path.parent().unwrap().exists());
    }
}
