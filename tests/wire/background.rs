//! A run of the binary that goes on while the test does something.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

#[cfg(unix)]
use rustix::process::{Pid, Signal, kill_process};

/// Nothing that is waited for here takes longer.
const LIMIT: Duration = Duration::from_secs(60);

pub struct Background {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

#[cfg_attr(windows, allow(dead_code, reason = "some of it is for signals and shells"))]
impl Background {
    pub fn start(command: &mut Command) -> Background {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Background { stdin: child.stdin.take(), stdout, child }
    }

    /// The lines it prints up to one that says `end`.
    pub fn lines_until(&mut self, end: &str) -> String {
        let mut text = String::new();
        loop {
            let start = text.len();
            assert_ne!(self.stdout.read_line(&mut text).unwrap(), 0, "it ended after:\n{text}");
            if text[start..].trim_end() == end {
                return text;
            }
        }
    }

    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line
    }

    pub fn say(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    #[cfg(unix)]
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    #[cfg(unix)]
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// `kill -9`, and on Windows what Task Manager does.
    #[cfg(windows)]
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    /// Closes its stdin and waits for its end; the rest of its stdout.
    pub fn end(mut self) -> (ExitStatus, String) {
        self.stdin = None;
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap(), rest)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until it is so.
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < LIMIT, "not within {LIMIT:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
