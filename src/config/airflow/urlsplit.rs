//! `urllib.parse.urlsplit` of Python 3.11, which decides how Airflow reads a broken URI.
//!
//! It differs from the WHATWG's URL: a user name ends at the last `@`, the path and port are not checked, and tabs and
//! line ends are removed everywhere.

use std::net::Ipv6Addr;

use unicode_normalization::UnicodeNormalization;

/// The parts, still percent-encoded.
#[derive(Debug, PartialEq, Eq)]
pub struct Parts {
    /// In lower case. Empty if the text before the first `:` is not a scheme.
    pub scheme: String,
    pub netloc: String,
    pub path: String,
    pub query: String,
    pub fragment: String,
}

/// Texts for which Python raises `ValueError`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `[` without `]`, or no IPv6 address between them.
    Brackets,
    /// A character that Unicode normalisation turns into `/`, `?`, `#`, `@` or `:`.
    Lookalike,
    /// The text after the host's colon is not a number.
    PortNoNumber,
    /// A port above 65535.
    PortTooLarge,
}

pub fn urlsplit(url: &str) -> Result<Parts, Fault> {
    let url: String =
        url.trim_start_matches(|c: char| c <= ' ').chars().filter(|c| !matches!(c, '\t' | '\r' | '\n')).collect();
    let (scheme, rest) = split_scheme(&url);
    let (netloc, rest) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len())),
        None => ("", rest),
    };
    check_brackets(netloc)?;
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    check_lookalikes(netloc)?;
    Ok(Parts {
        scheme,
        netloc: netloc.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        fragment: fragment.to_owned(),
    })
}

impl Parts {
    /// Returns user name and password: the user name ends at the first `:`, both end at the last `@`.
    pub fn userinfo(&self) -> (Option<&str>, Option<&str>) {
        match self.netloc.rsplit_once('@') {
            Some((userinfo, _)) => match userinfo.split_once(':') {
                Some((username, password)) => (Some(username), Some(password)),
                None => (Some(userinfo), None),
            },
            None => (None, None),
        }
    }

    /// Returns the host, in lower case up to a `%`, after which Python expects the zone of an IPv6 address.
    pub fn hostname(&self) -> Option<String> {
        let (host, _) = self.host_and_port();
        if host.is_empty() {
            return None;
        }
        let (name, zone) = host.split_at(host.find('%').unwrap_or(host.len()));
        Some(name.to_lowercase() + zone)
    }

    pub fn port(&self) -> Result<Option<u16>, Fault> {
        let (_, port) = self.host_and_port();
        if port.is_empty() {
            return Ok(None);
        }
        if !port.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Fault::PortNoNumber);
        }
        port.parse().map(Some).map_err(|_| Fault::PortTooLarge)
    }

    pub fn host_and_port(&self) -> (&str, &str) {
        let after_user = self.netloc.rsplit_once('@').map_or(self.netloc.as_str(), |(_, host)| host);
        match after_user.split_once('[') {
            Some((_, bracketed)) => {
                let (host, rest) = bracketed.split_once(']').unwrap_or((bracketed, ""));
                (host, rest.split_once(':').map_or("", |(_, port)| port))
            }
            None => after_user.split_once(':').unwrap_or((after_user, "")),
        }
    }
}

fn split_scheme(url: &str) -> (String, &str) {
    let is_scheme = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    };
    match url.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_ascii_lowercase(), rest),
        _ => (String::new(), url),
    }
}

fn check_brackets(netloc: &str) -> Result<(), Fault> {
    match (netloc.find('['), netloc.contains(']')) {
        (None, false) => Ok(()),
        (Some(open), true) => {
            let after = &netloc[open + 1..];
            let host = after.split_once(']').map_or(after, |(host, _)| host);
            let is_future =
                host.strip_prefix('v').and_then(|rest| rest.split_once('.')).is_some_and(|(version, rest)| {
                    !version.is_empty() && version.bytes().all(|b| b.is_ascii_hexdigit()) && !rest.is_empty()
                });
            let (address, zone) = host.split_once('%').map_or((host, None), |(address, zone)| (address, Some(zone)));
            let is_zone = zone.is_none_or(|zone| !zone.is_empty() && !zone.contains('%'));
            let is_address = is_zone && address.parse::<Ipv6Addr>().is_ok();
            if is_future || is_address { Ok(()) } else { Err(Fault::Brackets) }
        }
        _ => Err(Fault::Brackets),
    }
}

fn check_lookalikes(netloc: &str) -> Result<(), Fault> {
    if netloc.is_ascii() {
        return Ok(());
    }
    let plain: String = netloc.chars().filter(|c| !"@:#?".contains(*c)).collect();
    let turns = plain.nfkc().any(|c| "/?#@:".contains(c));
    if turns { Err(Fault::Lookalike) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recorded_text_splits_as_in_python() {
        // Recorded with Python 3.11.7: null where it raised ValueError.
        let recorded: Vec<serde_json::Value> =
            serde_json::from_str(include_str!("../../../tests/data/airflow/urlsplit.json")).unwrap();
        assert!(recorded.len() > 100);
        for case in recorded {
            let text = case["text"].as_str().unwrap();
            let ours = urlsplit(text).ok().map(|parts| {
                let (username, password) = parts.userinfo();
                serde_json::json!({
                    "scheme": parts.scheme, "netloc": parts.netloc, "path": parts.path, "query": parts.query,
                    "fragment": parts.fragment, "username": username, "password": password,
                    "hostname": parts.hostname(), "port": parts.port().map_or("ValueError".into(), |p| serde_json::json!(p)),
                })
            });
            assert_eq!(serde_json::json!(ours), case["parts"], "{text:?}");
        }
    }
}
