//! Texts that name credentials in a way that Airflow passes over: each is an error, though other credentials lie around, and
//! none shows what may be a secret.

use serde_json::json;

use super::aws_profiles::AwsProfiles;
use super::find::{Outside, Places, find};
use super::meaning::{Ask, plan};
use crate::config::airflow::backend::Remote;
use crate::error::{Code, Error, Result};
use crate::process::env::Env;
use crate::secret::Secret;

const ID: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const ROLE: &str = "arn:aws:iam::112233334444:role/Etl";

struct Nobody;

impl Outside for Nobody {
    fn secret(&self, _: &Remote, _: &str) -> Result<Option<Secret>> {
        Err(Error::new(Code::Bug, "nobody is asked"))
    }

    fn output(&self, _: &[String]) -> Result<Secret> {
        Err(Error::new(Code::Bug, "nobody is asked"))
    }
}

/// The connection `x` of this text, beside ambient keys: `Ok` with the base as `Debug` shows it.
fn planned(text: &str) -> Result<String> {
    let env = Env::fixed([
        ("HOME", "/nowhere"),
        ("AIRFLOW_CONN_X", text),
        ("AWS_ACCESS_KEY_ID", "AKIAAMBIENT000000000"),
        ("AWS_SECRET_ACCESS_KEY", "ambient"),
    ]);
    let found = find("x", &Places { env: &env, file: None, outside: &Nobody })?;
    let planned = plan(&found.connection, &Ask::default(), &AwsProfiles::default(), &env);
    planned.map(|plan| format!("{:?}", plan.base)).map_err(|broken| broken.at("x", "$AIRFLOW_CONN_X"))
}

fn refused(text: &str, why: &str) {
    let error = planned(text).expect_err(text);
    let shown = format!("{error:?}");
    assert_eq!(error.code, Code::AirflowConnection, "{text}: {shown}");
    assert!(shown.contains(why), "{text}: {why} is not in {shown}");
    assert!(error.hint.is_some(), "{text}: {shown}");
    for part in ["wJalrX", "K7MDENG", "bPxRfi", "EXAMPLEKEY"] {
        assert!(!shown.contains(part), "{text}: {shown}");
    }
}

#[test]
fn half_a_key_pair_is_no_reason_to_take_another() {
    let in_uri = [
        format!("aws://{ID}@/?region_name=eu-west-1"),
        format!("aws://{ID}:@/"),
        format!("aws://:{}@/", super::quote::quote(SECRET)),
        format!("aws://?aws_access_key_id={ID}"),
        format!("aws://?aws_access_key_id={ID}&aws_secret_access_key="),
    ];
    let in_json = [
        json!({"login": ID}),
        json!({"login": ID, "password": ""}),
        json!({"login": ID, "password": null}),
        json!({"password": SECRET}),
        json!({"login": "", "password": SECRET}),
        json!({"extra": {"aws_access_key_id": ID}}),
        json!({"extra": {"aws_secret_access_key": SECRET}}),
        json!({"login": ID, "extra": {"aws_secret_access_key": SECRET}}),
        json!({"password": SECRET, "extra": {"aws_access_key_id": ID}}),
        json!({"login": ID, "password": SECRET, "extra": {"aws_access_key_id": ID}}),
        json!({"extra": {"session_kwargs": {"aws_access_key_id": ID}}}),
        json!({"extra": {"aws_access_key_id": ID, "session_kwargs": {"aws_secret_access_key": SECRET}}}),
        json!({"login": ID, "extra": {"role_arn": ROLE}}),
        json!({"login": ID, "extra": {"federation": {"profile": "p"}}}),
    ];
    for text in in_uri.into_iter().chain(in_json.map(|json| json.to_string())) {
        refused(&text, "half of a pair");
    }
    refused(&json!({"extra": {"aws_session_token": SECRET}}).to_string(), "without the keys");
}

#[test]
fn what_stands_for_a_value_is_none() {
    for placeholder in ["$AWS_KEY", "${AWS_KEY}", "%AWS_KEY%", "{{ var.value.key }}", "${{ secrets.KEY }}", "<KEY>"] {
        refused(&json!({"login": placeholder, "password": SECRET}).to_string(), "`login` is a variable");
        refused(&json!({"login": ID, "password": placeholder}).to_string(), "`password` is a variable");
        refused(&json!({"extra": {"role_arn": placeholder}}).to_string(), "`role_arn` in the extra is a variable");
        refused(
            &json!({"extra": {"profile_name": placeholder}}).to_string(),
            "`profile_name` in the extra is a variable",
        );
        let nested = json!({"extra": {"role_arn": ROLE, "assume_role_kwargs": {"ExternalId": placeholder}}});
        refused(&nested.to_string(), "`assume_role_kwargs.ExternalId` in the extra is a variable");
    }
    for text in ["aws://$AWS_KEY:$AWS_SECRET@/?region_name=eu-west-1", "aws://${AWS_KEY}:x@/", "aws://%AWS_KEY%:x@/"] {
        refused(text, "`login`");
    }
    refused("aws://%ACCESS_KEY%:%SECRET%@/", "`login` has a % escape");
    refused("aws://?role_arn=$ROLE", "`role_arn` in the extra is a variable");
    refused("$AIRFLOW_AWS", "the whole text is a variable");
    refused("{{ conn.aws }}", "the whole text is a template");
}

#[test]
fn a_way_to_credentials_that_airflow_does_not_know_is_no_reason_to_take_another() {
    for key in [
        "config_profile",
        "sso_start_url",
        "ssoSession",
        "credential_process",
        "credentialProvider",
        "credentials-file",
        "federated",
        "federated.user",
        "instance profile",
        "oidc_provider",
        "ROLES_ANYWHERE",
        "impersonation_chain",
        "web_identity",
        "keytab_file",
    ] {
        refused(&json!({"extra": {key: "x"}}).to_string(), &format!("`{key}` chooses credentials"));
    }
    for key in ["processor", "lesson", "bucket_name", "assets", "keys_of_the_house", "team"] {
        planned(&json!({"extra": {key: "x"}}).to_string()).expect(key);
    }
}

#[test]
fn a_role_by_another_name_is_a_role() {
    for key in [
        "roleArn",
        "aws_role_arn",
        "aws_arn",
        "role-arn",
        "RoleArn",
        "role",
        "iam_role",
        "ROLE_ARN",
        "extra__aws__role_arn",
    ] {
        refused(&format!("aws://?{key}={ROLE}&region_name=eu-west-1"), &format!("`{key}` is not a field"));
        refused(&json!({"extra": {key: ROLE}}).to_string(), "write \\\"role_arn\\\"");
    }
    // One that the base would have in vain.
    for extra in [
        json!({"role_arn": ""}),
        json!({"profile_name": ""}),
        json!({"profile": "analytics"}),
        json!({"aws_iam_role": "Etl"}),
        json!({"aws_account_id": "112233334444"}),
        json!({"external_id": "x"}),
        json!({"assume_role_method": "assume_role"}),
        json!({"assume_role_kwargs": {"RoleArn": ROLE}}),
        json!({"assume_role_with_saml": {"idp_url": "https://idp.example.com/"}}),
        json!({"assume_role_with_web_identity_federation": "google"}),
        json!({"federation": "analytics"}),
        json!({"federation": {"user": "alice"}}),
        json!({"federation": {"username": "alice", "password": SECRET}}),
        json!({"federation": {"profile": ""}}),
        json!({"federation": {"profile": "p"}, "profile_name": "q"}),
        json!({SECRET: ""}),
        json!({"role_arn": ROLE, "assume_role_with_saml": {"idpUrl": "https://idp.example.com/"},
            "assume_role_method": "assume_role_with_saml"}),
        json!({"session_kwargs": {"profile": "analytics"}}),
        json!({"session_kwargs": {"profileName": "analytics"}}),
    ] {
        refused(&json!({"extra": extra}).to_string(), "");
    }
}

#[test]
fn what_stands_where_airflow_does_not_look_is_no_reason_for_other_credentials() {
    let quoted = super::quote::quote(SECRET);
    let encoded = super::quote::quote(ROLE);
    let texts = [
        format!("aws://{}%3A{quoted}", ID.replace('I', "%49")),
        format!("aws://{encoded}"),
        format!("aws:///{encoded}"),
        format!("aws:///{ROLE}"),
        format!("aws://;aws_access_key_id={ID}"),
        format!("aws:///role_arn={ROLE}"),
        format!("aws:///?note=uses+{encoded}+today"),
        json!({"conn_type": "aws", "host": ROLE}).to_string(),
        json!({"conn_type": "aws", "schema": ROLE}).to_string(),
        json!({"conn_type": "aws", "schema": SECRET}).to_string(),
        json!({"conn_type": "aws", "host": format!("{ID}:{SECRET}")}).to_string(),
        json!({"extra": {"extra": json!({"role_arn": ROLE}).to_string()}}).to_string(),
        json!({"extra": {"creds": format!("{ID}:{SECRET}")}}).to_string(),
        json!({"extra": {"aws": {"profile_name": "analytics"}}}).to_string(),
        format!(r#"{{"extra": {{"role_arn": "{ROLE}"}}, "extra": {{}}}}"#),
        format!(r#"{{"extra": {{"role_arn": "{ROLE}", "role_arn": null}}}}"#),
        // References that something else was to resolve.
        "op://vault/item/field".into(),
        "ref+awsssm://path".into(),
        "file:///run/secrets/aws".into(),
        "vault://secret/data/aws".into(),
    ];
    for text in texts {
        refused(&text, "");
    }
    for text in [
        "aws://",
        "s3://",
        "{\"conn_type\": \"aws\", \"host\": \"localhost\", \"schema\": \"default\"}",
        "aws://localhost:4566/bucket-1",
    ] {
        assert!(planned(text).unwrap().contains("Environment"), "{text}");
    }
}

#[test]
fn a_connection_that_says_nothing_of_credentials_has_the_default_ones() {
    for text in [
        "aws://",
        "aws:",
        "aws://@",
        "aws:///?region_name=eu-west-1",
        "{}",
        "{\"extra\": {\"federation\": {}}}",
        "{\"extra\": {\"role_arn\": null}}",
    ] {
        assert!(planned(text).unwrap().contains("Environment"), "{text}");
    }
    assert!(planned(r#"{"extra": {"federation": {"profile": "p"}}}"#).unwrap().contains("Federation"));
}

#[test]
fn arguments_of_a_backend_that_are_no_json_are_told_with_their_place() {
    let class = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend";
    let home = tempfile::tempdir().unwrap();
    for text in [
        "{'connections_prefix': 'data', 'verify': False}",
        r#"{"connections_prefix": "data",}"#,
        "connections_prefix=data",
        "[1]",
        "\"x\"",
        "{",
    ] {
        let base = |more: &[(&str, &str)]| {
            let pairs =
                [("AIRFLOW__SECRETS__BACKEND", class), ("HOME", "/nowhere")].into_iter().chain(more.iter().copied());
            Env::fixed(pairs.collect::<Vec<_>>())
        };
        let cfg = home.path().join("airflow.cfg");
        std::fs::write(&cfg, format!("[secrets]\nbackend = {class}\nbackend_kwargs = {text}\n")).unwrap();
        let cases = [
            (base(&[("AIRFLOW__SECRETS__BACKEND_KWARGS", text)]), "$AIRFLOW__SECRETS__BACKEND_KWARGS"),
            (base(&[("AIRFLOW__SECRETS__BACKEND_KWARGS_CMD", text)]), "$AIRFLOW__SECRETS__BACKEND_KWARGS_CMD"),
            (Env::fixed([("AIRFLOW_CONFIG", cfg.to_str().unwrap())]), "[secrets] backend_kwargs"),
        ];
        for (env, place) in cases {
            let error = find("x", &Places { env: &env, file: None, outside: &Prints(text) }).unwrap_err();
            assert!(error.code == Code::AirflowConnection && error.what.contains(place), "{text}: {error:?}");
        }
    }
    // A name in the backend that is not there, of which Airflow makes no arguments.
    let env = Env::fixed([("AIRFLOW__SECRETS__BACKEND", class), ("AIRFLOW__SECRETS__BACKEND_KWARGS_SECRET", "kw")]);
    let error = find("x", &Places { env: &env, file: None, outside: &Prints("") }).unwrap_err();
    assert!(error.what.contains("BACKEND_KWARGS_SECRET"), "{error:?}");
}

/// Commands print this, and no secret is there.
struct Prints<'a>(&'a str);

impl Outside for Prints<'_> {
    fn secret(&self, _: &Remote, _: &str) -> Result<Option<Secret>> {
        Ok(None)
    }

    fn output(&self, _: &[String]) -> Result<Secret> {
        Ok(Secret::new(self.0.to_owned()))
    }
}

#[test]
fn a_text_in_place_of_an_id_is_not_repeated() {
    let env = Env::fixed([("HOME", "/nowhere")]);
    for id in [&format!("aws://{ID}:{SECRET}@/"), SECRET, &format!("{ID}:{SECRET}@"), r#"{"password": "wJalrX"}"#, ""] {
        let error = find(id, &Places { env: &env, file: None, outside: &Nobody }).unwrap_err();
        assert!(!format!("{error:?}").contains("wJalrX"), "{error:?}");
    }
}

#[test]
fn a_role_under_a_key_that_airflow_passes_over_is_an_error() {
    for extra in [json!({"role_to_assume": ROLE}), json!({"extra": {"role_arn": ROLE}}), json!({"x": [ROLE]})] {
        let error = planned(&json!({"conn_type": "aws", "extra": extra}).to_string()).unwrap_err();
        assert_eq!(error.code, Code::AirflowConnection, "{extra}: {error:?}");
    }
}
