//! The path of a profile on the endpoint: `/profile/NAME` as it is printed, and each form in which clients send it.
//!
//! Some clients send the path unchanged, some decode and encode it again in their own way, and the SDK for C++ encodes it
//! twice. So paths are compared decoded, once (RFC 3986 §6.2.2) and then a second time.

use std::borrow::Cow;

use url::Url;

/// The path of the first profile, which does not contain the profile's name.
pub const FIRST: &str = "/credentials";

/// Returns `/profile/NAME`, percent-encoded. A name of dots is encoded twice, since URL parsers also take `%2E%2E` for a parent
/// directory.
pub fn of(profile: &str) -> String {
    if matches!(profile, "." | "..") {
        return format!("/profile/{}", profile.replace('.', "%252E"));
    }
    let mut url = Url::parse("http://localhost/profile").ok();
    if let Some(Ok(mut segments)) = url.as_mut().map(Url::path_segments_mut) {
        segments.push(profile);
    }
    url.map(|url| url.path().to_owned()).unwrap_or_default()
}

/// Returns the index of the profile that a request's path means; the first profile has [`FIRST`] and `/` too.
pub fn find<'a>(path: &str, mut profiles: impl Iterator<Item = &'a str> + Clone) -> Option<usize> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let once = decoded(path.as_bytes());
    if once.is_empty() || *once == *FIRST.as_bytes() {
        return profiles.next().map(|_| 0);
    }
    let named = |path: &[u8]| {
        let name = path.strip_prefix(b"/profile/")?;
        profiles.clone().position(|profile| profile.as_bytes() == name)
    };
    named(&once).or_else(|| named(&decoded(&once)))
}

/// Whether a path could mean either of two profiles, since one's name is the other's, encoded.
pub fn is_ambiguous(one: &str, other: &str) -> bool {
    let of = |name: &str| {
        let once = decoded(name.as_bytes()).into_owned();
        let twice = decoded(&once).into_owned();
        [name.as_bytes().to_vec(), once, twice]
    };
    let other = of(other);
    of(one).iter().any(|form| other.contains(form))
}

/// Decodes percent-encoding. A percent sign that encodes nothing stands for itself.
fn decoded(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&b'%') {
        return Cow::Borrowed(text);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.extend(u8::try_from(high * 16 + low));
                rest = &after[2..];
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    Cow::Owned(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_profile_has_a_path_whatever_its_name() {
        for (name, expected) in [
            ("dev", "/profile/dev"),
            ("a b", "/profile/a%20b"),
            ("x/y", "/profile/x%2Fy"),
            ("ä?#", "/profile/%C3%A4%3F%23"),
            ("..", "/profile/%252E%252E"),
            (".", "/profile/%252E"),
        ] {
            assert_eq!(of(name), expected);
            assert_eq!(Url::parse(&format!("http://localhost{expected}")).unwrap().path(), expected);
        }
    }

    #[test]
    fn each_way_of_writing_a_path_means_the_same_profile() {
        let names = ["dev", "..", "alice@prod", "zürich", "a b", "x/", "100%", "a+b:c,d", "日本 x"];
        let table: &[(&str, Option<&str>)] = &[
            ("/", Some("dev")),
            ("", Some("dev")),
            ("/credentials", Some("dev")),
            ("/credentials/", Some("dev")),
            ("/profile/dev", Some("dev")),
            ("/profile/dev/", Some("dev")),
            ("/profile/%64e%76", Some("dev")),
            ("/%70rofile/dev", Some("dev")),
            ("/profile/alice@prod", Some("alice@prod")),
            ("/profile/alice%40prod", Some("alice@prod")),
            ("/profile/alice%2540prod", Some("alice@prod")),
            ("/profile/z%C3%BCrich", Some("zürich")),
            ("/profile/z%c3%bcrich", Some("zürich")),
            ("/profile/z%25C3%25BCrich", Some("zürich")),
            ("/profile/a%20b", Some("a b")),
            ("/profile/a+b", None),
            ("/profile/%64ev/", Some("dev")),
            ("/%50rofile/dev", None),
            ("/credentials%2F", None),
            ("/profile/a+b:c,d", Some("a+b:c,d")),
            ("/profile/a%2Bb%3Ac%2Cd", Some("a+b:c,d")),
            ("/profile/a%252Bb%253ac%252cd/", Some("a+b:c,d")),
            ("/profile/a%20b:c,d", None),
            ("/profile/%E6%97%A5%E6%9C%AC%20x", Some("日本 x")),
            ("/profile/日本%20x", Some("日本 x")),
            ("/profile/alice%40prod%2F", None),
            ("//profile/dev", None),
            ("/profile//dev", None),
            ("/profile/./dev", None),
            ("/profile/x%2F", Some("x/")),
            ("/profile/x", None),
            ("/profile/100%25", Some("100%")),
            ("/profile/100%", Some("100%")),
            ("/profile/Dev", None),
            ("/profile/dev/x", None),
            ("/profile/", None),
            ("/dev", None),
            ("/latest/meta-data/", None),
        ];
        for (path, expected) in table {
            assert_eq!(find(path, names.into_iter()).map(|at| names[at]), *expected, "{path}");
        }
        assert_eq!(find("/", std::iter::empty()), None);
    }

    #[test]
    fn names_that_are_each_other_encoded_are_told_from_all_others() {
        for (one, other, expected) in
            [("a b", "a%20b", true), ("a%2520b", "a b", true), ("a%41", "a%2541", true), ("a", "A", false)]
        {
            assert_eq!((is_ambiguous(one, other), is_ambiguous(other, one)), (expected, expected), "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_found_also_if_it_is_encoded_once_more(name in "\\PC{1,20}", other in "\\PC{1,20}") {
            prop_assume!(!is_ambiguous(&name, &other));
            let path = of(&name);
            let names = [other.as_str(), name.as_str()];
            // A name of dots is taken by every client for a way through folders.
            prop_assume!(name != "." && name != "..");
            prop_assert_eq!(find(&path, names.into_iter()), Some(1), "{}", &path);
            let again = path.replace('%', "%25");
            prop_assert_eq!(find(&again, names.into_iter()), Some(1), "{}", &again);
        }
    }
}
