//! Writes a profile as an Airflow connection; [`super::profile`] does the opposite.
//!
//! Airflow has fewer settings than a profile. A setting that it lacks is an error that names the key, so that a
//! connection never means something else than the profile.

use serde_json::{Map, Value, json};

use super::connection::{Connection, Extra};
use super::json_text::object;
use crate::address::StsEndpoint;
use crate::config::profile::{
    AssumeRole, Auth, Base, Identity, IdpHttp, MutualAuthentication, Profile, Retry, Saml, Spnego, StsHttp, StsTarget,
    TokenSource, WebIdentity,
};
use crate::error::{Code, Error, Result};
use crate::quote::shell::fedcred;

/// Returns the connection `conn_id` with the meaning of this profile.
pub fn connection(profile: &Profile, conn_id: &str) -> Result<Connection> {
    let role_arn = profile.role_arn.as_ref().ok_or_else(|| {
        Error::new(Code::MissingKey, format!("the profile {:?} has no `role_arn`, which Airflow needs", profile.name))
            .hint("write role_arn = \"arn:aws:iam::112233334444:role/NAME\" into the profile")
    })?;
    let sts = |url: &StsEndpoint| json!({"sts": {"endpoint_url": url.as_str().trim_end_matches('/')}});
    let client = client(&profile.sts);
    let mut extra = object([
        ("role_arn", Some(json!(role_arn.as_str()))),
        ("region_name", profile.sts.region.as_ref().map(|region| json!(region.as_str()))),
        ("service_config", profile.sts.endpoint_url.as_ref().map(sts)),
        ("config_kwargs", (!client.is_empty()).then_some(Value::Object(client))),
    ]);
    let mut kwargs = session(profile);
    match &profile.identity {
        Identity::Saml(saml) => {
            extra.insert("assume_role_method".to_owned(), json!("assume_role_with_saml"));
            extra.insert("assume_role_with_saml".to_owned(), block(saml)?);
        }
        Identity::WebIdentity(identity) => web_identity(identity, &mut extra, &mut kwargs)?,
        Identity::AssumeRole(role) => assume_role(role, &mut extra, &mut kwargs)?,
        Identity::Base(_) => return Err(unsaid("the keys", "create a connection that has only keys in Airflow")),
    }
    if !kwargs.is_empty() {
        extra.insert("assume_role_kwargs".to_owned(), Value::Object(kwargs));
    }
    Ok(Connection {
        conn_id: conn_id.to_owned(),
        conn_type: Some("aws".to_owned()),
        extra: Extra::new(extra),
        ..Connection::default()
    })
}

fn client(sts: &StsTarget) -> Map<String, Value> {
    let StsHttp { proxy, client_cert, connect_timeout, read_timeout, attempts } = &sts.http;
    let fields = [
        ("use_fips_endpoint", sts.use_fips.then_some(json!(true))),
        ("use_dualstack_endpoint", sts.use_dualstack.then_some(json!(true))),
        ("proxies", proxy.as_ref().map(|url| json!({"http": url.as_str(), "https": url.as_str()}))),
        ("client_cert", client_cert.as_ref().map(|(cert, key)| json!([cert, key]))),
        ("connect_timeout", connect_timeout.map(|timeout| json!(timeout.as_secs_f64()))),
        ("read_timeout", read_timeout.map(|timeout| json!(timeout.as_secs_f64()))),
        ("retries", attempts.map(|attempts| json!({"total_max_attempts": attempts}))),
    ];
    object(fields)
}

fn session(profile: &Profile) -> Map<String, Value> {
    let session = &profile.session;
    let arns: Vec<Value> = session.policy_arns.iter().map(|arn| json!({"arn": arn})).collect();
    let fields = [
        ("DurationSeconds", session.duration.map(|duration| json!(duration.as_secs()))),
        ("Policy", session.policy.as_ref().map(|policy| json!(policy))),
        ("PolicyArns", (!arns.is_empty()).then_some(Value::Array(arns))),
    ];
    object(fields)
}

fn block(saml: &Saml) -> Result<Value> {
    let Auth::Spnego(Spnego { principal, keytab, mutual_authentication, channel_bindings: _ }) = &saml.auth else {
        return Err(unsaid("saml.auth", "Airflow logs in only by Kerberos (auth = \"spnego\")"));
    };
    if principal.is_some() || keytab.is_some() {
        return Err(unsaid(
            "saml.keytab",
            "Airflow uses the existing tickets; to give it a keytab, set \
        KRB5_CLIENT_KTNAME",
        ));
    }
    let principal_arn =
        saml.principal_arn.as_ref().ok_or_else(|| unsaid("saml.principal_arn", "Airflow needs it written"))?;
    let mutual_authentication = match mutual_authentication {
        MutualAuthentication::Required => "REQUIRED",
        MutualAuthentication::Optional => "OPTIONAL",
        MutualAuthentication::Disabled => "DISABLED",
    };
    let request = request(&saml.http)?;
    let block = [
        ("principal_arn", Some(json!(principal_arn.as_str()))),
        ("idp_url", Some(json!(saml.idp_url.as_str()))),
        ("idp_auth_method", Some(json!("http_spegno_auth"))),
        ("mutual_authentication", Some(json!(mutual_authentication))),
        ("saml_response_xpath", Some(json!(saml.xpath))),
        ("idp_request_kwargs", (!request.is_empty()).then_some(Value::Object(request))),
        ("idp_request_retry_kwargs", (saml.retry.total > 0).then(|| retry(&saml.retry))),
    ];
    Ok(Value::Object(object(block)))
}

fn request(http: &IdpHttp) -> Result<Map<String, Value>> {
    let IdpHttp {
        ca_bundle,
        client_cert,
        proxy,
        timeout,
        verify,
        allow_http,
        idp_origins,
        headers,
        user_agent,
        cookies,
        body,
        follow_redirects,
    } = http;
    if *allow_http || !idp_origins.is_empty() {
        return Err(unsaid(
            "saml.idp_origins",
            "a connection cannot say where logins are sent; Airflow follows every redirect",
        ));
    }
    let mut all: Map<String, Value> = headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    all.extend(user_agent.iter().map(|agent| ("User-Agent".to_owned(), json!(agent))));
    let cookies: Map<String, Value> = cookies.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    if body.is_some() {
        return Err(unsaid("body", "a connection cannot have it"));
    }
    let verify = match (verify, ca_bundle) {
        (false, _) => Some(json!(false)),
        (true, Some(path)) => Some(json!(path)),
        (true, None) => None,
    };
    let fields = [
        ("headers", (!all.is_empty()).then_some(Value::Object(all))),
        ("cookies", (!cookies.is_empty()).then_some(Value::Object(cookies))),
        ("timeout", Some(json!(timeout.as_secs_f64()))),
        ("verify", verify),
        ("cert", client_cert.as_ref().map(|(cert, key)| json!([cert, key]))),
        ("proxies", proxy.as_ref().map(|proxy| json!({"http": proxy.as_str(), "https": proxy.as_str()}))),
        ("allow_redirects", (!follow_redirects).then_some(json!(false))),
    ];
    Ok(object(fields))
}

fn retry(retry: &Retry) -> Value {
    let Retry { total, connect, read, status, backoff_factor, backoff_max, status_forcelist, respect_retry_after } =
        retry;
    let fields = [
        ("total", Some(json!(total))),
        ("backoff_factor", Some(json!(backoff_factor))),
        ("backoff_max", Some(json!(backoff_max.as_secs_f64()))),
        ("status_forcelist", Some(json!(status_forcelist))),
        ("respect_retry_after_header", Some(json!(respect_retry_after))),
        ("connect", connect.map(|count| json!(count))),
        ("read", read.map(|count| json!(count))),
        ("status", status.map(|count| json!(count))),
    ];
    Value::Object(object(fields))
}

fn web_identity(identity: &WebIdentity, extra: &mut Map<String, Value>, kwargs: &mut Map<String, Value>) -> Result<()> {
    let (federation, detail) = match &identity.source {
        TokenSource::File(path) => ("file", Some(("token_file", json!(path)))),
        TokenSource::Google(google) => {
            let audience = google.audience.as_ref();
            ("google", audience.map(|audience| ("federation_audience", json!(audience))))
        }
        TokenSource::Env(_)
        | TokenSource::Service(_)
        | TokenSource::Command(_)
        | TokenSource::GithubActions { .. }
        | TokenSource::Oidc(_)
        | TokenSource::Azure(_)
        | TokenSource::Kubernetes(_) => {
            return Err(unsaid("web_identity.source", "Airflow knows only files and Google"));
        }
    };
    extra.insert("assume_role_method".to_owned(), json!("assume_role_with_web_identity"));
    extra.insert("assume_role_with_web_identity_federation".to_owned(), json!(federation));
    extra.extend(detail.map(|(key, value)| (format!("assume_role_with_web_identity_{key}"), value)));
    // A name with placeholders is not written: Airflow generates one.
    let name = identity.session_name.to_string();
    if !name.contains('{') {
        kwargs.insert("RoleSessionName".to_owned(), json!(name));
    }
    Ok(())
}

fn assume_role(role: &AssumeRole, extra: &mut Map<String, Value>, kwargs: &mut Map<String, Value>) -> Result<()> {
    let AssumeRole { base, session_name, external_id, tags, transitive_tag_keys, source_identity, serial_number } =
        role;
    match base {
        Base::AwsProfile(name) => {
            extra.insert("profile_name".to_owned(), json!(name));
        }
        // Airflow's default chain finds these as well.
        Base::Environment | Base::Instance | Base::Container => (),
        Base::Profile(below) => return Err(on_profile(&below.name)),
        Base::Keys(_) => {
            return Err(unsaid("the keys", "they would be written in the clear; they are in the connection already"));
        }
    }
    if serial_number.is_some() {
        return Err(unsaid("assume_role.serial_number", "Airflow cannot ask for a code"));
    }
    let name = session_name.to_string();
    let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    let fields = [
        ("RoleSessionName", (!name.contains('{')).then(|| json!(name))),
        ("ExternalId", external_id.as_ref().map(|id| json!(id))),
        ("Tags", (!tags.is_empty()).then_some(Value::Array(tags))),
        ("TransitiveTagKeys", (!transitive_tag_keys.is_empty()).then(|| json!(transitive_tag_keys))),
        ("SourceIdentity", source_identity.as_ref().map(|name| json!(name))),
    ];
    kwargs.extend(object(fields));
    Ok(())
}

/// Returns the error for a role on top of the profile `below`, which cannot be a connection.
pub fn on_profile(below: &str) -> Error {
    let get = fedcred(&["get"], below, &[]);
    unsaid("assume_role.source_profile", "Airflow chains AWS profiles, not fedcred's")
        .hint(format!("name one as aws_profile whose section in ~/.aws/config has credential_process = {get}"))
}

fn unsaid(key: &str, why: &str) -> Error {
    Error::new(Code::InvalidValue, format!("an Airflow connection cannot have `{key}`")).because(why)
}
