//! A terminal, and somebody at it who types.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
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
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&master).and_then(|()| unlockpt(&master)).expect("the terminal is ours");
    let name = ptsname(&master, Vec::new()).expect("its name").into_string().expect("a UTF-8 path");
    let mut master = File::from(master);

    let no_ctty = rustix::fs::OFlags::NOCTTY.bits() as i32;
    let line_end = OpenOptions::new().read(true).write(true).custom_flags(no_ctty).open(name).expect("its other end");
    command.stdin(Stdio::from(line_end)).stdout(Stdio::piped()).stderr(Stdio::piped());
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
    let is_asked = || {
        let echoes = tcgetattr(&master).is_ok_and(|modes| modes.local_modes.contains(LocalModes::ECHO));
        !echoes && shown.lock().unwrap().ends_with(b": ")
    };
    let started = Instant::now();
    while !is_asked() && !reader.is_finished() {
        assert!(started.elapsed() < LIMIT, "nothing was asked: {:?}", String::from_utf8_lossy(&shown.lock().unwrap()));
        std::thread::sleep(Duration::from_millis(2));
    }
    let _ = master.write_all(format!("{line}\n").as_bytes());
    let output = child.wait_with_output().expect("the program ends");
    drop(master);
    let _ = reader.join();

    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    let shown = text(shown.lock().unwrap().clone());
    assert!(line.is_empty() || !shown.contains(line), "what was typed is on the screen: {shown:?}");
    Ended { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr), shown }
}
