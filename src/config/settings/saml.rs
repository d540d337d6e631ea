//! `[profile.NAME.saml]` and its `retry` table.

use super::Kind::*;
use super::{Literal, ON_TOP, Table, table};
use crate::config::profile::{
    AuthnRequest, ChannelBindings, DEFAULT_TIMEOUT, DEFAULT_XPATH, MutualAuthentication, Parser,
};
use crate::config::saml::auth::Method;
use crate::config::words::names;

pub static HEADERS: Table = Table::of_names("saml.headers");
pub static FORM_FIELDS: Table = Table::of_names("saml.form_fields");

const FORM: &[&str] = &["form"];
const KERBEROS: &[&str] = &["spnego", "ecp"];
const ON_THE_PAGE: &str = "found on the page";
const NOT_WITH_SAML: &str = "is not a parameter of AssumeRoleWithSAML, which this identity uses";

table! {
    /// A SAML identity provider.
    SAML, SAML_TEXT = "saml";
    /// The identity provider's page for AWS, as a browser opens it (IdP-initiated login): https, or http on loopback.
    idp_url: Url, also(&["url", "idp_entry_url"]), example("idp_url = \"https://idp.example.com/…\"");
    /// Sends an authentication request, as a service provider does, to an identity provider without a page for AWS: true,
    /// "redirect" or "post". A RelayState in idp_url is kept.
    authn_request: BooleanOrWords(names::<AuthnRequest>), default(Literal::Boolean(false));
    /// How to log in: none (the page needs no login), basic, bearer, form, spnego (Kerberos), okta, ecp, browser, command.
    auth: Words(names::<Method>), default(Literal::Text("none")), also(&["method"]);
    /// The SAML provider in IAM.
    principal_arn: Pattern("^arn:aws[a-z-]*:iam::[0-9]{12}:saml-provider/.+"),
        unset("the one that the assertion pairs with the role"), also(&["provider_arn"]);
    /// Who logs in; or { env = "NAME" }. ecp without it uses Kerberos.
    username: TextOrVariable, with(&["basic", "form", "ecp", "browser", "command"]), also(&["user", "user_name"]),
        example("username = \"alice\"");
    /// Where the password is read from.
    password: Secret, with(&["basic", "form", "ecp"]), private(), also(&["pass"]),
        example("password = { keyring = true }");
    /// Where the bearer token is read from.
    token: Secret, with(&["bearer"]), private(), example("token = { keyring = true }");
    /// A program and its arguments, without a shell; {profile} and {idp_url} are replaced. It prints a SAML response (base64 or
    /// XML), or the page that carries one. Results are cached if username says who logs in.
    command: Command, with(&["command"]), private(), example("command = [\"corp-login\", \"{idp_url}\"]");
    /// Name or path of Chromium, Chrome or Edge.
    browser: Text, with(&["browser"]), unset("the first one found");
    /// Whether other commands than login may use the browser's session, without a window.
    browser_headless: Boolean, with(&["browser"]), default(Literal::Boolean(false));
    /// The native application for such logins (device and token exchange grants, scopes openid offline_access okta.apps.sso);
    /// idp_url is https://YOURS.okta.com.
    client_id: Text, with(&["okta"]), example("client_id = \"0oa…\", of the native application");
    /// The AWS application.
    app_id: Text, with(&["okta"]), example("app_id = \"0oa…\", of the application for AWS");
    /// Name or id of the form's input for the user name.
    username_field: Text, with(FORM), unset(ON_THE_PAGE);
    /// Name or id of the form's input for the password.
    password_field: Text, with(FORM), unset(ON_THE_PAGE);
    /// Where a one-time code is read from: a command or file.
    otp: Secret, with(FORM), private(), unset("computed from otp_secret, or asked for by `login`");
    /// Where the secret of one-time codes is read from (base32 or an otpauth URL).
    otp_secret: Secret, with(FORM), private();
    /// Name or id of the form's input for the one-time code.
    otp_field: Text, with(FORM), unset(ON_THE_PAGE);
    /// Name or id of the form's choice of an account.
    account_field: Text, with(FORM), unset(ON_THE_PAGE);
    /// Name or id of the box or button by which the identity provider remembers this device. Its cookies are stored, sealed,
    /// and the next login needs no code.
    remember_field: Text, with(FORM), unset("none: the device is not remembered");
    /// Which of several forms on a page logs in: its id, name, address or number.
    form: Text, with(FORM), unset(ON_THE_PAGE);
    /// Which button is pressed: its name, id, value, text or name=value. It is pressed on every page that has it.
    button: Text, with(FORM), unset(ON_THE_PAGE);
    /// Values of further inputs by name or id, such as a domain: form_fields = { domain = "CORP" }. No secrets.
    form_fields: Map(&FORM_FIELDS), with(FORM);
    /// The Kerberos principal.
    principal: Text, with(KERBEROS), unset("the owner of the ticket cache"),
        example("principal = \"alice@EXAMPLE.COM\" (klist -k lists the principals of a keytab)");
    /// A keytab, for unattended jobs. Needs principal.
    keytab: Path, with(KERBEROS), private(), unset("none: the ticket cache is used");
    /// Whether the identity provider must prove its identity by Kerberos. With verify = false it always must.
    mutual_authentication: Words(names::<MutualAuthentication>), with(KERBEROS), default(Literal::Text("optional"));
    /// Whether a ticket is bound to the TLS connection (AD FS "Extended Protection").
    channel_bindings: Words(names::<ChannelBindings>), with(KERBEROS), default(Literal::Text("auto"));
    /// Where the SAML response is on the page.
    xpath: Text, default(Literal::Text(DEFAULT_XPATH));
    /// How the page is parsed: html, xml for Airflow's strict parsing, or xml-then-html.
    parser: Words(names::<Parser>), default(Literal::Text("html"));
    /// A PEM file that replaces the system's certificate authorities for the identity provider. Trust in AWS is separate:
    /// AWS_CA_BUNDLE.
    ca_bundle: Path, unset("the system's roots");
    /// A PEM file with the client certificate and its chain.
    client_cert: Path, private(), unset("none"), example("client_cert = \"~/client.pem\", PEM");
    /// A PEM file with the key of client_cert.
    client_key: Path, private(), unset("none"), example("client_key = \"~/client.key\", PEM");
    /// The proxy for the identity provider. A proxy that needs a login gets it by Basic, from
    /// http://USER:PASSWORD@HOST:PORT in HTTPS_PROXY; for NTLM or Negotiate, run px or cntlm beside it.
    proxy: Url, unset("HTTPS_PROXY and NO_PROXY");
    /// Time limit for a single request.
    timeout: Duration(1, 600), default(Literal::Duration(DEFAULT_TIMEOUT));
    /// Whether the identity provider's certificate is verified.
    verify: Boolean, default(Literal::Boolean(true));
    /// Whether plain http to other machines is allowed.
    allow_http: Boolean, default(Literal::Boolean(false));
    /// Further servers of the identity provider that may be sent logins and cookies.
    idp_origins: Texts(64), default(Literal::Nothing);
    /// The User-Agent of requests to the identity provider.
    user_agent: Text, unset("fedcred's own");
    /// Headers sent to the identity provider's origin.
    headers: Map(&HEADERS), private();
    /// How failed requests are retried, as urllib3 does.
    retry: Table(&RETRY);
    role_session_name: Refused { said: NOT_WITH_SAML, instead: "have the IdP send the attribute https://aws.amazon.com/SAML/Attributes/RoleSessionName" };
    tags: Refused { said: NOT_WITH_SAML, instead: "have the IdP send the attribute https://aws.amazon.com/SAML/Attributes/PrincipalTag:KEY" };
    transitive_tag_keys: Refused { said: NOT_WITH_SAML, instead: "have the IdP send the attribute https://aws.amazon.com/SAML/Attributes/TransitiveTagKeys" };
    source_identity: Refused { said: NOT_WITH_SAML, instead: "have the IdP send the attribute https://aws.amazon.com/SAML/Attributes/SourceIdentity" };
    external_id: Refused { said: NOT_WITH_SAML, instead: ON_TOP };
    serial_number: Refused { said: NOT_WITH_SAML, instead: ON_TOP };
}

table! {
    /// How failed requests are retried, with the meaning of urllib3's `Retry`.
    RETRY, RETRY_TEXT = "saml.retry";
    /// Retries after the first attempt.
    total: Integer(0, 100), default(Literal::Integer(5));
    /// Of these, retries after a connection that could not be made.
    connect: Integer(0, 100);
    /// Of these, retries after an answer that did not come.
    read: Integer(0, 100);
    /// Of these, retries after a status of status_forcelist.
    status: Integer(0, 100);
    /// The wait before retry n is this times 2^(n-1) seconds.
    backoff_factor: Number(0.0, 120.0), default(Literal::Number(0.5));
    /// The longest wait.
    backoff_max: Duration(0, 600), default(Literal::Text("5s"));
    /// Statuses that are retried.
    status_forcelist: Integers(100, 599), default(Literal::Integers(&[429, 500, 502, 503, 504]));
    /// Whether Retry-After is honoured.
    respect_retry_after: Boolean, default(Literal::Boolean(true));
}
