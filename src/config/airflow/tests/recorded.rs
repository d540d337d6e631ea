//! The recorded cases: what each is, and what it comes to here and in Airflow.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::super::aws_profiles::AwsProfiles;
use super::super::backend::{Remote, Service};
use super::super::base::{Base, Source};
use super::super::broken::Broken;
use super::super::compat::Compat;
use super::super::connection::Connection;
use super::super::find::{Found, Outside, Places, find};
use super::super::meaning::{Ask, plan};
use super::super::plan::{Endpoint, Identity, Plan};
use super::super::policy::Policy;
use super::super::show;
use crate::config::profile;
use crate::error::{Code, Error, Result};
use crate::process::env::Env;
use crate::region::Region;
use crate::secret::Secret;

const CASES: &str = include_str!("../../../../tests/data/airflow/cases.json");
/// What a case comes to, in the words of both sides.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    sts_action: Value,
    sts_params: Value,
    endpoint: Value,
    region: Value,
    /// Where the credentials come from when no call is made.
    base: Value,
}

#[derive(serde::Deserialize)]
pub struct Listed {
    /// `error`, `plan`, `as provider 8`, or `run`: the plan is Airflow's, and what differs comes when it is carried out.
    pub ours: String,
    pub why: String,
}

pub fn cases() -> Vec<Value> {
    let all: Value = serde_json::from_str(CASES).unwrap();
    all["cases"].as_array().unwrap().clone()
}

pub fn same(ours: &Result<Outcome>, theirs: &std::result::Result<Outcome, String>) -> bool {
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => ours == theirs,
        (Err(_), Err(_)) => true,
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
    }
}

/// What was recorded: an outcome, or that Airflow raised an error. A failure of STS, which nobody can know before, is the
/// outcome that led to it.
pub fn recorded(run: &Value) -> std::result::Result<Outcome, String> {
    let class = text(&run["class"]);
    if class == "error" && run["sts_action"].is_null() {
        return Err(format!("{class}: {}", run["error"]["message"]));
    }
    let mut params = run["sts_params"].clone();
    if let Value::Object(params) = &mut params {
        params.retain(|name, _| name != "SAMLAssertion" && name != "WebIdentityToken");
    }
    let base = match run["credentials"]["method"].as_str() {
        _ if !run["sts_action"].is_null() => json!(null),
        Some("explicit") => json!(["keys", run["credentials"]["access_key"]]),
        Some("env") => json!("environment"),
        Some("shared-credentials-file" | "config-file") => json!("profile"),
        Some("custom-process") => json!("credential_process"),
        Some("container-role") => json!("container"),
        Some("iam-role") | None => json!("instance"),
        Some(other) => json!(other),
    };
    Ok(Outcome {
        sts_action: run["sts_action"].clone(),
        sts_params: params,
        endpoint: run["endpoint"].clone(),
        // An error of STS came before the region was asked for.
        region: if class == "error" { json!(null) } else { run["region"].clone() },
        base,
    })
}

pub fn outcome(case: &Value, compat: Compat) -> Result<Outcome> {
    let home = tempfile::tempdir().unwrap();
    let (found, env) = located(case, home.path())?;
    let plan = planned(&found.connection, case, compat, &env)?;
    let shown = show::plan_json(&plan, "2026-11-21T10:00:00Z".parse().unwrap());
    let mut params = shown["sts_params"].clone();
    if let Some(name) = params.get_mut("RoleSessionName").filter(|name| text(name).starts_with("botocore-session-")) {
        *name = json!("botocore-session-${UNIX}");
    }
    let failed = case["expected"]["class"] == "error";
    Ok(Outcome {
        sts_action: shown["sts_action"].clone(),
        sts_params: params,
        endpoint: shown["endpoint"].clone(),
        region: if failed { json!(null) } else { shown["region"].clone() },
        base: if plan.last_call().is_some() { json!(null) } else { base(&plan.base) },
    })
}

pub fn base(base: &Base) -> Value {
    match base {
        Base::Unused => json!(null),
        Base::Federation { .. } => json!("federation"),
        Base::Keys(keys) => json!(["keys", keys.access_key_id]),
        Base::Chain(chain) => match &chain.source {
            Source::Environment => json!("environment"),
            Source::Role(_) => json!("role"),
            Source::Sso { .. } => json!("sso"),
            Source::ProfileKeys { .. } => json!("profile"),
            Source::CredentialProcess { .. } => json!("credential_process"),
            Source::Container => json!("container"),
            Source::Instance => json!("instance"),
        },
    }
}

pub fn planned(connection: &Connection, case: &Value, compat: Compat, env: &Env) -> Result<Plan> {
    let region = case["hook"]["region_name"].as_str().map(|text| Region::parse(text).unwrap());
    let ask = Ask { compat, region };
    let files = AwsProfiles::read(env)?;
    plan(connection, &ask, &files, env).map_err(|broken| broken.at(&connection.conn_id, "the case"))
}

/// The profile of a plan, where the configuration lists the origins that it names.
pub fn fetched(plan: Plan, env: &Env) -> std::result::Result<profile::Profile, Broken> {
    let mut policy = Policy::default();
    if let Some(Identity::Saml(login)) = plan.call.as_ref().map(|call| &call.identity) {
        policy.idp_origins.push(login.idp_url.origin());
    }
    if let Endpoint::OfText { path: _, url } = &plan.endpoint {
        policy.sts_endpoints.push(url.origin());
    }
    plan.into_profile(&profile::ProfileName::parse("etl").unwrap(), &policy, env)
}

/// The profile of a case that logs in or assumes a role, where it can be fetched.
pub fn with_login(case: &Value, home: &Path) -> Option<(profile::Profile, Env)> {
    let (found, env) = located(case, home).ok()?;
    let plan = planned(&found.connection, case, Compat::Documented, &env).ok()?;
    let profile = fetched(plan, &env).ok()?;
    (!matches!(profile.identity, profile::Identity::Base(_))).then_some((profile, env))
}

pub fn located(case: &Value, home: &Path) -> Result<(Found, Env)> {
    let mut env = BTreeMap::from([("HOME".to_owned(), home.to_str().unwrap().to_owned())]);
    for (name, value) in case["env"].as_object().into_iter().flatten() {
        env.insert(name.clone(), filled(text(value), home));
    }
    if let (Some(variable), Some(value)) = (case["env_var"].as_str(), case["conn"]["value"].as_str()) {
        env.insert(variable.to_owned(), filled(value, home));
    }
    for (name, content) in case["files"].as_object().into_iter().flatten() {
        let path = home.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, filled(text(content), home)).unwrap();
    }
    let env = Env::fixed(env);
    let conn_id = case["hook_conn_id"].as_str().unwrap_or(text(&case["conn_id"]));
    let found = find(conn_id, &Places { env: &env, file: None, outside: &Recorded(case) })?;
    Ok((found, env))
}

pub fn filled(text: &str, home: &Path) -> String {
    let places = [
        ("${HOME}", home.to_str().unwrap()),
        ("${LAB}", "/lab"),
        ("${IDPS}", "https://localhost:8443/case"),
        ("${IDP}", "http://localhost:8080/case"),
        ("${META}", "127.0.0.1:8081"),
    ];
    places.iter().fold(text.to_owned(), |text, (placeholder, value)| text.replace(placeholder, value))
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// The backends as the case fills them.
struct Recorded<'a>(&'a Value);

impl Outside for Recorded<'_> {
    fn secret(&self, backend: &Remote, id: &str) -> Result<Option<Secret>> {
        let held = match backend.service {
            Service::SecretsManager => &self.0["secrets"],
            Service::ParameterStore => &self.0["ssm"],
        };
        Ok(held[id].as_str().map(|text| Secret::new(text.to_owned())))
    }

    fn output(&self, _: &[String]) -> Result<Secret> {
        Err(Error::new(Code::Bug, "no case runs a command"))
    }
}
