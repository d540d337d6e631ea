//! A terminal, and somebody at it who types.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

/// Starts a program in a session of its own whose terminal is its standard input.
pub const WITH_TERMINAL: [&str; 3] = ["/usr/bin/setsid", "--ctty", "--wait"];

/// Nothing here takes longer; a program that does hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// What came of a program on a terminal.
pub struct Ended {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    /// What stood on the terminal.
    pub shown: String,
}

/// Runs a command of [`WITH_TERMINAL`] and types `line` once it has asked and switched the echo off.
pub fn type_into(command: &mut Command, line: &str) -> Ended {
    let mut session = Session::start(command);
    session.wait_until("nothing was asked", |session| !session.echoes() && session.shown().ends_with(": "));
    let _ = session.master.write_all(format!("{line}\n").as_bytes());
    let ended = session.end();
    assert!(line.is_empty() || !ended.shown.contains(line), "what was typed is on the screen: {:?}", ended.shown);
    ended
}

/// Runs a command of [`WITH_TERMINAL`] and does `act` once this is on the terminal, with all that is there.
#[allow(dead_code, reason = "the wire tests only type")]
pub fn act_upon(command: &mut Command, sign: &str, act: impl FnOnce(&str)) -> Ended {
    let session = Session::start(command);
    session.wait_until("what was waited for does not come", |session| session.shown().contains(sign));
    act(&session.shown());
    session.end()
}

/// Runs a command of [`WITH_TERMINAL`] and types `keys`, for all to see, once `question` is on the terminal.
#[allow(dead_code, reason = "the end-to-end tests only look")]
pub fn answer(command: &mut Command, question: &str, keys: &str) -> Ended {
    let mut session = Session::start(command);
    session.sees(question);
    let _ = session.master.write_all(keys.as_bytes());
    session.end()
}

/// Runs a command of [`WITH_TERMINAL`], sends it the signal once it has asked unseen, and tells whether the terminal echoes then.
#[allow(dead_code, reason = "the end-to-end tests only look")]
pub fn signal_at_the_question(command: &mut Command, signal: rustix::process::Signal) -> (Ended, bool) {
    let session = Session::start(command);
    session.wait_until("nothing was asked", |session| session.shown().ends_with(": "));
    assert!(!session.echoes(), "the question stands there before the echo is off");
    let pid = i32::try_from(session.child.id()).ok().and_then(rustix::process::Pid::from_raw).expect("its number");
    rustix::process::kill_process(pid, signal).expect("it is there");
    session.wait_until("the echo does not come back", Session::echoes);
    let echoes = session.echoes();
    (session.end(), echoes)
}

/// A program on a terminal of its own.
pub struct Session {
    child: Child,
    master: File,
    shown: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
    /// How much of it [`Session::reply`] has read.
    read: usize,
}

#[allow(dead_code, reason = "the end-to-end tests only look")]
impl Session {
    /// Starts a command of [`WITH_TERMINAL`].
    pub fn start(command: &mut Command) -> Session {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&master).and_then(|()| unlockpt(&master)).expect("the terminal is ours");
        let name = ptsname(&master, Vec::new()).expect("its name").into_string().expect("a UTF-8 path");
        let master = File::from(master);

        let no_ctty = rustix::fs::OFlags::NOCTTY.bits() as i32;
        let line_end = OpenOptions::new().read(true).write(true).custom_flags(no_ctty).open(name);
        command.stdin(Stdio::from(line_end.expect("its other end"))).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().expect("the program starts");
        // The command holds the other end too: without this the reader below never sees its end.
        command.stdin(Stdio::null());

        let shown = Arc::new(Mutex::new(Vec::new()));
        let reader = std::thread::spawn({
            let (mut master, shown) = (master.try_clone().expect("a second handle"), Arc::clone(&shown));
            move || {
                let mut bytes = [0; 1024];
                // The error of a terminal whose last program has gone is its end.
                while let Ok(count @ 1..) = master.read(&mut bytes) {
                    shown.lock().unwrap().extend_from_slice(&bytes[..count]);
                }
            }
        });
        Session { child, master, shown, reader, read: 0 }
    }

    fn echoes(&self) -> bool {
        tcgetattr(&self.master).is_ok_and(|modes| modes.local_modes.contains(LocalModes::ECHO))
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned()
    }

    /// Waits until this is on the terminal, or the program has ended.
    pub fn sees(&self, sign: &str) {
        self.wait_until("what was waited for does not come", |session| session.shown().contains(sign));
    }

    /// Types for all to see, and waits until all of it is there to be read: the terminal echoes what it has taken.
    pub fn types(&mut self, keys: &str) {
        let before = self.shown().len();
        let _ = self.master.write_all(keys.as_bytes());
        self.wait_until("what is typed is not shown", |session| session.shown().len() >= before + keys.len());
    }

    /// Types this once `question` stands there, after what was replied to before.
    #[track_caller]
    pub fn reply(&mut self, question: &str, keys: &str) {
        let from = self.read;
        let at = |session: &Session| session.shown().get(from..).and_then(|rest| rest.find(question));
        self.wait_until(&format!("{question:?} is not asked"), |session| at(session).is_some());
        let Some(found) = at(self) else { panic!("it ended before {question:?}: {:?}", self.shown()) };
        self.read = from + found + question.len();
        let _ = self.master.write_all(keys.as_bytes());
    }

    /// Until this is so, or the program has ended.
    fn wait_until(&self, otherwise: &str, is_so: impl Fn(&Session) -> bool) {
        let started = Instant::now();
        while !is_so(self) && !self.reader.is_finished() {
            assert!(started.elapsed() < LIMIT, "{otherwise}: {:?}", self.shown());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub fn end(self) -> Ended {
        let output = self.child.wait_with_output().expect("the program ends");
        drop(self.master);
        let _ = self.reader.join();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        let shown = text(self.shown.lock().unwrap().clone());
        Ended { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr), shown }
    }
}
