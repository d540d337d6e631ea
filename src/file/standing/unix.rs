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
    /// Of an open file.
    pub fn of(_: &File, metadata: &Metadata) -> io::Result<Standing> {
        Ok(Standing::by(metadata))
    }

    /// Of the file or directory that a path leads to.
    pub fn at(path: &Path) -> io::Result<Standing> {
        Ok(Standing::by(&path.metadata()?))
    }

    fn by(metadata: &Metadata) -> Standing {
        let us = rustix::process::geteuid().as_raw();
        Standing { owner: metadata.uid(), us, mode: metadata.mode() & 0o7777 }
    }

    /// Whether another file, a link itself, has the same owner.
    pub fn owns(&self, path: &Path) -> bool {
        path.symlink_metadata().is_ok_and(|other| other.uid() == self.owner)
    }

    /// This user's own.
    pub fn is_ours(&self) -> bool {
        self.owner == self.us
    }

    /// Root's.
    pub fn is_of_the_system(&self) -> bool {
        self.owner == 0
    }

    /// As what fedcred itself makes: nobody else's, not even root's.
    pub fn is_as_we_make_it(&self) -> bool {
        self.is_ours()
    }

    pub fn owner_told(&self) -> String {
        format!("its owner is user id {}, and this process runs as {}", self.owner, self.us)
    }

    /// What is open to others.
    pub fn mode_told(&self) -> String {
        format!("its mode is {:04o}", self.mode)
    }

    /// The next step where a file or directory belongs to another user. Never to change its owner: it is theirs, and what
    /// stands in it may be theirs, too.
    pub fn of_another(&self, otherwise: &str) -> String {
        // sudo leaves HOME as it was: root works in the files of whoever called it (sudo(8)).
        if self.us == 0 && self.owner != 0 {
            let as_owner = command(["sudo", "-u", &format!("#{}", self.owner), "fedcred"]);
            return format!("run it as that user, `{as_owner} …`, or with root's own home, `sudo -H fedcred …`");
        }
        otherwise.to_owned()
    }

    /// The command that takes away what others may do and `forbidden` names.
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
