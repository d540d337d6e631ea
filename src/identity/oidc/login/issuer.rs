//! An OpenID provider: its metadata (OpenID Connect Discovery 1.0, RFC 8414), its keys, its token endpoint.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use url::Url;
use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

use super::quirks;
use crate::attempt::{Attempt, Carried, CountedSecret, Ledger, Shown};
use crate::config::oidc::Oidc;
use crate::error::{Code, Error, Result, printable};
use crate::host_name::is_loopback;
use crate::http::api::{Answer, Api, Reach, Request};
use crate::http::challenge::challenges;
use crate::http::form::{self, Field};
use crate::identity::oidc::jws::KeySet;
use crate::identity::verdict::{self, Sign};
use crate::identity::{Run, secrets};
use crate::secret::Secret;
use crate::time::Deadline;

pub struct Issuer<'a> {
    pub settings: &'a Oidc,
    pub metadata: Metadata,
    api: Api,
    client_secret: Option<CountedSecret>,
    ledger: &'a dyn Ledger,
}

/// The parts of the discovery document that are used.
#[derive(Debug, Deserialize)]
pub struct Metadata {
    issuer: String,
    token_endpoint: Url,
    jwks_uri: Url,
    pub authorization_endpoint: Option<Url>,
    pub device_authorization_endpoint: Option<Url>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// RFC 9207.
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

#[derive(Deserialize)]
pub struct Granted {
    pub access_token: String,
    pub id_token: Option<String>,
    pub refresh_token: Option<String>,
}

impl<'a> Issuer<'a> {
    /// Reads the discovery document, whose issuer has to be the configured one.
    pub async fn discover(settings: &'a Oidc, run: Run<'a>) -> Result<Self> {
        let Run { env, ledger, deadline, .. } = run;
        let client_secret = settings
            .client_secret
            .as_ref()
            .map(|source| secrets::read(source, "web_identity.client_secret", env, deadline))
            .transpose()?
            .map(CountedSecret::new);
        let api = Api::new(format!("the issuer {}", settings.issuer.as_written()), Reach::Internet)
            .trusting(settings.ca_bundle.as_deref(), "web_identity.ca_bundle");
        // Discovery §4: appended to the path, whether that ends in a slash or not.
        let url = format!("{}/.well-known/openid-configuration", settings.issuer.as_written().trim_end_matches('/'));
        let url = Url::parse(&url).map_err(|_| Error::new(Code::InvalidValue, "`web_identity.issuer` is not a URL"))?;
        let metadata: Metadata = api.send(&Request::get(url), deadline).await?.success()?.json()?;
        if metadata.issuer != settings.issuer.as_written() {
            let named = printable(&metadata.issuer, 200);
            let what = format!("the issuer {} calls itself {named}", settings.issuer.as_written());
            return Err(Error::new(Code::TokenInvalid, what)
                .because("the two have to be the same, to the last slash (OpenID Connect Discovery §4.3)")
                .hint(format!("if that is the right issuer, set issuer = {named:?}")));
        }
        Ok(Issuer { settings, metadata, api, client_secret, ledger })
    }

    /// The scope for this provider.
    pub fn scope(&self) -> &str {
        quirks::of(&self.settings.issuer).scope(&self.settings.scope)
    }

    pub fn name(&self) -> String {
        format!("the issuer {}", self.settings.issuer.as_written())
    }

    /// The current keys of its signatures.
    pub async fn keys(&self, deadline: &Deadline) -> Result<KeySet> {
        self.api.send(&Request::get(self.metadata.jwks_uri.clone()), deadline).await?.success()?.json()
    }

    /// Sends a request to the token endpoint as the client, once only, since a code or refresh token can be used only once.
    pub async fn token(&self, fields: &[(&str, Field<'_>)], deadline: &Deadline) -> Result<Answer> {
        self.send(&self.metadata.token_endpoint, fields, deadline).await
    }

    /// Sends a request to an endpoint that authenticates clients like the token endpoint (RFC 6749 §2.3.1).
    pub async fn send(&self, url: &Url, fields: &[(&str, Field<'_>)], deadline: &Deadline) -> Result<Answer> {
        let mut fields = fields.to_vec();
        fields.extend(self.settings.resource.as_deref().map(|resource| ("resource", Field::Plain(resource))));
        let client_id = &self.settings.client_id;
        let is_basic = self.takes_basic();
        let in_header = self.client_secret.as_ref().filter(|_| is_basic);
        if in_header.is_none() {
            fields.push(("client_id", Field::Plain(client_id)));
            fields.extend(self.client_secret.as_ref().map(|secret| ("client_secret", Field::Secret(secret))));
        }
        let header = in_header.map(|secret| self.basic(client_id, secret)).transpose()?;
        let body = form::encode(&fields, self.ledger)?;
        let is_client = |name: &&str| *name == "client_secret";
        let counted = fields.iter().filter(|(_, field)| matches!(field, Field::Secret(_))).map(|(name, _)| *name);
        let (in_body, grants): (Vec<_>, Vec<_>) =
            counted.zip(body.attempts().iter().cloned()).partition(|(name, _)| is_client(name));
        let clients = header.iter().flat_map(Carried::attempts).cloned().chain(in_body.into_iter().map(|(_, a)| a));
        let clients: Vec<Attempt> = clients.collect();
        let request = Request::form_of(url.clone(), body);
        let request = match header {
            Some(header) => request.secret_header("authorization", header),
            None => request,
        };
        let answer = self.api.send(&request, deadline).await?;
        for client in clients {
            client.settle(of_client(&answer, is_basic));
        }
        for (_, grant) in grants {
            grant.settle(of_grant(&answer));
        }
        Ok(answer)
    }

    fn basic(&self, client_id: &str, secret: &CountedSecret) -> Result<Carried> {
        secret.send(self.ledger, |secret| {
            let encoded = |text: &str| Zeroizing::new(byte_serialize(text.as_bytes()).collect::<String>());
            let pair = Zeroizing::new([encoded(client_id).as_str(), ":", encoded(secret).as_str()].concat());
            let pair = Zeroizing::new(BASE64_STANDARD.encode(pair.as_bytes()));
            Secret::new(["Basic ", pair.as_str()].concat())
        })
    }

    /// Checks a page of the provider before a browser opens it. Other schemes could start a program on this machine.
    pub fn page(&self, url: &Url) -> Result<()> {
        if url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url)) {
            return Ok(());
        }
        Err(Error::new(Code::UrlNotAllowed, format!("{} sends you to a page that is not https", self.name())))
    }

    /// Returns an optional endpoint, which `flow` needs. The error suggests the flow `other`.
    pub fn endpoint<'e>(&self, endpoint: &'e Option<Url>, flow: &str, other: &str) -> Result<&'e Url> {
        endpoint.as_ref().ok_or_else(|| {
            Error::new(Code::InvalidValue, format!("{} does not support flow = {flow:?}", self.name()))
                .hint(format!("set flow = {other:?}"))
        })
    }

    /// Whether the client authenticates by Basic: the preferred method, and the default of a provider that lists none (RFC 6749
    /// §2.3.1).
    fn takes_basic(&self) -> bool {
        let methods = self.metadata.token_endpoint_auth_methods_supported.as_ref();
        methods.is_none_or(|methods| {
            methods.iter().any(|method| method == "client_secret_basic")
                || !methods.iter().any(|method| method == "client_secret_post")
        })
    }
}

/// A success of an OAuth endpoint: a token (RFC 6749 §5.1), or a device code (RFC 8628 §3.2).
#[derive(Deserialize)]
struct Given<'a> {
    #[serde(borrow)]
    access_token: Option<Cow<'a, str>>,
    #[serde(borrow)]
    device_code: Option<Cow<'a, str>>,
}

/// Whether it is a success of an OAuth endpoint. A page with status 200 comes from a proxy or portal and shows nothing; neither
/// does JSON without what was requested.
fn holds_an_answer(answer: &Answer) -> bool {
    let given = || serde_json::from_slice::<Given<'_>>(&answer.body).ok();
    let is_given = |given: Given<'_>| [given.access_token, given.device_code].iter().flatten().any(|it| !it.is_empty());
    answer.is_success() && answer.oauth_error().is_none() && given().is_some_and(is_given)
}

/// What the answer shows of the client secret. The errors that RFC 6749 §5.2 and RFC 8628 §3.5 define for an authenticated client
/// prove it. `is_basic`: it was sent in the header.
fn of_client(answer: &Answer, is_basic: bool) -> Shown {
    let said = answer.oauth_error().map(|said| said.error);
    verdict::of(match said.as_deref() {
        _ if holds_an_answer(answer) => Sign::Proof,
        Some("invalid_client") => Sign::AuthenticationFault,
        Some(
            "invalid_grant"
            | "unauthorized_client"
            | "invalid_scope"
            | "authorization_pending"
            | "slow_down"
            | "access_denied"
            | "expired_token",
        ) => Sign::Proof,
        Some(_) => Sign::Anything,
        None if answer.status == 401 => {
            let offers = challenges(answer.header("www-authenticate"));
            Sign::Challenge { offers_our_scheme: is_basic && offers.iter().any(|offer| offer.is("Basic")) }
        }
        None => Sign::Anything,
    })
}

/// What the answer shows of a refresh token.
fn of_grant(answer: &Answer) -> Shown {
    verdict::of(match answer.oauth_error() {
        _ if holds_an_answer(answer) => Sign::Proof,
        Some(said) if said.error == "invalid_grant" => Sign::AuthenticationFault,
        Some(_) | None => Sign::Anything,
    })
}
