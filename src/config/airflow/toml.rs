//! Writes a connection's profile as lines of TOML, for `fedcred airflow import`.
//!
//! A secret, which a file may not contain, and what a profile has no key for are errors. The connection itself can then
//! be used as a profile, `airflow_conn = "ID"`.

use std::time::Duration;

use serde_json::{Map, Value};

use super::plan::{self, Plan};
use crate::config::assume_role::Source;
use crate::config::profile::{
    AssumeRole, Auth, Base, Identity, IdpHttp, Profile, Retry, Saml, Spnego, StsHttp, TokenSource, WebIdentity,
};
use crate::config::saml::auth::Method;
use crate::config::settings;
use crate::config::writer::{Lines, Writer};
use crate::error::{Code, Error, Result};

/// What the connection takes from the environment in which it is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOpen {
    /// The key and value of `assume_role` for the base credentials, if they are not the connection's own.
    pub base: Option<(&'static str, String)>,
    /// Whether `AWS_WEB_IDENTITY_TOKEN_FILE` names the token's file.
    pub token_file: bool,
    /// Whether region and endpoint are those of the environment, else of the role's partition.
    pub region: bool,
}

impl LeftOpen {
    /// Finds out what `plan` and its connection leave open.
    pub fn by(plan: &Plan, extra: &Map<String, Value>) -> LeftOpen {
        let base = match &plan.base {
            plan::Base::Chain(chain) if chain.profile_name.is_none() => {
                Some(("credential_source", "default-chain".to_owned()))
            }
            plan::Base::Federation { profile, found: _ } => Some(("source_profile", profile.clone())),
            plan::Base::Chain(_) | plan::Base::Keys(_) | plan::Base::Unused => None,
        };
        let is_file = matches!(plan.call.as_ref().map(|call| &call.identity), Some(plan::Identity::TokenFile(_)));
        LeftOpen {
            base,
            token_file: is_file && !extra.contains_key("assume_role_with_web_identity_token_file"),
            region: plan.region.named().is_none()
                && plan.sts.region.is_none()
                && matches!(plan.endpoint, plan::Endpoint::OfMachine(_)),
        }
    }
}

/// Returns the tables of the profile `name`.
pub fn profile(profile: &Profile, name: &str, open: &LeftOpen) -> Result<String> {
    let Profile { name: _, role_arn, sts, session, deadline: _, identity } = profile;
    let mut writer = Writer::of_profile(name);
    let mut out = writer.table(&settings::PROFILE);
    out.maybe("role_arn", role_arn.as_ref());
    if sts.http != StsHttp::default() {
        return Err(Error::new(Code::InvalidValue, "config_kwargs has no key in a profile")
            .because("it says how STS is reached: proxies, client_cert, time limits or retries")
            .hint("use the connection as it is: airflow_conn = \"ID\" in a profile"));
    }
    if !open.region {
        out.maybe("region", sts.region.as_ref());
        out.maybe("sts_endpoint_url", sts.endpoint_url.as_ref());
    }
    out.maybe("duration", session.duration.as_ref());
    out.maybe("policy", session.policy.as_ref());
    out.set("policy_arns", &session.policy_arns);
    match identity {
        Identity::Saml(saml) => self::saml(&mut writer, saml)?,
        Identity::WebIdentity(identity) => web_identity(&mut writer, identity, open)?,
        Identity::AssumeRole(role) => assume_role(&mut writer, role, open)?,
        Identity::Base(_) => {
            return Err(Error::new(Code::InvalidValue, "a connection without a login has no tables of its own"));
        }
    }
    Ok(writer.to_toml())
}

fn saml(writer: &mut Writer, saml: &Saml) -> Result<()> {
    let mut out = writer.table(&settings::SAML);
    out.set("idp_url", &saml.idp_url);
    let Auth::Spnego(Spnego { mutual_authentication, .. }) = &saml.auth else {
        return Err(Error::new(Code::Bug, "a connection logs in only by Kerberos"));
    };
    out.set("auth", &Method::Spnego);
    out.maybe("principal_arn", saml.principal_arn.as_ref());
    out.set("mutual_authentication", mutual_authentication);
    out.set("xpath", &saml.xpath);
    out.set("parser", &saml.parser);
    http(&mut out, &saml.http)?;
    retry(writer.table(&settings::RETRY), &saml.retry);
    writer.map(&settings::HEADERS, &saml.http.headers);
    Ok(())
}

fn http(out: &mut Lines<'_>, http: &IdpHttp) -> Result<()> {
    let unsaid = [
        (!http.cookies.is_empty(), "cookies"),
        (http.body.is_some(), "data"),
        (!http.follow_redirects, "allow_redirects"),
        (http.headers.iter().any(|(name, _)| is_reserved(name)), "headers"),
    ];
    if let Some((_, what)) = unsaid.iter().find(|(is_there, _)| *is_there) {
        return Err(Error::new(Code::InvalidValue, format!("idp_request_kwargs.{what} has no key in a profile"))
            .hint("use the connection as it is: airflow_conn = \"ID\" in a profile"));
    }
    let (certificate, key) = http.client_cert.as_ref().map(|(certificate, key)| (certificate, key)).unzip();
    out.maybe("ca_bundle", http.ca_bundle.as_ref());
    out.maybe("client_cert", certificate);
    out.maybe("client_key", key);
    out.maybe("proxy", http.proxy.as_ref());
    out.set("timeout", &Duration::from_secs(http.timeout.as_secs().max(1)));
    out.set("verify", &http.verify);
    out.maybe("user_agent", http.user_agent.as_ref());
    Ok(())
}

/// Writes the retries, within the limits of the settings.
fn retry(mut out: Lines<'_>, retry: &Retry) {
    let Retry { total, connect, read, status, backoff_factor, backoff_max, status_forcelist, respect_retry_after } =
        retry;
    out.set("total", total.min(&100));
    for (key, count) in [("connect", connect), ("read", read), ("status", status)] {
        out.maybe(key, count.map(|count| count.min(100)).as_ref());
    }
    out.set("backoff_factor", &backoff_factor.min(120.0));
    out.set("backoff_max", &Duration::from_secs(backoff_max.as_secs().min(600)));
    out.set("status_forcelist", status_forcelist);
    out.set("respect_retry_after", respect_retry_after);
}

fn web_identity(writer: &mut Writer, identity: &WebIdentity, open: &LeftOpen) -> Result<()> {
    let mut out = writer.table(&settings::WEB_IDENTITY);
    match &identity.source {
        TokenSource::File(path) => {
            out.set("source", "file");
            out.maybe("token_file", Some(path).filter(|_| !open.token_file));
        }
        TokenSource::Google(google) => {
            out.set("source", "google");
            out.maybe("audience", google.audience.as_ref());
        }
        TokenSource::Env(_)
        | TokenSource::Service(_)
        | TokenSource::Command(_)
        | TokenSource::GithubActions { .. }
        | TokenSource::Oidc(_)
        | TokenSource::Azure(_)
        | TokenSource::Kubernetes(_) => {
            return Err(Error::new(Code::Bug, "a connection's token comes from a file or from Google"));
        }
    }
    out.set("role_session_name", &identity.session_name);
    Ok(())
}

fn assume_role(writer: &mut Writer, role: &AssumeRole, open: &LeftOpen) -> Result<()> {
    let AssumeRole { base, session_name, external_id, tags, transitive_tag_keys, source_identity, serial_number: _ } =
        role;
    let mut out = writer.table(&settings::ASSUME_ROLE);
    match (&open.base, base) {
        (Some((key, value)), _) => out.set(key, value),
        (None, Base::AwsProfile(name)) => out.set("aws_profile", name),
        (None, Base::Environment) => out.set("credential_source", &Source::Environment),
        (None, Base::Instance) => out.set("credential_source", &Source::Instance),
        (None, Base::Container) => out.set("credential_source", &Source::Container),
        (None, Base::Profile(_) | Base::Keys(_)) => {
            return Err(Error::new(Code::InvalidValue, "the connection's own credentials cannot be in a profile")
                .because("a configuration file holds no secret access key")
                .hint("put them into ~/.aws/credentials and write profile_name into the connection"));
        }
    }
    out.set("role_session_name", session_name);
    out.maybe("external_id", external_id.as_ref());
    out.set("transitive_tag_keys", transitive_tag_keys);
    out.maybe("source_identity", source_identity.as_ref());
    writer.map(&settings::TAGS, tags);
    Ok(())
}

/// Whether fedcred writes this header itself.
fn is_reserved(name: &str) -> bool {
    ["authorization", "cookie", "content-type"].iter().any(|reserved| name.eq_ignore_ascii_case(reserved))
}
