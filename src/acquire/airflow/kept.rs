//! A text out of a secrets backend, kept sealed: read without asking anybody, and asked for anew under a lock of its own.

use std::time::Duration;

use zeroize::Zeroizing;

use crate::acquire::storage::{self, Storage};
use crate::cache::key::{Kind, LoginKey};
use crate::cache::lock::{Attempt, Lock};
use crate::cache::master_key::SealingKey;
use crate::cache::record::{self, Record, SealedStore};
use crate::config::cache::CacheSettings;
use crate::config::env::Env;
use crate::error::{Code, Error, Result};
use crate::secret::Secret;
use crate::time::{self, Deadline, Timestamp};

/// What may be done to have a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Nobody is asked.
    Offline,
    /// What is kept will do; where nothing is, the backend is asked.
    Kept,
    /// The backend is asked, within so long, and whatever goes wrong, what is kept is still good.
    Early(Duration),
    /// The backend is asked.
    Anew,
    /// The backend is asked, and nothing is looked at or left.
    Unkept,
    /// What is kept is removed.
    Forget,
}

/// After a try that failed, one ahead of time waits so long.
const NEXT_EARLY_TRY: Duration = Duration::from_secs(300);

/// The place of one text.
pub struct Shelf {
    store: SealedStore,
    key: LoginKey,
}

/// A text as it is kept, and the last try to read it.
struct Kept {
    /// When it came, and what it was; `None`: that there is no such secret.
    text: Option<(Timestamp, Option<Secret>)>,
    tried: Timestamp,
    failure: Option<Error>,
}

impl Record for Kept {
    const KIND: Kind = Kind::Text;
    type Key = LoginKey;

    fn until(&self, now: Timestamp) -> Timestamp {
        record::unused(now)
    }

    fn body(&self) -> Result<Zeroizing<Vec<u8>>> {
        let dates = serde_json::to_vec(&(self.text.as_ref().map(|(came, _)| came), self.tried, &self.failure));
        let dates =
            dates.map_err(|e| Error::new(Code::Bug, "a text cannot be written as JSON").because(e.to_string()))?;
        Ok(match &self.text {
            Some((_, Some(text))) => record::join(&[&dates, text.expose().as_bytes()]),
            Some((_, None)) | None => record::join(&[&dates]),
        })
    }

    fn of_body(body: &[u8], _: Timestamp) -> Option<Self> {
        let (dates, text) = match record::split::<2>(body) {
            Some([dates, text]) => (dates, Some(Secret::new(std::str::from_utf8(text).ok()?.to_owned()))),
            None => (record::split::<1>(body)?[0], None),
        };
        let (came, tried, failure): (Option<Timestamp>, _, _) = serde_json::from_slice(dates).ok()?;
        Some(Kept { text: came.map(|came| (came, text)), tried, failure })
    }
}

/// A text, and since when it has been kept; absent: it came just now.
pub type Dated = (Option<Secret>, Option<Timestamp>);

impl Shelf {
    /// The place whose key `key` makes; `None` where nothing can be kept, or where it cannot be told who asks.
    pub fn of(
        settings: &CacheSettings,
        env: &Env,
        key: impl Fn(&SealingKey) -> Option<LoginKey>,
    ) -> Result<Option<Shelf>> {
        // As a hit does: where there is one, nothing else is looked at.
        if let Some(Ok(Some(store))) = storage::configured(settings).map(Storage::existing)
            && let Some(key) = key(&store.sealing)
        {
            let shelf = Shelf { store, key };
            if shelf.is_used() {
                return Ok(Some(shelf));
            }
        }
        let Some(storage) = storage::choose(settings, env)?.storage else { return Ok(None) };
        match storage.open()? {
            Ok(store) => Ok(key(&store.sealing).map(|key| Shelf { store, key })),
            Err(why) => {
                tracing::info!(%why, "the connection's text is not kept: no sealing key");
                Ok(None)
            }
        }
    }

    /// Whether anything is kept there.
    pub fn is_used(&self) -> bool {
        self.store.files.path(&record::name::<Kept>(&self.key)).exists()
    }

    /// The text as `reading` wants it; `ask` asks the backend, within the deadline it is given. `whole` bounds everything.
    pub fn text(
        &self,
        reading: Reading,
        whole: Duration,
        ask: impl FnOnce(&Deadline) -> Result<Option<Secret>>,
    ) -> Result<Dated> {
        let began = time::now();
        let kept = self.read()?;
        let is_first = kept.is_none();
        match (reading, kept) {
            (Reading::Forget, _) => {
                self.store.remove::<Kept>(&self.key)?;
                Ok((None, None))
            }
            (Reading::Offline | Reading::Kept, Some(Kept { text: Some((came, text)), .. })) => Ok((text, Some(came))),
            (Reading::Offline, _) => Err(not_read()),
            (Reading::Early(patience), Some(Kept { text: Some((came, text)), tried, .. })) => {
                let deadline = Deadline::after(patience.min(whole));
                match self.early(tried, &deadline, ask) {
                    Ok(Some(text)) => Ok((text, None)),
                    Ok(None) => Ok((text, Some(came))),
                    Err(why) => {
                        tracing::warn!(%why, "the connection is not read anew; what is kept of it is still good");
                        Ok((text, Some(came)))
                    }
                }
            }
            (Reading::Early(_) | Reading::Kept | Reading::Anew | Reading::Unkept, _) => {
                self.cold(|kept| is_first || kept.tried > began, &Deadline::after(whole), ask).map(|text| (text, None))
            }
        }
    }

    /// `Ok(None)`: somebody else is at it, or a try failed a short while ago.
    fn early(
        &self,
        tried: Timestamp,
        deadline: &Deadline,
        ask: impl FnOnce(&Deadline) -> Result<Option<Secret>>,
    ) -> Result<Option<Option<Secret>>> {
        let failed_just_now = |kept: &Kept| {
            let since = time::now().duration_since(kept.tried);
            kept.failure.is_some() && !since.is_negative() && since.unsigned_abs() < NEXT_EARLY_TRY
        };
        let Some(_lock) = self.lock(&Deadline::after(Duration::ZERO), deadline)? else { return Ok(None) };
        match self.read()? {
            // One of a crowd has just read it.
            Some(Kept { text: Some((_, text)), tried: later, failure: None }) if later > tried => Ok(Some(text)),
            Some(kept) if failed_just_now(&kept) => Ok(None),
            _ => self.asked(ask(deadline)).map(Some),
        }
    }

    /// `is_for_us`: of what is found once the lock is had, whether it was read while we waited, for us as well.
    fn cold(
        &self,
        is_for_us: impl Fn(&Kept) -> bool,
        deadline: &Deadline,
        ask: impl FnOnce(&Deadline) -> Result<Option<Secret>>,
    ) -> Result<Option<Secret>> {
        let lock = match self.lock(deadline, deadline) {
            Ok(Some(lock)) => Some(lock),
            Ok(None) => {
                let what = "another process reads the Airflow connection, and was waited for in vain";
                return Err(Error::new(Code::LockTimeout, what));
            }
            // A cache that cannot be written costs a call, not the answer.
            Err(why) if why.code != Code::InsecurePermissions => {
                tracing::info!(%why, "the connection is read without a lock");
                None
            }
            Err(error) => return Err(error),
        };
        match self.read()?.filter(|kept| lock.is_some() && is_for_us(kept)) {
            Some(Kept { failure: Some(error), .. }) => Err(error),
            Some(Kept { text: Some((_, text)), .. }) => Ok(text),
            _ => self.asked(ask(deadline)),
        }
    }

    /// Leaves what came of asking for others.
    fn asked(&self, answer: Result<Option<Secret>>) -> Result<Option<Secret>> {
        let now = time::now();
        let (text, failure) = match &answer {
            Ok(text) => (Some((now, text.as_ref().map(Secret::duplicate))), None),
            Err(error) => (self.read()?.and_then(|kept| kept.text), Some(error.clone())),
        };
        if let Err(why) = self.write(&Kept { text, tried: now, failure }) {
            tracing::warn!(%why, "the connection's text is not kept");
        }
        answer
    }

    fn lock(&self, wait: &Deadline, work: &Deadline) -> Result<Option<Lock>> {
        match Lock::acquire(&self.store.files, &self.key, wait, time::after(work.remaining()))? {
            Attempt::Acquired(lock) => Ok(Some(lock)),
            Attempt::Held(_) => Ok(None),
        }
    }

    fn read(&self) -> Result<Option<Kept>> {
        // From a clock that was wrong: as good as none.
        Ok(self.store.get(&self.key)?.filter(|kept: &Kept| kept.tried <= time::now()))
    }

    fn write(&self, kept: &Kept) -> Result<()> {
        self.store.put(&self.key, &self.key, kept)
    }
}

/// The error of [`Reading::Offline`] for a text that nobody has read yet.
pub fn not_read() -> Error {
    Error::new(Code::AirflowUnread, "the secrets backend has not been asked for the Airflow connection yet")
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
        Shelf { store: SealedStore::new(FileStore::new(dir.join("cache")), sealing), key }
    }

    #[test]
    fn what_is_kept_is_taken_until_it_is_wanted_anew_and_outlives_an_outage_ahead_of_time() {
        let home = tempfile::tempdir().unwrap();
        let shelf = shelf(home.path());
        let asked = Cell::new(0);
        let read = |reading, answer: std::result::Result<Option<&str>, Code>| {
            let ask = |_: &Deadline| {
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
        let file = std::fs::read(shelf.store.files.path(&record::name::<Kept>(&shelf.key))).unwrap();
        assert!(!file.windows(9).any(|bytes| bytes == b"c"), "it is sealed");
    }

    #[test]
    fn a_crowd_asks_once() {
        let home = tempfile::tempdir().unwrap();
        let calls = std::sync::atomic::AtomicUsize::new(0);
        let ask = |_: &Deadline| {
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
