//! Recognises secrets: in place of a path or a name, and within a text that is about to be shown.

use std::borrow::Cow;

/// Paths in settings are shorter.
const LONGEST_PATH: usize = 1024;
/// The longest name in common file systems.
const LONGEST_NAME: usize = 255;

/// Whether `text` looks like a token, key or document and not like a path or name. Errors do not repeat such a text, which may be
/// logged (RFC 6750, section 5.3).
pub fn looks_like_a_secret(text: &str) -> bool {
    let trimmed = text.trim();
    text.len() > LONGEST_PATH
        || text.contains(char::is_control)
        || trimmed.contains("-----BEGIN ")
        || is_document(trimmed)
        || is_secret_key(trimmed)
        // A relative path was joined to its file's directory, so the secret may be the last part.
        || trimmed.split(['/', '\\']).any(|name| name.len() > LONGEST_NAME || is_document(name) || is_token(name))
}

/// Returns the name of a variable that is not set, if it has the usual form (`CORP_PASSWORD`). Any other text may be the secret
/// itself in place of a name, and is not shown.
pub fn shown_variable(name: &str) -> String {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let is_by_custom = name.contains('_') && name.split('_').all(is_word) && !looks_like_a_secret(name);
    if is_by_custom { format!("the variable ${name}") } else { "the variable".to_owned() }
}

/// Replaces a secret in a text that is shown.
const REDACTED: &str = "[redacted]";

/// Replaces each token, secret key and private key in the text by `[redacted]`. An access key id is not a secret, and stays.
///
/// `cli::output` applies it to everything it writes, since users may put a secret in place of any value.
pub fn masked(text: &str) -> Cow<'_, str> {
    let mut parts: Vec<(usize, usize)> = Vec::new();
    parts.extend(private_keys(text));
    parts.extend(named_secrets(text));
    let runs_of_names = runs(text, |b| b.is_ascii_alphanumeric() || b"_-.+".contains(&b));
    parts.extend(runs_of_names.filter_map(|(start, end)| token_in(text, start, end)));
    parts.extend(runs(text, is_base64).flat_map(|(start, end)| secret_keys(text, start, end)));
    if parts.is_empty() {
        return Cow::Borrowed(text);
    }
    parts.sort_unstable();
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for (start, end) in parts.into_iter().filter(|(start, end)| start < end) {
        if start >= at {
            out.push_str(&text[at..start]);
            out.push_str(REDACTED);
        }
        at = at.max(end);
    }
    out.push_str(&text[at..]);
    Cow::Owned(out)
}

/// A token in a run of names separated by dots: `profile.ghp_…`. All parts after the first of a JWT belong to it.
fn token_in(text: &str, start: usize, end: usize) -> Option<(usize, usize)> {
    let mut at = start;
    for name in text[start..end].split('.') {
        let rest = text[at..end].trim_end_matches('.');
        if is_jwt(rest) {
            return Some((at, at + rest.len()));
        }
        if has_prefix(name) || name.len() > LONGEST_NAME {
            return Some((at, at + rest.len()));
        }
        at += name.len() + 1;
    }
    None
}

/// The values of keys that name a secret, in JSON, also with escaped quotes: `\\"private_key\\":\\"…`.
fn named_secrets(text: &str) -> Vec<(usize, usize)> {
    const KEYS: [&str; 8] = [
        "private_key",
        "client_secret",
        "refresh_token",
        "access_token",
        "id_token",
        "secret_access_key",
        "SecretAccessKey",
        "SessionToken",
    ];
    let quote = |text: &str| text.len() - text.trim_start_matches('\\').strip_prefix('"').map_or(text.len(), str::len);
    let value_after = |at: usize| {
        let mut start = at + quote(&text[at..]);
        let rest = text[start..].trim_start();
        start = text.len() - rest.strip_prefix(':')?.trim_start().len();
        let opening = quote(&text[start..]);
        let value = text[start + opening..].split(['"', '\\']).next()?;
        let is_hidden = opening == 0 || value.len() < 6;
        (start > at && !is_hidden).then_some((start + opening, start + opening + value.len()))
    };
    let keys = KEYS.iter().flat_map(|key| text.match_indices(key).map(move |(at, _)| at + key.len()));
    keys.filter_map(value_after).collect()
}

/// Secret keys in a run of base64 characters, part of which may belong to a path or port: `9/`.
fn secret_keys(text: &str, start: usize, end: usize) -> Vec<(usize, usize)> {
    let run = &text.as_bytes()[start..end];
    let is_edge = |at: usize| at == 0 || at == run.len() || run[at] == b'/' || run[at - 1] == b'/';
    let windows = (0..(run.len() + 1).saturating_sub(40)).filter(|at| is_edge(*at) && is_edge(at + 40));
    windows.map(|at| (start + at, start + at + 40)).filter(|(at, end)| is_secret_key(&text[*at..*end])).collect()
}

/// The longest runs of such bytes, which have to be ASCII.
fn runs(text: &str, is_part: impl Fn(u8) -> bool) -> impl Iterator<Item = (usize, usize)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + bytes[at..].iter().position(|b| is_part(*b))?;
        at = bytes[start..].iter().position(|b| !is_part(*b)).map_or(bytes.len(), |len| start + len);
        Some((start, at))
    })
}

/// PEM private keys, from their first line to their last (RFC 7468, section 2), or to the end of the text or string.
fn private_keys(text: &str) -> Vec<(usize, usize)> {
    const END: &str = "-----END ";
    let mut found = Vec::new();
    for (start, _) in text.match_indices("-----BEGIN ") {
        let label = text[start + 11..].split("-----").next().unwrap_or_default();
        if !label.ends_with("PRIVATE KEY") || label.len() > 60 {
            continue;
        }
        let rest = text[start + 11..].split('"').next().unwrap_or_default();
        let end = match rest.find(END) {
            Some(end) => {
                let after = end + END.len();
                after + rest[after..].find("-----").map_or(0, |dashes| dashes + 5)
            }
            None => rest.len(),
        };
        found.push((start, start + 11 + end));
    }
    found
}

/// JSON, XML.
fn is_document(text: &str) -> bool {
    text.starts_with(['{', '[', '<']) && (text.contains(['"', '>']) || text.ends_with(['}', ']']))
}

fn is_token(name: &str) -> bool {
    is_jwt(name) || is_key_id(name) || is_secret_key(name) || has_prefix(name)
}

fn has_prefix(name: &str) -> bool {
    let name = name.trim_start_matches('-');
    PREFIXES.iter().any(|prefix| name.len() > 20 && name.starts_with(prefix))
}

/// Three parts of base64url, the first of which begins with `{"`; an encrypted one has five, a cut one fewer.
fn is_jwt(name: &str) -> bool {
    let is_base64url = |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_=".contains(&b));
    name.starts_with("eyJ") && (name.len() > 20 || name.contains('.')) && name.split('.').all(is_base64url)
}

/// An access key id of AWS's.
fn is_key_id(name: &str) -> bool {
    name.len() == 20
        && ["AKIA", "ASIA"].iter().any(|prefix| name.starts_with(prefix))
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

fn is_base64(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'+' || b == b'/'
}

/// The secret of an access key: 40 characters of base64. Random text changes between the kinds of characters 25 times of 39 on
/// average; a path or a name less often.
fn is_secret_key(text: &str) -> bool {
    let kind = |b: u8| match b {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    let bytes = text.as_bytes();
    bytes.len() == 40
        && bytes.iter().all(|b| is_base64(*b))
        && (0..3).all(|each| bytes.iter().any(|b| kind(*b) == each))
        && bytes.iter().filter(|b| **b == b'/').count() <= 4
        && bytes.windows(2).filter(|pair| kind(pair[0]) != kind(pair[1])).count() >= 14
}

/// Prefixes of services that mark their tokens for scanners. The last ones begin a SAML response and a session token of STS.
const PREFIXES: [&str; 25] = [
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "glcbt-",
    "glrt-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xapp-",
    "hvs.",
    "hvb.",
    "ya29.",
    "npm_",
    "pypi-",
    "dop_v1_",
    "sk_live_",
    "rk_live_",
    "PHNhbWxwO",
    "PD94bWwg",
    "IQoJb3JpZ2lu",
    "FwoGZXIvYXdz",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_told_from_paths() {
        let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lzc3VlciJ9.c2lnbmF0dXJl";
        let secrets = [
            jwt,
            &format!("/home/alice/.config/fedcred/{jwt}"),
            &format!(" {jwt}\n"),
            r#"{"type": "service_account", "private_key": "-----BEGIN PRIVATE KEY-----\nMII"}"#,
            r#"/etc/fedcred/{"type": "service_account"}"#,
            "-----BEGIN PRIVATE KEY-----",
            "/x/-----BEGIN RSA PRIVATE KEY-----",
            "<samlp:Response ID=\"x\"/>",
            "two\nlines",
            "AKIAIOSFODNN7EXAMPLE",
            "wJalrXUtnFEMIaK7MDENGbPxRfiCYEXAMPLEKEYa",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "github_pat_11ABCDEFG0aaaaaaaaaaaaaaa",
            &"A".repeat(256),
            &"a/".repeat(1000),
        ];
        for secret in secrets {
            assert!(looks_like_a_secret(secret), "{secret}");
        }
        let paths = [
            "",
            "token",
            "/var/run/secrets/kubernetes.io/serviceaccount/..2026_11_26_12_00_00.123456789/token",
            "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
            "~/Library/Application Support/fedcred/my secret [1].txt",
            r"C:\Users\alice\AppData\Roaming\gcloud\application_default_credentials.json",
            "/home/zoë/geheim{x",
            "/nix/store/1b9p07z77phvv2hf6gm9f28syp39f1ag-fedcred/share/0123456789abcdef0123456789abcdef01234567",
            "/run/user/1000/eyJ",
        ];
        for path in paths {
            assert!(!looks_like_a_secret(path), "{path}");
        }
    }

    #[test]
    fn a_secret_in_a_text_is_masked_and_the_text_around_it_stays() {
        let jwt = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lzc3VlciJ9.c2lnbmF0dXJl";
        let pem = "-----BEGIN RSA PRIVATE KEY-----\\nMIIEow+/=\\n-----END RSA PRIVATE KEY-----";
        let table = [
            (format!("no profile \"{jwt}\"; fedcred get {jwt}"), "no profile \"[redacted]\"; fedcred get [redacted]"),
            (format!("/home/alice/{jwt}: not found"), "/home/alice/[redacted]: not found"),
            (format!("key: \"{pem}\\n\", id: 5"), "key: \"[redacted]\\n\", id: 5"),
            ("key: \"-----BEGIN PRIVATE KEY-----\\nMII\", id: 5".into(), "key: \"[redacted]\", id: 5"),
            ("-----BEGIN PRIVATE KEY----- MII cut".into(), "[redacted]"),
            ("id wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY.".into(), "id [redacted]."),
            (
                "proxy = \"http://127.0.0.1:9/wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\"".into(),
                "proxy = \"http://127.0.0.1:9/[redacted]\"",
            ),
            ("token=ghp_0123456789abcdefghij&x=1".into(), "token=[redacted]&x=1"),
            ("ü xoxb-123456789012-abcdefghijkl ü".into(), "ü [redacted] ü"),
            (format!("[profile.{jwt}]"), "[profile.[redacted]]"),
            ("[profile.ghp_0123456789abcdefghij]".into(), "[profile.[redacted]]"),
            (r#"{"type":"x","private_key":"MIIEvAIBADAN"}"#.into(), r#"{"type":"x","private_key":"[redacted]"}"#),
            (r#""{\"private_key\": \"MIIEvAIBADAN\"}" is no"#.into(), r#""{\"private_key\": \"[redacted]\"}" is no"#),
            (format!("a {} b", "A".repeat(300)), "a [redacted] b"),
        ];
        for (text, expected) in table {
            assert_eq!(masked(&text), expected);
        }
        let plain = [
            "the access key id AKIAIOSFODNN7EXAMPLE",
            "it holds no `-----BEGIN CERTIFICATE-----`",
            "arn:aws:iam::112233334444:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123456789abcdef",
            "/usr/share/Corporate1/Trust/Bundles/Prod/x",
            "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "https://idp.example.com/adfs/ls/IdpInitiatedSignOn.aspx?loginToRp=urn:amazon:webservices",
            "s3cr3t-looking.but-short",
            "{\"private_key\": \"…\"}, `client_secret`: where it is read from",
        ];
        for text in plain {
            assert!(matches!(masked(text), Cow::Borrowed(_)), "{}", masked(text));
        }
    }
}
