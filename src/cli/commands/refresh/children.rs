//! Refreshes in processes of their own: `fedcred refresh --json -- PROFILE`, which answers with one [`Line`].

use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::line::Line;
use crate::cli::args::Global;
use crate::config::Config;
use crate::error::{Code, Error, Result};
use crate::process::own;
use crate::time::Deadline;

/// So many at a time. Profiles of one login wait for each other, each under its own deadline: too many would wait in vain.
pub const AT_ONCE: usize = 4;

/// What a process takes besides its login, before it is given up.
const BESIDES: Duration = Duration::from_secs(10);

pub struct Children {
    /// The global flags that we were given.
    flags: Vec<OsString>,
    is_stopped: AtomicBool,
}

impl Children {
    pub fn new(global: &Global) -> Self {
        Children { flags: global.as_arguments(), is_stopped: AtomicBool::new(false) }
    }

    /// Refreshes the profile in a process of its own, and waits for it.
    pub fn refresh(&self, config: &Config, name: &str) -> Line {
        let asked = config.profile(name).and_then(|profile| self.ask(name, profile.deadline + BESIDES));
        asked.unwrap_or_else(|error| Line::failed(name, error))
    }

    /// Ends those that run now and later.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    fn ask(&self, name: &str, limit: Duration) -> Result<Line> {
        let mut arguments = self.flags.clone();
        arguments.extend(["refresh", "--json", "--", name].map(OsString::from));
        let answer = own::output(&arguments, &Deadline::after(limit), &self.is_stopped)?;
        serde_json::from_slice(&answer)
            .map_err(|e| Error::new(Code::Bug, "fedcred does not understand its own answer").because(e.to_string()))
    }
}
