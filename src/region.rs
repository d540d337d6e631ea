//! The name of an AWS region, which becomes part of host names; parsed where text enters the program.
//!
//! There is no list of allowed regions: AWS adds some, and other servers have their own. But a name that resembles a
//! region (`eu-west1`, `us_east_1`, `us-east-1a`) is an error: there is no such host, and a resolver's error does not
//! say why.

use std::error::Error;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

/// A label of a host name (RFC 1123 §2.1) in lower case, and no misspelt region.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Region(String);

/// The text is not a region's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotARegion {
    /// The region that was probably meant.
    pub meant: Option<&'static str>,
}

impl Region {
    /// Parses `text`.
    ///
    /// Errors: it is no label of a host name, or resembles a known region.
    pub fn parse(text: &str) -> Result<Region, NotARegion> {
        let is_label = (1..=63).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-')
            && !text.bytes().all(|b| b.is_ascii_digit());
        if is_label && has_shape(text) {
            return Ok(Region(text.to_owned()));
        }
        match meant_by(text) {
            Some(meant) if meant != text => Err(NotARegion { meant: Some(meant) }),
            _ if is_label => Ok(Region(text.to_owned())),
            meant => Err(NotARegion { meant }),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl NotARegion {
    /// Returns a region for a hint: the one that was meant, else an example.
    pub fn example(self) -> &'static str {
        self.meant.unwrap_or("eu-west-1")
    }
}

/// Parses a command's argument.
impl FromStr for Region {
    type Err = NotARegion;

    fn from_str(text: &str) -> Result<Region, NotARegion> {
        Region::parse(text)
    }
}

impl fmt::Display for NotARegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.meant {
            Some(meant) => write!(f, "not an AWS region; did you mean {meant:?}?"),
            None => f.write_str("not an AWS region, such as \"eu-west-1\""),
        }
    }
}

impl Error for NotARegion {}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Deref for Region {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// Whether a name has the form of AWS's regions, `^(us|eu|…)-\w+-\d+$` in `partitions.json`. New regions of known areas
/// have it, too.
pub fn has_shape(text: &str) -> bool {
    let Some((before, number)) = text.rsplit_once('-') else { return false };
    let Some((world, direction)) = before.rsplit_once('-') else { return false };
    let is_sovereign = world.strip_prefix("eusc-").is_some_and(|country| country.len() == 2);
    (WORLDS.contains(&world) || is_sovereign)
        && DIRECTIONS.contains(&direction)
        && matches!(number.as_bytes(), [digit] if (b'1'..=b'9').contains(digit))
}

/// Returns the known region at the beginning of `text`, or the one that differs from it only in case and signs, or in
/// one letter.
fn meant_by(text: &str) -> Option<&'static str> {
    let label = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next().unwrap_or(text);
    let mut known = KNOWN.split_ascii_whitespace();
    if let Some(known) = known.clone().find(|known| *known == label) {
        return Some(known);
    }
    let letters = |text: &str| -> String {
        text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
    };
    // The distance costs the product of the lengths, and a long text is not a typing error.
    let written = letters(text.get(..80).unwrap_or(text));
    if text.len() > 80 || written.is_empty() {
        return None;
    }
    let distance = |known: &str| strsim::osa_distance(&written, &letters(known));
    known.clone().find(|known| distance(known) == 0).or_else(|| known.find(|known| distance(known) == 1))
}

const DIRECTIONS: [&str; 9] =
    ["north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest", "central"];

const WORLDS: [&str; 16] = [
    "us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx", "cn", "us-gov", "us-iso", "us-isob", "eu-isoe", "us-isof",
    "eu-isof",
];

/// From botocore's `partitions.json`, September 2026.
const KNOWN: &str = "us-east-1 us-east-2 us-west-1 us-west-2 eu-west-1 eu-west-2 eu-west-3 eu-central-1 eu-central-2 eu-north-1 \
    eu-south-1 eu-south-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-southeast-1 ap-southeast-2 \
    ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ap-south-1 ap-south-2 ap-east-1 \
    ap-east-2 sa-east-1 ca-central-1 ca-west-1 me-south-1 me-central-1 af-south-1 il-central-1 mx-central-1 \
    aws-global cn-north-1 cn-northwest-1 us-gov-east-1 us-gov-west-1 us-iso-east-1 us-iso-west-1 us-isob-east-1 \
    us-isob-west-1 eu-isoe-west-1 us-isof-east-1 us-isof-south-1 eusc-de-east-1";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_region_is_part_of_a_host_name() {
        let fits = [
            "eu-west-1",
            "us-iso-east-1",
            "aws-global",
            // New ones of AWS's, and another maker's.
            "eu-west-4",
            "ap-southeast-9",
            "eusc-de-west-2",
            "nowhere-1",
            "default",
            "us-west-004",
            "garage",
        ];
        for text in fits {
            assert_eq!(Region::parse(text).as_deref(), Ok(text));
        }
        let of_length = |length| Region::parse(&"a".repeat(length)).is_ok();
        assert!(of_length(63) && !of_length(64));
    }

    #[test]
    fn a_slip_of_the_pen_is_told_what_was_meant() {
        let near = [
            ("eu-west1", "eu-west-1"),
            ("euwest-1", "eu-west-1"),
            ("eu-west-11", "eu-west-1"),
            ("eu-west-01", "eu-west-1"),
            ("eu-west-", "eu-west-1"),
            ("us_east_1", "us-east-1"),
            ("useast1", "us-east-1"),
            ("us-east-1a", "us-east-1"),
            ("us-esat-1", "us-east-1"),
            ("us-east", "us-east-1"),
            ("US-EAST-1", "us-east-1"),
            ("Eu-West-1", "eu-west-1"),
            (" eu-west-1\n", "eu-west-1"),
            ("eu\u{2011}west\u{2013}1", "eu-west-1"),
            ("eu-west-1\"", "eu-west-1"),
            ("eu.west.1", "eu-west-1"),
            ("eu-west-1.example.com", "eu-west-1"),
            ("eu-west-1;profile_name=x", "eu-west-1"),
            ("eu--west-1", "eu-west-1"),
            ("ap-southest-1", "ap-southeast-1"),
            ("cn-northwest1", "cn-northwest-1"),
            ("us-gov-west1", "us-gov-west-1"),
            ("eusc-de-east1", "eusc-de-east-1"),
        ];
        for (text, meant) in near {
            assert_eq!(Region::parse(text), Err(NotARegion { meant: Some(meant) }), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_part_of_a_host_name_is_no_region() {
        let others = [
            "",
            "-a",
            "a-",
            "12",
            "eusc-x@host/?",
            "eusc-x:y@127.0.0.1:1#",
            "europe.example.com",
            "x%2fy",
            "a\\b",
            "a\nb",
            "a:1",
            "a b",
            "é",
            "https://host",
        ];
        for text in others {
            assert_eq!(Region::parse(text), Err(NotARegion { meant: None }), "{text:?}");
        }
    }

    #[test]
    fn every_known_region_has_the_shape_of_one() {
        for known in KNOWN.split_ascii_whitespace() {
            assert!(has_shape(known) || known == "aws-global", "{known}");
        }
        for other in ["eusc-x", "cn-1", "us-east-10", "us-east-0", "-east-1", "us--1", "nowhere-1", "cn-x-1"] {
            assert!(!has_shape(other), "{other}");
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_for_a_region_is_one_label_of_a_host_name(text in "\\PC{0,20}|[a-z0-9@:/?#.%\\\\-]{0,12}") {
            if let Ok(region) = Region::parse(&text) {
                let url = url::Url::parse(&format!("https://sts.{region}.example.com/")).unwrap();
                prop_assert_eq!(url.host_str().unwrap_or_default(), format!("sts.{text}.example.com"));
            }
        }
    }
}
