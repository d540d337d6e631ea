//! Tables that fit the screen, and spans of time for people.

use jiff::SignedDuration;

use super::output::{self, Text};
use crate::text;

/// The fewest columns in which a last column is still wrapped.
const LEAST: usize = 24;

/// Returns the head and the rows, in columns as wide as their longest cell. An empty cell is shown as a dash.
///
/// If the table is wider than `width`, its last column is wrapped; if that is not enough, each row is a block: its first cell, and
/// below it the others with their names.
pub fn table<const N: usize>(head: [&str; N], rows: &[[String; N]], width: Option<usize>) -> Text {
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.to_vec()).collect();
    columns(&head.map(str::to_owned), &rows, width)
}

/// The same of a table whose columns are counted at run time.
pub fn columns(head: &[String], rows: &[Vec<String>], width: Option<usize>) -> Text {
    let cell = |text: &String| if text.is_empty() { "-".to_owned() } else { text::line(text).into_owned() };
    let rows: Vec<Vec<String>> =
        std::iter::once(head).chain(rows.iter().map(Vec::as_slice)).map(|row| row.iter().map(cell).collect()).collect();
    let widest = |i: usize| rows.iter().map(|row| textwrap::core::display_width(&row[i])).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(widest).collect();
    let Some((last, before)) = widths.split_last() else { return Text::default() };
    let begin: usize = before.iter().map(|width| width + 2).sum();
    let room = width.map_or(usize::MAX, |width| width.saturating_sub(begin));
    let words = rows.iter().filter_map(|row| row.last()).flat_map(|cell| cell.split_whitespace());
    let longest = words.map(textwrap::core::display_width).max().unwrap_or(0);
    if *last <= room {
        rows.iter().map(|row| in_columns(row, &widths)).collect()
    } else if room >= LEAST.max(longest) {
        rows.iter().flat_map(|row| wrapped(row, before, begin, room)).collect()
    } else {
        blocks(&rows, width.unwrap_or(usize::MAX))
    }
}

fn padded(cell: &str, width: usize) -> String {
    format!("{cell}{}  ", " ".repeat(width.saturating_sub(textwrap::core::display_width(cell))))
}

fn in_columns(row: &[String], widths: &[usize]) -> Text {
    let cells: String = row.iter().zip(widths).map(|(cell, width)| padded(cell, *width)).collect();
    Text::of(cells.trim_end())
}

fn wrapped(row: &[String], before: &[usize], begin: usize, room: usize) -> Vec<Text> {
    let first: String = row.iter().zip(before).map(|(cell, width)| padded(cell, *width)).collect();
    let last = row.last().map(String::as_str).unwrap_or_default();
    let lines = textwrap::wrap(last, output::wrapping(room));
    let lead = |index: usize| if index == 0 { first.clone() } else { " ".repeat(begin) };
    lines.iter().enumerate().map(|(index, line)| Text::of(format!("{}{line}", lead(index)))).collect()
}

/// The first of `rows` is the head.
fn blocks(rows: &[Vec<String>], width: usize) -> Text {
    let Some((head, rows)) = rows.split_first() else { return Text::default() };
    let mut text = Text::default();
    for row in rows {
        let mut cells = head.iter().zip(row);
        text.line(cells.next().map(|(_, cell)| cell.as_str()).unwrap_or_default());
        for (name, cell) in cells.filter(|(_, cell)| *cell != "-") {
            text.line(format!("  {}: {cell}", name.to_lowercase()));
        }
    }
    text.fit(Some(width))
}

/// Returns `12s`, `43m`, `1h05m` or `3d04h`; `0s` for a negative time.
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
        assert_eq!(&*table(["ONE", "TWO", "3"], &rows, None), "ONE   TWO  3\na     -    long\nbäbä  x    -\n");
    }

    #[test]
    fn what_does_not_fit_is_wrapped_or_told_in_blocks() {
        let rows = [["key".into(), "one two three four five six seven".into()]];
        assert_eq!(
            &*table(["KEY", "MEANING"], &rows, Some(30)),
            "KEY  MEANING\nkey  one two three four five\n     six seven\n"
        );
        let rows = [["dev".into(), "fresh".into(), "".into(), format!("arn:{}", "x".repeat(30))]];
        let text = table(["PROFILE", "STATE", "WHO", "ROLE"], &rows, Some(40));
        assert_eq!(&*text, format!("dev\n  state: fresh\n  role:\n    arn:{}\n", "x".repeat(30)));
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
