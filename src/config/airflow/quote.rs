//! Percent-encoding as in Python's `urllib.parse`, by which Airflow reads and writes URIs.
//!
//! It differs from RFC 3986 and the WHATWG's URL: an invalid escape stays as it is, bytes that are not UTF-8 become
//! U+FFFD, and `+` is a space in a query only.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

/// The characters that `urllib.parse.quote` leaves as they are, besides letters and digits.
const QUOTED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-').remove(b'~');

/// `urllib.parse.unquote`
pub fn unquote(text: &str) -> String {
    // Python decodes each run of ASCII on its own: escaped bytes never join with characters beside them.
    let runs = text.as_bytes().chunk_by(|a, b| a.is_ascii() == b.is_ascii());
    runs.map(|run| percent_decode(run).decode_utf8_lossy()).collect()
}

/// `urllib.parse.quote(text, safe='')`
pub fn quote(text: &str) -> String {
    utf8_percent_encode(text, QUOTED).to_string()
}

/// `urllib.parse.quote_plus(text, safe='')`, as `urlencode` quotes names and values.
pub fn quote_plus(text: &str) -> String {
    quote(text).replace("%20", "+")
}

/// `urllib.parse.parse_qsl(query, keep_blank_values=True)`
pub fn parse_query(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| unquote(&text.replace('+', " "));
    query
        .split('&')
        .filter(|field| !field.is_empty())
        .map(|field| field.split_once('=').unwrap_or((field, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// `urllib.parse.urlencode(pairs)`
pub fn write_query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let fields: Vec<String> =
        pairs.into_iter().map(|(name, value)| format!("{}={}", quote_plus(name), quote_plus(value))).collect();
    fields.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn unquoting_is_lenient_as_pythons_is() {
        let table = [
            ("plain", "plain"),
            ("a%2Fb%2fc", "a/b/c"),
            ("a+b", "a+b"),
            ("100%", "100%"),
            ("%zz%4", "%zz%4"),
            ("%%41", "%A"),
            ("%E5%8C%97", "北"),
            ("%E5é%8C%97", "\u{fffd}é\u{fffd}\u{fffd}"),
            ("%ff", "\u{fffd}"),
        ];
        for (text, expected) in table {
            assert_eq!(unquote(text), expected, "{text}");
        }
    }

    #[test]
    fn a_query_keeps_blank_values_and_knows_no_semicolon() {
        let table: [(&str, &[(&str, &str)]); 5] = [
            ("a=1&b=", &[("a", "1"), ("b", "")]),
            ("a=1;b=2", &[("a", "1;b=2")]),
            ("a+b=c%20d+e", &[("a b", "c d e")]),
            ("&&a&", &[("a", "")]),
            ("=x&k=a=b", &[("", "x"), ("k", "a=b")]),
        ];
        for (query, expected) in table {
            let expected: Vec<_> = expected.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
            assert_eq!(parse_query(query), expected, "{query}");
        }
    }

    proptest! {
        #[test]
        fn what_was_quoted_reads_as_before(text in any::<String>()) {
            prop_assert_eq!(unquote(&quote(&text)), text);
        }

        #[test]
        fn quoted_text_holds_nothing_that_a_uri_gives_a_meaning_to(text in any::<String>()) {
            let plain = |c: char| c.is_ascii_alphanumeric() || "_.-~%".contains(c);
            prop_assert!(quote(&text).chars().all(plain));
        }

        #[test]
        fn a_query_reads_as_it_was_written(pairs in proptest::collection::vec((any::<String>(), any::<String>()), 0..6)) {
            let written = write_query(pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())));
            prop_assert_eq!(parse_query(&written), pairs);
        }
    }
}
