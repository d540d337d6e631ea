//! What is remembered, of whom, and whom it keeps from a try.

use super::*;
use crate::cache::key::KeyBuilder;

fn key() -> SealingKey {
    SealingKey::from_bytes([7; 32])
}

fn login(user: &str) -> LoginKey {
    KeyBuilder::new(&key()).field("user", user).login_key()
}

fn role(name: &str) -> CacheKey {
    KeyBuilder::new(&key()).field("role", name).cache_key()
}

fn mark(secret: &str) -> SecretMark {
    SecretMark::new(&key(), &login("alice"), secret.as_bytes())
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn error(code: Code) -> Error {
    Error::new(code, format!("it was {}", code.as_str()))
}

/// A login that sends `secret` and ends with `code`.
fn attempt(memory: &mut Memory, secret: &str, code: Code, second: i64) {
    memory.begin();
    memory.spend(&mark(secret));
    memory.fail(&role("a"), &error(code), Spent::Sent(&mark(secret)), at(second), 255);
}

fn code(error: Option<Error>) -> Option<Code> {
    error.map(|e| e.code)
}

#[test]
fn a_pardoned_secret_may_be_sent_and_another_refused_one_may_not() {
    let mut memory = Memory::default();
    for secret in ["typed", "stored"] {
        memory.begin();
        memory.spend(&mark(secret));
        let refused = Error::new(Code::IdpRejected, "no");
        memory.fail(&role("a"), &refused, Spent::Sent(&mark(secret)), at(0), 0);
    }
    memory.pardon(&mark("typed"));
    assert_eq!(memory.refuses(&mark("typed"), at(1)), None);
    assert!(memory.refuses(&mark("stored"), at(1)).is_some());
}

#[test]
fn a_failure_is_of_the_identity_or_of_one_result_or_holds_nobody_back() {
    // code, holds back the same result, holds back another result of the identity
    let table = [
        (Code::Connect, true, true),
        (Code::Timeout, true, true),
        (Code::Http5xx, true, true),
        (Code::KdcUnreachable, true, true),
        (Code::MfaNeeded, true, true),
        (Code::PasswordChangeRequired, true, true),
        (Code::XpathNoMatch, true, false),
        (Code::IdpDeniedClaim, true, false),
        (Code::TlsUntrusted, true, false),
        (Code::RoleNotOffered, true, false),
        (Code::StsAccessDenied, true, false),
        (Code::StsThrottled, true, false),
        (Code::NoKerberosTicket, false, false),
        (Code::PromptNeeded, false, false),
        (Code::LockTimeout, false, false),
        (Code::InvalidValue, false, false),
        (Code::SecretCommand, false, false),
    ];
    for (failed, same, other) in table {
        let mut memory = Memory::default();
        memory.begin();
        memory.fail(&role("a"), &error(failed), Spent::Nothing, at(0), 255);
        let held = |role: &CacheKey| memory.holds_back(role, at(0)).map(|(until, e)| (until, e.code));
        let expected = Some((at(1), failed));
        assert_eq!(held(&role("a")), expected.filter(|_| same), "{failed:?}");
        assert_eq!(held(&role("b")), expected.filter(|_| other), "{failed:?}");
        let last = memory.last_failure(&role("a")).map(|(_, error)| error.code);
        assert_eq!(last, Some(failed), "whatever it was, it puts off a refresh ahead of time");
        let waited = Memory::default().seen();
        assert_eq!(memory.news(&waited, &role("a"), None, at(0)).is_some(), same, "{failed:?}");
    }
}

#[test]
fn failures_in_a_row_are_counted_until_a_success() {
    let mut memory = Memory::default();
    for (code, longest) in [(Code::Connect, 30), (Code::StsAccessDenied, 120)] {
        for count in 1..12 {
            memory.begin();
            memory.fail(&role("a"), &error(code), Spent::Nothing, at(0), 255);
            let (until, _) = memory.holds_back(&role("a"), at(0)).unwrap();
            assert_eq!(memory.last_failure(&role("a")).unwrap().0.count, count);
            assert_eq!(until, at(longest.min(1 << (count - 1))).max(if longest == 120 { at(30) } else { at(0) }));
        }
    }
    memory.begin();
    memory.fail(&role("b"), &error(Code::RoleNotOffered), Spent::Nothing, at(0), 255);
    memory.succeed(&role("a"), None);
    assert_eq!(memory.last_failure(&role("a")), None);
    assert_eq!(memory.last_failure(&role("b")).unwrap().1.code, Code::RoleNotOffered, "its own stays");
}

#[test]
fn those_who_waited_hear_the_leaders_error_and_nobody_an_old_one() {
    let mut memory = Memory::default();
    attempt(&mut memory, "s", Code::Http5xx, 0);
    let seen = memory.seen();
    let news =
        |memory: &Memory, of: &str, own: Option<&SecretMark>| memory.news(&seen, &role(of), own, at(2)).map(|e| e.code);
    assert_eq!(news(&memory, "a", None), None, "it ended before");

    let generation = memory.begin();
    assert!(memory.is_news(&seen, generation) && !memory.is_news(&memory.seen_begun(), generation));
    assert!(!memory.is_news(&seen, generation + 1), "no login of this record");
    assert_eq!(news(&memory, "a", None), None, "it has not ended");
    memory.fail(&role("a"), &error(Code::StsAccessDenied), Spent::Nothing, at(1), 0);
    assert_eq!((news(&memory, "a", None), news(&memory, "b", None)), (Some(Code::StsAccessDenied), None));

    attempt(&mut memory, "s", Code::IdpRejected, 2);
    assert_eq!(
        (news(&memory, "a", None), news(&memory, "b", None)),
        (Some(Code::IdpRejected), Some(Code::IdpRejected))
    );
    assert_eq!(news(&memory, "b", Some(&mark("s"))), Some(Code::IdpRejected));
    assert_eq!(news(&memory, "b", Some(&mark("changed"))), None, "it may try its own");
}

#[test]
fn a_refusal_met_again_counts_as_a_failed_try_of_the_window() {
    let mut memory = Memory::default();
    attempt(&mut memory, "s", Code::IdpRejected, 0);
    for (second, told) in [(10, Code::IdpRejected), (1000, Code::SecretRefusedBefore)] {
        let again = memory.refuses(&mark("s"), at(second)).unwrap();
        memory.begin();
        memory.fail(&role("b"), &again, Spent::Refused, at(second), 0);
        for name in ["a", "b"] {
            let (last, error) = memory.last_failure(&role(name)).unwrap();
            assert_eq!((last.at, error.code), (at(second), told), "{name}");
            assert_eq!(memory.holds_back(&role(name), at(second)), None, "{name}");
        }
    }
    assert_eq!(code(memory.refuses(&mark("s"), at(2000))), Some(Code::SecretRefusedBefore));
}

#[test]
fn a_record_can_be_kept_however_many_talkative_failures_there_were() {
    let home = tempfile::tempdir().unwrap();
    let store = FileStore::new(home.path().join("cache"));
    let mut memory = Memory::default();
    for i in 0..100 {
        let secret = mark(&i.to_string());
        for code in [Code::IdpRejected, Code::StsAccessDenied] {
            let mut long = Error::new(code, "ä\"".repeat(10_000));
            long.causes = vec!["ä\"".repeat(10_000); 100];
            memory.begin();
            memory.spend(&secret);
            memory.fail(&role(&i.to_string()), &long, Spent::Sent(&secret), at(i), 0);
        }
    }
    memory.save(&store, &key(), &login("alice")).unwrap();
    assert!(memory.last_failure(&role("99")).is_some_and(|(_, e)| e.code == Code::StsAccessDenied));
}

#[test]
fn a_login_clears_everything_but_the_numbers() {
    let mut memory = Memory::default();
    attempt(&mut memory, "s", Code::IdpRejected, 0);
    memory.forget();
    assert_eq!((memory.refuses(&mark("s"), at(1)), memory.last_failure(&role("a"))), (None, None));
    assert_eq!(memory.begin(), 2);
}

#[test]
fn a_record_comes_back_as_it_was_kept_and_a_strangers_is_none() {
    let home = tempfile::tempdir().unwrap();
    let store = FileStore::new(home.path().join("cache"));
    let load = |user: &str| Memory::load(&store, &key(), &login(user)).unwrap();
    assert_eq!(load("alice"), Memory::default());

    let mut memory = Memory::default();
    attempt(&mut memory, "hunter2", Code::IdpRejected, 0);
    attempt(&mut memory, "hunter2", Code::Timeout, 1);
    memory.save(&store, &key(), &login("alice")).unwrap();
    assert_eq!(load("alice"), memory);

    let file = store.read(&FileName::Record(login("alice"))).unwrap().unwrap();
    assert!(!String::from_utf8_lossy(&file).contains("idp-rejected"), "it is sealed");
    for changed in [file.clone(), file[..file.len() - 1].to_vec(), b"junk".to_vec()] {
        store.write(&FileName::Record(login("bob")), &changed).unwrap();
        assert_eq!(load("bob"), Memory::default());
    }
}
