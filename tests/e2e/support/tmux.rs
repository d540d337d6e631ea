//! A terminal that a test types into and looks at: tmux's, with a server of its own.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::Home;

/// A shell in a terminal of tmux's, with a server of its own.
pub struct Terminal<'a> {
    home: &'a Home,
}

impl Terminal<'_> {
    pub fn open(home: &Home) -> Terminal<'_> {
        Terminal::running(home, "PS1='$ ' sh -i", "$")
    }

    /// The same with another program, which shows `prompt` when it is ready.
    pub fn running<'h>(home: &'h Home, program: &str, prompt: &str) -> Terminal<'h> {
        let terminal = Terminal { home };
        terminal.tmux(&["new-session", "-d", "-x", "150", "-y", "50", program]);
        terminal.shows(prompt);
        terminal
    }

    fn tmux(&self, arguments: &[&str]) -> String {
        let socket = self.home.path("tmux");
        let mut tmux = self.home.program("tmux");
        let output = tmux.arg("-S").arg(socket).args(["-f", "/dev/null"]).args(arguments).env("TERM", "xterm").output();
        let output = output.expect("tmux can be run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("a screen is text")
    }

    /// Types a line.
    pub fn says(&self, line: &str) {
        self.tmux(&["send-keys", "-l", line]);
        self.presses("Enter");
    }

    /// Types this and no more.
    pub fn types(&self, text: &str) {
        self.tmux(&["send-keys", "-l", text]);
    }

    pub fn presses(&self, key: &str) {
        self.tmux(&["send-keys", key]);
    }

    /// Waits until a line of the screen is this text.
    #[track_caller]
    pub fn shows(&self, text: &str) {
        self.waits_for(text, |screen| screen.lines().any(|line| line.trim_end() == text));
    }

    /// Waits until this text is somewhere on the screen.
    #[track_caller]
    pub fn holds(&self, text: &str) {
        self.waits_for(text, |screen| screen.contains(text));
    }

    #[track_caller]
    fn waits_for(&self, text: &str, is_there: impl Fn(&str) -> bool) {
        let started = Instant::now();
        loop {
            let screen = self.tmux(&["capture-pane", "-p"]);
            if is_there(&screen) {
                return;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "{text:?} is not on:\n{screen}");
            sleep(Duration::from_millis(50));
        }
    }

    /// The screen with its colours, as escape sequences.
    pub fn coloured(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-e"])
    }
}

impl Drop for Terminal<'_> {
    fn drop(&mut self) {
        let _ = self.home.program("tmux").arg("-S").arg(self.home.path("tmux")).arg("kill-server").output();
    }
}
