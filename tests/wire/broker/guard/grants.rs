//! The same for what no login form asks for: a client's secret and a refresh token at an OpenID provider, a code of a source.

use serde_json::{Value, json};

#[cfg(unix)]
use super::Kind;
use super::{NoVerdict, OF_ENVIRONMENT, Refused, check_of, without_a_verdict};
use crate::support::idp::{PASSWORD, Site};
use crate::support::reply::Reply;
use crate::support::server::Request;
#[cfg(unix)]
use crate::support::{
    idp::{login_page, password_check},
    pages,
};
use crate::world::World;

fn json(status: u16, body: &Value) -> Reply {
    Reply::new(status, "application/json", body.to_string())
}

/// Answers of a token endpoint that say nothing of a secret, with their code.
fn of_a_token_endpoint() -> Vec<(&'static str, Reply, &'static str)> {
    let of_status = |reply: &Reply, code| match reply {
        Reply::Answer { status: 200..300, .. } if code != "connect" => "http-unexpected",
        Reply::Answer { status: 400..=428, .. } => "token-refused",
        _ => code,
    };
    let everywhere = without_a_verdict().into_iter().map(|(what, reply, code)| {
        let code = of_status(&reply, code);
        (what, reply, code)
    });
    let rows = [
        ("no token", json(200, &json!({})), "http-unexpected"),
        ("an empty name of a token", json(200, &json!({ "token_type": "Bearer" })), "http-unexpected"),
        ("null for a token", json(200, &json!({ "access_token": null })), "http-unexpected"),
        ("another error", json(400, &json!({ "error": "invalid_request" })), "token-refused"),
        ("401", Reply::status(401), "token-refused"),
        ("401 for Kerberos", Reply::status(401).with("WWW-Authenticate", "Negotiate"), "token-refused"),
    ];
    everywhere.chain(rows).collect()
}

/// A provider that answers so, wants clients to log in by `method`, and lets a person in by a code at once.
fn provider(method: &'static str, answer: Reply) -> Site {
    Site::new()
        .get("/.well-known/openid-configuration", move |request: &Request| {
            let at = |path: &str| format!("{}{path}", request.origin);
            json(
                200,
                &json!({
                    "issuer": request.origin, "token_endpoint": at("/token"), "jwks_uri": at("/keys"),
                    "device_authorization_endpoint": at("/device"), "token_endpoint_auth_methods_supported": [method],
                }),
            )
        })
        .get("/keys", json(200, &json!({ "keys": [] })))
        .post("/token", answer)
}

fn client(method: &'static str, answer: Reply) -> World {
    let idp = provider(method, answer).start().expect("a provider");
    let issuer = idp.origin().to_string();
    World::beside(idp)
        .set("web_identity.source", "oidc")
        .set("web_identity.issuer", issuer)
        .set("web_identity.client_id", "machine")
        .set("web_identity.flow", "client-credentials")
        .set("web_identity.client_secret.env", "IDP_PASSWORD")
        .env("IDP_PASSWORD", PASSWORD)
}

#[test]
fn a_clients_secret() {
    for method in ["client_secret_basic", "client_secret_post"] {
        for (what, reply, code) in of_a_token_endpoint() {
            check_of(&OF_ENVIRONMENT, &format!("{method}: {what}"), client(method, reply), NoVerdict, code);
        }
        let no_client = json!({ "error": "invalid_client" });
        for reply in [json(400, &no_client), json(401, &no_client)] {
            let what = format!("{method}: {reply:?}");
            check_of(&OF_ENVIRONMENT, &what, client(method, reply), Refused, "token-refused");
        }
        let basic = Reply::status(401).with("WWW-Authenticate", "Basic realm=x");
        // Who sent it in the body did not use the scheme that is offered.
        let worth = if method == "client_secret_basic" { Refused } else { NoVerdict };
        check_of(&OF_ENVIRONMENT, &format!("{method}: Basic"), client(method, basic), worth, "token-refused");
    }
}

/// A code is another one each time, and known by the command that prints it.
#[cfg(unix)]
const CODE: Kind = Kind {
    carried: |request| request.field("otp"),
    changed: |world| world.set("saml.otp.command", json!(["echo", "654321"])),
};

#[test]
#[cfg(unix)]
fn a_code_of_a_source() {
    let code_page = || Reply::html(pages::one_time_code_form("/otp"));
    let behind = |answer: Reply| {
        let site = Site::new().get("/sso", login_page("/login"));
        let site = site.post("/login", password_check(login_page("/login"), code_page())).post("/otp", answer);
        World::form(site).set("saml.otp.command", json!(["echo", "123456"]))
    };
    for (what, reply, code) in without_a_verdict() {
        check_of(&CODE, what, behind(reply), NoVerdict, code);
    }
    check_of(&CODE, "the page again", behind(code_page()), Refused, "idp-rejected");
}

/// Another one comes of another login.
#[cfg(target_os = "linux")]
const REFRESH_TOKEN: Kind = Kind {
    carried: |request| request.field("refresh_token"),
    changed: |world| {
        log_in(&world);
        world
    },
};

#[test]
#[cfg(target_os = "linux")]
fn a_refresh_token() {
    let rows = of_a_token_endpoint();
    let wanted = ["a page without a form", "no token", "500", "a broken connection", "403"];
    let logins = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    for (what, reply, code) in rows.into_iter().filter(|(what, ..)| wanted.contains(what)) {
        let logins = logins.clone();
        let token = move |request: &Request| {
            let grant = request.field("grant_type").unwrap_or_default();
            if grant == "refresh_token" {
                return reply.clone();
            }
            if grant.ends_with("token-exchange") {
                return json(200, &json!({ "access_token": "okta-page-1234", "token_type": "N_A" }));
            }
            let number = logins.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let refresh = format!("okta-refresh-{number}");
            json(200, &json!({ "access_token": "a-1234", "id_token": "i-1234", "refresh_token": refresh }))
        };
        let device = |request: &Request| {
            let visit = format!("{}/activate", request.origin);
            json(
                200,
                &json!({ "device_code": "d", "user_code": "A-B", "verification_uri": visit, "expires_in": 60, "interval": 1 }),
            )
        };
        let site = provider("none", Reply::status(404)).post("/token", token).post("/device", device);
        let site = site.get("/login/token/sso", |_: &Request| {
            use crate::support::assertion::{AWS_ACS, Assertion};
            crate::support::idp::saml_page(AWS_ACS, &Assertion::default().base64())
        });
        let idp = site.start().expect("an IdP");
        let home = idp.url("/");
        let world =
            World::at(idp, "okta").set("saml.idp_url", home).set("saml.client_id", "native").set("saml.app_id", "app");
        log_in(&world);
        check_of(&REFRESH_TOKEN, what, world, NoVerdict, code);
    }
}

/// Leaves a refresh token, and nothing that a next run could do with instead.
#[cfg(target_os = "linux")]
fn log_in(world: &World) {
    let (login, shown) = world.run_typing(&["login", "dev"], "");
    assert_eq!(login.status, Some(0), "{} {shown}", login.stderr);
    for kind in [".cred.v3", ".saml.v3"] {
        for kept in super::super::kept(world, kind) {
            std::fs::remove_file(kept).expect("a file of the cache");
        }
    }
}
