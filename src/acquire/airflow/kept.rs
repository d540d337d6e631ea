//! A text out of a secrets backend, kept sealed: read without asking anybody, and asked for anew by one process for all.

use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::acquire::flight::{Flight, Known, Login, NoResult, acquire, acquire_anywhere};
use crate::acquire::key::LoginSettings;
use crate::acquire::memory::{Memory, Wanted};
use crate::acquire::place::LoginPlace;
use crate::acquire::policy::Policy;
use crate::acquire::storage::{self, Storage};
use crate::attempt::Ledger;
use crate::cache::key::{CacheKey, Kind, LoginKey};
use crate::cache::record::{self, Record, SealedStore};
use crate::cache::sealing_key::SealingKey;
use crate::config::cache::CacheSettings;
use crate::error::{Code, Error, Result, Step};
use crate::process::env::Env;
use crate::secret::Secret;
use crate::time::{self, Deadline, Timestamp};

/// How a text may be obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// From the cache only.
    Offline,
    /// From the cache, or else from the backend.
    Kept,
    /// From the backend within this time, or else from the cache.
    Early(Duration),
    /// From the backend.
    Anew,
    /// From the backend, without reading or writing the cache.
    Unkept,
    /// Not at all: what is cached is removed.
    Forget,
}

/// A text in the cache.
struct Text {
    came: Timestamp,
    /// The number of the question that brought it, as in [`crate::cache::entry::CacheEntry::generation`].
    generation: u64,
    /// `None`: the backend has no such secret.
    text: Option<Secret>,
}

impl Record for Text {
    const KIND: Kind = Kind::Text;
    type Key = LoginKey;

    fn body(&self) -> Result<Zeroizing<Vec<u8>>> {
        let (came, generation) = (record::seconds(self.came), self.generation.to_be_bytes());
        Ok(match &self.text {
            Some(text) => record::join(&[&came, &generation, text.expose().as_bytes()]),
            None => record::join(&[&came, &generation]),
        })
    }

    fn of_body(body: &[u8], _: Timestamp) -> Option<Self> {
        let (came, generation, text) = match record::split(body) {
            Some([came, generation, text]) => (came, generation, Some(std::str::from_utf8(text).ok()?)),
            None => record::split(body).map(|[came, generation]| (came, generation, None))?,
        };
        let generation = u64::from_be_bytes(generation.try_into().ok()?);
        let text = text.map(|text| Secret::new(text.to_owned()));
        Some(Text { came: record::time_of(came)?, generation, text })
    }
}

/// A text, and when it came if it was cached before; `None`: it came just now.
pub type Dated = (Option<Secret>, Option<Timestamp>);

/// The place of one text.
pub struct Shelf(LoginPlace);

impl Shelf {
    /// Returns the place under the key that `key` makes; `None` if nothing can be kept, or if it is unknown who asks.
    pub fn of(
        settings: &CacheSettings,
        env: &Env,
        key: impl Fn(&SealingKey) -> Option<LoginKey>,
    ) -> Result<Option<Shelf>> {
        // A hit looks at nothing else.
        if let Some(Ok(Some(store))) = storage::configured(settings).map(Storage::existing)
            && let Some(key) = key(&store.sealing)
        {
            let shelf = Shelf::at(store, key);
            if shelf.is_used() {
                return Ok(Some(shelf));
            }
        }
        let Some(storage) = storage::choose(settings, env)?.storage else { return Ok(None) };
        match storage.open()? {
            Ok(store) => Ok(key(&store.sealing).map(|key| Shelf::at(store, key))),
            Err(why) => {
                tracing::info!(%why, "the connection is not cached: there is no sealing key");
                Ok(None)
            }
        }
    }

    fn at(store: SealedStore, login: LoginKey) -> Shelf {
        // Each text is the only result of its own login.
        let result = CacheKey::from(*login.as_bytes());
        Shelf(LoginPlace {
            store: Arc::new(store),
            login,
            wanted: Wanted { result, settings: LoginSettings(result) },
            fleet: None,
        })
    }

    /// Whether a text is cached there.
    pub fn is_used(&self) -> bool {
        self.0.store.files.path(&record::name::<Text>(&self.0.login)).exists()
    }

    /// Returns the text. `ask` asks the backend within the deadline that it is given; `whole` limits everything.
    pub fn text(
        &self,
        reading: Reading,
        whole: Duration,
        ask: impl Fn(&dyn Ledger, &Deadline) -> Result<Option<Secret>>,
    ) -> Result<Dated> {
        let kept = read(&self.0)?;
        let asking = |is_early| Asking { place: &self.0, had: kept.is_some(), is_early, ask: &ask };
        match (reading, &kept) {
            (Reading::Forget, _) => {
                for name in self.0.store.files.of_login(&self.0.login)? {
                    self.0.store.files.remove(&name)?;
                }
                return Ok((None, None));
            }
            (Reading::Early(patience), Some(_)) => {
                let deadline = Deadline::after(patience.min(whole));
                match acquire(&asking(true), &self.0, &Policy::early(Duration::ZERO), &deadline) {
                    Ok(Some(text)) => return Ok((text, None)),
                    // Another process is asking, or an attempt failed a short while ago.
                    Ok(None) => {}
                    Err(NoResult::Place(why) | NoResult::Login(why)) => {
                        tracing::warn!(%why, "the connection cannot be read again; the cached one is used");
                    }
                }
            }
            (Reading::Offline | Reading::Kept, Some(_)) => {}
            (Reading::Offline, None) => return Err(not_read()),
            (Reading::Early(_) | Reading::Kept, None) | (Reading::Anew | Reading::Unkept, _) => {
                let places = [(Ok(&self.0), true)];
                let text = acquire_anywhere(&asking(false), places, &Policy::TEXT, &Deadline::after(whole))?;
                return Ok((text, None));
            }
        }
        kept.map(|kept| (kept.text, Some(kept.came))).ok_or_else(not_read)
    }
}

/// Reads what is cached. A text dated ahead, by a clock that was wrong, counts as none.
fn read(place: &LoginPlace) -> Result<Option<Text>> {
    Ok(place.store.get(&place.login)?.filter(|kept: &Text| kept.came <= time::now()))
}

/// The question to a backend, asked by one process for all that want the text. The credentials for it are another login's, and a
/// proxy's password is counted when it is sent, so it names no secret of its own.
struct Asking<'a, A> {
    place: &'a LoginPlace,
    /// A text was cached at the first look.
    had: bool,
    is_early: bool,
    ask: &'a A,
}

impl<A: Fn(&dyn Ledger, &Deadline) -> Result<Option<Secret>>> Flight for Asking<'_, A> {
    type Brought = Option<Secret>;
    type Prepared = ();

    fn found(&self, known: &Known<'_>) -> Result<Option<Option<Secret>>> {
        let kept = read(self.place)?.filter(|kept| !self.had || known.is_news(kept.generation));
        Ok(kept.map(|kept| kept.text))
    }

    fn rests(&self, place: &LoginPlace, memory: &Memory) -> bool {
        let now = time::now();
        self.is_early && memory.last_failure(&place.wanted, now).is_some_and(|failure| failure.last.puts_off(now))
    }

    fn prepare(&self, _: &Known<'_>, _: &Deadline) -> Result<()> {
        Ok(())
    }

    fn log_in(&self, (): (), login: &Login<'_>) -> Result<Option<Secret>> {
        // Whatever it failed with, the next answer ends it: this never waits for a login by hand.
        let failed = |error| Error { step: Some(Step::IdentityProvider), ..error };
        let text = (self.ask)(login.ledger, login.deadline).map_err(failed)?;
        let kept = Text { came: time::now(), generation: login.generation, text: text.as_ref().map(Secret::duplicate) };
        if let Some(Err(why)) = login.place.map(|place| place.store.put(&place.login, &place.login, &kept)) {
            tracing::warn!(%why, "the connection is not cached");
        }
        Ok(text)
    }

    /// Without a cache the answer costs one more call.
    fn unlocked(&self, _: Option<Error>) -> Result<()> {
        Ok(())
    }
}

/// Returns the error of [`Reading::Offline`] for a text that was never read.
pub fn not_read() -> Error {
    Error::new(Code::AirflowUnread, "the Airflow connection has not been read from the secrets backend yet")
}

pub fn is_not_read(error: &Error) -> bool {
    error.code == Code::AirflowUnread
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::cache::file_store::FileStore;
    use crate::cache::key::KeyBuilder;

    fn shelf(dir: &std::path::Path) -> Shelf {
        let sealing = SealingKey::from_bytes([7; 32]);
        let key = KeyBuilder::new(&sealing).field("of", "a test").login_key();
        Shelf::at(SealedStore::new(FileStore::new(dir.join("cache")), sealing), key)
    }

    #[test]
    fn what_is_kept_is_taken_until_it_is_wanted_anew_and_outlives_an_outage_ahead_of_time() {
        let home = tempfile::tempdir().unwrap();
        let shelf = shelf(home.path());
        let asked = Cell::new(0);
        let read = |reading, answer: std::result::Result<Option<&str>, Code>| {
            let ask = |_: &dyn Ledger, _: &Deadline| {
                asked.set(asked.get() + 1);
                answer.map(|text| text.map(|text| Secret::new(text.into()))).map_err(|code| Error::new(code, "down"))
            };
            let text = shelf.text(reading, Duration::from_secs(5), ask);
            text.map(|(text, since)| (text.map(|text| text.expose().to_owned()), since.is_some())).map_err(|e| e.code)
        };
        let early = Reading::Early(Duration::from_secs(5));
        let text = |text: &str, is_kept| Ok((Some(text.to_owned()), is_kept));
        // what is wanted, what the backend would say, what comes, calls so far
        let table = [
            (Reading::Offline, Ok(Some("a")), Err(Code::AirflowUnread), 0),
            (Reading::Kept, Err(Code::Connect), Err(Code::Connect), 1),
            (Reading::Kept, Ok(Some("a")), text("a", false), 2),
            (Reading::Kept, Ok(Some("b")), text("a", true), 2),
            (Reading::Offline, Ok(Some("b")), text("a", true), 2),
            (early, Err(Code::Connect), text("a", true), 3),
            (early, Ok(Some("b")), text("a", true), 3), // it failed just now
            (Reading::Anew, Err(Code::Connect), Err(Code::Connect), 4),
            (Reading::Anew, Ok(Some("b")), text("b", false), 5),
            (early, Ok(None), Ok((None, false)), 6), // the secret is gone, which is known from now on
            (Reading::Kept, Ok(Some("c")), Ok((None, true)), 6),
            (Reading::Forget, Ok(Some("c")), Ok((None, false)), 6),
            (Reading::Kept, Ok(Some("c")), text("c", false), 7),
        ];
        for (row, (reading, answer, expected, calls)) in table.into_iter().enumerate() {
            assert_eq!((read(reading, answer), asked.get()), (expected, calls), "row {row}");
        }
    }

    #[test]
    fn a_crowd_asks_once() {
        let home = tempfile::tempdir().unwrap();
        let calls = std::sync::atomic::AtomicUsize::new(0);
        let ask = |_: &dyn Ledger, _: &Deadline| {
            calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            time::pause(Duration::from_millis(200));
            Ok(Some(Secret::new("a".into())))
        };
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let (text, _) = shelf(home.path()).text(Reading::Kept, Duration::from_secs(20), ask).unwrap();
                    assert_eq!(text.unwrap().expose(), "a");
                });
            }
        });
        // A thread that is started late finds it kept, or asks for itself after all have gone.
        assert!(calls.into_inner() < 8);
    }
}
