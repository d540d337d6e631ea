//! Other programs, and what this process shows of itself.

#[cfg(target_os = "linux")]
pub mod ancestry;
pub mod browser;
pub mod child_environment;
#[cfg(target_os = "linux")]
pub mod code_pages;
pub mod command;
pub mod env;
pub mod exec;
pub mod fence;
mod group;
pub mod installed;
pub mod loopback_redirect;
pub mod pager;
pub mod panics;
pub mod path;
pub mod peers;
pub mod private_dir;
pub mod recursion;
pub mod self_execution;
pub mod signals;
pub mod start;
#[cfg(unix)]
pub mod terminal;
pub mod watch;
pub mod whoami;
#[cfg(windows)]
pub mod windows;

#[cfg(test)]
pub mod alone;

/// Keeps this process's memory, which holds secrets, out of core dumps and from other processes of the same user. A program
/// that it starts is not affected: `execve` sets the flag anew (prctl(2), PR_SET_DUMPABLE).
pub fn keep_memory_private() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // A kernel that refuses leaves us where every other program is.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_process_leaves_no_core() {
        keep_memory_private();
        let behavior = rustix::process::dumpable_behavior().unwrap();
        assert_eq!(behavior, rustix::process::DumpableBehavior::NotDumpable);
    }
}
