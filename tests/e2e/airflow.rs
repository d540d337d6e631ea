//! Airflow's connections against the lab: the documented SAML example, secrets backends of moto's, and Airflow itself, whose
//! hook takes credentials from fedcred.

use serde_json::{Value, json};

use crate::support::moto::Moto;
use crate::support::profile::{AWS, DEV, sso_url};
use crate::support::{CONFIG, Home, Profile, lab};

const PROVIDER: &str = "arn:aws:iam::111122223333:saml-provider/negotiate";

/// The extra of Airflow's documentation, for this IdP and role; as printed there it is not JSON, for its trailing comma.
fn documented() -> Value {
    json!({
        "region_name": "eu-west-1",
        "role_arn": DEV,
        "assume_role_method": "assume_role_with_saml",
        "assume_role_with_saml": {
            "principal_arn": PROVIDER,
            "idp_url": sso_url(lab().idp_origin(), "negotiate", AWS),
            "idp_auth_method": "http_spegno_auth",
            "mutual_authentication": "OPTIONAL",
            "idp_request_kwargs": {
                "headers": {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"},
                "verify": false,
            },
            "idp_request_retry_kwargs": {
                "total": 10, "backoff_factor": 1, "status": 10, "status_forcelist": [400, 429, 500, 502, 503, 504],
            },
            "log_idp_response": false,
            "saml_response_xpath": "////INPUT[@NAME='SAMLResponse']/@VALUE",
        },
    })
}

/// The IdP's certificate is for the configuration not to look at.
fn listing_the_idp() -> String {
    format!("[airflow]\nidp_origins = [{:?}]\n", lab().idp_origin())
}

fn connected(home: &Home, extra: &Value, command: &[&str]) -> std::process::Command {
    let mut fedcred = home.fedcred();
    fedcred.args(command).env("AIRFLOW_CONN_ETL", json!({"conn_type": "aws", "extra": extra}).to_string());
    fedcred
}

#[test]
fn the_documented_saml_connection_logs_in_and_is_kept() {
    let home = Home::configured("[profile.etl]\nairflow_conn = \"etl\"\n");
    home.kinit("alice");
    let refused = home.run(&mut connected(&home, &documented(), &["get", "etl"]));
    refused.fails_as("airflow-connection");
    home.write(CONFIG, &format!("[profile.etl]\nairflow_conn = \"etl\"\n{}", listing_the_idp()));
    let first = home.run(&mut connected(&home, &documented(), &["get", "etl"])).succeeds();
    assert_eq!(first["AccountId"], "111122223333");
    assert_eq!(home.run(&mut connected(&home, &documented(), &["get", "--airflow-conn", "etl"])).succeeds(), first);
    assert_eq!(home.sts.results("AssumeRoleWithSAML"), ["ok"]);
    // The same with the certificate verified, which is another connection.
    let mut verified = documented();
    verified["assume_role_with_saml"]["idp_request_kwargs"]["verify"] = json!(lab().idp_ca());
    home.run(&mut connected(&home, &verified, &["get", "etl"])).succeeds();
    assert_eq!(home.sts.results("AssumeRoleWithSAML"), ["ok", "ok"]);
}

#[test]
fn the_documented_saml_connection_without_a_ticket_is_told_as_such() {
    let home = Home::configured(&listing_the_idp());
    home.run(&mut connected(&home, &documented(), &["get", "--airflow-conn", "etl"])).fails_as("no-kerberos-ticket");
}

#[test]
fn the_documented_saml_connection_as_printed_stops_at_its_comma() {
    let home = Home::configured("");
    let printed =
        documented().to_string().replacen("\"verify\":false}", "\"verify\":false},", 1).replacen("}}}", "},}}", 1);
    let mut fedcred = home.fedcred();
    fedcred
        .args(["get", "--airflow-conn", "etl"])
        .env("AIRFLOW_CONN_ETL", format!("{{\"conn_type\": \"aws\", \"extra\": {printed}}}"));
    home.run(&mut fedcred).fails_as("airflow-connection");
}

#[test]
fn a_connection_is_found_in_secrets_manager_and_in_the_parameter_store() {
    let home = Home::configured("");
    let moto = Moto::filled(&home);
    let get = |class: &str, id: &str, region: &str, keys: (&str, &str)| {
        let kwargs = json!({
            "region_name": region, "endpoint_url": moto.url,
            "aws_access_key_id": keys.0, "aws_secret_access_key": keys.1,
        });
        let mut fedcred = home.fedcred();
        fedcred
            .args(["get", "--airflow-conn", id])
            .env("AIRFLOW__SECRETS__BACKEND", format!("airflow.providers.amazon.aws.secrets.{class}"))
            .env("AIRFLOW__SECRETS__BACKEND_KWARGS", kwargs.to_string());
        home.run(&mut fedcred)
    };
    let admin = ("AKIAMOTOADMIN0000001", "x");
    let (secrets, parameters) =
        ("secrets_manager.SecretsManagerBackend", "systems_manager.SystemsManagerParameterStoreBackend");
    for class in [secrets, parameters] {
        let given = get(class, "text", "eu-west-1", admin).succeeds();
        assert_eq!(given["AccessKeyId"], "AKIAEXAMPLEINSECRET1", "{class}");
        assert_eq!(given["Expiration"], Value::Null);
        let missing = get(class, "none", "eu-west-1", admin);
        missing.fails_as("airflow-not-found");
        assert!(missing.stderr.contains("airflow/connections/none"), "{}", missing.stderr);
    }
    get(secrets, "bytes", "eu-west-1", admin).fails_as("secret-binary");
    let elsewhere = get(secrets, "overseas", "eu-west-1", admin);
    elsewhere.fails_as("airflow-not-found");
    assert!(elsewhere.stderr.contains("eu-west-1"), "the error names the region: {}", elsewhere.stderr);
    get(secrets, "overseas", "us-east-1", admin).succeeds();
    get(secrets, "text", "eu west", admin).fails_as("airflow-connection");
    // What `airflow put` stores is found like the others, a second time as a new version.
    let put = |keys: &str| {
        let mut fedcred = home.fedcred();
        fedcred
            .args(["airflow", "put", "new", "--secret-prefix", "airflow/connections", "--region", "eu-west-1", "--yes"])
            .env("AIRFLOW_CONN_NEW", format!("aws://{keys}:moto-secret-access-key-of-the-tests@"))
            .env("AWS_ENDPOINT_URL_SECRETS_MANAGER", &moto.url)
            .env("AWS_ACCESS_KEY_ID", admin.0)
            .env("AWS_SECRET_ACCESS_KEY", admin.1);
        let outcome = home.run(&mut fedcred);
        assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
        outcome.stdout
    };
    let told = put("AKIAEXAMPLESTORED001");
    assert!(told.starts_with("stored as a new secret: arn:aws:secretsmanager:eu-west-1:123456789012:"), "{told}");
    assert!(
        told.contains("arn:aws:secretsmanager:eu-west-1:123456789012:secret:airflow/connections/new-??????"),
        "{told}"
    );
    assert_eq!(get(secrets, "new", "eu-west-1", admin).succeeds()["AccessKeyId"], "AKIAEXAMPLESTORED001");
    assert!(put("AKIAEXAMPLESTORED002").starts_with("stored as a new version of the secret: "));
    moto.enforce();
    let nobody = (moto.nobody.0.as_str(), moto.nobody.1.as_str());
    for class in [secrets, parameters] {
        get(class, "text", "eu-west-1", nobody).fails_as("secret-denied");
    }
}

/// Airflow with its `session_factory`, in this home.
fn hook(home: &Home, federation: &Value, seconds: &str) -> std::process::Command {
    let python = home.lab_program("python").with_file_name("../../airflow/bin/python");
    let mut hook = home.program(python);
    hook.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/data/airflow_hook.py"))
        .arg(seconds)
        .env("PYTHONPATH", concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/python"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("FEDCRED_PROGRAM", env!("CARGO_BIN_EXE_fedcred"))
        .env("AIRFLOW_HOME", home.path("airflow"))
        .env("AIRFLOW__AWS__SESSION_FACTORY", "fedcred_airflow.FedcredSessionFactory")
        .env("AIRFLOW_CONN_FED", json!({"conn_type": "aws", "extra": {"federation": federation}}).to_string());
    hook
}

#[test]
fn a_hook_of_airflows_obtains_credentials_by_fedcred_and_refreshes_them() {
    let home = Home::with(&Profile::spnego());
    home.kinit("alice");
    // Due after two thirds of their life.
    home.sts.lifetime(9);
    let told = last_line(&home.run(&mut hook(&home, &json!({"profile": "lab"}), "7")).stdout);
    assert_eq!((&told["method"], &told["region"]), (&json!("fedcred"), &json!("eu-west-1")));
    assert_ne!(told["first"], told["second"]);
    assert!(home.sts.results("AssumeRoleWithSAML").len() >= 2);
}

#[test]
fn a_hook_of_airflows_hands_over_user_name_and_password() {
    let profile = Profile::form("alice").saml("password = { env = \"FEDCRED_PASSWORD\" }");
    let home = Home::configured(
        &profile.to_toml().replace("username = \"alice\"", "username = { env = \"FEDCRED_USERNAME\" }"),
    );
    let federation = json!({"profile": "lab", "username": "alice", "password": lab().password("alice")});
    let told = last_line(&home.run(&mut hook(&home, &federation, "0")).stdout);
    assert_eq!(told["first"], told["second"]);
    assert_eq!(home.sts.results("AssumeRoleWithSAML"), ["ok"]);
}

/// Airflow logs to stdout, too.
fn last_line(stdout: &str) -> Value {
    let line = stdout.lines().last().unwrap_or_default();
    serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON at the end of:\n{stdout}"))
}
