//! Private files for `exec`'s command: its token, and copies of AWS's own files without the credentials of their default
//! section.
//!
//! Every SDK takes credentials of `[default]` before it asks a container endpoint; there is no variable that says otherwise. A
//! copy is made of a file that has such credentials to any SDK, and everything else in it stays as it is, other profiles
//! included. What cannot be judged (a pipe, a device, a file of no end, lines about which SDKs disagree) is replaced by an empty
//! file.

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

const KINDS: [Kind; 5] = [
    Kind {
        variable: "AWS_SHARED_CREDENTIALS_FILE",
        usual: &["~/.aws/credentials"],
        is_section: Heading::is_default,
        is_key: is_aws_key,
    },
    // The name that the SDK for Java 1 knows, which reads the same file.
    Kind {
        variable: "AWS_CREDENTIAL_PROFILES_FILE",
        usual: &["~/.aws/credentials"],
        is_section: Heading::is_default,
        is_key: is_aws_key,
    },
    Kind {
        variable: "AWS_CONFIG_FILE",
        usual: &["~/.aws/config"],
        is_section: Heading::is_default,
        is_key: is_aws_key,
    },
    // botocore still reads the file of the boto before it.
    Kind {
        variable: "BOTO_CONFIG",
        usual: &["~/.boto", "/etc/boto.cfg"],
        is_section: |heading| heading.name.eq_ignore_ascii_case("credentials"),
        is_key: |key| key.starts_with("aws_"),
    },
    // The only name that GDAL knows.
    Kind {
        variable: "CPL_AWS_CREDENTIALS_FILE",
        usual: &["~/.aws/credentials"],
        is_section: Heading::is_default,
        is_key: is_aws_key,
    },
];

/// One of 8 MB is judged too; what is more than that is replaced.
const AWS: file::Kind = file::Kind { max: 32 << 20, ..kind::AWS };

/// The files; removed when dropped.
#[derive(Default)]
pub struct PrivateFiles {
    dir: Option<PrivateDir>,
    files: Vec<(&'static str, PathBuf)>,
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
                let copy = files.put(kind.variable, text.as_bytes(), env).map_err(|e| {
                    Error::new(Code::CacheWrite, format!("cannot make a private copy of {}", original.display()))
                        .because(e.to_string())
                        .hint("set TMPDIR or XDG_RUNTIME_DIR to a directory that can be written, or use `--env`")
                })?;
                tracing::info!("{} {why}; the command gets {} in its place", original.display(), copy.display());
                break;
            }
        }
        Ok(files)
    }

    /// The token as a file too, which is the only way in which some clients look for the endpoint at all (Rust's
    /// object_store). Where no file can be made, there is the variable with the token itself.
    pub fn token(&mut self, token: &Secret, env: &Env) {
        if let Err(why) = self.put("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token.expose().as_bytes(), env) {
            tracing::info!(%why, "the token is in no file: set TMPDIR or XDG_RUNTIME_DIR to a directory that can be written");
        }
    }

    /// Which variable is to name which file.
    pub fn variables(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        self.files.iter().map(|(name, path)| (*name, path.as_path()))
    }

    fn put(&mut self, variable: &'static str, text: &[u8], env: &Env) -> io::Result<PathBuf> {
        let dir = match &mut self.dir {
            Some(dir) => dir,
            None => self.dir.insert(PrivateDir::make(env)?),
        };
        let path = dir.write(&variable.to_ascii_lowercase(), text)?;
        self.files.push((variable, path.clone()));
        Ok(path)
    }
}

impl Kind {
    fn paths(&self, env: &Env) -> Vec<PathBuf> {
        let named = env.path(self.variable);
        let paths = named.map_or_else(|| self.usual.iter().map(PathBuf::from).collect(), |path| vec![path]);
        let whole = |path: PathBuf| match path.strip_prefix("~") {
            Ok(below) => Some(env.home()?.join(below)),
            Err(_) => Some(path),
        };
        paths.into_iter().filter_map(whole).collect()
    }

    /// What the command is to read in place of the file at `path`, and why. `None`: the file may stay.
    fn replacement(&self, path: &Path) -> Option<(Zeroizing<String>, &'static str)> {
        let empty = |why| Some((Zeroizing::default(), why));
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
mod tests {
    use std::fs;

    use super::*;
    use crate::process::env::HOME;

    const CREDENTIALS: usize = 0;
    const CONFIG: usize = 2;
    const BOTO: usize = 3;

    fn replacement(kind: usize, text: &[u8]) -> Option<String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        KINDS[kind].replacement(file.path()).map(|(text, _)| text.to_string())
    }

    /// A kind of file, its text, and what the command gets in its place.
    const OF_A_DEFAULT_SECTION: &[(usize, &str, Option<&str>)] = &[
        (
            CREDENTIALS,
            "[default]\naws_access_key_id = A\naws_secret_access_key = S\n[dev]\naws_access_key_id = D\n",
            Some("[default]\n[dev]\naws_access_key_id = D\n"),
        ),
        (CREDENTIALS, "[dev]\naws_access_key_id = D\n", None),
        (CREDENTIALS, "[default]\nregion = eu-west-1\n", None),
        (CREDENTIALS, "", None),
        (CREDENTIALS, "\u{feff}[default]\naws_access_key_id=A", Some("\u{feff}[default]\n")),
        (CREDENTIALS, "[default]\n    aws_access_key_id = A\n", Some("[default]\n")),
        (
            CREDENTIALS,
            " [ default ]\r\n\taws_access_key_id = A ; x\r\n\tr = s\r\n",
            Some(" [ default ]\r\n\tr = s\r\n"),
        ),
        (CREDENTIALS, "[default]\rregion = r\raws_access_key_id = A\r", Some("[default]\rregion = r\r")),
        (CREDENTIALS, "[default]\nregion = r\n  aws_access_key_id = A\n", Some("[default]\nregion = r\n")),
        // The first is Python's section whose values all others have; Go's SDKs look for the second in this file too.
        (CREDENTIALS, "[DEFAULT]\naws_access_key_id = A\n[default]\n", Some("[DEFAULT]\n[default]\n")),
        (CREDENTIALS, "[profile default]\naws_access_key_id = A\n", Some("[profile default]\n")),
        (CREDENTIALS, "[\tdefault\t]#c\nAWS_Access_Key_Id\t=\tA\nr = s\n", Some("[\tdefault\t]#c\nr = s\n")),
        (CREDENTIALS, "[\"default\"]\naws_access_key_id:A\n", Some("[\"default\"]\n")),
        (CREDENTIALS, "['profile' 'default'] ; c\n\u{a0}aws_session_token=T\n", Some("['profile' 'default'] ; c\n")),
        (CREDENTIALS, "[default]\n\u{c}aws_secret_access_key = S ; c\n# end", Some("[default]\n# end")),
        (CREDENTIALS, "[default]\n# aws_access_key_id = A\n;aws_secret_access_key = S\n", None),
        (
            CREDENTIALS,
            "[default]\r\naws_access_key_id = A\r\n\r\n[default]\r\naws_access_key_id = B\r\n",
            Some("[default]\r\n\r\n[default]\r\n"),
        ),
        (CONFIG, "[default]\ncredential_process =\n  /bin/x\nregion = r\n", Some("[default]\nregion = r\n")),
        (
            CONFIG,
            "[default]\ncredential_process = '/opt/my idp/x' # a = b\n\tgoes on\nregion = r\n",
            Some("[default]\nregion = r\n"),
        ),
        (
            CONFIG,
            "[default]\nsso_account_id = 1\nsso_role_name = R\nlogin_session = arn\n[dev]\nsso_session = c\n",
            Some("[default]\n[dev]\nsso_session = c\n"),
        ),
        (CONFIG, "[services default]\ncredential_process = x\n[default x]\nrole_arn = a\n", None),
        (
            CREDENTIALS,
            "[default]\na = b\n[x]\n[default]\naws_access_key_id = A\n",
            Some("[default]\na = b\n[x]\n[default]\n"),
        ),
        (
            CONFIG,
            "[default]\nregion = eu-west-1\ncredential_process = /bin/x\ns3 =\n  max_queue_size = 10\n",
            Some("[default]\nregion = eu-west-1\ns3 =\n  max_queue_size = 10\n"),
        ),
        (
            CONFIG,
            "[ profile \"default\" ] # mine\nSSO_Session : corp\noutput = json\n",
            Some("[ profile \"default\" ] # mine\noutput = json\n"),
        ),
        (CONFIG, "[default]\nrole_arn = a\n  b\n# c\nregion = r\n", Some("[default]\n# c\nregion = r\n")),
        (CONFIG, "[profile default-2]\nrole_arn = a\n[sso-session default]\nsso_region = r\n", None),
        (
            BOTO,
            "[Credentials]\naws_access_key_id = A\ngs_key = G\n[default]\nrole_arn = r\n",
            Some("[Credentials]\ngs_key = G\n[default]\nrole_arn = r\n"),
        ),
    ];

    #[test]
    fn only_the_default_sections_credentials_go() {
        for &(kind, text, expected) in OF_A_DEFAULT_SECTION {
            assert_eq!(replacement(kind, text.as_bytes()).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn what_cannot_be_judged_is_replaced_by_nothing() {
        let many = "[other]\naws_access_key_id = A\n".repeat(300_000);
        assert_eq!(replacement(CREDENTIALS, many.as_bytes()), None, "8 MB are judged");
        let large = format!("{many}[default]\naws_access_key_id = B\n");
        assert_eq!(replacement(CREDENTIALS, large.as_bytes()), Some(format!("{many}[default]\n")));
        for odd in
            ["[default]\nregion = r\n  [other]\naws_access_key_id = A\n", "[default\naws_access_key_id = A\n", "[a]\0"]
        {
            assert_eq!(replacement(CREDENTIALS, odd.as_bytes()).as_deref(), Some(""), "{odd:?}");
        }
        let home = tempfile::tempdir().unwrap();
        let file = fs::File::create(home.path().join("sparse")).unwrap();
        file.set_len(AWS.max + 1).unwrap();
        let of = |path: &Path| KINDS[CREDENTIALS].replacement(path).map(|(text, _)| text.to_string());
        assert_eq!(of(&home.path().join("sparse")).as_deref(), Some(""));
        assert_eq!(of(home.path()).as_deref(), Some(""), "a directory");
        assert_eq!(of(&home.path().join("absent")), None);
        assert_eq!(of(&home.path().join("sparse/below")), None);
    }

    #[test]
    #[cfg(unix)]
    fn a_pipe_is_replaced_and_not_waited_for() {
        let home = tempfile::tempdir().unwrap();
        let pipe = home.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        for path in [pipe.as_path(), Path::new("/dev/null")] {
            assert_eq!(KINDS[CONFIG].replacement(path).map(|(text, _)| text.len()), Some(0), "{}", path.display());
        }
    }

    #[test]
    fn files_are_named_by_their_variables_and_gone_at_the_end() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join(".aws")).unwrap();
        fs::write(home.path().join(".aws/credentials"), "[default]\naws_access_key_id = A\n[dev]\nx = y\n").unwrap();
        fs::write(home.path().join(".aws/config"), "[default]\nregion = eu-west-1\n").unwrap();
        let env = Env::fixed([(HOME, home.path()), ("TMPDIR", home.path())]);
        let mut files = PrivateFiles::of(&env).unwrap();
        files.token(&Secret::new("token".into()), &env);
        let all: Vec<(&str, String)> =
            files.variables().map(|(name, path)| (name, fs::read_to_string(path).unwrap())).collect();
        let copy = "[default]\n[dev]\nx = y\n".to_owned();
        let expected = [
            ("AWS_SHARED_CREDENTIALS_FILE", copy.clone()),
            ("AWS_CREDENTIAL_PROFILES_FILE", copy.clone()),
            ("CPL_AWS_CREDENTIALS_FILE", copy),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "token".to_owned()),
        ];
        assert_eq!(all, expected);
        let path = files.variables().next().unwrap().1.to_owned();
        drop(files);
        assert!(!path.exists());
    }
}
