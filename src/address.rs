//! URLs of the servers that fedcred talks to: identity providers, OpenID providers, STS and proxies. Each is an
//! [`Address`] of its kind, parsed where text enters the program.
//!
//! One kind cannot be used in place of another. An address that its kind forbids does not exist: one with a login in
//! it, plain http that others could read, a query where the path has to continue.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use url::Url;

use crate::host_name::is_loopback;

/// A page of an identity provider.
pub type IdpUrl = Address<Idp>;
/// An OpenID provider, named by the issuer of its tokens.
pub type IssuerUrl = Address<Issuer>;
pub type StsEndpoint = Address<Sts>;
pub type ProxyUrl = Address<Proxy>;

/// A URL that is allowed for this kind.
#[derive(Clone, PartialEq, Eq)]
pub struct Address<K> {
    url: Url,
    written: String,
    kind: PhantomData<K>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idp {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issuer {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sts {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proxy {}

/// The rules for the URLs of a kind.
pub trait Kind {
    const SCHEMES: &'static [&'static str] = &["https", "http"];
    const PARTS: Parts;
    /// Whether plain http to other machines is allowed.
    const IS_PLAIN_HTTP_RIGHT: bool = false;
    /// What others could read over plain http.
    const CARRIES: &'static str = "the login";
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Parts {
    /// Path and query, without a login.
    Page,
    /// A path, without login and query.
    Base,
    /// Host and port; a login is allowed.
    Host,
}

impl Kind for Idp {
    const PARTS: Parts = Parts::Page;
}

impl Kind for Issuer {
    const PARTS: Parts = Parts::Base;
}

impl Kind for Sts {
    const PARTS: Parts = Parts::Base;
    const CARRIES: &'static str = "the assertion";
}

impl Kind for Proxy {
    const SCHEMES: &'static [&'static str] = &["http", "https", "socks5", "socks5h"];
    const PARTS: Parts = Parts::Host;
    const IS_PLAIN_HTTP_RIGHT: bool = true;
}

/// The reason why a text is not an address of its kind. Written behind the name of a setting. It shows nothing of the
/// text, which may contain a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAnAddress {
    NotAUrl(url::ParseError),
    Scheme(&'static [&'static str]),
    NoHost,
    Login,
    Parts(Parts),
    PlainHttp { carries: &'static str },
}

impl<K: Kind> Address<K> {
    pub fn parse(text: &str) -> Result<Self, NotAnAddress> {
        let address = Self::with_plain_http(text)?;
        if !K::IS_PLAIN_HTTP_RIGHT && address.scheme() == "http" && !is_loopback(&address) {
            return Err(NotAnAddress::PlainHttp { carries: K::CARRIES });
        }
        Ok(address)
    }

    /// Parses `text`, and allows plain http: the user has said so by name.
    pub fn with_plain_http(text: &str) -> Result<Self, NotAnAddress> {
        let url = Url::parse(text).map_err(NotAnAddress::NotAUrl)?;
        if !K::SCHEMES.contains(&url.scheme()) {
            return Err(NotAnAddress::Scheme(K::SCHEMES));
        }
        if !url.has_host() {
            return Err(NotAnAddress::NoHost);
        }
        let has_login = !url.username().is_empty() || url.password().is_some();
        let has_query = url.query().is_some() || url.fragment().is_some();
        match K::PARTS {
            Parts::Page | Parts::Base if has_login => Err(NotAnAddress::Login),
            Parts::Base if has_query => Err(NotAnAddress::Parts(K::PARTS)),
            Parts::Host if has_query || url.path().len() > 1 => Err(NotAnAddress::Parts(K::PARTS)),
            Parts::Page | Parts::Base | Parts::Host => Ok(Address { url, written: text.to_owned(), kind: PhantomData }),
        }
    }

    /// Returns the text that the address was parsed from. Issuers are compared letter by letter (OpenID Connect Core,
    /// section 3.1.3.7).
    pub fn as_written(&self) -> &str {
        &self.written
    }

    pub fn to_url(&self) -> Url {
        self.url.clone()
    }
}

impl Address<Idp> {
    /// Returns the same page with this query.
    pub fn with_query(mut self, query: &str) -> Self {
        self.url.set_query(Some(query));
        self.written = self.url.as_str().to_owned();
        self
    }
}

impl<K> Deref for Address<K> {
    type Target = Url;

    fn deref(&self) -> &Url {
        &self.url
    }
}

/// Shows the address without the login that a proxy may have.
impl<K> fmt::Debug for Address<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.url.clone();
        // Neither fails for a URL with a host.
        let _ = shown.set_username("");
        let _ = shown.set_password(None);
        f.debug_tuple("Address").field(&shown.as_str()).finish()
    }
}

impl<K> fmt::Display for Address<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}

impl fmt::Display for NotAnAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotAnAddress::NotAUrl(_) => f.write_str("is not a URL"),
            NotAnAddress::Scheme(schemes) => write!(f, "must start with {}://", schemes.join(":// or ")),
            NotAnAddress::NoHost => f.write_str("names no host"),
            NotAnAddress::Login => f.write_str("holds a user name or password"),
            NotAnAddress::Parts(Parts::Host) => f.write_str("must be only scheme, host and port"),
            NotAnAddress::Parts(_) => f.write_str("must be only scheme, host, port and path"),
            NotAnAddress::PlainHttp { carries } => {
                write!(f, "is plain http: others on the network could read {carries}")
            }
        }
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Parts::Page => "Page",
            Parts::Base => "Base",
            Parts::Host => "Host",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words<K: Kind>(text: &str) -> String {
        Address::<K>::parse(text).err().map(|why| why.to_string()).unwrap_or_default()
    }

    #[test]
    fn an_address_is_what_may_be_used_for_its_kind() {
        // what is wrong with it as the IdP's, the issuer's, STS's and a proxy's
        let (fine, plain, parts) = ("", "is plain http", "must be only scheme");
        let table = [
            ("https://idp.example.com", [fine; 4]),
            ("https://idp.example.com/a/b", [fine, fine, fine, parts]),
            ("https://idp.example.com/a?b=c", [fine, parts, parts, parts]),
            ("https://idp.example.com/#a", [fine, parts, parts, parts]),
            ("http://127.0.0.1:4566", [fine; 4]),
            ("http://127.9.9.9/", [fine; 4]),
            ("http://[::1]:4566", [fine; 4]),
            ("http://localhost:4566", [fine; 4]),
            ("http://example.com", [plain, plain, plain, fine]),
            ("http://127.0.0.1.example.com", [plain, plain, plain, fine]),
            ("http://localhost.example.com", [plain, plain, plain, fine]),
            ("https://user@example.com", ["holds a user", "holds a user", "holds a user", fine]),
            ("https://user:pw@example.com", ["holds a user", "holds a user", "holds a user", fine]),
            ("socks5h://example.com:1080", ["must start", "must start", "must start", fine]),
            ("ftp://example.com", ["must start"; 4]),
            ("file:///etc/passwd", ["must start"; 4]),
            ("javascript:alert(1)", ["must start"; 4]),
            ("example.com", ["is not a URL"; 4]),
            ("https://", ["is not a URL"; 4]),
            ("", ["is not a URL"; 4]),
        ];
        for (text, expected) in table {
            let found = [words::<Idp>(text), words::<Issuer>(text), words::<Sts>(text), words::<Proxy>(text)];
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.starts_with(expected) && found.is_empty() == expected.is_empty(), "{text}: {found:?}");
            }
        }
        assert!(Address::<Idp>::with_plain_http("http://idp.example.com/").is_ok());
        assert!(Address::<Idp>::with_plain_http("ftp://idp.example.com/").is_err());
    }

    #[test]
    fn a_proxys_password_is_not_in_debug() {
        let shown = format!("{:?}", ProxyUrl::parse("http://bob:hunter2@proxy:8080").unwrap());
        assert_eq!(shown, "Address(\"http://proxy:8080/\")");
    }

    #[test]
    fn an_issuer_keeps_the_text_that_it_was_made_of() {
        let issuer = IssuerUrl::parse("https://Issuer.example.com").unwrap();
        assert_eq!(
            (issuer.as_written(), issuer.as_str()),
            ("https://Issuer.example.com", "https://issuer.example.com/")
        );
    }
}
