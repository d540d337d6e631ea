//! Owner and mode.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::quote::shell::{command, on_path};

#[derive(Clone, Debug)]
pub struct Standing {
    owner: u32,
    us: u32,
    pub mode: u32,
}

impl Standing {
    /// Reads those of an open file.
    pub fn of(_: &File, metadata: &Metadata) -> io::Result<Standing> {
        Ok(Standing::by(metadata))
    }

    /// Reads those of a file or directory, following links.
    pub fn at(path: &Path) -> io::Result<Standing> {
        Ok(Standing::by(&path.metadata()?))
    }

    fn by(metadata: &Metadata) -> Standing {
        let us = rustix::process::geteuid().as_raw();
        Standing { owner: metadata.uid(), us, mode: metadata.mode() & 0o7777 }
    }

    /// Whether another file, or a link itself, has the same owner.
    pub fn owns(&self, path: &Path) -> bool {
        path.symlink_metadata().is_ok_and(|other| other.uid() == self.owner)
    }

    /// Whether it belongs to this user.
    pub fn is_ours(&self) -> bool {
        self.owner == self.us
    }

    /// Whether it belongs to root.
    pub fn is_of_the_system(&self) -> bool {
        self.owner == 0
    }

    /// Whether it has the owner of files that fedcred creates: this user, not root.
    pub fn is_as_we_make_it(&self) -> bool {
        self.is_ours()
    }

    pub fn owner_told(&self) -> String {
        format!("its owner is user id {}, and this process runs as {}", self.owner, self.us)
    }

    /// Describes the mode.
    pub fn mode_told(&self) -> String {
        format!("its mode is {:04o}", self.mode)
    }

    /// Returns the next step if it belongs to another user. That is never to change the owner: the contents may be the other
    /// user's, too.
    pub fn of_another(&self, otherwise: &str) -> String {
        // sudo keeps HOME: root uses the files of the user who called it (sudo(8)).
        if self.us == 0 && self.owner != 0 {
            let as_owner = command(["sudo", "-u", &format!("#{}", self.owner), "fedcred"]);
            return format!("run it as that user, `{as_owner} …`, or with root's own home, `sudo -H fedcred …`");
        }
        otherwise.to_owned()
    }

    /// Returns the command that removes the bits `forbidden` from the mode.
    pub fn closing(forbidden: u32, path: &Path) -> String {
        let mode = match forbidden {
            0o022 => "go-w",
            0o002 => "o-w",
            0o007 => "o-rwx",
            _ if path.is_dir() => "700",
            _ => "600",
        };
        on_path(&["chmod", mode], path)
    }
}
