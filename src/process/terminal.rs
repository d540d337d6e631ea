//! A terminal on which a secret is typed: the echo is off before the question appears, and the terminal is restored afterwards,
//! whatever ends the question.
//!
//! A quick answer would otherwise be visible, since the terminal echoes a key when it is pressed, not when it is read.
//! A signal is noted while the echo is off, and delivered once it is on again, as readpassphrase(3) does.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::sync::atomic::{AtomicI32, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

/// The terminal of this process, without an echo until dropped.
pub struct Unseen {
    terminal: File,
    before: Termios,
    _caught: Caught,
}

impl Unseen {
    /// Switches the echo off, and discards what was typed before. Fails if there is no terminal.
    pub fn start() -> io::Result<Unseen> {
        let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
        let before = tcgetattr(&terminal)?;
        let caught = Caught::start();
        let mut modes = before.clone();
        // Key by key: the kernel limits a line to 4,095 characters, and a token may be longer.
        modes.local_modes -= LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON;
        modes.special_codes[SpecialCodeIndex::VMIN] = 1;
        modes.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(&terminal, OptionalActions::Flush, &modes)?;
        Ok(Unseen { terminal, before, _caught: caught })
    }

    pub fn show(&self, text: &str) -> io::Result<()> {
        (&self.terminal).write_all(text.as_bytes())
    }

    /// Returns a reader of what is typed. Reading fails once a signal has come.
    pub fn keys(&self) -> io::Result<impl Read + use<>> {
        self.terminal.try_clone().map(Keys)
    }

    /// Restores the terminal, then delivers a signal that came. Returns true if it did not end this process (Ctrl-Z, and the
    /// shell's `fg`), so that the question has to be asked again.
    pub fn end(self) -> bool {
        drop(self);
        match Signal::from_named_raw(CAUGHT.swap(0, Ordering::SeqCst)) {
            Some(signal) => kill_process(getpid(), signal).is_ok(),
            None => false,
        }
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        // Keys typed for the next question are kept.
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }
}

/// Returns whether a line is typed within this time.
pub fn is_typed_within(patience: std::time::Duration) -> io::Result<bool> {
    let terminal = OpenOptions::new().read(true).open("/dev/tty")?;
    let limit = Timespec { tv_sec: patience.as_secs().try_into().unwrap_or(i64::MAX), tv_nsec: 0 };
    match poll(&mut [PollFd::new(&terminal, PollFlags::IN)], Some(&limit)) {
        Ok(ready) => Ok(ready > 0),
        Err(error) => Err(error.into()),
    }
}

struct Keys(File);

/// How often to look for a signal, since one delivered to another thread does not interrupt a read.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };

impl Read for Keys {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while CAUGHT.load(Ordering::SeqCst) == 0 {
            match poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&LOOK)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => match self.0.read(buffer) {
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    read => return read,
                },
                Err(error) => return Err(error.into()),
            }
        }
        // Not `Interrupted`, which readers try again.
        Err(io::Error::other("a signal came"))
    }
}

/// The last signal that came while the echo was off.
static CAUGHT: AtomicI32 = AtomicI32::new(0);

/// Signals of a terminal, a person or a supervisor that end or stop a process.
const SIGNALS: [Signal; 7] =
    [Signal::INT, Signal::HUP, Signal::QUIT, Signal::TERM, Signal::TSTP, Signal::TTIN, Signal::TTOU];

/// Signals are only noted until this is dropped.
struct Caught(Vec<(Signal, libc::sigaction)>);

impl Caught {
    #[allow(unsafe_code, reason = "what a signal does cannot be changed and put back by a safe call")]
    fn start() -> Caught {
        CAUGHT.store(0, Ordering::SeqCst);
        let mut before = Vec::new();
        for signal in SIGNALS {
            // SAFETY: all zeroes is a valid sigaction: no flags, an empty mask, the default action. The handler only stores a
            // number, which is async-signal-safe (signal-safety(7)).
            unsafe {
                let mut note: libc::sigaction = std::mem::zeroed();
                note.sa_sigaction = on_signal as extern "C" fn(libc::c_int) as libc::sighandler_t;
                let mut old: libc::sigaction = std::mem::zeroed();
                if libc::sigaction(signal.as_raw(), &note, &mut old) != 0 {
                    continue;
                }
                if old.sa_sigaction == libc::SIG_IGN {
                    // As nohup(1) wants it.
                    libc::sigaction(signal.as_raw(), &old, std::ptr::null_mut());
                    continue;
                }
                before.push((signal, old));
            }
        }
        Caught(before)
    }
}

impl Drop for Caught {
    #[allow(unsafe_code, reason = "as above")]
    fn drop(&mut self) {
        for (signal, old) in &self.0 {
            // SAFETY: the action that the system gave us for this very signal.
            unsafe { libc::sigaction(signal.as_raw(), old, std::ptr::null_mut()) };
        }
    }
}

extern "C" fn on_signal(signal: libc::c_int) {
    CAUGHT.store(signal, Ordering::SeqCst);
}
