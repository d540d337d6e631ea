//! A proxy on the way that does not let us through, to the IdP or to STS.

use serde_json::json;

use crate::support::assertion::Assertion;
use crate::support::idp::Site;
use crate::support::memories;
use crate::support::raw::Raw;
use crate::support::tls::{Authority, LOOPBACK_NAMES};
use crate::world::World;

const PASSWORD: &str = "Wrong+Proxy-Passw0rd";

/// A proxy that answers everything with this status.
fn refusing(status: u16, offers: &'static [&'static str]) -> Raw {
    Raw::start(move |_, _| {
        let offers: String = offers.iter().map(|offer| format!("Proxy-Authenticate: {offer}\r\n")).collect();
        format!("HTTP/1.1 {status} No\r\n{offers}Content-Length: 0\r\nConnection: close\r\n\r\n").into_bytes()
    })
}

/// A login at an IdP beyond the proxy.
fn beyond(proxy: &Raw, login: &str) -> World {
    World::form(Site::new())
        .set("saml.idp_url", "https://idp.example.com/sso")
        .env("HTTPS_PROXY", format!("http://{login}{}", proxy.authority()))
        .secret(PASSWORD)
}

fn with_password() -> String {
    format!("bob:{PASSWORD}@")
}

#[test]
fn a_proxys_407_is_told_with_what_it_offers_and_its_password_goes_out_once() {
    // Offers, with a password, what is told, and the hint.
    let table: [(&'static [&'static str], bool, &str, &str); 6] = [
        (&["Basic realm=\"corp\""], true, "offers Basic", "correct user name and password in `HTTPS_PROXY`"),
        (&["Basic realm=\"corp\""], false, "requires a login", "http://USER:PASSWORD@HOST:PORT in `HTTPS_PROXY`"),
        (&["NTLM"], true, "offers NTLM", "px or cntlm"),
        (&["Negotiate", "NTLM"], false, "offers Negotiate and NTLM", "px or cntlm"),
        (
            &["Digest realm=\"a, b\", nonce=\"x\"", "Basic realm=\"c\""],
            true,
            "offers Digest and Basic",
            "correct user name",
        ),
        (&[], true, "HTTP 407", "correct user name"),
    ];
    for (offers, has_password, said, hint) in table {
        let proxy = refusing(407, offers);
        let world = beyond(&proxy, if has_password { with_password() } else { String::new() }.as_str());
        world.get().fails_as("proxy-auth-required").saying(said).saying(hint);
        assert_eq!(proxy.times("Proxy-Authorization"), usize::from(has_password), "{offers:?}");
    }
}

#[test]
fn a_407_that_is_hard_to_read_is_a_refusal_too() {
    let proxy = Raw::start(|_, _| {
        b"HTTP/1.1 407 \x1b[31mNo\r\nProxy-Authenticate: Basic realm=\"corp\"\r\nContent-Length: 0\r\n\r\n".to_vec()
    });
    let world = beyond(&proxy, &with_password());
    for _ in 0..3 {
        world.get_with(&["--force"]).fails();
    }
    assert_eq!(proxy.times("Proxy-Authorization"), 1);
}

#[test]
fn a_407_of_an_https_proxy_is_told_with_what_it_offers() {
    let authority = Authority::new();
    let proxy = Raw::start_tls(authority.server(LOOPBACK_NAMES), |_| {
        b"HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n"
            .to_vec()
    });
    let world = beyond(&proxy, "")
        .trusting(&authority.pem())
        .env("HTTPS_PROXY", format!("https://{}{}", with_password(), proxy.authority()));
    world.get().fails_as("proxy-auth-required").saying("offers Negotiate and NTLM").saying("px or cntlm");
    assert_eq!(proxy.times("Proxy-Authorization"), 1);
}

/// So many runs that may pass the cache by, each with this error.
#[track_caller]
fn fail_again(world: &World, code: &str, times: usize) {
    for _ in 0..times {
        world.get_with(&["--force"]).fails_as(code);
    }
}

#[test]
fn a_refused_password_of_a_proxy_is_not_sent_by_the_next_run_and_one_without_a_verdict_once_more() {
    for (offers, times) in [(&["Basic realm=\"corp\""][..], 1), (&["NTLM"], 2)] {
        let proxy = refusing(407, offers);
        let world = beyond(&proxy, &with_password());
        fail_again(&world, "proxy-auth-required", times);
        fail_again(&world, if times == 2 { "secret-without-verdict" } else { "proxy-auth-required" }, 2);
        assert_eq!(proxy.times("Proxy-Authorization"), times, "{offers:?}");
    }
}

#[test]
fn a_proxy_that_was_not_there_costs_no_attempt() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let world = World::form(Site::new())
        .set("saml.idp_url", "https://idp.example.com/sso")
        .set("saml.retry.total", 0)
        .env("HTTPS_PROXY", format!("http://{}{free}", with_password()))
        .secret(PASSWORD);
    for _ in 0..4 {
        world.get_with(&["--force"]).fails_as("connect");
    }
}

#[test]
fn a_proxys_refusal_is_told_with_its_status() {
    for (status, code) in
        [(403, "proxy-refused"), (405, "proxy-refused"), (502, "connect"), (503, "connect"), (504, "connect")]
    {
        let proxy = refusing(status, &[]);
        let world = beyond(&proxy, "").set("saml.retry.total", 1);
        world
            .get()
            .fails_as(code)
            .saying(&format!("HTTP {status}"))
            .saying("the proxy http://127.0.0.1:")
            .saying("idp.example.com");
    }
}

#[test]
fn a_password_that_the_proxy_said_nothing_of_is_shown_once() {
    let proxy = refusing(502, &[]);
    beyond(&proxy, &with_password()).get().fails_as("connect").saying("HTTP 502");
    assert_eq!(proxy.times("Proxy-Authorization"), 1);
}

#[test]
fn a_proxy_that_took_the_password_may_be_asked_again() {
    let proxy = Raw::start(|_, heard| {
        let status =
            if String::from_utf8_lossy(heard).to_ascii_lowercase().contains("proxy-authorization") { 503 } else { 407 };
        format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n").into_bytes()
    });
    beyond(&proxy, &with_password()).set("saml.retry.total", 1).get().fails_as("connect").saying("HTTP 503");
    assert_eq!(proxy.times("Proxy-Authorization"), 4);
}

#[test]
fn the_way_to_sts_is_told_in_the_same_words() {
    let table: [(u16, &str, &str); 3] =
        [(407, "proxy-auth-required", "offers NTLM"), (403, "proxy-refused", "HTTP 403"), (502, "connect", "HTTP 502")];
    for (status, code, said) in table {
        let proxy = refusing(status, if status == 407 { &["NTLM"] } else { &[] });
        let world = World::open(Site::without_login(Assertion::default()))
            .set("sts_endpoint_url", "https://sts.eu-west-1.amazonaws.com")
            .set("deadline", "4s")
            .env("HTTPS_PROXY", format!("http://{}{}", with_password(), proxy.authority()))
            .secret(PASSWORD);
        world.get().fails_as(code).saying(said);
        assert!(proxy.times("CONNECT sts.eu-west-1.amazonaws.com:443") > 0);
        assert_eq!(proxy.times("Proxy-Authorization"), 1, "HTTP {status}");
        if status == 407 {
            fail_again(&world, code, 1);
            fail_again(&world, "secret-without-verdict", 2);
            assert_eq!(proxy.times("Proxy-Authorization"), 2, "without a verdict it goes out once more");
        }
    }
}

#[test]
fn plain_http_through_a_proxy_is_told_the_same() {
    let proxy = refusing(407, &["Basic realm=\"x\"", "NTLM"]);
    let world = beyond(&proxy, "")
        .set("saml.idp_url", "http://idp.example.com/sso")
        .set("saml.allow_http", true)
        .env("HTTP_PROXY", format!("http://{}{}", with_password(), proxy.authority()));
    world.get().fails_as("proxy-auth-required").saying("offers Basic and NTLM").saying("`HTTP_PROXY`");
    assert_eq!(proxy.times("Proxy-Authorization"), 1);
}

#[test]
fn a_socks_proxys_refusal_of_the_password_is_told() {
    // RFC 1928 §3 and RFC 1929 §2: user name and password it is, and they are wrong.
    let proxy = Raw::serve(|_, _, stream| {
        use std::io::{Read, Write};
        let _ = stream.write_all(&[5, 2]);
        let _ = stream.read(&mut [0; 512]);
        let _ = stream.write_all(&[1, 1]);
    });
    let world = beyond(&proxy, "").env("HTTPS_PROXY", format!("socks5h://{}{}", with_password(), proxy.authority()));
    world.get().fails_as("proxy-auth-required").saying("refused the user name or password");
    assert_eq!(proxy.heard().len(), 1);
}

#[test]
fn doctor_tells_of_the_proxy_too() {
    let proxy = refusing(407, &["NTLM"]);
    let run = beyond(&proxy, &with_password()).run(&["doctor", "dev"]);
    let told = format!("{}{}", run.stdout, run.stderr);
    assert!(told.contains("proxy-auth-required") && told.contains("px or cntlm"), "{told}");
}

/// What is to be had beyond a proxy with a password, other than a login at a SAML identity provider.
fn others_beyond(proxy: &Raw) -> Vec<(&'static str, World)> {
    let world = || {
        let world = World::beside(Site::new().start().unwrap()).secret(PASSWORD);
        world.env("HTTPS_PROXY", format!("http://{}{}", with_password(), proxy.authority()))
    };
    let oidc = world()
        .set("web_identity.source", "oidc")
        .set("web_identity.issuer", "https://issuer.example.com")
        .set("web_identity.client_id", "machine")
        .set("web_identity.flow", "client-credentials")
        .set("web_identity.client_secret.env", "CLIENT_SECRET")
        .env("CLIENT_SECRET", "client-secret-1234");
    let github = world()
        .set("web_identity.source", "github-actions")
        .set("web_identity.audience", "sts.amazonaws.com")
        .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "t-1234")
        .env("ACTIONS_ID_TOKEN_REQUEST_URL", "https://token.example.com/t");
    let backend = |class: &str| {
        let kwargs = json!({
            "connections_prefix": "/conns", "region_name": "eu-west-1",
            "aws_access_key_id": "AKIABACKEND000000001", "aws_secret_access_key": "backend-secret-0123456789",
        });
        let world = world().unset("role_arn").unset("region").unset("sts_endpoint_url").set("airflow_conn", "etl");
        world
            .env("AIRFLOW__SECRETS__BACKEND", format!("airflow.providers.amazon.aws.secrets.{class}"))
            .env("AIRFLOW__SECRETS__BACKEND_KWARGS", kwargs.to_string())
    };
    vec![
        ("an OpenID provider", oidc),
        ("a token service", github),
        ("Secrets Manager", backend("secrets_manager.SecretsManagerBackend")),
        ("the Parameter Store", backend("systems_manager.SystemsManagerParameterStoreBackend")),
    ]
}

#[test]
fn whatever_lies_beyond_a_proxy_its_password_is_counted_over_the_runs() {
    let basic: &'static [&'static str] = &["Basic realm=\"corp\""];
    // what the proxy answers and offers, what is told, and how often the password leaves within the hour
    for (status, offers, code, times) in
        [(407, basic, "proxy-auth-required", 1), (407, &["NTLM"], "proxy-auth-required", 2), (502, &[], "connect", 2)]
    {
        for kind in 0..4 {
            let proxy = refusing(status, offers);
            let (what, world) = others_beyond(&proxy).swap_remove(kind);
            let first = world.get();
            first.fails_as(code);
            let sent = || proxy.times("Proxy-Authorization");
            assert_eq!(sent(), 1, "{what}, HTTP {status} {offers:?}: in one run\n{}", first.stderr);
            fail_again(&world, code, 1);
            fail_again(&world, if times == 2 { "secret-without-verdict" } else { code }, 3);
            assert_eq!(sent(), times, "{what}, HTTP {status} {offers:?}: in five runs");
            if times == 2 {
                assert_ne!(memories::age(&world.files(), 61), 0);
                world.get_with(&["--force"]).fails_as(code);
                assert_eq!(sent(), 3, "{what}: it is not stopped for good where nothing was refused");
            }
        }
    }
}
