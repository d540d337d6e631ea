//! Role session names as Airflow generates them: python-slugify with the characters that STS accepts.
//!
//! `slugify("Airflow_" + conn_id, regex_pattern=r"[^\w+=,.@-]+")`, in lower case: `My Conn` is `airflow_my-conn`. The
//! order of the steps is python-slugify's (8.0 and 9.2 agree). The name is not cut to STS's 64 characters, as in
//! Airflow.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

use crate::packed;

/// The ASCII text for each character from U+0080 to U+FFFF, a line each; written by build.rs.
static ASCII: LazyLock<String> =
    LazyLock::new(|| packed::text(include_bytes!(concat!(env!("OUT_DIR"), "/ascii.deflate"))));

/// Returns the `RoleSessionName` of a connection that has none.
pub fn role_session_name(conn_id: &str) -> String {
    slugify(&format!("Airflow_{conn_id}"))
}

fn slugify(text: &str) -> String {
    let text = dashed(text, |c| c != '\'');
    let text = text.nfkd().fold(String::new(), push_ascii);
    let text: String = references(&text).nfkd().collect::<String>().to_lowercase().replace('\'', "");
    let text = dashed(&without_digit_commas(&text), |c| c.is_alphanumeric() || "_+=,.@-".contains(c));
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c != '-' || !out.ends_with('-') {
            out.push(c);
        }
    }
    out.trim_matches('-').to_owned()
}

/// Replaces each run of unwanted characters by a dash.
fn dashed(text: &str, wanted: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_run = false;
    for c in text.chars() {
        match wanted(c) {
            true => out.push(c),
            false if !in_run => out.push('-'),
            false => (),
        }
        in_run = !wanted(c);
    }
    out
}

fn push_ascii(mut out: String, c: char) -> String {
    match c {
        '\0'..='\u{7f}' => out.push(c),
        // Python's table is empty for the C1 controls; the crate's has Windows' characters there.
        '\u{80}'..='\u{9f}' => (),
        _ => out.push_str(('\u{80}'..).zip(ASCII.lines()).find(|(of, _)| *of == c).map_or("", |(_, ascii)| ascii)),
    }
    out
}

/// Replaces `&amp;`, `&#65;` and `&#x41;` by their characters; of the named ones, those in ASCII.
fn references(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let decoded = rest.find(';').and_then(|end| Some((reference(&rest[1..end])?, end)));
        match decoded {
            Some((c, end)) => {
                out.push(c);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out + rest
}

fn reference(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        _ => {
            let digits = name.strip_prefix('#')?;
            let (digits, radix) = digits.strip_prefix('x').map_or((digits, 10), |hex| (hex, 16));
            let number = digits.chars().all(|c| c.is_digit(radix)).then(|| u32::from_str_radix(digits, radix).ok());
            char::from_u32(number??)
        }
    }
}

/// Turns `1,000` into `1000`.
fn without_digit_commas(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let is_digit = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(|c| c.is_numeric());
    let kept = |(at, c): (usize, &char)| {
        let between_digits = *c == ',' && is_digit(at.checked_sub(1)) && is_digit(Some(at + 1));
        (!between_digits).then_some(*c)
    };
    chars.iter().enumerate().filter_map(kept).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_names_are_python_slugifys() {
        // Recorded from python-slugify 9.2.0 with the pattern above.
        let table = [
            ("aws_default", "airflow_aws_default"),
            ("MyConn", "airflow_myconn"),
            ("My-Conn.Prod", "airflow_my-conn.prod"),
            ("team/aws prod:(x)#1", "airflow_team-aws-prod-x-1"),
            ("x--y!!z__1,000--", "airflow_x-y-z__1000"),
            ("a,b", "airflow_a,b"),
            ("1,000,000,a", "airflow_1000000,a"),
            ("it's", "airflow_it-s"),
            ("f\u{fc}r_stra\u{df}e", "airflow_fur_strasse"),
            ("\u{5317}\u{4eac}", "airflow_bei-jing"),
            ("a&amp;b&#65;&#x42;", "airflow_a-bab"),
            ("&nope;&#xzz;", "airflow_-nope-xzz"),
            ("\u{1f600}", "airflow_"),
            ("me@corp+x=1", "airflow_me@corp+x=1"),
            ("", "airflow_"),
        ];
        for (conn_id, expected) in table {
            assert_eq!(role_session_name(conn_id), expected, "{conn_id}");
        }
    }
}
