//! Why a file is not read, and its error.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use super::shared::is_projected;
use super::standing::Standing;
use super::{Access, Kind, is_absent};
use crate::error::{Code, Error};
use crate::quote::shell::{look, remove};
use crate::text::redact::looks_like_a_secret;

/// Windows's error for a path through a broken link or a loop of links (winerror.h).
#[cfg(not(unix))]
const ERROR_CANT_ACCESS_FILE: i32 = 1920;

/// A file that is not read.
#[derive(Debug)]
pub struct Fault {
    kind: Kind,
    path: PathBuf,
    why: Why,
}

#[derive(Debug)]
pub(super) enum Why {
    Absent(io::Error),
    System(io::Error),
    /// Not a regular file, but this.
    Other(&'static str),
    TooLarge,
    NotText,
    Owner(Standing),
    /// The mode has some of the bits `forbidden`.
    Open {
        standing: Standing,
        forbidden: u32,
    },
}

impl Fault {
    pub(super) fn new(kind: &Kind, path: &Path, why: Why) -> Fault {
        Fault { kind: *kind, path: path.to_owned(), why }
    }

    /// The fault of a file that cannot be opened.
    pub fn of_open(kind: &Kind, path: &Path, error: io::Error) -> Fault {
        let why = match error {
            error if is_absent(&error) => Why::Absent(error),
            // ELOOP of O_NOFOLLOW, ENXIO of a socket: the system's messages for them are not helpful.
            error if is_link(&error) => Why::Other("a symbolic link"),
            error => match path.metadata() {
                Ok(found) if !found.is_file() && !found.is_dir() => Why::Other(super::name_of(&found)),
                _ => Why::System(error),
            },
        };
        Fault::new(kind, path, why)
    }

    /// Whether there is no such file. False for a name that looks like a secret, which must be reported.
    pub fn is_absent(&self) -> bool {
        matches!(self.why, Why::Absent(_)) && !self.is_a_secret()
    }

    pub fn is_too_large(&self) -> bool {
        matches!(self.why, Why::TooLarge)
    }

    /// Whether the file belongs to another user, or is open to others.
    pub fn is_insecure(&self) -> bool {
        matches!(self.why, Why::Owner(_) | Why::Open { .. })
    }

    /// Returns the error for a file that is needed: [`Code::InsecurePermissions`] if others own or can access it,
    /// [`Code::InvalidValue`] for a secret in place of a path, else `code`.
    pub fn error(&self, code: Code) -> Error {
        self.error_of(&self.path.display().to_string(), code)
    }

    /// Returns the error with the path in a short form: `~/.config/fedcred/config.toml`.
    pub fn error_of(&self, path: &str, code: Code) -> Error {
        let Kind { noun, max, access } = self.kind;
        if self.is_a_secret() {
            return Error::new(Code::InvalidValue, format!("a token or key is in place of the path of {noun}"))
                .because("the value is not shown: it looks like a secret, and no file has such a name")
                .hint("write the secret into a file that only you can read, and name that file");
        }
        let list = look(&self.path);
        let cannot = |why: Cow<'static, str>| Error::new(code, format!("cannot read {noun} {path}")).because(why);
        match &self.why {
            Why::Absent(error) | Why::System(error) => cannot(error.to_string().into()).hint(list),
            Why::Other(what) if access == Access::OursAlone => {
                Error::new(Code::InsecurePermissions, format!("{noun} {path} is {what}"))
                    .because("only a regular file of this user is accepted there")
                    .hint(remove(&self.path))
            }
            Why::Other(what) => cannot(format!("it is {what}, and only a regular file is taken").into()).hint(list),
            Why::TooLarge => cannot(format!("it is larger than {}, and no such file is", size(max)).into()),
            Why::NotText => cannot("it is not UTF-8 text".into()).hint("save it as UTF-8 in the editor"),
            Why::Owner(standing) => {
                // The user cannot correct a file of another user that should be their own.
                let code = if access == Access::OursAlone { code } else { Code::InsecurePermissions };
                Error::new(code, format!("{noun} {path} belongs to another user"))
                    .because(standing.owner_told())
                    .hint(standing.of_another(&list))
            }
            Why::Open { standing, forbidden } => {
                let what = if forbidden & 0o004 != 0 { "is open to other users" } else { "can be written by others" };
                Error::new(Code::InsecurePermissions, format!("{noun} {path} {what}"))
                    .because(standing.mode_told())
                    .hint(match standing.is_ours() {
                        _ if is_projected(&self.path) => {
                            "set `defaultMode: 0400` on the volume, or 0440 together with an `fsGroup`".into()
                        }
                        true => Standing::closing(*forbidden, &self.path),
                        false => list,
                    })
            }
        }
    }

    /// Returns the error in one line, for a log or as a cause.
    pub fn in_a_sentence(&self) -> String {
        let Error { what, causes, .. } = self.error(Code::FileUnreadable);
        [vec![what], causes].concat().join(": ")
    }

    fn is_a_secret(&self) -> bool {
        looks_like_a_secret(&self.path.to_string_lossy())
    }
}

/// Whether the error is ELOOP, which `O_NOFOLLOW` causes.
fn is_link(error: &io::Error) -> bool {
    #[cfg(unix)]
    return error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    #[cfg(not(unix))]
    return error.raw_os_error() == Some(ERROR_CANT_ACCESS_FILE);
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..0x10_0000 => format!("{} KiB", bytes >> 10),
        _ => format!("{} MiB", bytes >> 20),
    }
}
