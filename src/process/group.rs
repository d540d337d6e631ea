//! A program with everything that it starts, killed as a whole: a process group on Unix, a job on Windows.

use std::io;
use std::process::{Child, Command};
use std::time::Duration;

#[cfg(windows)]
use super::windows::job::Job;
use crate::time;

pub struct Group {
    pub child: Child,
    /// Made just after the start, so it lacks what the program starts before that.
    #[cfg(windows)]
    job: Option<Job>,
}

impl Group {
    /// Starts the program. Ctrl-C on the terminal does not reach it.
    pub fn start(command: &mut Command) -> io::Result<Group> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        #[cfg(windows)]
        std::os::windows::process::CommandExt::creation_flags(command, CREATE_NEW_PROCESS_GROUP);
        let child = command.spawn()?;
        #[cfg(windows)]
        let job = Job::new().and_then(|job| job.add(&child).map(|()| job)).ok();
        Ok(Group {
            child,
            #[cfg(windows)]
            job,
        })
    }

    /// Waits for its end. Returns false if it was given up before.
    pub fn wait(&mut self, is_given_up: impl Fn() -> bool) -> io::Result<bool> {
        let mut pause = Duration::from_millis(1);
        loop {
            if self.has_ended()? {
                return Ok(true);
            }
            if is_given_up() {
                return Ok(false);
            }
            time::pause(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }
}

#[cfg(unix)]
impl Group {
    /// Looks without reaping, so that the number of its process group, which is killed next, is not reused.
    fn has_ended(&mut self) -> io::Result<bool> {
        use rustix::process::{WaitId, WaitIdOptions, waitid};
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(self.pid()?), options)?.is_some())
    }

    pub fn kill(&mut self) {
        if let Ok(group) = self.pid() {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }

    fn pid(&self) -> io::Result<rustix::process::Pid> {
        let raw = i32::try_from(self.child.id()).map_err(io::Error::other)?;
        rustix::process::Pid::from_raw(raw).ok_or_else(|| io::Error::other("no process id"))
    }
}

#[cfg(windows)]
impl Group {
    fn has_ended(&mut self) -> io::Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    pub fn kill(&mut self) {
        match &self.job {
            Some(job) => job.end(),
            None => drop(self.child.kill()),
        }
    }
}

/// Keeps Ctrl-C away ("Process Creation Flags").
#[cfg(windows)]
const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
