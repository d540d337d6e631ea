//! Tokens from every source, and what STS makes of them. The stubs of GitHub, Azure and Kubernetes are written from their
//! documentation, and are no more than that.

use serde_json::{Value, json};

use crate::support::assertion::{ADMIN, DEV};
use crate::support::idp::Site;
use crate::support::reply::Reply;
use crate::support::server::{Request, Server};
use crate::support::sts::{Fault, Refusal};
use crate::support::tls::{Authority, LOOPBACK_NAMES};
use crate::support::token::{AUDIENCE, SUBJECT, token, token_with};
use crate::world::World;

/// A world whose profile takes this token from a file.
pub fn with_token(token: &str) -> World {
    let world = World::beside(Site::new().start().unwrap());
    let file = world.given("token", token);
    world.set("web_identity.source", "file").set("web_identity.token_file", file.to_str())
}

/// A world whose tokens come from this server.
pub fn from_server(server: Server, source: &str) -> World {
    World::beside(server).set("web_identity.source", source)
}

pub fn json_reply(value: Value) -> Reply {
    Reply::new(200, "application/json", value.to_string())
}

pub fn token_of(call: &std::collections::BTreeMap<String, String>) -> Value {
    crate::support::token::claims(&call["WebIdentityToken"]).expect("a token")
}

#[test]
fn the_call_is_unsigned_and_has_the_token_and_a_readable_session() {
    let world = with_token(&format!("{}\n", token()));
    world.get().succeeds();
    let calls = world.sts.calls();
    let names: Vec<&str> = calls[0].keys().map(String::as_str).collect();
    assert_eq!(names, ["Action", "RoleArn", "RoleSessionName", "Version", "WebIdentityToken"]);
    assert_eq!((calls[0]["RoleArn"].as_str(), token_of(&calls[0])["sub"].as_str()), (DEV, Some(SUBJECT)));
    assert_eq!(calls[0]["RoleSessionName"], "repo-octo-app-ref-refs-heads-main");
}

#[test]
fn duration_policies_and_the_session_name_are_asked_for() {
    let world = with_token(&token())
        .set("role_arn", ADMIN)
        .set("duration", "2h")
        .set("policy_arns", vec!["arn:aws:iam::aws:policy/ReadOnlyAccess"])
        .set("web_identity.role_session_name", "{profile}-{user}")
        .env("USER", "alice");
    world.get().succeeds();
    let call = &world.sts.calls()[0];
    assert_eq!((call["DurationSeconds"].as_str(), call["RoleSessionName"].as_str()), ("7200", "dev-alice"));
    assert_eq!(call["PolicyArns.member.1.arn"], "arn:aws:iam::aws:policy/ReadOnlyAccess");
}

#[test]
fn a_pod_of_eks_needs_no_configuration() {
    let world = World::beside(Site::new().start().unwrap());
    let file = world.given("token", &token());
    let sts = world.sts.server().origin().to_string();
    let world = world
        .env("AWS_ROLE_ARN", DEV)
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", file.to_str().unwrap())
        .env("AWS_ENDPOINT_URL_STS", sts);
    world.run(&["get"]).succeeds();
    assert_eq!(world.sts.calls()[0]["RoleSessionName"], "repo-octo-app-ref-refs-heads-main");
    world.run(&["get"]).succeeds();
    assert_eq!(world.sts.calls().len(), 1, "and is kept");
    let world = world.env("AWS_ROLE_SESSION_NAME", "my-pod");
    world.run(&["get"]).succeeds();
    assert_eq!(world.sts.calls()[1]["RoleSessionName"], "my-pod");
    world.run(&["get", "typo"]).fails_as("profile-not-found");
}

#[test]
fn services_that_set_a_variable_are_known_by_name() {
    for (source, variable) in [
        ("gitlab", "GITLAB_OIDC_TOKEN"),
        ("circleci", "CIRCLE_OIDC_TOKEN_V2"),
        ("circleci", "CIRCLE_OIDC_TOKEN"),
        ("terraform", "TFC_WORKLOAD_IDENTITY_TOKEN"),
        ("bitbucket", "BITBUCKET_STEP_OIDC_TOKEN"),
    ] {
        let world = from_server(Site::new().start().unwrap(), source);
        world.get().fails_as("token-missing").saying(variable);
        let world = world.env(variable, token());
        world.get().succeeds();
    }
    let world = from_server(Site::new().start().unwrap(), "env").set("web_identity.token_env", "CI_JOB_JWT");
    world.env("CI_JOB_JWT", token()).get().succeeds();
}

#[test]
#[cfg(unix)]
fn a_command_prints_a_token_and_sees_no_aws_variables() {
    let world = World::beside(Site::new().start().unwrap());
    let file = world.given("token", &token());
    let script = "test -z \"$AWS_PROFILE\" && cat \"$0\"";
    let world = world
        .set("web_identity.source", "command")
        .set("web_identity.command", vec!["sh", "-c", script, file.to_str().unwrap()])
        .env("AWS_PROFILE", "x");
    world.get().succeeds();
    world.get().succeeds();
    assert_eq!(world.sts.calls().len(), 2, "whose token it prints is not known, so nothing is kept");
}

#[test]
fn a_stub_of_github_is_asked_for_the_audience() {
    let site = Site::new().get("/token", |request: &Request| {
        if request.header("authorization") != Some("Bearer github-runtime-token") {
            return Reply::status(401);
        }
        let audience = request.query("audience").unwrap_or_default();
        assert_eq!(request.query("api-version").as_deref(), Some("2.0"), "the URL's own query stays");
        json_reply(json!({ "count": 1, "value": token_with(json!({ "aud": audience })) }))
    });
    let world = from_server(site.start().unwrap(), "github-actions").secret("github-runtime-token");
    world.get().fails_as("token-missing").saying("id-token: write");
    let url = world.idp.url("/token?api-version=2.0");
    let world = world.env("ACTIONS_ID_TOKEN_REQUEST_URL", url);
    let denied = world.env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "another-token");
    denied.get().fails_as("token-refused").saying("HTTP 401");
    let world = denied.env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "github-runtime-token");
    // The refusal just now would hold the next try back for a moment.
    world.get_with(&["--force"]).succeeds();
    assert_eq!(token_of(&world.sts.calls()[0])["aud"], AUDIENCE);
    world.get().succeeds();
    assert_eq!(world.sts.calls().len(), 1, "kept for this run of the workflow");
    let other = world.env("ACTIONS_ID_TOKEN_REQUEST_URL", "http://127.0.0.1:1/token?api-version=2.0");
    other.get().fails_as("connect");
}

#[test]
fn a_service_of_tokens_that_stumbles_is_asked_again() {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let site =
        Site::new().get("/token", move |_: &Request| match asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            0 => Reply::status(503),
            1 => Reply::HangUp,
            _ => json_reply(json!({ "value": token() })),
        });
    let world = from_server(site.start().unwrap(), "github-actions").env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "t");
    let url = world.idp.url("/token");
    world.env("ACTIONS_ID_TOKEN_REQUEST_URL", url).get().succeeds();
}

#[test]
fn a_token_request_is_led_nowhere_else() {
    let stranger = Site::new().get("/token", json_reply(json!({ "value": token() }))).start().unwrap();
    let site = Site::new().get("/token", Reply::redirect(302, stranger.url("/token")));
    let world = from_server(site.start().unwrap(), "github-actions").env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "t");
    let url = world.idp.url("/token");
    world.env("ACTIONS_ID_TOKEN_REQUEST_URL", url).get().fails_as("http-unexpected");
    assert!(stranger.journal().is_empty());
    let world = from_server(Site::new().start().unwrap(), "github-actions");
    let world = world.env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "t");
    world.env("ACTIONS_ID_TOKEN_REQUEST_URL", "http://ci.example.test/t").get().fails_as("url-not-allowed");
}

#[test]
fn stubs_of_azures_two_services_are_asked_as_their_documentation_says() {
    let answer = |request: &Request| {
        assert_eq!(request.query("client_id").as_deref(), Some("c-1"));
        let audience = request.query("resource").unwrap_or_default();
        assert_eq!(audience, "api://aws");
        json_reply(json!({ "access_token": token(), "expires_on": "1800000000", "token_type": "Bearer" }))
    };
    let site = Site::new()
        .get("/msi/token", move |request: &Request| {
            assert_eq!(request.query("api-version").as_deref(), Some("2019-08-01"));
            match request.header("x-identity-header") {
                Some("app-service-header") => answer(request),
                _ => Reply::status(403),
            }
        })
        .get("/metadata/identity/oauth2/token", move |request: &Request| {
            assert_eq!(request.query("api-version").as_deref(), Some("2018-02-01"));
            match request.header("metadata") {
                Some("true") => answer(request),
                _ => Reply::status(400),
            }
        });
    let world = from_server(site.start().unwrap(), "azure").set("web_identity.client_id", "c-1");
    world.get().fails_as("missing-key").saying("api://");
    let (service, imds) = (world.idp.url("/msi/token"), world.idp.origin().to_string());
    let world = world.set("web_identity.audience", "api://aws").secret("app-service-header");
    let world = world.env("AZURE_POD_IDENTITY_AUTHORITY_HOST", imds);
    world.get().succeeds();
    let world = world.env("IDENTITY_ENDPOINT", service).env("IDENTITY_HEADER", "app-service-header");
    world.get().succeeds();
    assert_eq!(world.idp.lines(), ["GET /metadata/identity/oauth2/token", "GET /msi/token"]);
}

#[test]
fn a_pod_of_aks_has_its_token_in_a_file() {
    let world = from_server(Site::new().start().unwrap(), "azure");
    let file = world.given("token", &token());
    let world = world.env("AZURE_FEDERATED_TOKEN_FILE", file.to_str().unwrap());
    world.get().succeeds();
    world.get().succeeds();
    assert_eq!(world.sts.calls().len(), 1);
    assert!(token_of(&world.sts.calls()[0])["iss"].as_str().unwrap().ends_with('/'), "an issuer may end in a slash");
}

#[test]
fn a_stub_of_a_kubernetes_api_is_asked_for_a_token() {
    let own = token_with(json!({ "sub": "system:serviceaccount:jobs:etl", "aud": "https://kubernetes.default.svc" }));
    let expected = format!("Bearer {own}");
    let site = Site::new().post("/api/v1/namespaces/jobs/serviceaccounts/etl/token", move |request: &Request| {
        let asked: Value = serde_json::from_slice(&request.body).expect("JSON");
        if request.header("authorization") != Some(&expected) {
            return Reply::status(403);
        }
        assert_eq!((&asked["kind"], &asked["spec"]["expirationSeconds"]), (&json!("TokenRequest"), &json!(600)));
        let token = token_with(json!({ "aud": asked["spec"]["audiences"][0] }));
        Reply::new(201, "application/json", json!({ "kind": "TokenRequest", "status": { "token": token } }).to_string())
    });
    let authority = Authority::new();
    let server = Server::start(Some(authority.server(LOOPBACK_NAMES)), move |request| site.respond(request)).unwrap();
    let world = from_server(server, "kubernetes");
    world.get().fails_as("token-missing").saying("KUBERNETES_SERVICE_HOST");
    world.given("ca.crt", &authority.pem());
    let directory = world.given("token", &own).parent().unwrap().to_path_buf();
    let port = world.idp.origin().rsplit(':').next().unwrap().to_string();
    let world = world
        .env("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        .env("KUBERNETES_SERVICE_PORT", port)
        .set("web_identity.credentials_dir", directory.to_str());
    world.get().succeeds();
    world.get().succeeds();
    assert_eq!((world.sts.calls().len(), world.idp.journal().len()), (1, 1), "kept for this service account");
    let world = world.set("web_identity.service_account", "other");
    world.get().fails_as("token-refused");
}

#[test]
fn a_token_that_cannot_succeed_is_not_taken_to_sts() {
    let now = fedcred::time::now().as_second();
    for (token, code, said) in [
        (token_with(json!({ "exp": now - 3600 })), "token-expired", "exp is "),
        (token_with(json!({ "sub": null })), "token-invalid", "`sub` is missing"),
        (token_with(json!({ "iss": 7 })), "token-invalid", "`iss` is 7"),
        ("ya29.opaque".to_string(), "token-invalid", "HEADER.CLAIMS.SIGNATURE"),
        (String::new(), "token-missing", "is empty"),
    ] {
        let world = with_token(&token);
        world.get().fails_as(code).saying(said);
        assert_eq!(world.sts.server().connections(), 0, "{code}");
    }
    let world = World::beside(Site::new().start().unwrap()).set("web_identity.source", "file");
    world.set("web_identity.token_file", "/nowhere/token").get().fails_as("file-unreadable");
}

#[test]
fn each_refusal_of_sts_has_its_own_code() {
    let tampered = token().replace("c2lnbmF0dXJl", "dGFtcGVyZWQ");
    for (token, code, said) in [
        (token_with(json!({ "aud": "someone-else" })), "sts-audience", "add-client-id-to-open-id-connect-provider"),
        (
            token_with(json!({ "iss": "https://else.example.test" })),
            "sts-provider-unknown",
            "https://else.example.test",
        ),
        (tampered, "sts-invalid-identity", "signature"),
        (token_with(json!({ "exp": fedcred::time::now().as_second() - 60 })), "token-expired", "Token expired"),
    ] {
        let world = with_token(&token);
        world.get().fails_as(code).saying(said);
        assert_eq!(world.sts.calls().len(), 1, "{code}: asked once");
    }
    let world = with_token(&token()).set("role_arn", "arn:aws:iam::111122223333:role/Stranger");
    world.get().fails_as("sts-access-denied").saying(SUBJECT);
}

#[test]
fn trouble_between_sts_and_the_issuer_is_outlasted() {
    let unreachable = "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements";
    for (code, message) in [("IDPCommunicationError", "try again"), ("InvalidIdentityToken", unreachable)] {
        let world = with_token(&token());
        world.sts.fail(1, Fault::Refuse(Refusal::new(400, code, message)));
        world.get().succeeds();
        assert_eq!(world.sts.calls().len(), 2, "{code}");
    }
}

#[test]
fn a_renewed_token_is_a_hit_and_somebody_elses_a_miss() {
    let world = with_token(&token());
    let first = world.get().succeeds();
    world.given("token", &token_with(json!({ "jti": "renewed", "exp": fedcred::time::now().as_second() + 7200 })));
    assert_eq!(world.get().succeeds(), first);
    world.given("token", &token_with(json!({ "sub": "somebody-else" })));
    assert_ne!(world.get().succeeds(), first);
    assert_eq!(world.sts.calls().len(), 2);
}
