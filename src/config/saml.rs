//! `[profile.NAME.saml]` and its `retry` table: read, and checked for keys that contradict each other.

use std::time::Duration;

use url::Url;

use super::env::Env;
use super::origin::Origin;
use super::profile::{
    Account, Auth, ChannelBindings, DEFAULT_TIMEOUT, DEFAULT_XPATH, FormLogin, IdpHttp, MutualAuthentication, Parser,
    Retry, Saml, Spnego,
};
use super::reader::{Found, Section};
use super::tree::Value;
use super::{carry, headers, refuse, secrets, urls, values};
use crate::arn::ProviderArn;
use crate::error::{Code, Result, printable};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    None,
    Basic,
    Bearer,
    Form,
    Spnego,
}

const METHODS: [(&str, Method); 5] = [
    ("none", Method::None),
    ("basic", Method::Basic),
    ("bearer", Method::Bearer),
    ("form", Method::Form),
    ("spnego", Method::Spnego),
];
/// Methods of `auth` that are known, but not in this version.
const METHODS_LATER: [&str; 3] = ["ecp", "browser", "command"];

/// The keys that mean something to some methods only.
const KEYS_OF_METHODS: [(&str, &[Method]); 9] = [
    ("username", &[Method::Basic, Method::Form]),
    ("password", &[Method::Basic, Method::Form]),
    ("token", &[Method::Bearer]),
    ("username_field", &[Method::Form]),
    ("password_field", &[Method::Form]),
    ("principal", &[Method::Spnego]),
    ("keytab", &[Method::Spnego]),
    ("mutual_authentication", &[Method::Spnego]),
    ("channel_bindings", &[Method::Spnego]),
];

const SECRET_HINT: &str = "{ keyring = true }";
const MAX_TIMEOUT: Duration = Duration::from_secs(600);

/// The table as a whole. What is wrong is in the section's log; then nothing, or a value nobody will use, comes back.
pub fn read(saml: &Section<'_, '_>, env: &Env) -> Option<Saml> {
    let http = http(saml);
    let idp_url =
        saml.required("idp_url", "idp_url = \"https://idp.example.com/…\"", |f| urls::idp(f, http.allow_http));
    let auth = auth(saml, idp_url.as_ref(), http.verify, env);
    let principal_arn = saml.read("principal_arn", |f| values::arn(f, ProviderArn::parse));
    let xpath = saml.read("xpath", values::text).unwrap_or_else(|| DEFAULT_XPATH.to_owned());
    let parsers = [("html", Parser::Html), ("xml", Parser::Xml), ("xml-then-html", Parser::XmlThenHtml)];
    let parser = saml.read("parser", |f| values::choice(f, &parsers, &[])).unwrap_or(Parser::Html);
    let retry = saml.table("retry", "saml.retry").map(|table| retry(&table)).unwrap_or_default();
    carry::check(saml);
    refuse::in_saml(saml);
    saml.finish();
    Some(Saml { principal_arn, idp_url: idp_url?, auth: auth?, xpath, parser, http, retry })
}

fn auth(saml: &Section<'_, '_>, idp_url: Option<&Url>, verify: bool, env: &Env) -> Option<Auth> {
    let written = saml.find("auth");
    let method = match written {
        Some(_) => saml.read("auth", |f| values::choice(f, &METHODS, &METHODS_LATER)),
        None => Some(Method::None),
    };
    // Also when the method is wrong: looking makes these keys known ones.
    let misplaced: Vec<_> = KEYS_OF_METHODS
        .iter()
        .filter_map(|(key, methods)| Some((saml.find(key)?, *methods)))
        .filter(|(_, methods)| method.is_some_and(|method| !methods.contains(&method)))
        .collect();
    for (found, methods) in misplaced {
        let needed: Vec<String> = methods.iter().map(|method| format!("auth = \"{}\"", name(*method))).collect();
        let (code, auth) = match written {
            Some(auth) => (Code::ConflictingKeys, format!("`auth` is \"{}\" ({})", name(method?), auth.place)),
            None => (Code::MissingKey, "no `auth` is written, which means \"none\"".to_owned()),
        };
        let error = found.error(code, format!("goes with {}, but {auth}", needed.join(" or ")));
        saml.log().error(error.hint(format!("write {}, or remove `{}`", needed[0], found.key)));
    }
    // Without a URL there is an error already, and no account that anybody will use.
    let account = |user: Option<&str>| idp_url.map(|url| Account::new(url, user)).unwrap_or_default();
    let username = || saml.required("username", "username = \"alice\"", |f| user(f, env));
    let secret = |key: &'static str, user: Option<&str>| {
        saml.required(key, &format!("{key} = {SECRET_HINT}"), |f| secrets::source(f, &account(user)))
    };
    match method? {
        Method::None => Some(Auth::None),
        Method::Basic => {
            let username = username();
            let password = secret("password", username.as_deref());
            // RFC 7617, section 2: the first colon ends the user-id.
            if let (Some(found), true) = (saml.find("username"), username.as_ref().is_some_and(|u| u.contains(':'))) {
                saml.log().error(found.error(Code::InvalidValue, "has a colon, which auth = \"basic\" cannot send"));
            }
            Some(Auth::Basic { username: username?, password: password? })
        }
        Method::Bearer => Some(Auth::Bearer { token: secret("token", None)? }),
        Method::Form => {
            let username = username();
            let password = secret("password", username.as_deref());
            let username_field = saml.read("username_field", values::text);
            let password_field = saml.read("password_field", values::text);
            Some(Auth::Form(FormLogin { username: username?, password: password?, username_field, password_field }))
        }
        Method::Spnego => Some(Auth::Spnego(spnego(saml, verify))),
    }
}

/// A name, or `{ env = "NAME" }`, the variable that has it: for a program that logs different people in.
fn user(found: &Found<'_>, env: &Env) -> Result<String> {
    let Value::Table(table) = found.value else { return values::text(found) };
    let variable = match table.iter().collect::<Vec<_>>().as_slice() {
        [("env", node)] => values::text(&found.inner("env", node))?,
        _ => return Err(found.wrong("a string, or { env = \"NAME\" }")),
    };
    env.text(&variable).ok_or_else(|| {
        let variable = printable(&variable, 80);
        found.error(Code::MissingKey, format!("names ${variable}, which is not set")).hint(format!("set {variable}"))
    })
}

fn spnego(saml: &Section<'_, '_>, verify: bool) -> Spnego {
    let principal = saml.read("principal", values::text);
    let keytab = saml.read("keytab", values::path);
    if keytab.is_some() && saml.find("principal").is_none() {
        saml.log()
            .error(saml.missing("principal", "principal = \"alice@EXAMPLE.COM\" (klist -k lists who is in a keytab)"));
    }
    let modes = [
        ("required", MutualAuthentication::Required),
        ("optional", MutualAuthentication::Optional),
        ("disabled", MutualAuthentication::Disabled),
    ];
    let written = saml.read("mutual_authentication", |f| values::choice(f, &modes, &[]));
    let mutual_authentication = if verify {
        written.unwrap_or(MutualAuthentication::Optional)
    } else {
        // Without a certificate that proves who is there, Kerberos has to.
        saml.log().record("saml", "mutual_authentication", Origin::BuiltIn);
        MutualAuthentication::Required
    };
    let bindings = [("auto", ChannelBindings::Auto), ("none", ChannelBindings::None)];
    let channel_bindings =
        saml.read("channel_bindings", |f| values::choice(f, &bindings, &[])).unwrap_or(ChannelBindings::Auto);
    Spnego { principal, keytab, mutual_authentication, channel_bindings }
}

fn http(saml: &Section<'_, '_>) -> IdpHttp {
    let allow_http = saml.read("allow_http", values::boolean).unwrap_or(false);
    let (certificate, key) = (saml.read("client_cert", values::path), saml.read("client_key", values::path));
    match (saml.find("client_cert"), saml.find("client_key")) {
        (Some(_), None) => saml.log().error(saml.missing("client_key", "client_key = \"~/client.key\", PEM")),
        (None, Some(_)) => saml.log().error(saml.missing("client_cert", "client_cert = \"~/client.pem\", PEM")),
        _ => (),
    }
    let timeout = |f: &_| values::duration(f, Duration::from_secs(1)..=MAX_TIMEOUT);
    IdpHttp {
        ca_bundle: saml.read("ca_bundle", values::path),
        client_cert: certificate.zip(key),
        proxy: saml.read("proxy", urls::proxy),
        timeout: saml.read("timeout", timeout).unwrap_or(DEFAULT_TIMEOUT),
        verify: saml.read("verify", values::boolean).unwrap_or(true),
        allow_http,
        idp_origins: saml
            .read("idp_origins", |f| values::list(f, 64, |element| urls::origin(element, allow_http)))
            .unwrap_or_default(),
        headers: saml.table("headers", "saml.headers").map(|table| headers::read(&table)).unwrap_or_default(),
        user_agent: saml.read("user_agent", headers::value),
        // An Airflow connection alone has these.
        cookies: Vec::new(),
        body: None,
        follow_redirects: true,
    }
}

fn retry(table: &Section<'_, '_>) -> Retry {
    let default = Retry::default();
    let count = |key| table.read(key, |f| values::integer(f, 0..=100)).map(|n| n as u32);
    let retry = Retry {
        total: count("total").unwrap_or(default.total),
        connect: count("connect"),
        read: count("read"),
        status: count("status"),
        backoff_factor: table
            .read("backoff_factor", |f| values::number(f, 0.0..=120.0))
            .unwrap_or(default.backoff_factor),
        backoff_max: table
            .read("backoff_max", |f| values::duration(f, Duration::ZERO..=MAX_TIMEOUT))
            .unwrap_or(default.backoff_max),
        status_forcelist: table
            .read("status_forcelist", |f| {
                values::list(f, 100, |element| values::integer(element, 100..=599).map(|status| status as u16))
            })
            .unwrap_or(default.status_forcelist),
        respect_retry_after: table.read("respect_retry_after", values::boolean).unwrap_or(default.respect_retry_after),
    };
    table.finish();
    retry
}

fn name(method: Method) -> &'static str {
    METHODS.iter().find(|(_, m)| *m == method).map_or("", |(name, _)| name)
}
