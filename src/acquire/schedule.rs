//! When credentials are refreshed: a pure function of times.

use std::time::Duration;

use crate::time::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Fresh,
    Due,
    Cold,
}

pub fn state(times: Option<(Timestamp, Timestamp)>, now: Timestamp, window: Option<Duration>) -> State {
    let Some((issued, expires)) = times else { return State::Cold };
    let life = expires.as_second() - issued.as_second();
    let left = expires.as_second() - now.as_second();
    if left < 60.min(life / 6) || issued > now {
        return State::Cold;
    }
    let rule = if life <= 1200 {
        life / 3
    } else if life < 89 * 60 {
        16 * 60
    } else {
        61 * 60
    };
    let window = window.map_or(rule, |w| (w.as_secs() as i64).min(life / 2));
    if left > window { State::Fresh } else { State::Due }
}
