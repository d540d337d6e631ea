//! The cookies of one login: host-only, and never shared between origins.
//!
//! RFC 6265 decides paths, expiry and `Secure` (through `cookie_store`). One store an origin, so a cookie's `Domain`
//! cannot carry a session to a neighbouring host: no IdP needs that within one login, and an attacker's page would.

use cookie_store::{CookieExpiration, CookieStore, RawCookie};
use serde::{Deserialize, Serialize};
use url::{Origin, Url};
use zeroize::{Zeroize, Zeroizing};

use crate::secret::Secret;
use crate::time::Timestamp;

/// A cookie with an end of its own, beyond that of a login. Whoever writes it down seals it.
#[derive(Serialize, Deserialize)]
pub struct KeptCookie {
    /// `https://idp.example.com/`
    origin: String,
    name: String,
    value: String,
    path: String,
    is_secure: bool,
    /// Seconds since 1970.
    until: i64,
}

impl Drop for KeptCookie {
    fn drop(&mut self) {
        self.value.zeroize();
    }
}

#[derive(Default)]
pub struct Jar {
    stores: Vec<(Origin, CookieStore)>,
}

impl Jar {
    /// Keeps what `Set-Cookie` headers of a response from `url` say. What cannot be parsed is dropped, as browsers do.
    pub fn store<'a>(&mut self, url: &Url, headers: impl Iterator<Item = &'a str>) {
        let cookies = headers.filter_map(|h| RawCookie::parse(h.to_owned()).ok());
        let origin = url.origin();
        let index = self.stores.iter().position(|(o, _)| *o == origin).unwrap_or_else(|| {
            self.stores.push((origin, CookieStore::default()));
            self.stores.len() - 1
        });
        self.stores[index].1.store_response_cookies(cookies, url);
    }

    /// Puts kept cookies back, without those that are over.
    pub fn restore(&mut self, cookies: &[KeptCookie], now: Timestamp) {
        for KeptCookie { origin, name, value, path, is_secure, until } in cookies {
            let (Ok(url), left @ 1..) = (Url::parse(origin), until - now.as_second()) else { continue };
            let secure = if *is_secure { "; Secure" } else { "" };
            let text = Zeroizing::new(format!("{name}={value}; Path={path}; Max-Age={left}{secure}"));
            self.store(&url, std::iter::once(text.as_str()));
        }
    }

    /// The cookies that a browser would keep beyond its end.
    pub fn lasting(&self) -> Vec<KeptCookie> {
        let of = |origin: &Origin, store: &CookieStore| -> Vec<KeptCookie> {
            let origin = format!("{}/", origin.ascii_serialization());
            let kept = store.iter_unexpired().filter_map(|cookie| {
                let CookieExpiration::AtUtc(until) = &cookie.expires else { return None };
                Some(KeptCookie {
                    origin: origin.clone(),
                    name: cookie.name().to_owned(),
                    value: cookie.value().to_owned(),
                    path: String::from(&cookie.path),
                    is_secure: cookie.secure().unwrap_or(false),
                    until: until.unix_timestamp(),
                })
            });
            kept.collect()
        };
        self.stores.iter().flat_map(|(origin, store)| of(origin, store)).collect()
    }

    /// The value of `Cookie` for a request to `url`, if there is one.
    pub fn header(&self, url: &Url) -> Option<Secret> {
        let (_, store) = self.stores.iter().find(|(o, _)| *o == url.origin())?;
        let mut text = String::new();
        for (name, value) in store.get_request_values(url) {
            if !text.is_empty() {
                text.push_str("; ");
            }
            text.push_str(name);
            text.push('=');
            text.push_str(value);
        }
        (!text.is_empty()).then(|| Secret::new(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn sent(jar: &Jar, to: &str) -> Option<String> {
        jar.header(&url(to)).map(|s| s.expose().to_owned())
    }

    #[test]
    fn a_cookie_returns_to_its_origin_and_path_only() {
        let mut jar = Jar::default();
        let set = ["a=1; Path=/", "b=2; Path=/login", "c=3; Domain=example.com", "d=4; Secure; Path=/", "junk"];
        jar.store(&url("https://idp.example.com/login/page"), set.into_iter());
        let table = [
            ("https://idp.example.com/login/next", Some(4)),
            ("https://idp.example.com/other", Some(2)),
            ("https://other.example.com/login/next", None),
            ("https://idp.example.com:8443/login/next", None),
            ("http://idp.example.com/login/next", None),
        ];
        for (to, count) in table {
            assert_eq!(sent(&jar, to).map(|c| c.split("; ").count()), count, "{to}");
        }
    }

    #[test]
    fn a_cookie_set_again_or_expired_is_replaced() {
        let mut jar = Jar::default();
        let idp = url("https://idp.example.com/");
        jar.store(&idp, ["a=1; Path=/", "b=1; Path=/"].into_iter());
        jar.store(&idp, ["a=2; Path=/", "b=gone; Path=/; Max-Age=0"].into_iter());
        assert_eq!(sent(&jar, "https://idp.example.com/").as_deref(), Some("a=2"));
    }

    #[test]
    fn cookies_with_an_end_of_their_own_come_back_until_then() {
        let mut jar = Jar::default();
        let idp = url("https://idp.example.com/login");
        jar.store(
            &idp,
            ["session=1; Path=/", "device=d; Path=/login; Max-Age=3600; Secure", "gone=1; Max-Age=0"].into_iter(),
        );
        let kept = jar.lasting();
        assert_eq!(kept.iter().map(|cookie| cookie.name.as_str()).collect::<Vec<_>>(), ["device"]);
        let now = crate::time::now();
        let after = |seconds| Timestamp::from_second(now.as_second() + seconds).unwrap();
        for (later, expected) in [(0, Some("device=d")), (3601, None)] {
            let mut next = Jar::default();
            next.restore(&kept, after(later));
            assert_eq!(sent(&next, "https://idp.example.com/login").as_deref(), expected, "{later}");
            assert_eq!(sent(&next, "https://idp.example.com/"), None);
            assert_eq!(sent(&next, "http://idp.example.com/login"), None);
        }
    }

    #[test]
    fn a_loopback_idp_keeps_its_session() {
        let mut jar = Jar::default();
        jar.store(&url("http://127.0.0.1:8080/login"), ["s=1; Path=/; HttpOnly"].into_iter());
        assert_eq!(sent(&jar, "http://127.0.0.1:8080/next").as_deref(), Some("s=1"));
    }
}
