//! Texts that Airflow reads as a connection, but without the credentials in it: the scheme is mistyped or missing, a
//! variable's name or quotes are around the URI, a slash is missing or added.
//!
//! Airflow would use any credentials it finds. Whoever wrote a key means that key, so each is an error that shows the
//! corrected text.

use super::broken::Broken;
use super::connection::Connection;
use super::sketch::sketch;
use super::urlsplit::Parts;
use super::{placeholder, redact};

/// Checks the text before it is split.
pub fn text(text: &str) -> Result<(), Broken> {
    let bare = bare(text);
    if placeholder::is_whole(text) || placeholder::is_whole(bare) {
        return Err(Broken::new(
            "the whole text is a variable or template that was not expanded",
            "store the URI or JSON itself, or let the shell expand it: double quotes, not single ones",
        ));
    }
    if let Some(quote) = text.chars().next().filter(is_quote) {
        let why = format!("it is in quotes ({quote}): they become part of it, and its login and last value are lost");
        return Err(Broken::new(why, format!("remove the quotes around it: {}", mended(bare))));
    }
    // A `=` at the end pads base64.
    if without_name(text).is_some_and(|value| !value.trim_matches('=').is_empty()) {
        return Err(Broken::new(
            "a variable's name is in front of it: the value begins after the =",
            format!("store the value alone: {}", mended(bare)),
        ));
    }
    Ok(())
}

/// Checks the scheme of the text, and that `//` follows it.
pub fn scheme(text: &str, whole: &Parts) -> Result<(), Broken> {
    let bare = bare(text);
    if whole.scheme.is_empty() {
        if bare.starts_with(['{', '[']) {
            let why = "something is before its JSON object, such as an invisible byte order mark or a [";
            return Err(Broken::new(why, format!("begin it with a brace: {}", mended(bare))));
        }
        let why = "it has no scheme: Airflow reads the whole text as a path, and its login is lost";
        return Err(Broken::new(why, format!("begin it with aws://, as in {}", mended(bare))));
    }
    let rest = text.split_once(':').map_or("", |(_, rest)| rest);
    if !rest.starts_with("//") && !["", "/"].contains(&whole.path.as_str()) {
        let why = "there is no // after the scheme: the rest is read as a path, and its login is lost";
        return Err(Broken::new(why, format!("write two slashes, as in {}", mended(bare))));
    }
    Ok(())
}

/// Checks the parts of a URI for places in which a login is lost.
pub fn parts(text: &str, parts: &Parts) -> Result<(), Broken> {
    if parts.path.contains('@') {
        return Err(Broken::new(
            "there is an @ after the host: a login follows the two slashes, without a third",
            format!("write {}", mended(bare(text))),
        ));
    }
    if !parts.fragment.is_empty() {
        return Err(Broken::new(
            "a # ends the URI: what follows it is lost",
            format!("write %23 for each # in it: {}", sketch(text)),
        ));
    }
    let (host, _) = parts.host_and_port();
    if parts.userinfo().0.is_none() && is_key_id(host) {
        return Err(Broken::new(
            "an access key id is in place of the host: the @ after the secret is missing",
            "end the password with an @: aws://KEY:…@",
        ));
    }
    if is_key_id(&parts.scheme) {
        return Err(Broken::new("an access key id is in place of the scheme", "write aws://KEY:…@"));
    }
    Ok(())
}

/// Checks fields that mean nothing to AWS for a role or key in them, and a connection of another service that is empty.
pub fn places(connection: &Connection) -> Result<(), Broken> {
    let of_place = [("host", &connection.host), ("schema", &connection.schema)];
    for (place, text) in of_place.into_iter().filter_map(|(place, text)| Some((place, text.as_deref()?))) {
        if names_credentials(text) || redact::is_secret(text) {
            return Err(Broken::new(
                format!("a role or key is in place of the {place}, which means nothing to AWS"),
                "write aws://KEY:SECRET@ for keys, and ?role_arn=… for a role, with / as %2F in a secret",
            ));
        }
        if text.contains(['=', ';', '&']) {
            return Err(Broken::new(
                format!("a parameter is in place of the {place}: Airflow would ignore it"),
                "begin the parameters with a ?, as in aws://?role_arn=…&region_name=…",
            ));
        }
    }
    let is_blank = |text: Option<&str>| text.is_none_or(|text| text.trim().is_empty());
    let says_nothing = is_blank(connection.login.as_deref())
        && connection.password.as_ref().is_none_or(|password| password.is_empty())
        && connection.extra.fields().is_empty();
    let is_amazons = connection.conn_type.as_deref().is_none_or(|kind| AMAZON.contains(&kind));
    if says_nothing && !is_amazons {
        return Err(Broken::new(
            "it is of another service and names no AWS credentials: it may be a reference to a secret that was not resolved",
            "store the URI itself, which begins with aws://",
        ));
    }
    Ok(())
}

/// Types of connections of Airflow's Amazon provider, and former ones.
const AMAZON: [&str; 8] = ["", "aws", "s3", "emr", "athena", "redshift", "generic", "chime"];

/// Whether the text contains a role or an access key.
pub fn names_credentials(text: &str) -> bool {
    let is_role = text.contains("arn:") && text.contains(":iam::") && text.contains(":role/");
    is_role || text.split(|c: char| !c.is_ascii_alphanumeric()).any(is_access_key_id)
}

fn is_access_key_id(word: &str) -> bool {
    let upper = word.to_ascii_uppercase();
    is_key_id(word)
        && ["AKIA", "ASIA"].iter().any(|prefix| upper.starts_with(prefix))
        && word.bytes().any(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
}

/// Whether the text is one of AWS's unique ids (IAM User Guide, "Unique identifiers"), in any case.
pub fn is_key_id(text: &str) -> bool {
    const PREFIXES: [&str; 12] =
        ["abia", "acca", "agpa", "aida", "aipa", "akia", "anpa", "anva", "apka", "aroa", "asca", "asia"];
    let text = text.to_ascii_lowercase();
    (16..=128).contains(&text.len())
        && PREFIXES.iter().any(|prefix| text.starts_with(prefix))
        && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn mended(bare: &str) -> String {
    let is_json = bare.starts_with(['{', '[']);
    if is_json { "{\"conn_type\": \"aws\", …}".to_owned() } else { sketch(&format!("aws://{bare}")) }
}

/// Returns the text without names, quotes and scheme, as far as they can be recognised.
fn bare(text: &str) -> &str {
    let mut rest = text.trim_matches(|c: char| c.is_whitespace() || is_quote(&c) || c == '\u{feff}');
    while let Some(value) = without_name(rest) {
        rest = value.trim_matches(|c: char| c.is_whitespace() || is_quote(&c));
    }
    let of_scheme = |c: char| ":/\\;".contains(c) || c.is_whitespace() || c == '：';
    let scheme = rest.get(..3).filter(|scheme| scheme.eq_ignore_ascii_case("aws")).map(|_| &rest[3..]);
    let rest = scheme.filter(|rest| rest.is_empty() || rest.starts_with(of_scheme)).unwrap_or(rest);
    rest.trim_start_matches(of_scheme)
}

/// Returns what follows `NAME=`, `export NAME=` or `set NAME=` at the beginning of the text.
fn without_name(text: &str) -> Option<&str> {
    let (name, value) = text.split_once('=')?;
    let name = name.trim();
    let name = ["export ", "set ", "setx ", "ENV ", "$env:", "- "]
        .iter()
        .find_map(|word| name.strip_prefix(word))
        .unwrap_or(name);
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    (!name.is_empty() && name.trim().chars().all(is_name)).then_some(value)
}

fn is_quote(c: &char) -> bool {
    "\"'`\u{2018}\u{2019}\u{201a}\u{201b}\u{201c}\u{201d}\u{201e}\u{201f}\u{ab}\u{bb}\u{2039}\u{203a}\u{2032}\u{2033}"
        .contains(*c)
}

#[cfg(test)]
mod tests {
    use super::super::uri::parse;

    /// The texts and the beginning of each hint; `{k}` is an access key id and `{s}` its secret.
    const LOST: [(&str, &str); 40] = [
        ("aws:/{k}:{s}@/?region_name=eu-west-1", "aws://{k}:…@/?region_name=eu-west-1"),
        ("aws:{k}:{s}@/", "aws://{k}:…@/"),
        ("aws:{k}:{s}@", "aws://{k}:…@"),
        ("aws//{k}:{s}@/", "aws://{k}:…@/"),
        ("aws/{k}:{s}@/", "aws://{k}:…@/"),
        ("aws {k}:{s}@/", "aws://{k}:…@/"),
        ("aws;//{k}:{s}@/", "aws://{k}:…@/"),
        ("aws:\\\\{k}:{s}@/", "aws://{k}:…@/"),
        ("aws ://{k}:{s}@/", "aws://{k}:…@/"),
        ("aws：//{k}:{s}@/", "aws://{k}:…@/"),
        ("://{k}:{s}@/", "aws://{k}:…@/"),
        ("//{k}:{s}@/", "aws://{k}:…@/"),
        ("/{k}:{s}@/", "aws://{k}:…@/"),
        ("{k}:{s}@/", "aws://{k}:…@/"),
        ("{k}:{s}", "aws://"),
        ("{k}:", "aws://"),
        ("{k}", "aws://"),
        ("aws", "aws://"),
        ("{k}:{s}@/?region_name=eu-west-1", "aws://{k}:…@/?region_name=eu-west-1"),
        ("aws:///{k}:{s}@/", "aws://{k}:…@/"),
        ("aws:////{k}:{s}@/", "aws://{k}:…@/"),
        ("aws://host/{k}:{s}@/", "aws://"),
        ("aws://{k}/{s}@/", "aws://"),
        ("aws://#{k}:{s}@/", "aws://"),
        ("aws://{k}", "aws://KEY:…@"),
        ("aws://{k}:4431", "aws://KEY:…@"),
        ("aws://{k}/?region_name=eu-west-1", "aws://KEY:…@"),
        ("{k}://x", "aws://KEY:…@"),
        ("AIRFLOW_CONN_X=aws://{k}:{s}@/", "store the value alone: aws://{k}:…@/"),
        ("export AIRFLOW_CONN_X='aws://{k}:{s}@/'", "store the value alone: aws://{k}:…@/"),
        ("x=aws://{k}:{s}@/", "store the value alone: aws://{k}:…@/"),
        ("AIRFLOW_CONN_X={\"conn_type\": \"aws\", \"login\": \"{k}\"}", "store the value alone: {"),
        ("\u{201c}aws://{k}:{s}@/\u{201d}", "remove the quotes around it: aws://{k}:…@/"),
        ("\u{201e}aws://{k}:{s}@/\u{201c}", "remove the quotes around it: aws://{k}:…@/"),
        ("«aws://{k}:{s}@/»", "remove the quotes around it: aws://{k}:…@/"),
        ("`aws://{k}:{s}@/`", "remove the quotes around it: aws://{k}:…@/"),
        ("'aws://{k}:{s}@/'", "remove the quotes around it: aws://{k}:…@/"),
        ("\"aws://{k}:{s}@/\"", "remove the quotes around it: aws://{k}:…@/"),
        ("'{\"conn_type\": \"aws\", \"login\": \"{k}\"}'", "remove the quotes around it: {"),
        ("\u{feff}aws://{k}:{s}@/", "aws://{k}:…@/"),
    ];

    #[test]
    fn a_login_that_would_be_lost_is_shown_in_its_place() {
        let (key, secret) = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMIaK7MDENGbbPxRfiCYEXAMPLEKEY");
        for (text, hint) in LOST {
            let filled = |text: &str| text.replace("{k}", key).replace("{s}", secret);
            let (text, hint) = (filled(text), filled(hint));
            let broken = parse("x", &text).unwrap_err();
            assert!(broken.mended.contains(&hint), "{text}\n{hint}\n{broken:?}");
            assert!(!format!("{broken:?}").to_lowercase().contains("wjalrx"), "{text}: {broken:?}");
        }
        for text in ["$AIRFLOW_AWS", "${AIRFLOW_AWS}", "%AIRFLOW_AWS%", "'$AIRFLOW_AWS'", "X=$AIRFLOW_AWS", "<URI>"] {
            assert!(parse("x", text).unwrap_err().why.contains("was not expanded"), "{text}");
        }
    }

    #[test]
    fn a_connection_that_says_that_it_has_no_login_has_none() {
        for text in [
            "aws://",
            "aws:",
            "aws:/",
            "aws:///",
            "aws://@/",
            "aws://@:/",
            "aws:?a=b",
            "aws:/?a=b",
            "AWS://",
            "aws:///s?a=b",
        ] {
            let connection = parse("x", text).unwrap();
            assert!(connection.login.unwrap_or_default().is_empty(), "{text}");
        }
    }
}
