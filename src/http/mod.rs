//! HTTP and TLS: the only room, beside the SDK's own in `sts`, that names the crates behind them.

pub mod client;
pub mod cookies;
pub mod fault;
pub mod retry;
pub mod tls;

use url::{Host, Url};

/// This machine and no other: a literal 127.0.0.0/8 or ::1, or `localhost`, which our clients never look up.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// A URL as errors and logs show it: without query and fragment, which may hold secrets, and without user information.
pub fn shown(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        let table = [
            ("http://127.0.0.1:8080/", true),
            ("http://127.9.9.9/", true),
            ("http://[::1]/", true),
            ("http://localhost/", true),
            ("http://LOCALHOST/", true),
            ("http://0x7f.1/", true),
            ("http://localhost.example.com/", false),
            ("http://127.0.0.1.example.com/", false),
            ("http://[::ffff:10.0.0.1]/", false),
            ("http://10.0.0.1/", false),
        ];
        for (text, expected) in table {
            assert_eq!(is_loopback(&Url::parse(text).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn what_is_shown_has_no_query_and_no_user() {
        let url = Url::parse("https://user:pass@idp.example.com:8443/login?SAMLRequest=x#y").unwrap();
        assert_eq!(shown(&url), "https://idp.example.com:8443/login");
    }
}
