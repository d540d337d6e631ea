//! Whose turn it is in the keeper's loop: decided from times alone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::SignedDuration;

use crate::time::Timestamp;

/// The longest sleep. The clock of sleeps stops while the machine is suspended, and changes of the wall clock are not
/// announced, so the wall clock is read this often.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// If the clock was set back by more than this, planned times are invalid.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(1);

#[derive(Default)]
pub struct Plan {
    wanted: BTreeSet<String>,
    turns: BTreeMap<String, Turn>,
}

#[derive(Clone, Copy)]
enum Turn {
    Now,
    Running {
        /// Whether the settings changed meanwhile.
        is_outdated: bool,
    },
    At {
        time: Timestamp,
        planned: Timestamp,
    },
}

impl Plan {
    /// Plans these profiles and no others, all of them anew, since settings may have changed. A time puts off the first turn.
    pub fn start_over(&mut self, profiles: impl IntoIterator<Item = (String, Option<Timestamp>)>, now: Timestamp) {
        let profiles: BTreeMap<String, Option<Timestamp>> = profiles.into_iter().collect();
        self.wanted = profiles.keys().cloned().collect();
        self.turns.retain(|_, turn| matches!(turn, Turn::Running { .. }));
        for turn in self.turns.values_mut() {
            *turn = Turn::Running { is_outdated: true };
        }
        for (name, from) in profiles {
            let turn = from.map_or(Turn::Now, |time| Turn::At { time, planned: now });
            self.turns.entry(name).or_insert(turn);
        }
    }

    /// Returns the profiles whose turn it is, and notes them as running; at most `most` run at a time.
    pub fn begin(&mut self, now: Timestamp, most: usize) -> Vec<String> {
        let free = most.saturating_sub(self.running());
        let due = self.turns.iter_mut().filter(|(_, turn)| turn.has_come(now)).take(free);
        due.map(|(name, turn)| {
            *turn = Turn::Running { is_outdated: false };
            name.clone()
        })
        .collect()
    }

    /// Notes that a renewal has ended. The next turn of its profile is at `time`.
    pub fn end(&mut self, name: &str, time: Timestamp, now: Timestamp) {
        let Some(Turn::Running { is_outdated }) = self.turns.remove(name) else { return };
        if self.wanted.contains(name) {
            let turn = if is_outdated { Turn::Now } else { Turn::At { time, planned: now } };
            self.turns.insert(name.to_owned(), turn);
        }
    }

    pub fn running(&self) -> usize {
        self.turns.values().filter(|turn| matches!(turn, Turn::Running { .. })).count()
    }

    /// Returns how long to sleep until the next turn; a minute at most.
    pub fn sleep(&self, now: Timestamp) -> Duration {
        let next = self.turns.values().filter_map(|turn| match turn {
            // It waits for a running one to end, or for settings that can be read.
            turn if turn.has_come(now) => None,
            Turn::At { time, .. } => Some(Duration::try_from(time.duration_since(now)).unwrap_or_default()),
            Turn::Now | Turn::Running { .. } => None,
        });
        next.min().unwrap_or(LONGEST_SLEEP).min(LONGEST_SLEEP)
    }
}

impl Turn {
    fn has_come(&self, now: Timestamp) -> bool {
        match self {
            Turn::Now => true,
            Turn::Running { .. } => false,
            Turn::At { time, planned } => now >= *time || planned.duration_since(now) > TOLERANCE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn plan(names: &[&str]) -> Plan {
        let mut plan = Plan::default();
        plan.start_over(names.iter().map(|name| (name.to_string(), None)), at(0));
        plan
    }

    #[test]
    fn everything_is_begun_at_once_but_only_so_many_at_a_time() {
        let mut plan = plan(&["c", "a", "b"]);
        assert_eq!(plan.begin(at(0), 2), ["a", "b"]);
        assert_eq!((plan.begin(at(0), 2), plan.running()), (vec![], 2));
        plan.end("a", at(100), at(1));
        assert_eq!(plan.begin(at(1), 2), ["c"]);
    }

    #[test]
    fn a_turn_comes_at_its_time_and_when_the_clock_was_set_back() {
        let mut plan = plan(&["a"]);
        for (now, has_come) in [(100, true), (99, false), (4000, true), (-60, false), (-61, true)] {
            plan.start_over([("a".to_owned(), None)], at(0));
            plan.begin(at(0), 1);
            plan.end("a", at(100), at(0));
            assert_eq!(plan.begin(at(now), 1).is_empty(), !has_come, "{now}");
            plan.end("a", at(100), at(0));
        }
    }

    #[test]
    fn a_first_turn_may_be_put_off() {
        let mut plan = Plan::default();
        plan.start_over([("a".to_owned(), Some(at(100))), ("b".to_owned(), None)], at(0));
        assert_eq!((plan.begin(at(99), 9), plan.begin(at(100), 9)), (vec!["b".to_owned()], vec!["a".to_owned()]));
    }

    #[test]
    fn it_sleeps_to_the_next_turn_but_never_longer_than_a_minute() {
        let mut plan = plan(&["a", "b"]);
        plan.begin(at(0), 2);
        assert_eq!(plan.sleep(at(0)), LONGEST_SLEEP, "until one of them ends");
        plan.end("a", at(1000), at(0));
        plan.end("b", at(50), at(0));
        // What has come and was not begun waits for something else than time: no sleep of nothing, which would spin.
        for (now, seconds) in [(0, 50), (49, 1), (50, 60), (100, 60), (-100, 60)] {
            assert_eq!(plan.sleep(at(now)), Duration::from_secs(seconds), "{now}");
        }
    }

    #[test]
    fn new_settings_make_all_turns_anew() {
        let mut plan = plan(&["runs", "stays", "goes", "runs and goes"]);
        plan.begin(at(0), 4);
        plan.end("stays", at(1000), at(0));
        plan.end("goes", at(1000), at(0));
        plan.start_over(["stays", "runs", "new"].map(|name| (name.to_owned(), None)), at(1));
        assert_eq!(plan.begin(at(1), 9), ["new", "stays"]);
        plan.end("runs", at(1000), at(2));
        plan.end("runs and goes", at(1000), at(2));
        assert_eq!(plan.begin(at(2), 9), ["runs"], "it may have begun with the old settings");
        for name in ["new", "stays", "runs"] {
            plan.end(name, at(1000), at(3));
        }
        assert_eq!(plan.begin(at(1000), 9), ["new", "runs", "stays"]);
    }
}
