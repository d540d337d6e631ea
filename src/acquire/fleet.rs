//! The store that this machine shares with the other machines of its fleet (`cache.store`), as one process uses it.
//!
//! A failure of that store costs a process at most one time limit. After that it continues with this machine's own
//! cache, lock and guard. It logs that once and leaves a note, which `status` shows and because of which other
//! processes do not try for a moment.

use std::sync::{Arc, Mutex, OnceLock};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::storage::{self, Choice};
use crate::cache::key::{FileName, KeyBuilder, Kind, LoginKey};
use crate::cache::key_place;
use crate::cache::record::{self, Record, SealedStore};
use crate::cache::redis_server::Server;
use crate::cache::redis_store::{Lead, Records, RedisStore};
use crate::cache::sealing_key::SealingKey;
use crate::config::cache::{CacheSettings, Store};
use crate::config::redis::RedisSettings;
use crate::error::{Code, Error, Result};
use crate::identity::secrets;
use crate::process::env::Env;
use crate::process::whoami;
use crate::tally;
use crate::time::{self, Deadline, Timestamp};

/// The shared store, until something is wrong with it.
pub struct Fleet {
    redis: RedisStore,
    /// The cache in front of it, with the fleet's key.
    pub(super) store: Arc<SealedStore>,
    note: LoginKey,
    state: Mutex<State>,
}

enum State {
    /// The store has not been asked yet; there is a note of an earlier failure.
    Noted,
    InUse,
    Away(Error),
}

/// The answer to a request for a lease.
pub enum Asked {
    /// This machine leads. The records are those that were asked for.
    Leads(Lead, Records),
    /// Another machine leads.
    Follows,
    /// The store did not answer, and another machine has led a moment ago.
    Unanswered,
    /// The store cannot be used: this machine works alone.
    Alone,
}

/// The note of a process that went on alone.
#[derive(Debug, Serialize, Deserialize)]
pub struct Away {
    pub at: Timestamp,
    pub error: Error,
}

/// How long other processes do not try after a failure: each would wait for the budget.
const NOT_AGAIN: SignedDuration = SignedDuration::from_secs(5);

impl Record for Away {
    const KIND: Kind = Kind::Away;
    type Key = LoginKey;

    fn body(&self) -> Result<Zeroizing<Vec<u8>>> {
        record::json(self)
    }

    fn of_body(body: &[u8], _: Timestamp) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }
}

impl Fleet {
    /// Returns the process's one of these settings; `None` if the store is not shared. `store`: the cache in front of it, with the
    /// fleet's key.
    pub fn of(settings: &CacheSettings, env: &Env, store: &Arc<SealedStore>) -> Option<Arc<Fleet>> {
        static FLEET: OnceLock<Option<Arc<Fleet>>> = OnceLock::new();
        let Store::Redis(redis) = &settings.store else { return None };
        let begin = || match connect(redis, settings, env, &store.sealing) {
            Ok(connection) => Some(Arc::new(Fleet::new(connection, &redis.server, store.clone()))),
            Err(why) => {
                tracing::warn!(%why, "this machine works alone");
                None
            }
        };
        FLEET.get_or_init(begin).clone()
    }

    fn new(redis: RedisStore, server: &Server, store: Arc<SealedStore>) -> Fleet {
        let note = note_of(server, &store.sealing);
        let state = match store.get::<Away>(&note).ok().flatten() {
            Some(away) if time::now().duration_since(away.at).abs() < NOT_AGAIN => {
                tracing::info!(why = %away.error, "this machine works alone for a moment");
                State::Away(away.error)
            }
            Some(_) => State::Noted,
            None => State::InUse,
        };
        Fleet { redis, store, note, state: Mutex::new(state) }
    }

    /// Reads the records of a login under these names; `None` if this machine works alone.
    pub fn look(&self, login: &LoginKey, names: &[FileName]) -> Option<Records> {
        self.ask(|redis| redis.look(login, names))
    }

    /// Asks for the lease of a login once. `is_led`: another machine has led a moment ago, so that a failure is not final.
    pub fn lease(&self, login: &LoginKey, names: &[FileName], is_led: bool) -> Asked {
        let asked = self.ask(|redis| match redis.lease(login, names) {
            Ok(Some((lead, records))) => Ok(Asked::Leads(lead, records)),
            Ok(None) => Ok(Asked::Follows),
            Err(why) if is_led => {
                tracing::info!(%why, "the fleet's store is asked again");
                Ok(Asked::Unanswered)
            }
            Err(why) => Err(why),
        });
        asked.unwrap_or(Asked::Alone)
    }

    pub fn release(&self, lead: &Lead) {
        self.ask(|redis| redis.release(lead));
    }

    /// Writes what is sealed in `file`, whose header says `until`. Returns `Some(false)` if another machine has led since.
    pub fn put(&self, lead: &Lead, name: &FileName, file: Vec<u8>, until: Timestamp) -> Option<bool> {
        let life = std::time::Duration::try_from(until.duration_since(time::now())).ok()?;
        self.ask(|redis| redis.put(lead, name, file, life))
    }

    /// Removes the records of a login that `goes` names. Returns how many there were.
    ///
    /// Errors: why this machine works alone.
    pub fn forget(&self, login: &LoginKey, goes: impl Fn(&FileName) -> bool) -> Result<usize> {
        let removed = self.ask(|redis| {
            let names = redis.names(login)?;
            redis.remove(login, names.into_iter().filter(goes).collect())
        });
        removed.ok_or_else(|| match &*self.state() {
            State::Away(why) => {
                why.clone().because("what was cached here is removed; what the fleet has stays until it expires")
            }
            State::Noted | State::InUse => Error::new(Code::Bug, "the fleet's store was not asked"),
        })
    }

    fn ask<T>(&self, request: impl FnOnce(&RedisStore) -> Result<T>) -> Option<T> {
        let mut state = self.state();
        if let State::Away(_) = *state {
            return None;
        }
        match request(&self.redis) {
            Ok(answer) => {
                if let State::Noted = std::mem::replace(&mut *state, State::InUse) {
                    tracing::info!("the fleet's store can be used again");
                    let _ = self.store.remove::<Away>(&self.note);
                }
                Some(answer)
            }
            Err(error) => {
                tracing::warn!(code = error.code.as_str(), %error, "this machine works alone, with its own cache, \
                lock and guard");
                tally::note(|tally| tally.alone = Some(error.code.as_str().to_owned()));
                let note = Away { at: time::now(), error: error.clone() };
                if let Err(why) = self.store.put(&self.note, &self.note, &note) {
                    tracing::info!(%why, "this is not noted for `fedcred status`");
                }
                *state = State::Away(error);
                None
            }
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // Nothing panics with the lock in hand.
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Returns why this machine went on alone the last time, as far as its own files tell. For `status`.
pub fn away(settings: &CacheSettings, env: &Env) -> Option<Away> {
    let Store::Redis(redis) = &settings.store else { return None };
    match storage::choose(settings, env) {
        Ok(Choice { storage: Some(storage), why: None }) => {
            let store = storage.existing().ok()??;
            store.get(&note_of(&redis.server, &store.sealing)).ok()?
        }
        // Without the fleet's key nothing can be kept under it.
        Ok(Choice { why: Some(error), .. }) | Err(error) => Some(Away { at: time::now(), error }),
        Ok(Choice { storage: None, why: None }) => None,
    }
}

/// Tries everything that a login needs of the shared store, and removes what that leaves. Returns the id of the key, `None` if the
/// store is not shared. For `doctor`.
///
/// Errors: what is wrong with the store, or with the key.
pub fn probe(settings: &CacheSettings, env: &Env) -> Result<Option<String>> {
    let Store::Redis(redis) = &settings.store else { return Ok(None) };
    let missing = || Error::new(Code::FleetKeyMissing, "there is no place for the fleet's key");
    let sealing = settings.key_place().ok_or_else(missing)?;
    let path = settings.key_file.clone().ok_or_else(missing)?;
    let sealing = sealing.read()?.ok_or_else(|| key_place::not_given(&path))?;
    let store = connect(redis, settings, env, &sealing)?;
    let login = KeyBuilder::new(&sealing).field("probe of", whoami::host(env)).login_key();
    let name = FileName::Sealed(Kind::Away, *login.as_bytes());
    store.look(&login, &[name])?;
    if let Some((lead, _)) = store.lease(&login, &[name])? {
        store.put(&lead, &name, vec![0; 2048], std::time::Duration::from_secs(5))?;
        store.names(&login)?;
        store.remove(&login, vec![name])?;
        store.release(&lead)?;
    }
    Ok(Some(sealing.id().to_string()))
}

/// Forgets everything of these logins. Errors: those of [`Fleet::forget`].
pub fn forget_all(settings: &CacheSettings, env: &Env, store: &Arc<SealedStore>, logins: &[LoginKey]) -> Result<()> {
    let Some(fleet) = Fleet::of(settings, env, store) else { return Ok(()) };
    logins.iter().try_for_each(|login| fleet.forget(login, |_| true).map(drop))
}

fn connect(redis: &RedisSettings, settings: &CacheSettings, env: &Env, sealing: &SealingKey) -> Result<RedisStore> {
    let RedisSettings { server, password } = redis.clone();
    let old = settings.old_key_files.iter().filter_map(|path| key_place::read_given(path).ok()?);
    let keys = std::iter::once(sealing.id()).chain(old.map(|key| key.id())).map(|id| id.to_string()).collect();
    let (env, patience) = (env.clone(), server.budget);
    let read = move || {
        let read = |source| secrets::read(source, "cache.store_password", &env, &Deadline::after(patience));
        let unkept = |error: Error| match error.code {
            Code::PromptNeeded => error.hint("fedcred cache password"),
            _ => error,
        };
        password.as_ref().map(read).transpose().map_err(unkept)
    };
    RedisStore::new(server, keys, read)
}

fn note_of(server: &Server, sealing: &SealingKey) -> LoginKey {
    KeyBuilder::new(sealing).field("fleet", server.to_string()).field("prefix", &server.prefix).login_key()
}
