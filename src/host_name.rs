//! The name of a host, parsed where a URL or text enters the program. Names are compared as DNS does: in one spelling,
//! label by label.

use url::{Host, Url};

/// In lower case, in the ASCII form of IDNA, without a dot at the end. Not an IP address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName(String);

impl HostName {
    /// Returns the name, or `None` if the text is an address or no host name.
    pub fn parse(text: &str) -> Option<HostName> {
        let Ok(Host::Domain(name)) = Host::parse(text) else { return None };
        let name = name.strip_suffix('.').unwrap_or(&name);
        name.split('.').all(|label| !label.is_empty()).then(|| HostName(name.to_owned()))
    }

    /// Returns the host of a URL, if it is a name.
    pub fn of(url: &Url) -> Option<HostName> {
        HostName::parse(url.domain()?)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the domain or a host within it: `corp.okta.com` is within `okta.com`, `evil-okta.com` is not.
    pub fn is_within(&self, domain: &str) -> bool {
        self.0.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    /// Whether this is within one of several domains.
    pub fn is_within_any(&self, domains: &[&str]) -> bool {
        domains.iter().any(|domain| self.is_within(domain))
    }
}

/// The name that is this very machine (RFC 6761 §6.3).
pub const LOCALHOST: &str = "localhost";

/// Whether a URL leads to this very machine, the one place that plain http may go to without being asked for by name: a literal
/// address of 127.0.0.0/8 or `::1`, or the name `localhost`, which `http` resolves without asking anybody.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(_)) | None => HostName::of(url).is_some_and(|name| name.as_str() == LOCALHOST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_spelling() {
        let table = [
            ("STS.AmazonAWS.com", Some("sts.amazonaws.com")),
            ("sts.amazonaws.com.", Some("sts.amazonaws.com")),
            ("%6cocalhost", Some("localhost")),
            ("bücher.example", Some("xn--bcher-kva.example")),
            ("ｌｏｃａｌｈｏｓｔ", Some("localhost")),
            ("a。b", Some("a.b")),
            // Addresses, in every spelling that a URL takes, and what is neither.
            ("127.0.0.1", None),
            ("0x7f.1", None),
            ("[::1]", None),
            ("a..b", None),
            (".", None),
            ("", None),
            ("a b", None),
            ("a@b", None),
            ("a/b", None),
            ("a:80", None),
        ];
        for (text, expected) in table {
            assert_eq!(HostName::parse(text).as_ref().map(HostName::as_str), expected, "{text:?}");
        }
        let of = |url: &str| HostName::of(&Url::parse(url).unwrap()).map(|name| name.0);
        assert_eq!(of("https://IDP.example.com.:8443/a").as_deref(), Some("idp.example.com"));
        for url in ["https://10.0.0.1/", "unix:/run/socket", "mailto:a@example.com"] {
            assert_eq!(of(url), None, "{url}");
        }
    }

    #[test]
    fn a_domain_holds_itself_and_what_is_below_it() {
        let table = [
            ("okta.com", true),
            ("corp.okta.com", true),
            ("a.b.OKTA.com.", true),
            ("evil-okta.com", false),
            ("okta.com.evil.example", false),
            ("com", false),
        ];
        for (name, expected) in table {
            assert_eq!(HostName::parse(name).unwrap().is_within("okta.com"), expected, "{name}");
        }
    }

    #[test]
    fn only_literal_loopback_addresses_and_localhost_are_this_machine() {
        let table = [
            ("http://127.0.0.1:80/", true),
            ("http://127.9.9.9/", true),
            ("http://[::1]:8080/", true),
            ("http://localhost/", true),
            ("http://LOCALHOST/", true),
            ("http://localhost./", true),
            // The URL parser reads every spelling of an IPv4 address, as browsers do.
            ("http://2130706433/", true),
            ("http://localhost.example.com/", false),
            ("http://127.0.0.1.example.com/", false),
            ("http://0.0.0.0/", false),
            ("http://169.254.169.254/", false),
            ("http://[::ffff:127.0.0.1]/", false),
            ("unix:/run/socket", false),
        ];
        for (url, expected) in table {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }
}
