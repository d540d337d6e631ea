//! The settings of a SAML login: who logs in, how, and where the response is.

use std::path::PathBuf;

use super::http::{IdpHttp, Retry};
use crate::address::IdpUrl;
use crate::arn::ProviderArn;
use crate::config::secrets::SecretSource;
use crate::config::words::words;

/// `xpath` when none is written.
pub const DEFAULT_XPATH: &str = r#"//input[@name="SAMLResponse"]/@value"#;

/// `[profile.NAME.saml]`
#[derive(Clone, Debug)]
pub struct Saml {
    /// Absent: the provider that the assertion pairs with the role.
    pub principal_arn: Option<ProviderArn>,
    pub idp_url: IdpUrl,
    /// Whether a service provider's request is sent first, and how.
    pub authn_request: AuthnRequest,
    pub auth: Auth,
    /// As written; normalised by `identity::saml::extract`.
    pub xpath: String,
    pub parser: Parser,
    pub http: IdpHttp,
    pub retry: Retry,
}

/// The method of authentication at the IdP.
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

/// Okta's device login: a person enters a code at Okta.
#[derive(Clone, Debug)]
pub struct Okta {
    /// The native application that Okta's administrator made for such logins.
    pub client_id: String,
    /// Okta's application for AWS.
    pub app_id: String,
}

/// The authentication of a login by SAML's ECP profile.
#[derive(Clone, Debug)]
pub enum Ecp {
    Basic { username: String, password: SecretSource },
    Kerberos(Spnego),
}

/// The request of a service provider (SAML 2.0 Bindings §3.4, §3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthnRequest {
    /// None: the IdP's page sends a response without one.
    None,
    Redirect,
    Post,
}

/// A login by a person in a browser.
#[derive(Clone, Debug)]
pub struct BrowserLogin {
    /// The browser's name or path. Absent: the first one found.
    pub program: Option<String>,
    /// Whether other commands than `login` may use the browser's session, without a window.
    pub is_headless_allowed: bool,
    /// Separates two accounts at one IdP: each has a browser profile of its own.
    pub username: Option<String>,
}

/// A login by a program of the user's own.
#[derive(Clone, Debug)]
pub struct CommandLogin {
    /// Program and arguments, without a shell; placeholders are replaced.
    pub argv: Vec<String>,
    /// The user whom the program logs in. Absent: only the program knows, and no result is cached.
    pub username: Option<String>,
}

#[derive(Clone, Debug)]
pub struct FormLogin {
    pub username: String,
    pub password: SecretSource,
    /// `name` or `id` of the inputs. Absent: found on the page.
    pub username_field: Option<String>,
    pub password_field: Option<String>,
    /// Where a one-time code comes from. Absent: a person is asked.
    pub otp: Option<Otp>,
    /// `name` or `id` of the inputs for the code and for the account, and of the box or button that has the IdP remember this
    /// device.
    pub otp_field: Option<String>,
    pub account_field: Option<String>,
    pub remember_field: Option<String>,
    pub choices: Box<FormChoices>,
}

/// The choice of form, button and further values on a page.
#[derive(Clone, Debug, Default)]
pub struct FormChoices {
    /// The form that logs in, by its id, name, address or number.
    pub form: Option<String>,
    /// The button that is pressed, by its name, id, value or text.
    pub button: Option<String>,
    /// Values of inputs by name or id, such as a domain.
    pub fields: Vec<(String, String)>,
}

#[cfg(test)]
impl FormLogin {
    /// A login whose fields are all found on the pages.
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
    /// The client's name, `alice` or `alice@REALM`. Absent: the owner of the ticket cache.
    pub principal: Option<String>,
    /// Needs `principal`; tickets are then kept in a private cache in memory.
    pub keytab: Option<PathBuf>,
    pub mutual_authentication: MutualAuthentication,
    pub channel_bindings: ChannelBindings,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MutualAuthentication {
    /// The last answer must carry a token that completes the context.
    Required,
    /// A token in the answer must complete the context; none is needed.
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
    /// As browsers parse a page.
    Html,
    /// As Airflow's lxml parses it: strict, case-sensitive, with namespaces.
    Xml,
    /// Strict first; as browsers do where that finds nothing. For an Airflow connection.
    XmlThenHtml,
}

words!(AuthnRequest { Redirect = "redirect", Post = "post" } or Redirect, None);
words!(Parser { Html = "html", Xml = "xml", XmlThenHtml = "xml-then-html" });
words!(MutualAuthentication { Required = "required", Optional = "optional", Disabled = "disabled" });
words!(ChannelBindings { Auto = "auto", None = "none" });
