//! What is settled of a login's secrets, and of its proxy's.

use std::time::Duration;

use super::*;
use crate::acquire::key::LoginSettings;
use crate::acquire::memory::Wanted;
use crate::attempt::{self, CountedSecret};
use crate::cache::file_store::FileStore;
use crate::cache::key::KeyBuilder;
use crate::cache::record::SealedStore;
use crate::cache::sealing_key::SealingKey;
use crate::secret::Secret;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Whose {
    Login,
    Proxy,
}
use Whose::{Login, Proxy};

fn secret(whose: Whose) -> CountedSecret {
    match whose {
        Login => CountedSecret::new(Secret::new("a password".to_owned())),
        Proxy => CountedSecret::of_proxy(Secret::new("a proxy's".to_owned())),
    }
}

/// A login that knows `memory` and sends these secrets, of which that is shown; it fails with what a secret was kept back for, else
/// with `failure`.
fn settled(memory: Memory, sent: &[(Whose, Shown)], failure: Option<&Error>) -> (Memory, Settled) {
    let home = tempfile::tempdir().unwrap();
    let sealing = SealingKey::from_bytes([7; 32]);
    let login = KeyBuilder::new(&sealing).field("user", "alice").login_key();
    let result = KeyBuilder::new(&sealing).field("role", "a").cache_key();
    let store = SealedStore::new(FileStore::new(home.path().join("cache")), sealing).into();
    let place = LoginPlace { store, login, wanted: Wanted { result, settings: LoginSettings(result) }, fleet: None };
    let deadline = Deadline::after(Duration::from_secs(60));
    let ledger = MemoryLedger::new(&place, memory, false, &deadline);
    let mut kept_back = None;
    for (whose, shown) in sent {
        match attempt::send(&[&secret(*whose)], &ledger, |_| Secret::new(String::new())) {
            Ok(carried) => carried.settle(*shown),
            Err(error) => kept_back = Some(error),
        }
    }
    ledger.settle(failure.or(kept_back.as_ref()))
}

fn failure() -> Error {
    Error::new(Code::Http5xx, "no")
}

#[test]
fn a_success_proves_the_secrets_of_the_login_and_not_the_proxys() {
    let (memory, _) = settled(Memory::default(), &[(Login, Shown::NoVerdict)], None);
    assert!(memory.guard.is_empty());
    let (memory, _) = settled(Memory::default(), &[(Proxy, Shown::NoVerdict)], None);
    assert!(!memory.guard.is_empty());
}

#[test]
fn a_failure_is_about_the_logins_own_secret_unless_the_proxys_was_refused() {
    let table = [
        (&[(Login, Shown::NoVerdict)][..], true),
        (&[(Proxy, Shown::NoVerdict)], false),
        (&[(Login, Shown::Accepted)], true),
        (&[(Proxy, Shown::Accepted)], false),
        (&[(Proxy, Shown::Refused)], true),
        (&[(Login, Shown::NotSent)], false),
        (&[(Login, Shown::Accepted), (Login, Shown::NotSent)], true),
        (&[(Proxy, Shown::Accepted), (Proxy, Shown::NotSent)], false),
        (&[(Login, Shown::NotSent), (Login, Shown::NotSent)], false),
    ];
    for (sent, is_about_one) in table {
        let (_, settled) = settled(Memory::default(), sent, Some(&failure()));
        assert_eq!(settled.secret.is_some(), is_about_one, "{sent:?}");
        assert_eq!(settled.is_refused, sent.contains(&(Proxy, Shown::Refused)), "{sent:?}");
    }
}

#[test]
fn a_secret_that_was_kept_back_is_the_cause_only_of_the_failure_that_says_so() {
    for (said, is_cause) in [(None, true), (Some(Error::new(Code::Timeout, "something else")), false)] {
        let (memory, _) = settled(Memory::default(), &[(Proxy, Shown::Refused)], Some(&failure()));
        let (_, settled) = settled(memory, &[(Proxy, Shown::NotSent)], said.as_ref());
        assert_eq!((settled.is_refused, settled.secret.is_some()), (is_cause, is_cause));
    }
}
