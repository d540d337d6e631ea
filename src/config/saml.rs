//! `[profile.NAME.saml]` and its `retry` table: read, and checked for keys that contradict each other. `auth` and its keys: [`auth`].

use super::profile::{IdpHttp, Retry, Saml};
use super::reader::Section;
use super::{carry, headers, urls, values};
use crate::process::env::Env;

pub mod auth;
pub mod facts;

/// The table as a whole. What is wrong is in the section's log; then nothing, or a value nobody will use, comes back.
pub fn read(saml: &Section<'_, '_>, profile: &str, env: &Env) -> Option<Saml> {
    let http = http(saml);
    let allow_http = http.as_ref().is_some_and(|http| http.allow_http);
    let idp_url = saml.required("idp_url", |f| urls::idp(f, allow_http));
    let auth = auth::read(saml, profile, idp_url.as_deref(), http.as_ref().is_none_or(|http| http.verify), env);
    let authn_request = saml.value("authn_request");
    let principal_arn = saml.get("principal_arn");
    let (xpath, parser) = (saml.value("xpath"), saml.value("parser"));
    let retry = Retry::read(&saml.table("retry"));
    carry::check(saml);
    saml.finish();
    Some(Saml {
        principal_arn,
        idp_url: idp_url?,
        authn_request: authn_request?,
        auth: auth?,
        xpath: xpath?,
        parser: parser?,
        http: http?,
        retry: retry?,
    })
}

fn http(saml: &Section<'_, '_>) -> Option<IdpHttp> {
    let allow_http = saml.value("allow_http")?;
    let (certificate, key) = (saml.get("client_cert"), saml.get("client_key"));
    match (saml.find("client_cert"), saml.find("client_key")) {
        (Some(_), None) => saml.log().error(saml.missing("client_key")),
        (None, Some(_)) => saml.log().error(saml.missing("client_cert")),
        _ => (),
    }
    Some(IdpHttp {
        ca_bundle: saml.get("ca_bundle"),
        client_cert: certificate.zip(key),
        proxy: saml.get("proxy"),
        timeout: saml.value("timeout")?,
        verify: saml.value("verify")?,
        allow_http,
        idp_origins: saml.value_by("idp_origins", |f| values::list(f, |element| urls::origin(element, allow_http)))?,
        headers: saml.map("headers", headers::header),
        user_agent: saml.read("user_agent", headers::value),
        // An Airflow connection alone has these.
        cookies: Vec::new(),
        body: None,
        follow_redirects: true,
    })
}

impl Retry {
    fn read(table: &Section<'_, '_>) -> Option<Retry> {
        let retry = Retry {
            total: table.value("total")?,
            connect: table.get("connect"),
            read: table.get("read"),
            status: table.get("status"),
            backoff_factor: table.value("backoff_factor")?,
            backoff_max: table.value("backoff_max")?,
            status_forcelist: table.value("status_forcelist")?,
            respect_retry_after: table.value("respect_retry_after")?,
        };
        table.finish();
        Some(retry)
    }
}
