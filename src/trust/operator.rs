//! Condition operators (IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set operators for multivalued
//! context keys").

use std::cmp::Ordering;
use std::net::IpAddr;

use super::pattern::Pattern;
use crate::time::Timestamp;

/// An operator with its prefix and suffix: `ForAnyValue:StringNotLikeIfExists`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator {
    pub set: Option<Set>,
    pub test: Test,
    pub is_negated: bool,
    pub if_exists: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    ForAnyValue,
    ForAllValues,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    Equals,
    EqualsIgnoreCase,
    Like,
    Arn,
    Numeric(Order),
    Date(Order),
    Bool,
    Ip,
    Null,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Operator {
    /// Parses an operator. `None` if IAM has no such operator, and refuses a policy with it.
    pub fn parse(text: &str) -> Option<Operator> {
        let (set, rest) = match text.split_once(':') {
            Some((set, rest)) if set.eq_ignore_ascii_case("ForAnyValue") => (Some(Set::ForAnyValue), rest),
            Some((set, rest)) if set.eq_ignore_ascii_case("ForAllValues") => (Some(Set::ForAllValues), rest),
            Some(_) => return None,
            None => (None, text),
        };
        let lower = rest.to_ascii_lowercase();
        let (name, if_exists) = match lower.strip_suffix("ifexists") {
            Some(name) => (name, true),
            None => (lower.as_str(), false),
        };
        let ordered = |name: &str| {
            Some(match name {
                "equals" => (Order::Equal, false),
                "notequals" => (Order::Equal, true),
                "lessthan" => (Order::Less, false),
                "lessthanequals" => (Order::LessOrEqual, false),
                "greaterthan" => (Order::Greater, false),
                "greaterthanequals" => (Order::GreaterOrEqual, false),
                _ => return None,
            })
        };
        let (test, is_negated) = match name {
            "stringequals" | "binaryequals" => (Test::Equals, false),
            "stringnotequals" => (Test::Equals, true),
            "stringequalsignorecase" => (Test::EqualsIgnoreCase, false),
            "stringnotequalsignorecase" => (Test::EqualsIgnoreCase, true),
            "stringlike" => (Test::Like, false),
            "stringnotlike" => (Test::Like, true),
            "arnequals" | "arnlike" => (Test::Arn, false),
            "arnnotequals" | "arnnotlike" => (Test::Arn, true),
            "bool" => (Test::Bool, false),
            "ipaddress" => (Test::Ip, false),
            "notipaddress" => (Test::Ip, true),
            "null" if !if_exists && set.is_none() => (Test::Null, false),
            _ => match (name.strip_prefix("numeric").map(ordered), name.strip_prefix("date").map(ordered)) {
                (Some(Some((order, is_negated))), _) => (Test::Numeric(order), is_negated),
                (_, Some(Some((order, is_negated)))) => (Test::Date(order), is_negated),
                _ => return None,
            },
        };
        Some(Operator { set, test, is_negated, if_exists })
    }

    /// Whether `*` and `?` in its values are wildcards.
    pub fn has_wildcards(self) -> bool {
        matches!(self.test, Test::Like | Test::Arn)
    }

    /// Whether a value of the request matches that of the policy, ignoring a negation.
    pub fn fits(self, wanted: &Pattern, found: &str) -> bool {
        match self.test {
            Test::Equals | Test::Like => wanted.fits(found),
            Test::EqualsIgnoreCase => wanted.text().to_lowercase() == found.to_lowercase(),
            Test::Arn => wanted.fits_arn(found),
            Test::Bool => wanted.text().eq_ignore_ascii_case(found),
            Test::Numeric(order) => {
                let numbers = (found.parse::<f64>().ok(), wanted.text().parse::<f64>().ok());
                matches!(numbers, (Some(found), Some(wanted)) if found.partial_cmp(&wanted).is_some_and(|is| order.takes(is)))
            }
            Test::Date(order) => {
                matches!((time(found), time(&wanted.text())), (Some(found), Some(wanted)) if order.takes(found.cmp(&wanted)))
            }
            Test::Ip => is_within(&wanted.text(), found),
            Test::Null => false,
        }
    }
}

impl Order {
    fn takes(self, is: Ordering) -> bool {
        match self {
            Order::Equal => is.is_eq(),
            Order::Less => is.is_lt(),
            Order::LessOrEqual => is.is_le(),
            Order::Greater => is.is_gt(),
            Order::GreaterOrEqual => is.is_ge(),
        }
    }
}

/// Parses ISO 8601, a date alone, or seconds since 1970.
fn time(text: &str) -> Option<Timestamp> {
    let seconds = || text.parse::<i64>().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    text.parse().ok().or_else(|| format!("{text}T00:00:00Z").parse().ok()).or_else(seconds)
}

/// Whether an address is in a block of addresses (RFC 4632), or equal to a single address.
fn is_within(block: &str, address: &str) -> bool {
    let (network, length) = block.split_once('/').unwrap_or((block, ""));
    let bits = |address: IpAddr| match address {
        IpAddr::V4(v4) => (u128::from(u32::from(v4)) << 96, 32),
        IpAddr::V6(v6) => (u128::from(v6), 128),
    };
    let (Ok(network), Ok(address)) = (network.parse::<IpAddr>(), address.parse::<IpAddr>()) else { return false };
    let ((network, width), (address, other)) = (bits(network), bits(address));
    let length = if length.is_empty() { Some(width) } else { length.parse::<u32>().ok().filter(|l| *l <= width) };
    width == other && length.is_some_and(|length| length == 0 || (network ^ address) >> (128 - length) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_iams_and_no_others() {
        let table = [
            ("StringEquals", true),
            ("stringLike", true),
            ("ForAnyValue:StringNotLikeIfExists", true),
            ("ForAllValues:ArnLike", true),
            ("NumericLessThanEquals", true),
            ("DateGreaterThan", true),
            ("NotIpAddress", true),
            ("Null", true),
            ("NullIfExists", false),
            ("StringMatches", false),
            ("ForSomeValue:StringLike", false),
            ("StringEqual", false),
            ("NumericLike", false),
        ];
        for (text, expected) in table {
            assert_eq!(Operator::parse(text).is_some(), expected, "{text}");
        }
    }

    #[test]
    fn each_operator_has_its_test_and_its_negation() {
        use Order::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
        let mut table = vec![
            ("StringEquals", Test::Equals, false),
            ("BinaryEquals", Test::Equals, false),
            ("StringNotEquals", Test::Equals, true),
            ("StringEqualsIgnoreCase", Test::EqualsIgnoreCase, false),
            ("StringNotEqualsIgnoreCase", Test::EqualsIgnoreCase, true),
            ("StringLike", Test::Like, false),
            ("StringNotLike", Test::Like, true),
            ("ArnEquals", Test::Arn, false),
            ("ArnLike", Test::Arn, false),
            ("ArnNotEquals", Test::Arn, true),
            ("ArnNotLike", Test::Arn, true),
            ("Bool", Test::Bool, false),
            ("IpAddress", Test::Ip, false),
            ("NotIpAddress", Test::Ip, true),
            ("Null", Test::Null, false),
        ];
        let ordered = [
            ("Equals", Equal, false),
            ("NotEquals", Equal, true),
            ("LessThan", Less, false),
            ("LessThanEquals", LessOrEqual, false),
            ("GreaterThan", Greater, false),
            ("GreaterThanEquals", GreaterOrEqual, false),
        ];
        let names = ordered.map(|(name, order, is_negated)| {
            [
                (format!("Numeric{name}"), Test::Numeric(order), is_negated),
                (format!("Date{name}"), Test::Date(order), is_negated),
            ]
        });
        table.extend(names.iter().flatten().map(|(name, test, is_negated)| (name.as_str(), *test, *is_negated)));
        for (text, test, is_negated) in table {
            let operator = Operator { set: None, test, is_negated, if_exists: false };
            assert_eq!(Operator::parse(text), Some(operator), "{text}");
            assert_eq!(operator.has_wildcards(), text.contains("Like") || text.contains("Arn"), "{text}");
        }
        let whole = Operator::parse("ForAllValues:StringNotLikeIfExists").unwrap();
        assert!(whole.set == Some(Set::ForAllValues) && whole.if_exists && whole.is_negated);
        assert_eq!(Operator::parse("ForAnyValue:Bool").unwrap().set, Some(Set::ForAnyValue));
        assert_eq!(Operator::parse("ForAnyValue:Null"), None);
    }

    #[test]
    fn values_are_compared_as_what_they_are() {
        let table = [
            ("NumericEquals", "123456", "123456.0", true),
            ("NumericLessThan", "6", "5", true),
            ("NumericLessThan", "6", "x", false),
            ("NumericLessThan", "6", "6", false),
            ("NumericLessThanEquals", "6", "6", true),
            ("NumericLessThanEquals", "6", "7", false),
            ("NumericGreaterThan", "6", "6", false),
            ("NumericGreaterThan", "6", "7", true),
            ("NumericGreaterThanEquals", "6", "6", true),
            ("NumericGreaterThanEquals", "6", "5", false),
            ("DateEquals", "2027-01-01", "2027-01-01T00:00:00Z", true),
            ("DateEquals", "2027-01-01", "2027-01-01T00:00:01Z", false),
            ("DateLessThan", "2027-01-01", "never", false),
            ("ArnLike", "arn:aws:iam::1:role/*", "arn:aws:iam::1:role/a", true),
            ("ArnLike", "arn:aws:iam::1:role/*", "arn:aws:iam::2:role/a", false),
            ("Null", "true", "true", false),
            ("StringEquals", "a*", "ab", false),
            ("StringEquals", "a?", "ab", false),
            ("StringLike", "a?", "ab", true),
            ("StringLike", "a*", "ab", true),
            ("Bool", "true", "false", false),
            ("IpAddress", "2001:db8::/32", "2001:db9::1", false),
            ("IpAddress", "10.0.0.1", "10.0.0.2", false),
            ("IpAddress", "10.0.0.0/32", "10.0.0.0", true),
            ("DateLessThan", "2027-01-01", "2026-12-31T23:59:59Z", true),
            ("DateGreaterThan", "1700000000", "2026-12-31T23:59:59Z", true),
            ("IpAddress", "10.0.0.0/8", "10.1.2.3", true),
            ("IpAddress", "10.0.0.0/8", "11.1.2.3", false),
            ("IpAddress", "0.0.0.0/0", "11.1.2.3", true),
            ("IpAddress", "10.0.0.1", "10.0.0.1", true),
            ("IpAddress", "2001:db8::/32", "2001:db8:1::1", true),
            ("IpAddress", "2001:db8::/32", "10.0.0.1", false),
            ("IpAddress", "10.0.0.0/33", "10.0.0.1", false),
            ("Bool", "TRUE", "true", true),
            ("StringEqualsIgnoreCase", "ABC", "abc", true),
        ];
        for (operator, wanted, found, expected) in table {
            let operator = Operator::parse(operator).unwrap();
            let pattern = Pattern::read(wanted, operator.has_wildcards(), |_| Ok(None)).unwrap();
            assert_eq!(operator.fits(&pattern, found), expected, "{operator:?} {wanted} {found}");
        }
    }
}
