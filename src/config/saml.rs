//! `[profile.NAME.saml]` and its `retry` table: read, and checked for keys that contradict each other. `auth` and its keys: [`auth`].

use std::time::Duration;

use super::env::Env;
use super::profile::{AuthnRequest, DEFAULT_TIMEOUT, DEFAULT_XPATH, IdpHttp, Parser, Retry, Saml};
use super::reader::Section;
use super::tree::Value;
use super::{carry, headers, refuse, urls, values};
use crate::arn::ProviderArn;

mod auth;
pub mod facts;

const MAX_TIMEOUT: Duration = Duration::from_secs(600);

/// The table as a whole. What is wrong is in the section's log; then nothing, or a value nobody will use, comes back.
pub fn read(saml: &Section<'_, '_>, profile: &str, env: &Env) -> Option<Saml> {
    let http = http(saml);
    let idp_url =
        saml.required("idp_url", "idp_url = \"https://idp.example.com/…\"", |f| urls::idp(f, http.allow_http));
    let auth = auth::read(saml, profile, idp_url.as_deref(), http.verify, env);
    let authn_request = saml.read("authn_request", |found| match found.value {
        Value::Boolean(true) => Ok(AuthnRequest::Redirect),
        Value::Boolean(false) => Ok(AuthnRequest::None),
        _ => values::choice(found, &[("redirect", AuthnRequest::Redirect), ("post", AuthnRequest::Post)], &[]),
    });
    let authn_request = authn_request.unwrap_or(AuthnRequest::None);
    let principal_arn = saml.read("principal_arn", |f| values::arn(f, ProviderArn::parse));
    let xpath = saml.read("xpath", values::text).unwrap_or_else(|| DEFAULT_XPATH.to_owned());
    let parsers = [("html", Parser::Html), ("xml", Parser::Xml), ("xml-then-html", Parser::XmlThenHtml)];
    let parser = saml.read("parser", |f| values::choice(f, &parsers, &[])).unwrap_or(Parser::Html);
    let retry = saml.table("retry", "saml.retry").map(|table| retry(&table)).unwrap_or_default();
    carry::check(saml);
    refuse::in_saml(saml);
    saml.finish();
    Some(Saml { principal_arn, idp_url: idp_url?, authn_request, auth: auth?, xpath, parser, http, retry })
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
