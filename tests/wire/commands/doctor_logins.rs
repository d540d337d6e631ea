//! What `doctor` says of a login: each way that it can end, and the page that came.

use super::doctor::{behind_the_login, facts, finds, report, state, working};
use crate::support::idp::{Site, authorization_check, login_page};
use crate::support::pages;
use crate::support::reply::Reply;
use crate::world::World;

#[test]
fn each_way_a_login_can_end_has_its_step() {
    let table = [
        (working().env("IDP_PASSWORD", "wr0ng-one").secret("wr0ng-one"), "login", "idp-rejected"),
        (World::open(Site::new().get("/sso", Reply::status(403))), "login", "idp-forbidden"),
        (World::open(Site::new().get("/sso", Reply::status(404))), "login", "http-unexpected"),
        (World::open(Site::new().get("/sso", Reply::status(503))).set("saml.retry.total", 0), "login", "http-5xx"),
        (World::open(Site::new().get("/sso", Reply::redirect(302, "/sso"))), "login", "too-many-redirects"),
        (
            World::open(Site::new().get("/sso", authorization_check("Basic", "Basic x", Reply::html("")))),
            "page",
            "login-page",
        ),
        (World::open(Site::new().get("/sso", Reply::Silence)).set("deadline", "2s"), "login", "timeout"),
    ];
    for (world, check, code) in table {
        finds(&world, check, code);
    }
    let kept = working().unset("saml.password.env").set("saml.password.keyring", true);
    // A Credential Manager is never locked.
    let (check, code) = if cfg!(windows) { ("login", "prompt-needed") } else { ("keyring", "keyring-locked") };
    finds(&kept, check, code);
}

#[test]
fn the_page_that_came_is_described() {
    let ws_federation = pages::auto_submit("https://signin.aws.amazon.com/saml", &[("wresult", "x")]);
    let table = [
        (behind_the_login(pages::one_time_code_form("/otp")), "mfa-needed"),
        (behind_the_login(pages::change_password_form("/new", 3)), "password-change-required"),
        (behind_the_login("<html><title>Error</title><h1>Something went wrong</h1></html>"), "xpath-no-match"),
        (behind_the_login(ws_federation), "not-a-saml-response"),
        (World::open(Site::new().get("/sso", login_page("/login"))), "login-page"),
        (
            World::form(
                Site::new()
                    .get("/sso", Reply::html("<form method=get><input name=u><input type=password name=p></form>")),
            ),
            "login-form-unclear",
        ),
    ];
    for (world, code) in table {
        let report = finds(&world, "page", code);
        assert!(facts(&report, "page")["kind"].as_str().is_some_and(|kind| kind.contains("page")), "{report:#}");
        assert_eq!(state(&report, "login"), "passed");
    }
    let report = finds(&behind_the_login(pages::one_time_code_form("/otp")), "page", "mfa-needed");
    assert!(facts(&report, "page")["forms"][0].as_str().unwrap().contains("otp (text)"), "{report:#}");
}

#[test]
fn saved_pages_of_products_are_known_for_what_they_are() {
    let products = [
        ("adfs", "AD FS"),
        ("entra", "Entra ID"),
        ("google", "Google"),
        ("keycloak", "Keycloak"),
        ("okta", "Okta"),
        ("pingfederate", "PingFederate"),
        ("shibboleth", "Shibboleth"),
        ("simplesamlphp", "SimpleSAMLphp"),
    ];
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/pages");
    let mut seen = 0;
    for file in std::fs::read_dir(directory).expect("saved pages").flatten() {
        let name = file.file_name().into_string().expect("a name");
        let Some((_, product)) = products.iter().find(|(prefix, _)| name.starts_with(prefix)) else { continue };
        // What posts an assertion is not a fault.
        if name.ends_with("-post.html") {
            continue;
        }
        let page = std::fs::read(file.path()).expect("a page");
        let (_, report) = report(&World::open(Site::new().get("/sso", Reply::html(page))));
        assert_eq!(report["fault"]["check"], "page", "{name}: {report:#}");
        let kind = facts(&report, "page")["kind"].as_str().unwrap_or_default();
        assert!(kind.contains(product), "{name}: {kind}");
        assert!(name.ends_with("-error.html") == kind.contains("an error page"), "{name}: {kind}");
        seen += 1;
    }
    assert!(seen >= 12, "{seen}");
}

#[test]
fn a_refused_password_is_not_sent_again_to_find_out() {
    let world = working().env("IDP_PASSWORD", "wr0ng-one").secret("wr0ng-one");
    let posts = || world.idp.journal().iter().filter(|request| request.method == "POST").count();
    finds(&world, "login", "idp-rejected");
    for _ in 0..2 {
        finds(&world, "login", "idp-rejected");
    }
    assert_eq!(posts(), 1);
}
