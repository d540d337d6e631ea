//! A browser that is driven over a pipe: its DevTools protocol on descriptors 3 and 4, on Windows on two handles whose numbers it
//! is told, and no port that others could use.
//!
//! A browser ends when its pipe does, so it does not outlive this process. A browser that is given up is killed with its whole
//! process group.

use std::io::{self, BufRead, BufReader, PipeReader, PipeWriter, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use zeroize::Zeroizing;

use super::command::aws_variables;
use super::group::Group;
use crate::time::Deadline;

/// More than a page with an assertion in it.
const MAX_MESSAGE: u64 = 32 << 20;

pub struct Browser {
    group: Group,
    /// `None` once the browser was told to end.
    to: Option<PipeWriter>,
    from: Receiver<Zeroizing<Vec<u8>>>,
}

/// What the pipe says.
pub enum Said {
    Message(Zeroizing<Vec<u8>>),
    Nothing,
    /// The browser has ended.
    End,
}

impl Browser {
    /// Starts `program`, found in PATH unless it is a path.
    pub fn start(program: &str, arguments: &[String]) -> io::Result<Browser> {
        let (their_input, to) = io::pipe()?;
        let (from, their_output) = io::pipe()?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        for name in aws_variables() {
            command.env_remove(name);
        }
        // Only the browser holds the other ends afterwards.
        let group = start_with(command, their_input, their_output)?;
        Ok(Browser { group, to: Some(to), from: messages(from) })
    }

    /// Sends one message. That the browser has ended is reported by [`Browser::receive`].
    pub fn send(&mut self, message: &str) {
        if let Some(to) = &mut self.to {
            let _ = to.write_all(message.as_bytes()).and_then(|()| to.write_all(b"\0"));
        }
    }

    /// Returns the next message, waiting up to `patience`.
    pub fn receive(&self, patience: Duration) -> Said {
        match self.from.recv_timeout(patience) {
            Ok(message) => Said::Message(message),
            Err(RecvTimeoutError::Timeout) => Said::Nothing,
            Err(RecvTimeoutError::Disconnected) => Said::End,
        }
    }

    /// Tells the browser to end and waits for that. Returns whether it did.
    pub fn leave(mut self, deadline: &Deadline) -> bool {
        self.to = None;
        self.group.wait(|| deadline.has_passed()).unwrap_or(false)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.group.kill();
        let _ = self.group.child.wait();
    }
}

#[cfg(unix)]
use self::unix::start_with;

#[cfg(unix)]
mod unix {
    use std::os::fd::{AsFd, FromRawFd, OwnedFd};
    use std::os::unix::process::CommandExt;

    use super::*;

    /// Starts the command with the pipes at descriptors 3 and 4.
    pub fn start_with(mut command: Command, input: PipeReader, output: PipeWriter) -> io::Result<Group> {
        at_3_and_4(&mut command, out_of_the_way(input)?, out_of_the_way(output)?);
        Group::start(&mut command)
    }

    /// Moves a descriptor above those at which the browser expects the pipes.
    fn out_of_the_way(end: impl Into<OwnedFd>) -> io::Result<OwnedFd> {
        Ok(rustix::io::fcntl_dupfd_cloexec(end.into(), 10)?)
    }

    #[allow(unsafe_code, reason = "the pipes have to be at these numbers in the child alone")]
    fn at_3_and_4(command: &mut Command, input: OwnedFd, output: OwnedFd) {
        let place = move || {
            for (end, number) in [(&input, 3), (&output, 4)] {
                // SAFETY: nothing of ours is used under this number after the fork; dup2 makes it the pipe's, open.
                let mut there = std::mem::ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(number) });
                rustix::io::dup2(end.as_fd(), &mut there)?;
            }
            Ok(())
        };
        // SAFETY: dup2 is async-signal-safe (signal-safety(7)), and nothing is allocated.
        unsafe { command.pre_exec(place) };
    }
}

#[cfg(windows)]
use self::windows::start_with;

#[cfg(windows)]
mod windows {
    use std::os::windows::io::{AsRawHandle, OwnedHandle};

    use super::*;
    use crate::file::windows::files;

    /// Starts the command with the pipes inherited, and tells it their handles.
    ///
    /// Source: Chromium's content/public/common/content_switches.cc, `kRemoteDebuggingIoPipes`. An inherited handle has the same
    /// number in both processes, of which 32 bits are significant.
    pub fn start_with(mut command: Command, input: PipeReader, output: PipeWriter) -> io::Result<Group> {
        let ends = [OwnedHandle::from(input), OwnedHandle::from(output)];
        ends.iter().try_for_each(files::let_inherit)?;
        let [input, output] = ends.each_ref().map(|end| end.as_raw_handle() as usize as u32);
        command.arg(format!("--remote-debugging-io-pipes={input},{output}"));
        Group::start(&mut command)
    }
}

/// Reads on a thread of its own, so that a silent browser can be given up.
fn messages(from: PipeReader) -> Receiver<Zeroizing<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut from = BufReader::new(from);
        loop {
            let mut message = Zeroizing::new(Vec::new());
            let read = io::Read::take(&mut from, MAX_MESSAGE).read_until(0, &mut message);
            if !read.is_ok_and(|read| read > 0) || message.pop() != Some(0) || sender.send(message).is_err() {
                return;
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the stand-in is told to do.
    const ECHO: &str = if cfg!(windows) { "echo" } else { "cat <&3 >&4" };
    const END: &str = if cfg!(windows) { "end" } else { "exit 1" };

    #[cfg(unix)]
    fn start(script: &str) -> Browser {
        Browser::start("sh", &["-c".to_owned(), script.to_owned()]).unwrap()
    }

    /// These tests themselves, one of which is the stand-in. Behind `--` words are names of tests, of which there are none so.
    #[cfg(windows)]
    fn start(task: &str) -> Browser {
        let program = std::env::current_exe().unwrap();
        let name = "process::browser::tests::stand_in";
        let arguments = ["--exact", "--ignored", "--nocapture", name, "--", task].map(str::to_owned);
        Browser::start(program.to_str().unwrap(), &arguments).unwrap()
    }

    /// Takes its pipes as Chromium does on Windows.
    #[cfg(windows)]
    #[test]
    #[ignore = "the stand-in that other tests start"]
    #[allow(unsafe_code, reason = "handles are told by number")]
    fn stand_in() {
        use std::fs::File;
        use std::os::windows::io::{FromRawHandle, RawHandle};
        let words: Vec<String> = std::env::args().collect();
        let Some(pipes) = words.iter().find_map(|word| word.strip_prefix("--remote-debugging-io-pipes=")) else {
            return;
        };
        let (input, output) = pipes.split_once(',').unwrap();
        let [mut input, mut output] = [input, output].map(|number| {
            // SAFETY: the parent has opened them for this process, which has not used them yet.
            unsafe { File::from_raw_handle(number.parse::<usize>().unwrap() as RawHandle) }
        });
        if words.iter().any(|word| word == "echo") {
            io::copy(&mut input, &mut output).unwrap();
        }
        std::process::exit(0);
    }

    fn text(said: Said) -> String {
        match said {
            Said::Message(message) => String::from_utf8(message.to_vec()).unwrap(),
            Said::Nothing => "nothing".to_owned(),
            Said::End => "the end".to_owned(),
        }
    }

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn messages_go_both_ways() {
        let mut browser = start(ECHO);
        for message in ["{\"id\":1}", "ä"] {
            browser.send(message);
            assert_eq!(text(browser.receive(LONG)), message);
        }
        assert_eq!(text(browser.receive(Duration::ZERO)), "nothing");
        assert!(browser.leave(&Deadline::after(LONG)), "it sees the end of its pipe");
    }

    #[test]
    fn the_end_of_the_browser_is_seen() {
        assert_eq!(text(start(END).receive(LONG)), "the end");
    }

    #[cfg(unix)]
    #[test]
    fn one_that_is_given_up_is_killed_with_its_children() {
        let browser = start("sleep 300 & echo $! | tr '\\n' '\\0' >&4; wait");
        let child: i32 = text(browser.receive(LONG)).parse().unwrap();
        drop(browser);
        let child = rustix::process::Pid::from_raw(child).unwrap();
        let gone = || rustix::process::test_kill_process(child).is_err() || is_dead(child);
        let deadline = Deadline::after(LONG);
        while !gone() && !deadline.has_passed() {
            crate::time::pause(Duration::from_millis(10));
        }
        assert!(gone());
    }

    /// A child whose new parent has not looked after it yet.
    #[cfg(unix)]
    fn is_dead(pid: rustix::process::Pid) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).unwrap_or_default();
        stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z'))
    }
}
