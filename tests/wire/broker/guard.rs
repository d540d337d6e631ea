//! How often a secret is sent, by what the peer shows of it: for each method, each kind of answer, in one run and in many.

mod form;
mod grants;

use serde_json::Value;

use super::remembered_ago;
use crate::support::assertion::{AWS_ACS, Assertion};
use crate::support::idp::{PASSWORD, Site, USER, login_page, saml_page};
use crate::support::reply::{Payload, Reply};
use crate::support::server::Request;
use crate::world::World;

/// What is known of the secret after an answer to it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Worth {
    Refused,
    NoVerdict,
    /// The secret is right, and a person is wanted.
    Person,
}
use Worth::{NoVerdict, Person, Refused};

/// A kind of secret: how it is known among what came, and how another one is put in its place.
struct Kind {
    carried: fn(&Request) -> Option<String>,
    changed: fn(World) -> World,
}

/// The password, token or client's secret of the environment.
const OF_ENVIRONMENT: Kind = Kind {
    carried: |request| match request.header("authorization") {
        Some(header) => Some(header.to_owned()),
        None => {
            let fields = request.fields();
            ["password", "passwd", "client_secret"].iter().find_map(|name| fields.get(*name)).cloned()
        }
    },
    changed: |world| world.env("IDP_PASSWORD", "changed-secret").secret("changed-secret"),
};

/// What `status --json` tells of the one profile.
fn status(world: &World) -> Value {
    let told: Value = serde_json::from_str(&world.run(&["status", "--json"]).stdout).expect("JSON");
    told["profiles"][0].clone()
}

fn times(world: &World) -> usize {
    times_of(&OF_ENVIRONMENT, world)
}

/// How often one came.
fn times_of(kind: &Kind, world: &World) -> usize {
    world.idp.journal().iter().filter_map(kind.carried).count()
}

fn check(what: &str, world: World, worth: Worth, code: &str) {
    check_of(&OF_ENVIRONMENT, what, world, worth, code);
}

/// Several runs, each of which may pass everything by that can be passed by; then an hour later; then with another secret.
fn check_of(kind: &Kind, what: &str, world: World, worth: Worth, code: &str) {
    let times = |world: &World| times_of(kind, world);
    let world = world.set("deadline", "2s");
    let before = times(&world);
    let first = world.get();
    first.fails_as(code);
    assert_eq!(times(&world) - before, 1, "{what}: in one run\n{}", first.stderr);
    let expected = match worth {
        NoVerdict => "secret-without-verdict",
        Refused | Person => code,
    };
    for flags in [&["--force"][..], &["--no-cache"], &[], &["--force"]] {
        let again = world.get_with(flags);
        assert!([code, expected].contains(&again.fails()), "{what}: {}", again.stderr);
    }
    assert_eq!(times(&world) - before, if worth == NoVerdict { 2 } else { 1 }, "{what}: in many");
    let last = world.get_with(&["--force"]);
    last.fails_as(expected);
    if worth != Refused {
        // A request may be, without a word about the secret.
        let said = last.stderr.replace("refused the request", "");
        assert!(!said.contains("refused"), "{what}: nobody refused it\n{said}");
    }
    remembered_ago(&world, 61);
    world.get_with(&["--force"]);
    let last = world.get_with(&["--force"]);
    if worth == Refused {
        last.fails_as("secret-refused-before");
    }
    assert_eq!(times(&world) - before, if worth == NoVerdict { 3 } else { 1 }, "{what}: in an hour");
    let world = (kind.changed)(world);
    world.get();
    assert_eq!(
        times(&world) - before,
        if worth == NoVerdict { 4 } else { 2 },
        "{what}: a changed one is tried at once"
    );
}

/// Answers that say nothing of a secret, with their code.
fn without_a_verdict() -> Vec<(&'static str, Reply, &'static str)> {
    let json = r#"{"error":"wrong password"}"#;
    let cut = Payload::Cut("<html>".into());
    vec![
        ("a page without a form", Reply::html("<p>Wrong user name or password</p>"), "xpath-no-match"),
        ("an empty page", Reply::html(""), "xpath-no-match"),
        ("JSON", Reply::new(200, "application/json", json), "xpath-no-match"),
        ("JSON with 400", Reply::new(400, "application/json", json), "http-unexpected"),
        ("403", Reply::status(403), "idp-forbidden"),
        ("404", Reply::status(404), "http-unexpected"),
        ("410", Reply::status(410), "http-unexpected"),
        ("418", Reply::status(418), "http-unexpected"),
        ("plain text", Reply::new(200, "text/plain", "Login failed"), "xpath-no-match"),
        ("204", Reply::new(204, "text/html", ""), "xpath-no-match"),
        ("429", Reply::status(429).with("Retry-After", "0"), "http-5xx"),
        ("429 for a while", Reply::status(429).with("Retry-After", "120"), "http-5xx"),
        ("500", Reply::status(500), "http-5xx"),
        ("502", Reply::new(502, "text/html", "<title>Bad gateway</title>"), "http-5xx"),
        ("503", Reply::status(503).with("Retry-After", "0"), "http-5xx"),
        ("silence", Reply::Silence, "timeout"),
        ("a broken connection", Reply::HangUp, "connect"),
        ("half an answer", Reply::html("").payload(cut), "connect"),
    ]
}

fn form(answer: Reply) -> World {
    let site = Site::new().get("/sso", login_page("/login")).post("/login", answer);
    let site = site.get("/elsewhere", Reply::html("<p>Sign in failed</p>")).get("/denied", Reply::status(401));
    World::form(site.get("/round", Reply::redirect(302, "/round")))
}

fn header(auth: &str, answer: Reply) -> World {
    let both = answer.clone();
    let site = Site::new().get("/sso", answer).post("/sso", both);
    let world = World::at(site.start().expect("an IdP"), auth).env("IDP_PASSWORD", PASSWORD);
    match auth {
        "bearer" => world.set("saml.token.env", "IDP_PASSWORD"),
        _ => world.set("saml.username", USER).set("saml.password.env", "IDP_PASSWORD"),
    }
}

#[test]
fn a_secret_in_a_header() {
    for auth in ["basic", "bearer", "ecp"] {
        for (what, reply, code) in without_a_verdict() {
            let code = match (auth, code) {
                ("ecp", "xpath-no-match") => "not-a-saml-response",
                _ => code,
            };
            check(&format!("{auth}: {what}"), header(auth, reply), NoVerdict, code);
        }
        let challenge = |schemes: &str| Reply::status(401).with("WWW-Authenticate", schemes);
        let ours =
            if auth == "bearer" { "Negotiate, Bearer realm=\"x\"" } else { "Negotiate, bAsIc realm=\"x, NTLM\"" };
        let table = [
            (challenge(ours), Refused, "idp-rejected"),
            (challenge("NTLM"), NoVerdict, "scheme-not-offered"),
            (challenge("Digest realm=\"Basic\", nonce=\"Bearer\""), NoVerdict, "scheme-not-offered"),
            (Reply::status(401), NoVerdict, "scheme-not-offered"),
        ];
        for (reply, worth, code) in table {
            check(&format!("{auth}: {reply:?}"), header(auth, reply), worth, code);
        }
    }
}

#[test]
fn a_fault_in_an_envelope() {
    let envelope = |status, body: &str| {
        let soap = "http://schemas.xmlsoap.org/soap/envelope/";
        let text = format!("<S:Envelope xmlns:S=\"{soap}\"><S:Body>{body}</S:Body></S:Envelope>");
        Reply::new(status, "text/xml", text)
    };
    let fault = |status, code: &str, text: &str| {
        let body = format!("<S:Fault><faultcode>{code}</faultcode><faultstring>{text}</faultstring></S:Fault>");
        envelope(status, &body)
    };
    let table = [
        (fault(500, "S:Client", "An error occurred: authentication failed."), Refused, "idp-rejected"),
        (fault(200, "wsse:FailedAuthentication", "no"), Refused, "idp-rejected"),
        (fault(500, "S:Server", "no profile configuration"), NoVerdict, "idp-denied-claim"),
    ];
    for (reply, worth, code) in table {
        check(&format!("{reply:?}"), header("ecp", reply), worth, code);
    }
}

#[test]
fn an_ntlm_server_is_named_and_nobody_is_told_of_a_refusal() {
    let reply = Reply::status(401).with("WWW-Authenticate", "Negotiate").with("WWW-Authenticate", "NTLM");
    let world = header("basic", reply);
    world
        .get()
        .fails_as("scheme-not-offered")
        .saying("offers Negotiate and NTLM only")
        .saying("saml.auth = \"spnego\"");
}

#[test]
fn the_form_is_not_sent_without_a_connection_and_no_try_is_counted() {
    let gone = Site::new().start().expect("a port").url("/login");
    for _ in 0..2 {
        let site = Site::new().get("/sso", login_page(&gone));
        let origin = gone.trim_end_matches("/login").to_owned();
        let world = World::form(site).set("saml.idp_origins", serde_json::json!([origin])).set("saml.retry.total", 1);
        for _ in 0..5 {
            world.get_with(&["--force"]).fails_as("connect");
        }
    }
}

#[test]
fn after_an_assertion_the_password_is_right_whatever_sts_says() {
    use crate::support::sts::{Fault, Refusal};
    let site = Site::new()
        .get("/sso", login_page("/login"))
        .post("/login", |_: &Request| saml_page(AWS_ACS, &Assertion::default().base64()));
    let world = World::form(site);
    world.sts.fail(9, Fault::Refuse(Refusal::new(403, "AccessDenied", "no")));
    for _ in 0..4 {
        world.get_with(&["--force"]).fails_as("sts-access-denied");
    }
    assert_eq!(status(&world)["last_failure"]["code"], "sts-access-denied");
}

#[test]
fn a_page_that_wants_a_person_holds_until_one_comes_or_the_settings_change() {
    let page = "<form method=post><input name=otp autocomplete=one-time-code></form>";
    let world = form(Reply::html(page));
    for _ in 0..3 {
        world.get_with(&["--force"]).fails_as("mfa-needed").saying("fedcred login dev");
    }
    world.get().fails_as("mfa-needed").saying("it is not tried again until");
    assert_eq!(times(&world), 1);
    assert_eq!(status(&world)["next_login"], Value::Null);
    assert!(world.run(&["status"]).stdout.contains("by hand"));
    // By hand it is tried at once, and another page leads on: the hold is over.
    world.run(&["login", "--use-stored", "dev"]).fails_as("mfa-needed");
    assert_eq!(times(&world), 2);
    let world = world.set("saml.username_field", "username");
    world.get().fails_as("mfa-needed");
    assert_eq!(times(&world), 3, "changed settings start clean");
}

#[test]
fn status_tells_when_a_secret_without_a_verdict_is_sent_again() {
    let world = form(Reply::status(500));
    for _ in 0..2 {
        world.get_with(&["--force"]).fails_as("http-5xx");
    }
    let next = status(&world)["next_login"].clone();
    let next: jiff::Timestamp = next.as_str().expect("a time").parse().unwrap();
    let left = next.duration_since(jiff::Timestamp::now()).as_secs();
    assert!((3500..=3600).contains(&left), "{left} s");
    let said = world.get_with(&["--force"]);
    said.fails_as("secret-without-verdict").saying(&next.to_string()).saying("HTTP 500");
    let shown = world.run(&["status"]).stdout;
    assert!(shown.contains("in 59m") || shown.contains("in 1h00m"), "{shown}");
}

#[test]
fn what_a_profiles_own_sts_or_settings_fail_with_concerns_no_other_of_the_login() {
    let gone = Site::new().start().expect("a port").url("");
    let gone = gone.trim_end_matches('/');
    let typo = "[profile.typo]\ninclude = \"dev\"\n[profile.typo.saml]\nca_bundle = \"absent.pem\"\n";
    let broken = format!("[profile.broken]\ninclude = \"dev\"\nsts_endpoint_url = \"{gone}\"\ndeadline = \"3s\"\n");
    let lost = "[profile.lost]\ninclude = \"dev\"\n[profile.lost.saml]\nidp_url = \"IDP/nowhere\"\n";
    let site = Site::new()
        .get("/sso", login_page("/login"))
        .post("/login", |_: &Request| saml_page(AWS_ACS, &Assertion::default().base64()));
    let world = World::form(site);
    let origin = world.idp.url("");
    let world = world.also(typo).also(&broken).also(&lost.replace("IDP", origin.trim_end_matches('/')));
    for (name, code) in [("broken", "connect"), ("lost", "http-unexpected"), ("typo", "file-unreadable")] {
        world.get_profile(name, &["--force"]).fails_as(code);
    }
    world.get().succeeds();
    let told = |name: &str| {
        let told: Value = serde_json::from_str(&world.run(&["status", "--json", name]).stdout).expect("JSON");
        told["profiles"][0]["last_failure"]["code"].clone()
    };
    assert_eq!((told("dev"), told("broken")), (Value::Null, "connect".into()));
    // Its own failure holds it back still; with the endpoint corrected it starts clean.
    world.get_profile("broken", &["--window", "1s"]).fails_as("connect");
    let sts = world.sts.server().origin().to_string();
    let world = world.also(&format!("[profile.mended]\ninclude = \"broken\"\nsts_endpoint_url = \"{sts}\"\n"));
    world.get_profile("mended", &[]).succeeds();
}

#[test]
fn what_a_success_by_any_way_disproves_is_no_more_in_status() {
    use crate::support::sts::{Fault, Refusal};
    let denied = || Fault::Refuse(Refusal::new(403, "AccessDenied", "no"));
    for command in [&["doctor", "dev"][..], &["login", "--use-stored", "dev"], &["get", "--force", "dev"]] {
        let site = Site::new()
            .get("/sso", login_page("/login"))
            .post("/login", |_: &Request| saml_page(AWS_ACS, &Assertion::default().base64()));
        let world = World::form(site);
        world.sts.fail(1, denied());
        world.get().fails_as("sts-access-denied");
        assert_eq!(status(&world)["last_failure"]["code"], "sts-access-denied");
        let shown = || world.run(&["status"]).stdout;
        assert!(shown().contains("sts-access-denied"), "{}", shown());
        let run = world.run(command);
        assert_eq!(status(&world)["last_failure"], Value::Null, "{command:?}\n{}{}", run.stdout, run.stderr);
        assert!(
            !["sts-access-denied", "failed", "not authorized"].iter().any(|word| shown().contains(word)),
            "{command:?}\n{}",
            shown()
        );
    }
}
