//! Keeps a [`Supply`] filled: a thread that asks for credentials when the schedule says so, as often as it takes.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use jiff::SignedDuration;

use super::supply::Supply;
use crate::acquire::schedule::{Ceiling, LastFailure, Life, State};
use crate::cache::entry::CacheEntry;
use crate::cache::seal;
use crate::error::{Code, Error, Kind, Result};
use crate::time::{self, Timestamp};

/// The longest sleep: timers stand still while a machine sleeps, the clock does not.
const NAP: Duration = Duration::from_secs(30);

/// Starts the thread; it ends with the process. `first` is handed out at once.
///
/// `ask` gives what is cached while that is fresh, and takes as long as a login takes.
pub fn start(
    profile: String,
    first: Option<CacheEntry>,
    ask: impl FnMut() -> Result<CacheEntry> + Send + 'static,
) -> Result<Arc<Supply>> {
    let (wake, woken) = sync_channel(1);
    let supply = Arc::new(Supply::new(profile, wake));
    let mut rounds = Rounds { supply: supply.clone(), life: None, failure: None };
    if let Some(first) = first {
        rounds.came(&first)?;
    }
    std::thread::Builder::new()
        .name("refresher".into())
        .stack_size(256 << 10)
        .spawn(move || rounds.run(&woken, ask))
        .map_err(|e| Error::new(Code::Bug, "no thread can be started").because(e.to_string()))?;
    Ok(supply)
}

struct Rounds {
    supply: Arc<Supply>,
    life: Option<Life>,
    failure: Option<Failure>,
}

/// The tries that failed since the last success.
#[derive(Clone, Copy, Debug)]
struct Failure {
    last: LastFailure,
    kind: Kind,
}

impl Rounds {
    fn run(mut self, woken: &Receiver<()>, mut ask: impl FnMut() -> Result<CacheEntry>) {
        loop {
            let now = time::now();
            let next = next_ask(self.life, self.failure, now);
            if next > now {
                let left = Duration::try_from(next.duration_since(now)).unwrap_or(NAP);
                match woken.recv_timeout(left.min(NAP)) {
                    Ok(()) | Err(RecvTimeoutError::Timeout) => continue,
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
            match ask() {
                Ok(entry) => {
                    if let Err(error) = self.came(&entry) {
                        self.failed(error);
                    }
                }
                Err(error) => self.failed(error),
            }
        }
    }

    fn came(&mut self, entry: &CacheEntry) -> Result<()> {
        let life = Life { issued: entry.issued, expires: entry.credentials.expiration };
        self.supply.put(entry)?;
        if self.life == Some(life) {
            // What was to be refreshed came back as it was: the login failed, or another process is at it.
            self.count(Kind::Unavailable);
            return Ok(());
        }
        tracing::info!(profile = self.supply.profile, until = %time::whole_seconds(life.expires), "new credentials");
        (self.life, self.failure) = (Some(life), None);
        Ok(())
    }

    fn failed(&mut self, error: Error) {
        tracing::warn!(profile = self.supply.profile, %error, "no new credentials");
        self.count(error.kind());
        self.supply.fail(error);
    }

    fn count(&mut self, kind: Kind) {
        let count = self.failure.map_or(0, |failure| failure.last.count).saturating_add(1);
        let [jitter] = seal::random().unwrap_or([128]);
        let last = LastFailure { at: time::now(), count, ceiling: Ceiling::Outage, jitter };
        self.failure = Some(Failure { last, kind });
    }
}

/// When to ask next: when a refresh is due by the schedule; without credentials, when another try may help.
fn next_ask(life: Option<Life>, failure: Option<Failure>, now: Timestamp) -> Timestamp {
    let last = failure.map(|failure| failure.last);
    match (life, failure) {
        (Some(life), _) if life.state(now, None, None) != State::Cold => life.next_refresh(now, None, last),
        (_, None) => now,
        // The clock was set back since.
        (_, Some(failure)) if failure.last.at.duration_since(now) > SignedDuration::from_mins(1) => now,
        (_, Some(failure)) => match failure.kind {
            Kind::Unavailable | Kind::Storage | Kind::Internal => failure.last.retry_at(),
            // A person logs in, and expects to see it.
            Kind::LoginRequired => after(failure.last.at, SignedDuration::from_secs(30)),
            // Somebody has to change something first.
            Kind::Usage | Kind::Unusable | Kind::Refused | Kind::Configuration => {
                after(failure.last.at, SignedDuration::from_mins(5))
            }
        },
    }
}

fn after(at: Timestamp, pause: SignedDuration) -> Timestamp {
    at.checked_add(pause).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::mpsc::channel;

    use super::super::supply::tests::entry;
    use super::*;

    const MIN: i64 = 60;
    const HOUR: i64 = 3600;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn it_asks_when_the_schedule_says_and_after_failures_later() {
        let hour = Some(Life { issued: at(0), expires: at(HOUR) });
        let failed = |second, count, kind| {
            let last = LastFailure { at: at(second), count, ceiling: Ceiling::Outage, jitter: 255 };
            Some(Failure { last, kind })
        };
        let due = 44 * MIN;
        let table = [
            (None, None, 0, 0),
            (hour, None, 0, due),
            (hour, None, due + 1, due + 1),
            (hour, failed(due, 1, Kind::Unavailable), due + 1, due + 10 * MIN),
            (hour, failed(due, 1, Kind::Refused), due + 1, due + 10 * MIN),
            (hour, failed(HOUR - 30, 1, Kind::Unavailable), HOUR - 30, HOUR - 29), // cold
            (hour, None, HOUR + 1, HOUR + 1),
            (None, failed(0, 9, Kind::Unavailable), 0, 30),
            (None, failed(0, 1, Kind::LoginRequired), 0, 30),
            (None, failed(0, 1, Kind::Refused), 0, 5 * MIN),
            (None, failed(0, 1, Kind::Configuration), 0, 5 * MIN),
            (None, failed(HOUR, 1, Kind::Refused), 0, 0), // from a clock that was wrong
        ];
        for (row, (life, failure, now, expected)) in table.into_iter().enumerate() {
            assert_eq!(next_ask(life, failure, at(now)), at(expected), "row {row}");
        }
    }

    #[test]
    fn it_goes_on_after_failures_and_panics_of_nobody() {
        let mut outcomes =
            VecDeque::from([Err(Error::new(Code::Connect, "no connection")), Ok(entry(0)), Ok(entry(HOUR))]);
        let (asked, asks) = channel();
        let supply = start("dev".into(), None, move || {
            asked.send(()).unwrap();
            outcomes.pop_front().unwrap()
        })
        .unwrap();
        for _ in 0..3 {
            asks.recv_timeout(Duration::from_secs(60)).unwrap();
        }
        while !supply.is_valid() {
            time::pause(Duration::from_millis(1));
        }
    }
}
