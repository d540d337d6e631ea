//! `fedcred refresh --loop`: each profile is renewed when its turn comes, until a signal says stop.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, SystemTime};

use super::children::{AT_ONCE, Children};
use super::line::Line;
use super::plan::Plan;
use crate::cli::args::{Global, Refresh};
use crate::cli::{output, report};
use crate::config::Config;
use crate::config::env::Env;
use crate::error::{Code, Error, Result};
use crate::time::{self, Deadline};

/// A login that is under way when the signal comes may end in this time, so that its secret gets an answer.
const FAREWELL: Duration = Duration::from_millis(500);
/// What was killed is gone after this.
const BURIAL: Duration = Duration::from_millis(300);

/// What wakes the loop before its time.
enum Event {
    Stop,
    Ended(Line),
}

pub fn run(command: &Refresh, global: &Global, env: &Env) -> Result<()> {
    let (sender, events) = mpsc::channel();
    let on_signal = sender.clone();
    // Nobody listens any more: then it has stopped already.
    let handler = move || drop(on_signal.send(Event::Stop));
    ctrlc::set_handler(handler)
        .map_err(|e| Error::new(Code::Bug, "signals cannot be caught").because(e.to_string()))?;
    Loop::new(command, global, env, sender)?.run(&events)
}

struct Loop<'a> {
    command: &'a Refresh,
    global: &'a Global,
    env: &'a Env,
    settings: Settings,
    plan: Plan,
    children: Arc<Children>,
    sender: Sender<Event>,
}

/// The configuration that was read last, and how its files looked then.
struct Settings {
    config: Arc<Config>,
    files: Vec<(PathBuf, Option<(SystemTime, u64)>)>,
    /// It was changed to something that does not read.
    is_broken: bool,
}

impl<'a> Loop<'a> {
    fn new(command: &'a Refresh, global: &'a Global, env: &'a Env, sender: Sender<Event>) -> Result<Self> {
        let config = load(global, env)?;
        let mut plan = Plan::default();
        plan.start_over(super::names(command, &config, env));
        let settings = Settings { files: files(&config), config: Arc::new(config), is_broken: false };
        Ok(Loop { command, global, env, settings, plan, children: Arc::new(Children::new(global)), sender })
    }

    fn run(mut self, events: &Receiver<Event>) -> Result<()> {
        loop {
            self.look_at_settings();
            let now = time::now();
            if !self.settings.is_broken {
                for name in self.plan.begin(now, AT_ONCE) {
                    self.start(name);
                }
            }
            match events.recv_timeout(self.plan.sleep(now)) {
                Ok(Event::Ended(line)) => self.ended(&line)?,
                Ok(Event::Stop) => break,
                Err(_) => {}
            }
        }
        self.stop(events)
    }

    fn start(&self, name: String) {
        let (children, config, sender) = (self.children.clone(), self.settings.config.clone(), self.sender.clone());
        // Nobody listens: then the loop has ended.
        thread::spawn(move || drop(sender.send(Event::Ended(children.refresh(&config, &name)))));
    }

    fn ended(&mut self, line: &Line) -> Result<()> {
        let now = time::now();
        self.plan.end(&line.profile, line.next_refresh, now);
        if self.command.json { output::json_lines([line]) } else { output::line(line.log(now)) }
    }

    /// Reads the configuration again when a file of it changed. One that does not read is told once, and then nothing is
    /// begun until it changes again: what is cached lives on.
    fn look_at_settings(&mut self) {
        let files = files(&self.settings.config);
        if files == self.settings.files {
            return;
        }
        self.settings.files = files;
        match load(self.global, self.env) {
            Ok(config) => {
                self.plan.start_over(super::names(self.command, &config, self.env));
                self.settings.config = Arc::new(config);
                self.settings.is_broken = false;
            }
            Err(error) => {
                self.settings.is_broken = true;
                output::to_stderr(&report::text(&error));
            }
        }
    }

    fn stop(mut self, events: &Receiver<Event>) -> Result<()> {
        let deadline = Deadline::after(FAREWELL);
        while self.plan.running() > 0 && !deadline.has_passed() {
            if let Ok(Event::Ended(line)) = events.recv_timeout(deadline.remaining()) {
                self.ended(&line)?;
            }
        }
        self.children.stop();
        // What these say now is only that they were ended.
        let deadline = Deadline::after(BURIAL);
        while self.plan.running() > 0 && !deadline.has_passed() {
            if let Ok(Event::Ended(line)) = events.recv_timeout(deadline.remaining()) {
                self.plan.end(&line.profile, line.next_refresh, time::now());
            }
        }
        Ok(())
    }
}

fn load(global: &Global, env: &Env) -> Result<Config> {
    let config = Config::load(env, global.config.as_deref())?;
    config.cache()?;
    Ok(config)
}

fn files(config: &Config) -> Vec<(PathBuf, Option<(SystemTime, u64)>)> {
    let look = |path: PathBuf| {
        let seen = path.metadata().ok().and_then(|file| Some((file.modified().ok()?, file.len())));
        (path, seen)
    };
    config.paths().files.into_iter().map(|file| look(file.path)).collect()
}
