//! Finds out whether a process that holds a lock is an ancestor of this one, which means that it waits for this one. Where no
//! lock can be taken: how many processes of fedcred are ancestors of this one.
//!
//! A program in between may have cleared the environment (`env -i`), and with it the variable of [`super::recursion`]. Only Linux
//! tells this; elsewhere such a loop ends at the deadline of the first process.

use std::fs::File;
use std::os::unix::fs::MetadataExt;

/// Limit of ancestors that are looked at.
const MOST: usize = 64;

/// Whether process `holder` is an ancestor of this one and holds the flock on `file`.
///
/// The kernel's list has the processes of this PID namespace only: a process id from another container's lock file may be any
/// process here.
pub fn waits_for_us(holder: u32, file: &File) -> bool {
    ancestors().any(|pid| pid == holder) && file.metadata().is_ok_and(|file| holds(holder, file.ino()))
}

/// Returns how many ancestors of this process have its name.
pub fn namesakes() -> usize {
    let own = stat(std::process::id()).map(|stat| stat.name);
    ancestors().filter(|pid| own.is_some() && stat(*pid).map(|stat| stat.name) == own).count()
}

/// Iterates over the parent, its parent, and so on.
fn ancestors() -> impl Iterator<Item = u32> {
    std::iter::successors(parent(std::process::id()), |pid| parent(*pid)).take(MOST)
}

fn parent(pid: u32) -> Option<u32> {
    stat(pid).map(|stat| stat.parent).filter(|parent| *parent != 0)
}

/// What is used of /proc/PID/stat (proc_pid_stat(5)).
struct Stat {
    name: String,
    parent: u32,
}

#[allow(clippy::disallowed_methods, reason = "the kernel's own file, which no setting names")]
fn stat(pid: u32) -> Option<Stat> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may contain any character; only what follows the last parenthesis is the kernel's.
    let (before, after) = stat.rsplit_once(") ")?;
    let name = before.split_once(" (")?.1.to_owned();
    Some(Stat { name, parent: after.split(' ').nth(1)?.parse().ok()? })
}

#[allow(clippy::disallowed_methods, reason = "the kernel's own file, which no setting names")]
fn holds(pid: u32, inode: u64) -> bool {
    let locks = std::fs::read_to_string("/proc/locks").unwrap_or_default();
    locks.lines().any(|line| is_lock(line, pid, inode))
}

/// `1: FLOCK  ADVISORY  WRITE 4711 08:01:123456 0 EOF` (proc_locks(5)).
fn is_lock(line: &str, pid: u32, inode: u64) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [_, "FLOCK", _, "WRITE", holder, file, ..] = words.as_slice() else { return false };
    holder.parse() == Ok(pid) && file.rsplit(':').next().and_then(|text| text.parse().ok()) == Some(inode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_above_is_known_and_what_it_holds() {
        assert_eq!(ancestors().next(), rustix::process::getppid().map(|pid| pid.as_raw_pid() as u32));
        let file = tempfile::tempfile().unwrap();
        file.lock().unwrap();
        let inode = file.metadata().unwrap().ino();
        assert!(holds(std::process::id(), inode), "its own lock");
        assert!(!waits_for_us(std::process::id(), &file), "nobody is above itself");
        assert!(ancestors().next().is_some_and(|parent| !waits_for_us(parent, &file)), "a parent that holds nothing");
        file.unlock().unwrap();
        assert!(!holds(std::process::id(), inode));
    }

    #[test]
    fn a_process_has_a_name_whatever_is_in_it() {
        let own = stat(std::process::id()).unwrap();
        assert!(!own.name.is_empty() && Some(own.parent) == ancestors().next());
        assert_eq!(namesakes(), 0, "the test is run by a program of another name");
    }

    #[test]
    fn a_lock_is_told_by_kind_process_and_file() {
        let line = "12: FLOCK  ADVISORY  WRITE 4711 fd:00:123456 0 EOF";
        assert!(is_lock(line, 4711, 123456));
        let table = [
            (line, 4712, 123456),
            (line, 4711, 123457),
            (&line.replace("FLOCK", "POSIX")[..], 4711, 123456),
            ("", 1, 1),
        ];
        for (line, pid, inode) in table {
            assert!(!is_lock(line, pid, inode), "{line} {pid} {inode}");
        }
    }
}
