//! Each kind of Application Default Credentials: what it sends to Google's side, and that AWS takes what comes of it.

use std::time::Duration;

use fedcred::attempt::NoLedger;
use fedcred::config::profile::Google as Settings;
use fedcred::error::{Code, Result};
use fedcred::identity::Run;
use fedcred::identity::oidc::google;
use fedcred::process::env::Env;
use fedcred::time::Deadline;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Google, Home, run};

const PROFILE: &str = r#"
[profile.lab]
role_arn = "arn:aws:iam::111122223333:role/Google"
[profile.lab.web_identity]
source = "google"
"#;
const AUDIENCE: &str = "service-a.example.com";
const ACCOUNT: &str = "/v1/projects/-/serviceAccounts/lab-sa@lab-project.iam.gserviceaccount.com";

/// Asks for a token with these credentials and variables.
fn token(google: &Google, kind: Option<&str>, audience: Option<&str>, variables: &[(&str, &str)]) -> Result<String> {
    let home = TempDir::new().expect("a temporary directory");
    let mut all = vec![("HOME", home.path().to_str().expect("a Unicode path").to_owned())];
    if let Some(kind) = kind {
        let file = home.path().join("credentials.json");
        std::fs::write(&file, google.credentials(kind)).expect("the file can be written");
        all.push(("GOOGLE_APPLICATION_CREDENTIALS", file.to_str().expect("a Unicode path").to_owned()));
    }
    all.extend(variables.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let settings = Settings { audience: audience.map(str::to_owned) };
    let (env, deadline) = (Env::fixed(all), Deadline::after(Duration::from_secs(20)));
    run(google::token(&settings, Run::alone(&env, &deadline, &NoLedger))).map(|token| token.expose().to_owned())
}

/// The claims of a token, unverified.
fn claims(token: &str) -> Value {
    use base64::Engine;
    let payload = token.split('.').nth(1).expect("a JWT");
    let payload = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(payload).expect("base64url");
    serde_json::from_slice(&payload).expect("JSON")
}

fn lines(google: &Google) -> Vec<String> {
    google.requests().iter().map(|request| request["line"].as_str().expect("text").to_owned()).collect()
}

/// The request by which the lab's account is impersonated with this access token.
fn impersonation(access_token: &str) -> Value {
    json!({
        "line": format!("POST {ACCOUNT}:generateIdToken"), "query": {},
        "headers": { "authorization": format!("Bearer {access_token}"), "content-type": "application/json" },
        "fields": { "audience": AUDIENCE, "delegates": [], "includeEmail": true },
    })
}

#[test]
fn a_service_account_signs_what_google_verifies() {
    let google = Google::new();
    let token = token(&google, Some("service_account"), Some(AUDIENCE), &[]).expect("a token");
    assert_eq!(claims(&token)["aud"], AUDIENCE);
    let requests = google.requests();
    assert_eq!(lines(&google), ["POST /token"]);
    let fields = requests[0]["fields"].as_object().expect("a form");
    assert_eq!(fields["grant_type"], "urn:ietf:params:oauth:grant-type:jwt-bearer");
    assert_eq!(
        (fields.len(), &claims(fields["assertion"].as_str().expect("a JWT"))["target_audience"]),
        (2, &json!(AUDIENCE))
    );
}

#[test]
fn a_person_gets_a_token_for_the_client_alone() {
    let google = Google::new();
    let token_of_client = token(&google, Some("authorized_user"), None, &[]).expect("a token");
    assert_eq!(claims(&token_of_client)["aud"], "lab-client.apps.googleusercontent.com");
    let expected = json!({
        "grant_type": "refresh_token", "client_id": "lab-client.apps.googleusercontent.com",
        "client_secret": "lab-Cl1ent-secret-of-gcloud", "refresh_token": "lab-Refresh-token-of-gcloud",
        "scope": "openid email",
    });
    assert_eq!(google.requests()[0]["fields"], expected);
    let error = token(&google, Some("authorized_user"), Some(AUDIENCE), &[]).expect_err("another audience");
    assert_eq!((error.code, lines(&google).len()), (Code::InvalidValue, 1));
    let error = token(&google, Some("authorized_user-revoked"), None, &[]).expect_err("a login that is gone");
    assert_eq!(error.code, Code::RefreshTokenGone);
}

#[test]
fn whoever_may_impersonate_does_so_with_an_access_token() {
    let table = [
        ("impersonated-by-service_account", &["POST /token"][..], "ya29.lab-service-account"),
        ("impersonated-by-authorized_user", &["POST /token"], "ya29.lab-user"),
        ("external_account", &["POST /v1/token"], "ya29.lab-federated"),
        ("external_account-by-url", &["GET /subject", "POST /v1/token"], "ya29.lab-federated"),
        ("external_account-by-executable", &["POST /v1/token"], "ya29.lab-federated"),
    ];
    for (kind, before, access_token) in table {
        let google = Google::new();
        let allowed = [("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES", "1")];
        let token = token(&google, Some(kind), Some(AUDIENCE), &allowed).expect(kind);
        assert_eq!(claims(&token)["aud"], AUDIENCE, "{kind}");
        let requests = google.requests();
        let (last, others) = requests.split_last().expect("requests");
        assert_eq!(others.iter().map(|request| &request["line"]).collect::<Vec<_>>(), before, "{kind}");
        assert_eq!(*last, impersonation(access_token), "{kind}");
    }
}

#[test]
fn an_external_account_without_impersonation_gets_no_id_token() {
    let google = Google::new();
    let outcome = token(&google, Some("external_account-without-impersonation"), Some(AUDIENCE), &[]);
    assert_eq!(outcome.expect_err("no token").code, Code::TokenMissing);
    assert!(lines(&google).is_empty());
}

#[test]
fn the_metadata_server_gives_a_token_in_full() {
    let google = Google::new();
    let token = token(&google, None, Some(AUDIENCE), &[("GCE_METADATA_HOST", google.host())]).expect("a token");
    assert_eq!(claims(&token)["google"]["compute_engine"]["zone"], "us-central1-a");
    let identity = json!({
        "line": "GET /computeMetadata/v1/instance/service-accounts/default/identity",
        "query": { "audience": AUDIENCE, "format": "full" }, "headers": { "metadata-flavor": "Google" }, "fields": {},
    });
    let [probe, request] = &google.requests()[..] else { panic!("two requests") };
    assert_eq!((&probe["line"], &probe["headers"]["metadata-flavor"]), (&json!("GET /"), &json!("Google")));
    assert_eq!(*request, identity);
}

#[test]
fn aws_takes_the_token_of_each_kind() {
    let kinds = ["service_account", "impersonated-by-service_account", "external_account"];
    for kind in kinds {
        let google = Google::new();
        let mut home = Home::configured(&format!("{PROFILE}audience = {AUDIENCE:?}\n"));
        let file = home.secret_file(&google.credentials(kind));
        let mut get = home.fedcred();
        home.run(get.args(["get", "lab"]).env("GOOGLE_APPLICATION_CREDENTIALS", file)).succeeds();
        assert_eq!(home.sts.results("AssumeRoleWithWebIdentity"), ["ok"], "{kind}");
    }
    let google = Google::new();
    let mut home = Home::configured(PROFILE);
    let file = home.secret_file(&google.credentials("authorized_user"));
    let mut get = home.fedcred();
    home.run(get.args(["get", "lab"]).env("GOOGLE_APPLICATION_CREDENTIALS", file)).succeeds();
}

#[test]
fn a_token_of_the_metadata_server_is_asked_for_once_an_hour() {
    let google = Google::new();
    let home = Home::configured(&format!("{PROFILE}audience = {AUDIENCE:?}\n"));
    for _ in 0..2 {
        let mut get = home.fedcred();
        home.run(get.args(["get", "lab"]).env("GCE_METADATA_HOST", google.host())).succeeds();
    }
    assert_eq!((home.sts.results("AssumeRoleWithWebIdentity").len(), google.requests().len()), (1, 2));
}
