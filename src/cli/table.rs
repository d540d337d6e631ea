//! Columns of text, and spans of time as people say them.

use jiff::SignedDuration;

use super::output::Text;
use crate::text;

/// The head, then the rows, in columns as wide as their longest cell. An empty cell is a dash.
pub fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> Text {
    let cell = |text: &str| if text.is_empty() { "-".to_owned() } else { text::line(text).into_owned() };
    let rows: Vec<[String; N]> =
        std::iter::once(head.map(cell)).chain(rows.iter().map(|r| r.each_ref().map(|c| cell(c)))).collect();
    let widths: [usize; N] = std::array::from_fn(|i| rows.iter().map(|r| r[i].chars().count()).max().unwrap_or(0));
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}  "));
        Text::of(cells.collect::<String>().trim_end())
    };
    rows.iter().map(line).collect()
}

/// `12s`, `43m`, `1h05m`, `3d04h`; of what is negative, `0s`.
pub fn span(time: SignedDuration) -> String {
    let seconds = time.as_secs().max(0);
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    match hours {
        0 if minutes == 0 => format!("{seconds}s"),
        0 => format!("{minutes}m"),
        1..24 => format!("{hours}h{:02}m", minutes % 60),
        _ => format!("{}d{:02}h", hours / 24, hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_nothing_trails() {
        let rows = [["a".into(), "".into(), "long".into()], ["bäbä".into(), "x".into(), "".into()]];
        assert_eq!(&*table(["ONE", "TWO", "3"], &rows), "ONE   TWO  3\na     -    long\nbäbä  x    -\n");
    }

    #[test]
    fn a_span_is_told_in_its_two_largest_units() {
        let table = [
            (-5, "0s"),
            (59, "59s"),
            (60, "1m"),
            (3599, "59m"),
            (3900, "1h05m"),
            (86399, "23h59m"),
            (273_600, "3d04h"),
        ];
        for (seconds, text) in table {
            assert_eq!(span(SignedDuration::from_secs(seconds)), text);
        }
    }
}
