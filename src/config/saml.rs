//! `[profile.NAME.saml]`: read, and checked for keys that contradict each other.

use super::carry;
use super::reader::Section;
use super::urls;
use crate::process::env::Env;

pub mod auth;
pub mod facts;
pub mod http;
pub mod login;

use self::http::{IdpHttp, Retry};
use self::login::Saml;

/// Reads the whole table. Faults go into the section's log; the result is then `None` or is not used.
pub fn read(saml: &Section<'_, '_>, profile: &str, env: &Env) -> Option<Saml> {
    let http = IdpHttp::read(saml);
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
