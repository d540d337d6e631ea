//! What a secret looks like, where a path or a name should stand.

/// No path that anybody writes into a setting is longer.
const LONGEST_PATH: usize = 1024;
/// No file system takes a longer name.
const LONGEST_NAME: usize = 255;

/// Whether `text` looks like a token, key or document and not like a path or name. Such a text is not repeated in an error:
/// whoever reads the log would have the secret (RFC 6750, section 5.3).
pub fn looks_like_a_secret(text: &str) -> bool {
    let trimmed = text.trim();
    text.len() > LONGEST_PATH
        || text.contains(char::is_control)
        || trimmed.contains("-----BEGIN ")
        || is_document(trimmed)
        // A relative path was joined to its file's directory: its last names are what was written.
        || trimmed.split(['/', '\\']).any(|name| name.len() > LONGEST_NAME || is_document(name) || is_token(name))
}

/// JSON, XML.
fn is_document(text: &str) -> bool {
    text.starts_with(['{', '[', '<']) && (text.contains(['"', '>']) || text.ends_with(['}', ']']))
}

fn is_token(name: &str) -> bool {
    is_jwt(name) || is_aws_key(name) || PREFIXES.iter().any(|prefix| name.len() > 20 && name.starts_with(prefix))
}

/// Three parts of base64url, the first of which begins with `{"`; an encrypted one has five, a cut one fewer.
fn is_jwt(name: &str) -> bool {
    let is_base64url = |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_=".contains(&b));
    name.starts_with("eyJ") && (name.len() > 20 || name.contains('.')) && name.split('.').all(is_base64url)
}

/// An access key id, or the secret that goes with one (40 characters of base64, of mixed case and with a digit).
fn is_aws_key(name: &str) -> bool {
    let is_id = name.len() == 20 && ["AKIA", "ASIA"].iter().any(|prefix| name.starts_with(prefix));
    let has = |which: fn(&u8) -> bool| name.as_bytes().iter().any(which);
    let is_secret = name.len() == 40
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+')
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit);
    is_id && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) || is_secret
}

/// Tokens of services that mark theirs, so that scanners find them.
const PREFIXES: [&str; 12] =
    ["ghp_", "gho_", "ghs_", "ghu_", "github_pat_", "glpat-", "glcbt-", "xoxb-", "xoxp-", "hvs.", "ya29.", "PHNhbWxwO"];

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
}
