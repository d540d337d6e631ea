//! How long AWS is asked again: inside the run's one deadline, an attempt at a time, with jittered waits between.
//!
//! What is worth another try is what [`Kind::Unavailable`] says: throttling, trouble on the way, trouble at AWS. An assertion
//! may be redeemed again, so an answer that got lost costs nothing.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use crate::error::{Code, Error, Kind, Result};
use crate::time::Deadline;

/// How often, and how long each time.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub attempts: u32,
    /// Of one attempt: one that hangs leaves time for another.
    pub attempt: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience { attempts: 5, attempt: Duration::from_secs(8) }
    }
}

const FIRST_WAIT: Duration = Duration::from_millis(400);

impl Patience {
    /// Calls `attempt` until it succeeds, fails for good, or patience ends. `peer` is named when nothing came.
    pub async fn persist<T>(
        &self,
        deadline: &Deadline,
        peer: &str,
        mut attempt: impl AsyncFnMut() -> Result<T>,
    ) -> Result<T> {
        deadline.check(&format!("before {peer} was asked"))?;
        let mut tried = 0;
        let mut before = None;
        loop {
            tried += 1;
            let limit = self.attempt.min(deadline.remaining());
            let error = match tokio::time::timeout(limit, attempt()).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => error,
                Err(_) => {
                    let silent = format!("no answer from {peer} in {:.1} s", limit.as_secs_f32());
                    // An attempt that began shortly before the end tells less than the one before it.
                    let told = before.filter(|_| deadline.has_passed());
                    told.unwrap_or_else(|| Error::new(Code::Timeout, silent))
                }
            };
            let wait = jittered(FIRST_WAIT * 2u32.pow(tried - 1));
            if error.kind() != Kind::Unavailable || tried >= self.attempts || wait >= deadline.remaining() {
                return Err(if tried == 1 { error } else { error.because(format!("{tried} attempts were made")) });
            }
            before = Some(error);
            tokio::time::sleep(wait).await;
        }
    }
}

/// Between half and the whole of `wait`, so that a fleet that failed together does not come back together.
fn jittered(wait: Duration) -> Duration {
    let random = RandomState::new().hash_one(()) as u32;
    wait / 2 + (wait / 2).mul_f64(f64::from(random) / f64::from(u32::MAX))
}
