//! What is remembered, of whom, and whom it keeps from a try.

mod fleet;

use super::*;
use crate::attempt::Shown;
use crate::cache::file_store::FileStore;
use crate::cache::key::KeyBuilder;
use crate::cache::record::SealedStore;
use crate::cache::sealing_key::SealingKey;
use crate::error::Code;

fn key() -> SealingKey {
    SealingKey::from_bytes([7; 32])
}

fn login(user: &str) -> LoginKey {
    KeyBuilder::new(&key()).field("user", user).login_key()
}

fn role(name: &str) -> Wanted {
    wanted(name, "corp")
}

/// A result that is wanted by a login with these settings.
fn wanted(name: &str, idp: &str) -> Wanted {
    let result = KeyBuilder::new(&key()).field("role", name).field("idp", idp).cache_key();
    Wanted { result, settings: LoginSettings(KeyBuilder::new(&key()).field("idp", idp).cache_key()) }
}

fn mark(secret: &str) -> SecretMark {
    SecretMark::new(&key(), &login("alice"), secret.as_bytes())
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn error(code: Code, step: Step) -> Error {
    Error::new(code, format!("it was {}", code.as_str())).at(step)
}

/// A login that sends `secret`, of which this is shown, and fails at the identity provider.
fn attempt(memory: &mut Memory, secret: &str, shown: Shown, code: Code, second: i64) {
    memory.begin();
    let error = error(code, Step::IdentityProvider);
    let before = memory.guard.begin(&mark(secret), at(second));
    memory.guard.settle(&mark(secret), shown, before, Some(&error), at(second));
    let settled = Settled { is_refused: shown == Shown::Refused, secret: Some(mark(secret)) };
    memory.fail(&role("a"), &error, &settled, at(second), 255);
}

/// A login without a secret that fails at `step`.
fn fail(memory: &mut Memory, of: &Wanted, code: Code, step: Step, second: i64) {
    memory.begin();
    memory.fail(of, &error(code, step), &Settled::default(), at(second), 255);
}

fn code(error: Option<Error>) -> Option<Code> {
    error.map(|e| e.code)
}

#[test]
fn a_pardoned_secret_may_be_sent_and_another_refused_one_may_not() {
    let mut memory = Memory::default();
    for secret in ["typed", "stored"] {
        attempt(&mut memory, secret, Shown::Refused, Code::IdpRejected, 0);
    }
    memory.guard.pardon(&mark("typed"));
    assert_eq!(memory.guard.refuses(&mark("typed"), at(1)), None);
    assert!(memory.guard.refuses(&mark("stored"), at(1)).is_some());
}

#[test]
fn a_failure_concerns_whom_its_step_says() {
    // step, holds back: the same result, another role of the same login, the same role by a login with other settings
    let table = [
        (Step::IdentityProvider, [true, true, false]),
        (Step::Sts, [true, false, false]),
        (Step::Base, [true, false, false]),
        (Step::Local, [false, false, false]),
        (Step::Person, [false, false, false]), // it holds back without an end
    ];
    for (step, expected) in table {
        // Whatever the code: the step decides.
        for failed in [Code::Connect, Code::XpathNoMatch, Code::StsAccessDenied, Code::MfaNeeded] {
            let mut memory = Memory::default();
            fail(&mut memory, &role("a"), failed, step, 0);
            let others = [role("a"), role("b"), wanted("a", "other")];
            let held = |of: &Wanted| memory.holds_back(of, None, at(0)).map(|e| e.code);
            assert_eq!(others.map(|of| held(&of) == Some(failed)), expected, "{step:?} {failed:?}");
            let last = memory.last_failure(&role("a"), at(0)).map(|failure| failure.error.code);
            assert_eq!(last, Some(failed), "whatever it was, it puts off a refresh ahead of time");
            let waited = Memory::default().seen(Accepts::NotUsedUp);
            let is_news = memory.news(waited, &role("a"), None, at(0)).is_some();
            assert_eq!(is_news, step != Step::Local, "{step:?}");
        }
    }
}

#[test]
fn a_page_that_needs_a_person_is_not_met_again_until_one_comes_or_something_changes() {
    let mut memory = Memory::default();
    memory.begin();
    let before = memory.guard.begin(&mark("s"), at(0));
    let error = error(Code::MfaNeeded, Step::Person);
    memory.guard.settle(&mark("s"), Shown::Accepted, before, Some(&error), at(0));
    let settled = Settled { is_refused: false, secret: Some(mark("s")) };
    memory.fail(&role("a"), &error, &settled, at(0), 255);
    let waits =
        |memory: &Memory, of: &Wanted, own: Option<&str>| code(memory.waits_for_a_person(of, own.map(mark).as_ref()));
    for own in [None, Some("s")] {
        assert_eq!(waits(&memory, &role("a"), own), Some(Code::MfaNeeded));
        assert_eq!(waits(&memory, &role("b"), own), Some(Code::MfaNeeded), "another role of the same login");
    }
    assert_eq!(waits(&memory, &role("a"), Some("changed")), None);
    assert_eq!(waits(&memory, &wanted("a", "other"), Some("s")), None, "changed settings start clean");
    assert_eq!(memory.last_failure(&role("a"), at(0)).unwrap().waits, Waits::ForAPerson);
    assert_eq!(memory.guard.refuses(&mark("s"), at(1)), None, "the password was right");
    for disproves in [Disproves::ItsOwn, Disproves::AllButSts] {
        let mut memory: Memory = serde_json::from_str(&serde_json::to_string(&memory).unwrap()).unwrap();
        memory.succeed(&role("a"), disproves);
        assert_eq!(waits(&memory, &role("a"), None), None);
    }
}

#[test]
fn each_policy_obeys_what_it_says() {
    let early = Policy::early(std::time::Duration::ZERO);
    let policies = [early, Policy::COLD, Policy::FORCED, Policy::TEXT, Policy::PROVING, Policy::BY_HAND];
    let objects = |memory: &Memory, seen: Seen, second: i64| {
        policies.map(|policy| memory.objection(&policy, &role("a"), Some(&mark("s")), seen, at(second)).is_some())
    };
    let failed = |step, code| {
        let mut memory = Memory::default();
        fail(&mut memory, &role("a"), code, step, 0);
        memory
    };
    let sent = |shown| {
        let mut memory = Memory::default();
        attempt(&mut memory, "s", shown, Code::Timeout, 0);
        memory
    };
    // what is remembered, whether it was a leader's while we waited, when; who is held back: early, cold, forced, text, proving, by hand
    let table = [
        (failed(Step::IdentityProvider, Code::Connect), false, 0, [false, true, false, false, false, false]),
        (failed(Step::IdentityProvider, Code::Connect), false, 99, [false; 6]),
        (failed(Step::IdentityProvider, Code::Connect), true, 99, [false, true, true, true, false, false]),
        (failed(Step::Person, Code::MfaNeeded), false, 99, [true, true, true, true, false, false]),
        (failed(Step::Local, Code::NoKerberosTicket), true, 0, [false; 6]),
        // No policy passes a refusal by; a login by hand pardons the secret first.
        (sent(Shown::Refused), false, 99, [true; 6]),
        (sent(Shown::NoVerdict), false, 99, [true, false, false, false, false, false]),
        (sent(Shown::Accepted), false, 99, [false; 6]),
    ];
    for (row, (memory, is_news, second, expected)) in table.into_iter().enumerate() {
        let seen = if is_news { Memory::default().seen(Accepts::NotUsedUp) } else { memory.seen(Accepts::NotUsedUp) };
        assert_eq!(objects(&memory, seen, second), expected, "row {row}");
    }
    assert!(Policy::BY_HAND.pardons && Policy::BY_HAND.accepts == Accepts::Nothing && !Policy::PROVING.pardons);
}

#[test]
fn what_the_next_login_waits_for_is_known_without_the_secret() {
    let waits = |memory: &Memory, second| memory.last_failure(&role("a"), at(second)).unwrap().waits;
    let mut memory = Memory::default();
    attempt(&mut memory, "s", Shown::NoVerdict, Code::Timeout, 0);
    assert_eq!(waits(&memory, 10), Waits::BackOff, "one more at once");
    attempt(&mut memory, "s", Shown::NoVerdict, Code::Timeout, 100);
    assert_eq!((waits(&memory, 110), waits(&memory, 3700)), (Waits::Until(at(3700)), Waits::BackOff));
    attempt(&mut memory, "s", Shown::Refused, Code::IdpRejected, 4000);
    assert_eq!(waits(&memory, 9999), Waits::ForAnotherSecret);
}

#[test]
fn failures_in_a_row_are_counted_until_a_success_disproves_them() {
    let mut memory = Memory::default();
    for (code, step, longest) in [(Code::Connect, Step::IdentityProvider, 30), (Code::StsAccessDenied, Step::Sts, 120)]
    {
        for count in 1..12 {
            fail(&mut memory, &role("a"), code, step, 0);
            assert_eq!(memory.last_failure(&role("a"), at(0)).unwrap().last.count, count);
            // The latest end of all that hold it back.
            let until = at(longest.min(1 << (count - 1))).max(if longest == 120 { at(30) } else { at(0) });
            let told = memory.holds_back(&role("a"), None, at(0)).unwrap().causes.pop().unwrap();
            assert!(told.ends_with(&format!("from {}", whole_seconds(until))), "{told}, not {until}");
        }
    }
    fail(&mut memory, &role("b"), Code::RoleNotOffered, Step::Sts, 0);
    let told = |memory: &Memory, of: &str| memory.last_failure(&role(of), at(0)).map(|failure| failure.error.code);
    memory.succeed(&role("a"), Disproves::AllButSts);
    assert_eq!(told(&memory, "a"), Some(Code::StsAccessDenied), "STS was not asked");
    memory.succeed(&role("a"), Disproves::ItsOwn);
    assert_eq!((told(&memory, "a"), told(&memory, "b")), (None, Some(Code::RoleNotOffered)), "its own stays");
}

#[test]
fn those_who_waited_hear_the_leaders_error_and_nobody_an_old_one() {
    let mut memory = Memory::default();
    attempt(&mut memory, "s", Shown::Accepted, Code::Http5xx, 0);
    let seen = memory.seen(Accepts::NotUsedUp);
    let news =
        |memory: &Memory, of: &str, own: Option<&SecretMark>| memory.news(seen, &role(of), own, at(2)).map(|e| e.code);
    assert_eq!(news(&memory, "a", None), None, "it ended before");

    let generation = memory.begin();
    assert!(memory.is_news(seen, generation) && !memory.is_news(memory.seen(Accepts::BegunLater), generation));
    assert!(!memory.is_news(seen, generation + 1), "no login of this record");
    assert_eq!(news(&memory, "a", None), None, "it has not ended");
    let denied = error(Code::StsAccessDenied, Step::Sts);
    memory.fail(&role("a"), &denied, &Settled::default(), at(1), 0);
    assert_eq!((news(&memory, "a", None), news(&memory, "b", None)), (Some(Code::StsAccessDenied), None));

    attempt(&mut memory, "s", Shown::Refused, Code::IdpRejected, 2);
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
    attempt(&mut memory, "s", Shown::Refused, Code::IdpRejected, 0);
    for (second, told) in [(10, Code::IdpRejected), (1000, Code::SecretRefusedBefore)] {
        let again = memory.guard.refuses(&mark("s"), at(second)).unwrap();
        memory.begin();
        let kept_back = Settled { is_refused: true, secret: Some(mark("s")) };
        memory.fail(&role("b"), &again, &kept_back, at(second), 0);
        for name in ["a", "b"] {
            let failure = memory.last_failure(&role(name), at(second)).unwrap();
            assert_eq!((failure.last.at, failure.error.code), (at(second), told), "{name}");
            assert_eq!(failure.waits, Waits::ForAnotherSecret);
            assert_eq!(memory.holds_back(&role(name), None, at(second)), None, "{name}");
        }
    }
    assert_eq!(code(memory.guard.refuses(&mark("s"), at(2000))), Some(Code::SecretRefusedBefore));
}

#[test]
fn a_record_can_be_kept_however_many_talkative_failures_there_were() {
    let home = tempfile::tempdir().unwrap();
    let store = SealedStore::new(FileStore::new(home.path().join("cache")), key());
    let mut memory = Memory::default();
    for i in 0..100 {
        for (code, step, shown) in [
            (Code::IdpRejected, Step::IdentityProvider, Shown::Refused),
            (Code::StsAccessDenied, Step::Sts, Shown::NoVerdict),
        ] {
            let secret = mark(&format!("{i} {code:?}"));
            let mut long = Error::new(code, "ä\"".repeat(10_000)).at(step);
            long.causes = vec!["ä\"".repeat(10_000); 100];
            memory.begin();
            let before = memory.guard.begin(&secret, at(i));
            memory.guard.settle(&secret, shown, before, Some(&long), at(i));
            let settled = Settled { is_refused: shown == Shown::Refused, secret: Some(secret) };
            memory.fail(&role(&i.to_string()), &long, &settled, at(i), 0);
        }
    }
    store.put(&login("alice"), &login("alice"), &memory).unwrap();
    let last = memory.last_failure(&role("99"), at(99)).unwrap();
    assert_eq!(last.error.code, Code::StsAccessDenied);
}

#[test]
fn a_login_clears_everything_but_the_numbers() {
    let mut memory = Memory::default();
    attempt(&mut memory, "s", Shown::Refused, Code::IdpRejected, 0);
    memory.succeed(&role("a"), Disproves::Everything);
    assert_eq!((memory.guard.refuses(&mark("s"), at(1)), memory.last_failure(&role("a"), at(1))), (None, None));
    assert_eq!(memory.begin(), 2);
}

#[test]
fn a_record_comes_back_as_it_was_kept() {
    let mut memory = Memory::default();
    attempt(&mut memory, "hunter2", Shown::NoVerdict, Code::Timeout, 0);
    attempt(&mut memory, "hunter2", Shown::Refused, Code::IdpRejected, 1);
    assert_eq!(Memory::of_body(&memory.body().unwrap(), at(0)), Some(memory));
}

#[test]
fn a_secret_is_read_before_a_login_only_if_one_is_known_to_compare_it_with() {
    let mut memory = Memory::default();
    assert!(!memory.knows_secrets());
    fail(&mut memory, &role("a"), Code::Http5xx, Step::IdentityProvider, 0);
    assert!(!memory.knows_secrets());
    let settled = Settled { is_refused: false, secret: Some(mark("s")) };
    memory.fail(&role("a"), &error(Code::MfaNeeded, Step::Person), &settled, at(1), 0);
    assert!(memory.knows_secrets(), "of a failure");
    let mut memory = Memory::default();
    memory.guard.begin(&mark("s"), at(0));
    assert!(memory.knows_secrets(), "of an attempt");
}

#[test]
fn a_page_that_needs_a_person_is_waited_for_whatever_failed_since() {
    let mut memory = Memory::default();
    fail(&mut memory, &role("a"), Code::MfaNeeded, Step::Person, 0);
    fail(&mut memory, &role("a"), Code::NoKerberosTicket, Step::Local, 10);
    let told = memory.last_failure(&role("a"), at(20)).unwrap();
    assert_eq!((told.error.code, told.waits), (Code::NoKerberosTicket, Waits::ForAPerson));
}
