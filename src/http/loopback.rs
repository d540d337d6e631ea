//! What counts as this very machine: the one place plain http may go to without being asked for by name.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use url::{Host, Url};

use crate::host_name::HostName;

/// A literal address of 127.0.0.0/8 or `::1`, or the name `localhost`, which [`pin`] resolves without asking anybody.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(_)) | None => HostName::of(url).is_some_and(|name| name.as_str() == LOCALHOST),
    }
}

/// Fixes `localhost` to the loopback addresses (RFC 6761 §6.3), since a resolver may be made to say something else.
pub fn pin(builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    // Port 0: the URL's own.
    let here = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), SocketAddr::from((Ipv6Addr::LOCALHOST, 0))];
    builder.resolve_to_addrs(LOCALHOST, &here).resolve_to_addrs(&format!("{LOCALHOST}."), &here)
}

const LOCALHOST: &str = "localhost";

#[cfg(test)]
mod tests {
    use super::*;

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
