//! Owner and mode, derived from an access control list.
//!
//! The system and the administrators count as root, the owner as the owner on Unix. A group that everybody is in counts
//! as "others", and everyone else who has access as the group.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

use crate::file::windows::acl::{AccessList, user};
use crate::file::windows::files::look_at;
use crate::quote::shell::on_path;

#[derive(Clone, Debug)]
pub struct Standing {
    owner: String,
    us: &'static str,
    pub mode: u32,
    /// Those who have access besides the owner and the system.
    others: Vec<String>,
}

/// Well-known identifiers ("Well-known SIDs"): the system, the administrators, the installer of Windows.
const SYSTEM: [&str; 3] =
    ["S-1-5-18", "S-1-5-32-544", "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"];
/// The identifiers that stand for the owner, and, in inherited entries, for the creator.
const OWNER: [&str; 2] = ["S-1-3-4", "S-1-3-0"];
/// Everyone, network, interactive, anonymous and authenticated users, users, guests.
const EVERYBODY: [&str; 7] = ["S-1-1-0", "S-1-5-2", "S-1-5-4", "S-1-5-7", "S-1-5-11", "S-1-5-32-545", "S-1-5-32-546"];
/// Of a domain or machine: its users, guests and computers.
const OF_A_DOMAIN: [&str; 3] = ["-513", "-514", "-515"];

/// FILE_READ_DATA, GENERIC_READ, GENERIC_ALL (winnt.h).
const READ: u32 = 0x1 | 0x8000_0000 | 0x1000_0000;
/// FILE_WRITE_DATA, FILE_APPEND_DATA, DELETE, WRITE_DAC, WRITE_OWNER, GENERIC_WRITE, GENERIC_ALL. In a directory the first two
/// make files.
const WRITE: u32 = 0x2 | 0x4 | 0x1_0000 | 0x4_0000 | 0x8_0000 | 0x4000_0000 | 0x1000_0000;

impl Standing {
    /// Reads those of an open file.
    pub fn of(file: &File, _: &Metadata) -> io::Result<Standing> {
        Ok(Standing::by(AccessList::of(file)?, user()?))
    }

    /// Reads those of a file or directory, following links.
    pub fn at(path: &Path) -> io::Result<Standing> {
        Ok(Standing::by(AccessList::of(&look_at(path, false)?)?, user()?))
    }

    fn by(list: AccessList, us: &'static str) -> Standing {
        let (mut mode, mut others) = (0o600, Vec::new());
        for (whom, rights) in list.admitted {
            let whom_str = whom.as_str();
            // The identifier of this login session (S-1-5-5-X-Y) is nobody else's.
            let is_known = whom == us || whom == list.owner || whom.starts_with("S-1-5-5-");
            let bits = u32::from(rights & READ != 0) * 0o4 + u32::from(rights & WRITE != 0) * 0o2;
            if is_known || SYSTEM.contains(&whom_str) || OWNER.contains(&whom_str) || bits == 0 {
                continue;
            }
            let is_everybody = EVERYBODY.contains(&whom_str)
                || whom.starts_with("S-1-5-21-") && OF_A_DOMAIN.iter().any(|end| whom.ends_with(end));
            mode |= if is_everybody { bits } else { bits << 3 };
            others.push(whom);
        }
        Standing { owner: list.owner, us, mode, others }
    }

    /// Whether another file, a link itself, has the same owner.
    pub fn owns(&self, path: &Path) -> bool {
        look_at(path, true).and_then(|file| AccessList::of(&file)).is_ok_and(|other| other.owner == self.owner)
    }

    /// Whether it belongs to this user.
    pub fn is_ours(&self) -> bool {
        self.owner == self.us
    }

    /// Whether it belongs to the system or the administrators.
    pub fn is_of_the_system(&self) -> bool {
        SYSTEM.contains(&self.owner.as_str())
    }

    /// Whether it has the owner of files that fedcred creates: this user, or the administrators, who own the files of
    /// an elevated process.
    pub fn is_as_we_make_it(&self) -> bool {
        self.is_ours() || self.is_of_the_system()
    }

    pub fn owner_told(&self) -> String {
        format!("its owner is {}, and this process runs as {}", self.owner, self.us)
    }

    /// Returns the access that others have, as bits of a mode.
    pub fn mode_told(&self) -> String {
        format!("its access control list admits {}", self.others.join(", "))
    }

    /// Returns the next step if a file or directory belongs to another user.
    pub fn of_another(&self, otherwise: &str) -> String {
        otherwise.to_owned()
    }

    /// Returns the command that gives access to this user alone (icacls, "/inheritance:r", "/grant:r"; a star goes
    /// before an identifier).
    pub fn closing(_: u32, path: &Path) -> String {
        let admitted = format!("*{}:F", user().unwrap_or(OWNER[0]));
        on_path(&["icacls"], path) + &format!(" /inheritance:r /grant:r {admitted}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: &str = "S-1-5-21-1-2-3-1001";

    fn mode(owner: &str, admitted: &[(&str, u32)]) -> u32 {
        let admitted = admitted.iter().map(|(whom, rights)| ((*whom).to_owned(), *rights)).collect();
        Standing::by(AccessList { owner: owner.to_owned(), admitted }, US).mode
    }

    #[test]
    fn an_access_control_list_is_read_as_a_mode() {
        const ALL: u32 = 0x001f_01ff;
        const READS: u32 = 0x0012_0089;
        // The owner, the others who have access, the mode.
        let table: [(&str, &[(&str, u32)], u32); 9] = [
            // As ssh-keygen creates keys, and Windows the folder of a profile.
            (US, &[(US, ALL), ("S-1-5-18", ALL), ("S-1-5-32-544", ALL)], 0o600),
            (US, &[("S-1-3-4", ALL), ("S-1-5-5-0-12345", ALL)], 0o600),
            (US, &[(US, ALL), ("S-1-1-0", READS)], 0o604),
            (US, &[(US, ALL), ("S-1-5-32-545", READS), ("S-1-5-11", ALL)], 0o606),
            (US, &[(US, ALL), ("S-1-5-21-1-2-3-513", READS)], 0o604),
            (US, &[(US, ALL), ("S-1-5-21-1-2-3-1002", READS)], 0o640),
            (US, &[(US, ALL), ("S-1-5-21-1-2-3-1002", 0x1000_0000)], 0o660),
            // Attributes alone.
            (US, &[(US, ALL), ("S-1-1-0", 0x0012_0080)], 0o600),
            ("S-1-5-18", &[("S-1-5-18", ALL), ("S-1-5-32-545", 0x2)], 0o602),
        ];
        for (owner, admitted, expected) in table {
            assert_eq!(mode(owner, admitted), expected, "{owner} {admitted:x?}");
        }
    }
}
