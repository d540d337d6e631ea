//! How often a secret leaves, whatever the peers answer, the clock does and the policies are: the whole function, through its
//! files, with secrets of every kind.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use proptest::prelude::*;
use zeroize::Zeroizing;

use super::*;
use crate::acquire::key::LoginSettings;
use crate::acquire::memory::Wanted;
use crate::attempt::{self, Shown};
use crate::cache::file_store::FileStore;
use crate::cache::key::{FileName, KeyBuilder};
use crate::cache::record::{self, SealedStore};
use crate::cache::sealing_key::SealingKey;
use crate::error::Step;
use crate::secret::Secret;
use crate::time::{Timestamp, stopped_clock};

/// What becomes of one attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Shows(Shown),
    /// The process is killed: nothing that would be written after the secret was handed out is.
    Killed,
}

/// One process that wants to log in.
#[derive(Clone, Debug)]
struct Call {
    /// The clock goes on by so many seconds of real time first.
    later: i64,
    /// And is set by so many, besides.
    step: i64,
    policy: Policy,
    /// Its secrets, in the order in which they would be sent, and what becomes of each.
    sends: Vec<(usize, Fate)>,
}

const HOUR: i64 = 3600;
const ALL: usize = 5;

/// A password, a code's source, a keytab, a proxy's password, another password.
fn secret(which: usize) -> CountedSecret {
    let text = |text: &str| Secret::new(text.to_owned());
    match which {
        0 => CountedSecret::new(text("a password")),
        1 => CountedSecret::known_by(text(&format!("{}", time::now().as_second())), text("a source of codes")),
        2 => CountedSecret::keytab(Zeroizing::new(b"a keytab".to_vec())),
        3 => CountedSecret::of_proxy(text("a proxy's")),
        _ => CountedSecret::new(text("another password")),
    }
}

fn place(dir: &std::path::Path) -> LoginPlace {
    let sealing = SealingKey::from_bytes([7; 32]);
    let login = KeyBuilder::new(&sealing).field("user", "alice").login_key();
    let result = KeyBuilder::new(&sealing).field("role", "a").cache_key();
    let store = SealedStore::new(FileStore::new(dir.join("cache")), sealing);
    LoginPlace { store: store.into(), login, wanted: Wanted { result, settings: LoginSettings(result) }, fleet: None }
}

/// A login that sends these secrets, until one is not accepted.
struct Script<'a> {
    place: &'a LoginPlace,
    sends: &'a [(usize, Fate)],
    is_by_hand: bool,
    /// Those that left, in turn.
    left: RefCell<Vec<(usize, Fate)>>,
    /// What lay in the record when the process was killed.
    killed: Cell<Option<Vec<u8>>>,
    /// Whether the login began.
    is_begun: Cell<bool>,
}

impl<'a> Script<'a> {
    fn new(place: &'a LoginPlace, sends: &'a [(usize, Fate)], policy: &Policy) -> Script<'a> {
        let (left, killed, is_begun) = (RefCell::default(), Cell::default(), Cell::default());
        Script { place, sends, is_by_hand: policy.pardons, left, killed, is_begun }
    }

    fn record(&self) -> FileName {
        record::name::<Memory>(&self.place.login)
    }
}

impl Flight for Script<'_> {
    type Brought = ();
    type Prepared = ();

    /// A code's source and a proxy's password are not known before.
    fn secret(&self, _: &Deadline) -> Result<Option<CountedSecret>> {
        Ok(self.sends.first().filter(|(which, _)| !matches!(which, 1 | 3)).map(|(which, _)| secret(*which)))
    }

    fn prepare(&self, _: &Known<'_>, _: &Deadline) -> Result<()> {
        Ok(())
    }

    fn log_in(&self, (): (), login: &Login<'_>) -> Result<()> {
        self.is_begun.set(true);
        let failed = |step| Err(Error::new(Code::Http5xx, "no").at(step));
        for (which, fate) in self.sends {
            let carried = attempt::send(&[&secret(*which)], login.ledger, |_| Secret::new(String::new()))?;
            self.left.borrow_mut().push((*which, *fate));
            match fate {
                Fate::Killed => {
                    self.killed.set(self.place.store.files.read(&self.record())?);
                    return failed(Step::IdentityProvider);
                }
                Fate::Shows(shown) => carried.settle(*shown),
            }
            if matches!(fate, Fate::Shows(Shown::NoVerdict | Shown::Refused)) {
                // A page that asks again is not answered again, but for a person whose secret was just taken.
                let again = attempt::send(&[&secret(*which)], login.ledger, |_| Secret::new(String::new()));
                let was_taken = self.left.borrow().contains(&(*which, Fate::Shows(Shown::Accepted)));
                let is_open = *fate == Fate::Shows(Shown::NoVerdict);
                assert!(again.is_err() || (self.is_by_hand && was_taken && is_open), "twice in a run");
            }
            if *fate != Fate::Shows(Shown::Accepted) {
                return failed(Step::IdentityProvider);
            }
        }
        Ok(())
    }

    fn unlocked(&self, _: Option<Error>) -> Result<()> {
        panic!("there is a place");
    }
}

/// Counts what left of one secret, by the table and nothing else.
#[derive(Debug, Default)]
struct Count {
    is_refused: bool,
    /// When it left without a verdict since it was last accepted or a person logged in, in real time.
    open: Vec<i64>,
    /// Clock steps since the first of them.
    steps: usize,
}

impl Count {
    /// It leaves at `now`; whether that is allowed.
    fn may_leave(&self, now: i64) -> bool {
        let first = self.open.first().copied().unwrap_or(now);
        let hours = usize::try_from((now - first) / HOUR).unwrap();
        // A clock that was set may cost one more each time: which of the two was wrong cannot be known.
        let in_a_row = self.open.iter().filter(|sent| now - **sent < HOUR).count();
        !self.is_refused && self.open.len() < 2 + hours + self.steps && in_a_row < 2 + self.steps
    }

    fn settle(&mut self, fate: Fate, now: i64) {
        match fate {
            Fate::Shows(Shown::NotSent) => {}
            Fate::Shows(Shown::Accepted) => *self = Count::default(),
            Fate::Shows(Shown::Refused) => self.is_refused = true,
            Fate::Shows(Shown::NoVerdict) | Fate::Killed => self.open.push(now),
        }
    }
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let fate = prop_oneof![
        2 => Just(Fate::Shows(Shown::Accepted)),
        1 => Just(Fate::Shows(Shown::NotSent)),
        2 => Just(Fate::Shows(Shown::NoVerdict)),
        1 => Just(Fate::Shows(Shown::Refused)),
        2 => Just(Fate::Killed),
    ];
    let later = prop_oneof![3 => 0..120i64, 2 => 600..4000i64, 1 => Just(HOUR - 1), 1 => Just(HOUR)];
    let step = prop_oneof![8 => Just(0i64), 1 => -100_000..0i64, 1 => 0..100_000i64];
    let policy = prop_oneof![
        3 => Just(Policy::COLD),
        3 => Just(Policy::FORCED),
        2 => Just(Policy::early(Duration::ZERO)),
        2 => Just(Policy::PROVING),
        1 => Just(Policy::BY_HAND),
    ];
    let sends = prop::collection::vec((0..ALL, fate), 1..3);
    let call = (later, step, policy, sends);
    prop::collection::vec(call.prop_map(|(later, step, policy, sends)| Call { later, step, policy, sends }), 0..24)
}

/// Runs the calls one after the other, and checks each secret that leaves.
fn play(calls: &[Call]) -> std::result::Result<usize, TestCaseError> {
    let home = tempfile::tempdir().unwrap();
    let mut counts: BTreeMap<usize, Count> = (0..ALL).map(|which| (which, Count::default())).collect();
    let (mut real, mut shown_by_clock, mut sent) = (0, 1_800_000_000, 0);
    for Call { later, step, policy, sends } in calls {
        real += later;
        shown_by_clock += later + step;
        stopped_clock::set(Timestamp::from_second(shown_by_clock).unwrap());
        counts.values_mut().filter(|_| *step != 0).for_each(|count| count.steps += 1);
        // Each is a process of its own: nothing but the files is handed on.
        let place = place(home.path());
        let script = Script::new(&place, sends, policy);
        let outcome = acquire(&script, &place, policy, &Deadline::after(Duration::from_secs(60)));
        if policy.pardons
            && let Some(own) = script.secret(&Deadline::after(Duration::ZERO)).unwrap()
        {
            let pardoned = counts.keys().copied().find(|which| secret(*which).mark() == own.mark()).unwrap();
            counts.insert(pardoned, Count::default());
        }
        let left = script.left.borrow();
        for (at, (which, fate)) in left.iter().enumerate() {
            let count = counts.get_mut(which).unwrap();
            if policy.pardons && left[..at].iter().all(|(earlier, _)| earlier != which) {
                *count = Count::default();
            }
            prop_assert!(count.may_leave(real), "secret {which} at {real}: {count:?}");
            sent += 1;
            count.settle(*fate, real);
        }
        match script.killed.take() {
            Some(record) => place.store.files.write(&script.record(), &record).unwrap(),
            // By a success everything that was sent is right, and after a login by hand all is forgotten.
            None if outcome.is_ok() && policy.pardons => {
                counts.values_mut().for_each(|count| *count = Count::default())
            }
            None => {}
        }
    }
    Ok(sent)
}

proptest! {
    // Each case is some dozens of logins, through files.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_secret_leaves_more_often_than_the_table_allows(calls in calls()) {
        play(&calls)?;
    }
}

#[test]
fn what_the_table_allows_does_leave() {
    let call = |later, policy, which, fate| Call { later, step: 0, policy, sends: vec![(which, fate)] };
    let silent = Fate::Shows(Shown::NoVerdict);
    for which in 0..ALL {
        // Two at once, then one an hour; a login by hand at any time.
        let calls: Vec<Call> =
            [0, 60, 60, HOUR, 60, HOUR].iter().map(|later| call(*later, Policy::FORCED, which, silent)).collect();
        assert_eq!(play(&calls).unwrap(), 4, "{which}");
        let killed: Vec<Call> = [0, 60, 60, HOUR].map(|later| call(later, Policy::COLD, which, Fate::Killed)).into();
        assert_eq!(play(&killed).unwrap(), 3, "{which}");
        let refused = Fate::Shows(Shown::Refused);
        let refused = [0, 60, HOUR, 9 * HOUR].map(|later| call(later, Policy::FORCED, which, refused));
        assert_eq!(play(&refused).unwrap(), 1, "{which}");
        let right = [0, 1, 1, 1].map(|later| call(later, Policy::PROVING, which, Fate::Shows(Shown::Accepted)));
        assert_eq!(play(&right).unwrap(), 4, "{which}");
        let absent = [0, 100, 100, 100].map(|later| call(later, Policy::COLD, which, Fate::Shows(Shown::NotSent)));
        assert_eq!(play(&absent).unwrap(), 4, "{which}");
    }
}

#[test]
fn a_secret_that_was_accepted_and_is_then_refused_in_the_same_login_is_refused() {
    let (accepted, refused) = (Fate::Shows(Shown::Accepted), Fate::Shows(Shown::Refused));
    for (fate, expected) in [(refused, 2), (Fate::Shows(Shown::NoVerdict), 6), (Fate::Shows(Shown::NotSent), 6)] {
        let calls = [0, 60, 60].map(|later| Call {
            later,
            step: 0,
            policy: Policy::FORCED,
            sends: vec![(1, accepted), (1, fate)],
        });
        assert_eq!(play(&calls).unwrap(), expected, "{fate:?}");
    }
}

#[test]
fn a_login_with_a_refused_secret_does_not_begin_and_counts_as_one_ahead_of_time_alone() {
    let home = tempfile::tempdir().unwrap();
    let place = place(home.path());
    let begins = |policy: &Policy| {
        let sends = [(0, Fate::Shows(Shown::Refused))];
        let script = Script::new(&place, &sends, policy);
        assert!(acquire(&script, &place, policy, &Deadline::after(Duration::from_secs(60))).is_err());
        script.is_begun.get()
    };
    assert!(begins(&Policy::FORCED));
    let refused = place.memory().unwrap();
    assert!(!begins(&Policy::FORCED) && !begins(&Policy::COLD));
    assert_eq!(place.memory().unwrap(), refused);
    assert!(!begins(&Policy::early(Duration::ZERO)));
    assert_ne!(place.memory().unwrap(), refused, "the next one ahead of time comes later");
    assert!(begins(&Policy::BY_HAND));
}

#[test]
fn a_login_without_time_to_hear_the_answer_does_not_begin() {
    let home = tempfile::tempdir().unwrap();
    let place = place(home.path());
    for (policy, may_begin) in [(Policy::COLD, false), (Policy::FORCED, false), (Policy::BY_HAND, true)] {
        let script = Script::new(&place, &[], &policy);
        let outcome = acquire(&script, &place, &policy, &Deadline::after(Duration::ZERO));
        assert_eq!((script.is_begun.get(), outcome.is_ok()), (may_begin, may_begin), "{policy:?}");
    }
}

#[test]
fn a_result_is_news_if_its_login_began_after_this_process_looked() {
    let mut memory = Memory::default();
    let old = memory.begin();
    let seen = memory.seen(Accepts::BegunLater);
    let new = memory.begin();
    let known = Known { accepts: Accepts::BegunLater, memory: &memory, seen };
    assert_eq!([old, new, new + 1].map(|generation| known.is_news(generation)), [false, true, false]);
}
