//! A profile as the rest of the program knows it: resolved, checked, and only in states that can be used.
//!
//! Built by `config::resolve` from the files, or by `config::airflow` from a connection; nothing here reads a file or the
//! environment. What is not known before a connection is looked up is a [`WrittenProfile`].

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

pub use super::assume_role::{AssumeRole, Base};
pub use super::google::Google;
pub use super::oidc::Oidc;
pub use super::profile_name::ProfileName;
pub use super::saml::facts::{ByHand, Facts, Whose};
pub use super::session_name::SessionName;
pub use super::web_identity::{Azure, Kubernetes, Service, TokenSource, WebIdentity};
use super::words::words;
pub use super::written::{ConnectionProfile, WrittenProfile};
use crate::address::{IdpUrl, ProxyUrl, StsEndpoint};
use crate::arn::{ProviderArn, RoleArn};
use crate::error::{Code, Error, Result};
use crate::region::Region;

/// One `[profile.NAME]`, with everything it includes.
#[derive(Clone, Debug)]
pub struct Profile<I = Identity> {
    pub name: ProfileName,
    /// The role to assume; absent, for SAML alone: the one role on offer.
    pub role_arn: Option<RoleArn>,
    pub sts: StsTarget,
    pub session: Session,
    /// One limit over lock, login, retries and STS together.
    pub deadline: Duration,
    pub identity: I,
}

impl Profile {
    /// The secret of a person or a machine that this login sends, with the key that names it.
    pub fn secret(&self) -> Option<(&'static str, &SecretSource)> {
        match &self.identity {
            Identity::Saml(saml) => saml.auth.facts().secret,
            Identity::WebIdentity(identity) => {
                let secret = identity.source.facts().provider?.client_secret.as_ref()?;
                Some(("web_identity.client_secret", secret))
            }
            Identity::AssumeRole(_) | Identity::Base(_) => None,
        }
    }

    /// The keytab that this login opens, which is a secret too.
    pub fn keytab(&self) -> Option<&Path> {
        self.facts()?.ticket?.keytab.as_deref()
    }

    /// The settings of its SAML login, if it is one.
    pub fn saml(&self) -> Option<&Saml> {
        match &self.identity {
            Identity::Saml(saml) => Some(saml),
            Identity::WebIdentity(_) | Identity::AssumeRole(_) | Identity::Base(_) => None,
        }
    }

    /// The facts of its SAML login's method.
    pub fn facts(&self) -> Option<Facts<'_>> {
        self.saml().map(|saml| saml.auth.facts())
    }

    /// What a person has to do in the middle of a login by hand.
    pub fn by_hand(&self) -> ByHand {
        self.facts().map_or(ByHand::Nothing, |facts| facts.by_hand)
    }

    /// Whether this login reads the pages of an IdP itself.
    pub fn reads_pages(&self) -> bool {
        self.facts().is_some_and(|facts| facts.reads_pages)
    }

    /// Whether this login lives on a refresh token, which may be used once only.
    pub fn has_refresh_token(&self) -> bool {
        match &self.identity {
            Identity::WebIdentity(identity) => identity.source.person_at().is_some(),
            Identity::Saml(_) | Identity::AssumeRole(_) | Identity::Base(_) => false,
        }
    }

    /// The role, for an identity that offers none of its own.
    pub fn role(&self) -> Result<&RoleArn> {
        self.role_arn.as_ref().ok_or_else(|| {
            Error::new(Code::MissingKey, format!("the profile {:?} has no `role_arn`", self.name)).hint(ROLE_HINT)
        })
    }
}

/// Where STS is.
#[derive(Clone, Debug)]
pub struct StsTarget {
    /// `AWS_REGION`, else `AWS_DEFAULT_REGION`, else `region`; absent: the default of the role's partition.
    pub region: Option<Region>,
    /// `AWS_ENDPOINT_URL_STS`, else `sts_endpoint_url`, else `AWS_ENDPOINT_URL` (the variables unless `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`).
    pub endpoint_url: Option<StsEndpoint>,
    pub use_fips: bool,
    pub use_dualstack: bool,
    /// AWS's trust (`AWS_CA_BUNDLE`), apart from the IdP's.
    pub ca_bundle: Option<PathBuf>,
    pub http: StsHttp,
}

/// How STS is reached: `config_kwargs` of an Airflow connection. What is absent is as for every profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StsHttp {
    /// In place of `HTTPS_PROXY`; never for loopback.
    pub proxy: Option<ProxyUrl>,
    /// Certificate chain and key, which may be one file.
    pub client_cert: Option<(PathBuf, PathBuf)>,
    pub connect_timeout: Option<Duration>,
    /// From the request to the end of the answer.
    pub read_timeout: Option<Duration>,
    /// The first one included.
    pub attempts: Option<u32>,
}

/// What the session is to be.
#[derive(Clone, Debug)]
pub struct Session {
    /// 900 s to 12 h; absent: STS's own default of an hour.
    pub duration: Option<Duration>,
    /// Inline session policy, JSON text (contents of the file when it was given as a path).
    pub policy: Option<String>,
    pub policy_arns: Vec<String>,
}

/// Where the proof of identity comes from.
#[derive(Clone, Debug)]
pub enum Identity {
    Saml(Box<Saml>),
    WebIdentity(Box<WebIdentity>),
    AssumeRole(Box<AssumeRole>),
    /// AWS credentials as they stand, without a role on top: what an Airflow connection without one comes to. Nobody is
    /// asked to log in, and nothing is kept.
    Base(Base),
}

/// `[profile.NAME.saml]`
#[derive(Clone, Debug)]
pub struct Saml {
    /// Absent: the provider that the assertion pairs with the role.
    pub principal_arn: Option<ProviderArn>,
    pub idp_url: IdpUrl,
    /// Whether the IdP has to be asked as a service provider asks, and how.
    pub authn_request: AuthnRequest,
    pub auth: Auth,
    /// As written; normalised by `identity::saml::extract`.
    pub xpath: String,
    pub parser: Parser,
    pub http: IdpHttp,
    pub retry: Retry,
}

/// How the IdP comes to know who asks.
#[derive(Clone, Debug)]
pub enum Auth {
    None,
    Basic { username: String, password: SecretSource },
    Bearer { token: SecretSource },
    Form(FormLogin),
    Spnego(Spnego),
    Okta(Okta),
    Ecp(Ecp),
    Browser(BrowserLogin),
    Command(CommandLogin),
}

/// A login at Okta by a code that a person enters there.
#[derive(Clone, Debug)]
pub struct Okta {
    /// Of the native application that Okta's administrator made for such logins.
    pub client_id: String,
    /// Of Okta's application for AWS.
    pub app_id: String,
}

/// How a login of SAML's ECP profile proves who asks.
#[derive(Clone, Debug)]
pub enum Ecp {
    Basic { username: String, password: SecretSource },
    Kerberos(Spnego),
}

/// The request of a service provider (SAML 2.0 Bindings §3.4, §3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthnRequest {
    /// None: the IdP answers unasked.
    None,
    Redirect,
    Post,
}

/// A browser in which a person logs in.
#[derive(Clone, Debug)]
pub struct BrowserLogin {
    /// Its name or path; absent: the first that is found.
    pub program: Option<String>,
    /// Whether others than `login` may use the session that is left, in a browser without a window.
    pub is_headless_allowed: bool,
    /// Tells two accounts at one IdP apart, each with a browser profile of its own.
    pub username: Option<String>,
}

/// A program that logs in by means of its own.
#[derive(Clone, Debug)]
pub struct CommandLogin {
    /// Program and arguments, no shell; placeholders are filled in.
    pub argv: Vec<String>,
    /// As whom it logs in. Absent: only the program knows, and nothing is kept.
    pub username: Option<String>,
}

#[derive(Clone, Debug)]
pub struct FormLogin {
    pub username: String,
    pub password: SecretSource,
    /// `name` or `id` of the input, when guessing is not enough.
    pub username_field: Option<String>,
    pub password_field: Option<String>,
    /// Where a one-time code comes from; absent: from a person.
    pub otp: Option<Otp>,
    /// `name` or `id` of the inputs for the code, for the account, and of the box or button by which this device is remembered.
    pub otp_field: Option<String>,
    pub account_field: Option<String>,
    pub remember_field: Option<String>,
    pub choices: Box<FormChoices>,
}

/// What is chosen where a page has several.
#[derive(Clone, Debug, Default)]
pub struct FormChoices {
    /// Which form logs in, by its id, name, address or number.
    pub form: Option<String>,
    /// Which button is pressed, by its name, id, value or text.
    pub button: Option<String>,
    /// Inputs by name or id, with the values that they get: a domain.
    pub fields: Vec<(String, String)>,
}

impl FormLogin {
    /// With everything found on the pages.
    pub fn new(username: String, password: SecretSource) -> Self {
        FormLogin {
            username,
            password,
            username_field: None,
            password_field: None,
            otp: None,
            otp_field: None,
            account_field: None,
            remember_field: None,
            choices: Box::default(),
        }
    }
}

#[derive(Clone, Debug)]
pub enum Otp {
    /// The code itself.
    Code(SecretSource),
    /// The secret from which codes are computed (RFC 6238).
    Secret(SecretSource),
}

#[derive(Clone, Debug)]
pub struct Spnego {
    /// The client's name, `alice` or `alice@REALM`; absent: whoever the ticket cache belongs to.
    pub principal: Option<String>,
    /// Needs `principal`; tickets then live in a private memory cache.
    pub keytab: Option<PathBuf>,
    pub mutual_authentication: MutualAuthentication,
    pub channel_bindings: ChannelBindings,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MutualAuthentication {
    /// The last answer must carry a token that completes the context.
    Required,
    /// A token that is there must complete the context.
    Optional,
    /// The server's token is not looked at.
    Disabled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelBindings {
    /// `tls-server-end-point` (RFC 5929) on every TLS connection.
    Auto,
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parser {
    /// As browsers read a page.
    Html,
    /// As Airflow's lxml reads it: strict, case-sensitive, with namespaces.
    Xml,
    /// Strict first, and as browsers read it where that finds nothing: for an Airflow connection.
    XmlThenHtml,
}

/// Where a secret is read from, at the moment it is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// Program and arguments, no shell.
    Command(Vec<String>),
    File(PathBuf),
    Env(String),
    /// A systemd credential: a file of this name in `$CREDENTIALS_DIRECTORY`.
    Credential(String),
    /// What `fedcred login` keeps for this account.
    Keyring(Account),
}

/// Whose secret `fedcred login` keeps: named by the identity provider and the user, so that profiles with one login share it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// `https://idp.example.com`
    pub idp_origin: String,
    /// Absent for a bearer token, which is the user's name and password in one.
    pub user: Option<String>,
}

impl Account {
    pub fn new(idp_url: &Url, user: Option<&str>) -> Self {
        Account { idp_origin: idp_url.origin().ascii_serialization(), user: user.map(str::to_owned) }
    }

    /// `alice at https://idp.example.com`, for people.
    pub fn in_words(&self) -> String {
        format!("{} at {}", self.user.as_deref().unwrap_or("the token").trim_start(), self.idp_origin)
    }
}

/// `https://idp.example.com alice`: an item's name in a keyring.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No user's name has a blank at its start: the item of a token or of a client is not a user's.
        write!(f, "{} {}", self.idp_origin, self.user.as_deref().unwrap_or(" token"))
    }
}

/// How requests to the IdP are made.
#[derive(Clone, Debug)]
pub struct IdpHttp {
    /// Replaces the system's roots for the IdP.
    pub ca_bundle: Option<PathBuf>,
    /// PEM certificate chain and PEM key, both or neither.
    pub client_cert: Option<(PathBuf, PathBuf)>,
    pub proxy: Option<ProxyUrl>,
    /// Of a single request: to connect, and between two reads.
    pub timeout: Duration,
    pub verify: bool,
    pub allow_http: bool,
    /// Further origins (`https://host[:port]`) that may be sent credentials, besides the origin of `idp_url`.
    pub idp_origins: Vec<url::Origin>,
    /// Sent to the IdP's origin only.
    pub headers: Vec<(String, String)>,
    pub user_agent: Option<String>,
    /// Cookies that are there from the beginning, for the IdP's origin only.
    pub cookies: Vec<(String, String)>,
    /// Content type and body of the first request, which stays a GET.
    pub body: Option<(String, String)>,
    pub follow_redirects: bool,
}

/// `[profile.NAME.saml.retry]`, with the meaning of urllib3's `Retry`.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// Tries after the first.
    pub total: u32,
    /// Of these, at most so many after no connection, after no whole answer, after a status; absent: as many as there are.
    pub connect: Option<u32>,
    pub read: Option<u32>,
    pub status: Option<u32>,
    /// The wait before retry n is `backoff_factor * 2^(n-1)` seconds, jittered.
    pub backoff_factor: f64,
    pub backoff_max: Duration,
    pub status_forcelist: Vec<u16>,
    pub respect_retry_after: bool,
}

impl Default for Retry {
    fn default() -> Self {
        Retry {
            total: 5,
            connect: None,
            read: None,
            status: None,
            backoff_factor: 0.5,
            backoff_max: Duration::from_secs(5),
            status_forcelist: vec![429, 500, 502, 503, 504],
            respect_retry_after: true,
        }
    }
}

words!(AuthnRequest { Redirect = "redirect", Post = "post" });
words!(Parser { Html = "html", Xml = "xml", XmlThenHtml = "xml-then-html" });
words!(MutualAuthentication { Required = "required", Optional = "optional", Disabled = "disabled" });
words!(ChannelBindings { Auto = "auto", None = "none" });

/// A line to write where a role is missing.
pub const ROLE_HINT: &str = "role_arn = \"arn:aws:iam::112233334444:role/NAME\"";
/// `xpath` when none is written.
pub const DEFAULT_XPATH: &str = r#"//input[@name="SAMLResponse"]/@value"#;
/// `deadline` when none is written.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(20);
/// `timeout` when none is written.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
