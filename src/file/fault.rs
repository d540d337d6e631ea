//! Why a file is not read, and how that is told.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use super::shape::looks_like_a_secret;
use super::shared::is_projected;
use super::{Access, Kind, is_absent};
use crate::error::{Code, Error};
use crate::quote::shell::on_path;

/// A file that is not read.
#[derive(Debug)]
pub struct Fault {
    kind: Kind,
    path: PathBuf,
    why: Why,
}

#[derive(Debug)]
#[cfg_attr(not(unix), allow(dead_code, reason = "owners and modes are looked at on Unix alone"))]
pub(super) enum Why {
    Absent(io::Error),
    System(io::Error),
    /// No regular file, but this.
    Other(&'static str),
    TooLarge,
    NotText,
    Owner {
        owner: u32,
        us: u32,
    },
    /// `forbidden` are the bits of which it has some.
    Mode {
        mode: u32,
        forbidden: u32,
        is_ours: bool,
    },
}

impl Fault {
    pub(super) fn new(kind: &Kind, path: &Path, why: Why) -> Fault {
        Fault { kind: *kind, path: path.to_owned(), why }
    }

    /// Of a file that cannot be opened.
    pub fn of_open(kind: &Kind, path: &Path, error: io::Error) -> Fault {
        let why = match error {
            error if is_absent(&error) => Why::Absent(error),
            // ELOOP of O_NOFOLLOW, ENXIO of a socket: the system's words for either help nobody.
            error if is_link(&error) => Why::Other("a symbolic link"),
            error => match path.metadata() {
                Ok(found) if !found.is_file() && !found.is_dir() => Why::Other(super::name_of(&found)),
                _ => Why::System(error),
            },
        };
        Fault::new(kind, path, why)
    }

    /// There is no such file; false for a name that is a secret, which nobody may pass over.
    pub fn is_absent(&self) -> bool {
        matches!(self.why, Why::Absent(_)) && !self.is_a_secret()
    }

    pub fn is_too_large(&self) -> bool {
        matches!(self.why, Why::TooLarge)
    }

    /// The file belongs to another user, or is open to others.
    pub fn is_insecure(&self) -> bool {
        matches!(self.why, Why::Owner { .. } | Why::Mode { .. })
    }

    /// The error of a command that needs the file. `code` is for a file that cannot be read; one that others own or can get at
    /// is [`Code::InsecurePermissions`], and a secret in place of a path [`Code::InvalidValue`].
    pub fn error(&self, code: Code) -> Error {
        self.error_of(&self.path.display().to_string(), code)
    }

    /// The same, with the path as people read it: `~/.config/fedcred/config.toml`.
    pub fn error_of(&self, path: &str, code: Code) -> Error {
        let Kind { noun, max, access } = self.kind;
        if self.is_a_secret() {
            return Error::new(Code::InvalidValue, format!("a token or key stands where the path of {noun} should"))
                .because("the value is not shown: it looks like a secret, and no file has such a name")
                .hint("write the secret into a file that only you can read, and name that file");
        }
        let list = on_path(&["ls", "-lL"], &self.path);
        let cannot = |why: Cow<'static, str>| Error::new(code, format!("cannot read {noun} {path}")).because(why);
        match &self.why {
            Why::Absent(error) | Why::System(error) => cannot(error.to_string().into()).hint(list),
            Why::Other(what) if access == Access::OursAlone => {
                Error::new(Code::InsecurePermissions, format!("{noun} {path} is {what}"))
                    .because("only a plain file of this user's may stand there: another thing could lead anywhere")
                    .hint(on_path(&["rm"], &self.path))
            }
            Why::Other(what) => cannot(format!("it is {what}, and only a regular file is taken").into()).hint(list),
            Why::TooLarge => cannot(format!("it is larger than {}, and no such file is", size(max)).into()),
            Why::NotText => cannot("it is not UTF-8 text".into()),
            Why::Owner { owner, us } => {
                // What should be ours alone and is another's cannot be mended, only passed over.
                let code = if access == Access::OursAlone { code } else { Code::InsecurePermissions };
                Error::new(code, format!("{noun} {path} belongs to another user"))
                    .because(format!("its owner is user id {owner}, and this process runs as {us}"))
                    .hint(of_another(*owner, *us, &list))
            }
            Why::Mode { mode, forbidden, is_ours } => {
                let what = if forbidden & 0o004 != 0 { "is open to other users" } else { "can be written by others" };
                Error::new(Code::InsecurePermissions, format!("{noun} {path} {what}"))
                    .because(format!("its mode is {mode:04o}"))
                    .hint(match is_ours {
                        _ if is_projected(&self.path) => {
                            "set `defaultMode: 0400` on the volume, or 0440 together with an `fsGroup`".into()
                        }
                        true => on_path(&["chmod", closing(*forbidden)], &self.path),
                        false => list,
                    })
            }
        }
    }

    /// The same in one line, for a log or as the reason of something else.
    pub fn in_a_sentence(&self) -> String {
        let Error { what, causes, .. } = self.error(Code::FileUnreadable);
        [vec![what], causes].concat().join(": ")
    }

    fn is_a_secret(&self) -> bool {
        looks_like_a_secret(&self.path.to_string_lossy())
    }
}

/// ELOOP, as `O_NOFOLLOW` has it.
fn is_link(error: &io::Error) -> bool {
    #[cfg(unix)]
    return error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    #[cfg(not(unix))]
    return error.kind() == io::ErrorKind::Unsupported;
}

/// The next step where a file or directory belongs to another user. Never to change its owner: it is theirs, and what stands
/// in it may be theirs, too.
pub fn of_another(owner: u32, us: u32, otherwise: &str) -> String {
    // sudo leaves HOME as it was: root works in the files of whoever called it (sudo(8)).
    if us == 0 && owner != 0 {
        return format!(
            "run it as that user, `sudo -u '#{owner}' fedcred …`, or with root's own home, `sudo -H fedcred …`"
        );
    }
    otherwise.to_owned()
}

/// What `chmod` is told so that none of these bits stays.
fn closing(forbidden: u32) -> &'static str {
    match forbidden {
        0o022 => "go-w",
        0o002 => "o-w",
        0o007 => "o-rwx",
        _ => "600",
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..0x10_0000 => format!("{} KiB", bytes >> 10),
        _ => format!("{} MiB", bytes >> 20),
    }
}
