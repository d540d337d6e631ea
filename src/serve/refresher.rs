//! Keeps an endpoint's [`Answers`] valid: a thread that renews credentials, and reports when that begins to fail and when it
//! works again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::answers::Answers;
use super::child_protocol::Fetched;
use super::fetch_child::FetchChild;
use super::keeper::{Event, Keeper, Owner, Profiles, Wanted};
use super::metrics::Metrics;
use crate::acquire::refresh::Outcome;
use crate::acquire::schedule::Life;
use crate::cache::entry::CacheEntry;
use crate::error::{Code, Error, Result};
use crate::time::{self, Timestamp, whole_seconds};

/// A profile that an endpoint serves.
pub struct Served {
    pub name: String,
    /// How long its login may take.
    pub patience: Duration,
    /// Credentials to begin with.
    pub first: Option<CacheEntry>,
}

/// A change that is reported once to the user of the endpoint.
#[derive(Debug)]
pub enum Change<'a> {
    /// Logins have begun to fail. `good_until`: when the current credentials expire.
    Fails { profile: &'a str, error: &'a Error, good_until: Option<Timestamp> },
    /// Logins work again.
    Works { profile: &'a str, good_until: Timestamp },
}

/// Reports a change.
pub type Tell = Box<dyn Fn(&Change<'_>) + Send>;

/// Starts the thread, which ends with the process.
pub fn start(
    profiles: Vec<Served>,
    child: FetchChild,
    metrics: Option<Arc<Metrics>>,
    tell: Tell,
) -> Result<Vec<Arc<Answers>>> {
    let keeper = Keeper::new(child, metrics.clone());
    let mut refresher = Refresher { answers: Vec::new(), new: None, failing: BTreeSet::new(), tell };
    let mut wanted = BTreeMap::new();
    for Served { name, patience, first } in profiles {
        let wake = keeper.sender();
        // A full channel has woken it already.
        let answers = Answers::new(name.clone(), move || drop(wake.try_send(Event::Look)));
        if let Some(first) = &first {
            answers.put(first)?;
        }
        let answers = Arc::new(answers);
        if let Some(metrics) = &metrics {
            metrics.answers(&answers);
        }
        refresher.answers.push(answers);
        let life = first.map(|first| Life { issued: first.issued, expires: first.credentials.expiration });
        let from = life.map(|life| life.next_refresh(time::now(), None, None));
        wanted.insert(name, Wanted { patience, from });
    }
    refresher.new = Some(wanted);
    let answers = refresher.answers.clone();
    std::thread::Builder::new()
        .name("refresher".into())
        .stack_size(256 << 10)
        .spawn(move || keeper.run(&mut refresher))
        .map_err(|e| Error::new(Code::Bug, "no thread can be started").because(e.to_string()))?;
    Ok(answers)
}

struct Refresher {
    answers: Vec<Arc<Answers>>,
    /// The profiles, until the keeper has asked for them.
    new: Option<BTreeMap<String, Wanted>>,
    failing: BTreeSet<String>,
    tell: Tell,
}

impl Owner for Refresher {
    fn profiles(&mut self) -> Profiles {
        self.new.take().map_or(Profiles::AsBefore, Profiles::Anew)
    }

    fn fetched(&mut self, profile: &str, fetched: Fetched) -> Result<()> {
        let Fetched { refreshed, entry, tally: _ } = fetched;
        let answers = self.answers.iter().find(|answers| answers.profile == profile);
        let put = answers.zip(entry.as_ref()).map(|(answers, entry)| answers.put(entry)).transpose();
        let error = match (refreshed.outcome, put) {
            (Outcome::Failed(error), _) | (Outcome::Fresh | Outcome::Refreshed, Err(error)) => error,
            (Outcome::Fresh | Outcome::Refreshed, Ok(_)) => {
                let Some(good_until) = refreshed.until else { return Ok(()) };
                tracing::info!(profile, until = %whole_seconds(good_until), "credentials");
                if self.failing.remove(profile) {
                    (self.tell)(&Change::Works { profile, good_until });
                }
                return Ok(());
            }
        };
        tracing::warn!(profile, %error, "no new credentials");
        if self.failing.insert(profile.to_owned()) {
            let good_until = answers.and_then(|answers| answers.good_until());
            (self.tell)(&Change::Fails { profile, error: &error, good_until });
        }
        if let Some(answers) = answers {
            answers.fail(error);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::super::answers::tests::entry;
    use super::*;
    use crate::acquire::refresh::Refreshed;

    #[test]
    fn failures_are_told_when_they_begin_and_when_they_end() {
        let (told, tells) = channel();
        let tell: Tell = Box::new(move |change| {
            told.send(match change {
                Change::Fails { error, good_until, .. } => format!("{} {}", error.what, good_until.is_some()),
                Change::Works { profile, .. } => format!("{profile} works"),
            })
            .unwrap();
        });
        let answers = Arc::new(Answers::new("dev".into(), || {}));
        let mut refresher = Refresher { answers: vec![answers.clone()], new: None, failing: BTreeSet::new(), tell };
        let mut fetched = |outcome, entry: Option<CacheEntry>| {
            let until = entry.as_ref().map(|entry| entry.credentials.expiration);
            let refreshed = Refreshed { outcome, until, next: time::now() };
            refresher.fetched("dev", Fetched { refreshed, entry, tally: None }).unwrap();
        };
        let fails = |what: &str| Outcome::Failed(Error::new(Code::Connect, what));
        fetched(fails("at the start"), None);
        fetched(fails("still"), None);
        assert!(!answers.is_valid());
        fetched(Outcome::Refreshed, Some(entry(3600)));
        fetched(Outcome::Fresh, Some(entry(3600)));
        assert!(answers.is_valid());
        fetched(fails("later"), Some(entry(600)));
        assert!(answers.is_valid(), "what is there is handed out as long as it is good");
        drop(refresher);
        assert_eq!(tells.iter().collect::<Vec<_>>(), ["at the start false", "dev works", "later true"]);
    }
}
