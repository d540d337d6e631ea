//! Durations as people write them: `1h30m`.

use std::time::Duration;

/// Writes a duration as [`parse_duration`] reads it: `1h30m`, `45s`.
pub fn written_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let parts = [(seconds / 3600, 'h'), (seconds / 60 % 60, 'm'), (seconds % 60, 's')];
    let text: String = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n}{unit}")).collect();
    if text.is_empty() { "0s".into() } else { text }
}

/// Parses hours, minutes and seconds, each at most once and in this order.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let (mut rest, mut total, mut largest) = (text, 0u64, u64::MAX);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        let unit = match rest.as_bytes()[digits] {
            b'h' => 3600,
            b'm' => 60,
            b's' => 1,
            _ => return None,
        };
        if unit >= largest {
            return None;
        }
        largest = unit;
        total = total.checked_add(number.checked_mul(unit)?)?;
        rest = &rest[digits + 1..];
    }
    (largest != u64::MAX).then(|| Duration::from_secs(total))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_are_hours_minutes_seconds_in_that_order() {
        let table = [
            ("1h", Some(3600)),
            ("90m", Some(5400)),
            ("900s", Some(900)),
            ("1h30m", Some(5400)),
            ("1h0m1s", Some(3601)),
            ("", None),
            ("1", None),
            ("h", None),
            ("1d", None),
            ("1m1h", None),
            ("1h1h", None),
            ("1 h", None),
            ("-1h", None),
            ("1é", None),
            ("99999999999999999999h", None),
            ("9999999999999999h", None),
        ];
        for (text, seconds) in table {
            assert_eq!(parse_duration(text), seconds.map(Duration::from_secs), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_duration_reads_as_it_was_written(seconds in 0u64..10_000_000) {
            let duration = Duration::from_secs(seconds);
            prop_assert_eq!(parse_duration(&written_duration(duration)), Some(duration));
        }

        #[test]
        fn no_text_makes_the_duration_parser_fall_over(text in "\\PC*") {
            let _ = parse_duration(&text);
        }
    }
}
