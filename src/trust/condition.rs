//! One line of a policy's `Condition` against a request (IAM User Guide, "IAM JSON policy elements: Condition operators").

use jiff::Timestamp;

use super::asker::{Asker, Found, shown};

/// Whether a line holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Holds(String),
    Fails(String),
    /// It depends on what cannot be seen from here.
    Unknown(String),
}

/// An operator with what may stand around it: `ForAnyValue:StringLikeIfExists`.
struct Operator<'a> {
    set: Option<&'a str>,
    name: &'a str,
    if_exists: bool,
}

impl<'a> Operator<'a> {
    fn parse(text: &'a str) -> Operator<'a> {
        let (set, rest) = match text.split_once(':') {
            Some((set, rest)) => (Some(set), rest),
            None => (None, text),
        };
        let (name, if_exists) = match rest.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (rest, false),
        };
        Operator { set, name, if_exists }
    }
}

/// `wanted` are alternatives; for a negated operator none of them may fit.
pub fn judge(operator: &str, key: &str, wanted: &[String], asker: &Asker, now: Timestamp) -> Verdict {
    let parsed = Operator::parse(operator);
    let name = parsed.name.to_ascii_lowercase();
    let time = [now.to_string()];
    let found = match key.to_ascii_lowercase().as_str() {
        "aws:currenttime" => Found::Values(&time),
        _ => asker.value(key),
    };
    let found = match found {
        Found::Values(values) => Some(values),
        Found::Absent => None,
        Found::Unseen => {
            let wanted = shown(wanted);
            return Verdict::Unknown(format!("{key} of the request cannot be seen from here; it has to be {wanted}"));
        }
    };
    if name == "null" {
        let wants_absence = wanted.iter().any(|value| value.eq_ignore_ascii_case("true"));
        let is_absent = found.is_none();
        let is = if is_absent { "is not in the request" } else { "is in the request" };
        return verdict(wants_absence == is_absent, format!("{key} {is}"));
    }
    let Some(found) = found else {
        let lacking = format!("{} has no {key}", asker.proof);
        return match parsed.set {
            Some("ForAllValues") => {
                Verdict::Holds(format!("{lacking}, and ForAllValues lets that pass: it lets in whoever lacks the key"))
            }
            _ if parsed.if_exists => Verdict::Holds(format!("{lacking}, which IfExists lets pass")),
            _ if is_negated(&name) => Verdict::Holds(format!("{lacking}, so it is none of those")),
            _ => Verdict::Fails(format!("{lacking}; it has to be {}", shown(wanted))),
        };
    };
    let wanted: Vec<String> = match wanted.iter().map(|value| resolved(value, asker)).collect::<Option<_>>() {
        Some(wanted) => wanted,
        None => return Verdict::Unknown(format!("a variable in {} cannot be seen from here", shown(wanted))),
    };
    let positive = name.replacen("not", "", 1);
    let fits_one = |value: &String| -> Option<bool> {
        let fits = wanted.iter().map(|wanted| fits(&positive, wanted, value)).collect::<Option<Vec<bool>>>()?;
        Some(fits.contains(&true) != is_negated(&name))
    };
    let fits = found.iter().map(fits_one).collect::<Option<Vec<bool>>>();
    let Some(fits) = fits else {
        return Verdict::Unknown(format!("{operator} is not judged here; {key} is {}", shown(found)));
    };
    let holds = match parsed.set {
        Some("ForAllValues") => fits.iter().all(|fits| *fits),
        // Negated, no value may be among those; else one that is suffices.
        _ if is_negated(&name) && parsed.set.is_none() => fits.iter().all(|fits| *fits),
        _ => fits.contains(&true),
    };
    let is = shown(found);
    let like = if name.contains("like") { "like " } else { "" };
    match (holds, is_negated(&name)) {
        (true, false) => Verdict::Holds(format!("{key} is {is}")),
        (true, true) => Verdict::Holds(format!("{key} is {is}, none of those")),
        (false, false) => Verdict::Fails(format!("{key} is {is}; it has to be {like}{}", shown(&wanted))),
        (false, true) => Verdict::Fails(format!("{key} is {is}; it must not be {like}{}", shown(&wanted))),
    }
}

fn verdict(holds: bool, why: String) -> Verdict {
    if holds { Verdict::Holds(why) } else { Verdict::Fails(why) }
}

fn is_negated(name: &str) -> bool {
    name.contains("not")
}

/// `None`: an operator that is not judged here.
fn fits(operator: &str, wanted: &str, found: &str) -> Option<bool> {
    let numbers = || Some((wanted.parse::<f64>().ok()?, found.parse::<f64>().ok()?));
    let times = || Some((wanted.parse::<Timestamp>().ok()?, found.parse::<Timestamp>().ok()?));
    Some(match operator {
        "stringequals" | "binaryequals" => wanted == found,
        "stringequalsignorecase" => wanted.to_lowercase() == found.to_lowercase(),
        "stringlike" | "arnlike" | "arnequals" => is_like(wanted, found),
        "bool" => wanted.eq_ignore_ascii_case(found),
        "numericequals" => numbers().is_some_and(|(wanted, found)| wanted == found),
        "numericlessthan" => numbers().is_some_and(|(wanted, found)| found < wanted),
        "numericlessthanequals" => numbers().is_some_and(|(wanted, found)| found <= wanted),
        "numericgreaterthan" => numbers().is_some_and(|(wanted, found)| found > wanted),
        "numericgreaterthanequals" => numbers().is_some_and(|(wanted, found)| found >= wanted),
        "datelessthan" | "datelessthanequals" => times().is_some_and(|(wanted, found)| found <= wanted),
        "dategreaterthan" | "dategreaterthanequals" => times().is_some_and(|(wanted, found)| found >= wanted),
        _ => return None,
    })
}

/// `*` stands for any text, `?` for one character. Linear in memory, and never more than quadratic in time.
pub fn is_like(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where to go on when what followed the last star did not fit.
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((after_star, from)) => {
                    retry = Some((after_star, from + 1));
                    (p, t) = (after_star, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// The value with its `${…}` filled in from the request. `None`: one of them is not known.
fn resolved(value: &str, asker: &Asker) -> Option<String> {
    let mut out = String::new();
    let mut rest = value;
    while let Some(start) = rest.find("${") {
        let end = rest[start..].find('}')? + start;
        let name = &rest[start + 2..end];
        out.push_str(&rest[..start]);
        match name {
            "*" | "?" | "$" => out.push_str(name),
            _ => out.push_str(asker.context.get(name)?.first()?),
        }
        rest = &rest[end + 1..];
    }
    Some(out + rest)
}

#[cfg(test)]
mod tests {
    use super::super::asker::{Context, Principal};
    use super::*;

    fn asker() -> Asker {
        let mut context = Context::default();
        context.set("saml:aud", ["https://signin.aws.amazon.com/saml"]);
        context.set("saml:edupersonaffiliation", ["staff", "member"]);
        context.set("x:n", ["5"]);
        Asker {
            proof: "the assertion",
            principal: Principal::Federated("p".into()),
            actions: vec!["sts:AssumeRoleWithSAML"],
            context,
            known: vec!["saml:".into(), "x:".into()],
        }
    }

    fn word(operator: &str, key: &str, wanted: &[&str]) -> &'static str {
        let wanted: Vec<String> = wanted.iter().map(|text| text.to_string()).collect();
        match judge(operator, key, &wanted, &asker(), "2026-01-01T00:00:00Z".parse().unwrap()) {
            Verdict::Holds(_) => "holds",
            Verdict::Fails(_) => "fails",
            Verdict::Unknown(_) => "unknown",
        }
    }

    #[test]
    fn each_operator_is_read_as_iam_reads_it() {
        let aud = "https://signin.aws.amazon.com/saml";
        let table: [(&str, &str, &[&str], &str); 28] = [
            ("StringEquals", "SAML:aud", &[aud], "holds"),
            ("StringEquals", "SAML:aud", &["x", aud], "holds"),
            ("StringEquals", "SAML:aud", &["https://signin.aws.amazon.com/*"], "fails"),
            ("StringLike", "SAML:aud", &["https://*.aws.amazon.com/s?ml"], "holds"),
            ("StringNotLike", "SAML:aud", &["https://*"], "fails"),
            ("StringNotEquals", "SAML:aud", &["x"], "holds"),
            ("StringNotEquals", "SAML:aud", &["x", aud], "fails"),
            ("StringEqualsIgnoreCase", "SAML:aud", &["HTTPS://SIGNIN.aws.amazon.com/saml"], "holds"),
            ("StringEquals", "saml:sub", &["x"], "fails"),
            ("StringEqualsIfExists", "saml:sub", &["x"], "holds"),
            ("StringNotEquals", "saml:sub", &["x"], "holds"),
            ("ForAllValues:StringEquals", "saml:sub", &["x"], "holds"),
            ("ForAllValues:StringEquals", "saml:edupersonaffiliation", &["staff"], "fails"),
            ("ForAnyValue:StringEquals", "saml:edupersonaffiliation", &["staff"], "holds"),
            ("ForAnyValue:StringNotEquals", "saml:edupersonaffiliation", &["staff"], "holds"),
            ("Null", "saml:sub", &["true"], "holds"),
            ("Null", "saml:aud", &["true"], "fails"),
            ("Null", "saml:aud", &["false"], "holds"),
            ("StringEquals", "aws:SourceVpc", &["vpc-1"], "unknown"),
            ("IpAddress", "saml:aud", &["10.0.0.0/8"], "unknown"),
            ("StringLike", "saml:aud", &["${aws:username}"], "unknown"),
            ("StringLike", "saml:aud", &["${saml:aud}"], "holds"),
            ("NumericLessThan", "x:n", &["6"], "holds"),
            ("NumericGreaterThanEquals", "x:n", &["5"], "holds"),
            ("NumericLessThanEquals", "x:n", &["4"], "fails"),
            ("DateLessThan", "aws:CurrentTime", &["2027-01-01T00:00:00Z"], "holds"),
            ("DateGreaterThan", "aws:CurrentTime", &["2027-01-01T00:00:00Z"], "fails"),
            ("Bool", "x:n", &["true"], "fails"),
        ];
        for (operator, key, wanted, expected) in table {
            assert_eq!(word(operator, key, wanted), expected, "{operator} {key} {wanted:?}");
        }
    }

    #[test]
    fn patterns_are_matched_whole_and_without_end() {
        let table = [
            ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("*", "", true),
            ("?", "", false),
            ("a**b", "ab", true),
            ("*a*b*c", "xxaxxbxxc", true),
            ("repo:o/r:*", "repo:o/r:ref:refs/heads/main", true),
            ("", "", true),
        ];
        for (pattern, text, expected) in table {
            assert_eq!(is_like(pattern, text), expected, "{pattern} {text}");
        }
        assert!(!is_like(&"*a".repeat(200), &"a".repeat(150)), "and comes to an end");
    }
}
