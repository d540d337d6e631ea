//! Keeps profiles' credentials renewed for as long as a process lives: the one loop of `serve`, `exec` and `refresh --loop`.
//!
//! Each profile is renewed when its turn comes, by a child process. An [`Owner`] names the profiles and takes the results.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use super::child_protocol::Fetched;
use super::fetch_child::{self, FetchChild};
use super::metrics::Metrics;
use super::plan::Plan;
use crate::acquire::refresh::Outcome;
use crate::acquire::schedule::{Ceiling, LastFailure};
use crate::error::{Code, Error, Result};
use crate::random;
use crate::time::{self, Deadline, Timestamp};

/// Names the profiles to keep, and takes their results.
pub trait Owner {
    /// Called before each round: which profiles to keep from now on.
    fn profiles(&mut self) -> Profiles;

    /// Takes the result of one profile. An error ends the loop.
    fn fetched(&mut self, profile: &str, fetched: Fetched) -> Result<()>;
}

/// What an [`Owner`] wants kept.
pub enum Profiles {
    AsBefore,
    /// These and no others, each renewed at once or from its time on, since settings may have changed.
    Anew(BTreeMap<String, Wanted>),
    /// Start no renewal for the time being.
    Nothing,
}

/// How a profile is kept.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// How long a login may take.
    pub patience: Duration,
    /// When its first turn comes; `None`: now.
    pub from: Option<Timestamp>,
}

impl Wanted {
    pub fn now(patience: Duration) -> Self {
        Wanted { patience, from: None }
    }
}

/// An event that wakes the loop.
pub enum Event {
    /// End.
    Stop,
    /// A request found no valid credentials: the clock may have jumped.
    Look,
    Fetched {
        profile: String,
        fetched: Box<Fetched>,
    },
}

/// Limit of renewals at a time. Profiles of one login wait for each other, each under its own deadline, so too many would time
/// out.
pub const AT_ONCE: usize = 4;

/// How long a running login may take to end when the loop stops, so that its secret gets an answer.
const FAREWELL: Duration = Duration::from_millis(500);
/// How long to wait for killed children.
const BURIAL: Duration = Duration::from_millis(300);
/// Stack of a thread that waits for a child.
const STACK: usize = 256 << 10;

pub struct Keeper {
    plan: Plan,
    child: Arc<FetchChild>,
    wanted: BTreeMap<String, Wanted>,
    /// Failures in a row, counted here too since a child may have no place to remember them.
    failures: BTreeMap<String, u32>,
    metrics: Option<Arc<Metrics>>,
    sender: SyncSender<Event>,
    events: Receiver<Event>,
}

impl Keeper {
    /// `metrics`: counts the results, if given.
    pub fn new(child: FetchChild, metrics: Option<Arc<Metrics>>) -> Self {
        let (sender, events) = sync_channel(64);
        let (wanted, failures) = (BTreeMap::new(), BTreeMap::new());
        Keeper { plan: Plan::default(), child: Arc::new(child), wanted, failures, metrics, sender, events }
    }

    /// Returns a sender of events.
    pub fn sender(&self) -> SyncSender<Event> {
        self.sender.clone()
    }

    /// Runs until [`Event::Stop`].
    pub fn run(mut self, owner: &mut dyn Owner) -> Result<()> {
        loop {
            let now = time::now();
            let may_begin = match owner.profiles() {
                Profiles::AsBefore => true,
                Profiles::Anew(profiles) => {
                    self.plan.start_over(profiles.iter().map(|(name, wanted)| (name.clone(), wanted.from)), now);
                    if let Some(metrics) = &self.metrics {
                        metrics.keep(profiles.keys());
                    }
                    self.wanted = profiles;
                    true
                }
                Profiles::Nothing => false,
            };
            if may_begin {
                for profile in self.plan.begin(now, AT_ONCE) {
                    self.begin(profile);
                }
            }
            match self.events.recv_timeout(self.plan.sleep(now)) {
                Ok(Event::Fetched { profile, fetched }) => self.fetched(owner, &profile, *fetched)?,
                Ok(Event::Stop) => return self.stop(owner),
                Ok(Event::Look) | Err(_) => {}
            }
        }
    }

    fn begin(&self, profile: String) {
        let patience = self.wanted.get(&profile).map_or(Duration::ZERO, |wanted| wanted.patience);
        let (child, sender, name) = (self.child.clone(), self.sender.clone(), profile.clone());
        let fetch = move || {
            let fetched = Box::new(child.fetch(&name, patience));
            // Sending fails if the loop has ended.
            drop(sender.send(Event::Fetched { profile: name, fetched }));
        };
        if let Err(why) = thread::Builder::new().name("fetch".into()).stack_size(STACK).spawn(fetch) {
            let error = Error::new(Code::Bug, "no thread can be started").because(why.to_string());
            // Sent as a child's report; a full channel wakes the loop anyway.
            drop(self.sender.try_send(Event::Fetched { profile, fetched: Box::new(fetch_child::failed(error)) }));
        }
    }

    fn fetched(&mut self, owner: &mut dyn Owner, profile: &str, mut fetched: Fetched) -> Result<()> {
        let now = time::now();
        match &fetched.refreshed.outcome {
            Outcome::Failed(_) => {
                let count = self.failures.entry(profile.to_owned()).or_default();
                *count = count.saturating_add(1);
                fetched.refreshed.next = fetched.refreshed.next.max(not_before(*count, now));
            }
            Outcome::Fresh | Outcome::Refreshed => {
                self.failures.remove(profile);
            }
        }
        self.plan.end(profile, fetched.refreshed.next, now);
        if let Some(metrics) = &self.metrics {
            metrics.fetched(profile, &fetched, now);
        }
        owner.fetched(profile, fetched)
    }

    fn stop(mut self, owner: &mut dyn Owner) -> Result<()> {
        let deadline = Deadline::after(FAREWELL);
        while self.plan.running() > 0 && !deadline.has_passed() {
            if let Ok(Event::Fetched { profile, fetched }) = self.events.recv_timeout(deadline.remaining()) {
                self.fetched(owner, &profile, *fetched)?;
            }
        }
        self.child.stop();
        // Later reports only tell that the children were ended.
        let deadline = Deadline::after(BURIAL);
        while self.plan.running() > 0 && !deadline.has_passed() {
            if let Ok(Event::Fetched { profile, fetched }) = self.events.recv_timeout(deadline.remaining()) {
                self.plan.end(&profile, fetched.refreshed.next, time::now());
            }
        }
        Ok(())
    }
}

/// Returns the earliest next attempt after so many failures in a row.
fn not_before(count: u32, now: Timestamp) -> Timestamp {
    LastFailure { at: now, count, ceiling: Ceiling::Outage, jitter: random::jitter() }.retry_at()
}
