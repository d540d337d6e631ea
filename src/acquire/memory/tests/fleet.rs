//! What a machine remembers, joined with what its fleet does.

use super::*;

#[test]
fn what_the_fleet_knows_replaces_what_this_machine_knew_and_is_not_later_than_now() {
    let (mut own, mut shared) = (Memory::default(), Memory::default());
    attempt(&mut own, "old", Shown::Refused, Code::IdpRejected, 0);
    for _ in 0..3 {
        shared.begin();
    }
    fail(&mut shared, &role("a"), Code::Http5xx, Step::IdentityProvider, 90);
    let joined = own.joined(shared, at(0));
    assert!(joined.guard.refuses(&mark("old"), at(0)).is_none(), "a person pardoned it on another machine");
    assert_eq!((joined.begun, joined.last_failure(&role("a"), at(0)).unwrap().last.at), (4, at(0)));
}

#[test]
fn what_a_machine_learned_alone_is_joined_with_what_the_fleet_knows() {
    let (mut own, mut shared) = (Memory::default(), Memory::default());
    attempt(&mut own, "mine", Shown::Refused, Code::IdpRejected, 10);
    attempt(&mut own, "both", Shown::NoVerdict, Code::Timeout, 20);
    own.apart.set(true);
    attempt(&mut shared, "theirs", Shown::Refused, Code::IdpRejected, 0);
    attempt(&mut shared, "both", Shown::Refused, Code::IdpRejected, 5);
    let joined = own.joined(shared, at(60));
    for secret in ["mine", "theirs", "both"] {
        assert!(joined.guard.refuses(&mark(secret), at(60)).is_some(), "{secret}");
    }
    assert!(joined.apart.get(), "until it is shared");
    assert_eq!(joined.last_failure(&role("a"), at(60)).unwrap().last.at, at(20), "the later of two");
}

#[test]
fn of_two_failures_of_the_same_concern_the_later_one_is_joined() {
    let (mut own, mut shared) = (Memory::default(), Memory::default());
    for (of, step, second) in
        [("a", Step::Sts, 10), ("b", Step::Sts, 20), ("a", Step::Local, 50), ("a", Step::IdentityProvider, 30)]
    {
        fail(&mut own, &role(of), Code::Http5xx, step, second);
    }
    own.apart.set(true);
    fail(&mut shared, &role("a"), Code::Http5xx, Step::Sts, 40);
    fail(&mut shared, &role("b"), Code::Http5xx, Step::Sts, 5);
    let joined = own.joined(shared, at(60));
    let known: Vec<_> = joined.failures.iter().map(|failure| (failure.concerns, failure.stops, failure.at)).collect();
    let result = |of| Concerns::Result(role(of).result);
    let expected = [
        (result("a"), Stops::All, at(40)),
        (result("b"), Stops::All, at(20)),
        (result("a"), Stops::None, at(50)),
        (Concerns::Login(role("a").settings), Stops::All, at(30)),
    ];
    assert_eq!(known, expected);
}
