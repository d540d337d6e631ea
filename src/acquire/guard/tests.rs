//! What a secret is known by, when it may be sent again, and what is remembered of it.

use super::*;
use crate::cache::key::KeyBuilder;

fn key() -> SealingKey {
    SealingKey::from_bytes([7; 32])
}

fn login(user: &str) -> LoginKey {
    KeyBuilder::new(&key()).field("user", user).login_key()
}

fn mark(secret: &str) -> SecretMark {
    SecretMark::new(&key(), &login("alice"), secret.as_bytes())
}

const HOUR: i64 = 3600;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

/// `secret` is sent at `second`, and this is what is shown of it.
fn attempt(guard: &mut Guard, secret: &str, shown: Shown, second: i64) {
    let before = guard.begin(&mark(secret), at(second));
    let failure = Error::new(Code::IdpRejected, "what came of it").because("it says: no");
    guard.settle(&mark(secret), shown, before, Some(&failure), at(second));
}

fn refuses(guard: &Guard, secret: &str, second: i64) -> Option<Code> {
    guard.refuses(&mark(secret), at(second)).map(|error| error.code)
}

#[test]
fn a_mark_is_of_one_secret_one_identity_and_one_sealing_key() {
    let other_key = SealingKey::from_bytes([8; 32]);
    assert_eq!(mark("a"), mark("a"));
    for other in
        [mark("b"), SecretMark::new(&key(), &login("bob"), b"a"), SecretMark::new(&other_key, &login("alice"), b"a")]
    {
        assert_ne!(mark("a"), other);
        assert_ne!(mark("a").to_bytes(), other.to_bytes());
    }
}

#[test]
fn a_refused_secret_is_not_sent_again_until_it_changes_and_its_refusal_stays_told() {
    let mut guard = Guard::default();
    attempt(&mut guard, "old", Shown::Refused, 0);
    assert_eq!(refuses(&guard, "old", 1), Some(Code::IdpRejected), "at first in its own words");
    assert!(!guard.is_empty());
    for later in [30, 1_000_000, -1_000_000] {
        let told = guard.refuses(&mark("old"), at(later)).unwrap();
        assert_eq!(told.code, Code::SecretRefusedBefore, "{later}");
        assert_eq!(told.causes, ["2027-01-15T08:00:00Z: what came of it", "it says: no"]);
    }
    assert_eq!(refuses(&guard, "new", 1), None);
    // Another profile's right secret does not make the wrong one right.
    attempt(&mut guard, "new", Shown::Accepted, 2);
    assert_eq!(refuses(&guard, "old", 100), Some(Code::SecretRefusedBefore));
    guard.pardon(&mark("old"));
    assert_eq!(refuses(&guard, "old", 100), None);
}

#[test]
fn without_a_verdict_there_is_one_more_and_then_one_an_hour() {
    let mut killed = Guard::default(); // Nothing follows the beginning.
    let mut silent = Guard::default();
    for second in [0, 100, 100 + HOUR, 100 + 2 * HOUR, 50 + 10 * HOUR] {
        for guard in [&killed, &silent] {
            assert_eq!(refuses(guard, "s", second), None, "{second}");
        }
        killed.begin(&mark("s"), at(second));
        attempt(&mut silent, "s", Shown::NoVerdict, second);
        if second > 0 {
            for guard in [&killed, &silent] {
                for still in [0, 1, HOUR - 1] {
                    assert_eq!(refuses(guard, "s", second + still), Some(Code::SecretWithoutVerdict), "{second}");
                }
                assert_eq!(guard.waits_until(&mark("s"), at(second)), Some(at(second + HOUR)));
                assert_eq!(refuses(guard, "changed", second), None);
            }
        }
    }
    let last = |guard: &Guard| guard.refuses(&mark("s"), at(50 + 10 * HOUR)).unwrap().causes[0].clone();
    assert_eq!(last(&killed), "the last attempt ended before its result was known");
    assert!(last(&silent).ends_with(": what came of it"), "{}", last(&silent));
    // A clock that was set back by more than it can be wrong: one attempt, dated anew.
    assert_eq!(refuses(&silent, "s", -HOUR), None);
    attempt(&mut silent, "s", Shown::NoVerdict, -HOUR);
    assert_eq!(refuses(&silent, "s", -60), Some(Code::SecretWithoutVerdict));
    attempt(&mut silent, "s", Shown::Accepted, 0);
    assert_eq!((refuses(&silent, "s", 1), silent.is_empty()), (None, true));
}

#[test]
fn after_an_attempt_without_a_verdict_none_is_made_ahead_of_time() {
    let mut guard = Guard::default();
    let spared = |guard: &Guard| guard.spares(&mark("s"), at(100)).is_some();
    assert!(!spared(&guard));
    guard.begin(&mark("s"), at(0));
    assert!(spared(&guard) && refuses(&guard, "s", 100).is_none());
    guard.begin(&mark("s"), at(1));
    assert!(spared(&guard));
    guard.pardon(&mark("s"));
    assert!(!spared(&guard));
}

#[test]
fn an_attempt_that_did_not_leave_changes_nothing() {
    let mut guard = Guard::default();
    for second in 0..5 {
        attempt(&mut guard, "s", Shown::NotSent, second);
    }
    assert!(guard.is_empty());
    attempt(&mut guard, "s", Shown::NoVerdict, 10);
    attempt(&mut guard, "s", Shown::NotSent, 20);
    assert_eq!(refuses(&guard, "s", 21), None, "one more is left");
    attempt(&mut guard, "s", Shown::NoVerdict, 30);
    attempt(&mut guard, "s", Shown::NotSent, 30 + HOUR);
    assert_eq!(guard.waits_until(&mark("s"), at(40)), Some(at(30 + HOUR)));
    let mut refused = Guard::default();
    attempt(&mut refused, "s", Shown::Refused, 0);
    attempt(&mut refused, "s", Shown::NotSent, 100);
    assert_eq!(refuses(&refused, "s", 200), Some(Code::SecretRefusedBefore));
}

#[test]
fn of_two_records_a_refusal_counts_and_else_the_greater_number_of_attempts() {
    let [none, once, twice, refused] = [&[][..], &[Shown::NoVerdict], &[Shown::NoVerdict; 2], &[Shown::Refused]];
    let after = |history: &[Shown]| {
        let mut guard = Guard::default();
        history.iter().for_each(|shown| attempt(&mut guard, "s", *shown, 0));
        guard
    };
    let (open, not_again) = (None, Some(Code::SecretWithoutVerdict));
    let table = [
        (none, none, open),
        (none, once, open),
        (none, twice, not_again),
        (once, once, open),
        (once, twice, not_again),
        (none, refused, Some(Code::SecretRefusedBefore)),
        (once, refused, Some(Code::SecretRefusedBefore)),
        (twice, refused, Some(Code::SecretRefusedBefore)),
        (refused, refused, Some(Code::SecretRefusedBefore)),
    ];
    for (one, other, expected) in table {
        for (own, added) in [(one, other), (other, one)] {
            let mut guard = after(own);
            guard.add(&after(added));
            assert_eq!(refuses(&guard, "s", 100), expected, "{own:?} {added:?}");
        }
    }
}

#[test]
fn of_two_records_with_as_many_attempts_the_later_one_counts() {
    let after = |last: i64| {
        let mut guard = Guard::default();
        [0, last].iter().for_each(|second| attempt(&mut guard, "s", Shown::NoVerdict, *second));
        guard
    };
    for (one, other) in [(10, 600), (600, 10)] {
        let mut guard = after(one);
        guard.add(&after(other));
        assert_eq!(guard.waits_until(&mark("s"), at(700)), Some(at(600 + HOUR)));
    }
}

#[test]
fn what_another_clock_dated_ahead_counts_from_now() {
    let mut guard = Guard::default();
    for _ in 0..2 {
        attempt(&mut guard, "silent", Shown::NoVerdict, HOUR);
    }
    attempt(&mut guard, "refused", Shown::Refused, HOUR);
    guard.not_after(at(10));
    assert_eq!(guard.waits_until(&mark("silent"), at(20)), Some(at(10 + HOUR)));
    assert_eq!(refuses(&guard, "refused", 39), Some(Code::IdpRejected));
    assert_eq!(refuses(&guard, "refused", 40), Some(Code::SecretRefusedBefore));
}

#[test]
fn two_secrets_by_turns_are_counted_each() {
    let mut guard = Guard::default();
    for _ in 0..2 {
        guard.begin(&mark("a"), at(0));
        guard.begin(&mark("b"), at(0));
    }
    assert!(refuses(&guard, "a", 1).is_some() && refuses(&guard, "b", 1).is_some());
}

#[test]
fn only_the_latest_secrets_are_kept() {
    let mut guard = Guard::default();
    for i in 0..100 {
        attempt(&mut guard, &i.to_string(), Shown::Refused, 0);
    }
    assert_eq!((guard.0.len(), refuses(&guard, "99", 0)), (KEPT, Some(Code::IdpRejected)));
}
