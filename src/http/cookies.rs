//! The cookies of one login, by RFC 6265: domain, path, expiry and `Secure` decide where each is sent (`cookie_store` keeps them).
//!
//! The client adds cookies to requests to allowed origins only, so a `Domain` extends a cookie to other allowed origins and
//! no further (RFC 6265 §8.5: ports do not separate cookies). Stricter than the RFC: a cookie that came by https is sent by
//! https only, as if it were `Secure`, and no public suffix may be a `Domain`.

use cookie_store::{CookieDomain, CookieExpiration, CookieStore, RawCookie};
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::{Zeroize, Zeroizing};

use crate::secret::Secret;
use crate::time::Timestamp;

/// A cookie that expires after the login. It has to be sealed where it is stored.
#[derive(Serialize, Deserialize)]
pub struct KeptCookie {
    /// The host that it is sent to, or the domain if `is_wide`.
    domain: String,
    is_wide: bool,
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
    store: CookieStore,
}

impl Jar {
    /// Keeps the cookies in the `Set-Cookie` headers of a response from `url`. Ignores those that cannot be parsed, as browsers do.
    pub fn store<'a>(&mut self, url: &Url, headers: impl Iterator<Item = &'a str>) {
        let cookies = headers.filter_map(|h| RawCookie::parse(h.to_owned()).ok()).filter(|c| is_acceptable(c, url));
        let cookies = cookies.map(|mut cookie| {
            if url.scheme() == "https" {
                cookie.set_secure(true);
            }
            cookie
        });
        self.store.store_response_cookies(cookies, url);
    }

    /// Adds kept cookies, except those that have expired.
    pub fn restore(&mut self, cookies: &[KeptCookie], now: Timestamp) {
        for KeptCookie { domain, is_wide, name, value, path, is_secure, until } in cookies {
            let scheme = if *is_secure { "https" } else { "http" };
            let (Ok(url), left @ 1..) = (Url::parse(&format!("{scheme}://{domain}/")), until - now.as_second()) else {
                continue;
            };
            let secure = if *is_secure { "; Secure" } else { "" };
            let wide = if *is_wide { format!("; Domain={domain}") } else { String::new() };
            let text = Zeroizing::new(format!("{name}={value}; Path={path}; Max-Age={left}{secure}{wide}"));
            self.store(&url, std::iter::once(text.as_str()));
        }
    }

    /// Returns the cookies with an expiry, which a browser keeps after it exits.
    pub fn lasting(&self) -> Vec<KeptCookie> {
        let kept = self.store.iter_unexpired().filter_map(|cookie| {
            let CookieExpiration::AtUtc(until) = &cookie.expires else { return None };
            Some(KeptCookie {
                domain: cookie.domain.as_cow()?.into_owned(),
                is_wide: matches!(cookie.domain, CookieDomain::Suffix(_)),
                name: cookie.name().to_owned(),
                value: cookie.value().to_owned(),
                path: String::from(&cookie.path),
                is_secure: cookie.secure().unwrap_or(false),
                until: until.unix_timestamp(),
            })
        });
        kept.collect()
    }

    /// Returns the value of `Cookie` for a request to `url`. `None` if no cookie matches.
    pub fn header(&self, url: &Url) -> Option<Secret> {
        let mut cookies = self.store.matches(url);
        // Of two cookies with the same name, servers use the first (RFC 6265 §5.4: longer paths come first).
        cookies.sort_by_key(|cookie| (std::cmp::Reverse(String::from(&cookie.path).len()), cookie.name().to_owned()));
        let pairs = cookies.iter().map(|cookie| format!("{}={}", cookie.name(), cookie.value()));
        let text = pairs.collect::<Vec<_>>().join("; ");
        (!text.is_empty()).then(|| Secret::new(text))
    }
}

/// Whether a browser would keep the cookie: RFC 6265 §5.3 step 5, and the prefixes of RFC 6265bis §4.1.3.
fn is_acceptable(cookie: &RawCookie<'_>, url: &Url) -> bool {
    let is_https = url.scheme() == "https";
    let is_secure = cookie.secure().unwrap_or(false);
    let domain = cookie.domain().map(|domain| domain.trim().trim_start_matches('.').to_ascii_lowercase());
    let domain = domain.filter(|domain| !domain.is_empty());
    let name = cookie.name().to_ascii_lowercase();
    let may_be_secure = is_https || crate::host_name::is_loopback(url);
    let prefix_is_kept = match () {
        () if name.starts_with("__host-") => is_secure && domain.is_none() && cookie.path() == Some("/"),
        () if name.starts_with("__secure-") => is_secure,
        () => true,
    };
    let is_own_host = |domain: &String| url.host_str() == Some(domain.as_str());
    prefix_is_kept
        && (!is_secure || may_be_secure)
        && domain.is_none_or(|domain| is_own_host(&domain) || !is_public_suffix(&domain))
}

/// Whether strangers may have hosts below this domain: a single label, a registry's second level (`co.uk`), or a domain whose
/// owner gives its subdomains to customers. Not the whole public suffix list, which is long: cookies are sent to allowed origins
/// only in any case.
fn is_public_suffix(domain: &str) -> bool {
    const SECOND_LEVELS: &[&str] = &[
        "ac", "asn", "co", "com", "edu", "gob", "gouv", "gov", "go", "govt", "gv", "id", "ind", "info", "ltd", "me",
        "mil", "ne", "net", "nhs", "nom", "or", "org", "plc", "sch", "school", "web",
    ];
    const OF_CUSTOMERS: &[&str] = &[
        "amazonaws.com",
        "appspot.com",
        "auth0.com",
        "azurewebsites.net",
        "cloudapp.azure.com",
        "cloudapp.net",
        "cloudfront.net",
        "github.io",
        "gitlab.io",
        "herokuapp.com",
        "my.site.com",
        "netlify.app",
        "okta-emea.com",
        "okta.com",
        "oktapreview.com",
        "onelogin.com",
        "onmicrosoft.com",
        "pages.dev",
        "run.app",
        "vercel.app",
        "web.app",
        "workers.dev",
    ];
    match domain.split('.').collect::<Vec<_>>().as_slice() {
        [] | [_] => true,
        [second, top] if top.len() == 2 && SECOND_LEVELS.contains(second) => true,
        _ => OF_CUSTOMERS.contains(&domain),
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
    fn a_cookie_returns_to_where_its_host_domain_and_path_say() {
        let mut jar = Jar::default();
        let set =
            ["a=1; Path=/", "b=2; Path=/login", "c=3; Domain=.Example.com; Path=/", "d=4; Secure; Path=/", "junk"];
        jar.store(&url("https://idp.example.com/login/page"), set.into_iter());
        let table = [
            ("https://idp.example.com/login/next", Some("b=2; a=1; c=3; d=4")),
            ("https://idp.example.com/other", Some("a=1; c=3; d=4")),
            ("https://idp.example.com:8443/login/next", Some("b=2; a=1; c=3; d=4")),
            ("https://other.example.com/login/next", Some("c=3")),
            ("https://example.com/", Some("c=3")),
            ("https://a.idp.example.com/", Some("c=3")),
            ("https://notexample.com/", None),
            ("https://example.com.evil.test/", None),
            ("http://idp.example.com/login/next", None),
        ];
        for (to, expected) in table {
            assert_eq!(sent(&jar, to).as_deref(), expected, "{to}");
        }
    }

    #[test]
    fn what_a_browser_would_refuse_is_not_kept() {
        let https = "https://idp.corp.co.uk/login";
        let table = [
            (https, "a=1; Domain=corp.co.uk", true),
            (https, "a=1; Domain=co.uk", false),
            (https, "a=1; Domain=uk", false),
            (https, "a=1; Domain=other.co.uk", false),
            (https, "a=1; Domain=sub.idp.corp.co.uk", false),
            (https, "a=1; Domain=", true),
            (https, "__Host-a=1; Secure; Path=/", true),
            (https, "__Host-a=1; Secure; Path=/; Domain=corp.co.uk", false),
            (https, "__Host-a=1; Secure; Path=/login", false),
            (https, "__Host-a=1; Path=/", false),
            (https, "__Secure-a=1; Secure", true),
            (https, "__Secure-a=1", false),
            ("https://corp.okta.com/login", "a=1; Domain=.okta.com", false),
            ("https://intranet/login", "a=1; Domain=intranet", true),
            ("https://10.0.0.1/login", "a=1; Domain=0.0.1", false),
            ("http://idp.corp.co.uk/login", "a=1; Secure", false),
        ];
        for (from, set, is_kept) in table {
            let mut jar = Jar::default();
            jar.store(&url(from), [set].into_iter());
            assert_eq!(sent(&jar, from).is_some(), is_kept, "{set} from {from}");
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
            [
                "session=1; Path=/",
                "device=d; Path=/login; Max-Age=3600; Secure",
                "gone=1; Max-Age=0",
                "wide=w; Domain=example.com; Path=/wide; Max-Age=3600",
            ]
            .into_iter(),
        );
        let kept = jar.lasting();
        let mut names: Vec<_> = kept.iter().map(|cookie| cookie.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["device", "wide"]);
        let now = crate::time::now();
        let after = |seconds| Timestamp::from_second(now.as_second() + seconds).unwrap();
        for (later, expected) in [(0, Some("device=d")), (3601, None)] {
            let mut next = Jar::default();
            next.restore(&kept, after(later));
            assert_eq!(sent(&next, "https://idp.example.com/login").as_deref(), expected, "{later}");
            assert_eq!(sent(&next, "https://idp.example.com/"), None);
            assert_eq!(sent(&next, "https://sts.example.com/wide").as_deref(), expected.map(|_| "wide=w"), "{later}");
            assert_eq!(sent(&next, "https://sts.example.com/login"), None);
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
