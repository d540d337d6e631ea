//! An OpenID provider: what it says of itself (OpenID Connect Discovery 1.0, RFC 8414), its keys, its token endpoint.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use url::Url;
use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

use crate::config::env::Env;
use crate::config::oidc::Oidc;
use crate::error::{Code, Error, Result, printable};
use crate::http::api::{Answer, Api, Reach, Request};
use crate::http::loopback::is_loopback;
use crate::identity::oidc::jws::KeySet;
use crate::identity::secrets;
use crate::secret::Secret;
use crate::time::Deadline;

/// A provider that told who it is.
pub struct Issuer<'a> {
    pub settings: &'a Oidc,
    pub metadata: Metadata,
    api: Api,
    client_secret: Option<Secret>,
}

/// The discovery document, as far as it is of use.
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

/// What the token endpoint gives.
#[derive(Deserialize)]
pub struct Granted {
    pub access_token: String,
    pub id_token: Option<String>,
    pub refresh_token: Option<String>,
}

impl<'a> Issuer<'a> {
    /// Asks the provider who it is, and believes it if it is who was asked.
    pub async fn discover(settings: &'a Oidc, env: &Env, deadline: &Deadline) -> Result<Self> {
        let client_secret = settings.client_secret.as_ref();
        let client_secret = client_secret
            .map(|source| secrets::read(source, "web_identity.client_secret", env, deadline))
            .transpose()?;
        let api = Api::new(format!("the issuer {}", settings.issuer), Reach::Internet)
            .trusting(settings.ca_bundle.as_deref(), "web_identity.ca_bundle");
        // Discovery §4: appended to the path, whether that ends in a slash or not.
        let url = format!("{}/.well-known/openid-configuration", settings.issuer.trim_end_matches('/'));
        let url = Url::parse(&url).map_err(|_| Error::new(Code::InvalidValue, "`web_identity.issuer` is not a URL"))?;
        let metadata: Metadata = api.send(&Request::get(url), deadline).await?.success()?.json()?;
        if metadata.issuer != settings.issuer {
            let named = printable(&metadata.issuer, 200);
            let what = format!("the issuer {} calls itself {named}", settings.issuer);
            return Err(Error::new(Code::TokenInvalid, what)
                .because("the two have to be the same, to the last slash (OpenID Connect Discovery §4.3)")
                .hint(format!("if that is the one you mean, set issuer = {named:?}")));
        }
        Ok(Issuer { settings, metadata, api, client_secret })
    }

    /// Whom errors name.
    pub fn name(&self) -> String {
        format!("the issuer {}", self.settings.issuer)
    }

    /// The keys it signs with, now.
    pub async fn keys(&self, deadline: &Deadline) -> Result<KeySet> {
        self.api.send(&Request::get(self.metadata.jwks_uri.clone()), deadline).await?.success()?.json()
    }

    /// A request to the token endpoint in the client's name. It is not sent twice, since codes and refresh tokens count once.
    pub async fn token(&self, fields: &[(&str, &str)], deadline: &Deadline) -> Result<Answer> {
        self.send(&self.metadata.token_endpoint, fields, deadline).await
    }

    /// A request to an endpoint that knows clients as the token endpoint does (RFC 6749 §2.3.1).
    pub async fn send(&self, url: &Url, fields: &[(&str, &str)], deadline: &Deadline) -> Result<Answer> {
        let mut fields = fields.to_vec();
        fields.extend(self.settings.resource.as_deref().map(|resource| ("resource", resource)));
        let client_id = &self.settings.client_id;
        let request = match &self.client_secret {
            Some(secret) if self.takes_basic() => {
                let encoded = |text: &str| Zeroizing::new(byte_serialize(text.as_bytes()).collect::<String>());
                let pair = Zeroizing::new(format!("{}:{}", *encoded(client_id), *encoded(secret.expose())));
                let value = Zeroizing::new(format!("Basic {}", BASE64_STANDARD.encode(pair.as_bytes())));
                Request::form(url.clone(), &fields).header("authorization", &value)
            }
            Some(secret) => {
                fields.extend([("client_id", client_id.as_str()), ("client_secret", secret.expose())]);
                Request::form(url.clone(), &fields)
            }
            None => {
                fields.push(("client_id", client_id));
                Request::form(url.clone(), &fields)
            }
        };
        self.api.send(&request, deadline).await
    }

    /// A page of the provider's that a browser is sent to. Whatever else a URL may start on this machine, it does not.
    pub fn page(&self, url: &Url) -> Result<()> {
        if url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url)) {
            return Ok(());
        }
        Err(Error::new(Code::UrlNotAllowed, format!("{} sends you to a page that is not https", self.name())))
    }

    /// An endpoint that not every provider has; `flow` is the setting that needs it.
    pub fn endpoint<'e>(&self, endpoint: &'e Option<Url>, flow: &str, other: &str) -> Result<&'e Url> {
        endpoint.as_ref().ok_or_else(|| {
            Error::new(Code::InvalidValue, format!("{} has nothing for flow = {flow:?}", self.name()))
                .hint(format!("set flow = {other:?}"))
        })
    }

    /// The default of a provider that does not say, and the better of the two (RFC 6749 §2.3.1).
    fn takes_basic(&self) -> bool {
        let methods = self.metadata.token_endpoint_auth_methods_supported.as_ref();
        methods.is_none_or(|methods| {
            methods.iter().any(|method| method == "client_secret_basic")
                || !methods.iter().any(|method| method == "client_secret_post")
        })
    }
}
