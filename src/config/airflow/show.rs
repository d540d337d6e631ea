//! Explains a plan, as JSON for scripts and as lines for people, without secrets.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::base::{Base, Source};
use super::connection::Connection;
use super::plan::{Identity, Plan, SessionName};
use super::redact::{self, REDACTED};
use super::request_kwargs::Verify;
use super::saml::SamlLogin;
use super::session_region::SessionRegion;
use crate::config::profile::MutualAuthentication;
use crate::error::printable;
use crate::time::Timestamp;

/// Returns the output of `fedcred airflow show --json`. `now` is used in a generated session name.
pub fn to_json(connection: &Connection, found_in: &str, also_in: &[String], plan: &Plan, now: Timestamp) -> Value {
    let place = |text: &Option<String>| text.as_ref().map(|text| redact::place(text));
    json!({
        "conn_id": redact::value(&connection.conn_id),
        "found_in": found_in,
        "also_in": also_in,
        "conn_type": connection.conn_type.as_ref().map_or("aws".to_owned(), |text| redact::place(text)),
        "host": place(&connection.host),
        "login": connection.login.as_deref().map(redact::login),
        "password": connection.password.as_ref().filter(|p| !p.is_empty()).map(|_| REDACTED),
        "schema": place(&connection.schema),
        "port": connection.port,
        "extra": redact::fields(connection.extra.fields()),
        "plan": plan_json(plan, now),
        "warnings": plan.warnings,
        "differs_from_airflow": plan.differs_from_airflow,
    })
}

/// Returns the plan. `sts_params` are those of the call's form, without the assertion or token, which was not
/// requested.
pub fn plan_json(plan: &Plan, now: Timestamp) -> Value {
    let call = plan.last_call();
    let params = call.as_ref().map(|call| {
        let mut params = Map::new();
        let mut add = |name: &str, value: String| params.insert(name.to_owned(), Value::String(value));
        add("RoleArn", redact::value(call.role_arn));
        if let Some(arn) = call.principal_arn {
            add("PrincipalArn", redact::value(arn));
        }
        match &call.session_name {
            Some(SessionName::Given(name)) => add("RoleSessionName", redact::value(name)),
            Some(SessionName::Generated) => add("RoleSessionName", format!("botocore-session-{}", now.as_second())),
            None => None,
        };
        for (name, value) in call.params.form() {
            let shown = match name.as_str() {
                "TokenCode" => REDACTED.to_owned(),
                "Policy" => printable(&value, 4096),
                _ => redact::value(&value),
            };
            add(&name, shown);
        }
        params
    });
    json!({
        "sts_action": call.as_ref().map(|call| call.action.name()),
        "sts_params": params,
        "endpoint": call.as_ref().map(|_| plan.endpoint.as_str()),
        "region": match &plan.region {
            SessionRegion::Unset => Value::Null,
            SessionRegion::Blank => json!(""),
            SessionRegion::Named(region) => json!(region.as_str()),
        },
        "base": base_json(&plan.base),
        "identity": plan.call.as_ref().map(|call| identity_json(&call.identity)),
        "sts_client": client_json(plan),
    })
}

/// Returns the output of `fedcred airflow show`: a line for each setting.
pub fn to_lines(shown: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    if let Value::Object(fields) = shown {
        for (name, value) in fields {
            walk(name, value, &mut lines);
        }
    }
    lines
}

fn walk(path: &str, value: &Value, lines: &mut Vec<String>) {
    match value {
        Value::Null => (),
        Value::String(text) if text.is_empty() => (),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| walk(&format!("{path}.{name}"), value, lines)),
        Value::Array(items) if ["warnings", "differs_from_airflow", "also_in"].contains(&path) => {
            lines.extend(items.iter().filter_map(Value::as_str).map(|text| format!("{path}: {text}")));
        }
        Value::String(text) => lines.push(format!("{path} = {text}")),
        other => lines.push(format!("{path} = {other}")),
    }
}

fn base_json(base: &Base) -> Value {
    match base {
        Base::Unused => json!({"kind": "none"}),
        Base::Keys(keys) => json!({
            "kind": "keys", "from": keys.from, "access_key_id": redact::login(&keys.access_key_id),
            "has_session_token": keys.session_token.is_some(),
        }),
        Base::Federation { profile, found: _ } => json!({"kind": "fedcred-profile", "profile": redact::value(profile)}),
        Base::Chain(chain) => {
            let (source, profile) = match &chain.source {
                Source::Environment => ("environment", None),
                Source::Role(hop) => (hop.action.name(), hop.profile.as_ref()),
                Source::Sso { profile } => ("sso", Some(profile)),
                Source::ProfileKeys { profile } => ("profile", Some(profile)),
                Source::CredentialProcess { profile } => ("credential_process", Some(profile)),
                Source::Container => ("container", None),
                Source::Instance => ("instance", None),
            };
            json!({"kind": "default-chain", "source": source, "profile": profile, "profile_name": chain.profile_name})
        }
    }
}

fn identity_json(identity: &Identity) -> Value {
    match identity {
        Identity::Signature => json!({"method": "signature"}),
        Identity::TokenFile(path) => {
            json!({"method": "web_identity", "source": "file", "token_file": redact::path(path)})
        }
        Identity::Google { audience } => {
            json!({"method": "web_identity", "source": "google", "audience": audience.as_deref().map(redact::value)})
        }
        Identity::Saml(saml) => saml_json(saml),
    }
}

fn saml_json(saml: &SamlLogin) -> Value {
    let request = &saml.request;
    let headers: Map<String, Value> =
        request.headers.iter().map(|(name, value)| (name.clone(), Value::String(value.expose().to_owned()))).collect();
    json!({
        "method": "saml",
        "auth": "spnego",
        "idp_url": redact::url(saml.idp_url.as_str()),
        "mutual_authentication": match saml.mutual_authentication {
            MutualAuthentication::Required => "REQUIRED",
            MutualAuthentication::Optional => "OPTIONAL",
            MutualAuthentication::Disabled => "DISABLED",
        },
        "saml_response_xpath": printable(&saml.xpath, 500),
        "log_idp_response": saml.log_idp_response,
        "request": {
            "method": "GET",
            "headers": redact::fields(&headers),
            "params": request.params.iter().map(|(name, _)| redact::name(name)).collect::<Vec<_>>(),
            "cookies": request.cookies.iter().map(|(name, _)| redact::name(name)).collect::<Vec<_>>(),
            "timeout": request.timeout,
            "verify": match &request.verify {
                Verify::System => Value::Bool(true),
                Verify::Off => Value::Bool(false),
                Verify::Bundle(path) => json!(redact::path(path)),
            },
            "cert": request.cert.as_ref().map(certificate),
            "proxy": request.proxy.as_ref().map(|proxy| redact::url(proxy.as_str())),
            "allow_redirects": request.follow_redirects,
            "body": request.body.as_ref().map(|(content_type, _)| content_type),
        },
        "retry": saml.retry.as_ref().map(|retry| retry.to_json()),
    })
}

fn client_json(plan: &Plan) -> Value {
    let sts = &plan.sts;
    let proxies: Map<String, Value> =
        sts.proxies.iter().map(|(scheme, url)| (scheme.clone(), Value::String(redact::url(url)))).collect();
    json!({
        "proxies": proxies, "connect_timeout": sts.connect_timeout, "read_timeout": sts.read_timeout,
        "max_attempts": sts.max_attempts, "client_cert": sts.client_cert.as_ref().map(certificate), "unsigned": sts.unsigned,
    })
}

fn certificate((chain, key): &(PathBuf, Option<PathBuf>)) -> Value {
    json!([redact::path(chain), key.as_deref().map(redact::path)])
}
