//! How a caller wants its login, as data: what it waits for, what it takes in place of a login, and what holds it back.

use std::time::Duration;

/// How a caller wants its login.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// How long to wait for others that log in as the same identity; `None`: until the deadline. When the time is over, a policy
    /// with a limit leaves the login to them, and one without fails.
    pub wait: Option<Duration>,
    pub accepts: Accepts,
    /// What holds the login back, besides a refused secret.
    pub obeys: Obeys,
    /// The secret is sent even if it was refused before: a person asks for it.
    pub pardons: bool,
    pub disproves: Disproves,
}

/// Which cached result makes a login unnecessary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// One that needs no refresh.
    Fresh,
    /// One that is not cold, or that another process left while this one waited.
    NotUsedUp,
    /// One of a login that began after this process came.
    BegunLater,
    Nothing,
}

/// What holds a login back, besides a refused secret. Each includes those above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obeys {
    /// Nothing else: a person asks for it.
    Nothing,
    /// A page that needs a person; a failure that another process met while this one waited.
    Holds,
    /// The back-off after a failure.
    BackOff,
    /// A secret without a verdict: its next attempt is saved for callers that have no credentials left.
    Thrift,
}

/// Which remembered failures a success disproves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disproves {
    /// Those that concern the same result.
    ItsOwn,
    /// The same, except those of STS, which was not asked.
    AllButSts,
    /// All, and everything known of secrets: a person logged in.
    Everything,
}

impl Policy {
    /// A refresh ahead of time, with credentials to fall back on.
    pub fn early(wait: Duration) -> Self {
        Policy { wait: Some(wait), accepts: Accepts::Fresh, obeys: Obeys::Thrift, ..Policy::COLD }
    }

    /// Without credentials to fall back on.
    pub const COLD: Policy = Policy {
        wait: None,
        accepts: Accepts::NotUsedUp,
        obeys: Obeys::BackOff,
        pardons: false,
        disproves: Disproves::ItsOwn,
    };

    /// A new reading of an Airflow connection from a secrets backend. What another process read meanwhile counts; no back-off.
    pub const TEXT: Policy = Policy { obeys: Obeys::Holds, ..Policy::COLD };

    /// `--force`: whatever is cached, and without regard to the back-off.
    pub const FORCED: Policy = Policy { accepts: Accepts::BegunLater, obeys: Obeys::Holds, ..Policy::COLD };

    /// `fedcred login`: always one login, after whose success nothing holds logins back.
    pub const BY_HAND: Policy = Policy {
        accepts: Accepts::Nothing,
        obeys: Obeys::Nothing,
        pardons: true,
        disproves: Disproves::Everything,
        ..Policy::COLD
    };

    /// A login that ends with a proof of identity; STS is not asked.
    pub const PROVING: Policy = Policy { pardons: false, disproves: Disproves::AllButSts, ..Policy::BY_HAND };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_person_pardons_a_refused_secret_and_only_force_and_texts_pass_the_back_off_by() {
        let table = [
            (Policy::early(Duration::ZERO), Accepts::Fresh, Obeys::Thrift, false, Disproves::ItsOwn),
            (Policy::COLD, Accepts::NotUsedUp, Obeys::BackOff, false, Disproves::ItsOwn),
            (Policy::TEXT, Accepts::NotUsedUp, Obeys::Holds, false, Disproves::ItsOwn),
            (Policy::FORCED, Accepts::BegunLater, Obeys::Holds, false, Disproves::ItsOwn),
            (Policy::BY_HAND, Accepts::Nothing, Obeys::Nothing, true, Disproves::Everything),
            (Policy::PROVING, Accepts::Nothing, Obeys::Nothing, false, Disproves::AllButSts),
        ];
        for (row, (policy, accepts, obeys, pardons, disproves)) in table.into_iter().enumerate() {
            let Policy { wait, .. } = policy;
            assert_eq!(
                wait.is_some(),
                obeys == Obeys::Thrift,
                "row {row}: only a refresh ahead of time leaves it to others"
            );
            let told = (policy.accepts, policy.obeys, policy.pardons, policy.disproves);
            assert_eq!(told, (accepts, obeys, pardons, disproves), "row {row}");
        }
    }
}
