//! `auth = "okta"`, against a stub written from the documentation of Okta's own CLI: a code for a person once, and tokens from
//! then on.

use serde_json::json;

use crate::support::assertion::{AWS_ACS, Assertion};
use crate::support::idp::{Site, saml_page};
use crate::support::reply::Reply;
use crate::support::server::Request;
use crate::world::World;

pub const APP: &str = "0oaAwsApp";
const SECRETS: [&str; 4] = ["okta-access-1234", "okta-id-1234", "okta-refresh-1234", "okta-page-1234"];

fn json(status: u16, body: &serde_json::Value) -> Reply {
    Reply::new(status, "application/json", body.to_string())
}

/// The token endpoint: who comes with what gets what.
fn token(request: &Request) -> Reply {
    let field = |name: &str| request.field(name).unwrap_or_default();
    let [access, id, refresh, page] = SECRETS;
    let tokens = json!({ "access_token": access, "id_token": id, "refresh_token": refresh, "token_type": "Bearer" });
    let is_client = field("client_id") == "0oaNative";
    let grant = field("grant_type");
    match grant.rsplit(':').next().unwrap_or_default() {
        "device_code" if is_client && field("device_code") == "d-1" => json(200, &tokens),
        "refresh_token" if is_client && field("refresh_token") == refresh => json(200, &tokens),
        "token-exchange"
            if is_client
                && field("audience") == format!("urn:okta:apps:{APP}")
                && (field("actor_token"), field("subject_token")) == (access.to_string(), id.to_string())
                && field("requested_token_type") == "urn:okta:oauth:token-type:web_sso_token" =>
        {
            json(200, &json!({ "access_token": page, "token_type": "N_A" }))
        }
        _ => json(400, &json!({ "error": "invalid_grant", "error_description": "not this one" })),
    }
}

pub fn okta(app: &str) -> World {
    let site = Site::new()
        .get("/.well-known/openid-configuration", |request: &Request| {
            let at = |path: &str| format!("{}{path}", request.origin);
            let document = json!({
                "issuer": request.origin, "token_endpoint": at("/oauth2/v1/token"), "jwks_uri": at("/keys"),
                "device_authorization_endpoint": at("/oauth2/v1/device/authorize"),
            });
            json(200, &document)
        })
        .post("/oauth2/v1/device/authorize", |request: &Request| {
            let visit = format!("{}/activate", request.origin);
            let body = json!({ "device_code": "d-1", "user_code": "ABCD-EFGH", "verification_uri": visit, "expires_in": 60, "interval": 1 });
            json(200, &body)
        })
        .post("/oauth2/v1/token", token)
        .get("/login/token/sso", |request: &Request| match request.query("token").as_deref() {
            Some("okta-page-1234") => saml_page(AWS_ACS, &Assertion::default().base64()),
            _ => Reply::status(403),
        });
    let idp = site.start().expect("an IdP");
    let home = idp.url("/");
    let world =
        World::at(idp, "okta").set("saml.idp_url", home).set("saml.client_id", "0oaNative").set("saml.app_id", app);
    SECRETS.into_iter().fold(world, |world, secret| world.secret(secret))
}

#[test]
fn a_person_enters_a_code_once_and_later_logins_use_what_that_left() {
    let world = okta(APP);
    world.get().fails_as("refresh-token-gone").saying("hint: fedcred login dev");
    let (run, shown) = world.run_typing(&["login", "dev"], "");
    assert_eq!(run.status, Some(0), "{} {shown}", run.stderr);
    assert!(shown.contains("/activate") && shown.contains("ABCD-EFGH"), "{shown}");
    let before = world.idp.lines().len();
    world.get_with(&["--force"]).succeeds();
    let lines = world.idp.lines();
    let expected = [
        "GET /.well-known/openid-configuration",
        "POST /oauth2/v1/token",
        "POST /oauth2/v1/token",
        "GET /login/token/sso",
    ];
    assert_eq!(lines[before..], expected);
    assert_eq!(world.run(&["logout", "dev"]).status, Some(0));
    world.get().fails_as("refresh-token-gone");
}

#[test]
fn what_okta_refuses_is_told_with_the_setting_that_may_be_wrong() {
    let world = okta("0oaAnother");
    let (run, _) = world.run_typing(&["login", "dev"], "");
    run.fails_as("token-refused").saying("saml.app_id").saying("not this one");
}

#[test]
fn without_a_terminal_nobody_would_see_the_code() {
    let world = okta(APP);
    world.run_unattended(&["login", "dev"]).fails_as("prompt-needed");
    assert_eq!(world.connections(), 0);
}
