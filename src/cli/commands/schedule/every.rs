//! How often the job runs.

use std::time::Duration;

use crate::time::{Timestamp, whole_seconds};

/// An interval that cron and systemd can express: every so many minutes of the hour, or hours of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// 1 to 59
    Minutes(u64),
    /// 1 to 12
    Hours(u64),
}

/// The longest interval; no credentials live longer.
pub const LONGEST: Duration = Duration::from_secs(12 * 3600);
pub const SHORTEST: Duration = Duration::from_secs(60);
impl Every {
    /// Rounds down to whole minutes or hours, between [`SHORTEST`] and [`LONGEST`].
    pub fn of(time: Duration) -> Every {
        match time.clamp(SHORTEST, LONGEST).as_secs() / 60 {
            minutes @ ..60 => Every::Minutes(minutes),
            minutes => Every::Hours(minutes / 60),
        }
    }

    pub fn duration(self) -> Duration {
        match self {
            Every::Minutes(minutes) => Duration::from_secs(minutes * 60),
            Every::Hours(hours) => Duration::from_secs(hours * 3600),
        }
    }

    /// Returns `5 min` or `2 h`.
    pub fn in_words(self) -> String {
        match self {
            Every::Minutes(minutes) => format!("{minutes} min"),
            Every::Hours(hours) => format!("{hours} h"),
        }
    }

    /// Returns the five fields of crontab(5).
    pub fn as_cron(self) -> String {
        match self {
            Every::Minutes(1) => "* * * * *".to_owned(),
            Every::Minutes(minutes) => format!("*/{minutes} * * * *"),
            Every::Hours(1) => "0 * * * *".to_owned(),
            Every::Hours(hours) => format!("0 */{hours} * * *"),
        }
    }
}

/// Returns when cron runs next by these fields, which [`Every::as_cron`] wrote.
pub fn next_of_cron(fields: &[&str], now: Timestamp) -> Option<String> {
    let step = |field: &str| match field {
        "*" => Some(1),
        _ => field.strip_prefix("*/")?.parse::<i64>().ok().filter(|step| *step > 0),
    };
    let [minutes, hours, ..] = fields else { return None };
    if *minutes == "0" {
        // Hours count from the local midnight, which is cron's to know.
        return Some(format!("within {} h", step(hours)?));
    }
    let step = step(minutes)?;
    let passed = now.as_second().div_euclid(60) + 1;
    let (hour, minute) = (passed.div_euclid(60), passed.rem_euclid(60));
    // The last step may be cut by the end of the hour.
    let next = ((minute + step - 1) / step * step).min(60);
    Timestamp::from_second((hour * 60 + next) * 60).ok().map(whole_seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_what_cron_can_say() {
        for (seconds, every, cron) in [
            (1, Every::Minutes(1), "* * * * *"),
            (100, Every::Minutes(1), "* * * * *"),
            (300, Every::Minutes(5), "*/5 * * * *"),
            (3599, Every::Minutes(59), "*/59 * * * *"),
            (3600, Every::Hours(1), "0 * * * *"),
            (9000, Every::Hours(2), "0 */2 * * *"),
            (999_999, Every::Hours(12), "0 */12 * * *"),
        ] {
            let came = Every::of(Duration::from_secs(seconds));
            assert_eq!((came, came.as_cron().as_str()), (every, cron), "{seconds}");
            assert!(came.duration() <= Duration::from_secs(seconds.max(60)));
        }
    }

    #[test]
    fn the_next_run_is_the_one_that_cron_makes() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        for (every, now, next) in [
            (Every::Minutes(5), "2026-11-22T04:40:00Z", "2026-11-22T04:45:00Z"),
            (Every::Minutes(5), "2026-11-22T04:44:59Z", "2026-11-22T04:45:00Z"),
            (Every::Minutes(7), "2026-11-22T04:56:30Z", "2026-11-22T05:00:00Z"),
            (Every::Minutes(1), "2026-11-22T23:59:30Z", "2026-11-23T00:00:00Z"),
            (Every::Hours(2), "2026-11-22T04:40:00Z", "within 2 h"),
            (Every::Hours(1), "2026-11-22T04:40:00Z", "within 1 h"),
        ] {
            let cron = every.as_cron();
            let fields: Vec<&str> = cron.split(' ').collect();
            assert_eq!(next_of_cron(&fields, at(now)).as_deref(), Some(next), "{cron}");
        }
        assert_eq!(next_of_cron(&["5", "x"], at("2026-11-22T04:40:00Z")), None);
    }
}
