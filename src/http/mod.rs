//! HTTP and TLS: the only room, beside the SDK's own in `sts`, that names the crates behind them.

pub mod api;
pub mod challenge;
pub mod client;
pub mod cookies;
mod fault;
mod handshake;
pub mod loopback;
pub mod probe;
pub mod proxy;
pub mod retry;
pub mod sdk;
pub mod tls;
pub mod transport;
mod verifier;

use url::Url;

/// A URL as errors and logs show it: without query and fragment, which may hold secrets, and without user information.
pub fn shown(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_has_no_query_and_no_user() {
        let url = Url::parse("https://user:pass@idp.example.com:8443/login?SAMLRequest=x#y").unwrap();
        assert_eq!(shown(&url), "https://idp.example.com:8443/login");
    }
}
