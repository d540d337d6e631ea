//! One run of a program, and the rules that hold for every run of fedcred.

use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fedcred::error::{Code, Kind};
use serde_json::Value;

/// Longer than any deadline of fedcred's: a run that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(150);

#[derive(Clone, Debug)]
pub struct Run {
    /// Absent if a signal ended it.
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    /// The most memory it held at a time, in KiB; 0 where the system does not tell.
    pub peak_kib: u64,
}

impl Run {
    /// Runs it to its end.
    pub fn of(command: &mut Command) -> Run {
        Running::start(command).end()
    }

    /// A run that was watched elsewhere, on a terminal.
    pub fn ended(status: Option<i32>, stdout: String, stderr: String) -> Run {
        Run { status, stdout, stderr, peak_kib: 0 }
    }

    /// Panics unless it printed credentials: one line of the credential_process protocol, and nothing on stderr.
    /// Returns the output.
    #[track_caller]
    pub fn succeeds(&self) -> Value {
        assert_eq!(self.status, Some(0), "stderr: {}", self.stderr);
        assert_eq!(self.stderr, "", "an SDK may read stderr as part of the JSON");
        assert!(self.stdout.ends_with('\n') && self.stdout.lines().count() == 1, "{:?}", self.stdout);
        let printed: Value = serde_json::from_str(&self.stdout).expect("one JSON object");
        assert_eq!(printed["Version"], 1);
        printed
    }

    /// Panics unless it failed with a code and the exit status of that code, reported them on stderr with the next
    /// step, and printed nothing on stdout. Returns the code.
    #[track_caller]
    pub fn fails(&self) -> &str {
        assert_eq!(self.stdout, "", "stdout is for credentials only");
        let code = self.stderr.strip_prefix("error[").and_then(|rest| rest.split_once("]: ")).map(|(code, _)| code);
        let known = code.and_then(Code::parse).unwrap_or_else(|| panic!("no error of ours:\n{}", self.stderr));
        assert_eq!(self.status, Some(exit_status(known.kind())), "{}", self.stderr);
        assert!(self.stderr.contains("\nhint: "), "an error names the next step:\n{}", self.stderr);
        assert!(self.stderr.len() <= 4096, "{} bytes of stderr", self.stderr.len());
        known.as_str()
    }

    /// Panics unless it failed with this code.
    #[track_caller]
    pub fn fails_as(&self, code: &str) -> &Run {
        assert_eq!(self.fails(), code, "{}", self.stderr);
        self
    }

    /// Returns the JSON that a successful program printed.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.status, Some(0), "{}", self.stderr);
        serde_json::from_str(&self.stdout).expect("stdout is JSON")
    }

    /// Panics unless the error contains this text.
    #[track_caller]
    pub fn saying(&self, text: &str) -> &Run {
        assert!(self.stderr.contains(text), "{text:?} is not in:\n{}", self.stderr);
        self
    }
}

/// A run that has not ended yet.
pub struct Running {
    child: Child,
    is_killed: bool,
    stdout: JoinHandle<String>,
    stderr: JoinHandle<String>,
}

impl Running {
    /// Its stdin is a pipe that is never written to or closed, as with the SDK for JavaScript.
    pub fn start(command: &mut Command) -> Running {
        Running::reading(command, Stdio::piped())
    }

    /// The same with another stdin.
    pub fn reading(command: &mut Command, stdin: Stdio) -> Running {
        let command = command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|why| panic!("the binary does not start: {why}"));
        let (stdout, stderr) = (collect(child.stdout.take()), collect(child.stderr.take()));
        Running { child, is_killed: false, stdout, stderr }
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("a child of ours").is_some()
    }

    /// Writes this to its stdin, and closes that.
    pub fn reads(&mut self, text: &[u8]) {
        self.child.stdin.take().expect("a pipe").write_all(text).expect("it reads");
    }

    #[cfg(unix)]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.is_killed = true;
        self.child.kill().expect("a child of ours");
    }

    /// Waits for the end.
    pub fn end(mut self) -> Run {
        let (status, peak_kib) = wait(&mut self.child);
        let (stdout, stderr) = (self.stdout.join().unwrap(), self.stderr.join().unwrap());
        // fedcred has no such status, and says what failed; tests/windows/run knows these words.
        let is_of_wine = cfg!(windows) && !self.is_killed && status.code() == Some(1) && stderr.is_empty();
        assert!(!is_of_wine, "wine ended the process; it has printed {stdout:?}");
        Run { status: status.code(), stdout, stderr, peak_kib }
    }
}

/// The promise to scripts, repeated here on purpose.
fn exit_status(kind: Kind) -> i32 {
    match kind {
        Kind::Usage => 2,
        Kind::LoginRequired => 3,
        Kind::Unusable => 65,
        Kind::Internal => 70,
        Kind::Storage => 74,
        Kind::Unavailable => 75,
        Kind::Refused => 77,
        Kind::Configuration => 78,
    }
}

fn wait(child: &mut Child) -> (ExitStatus, u64) {
    let started = Instant::now();
    let mut peak_kib = 0;
    loop {
        peak_kib = peak_kib.max(resident_peak(child.id()));
        if let Some(status) = child.try_wait().expect("a child of ours") {
            return (status, peak_kib);
        }
        if started.elapsed() > LIMIT {
            let _ = child.kill();
            panic!("the run did not end within {LIMIT:?}");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// `VmHWM`, which the kernel keeps as a high-water mark: a reading shortly before the end tells almost all.
#[cfg(target_os = "linux")]
fn resident_peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|rest| rest.split_whitespace().next()).and_then(|kib| kib.parse().ok()).unwrap_or(0)
}

#[cfg(not(target_os = "linux"))]
fn resident_peak(_: u32) -> u64 {
    0
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    let mut pipe = pipe.expect("a pipe");
    std::thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).expect("UTF-8");
        text
    })
}
