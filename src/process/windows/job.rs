//! Jobs: processes with all that they start, which end together.
#![allow(unsafe_code, reason = "the standard library has no jobs")]

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::process::Child;
use std::ptr::null;

use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation, SetInformationJobObject,
    TerminateJobObject,
};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

/// Its processes end when it is dropped, and when this process ends, however that comes. Jobs nest since Windows 8.
pub struct Job(OwnedHandle);

impl Job {
    /// A job with nobody in it.
    pub fn new() -> io::Result<Job> {
        // SAFETY: neither attributes nor a name are passed.
        let handle = unsafe { CreateJobObjectW(null(), null()) };
        if handle.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the call has just made it, for us alone.
        let job = Job(unsafe { OwnedHandle::from_raw_handle(handle) });
        job.limit(JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE)?;
        Ok(job)
    }

    /// A job with this process in it, and so with all that it starts from now on.
    pub fn with_us() -> io::Result<Job> {
        let job = Job::new()?;
        // SAFETY: the pseudo handle of this process needs no closing.
        job.assign(unsafe { GetCurrentProcess() })?;
        Ok(job)
    }

    /// Takes in a process, and what it starts from now on.
    pub fn add(&self, process: &Child) -> io::Result<()> {
        self.assign(process.as_raw_handle())
    }

    /// Ends all processes in it.
    pub fn end(&self) {
        // SAFETY: the handle is open.
        unsafe { TerminateJobObject(self.handle(), 1) };
    }

    /// Lets its processes go on when this one has ended.
    pub fn let_go(self) {
        // Where that fails, they end with us.
        let _ = self.limit(0);
    }

    fn limit(&self, flags: u32) -> io::Result<()> {
        let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        limits.BasicLimitInformation.LimitFlags = flags;
        // SAFETY: the pointer is to what the class says, and the size is its.
        ok(unsafe {
            SetInformationJobObject(
                self.handle(),
                JobObjectExtendedLimitInformation,
                (&raw const limits).cast(),
                size_of_val(&limits) as u32,
            )
        })
    }

    fn assign(&self, process: HANDLE) -> io::Result<()> {
        // SAFETY: both handles are open.
        ok(unsafe { AssignProcessToJobObject(self.handle(), process) })
    }

    fn handle(&self) -> HANDLE {
        self.0.as_raw_handle()
    }
}

fn ok(result: i32) -> io::Result<()> {
    if result == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use std::process::{ChildStdin, Command, Stdio};

    use super::*;

    /// A process that waits for a pipe.
    fn waiting() -> (Child, ChildStdin) {
        let mut command = Command::new("cmd.exe");
        let mut child =
            command.args(["/d", "/c", "pause"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let pipe = child.stdin.take().unwrap();
        (child, pipe)
    }

    #[test]
    fn what_is_in_it_ends_with_it_unless_it_is_let_go() {
        let (mut child, _pipe) = waiting();
        let job = Job::new().unwrap();
        job.add(&child).unwrap();
        drop(job);
        child.wait().unwrap();

        let (mut child, _pipe) = waiting();
        let job = Job::new().unwrap();
        job.add(&child).unwrap();
        job.let_go();
        assert!(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
