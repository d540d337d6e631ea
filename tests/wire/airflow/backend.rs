//! A connection in Secrets Manager: when it is asked, what is kept of it, and what its refusals come to.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::entries::Kept;
use crate::support::idp::Site;
use crate::support::reply::Reply;
use crate::support::server::{Request, Server};
use crate::support::sts::chain::LONG_TERM_KEY;
use crate::world::{World, role_named};

const CLASS: &str = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend";

/// What Secrets Manager answers: status and body.
type Answer = Arc<Mutex<(u16, Value)>>;

struct Backend {
    server: Server,
    answer: Answer,
}

impl Backend {
    fn start() -> Backend {
        let answer: Answer = Arc::default();
        let shared = answer.clone();
        let respond = move |request: &Request| {
            assert_eq!(request.header("x-amz-target"), Some("secretsmanager.GetSecretValue"));
            let (status, body) = shared.lock().unwrap().clone();
            Reply::new(status, "application/x-amz-json-1.1", body.to_string())
        };
        let backend = Backend { server: Site::new().post("/", respond).start().unwrap(), answer };
        backend.holds(&role_named("etl"));
        backend
    }

    /// A connection for a role on its own keys.
    fn holds(&self, role: &str) {
        let text = json!({
            "conn_type": "aws", "user": LONG_TERM_KEY.0, "pass": LONG_TERM_KEY.1, "extra": {"role_arn": role},
        });
        self.says(200, json!({"Name": "x", "SecretString": text.to_string()}));
    }

    fn says(&self, status: u16, body: Value) {
        *self.answer.lock().unwrap() = (status, body);
    }

    fn asked(&self) -> usize {
        self.server.journal().len()
    }

    /// `[profile.etl]` is its connection `etl`.
    fn world(&self) -> World {
        let world = World::beside(Site::new().start().unwrap()).also("[profile.etl]\nairflow_conn = \"etl\"");
        let sts = world.sts.server().origin().to_string();
        world.sts.role(&role_named("etl"), 3600);
        world.sts.role(&role_named("other"), 3600);
        let kwargs = json!({
            "connections_prefix": "team/conns", "region_name": "eu-west-1", "endpoint_url": self.server.origin(),
            "aws_access_key_id": "AKIABACKEND000000001", "aws_secret_access_key": "backend-secret-0123456789",
        });
        world
            .secret("backend-secret-0123456789")
            .env("AWS_ENDPOINT_URL_STS", sts)
            .env("AIRFLOW__SECRETS__BACKEND", CLASS)
            .env("AIRFLOW__SECRETS__BACKEND_KWARGS", kwargs.to_string())
    }
}

#[test]
fn a_hit_makes_no_call_and_status_tells_the_connections_age() {
    let backend = Backend::start();
    let world = backend.world();
    let status: Value = serde_json::from_str(&world.run(&["status", "etl", "--json"]).stdout).unwrap();
    assert_eq!((status["profiles"][0]["state"].as_str(), backend.asked()), (Some("none"), 0), "status asks nobody");
    let printed = world.get_profile("etl", &[]).succeeds();
    let request = backend.server.journal().remove(0);
    assert_eq!(serde_json::from_slice::<Value>(&request.body).unwrap(), json!({"SecretId": "team/conns/etl"}));
    assert!(request.header("authorization").unwrap().contains("AKIABACKEND000000001/"));
    assert_eq!(world.sts.calls()[0]["RoleSessionName"], "airflow_etl");
    assert_eq!(world.get_profile("etl", &[]).succeeds(), printed);
    assert_eq!((backend.asked(), world.sts.calls().len()), (1, 1));
    let status: Value = serde_json::from_str(&world.run(&["status", "etl", "--json"]).stdout).unwrap();
    assert!(status["profiles"][0]["connection_read"].is_string(), "{status}");
    let told = world.run(&["status", "etl"]).stdout;
    assert!(told.contains("etl: its Airflow connection was read from the secrets backend"), "{told}");
}

#[test]
fn it_is_read_anew_when_the_credentials_are_due() {
    let backend = Backend::start();
    let world = backend.world();
    world.get_profile("etl", &[]).succeeds();
    backend.holds(&role_named("other"));
    world.get_profile("etl", &[]).succeeds();
    assert_eq!((backend.asked(), world.sts.roles_asked().len()), (1, 1), "not due yet");
    Kept::one(&world.files()).age(50);
    world.get_profile("etl", &[]).succeeds();
    assert_eq!(world.sts.roles_asked(), ["etl", "other"]);
    assert_eq!(backend.asked(), 2);
}

#[test]
fn force_reads_it_anew_and_no_cache_leaves_nothing() {
    let backend = Backend::start();
    let world = backend.world();
    world.get_profile("etl", &["--no-cache"]).succeeds();
    assert!(world.files().iter().all(|file| !file.to_string_lossy().ends_with(".text.v3")), "{:?}", world.files());
    world.get_profile("etl", &[]).succeeds();
    backend.holds(&role_named("other"));
    world.get_profile("etl", &["--force"]).succeeds();
    assert_eq!((world.sts.roles_asked().pop().unwrap(), backend.asked()), ("other".to_owned(), 3));
    let logout = world.run(&["logout", "etl"]);
    assert!(logout.stdout.contains("1 connection of a secrets backend"), "{}", logout.stdout);
    world.get_profile("etl", &[]).succeeds();
    assert_eq!(backend.asked(), 4);
}

#[test]
fn an_outage_of_the_backend_is_invisible_while_credentials_live() {
    let backend = Backend::start();
    let world = backend.world();
    let printed = world.get_profile("etl", &[]).succeeds();
    backend.says(500, json!({"__type": "InternalServiceError", "message": ""}));
    Kept::one(&world.files()).age(50);
    // STS is there: what is kept of the connection is good enough to renew with.
    assert_ne!(world.get_profile("etl", &[]).succeeds()["AccessKeyId"], printed["AccessKeyId"]);
    assert_eq!(world.sts.calls().len(), 2);
    world.get_profile("etl", &["--force"]).fails_as("http-5xx");
}

#[test]
fn a_crowd_asks_it_once() {
    let backend = Backend::start();
    let world = backend.world();
    world.run(&["config", "path"]);
    let runs: Vec<_> = (0..8)
        .map(|_| crate::harness::run::Running::start(world.command(env!("CARGO_BIN_EXE_fedcred")).args(["get", "etl"])))
        .collect();
    for run in runs {
        world.end(run).succeeds();
    }
    assert_eq!((backend.asked(), world.sts.calls().len()), (1, 1));
}

#[test]
fn each_refusal_is_an_error_of_its_own_where_airflow_goes_on() {
    let table = [
        (
            400,
            json!({"__type": "ResourceNotFoundException", "Message": "can't find"}),
            "airflow-not-found",
            "team/conns/etl",
        ),
        (
            400,
            json!({"__type": "AccessDeniedException", "Message": "not authorized"}),
            "secret-denied",
            "secretsmanager:GetSecretValue",
        ),
        (
            400,
            json!({"__type": "AccessDeniedException", "Message": "Access to KMS is not allowed"}),
            "secret-denied",
            "kms:Decrypt",
        ),
        (200, json!({"Name": "x", "SecretBinary": "AAEC"}), "secret-binary", "put-secret-value"),
        (
            400,
            json!({"__type": "InvalidSignatureException", "message": "Credential should be scoped to a valid region."}),
            "secret-region",
            "region_name",
        ),
        (400, json!({"__type": "UnrecognizedClientException", "message": "invalid"}), "no-aws-credentials", "aws sts"),
        (200, json!({"Name": "x", "SecretString": "{\"conn_type\": \"aws\",}"}), "airflow-connection", "comma"),
        (200, json!("<html>"), "http-unexpected", "HTTPS_PROXY"),
    ];
    for (status, body, code, hint) in table {
        let backend = Backend::start();
        backend.says(status, body);
        backend.world().get_profile("etl", &[]).fails_as(code).saying(hint);
    }
}

#[test]
fn a_secret_that_is_not_there_leaves_it_to_the_environment_and_that_is_known_too() {
    let backend = Backend::start();
    backend.says(400, json!({"__type": "ResourceNotFoundException", "Message": "can't find"}));
    let world = backend.world().env("AIRFLOW_CONN_ETL", format!("aws://{}:x@", LONG_TERM_KEY.0));
    let world =
        world.env("AIRFLOW_CONN_ETL", format!("aws://{}:{}@", LONG_TERM_KEY.0, LONG_TERM_KEY.1.replace('/', "%2F")));
    world.get_profile("etl", &[]).succeeds();
    assert_eq!(backend.asked(), 1);
}

#[test]
fn without_a_region_it_is_said_what_is_missing() {
    let backend = Backend::start();
    let world = backend.world().env("AIRFLOW__SECRETS__BACKEND_KWARGS", "{}");
    world.get_profile("etl", &[]).fails_as("airflow-connection").saying("no region");
}
