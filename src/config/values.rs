//! Reads values: text, numbers, durations, choices, paths, ARNs. An error names file, line and what is allowed.

use std::path::PathBuf;
use std::time::Duration;

use super::duration::{parse_duration, written_duration};
use super::found::Found;
use super::mistakes::{self, nearest};
use super::row::Kind;
use super::tree::Value;
use super::words::{Words, names};
use crate::error::{Code, Error, Result};
use crate::region::{NotARegion, Region};
use crate::text::redact::looks_like_a_secret;

/// Reads a text that is not empty and has no control characters.
pub fn text(found: &Found<'_>) -> Result<String> {
    let text = written(found, "a string")?;
    if text.trim().is_empty() {
        return Err(found.error(Code::InvalidValue, "is empty"));
    }
    if text.chars().any(char::is_control) {
        let error = found.error(Code::InvalidValue, "contains a control character");
        return Err(error.hint(format!(
            "in double quotes a backslash is an escape, such as \\n; write it in single quotes: {} = 'CORP\\nancy'",
            found.key
        )));
    }
    Ok(text.to_owned())
}

/// Returns a string as written; `expected` is for the error of another type.
pub fn written<'c>(found: &Found<'c>, expected: &str) -> Result<&'c str> {
    match found.value {
        Value::Text(text) => Ok(text),
        _ => Err(found.wrong(expected)),
    }
}

pub fn boolean(found: &Found<'_>) -> Result<bool> {
    match found.value {
        Value::Boolean(truth) => Ok(*truth),
        Value::Text(text) if matches!(text.as_str(), "true" | "false") => {
            Err(found.wrong("true or false").hint(format!("write it without quotes: {} = {text}", found.key)))
        }
        _ => Err(found.wrong("true or false")),
    }
}

/// Reads an integer in the range of its row.
pub fn integer<T: TryFrom<i64>>(found: &Found<'_>) -> Result<T> {
    let (Kind::Integer(least, most) | Kind::Integers(least, most)) = found.row.kind else { return Err(found.misfit()) };
    match found.value {
        Value::Integer(Some(number)) if (least..=most).contains(number) => {
            T::try_from(*number).map_err(|_| found.misfit())
        }
        Value::Integer(_) => Err(found.error(Code::InvalidValue, out_of(least, most))),
        _ => Err(found.wrong("an integer")),
    }
}

/// Reads a float, or an integer in its place, in the range of its row.
pub fn number(found: &Found<'_>) -> Result<f64> {
    let Kind::Number(least, most) = found.row.kind else { return Err(found.misfit()) };
    let number = match found.value {
        Value::Float(number) => *number,
        Value::Integer(Some(number)) => *number as f64,
        _ => return Err(found.wrong("a number")),
    };
    // NaN is in no range.
    if (least..=most).contains(&number) {
        Ok(number)
    } else {
        Err(found.error(Code::InvalidValue, out_of(least, most)))
    }
}

/// Reads `"1h"`, `"90m"`, `"900s"`, `"1h30m"`, or seconds, in the range of its row.
pub fn duration(found: &Found<'_>) -> Result<Duration> {
    let Kind::Duration(least, most) = found.row.kind else { return Err(found.misfit()) };
    let (least, most) = (Duration::from_secs(least), Duration::from_secs(most));
    let expected = "a duration such as \"1h\", \"90m\", \"1h30m\" or a number of seconds";
    let duration = match found.value {
        Value::Text(text) => parse_duration(text).ok_or_else(|| {
            let error = found.wrong_text(expected, text);
            let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            match is_number {
                true => error.hint(format!("write \"{text}s\", or the number without quotes: {} = {text}", found.key)),
                false => {
                    error.hint(format!("write hours, minutes and seconds without blanks: {} = \"1h30m\"", found.key))
                }
            }
        })?,
        Value::Integer(Some(seconds)) if *seconds >= 0 => Duration::from_secs(seconds.unsigned_abs()),
        Value::Integer(_) => return Err(found.error(Code::InvalidValue, format!("must be {expected}"))),
        _ => return Err(found.wrong(expected)),
    };
    if (least..=most).contains(&duration) {
        return Ok(duration);
    }
    Err(found.error(Code::InvalidValue, out_of(written_duration(least), written_duration(most))))
}

/// One of the choice's words, or true or false for a choice that has them.
pub fn choice<T: Words>(found: &Found<'_>) -> Result<T> {
    if let (Value::Boolean(truth), Some((yes, no))) = (found.value, T::YES_AND_NO) {
        return Ok(if *truth { yes } else { no });
    }
    let word = word(found, &names::<T>())?;
    T::ALL.iter().find(|(name, _)| *name == word).map(|(_, choice)| *choice).ok_or_else(|| found.misfit())
}

/// Reads one of these words.
pub fn word(found: &Found<'_>, words: &[&'static str]) -> Result<&'static str> {
    let expected = || format!("one of {}", words.join(", "));
    let text = match found.value {
        Value::Text(text) => text,
        _ => return Err(found.wrong(&expected())),
    };
    if let Some(word) = words.iter().find(|word| *word == text) {
        return Ok(word);
    }
    let error = found.wrong_text(&expected(), text);
    let near = mistakes::meant(text, words.iter().copied()).or_else(|| nearest(text, words.iter().copied()));
    Err(match near {
        Some(near) => error.hint(format!("did you mean \"{near}\"?")),
        None => error,
    })
}

/// Reads an array with `parse`, with at most as many elements as the row allows.
pub fn list<'c, T>(found: &Found<'c>, parse: impl Fn(&Found<'c>) -> Result<T>) -> Result<Vec<T>> {
    let max = match found.row.kind {
        Kind::Texts(max) | Kind::Paths(max) => max,
        Kind::Integers(..) => 100,
        Kind::Command => 256,
        _ => return Err(found.misfit()),
    };
    match found.value {
        Value::Array(items) if items.len() > max => {
            Err(found.error(Code::InvalidValue, format!("has {} elements, and at most {max} are allowed", items.len())))
        }
        Value::Array(items) => items.iter().map(|item| parse(&found.element(item))).collect(),
        _ => Err(found.wrong("an array")),
    }
}

/// Reads a path: `~/` is the home directory, a relative path starts at the file's directory. Variables are not
/// expanded.
pub fn path(found: &Found<'_>) -> Result<PathBuf> {
    resolve_path(found, &text(found)?)
}

pub fn resolve_path(found: &Found<'_>, text: &str) -> Result<PathBuf> {
    if looks_like_a_secret(text) {
        return Err(found
            .error(Code::InvalidValue, "holds a token or key in place of a path")
            .because("the value is not shown: it looks like a secret, and no file has such a name")
            .hint("write the secret into a file that only you can read, and name that file"));
    }
    if text.starts_with("$HOME") || text.starts_with("${") || text.starts_with('%') {
        return Err(found
            .error(Code::InvalidValue, "begins with a variable, which is not expanded here")
            .hint("write ~/… for the home directory, or the whole path"));
    }
    if let Some(rest) = text.strip_prefix("~/") {
        let home = found.place.file.home.as_ref();
        return home.map(|home| home.join(rest)).ok_or_else(|| {
            found
                .error(Code::InvalidValue, "starts with ~/, and there is no home directory")
                .hint("write an absolute path")
        });
    }
    if text.starts_with('~') {
        return Err(found
            .error(Code::InvalidValue, "names another user's home")
            .hint("write an absolute path, or ~/…"));
    }
    Ok(found.place.file.dir.join(text))
}

/// Reads an ARN with `parse`; the error names the line.
pub fn arn<T>(found: &Found<'_>, parse: impl Fn(&str) -> Result<T>) -> Result<T> {
    parse(&text(found)?).map_err(|why| Error { what: found.error(why.code, "is not valid: ").what + &why.what, ..why })
}

/// Reads `region`.
pub fn region(found: &Found<'_>) -> Result<Region> {
    let expected = "a region such as \"eu-west-1\"";
    let text = written(found, expected)?;
    Region::parse(text).map_err(|NotARegion { meant }| {
        let error = found.wrong_text(expected, text);
        match meant {
            Some(meant) => error.hint(format!("did you mean {meant:?}?")),
            None => error,
        }
    })
}

fn out_of(least: impl std::fmt::Display, most: impl std::fmt::Display) -> String {
    format!("must be between {least} and {most}")
}
