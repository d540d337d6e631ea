//! HTTP and TLS: the only room that uses their crates, apart from the SDK's in `sts`.

mod answer;
pub mod api;
pub mod challenge;
pub mod client;
pub mod cookies;
mod encoding;
mod fault;
pub mod form;
mod handshake;
#[cfg(all(unix, not(target_vendor = "apple")))]
mod named_roots;
pub mod probe;
pub mod proxy;
pub mod retry;
pub mod sdk;
pub mod tls;
pub mod transport;
mod verifier;

use url::Url;

use crate::attempt;

/// A URL as errors and logs show it: without user information, query, fragment and the parameters of its path
/// (`;jsessionid=…`, RFC 3986 §3.3), all of which may hold secrets, and without host or segment that repeats a secret that was sent.
pub fn shown(url: &Url) -> String {
    let origin = match url.host_str().is_some_and(attempt::repeats_a_secret) {
        true => format!("{}://…", url.scheme()),
        false => url.origin().ascii_serialization(),
    };
    format!("{origin}{}", shown_path(url.path()))
}

/// An address from a page, relative or not, without the parts that [`shown`] omits. A path that is not parsed may contain `;` in
/// escaped form.
pub fn shown_path(address: &str) -> String {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let segments = path.split('/').map(|segment| {
        let escaped = segment.find("%3b").or_else(|| segment.find("%3B")).unwrap_or(segment.len());
        let segment = &segment[..segment.find(';').unwrap_or(segment.len()).min(escaped)];
        if attempt::repeats_a_secret(segment) { "…" } else { segment }
    });
    segments.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_has_no_query_and_no_user() {
        let url = Url::parse("https://user:pass@idp.example.com:8443/login?SAMLRequest=x#y").unwrap();
        assert_eq!(shown(&url), "https://idp.example.com:8443/login");
    }

    #[test]
    fn parameters_of_a_path_are_not_shown() {
        let table = [
            ("https://i/login;jsessionid=A1?e=1", "https://i/login"),
            ("https://i/a;s=1/b;t=2;u/c", "https://i/a/b/c"),
            ("https://i/;jsessionid=A1", "https://i/"),
            ("https://i/login%3Bjsessionid=A1", "https://i/login"),
        ];
        for (url, expected) in table {
            assert_eq!(shown(&Url::parse(url).unwrap()), expected);
        }
        assert_eq!(shown_path("/login;jsessionid=A1?x#y"), "/login");
    }
}
