//! How a caller wants its login, as data: what it waits for, what it takes in place of one, and what holds it back.

use std::time::Duration;

use super::memory::{Memory, Seen, Wanted};

/// How a caller wants its login.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// How long others who log in as the same identity are waited for; absent: as long as there is time. After that a policy with
    /// a limit leaves it to them, and one without fails.
    pub wait: Option<Duration>,
    /// What that is there already will do.
    pub accepts: Accepts,
    /// What holds it back, besides a refused secret.
    pub obeys: Obeys,
    /// The secret is sent whatever became of it before: a person wants it so.
    pub pardons: bool,
    /// What a success disproves.
    pub succeeds: fn(&mut Memory, &Wanted),
}

/// What that is there already will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// What needs no refresh.
    Fresh,
    /// What is not used up, or what a leader left while we waited.
    NotUsedUp,
    /// What a leader brought that began later than we did.
    BegunLater,
    Nothing,
}

/// What holds a login back, besides a refused secret. Each includes those below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obeys {
    /// Nothing else: a person asks for it.
    Nothing,
    /// A page that needs a person; what a leader met while we waited.
    Holds,
    /// The back-off after a failure.
    BackOff,
    /// A secret without a verdict: it is saved for those who have no credentials left.
    Thrift,
}

impl Policy {
    /// How far logins had come for whoever looks now: what ends, or begins, later is news.
    pub(super) fn seen(&self, memory: &Memory) -> Seen {
        if self.accepts == Accepts::BegunLater { memory.seen_begun() } else { memory.seen() }
    }

    /// Ahead of time, with something to fall back on.
    pub fn early(wait: Duration) -> Self {
        let (accepts, obeys) = (Accepts::Fresh, Obeys::Thrift);
        Policy { wait: Some(wait), accepts, obeys, pardons: false, succeeds: Memory::succeed }
    }

    /// With nothing to fall back on.
    pub const COLD: Policy = Policy {
        wait: None,
        accepts: Accepts::NotUsedUp,
        obeys: Obeys::BackOff,
        pardons: false,
        succeeds: Memory::succeed,
    };

    /// The text of an Airflow connection, of which a backend is asked anew: what a crowd was told counts, and nothing holds it
    /// back.
    pub const TEXT: Policy = Policy { obeys: Obeys::Holds, ..Policy::COLD };

    /// `--force`: whatever is cached, and whatever holds the next try back.
    pub const FORCED: Policy = Policy { accepts: Accepts::BegunLater, obeys: Obeys::Holds, ..Policy::COLD };

    /// `fedcred login`: once, in any case, after which nothing that held logins back is remembered.
    pub const BY_HAND: Policy =
        Policy { accepts: Accepts::Nothing, obeys: Obeys::Nothing, pardons: true, succeeds: forget, ..Policy::COLD };

    /// To see who somebody is to STS, which is not asked.
    pub const PROVING: Policy = Policy { pardons: false, succeeds: Memory::prove, ..Policy::BY_HAND };
}

fn forget(memory: &mut Memory, _: &Wanted) {
    memory.forget();
}
