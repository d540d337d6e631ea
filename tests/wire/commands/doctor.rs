//! `doctor`: for every fault it names that one, at its step, and no other; and it says nothing that is secret.

use fedcred::quote::aws_ini;
use serde_json::{Value, json};

use crate::harness::run::Run;
use crate::support::assertion::{ADMIN, AWS_AUDIENCE, Assertion, DEV, PROVIDER};
use crate::support::idp::{PASSWORD, Site, assertion_page, login_page, password_check};
use crate::support::reply::Reply;
use crate::support::server::{Request, Server};
use crate::support::sts::{Fault, Refusal, Sts};
use crate::support::tls::{Authority, LOOPBACK_NAMES};
use crate::support::token::{token, token_with};
use crate::world::World;

/// What doctor says as JSON, with what must hold of every report.
pub fn report(world: &World) -> (Run, Value) {
    let run = world.run(&["doctor", "dev", "--json"]);
    assert_eq!(run.stderr, "", "what is found goes to stdout");
    let report: Value = serde_json::from_str(&run.stdout).expect("one JSON object");
    let checks = report["checks"].as_array().expect("the checks");
    let faults = checks.iter().filter(|check| check["state"] == "fault").count();
    assert_eq!(faults, usize::from(report["fault"].is_object()), "{report:#}");
    assert_eq!(report["ok"], json!(report["fault"].is_null()));
    is_without_secrets(world, &run.stdout);
    (run, report)
}

/// Nothing of it may be on stdout either, which is for credentials in other commands.
pub fn is_without_secrets(world: &World, text: &str) {
    for issued in world.sts.issued() {
        assert!(!text.contains(&issued.secret_access_key) && !text.contains(&issued.session_token), "{text}");
    }
    for secret in [PASSWORD, crate::support::assertion::OPENING_BASE64, crate::support::token::OPENING] {
        assert!(!text.contains(secret), "{text}");
    }
}

/// The first fault is this one, at this step, with a remedy; its code decides the status.
#[track_caller]
pub fn finds(world: &World, check: &str, code: &str) -> Value {
    let (run, report) = report(world);
    let fault = &report["fault"];
    assert_eq!((&fault["check"], &fault["code"]), (&json!(check), &json!(code)), "{report:#}");
    assert!(fault["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{report:#}");
    let kind = fedcred::error::Code::parse(code).expect("a code of ours").kind();
    assert_eq!(run.status, Some(kind.status()), "{report:#}");
    report
}

pub fn state<'r>(report: &'r Value, check: &str) -> &'r str {
    let mut checks = report["checks"].as_array().expect("the checks").iter();
    checks.find(|one| one["check"] == check).and_then(|one| one["state"].as_str()).expect("a state")
}

pub fn facts<'r>(report: &'r Value, check: &str) -> &'r Value {
    let mut checks = report["checks"].as_array().expect("the checks").iter();
    &checks.find(|one| one["check"] == check).expect("a check")["facts"]
}

pub fn working() -> World {
    World::form(Site::with_login(Assertion::default()))
}

/// A site whose login leads to this page.
pub fn behind_the_login(page: impl Into<String>) -> World {
    let page = Reply::html(page.into());
    World::form(
        Site::new().get("/sso", login_page("/login")).post("/login", password_check(login_page("/login"), page)),
    )
}

#[test]
fn where_all_is_well_every_step_says_so() {
    let world = working();
    let (run, report) = report(&world);
    assert_eq!((run.status, &report["ok"]), (Some(0), &json!(true)), "{report:#}");
    for check in ["configuration", "clock", "network", "login", "page", "identity", "roles", "sts", "duration", "cache"]
    {
        assert_eq!(state(&report, check), "passed", "{check}: {report:#}");
    }
    for check in ["aws-files", "kerberos", "keyring"] {
        assert_eq!(state(&report, check), "skipped", "{check}");
    }
    assert_eq!(facts(&report, "roles")["offered"], json!([DEV, ADMIN]));
    assert_eq!(facts(&report, "identity")["audience"], AWS_AUDIENCE);
    assert_eq!(facts(&report, "duration")["granted"], "1h00m");
    assert_eq!(facts(&report, "sts")["region"], "eu-west-1");
    assert_eq!(facts(&report, "login")["requests"].as_array().map(Vec::len), Some(3), "{report:#}");
}

#[test]
fn people_get_a_check_list_without_colours_where_nobody_sees_them() {
    let run = working().run(&["doctor", "dev"]);
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    assert!(run.stdout.starts_with("fedcred doctor dev\n\n✓ configuration\n"), "{}", run.stdout);
    assert!(run.stdout.ends_with("\nno problem found\n") && !run.stdout.contains('\x1b'), "{}", run.stdout);

    let run = behind_the_login("<title>Oops</title>").run(&["doctor", "dev"]);
    assert_eq!((run.status, run.stderr.as_str()), (Some(65), ""));
    assert!(run.stdout.contains("✗ page\n    title: Oops\n"), "{}", run.stdout);
    assert!(run.stdout.contains("error[xpath-no-match]: ") && run.stdout.contains("\n    hint: "), "{}", run.stdout);
    assert!(run.stdout.contains("not checked, because of the fault above: identity, roles,"), "{}", run.stdout);
}

/// Also where a fault comes later, as without a KDC or a readable key.
#[test]
#[cfg(unix)]
fn secrets_that_others_may_read_are_taken_and_told() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    type Setting = fn(World, &str) -> World;
    let worlds: [(&str, Setting); 6] = [
        ("saml.password", |world, path| world.unset("saml.password.env").set("saml.password.file", path)),
        ("saml.otp_secret", |world, path| world.set("saml.otp_secret.file", path)),
        ("saml.client_key", |world, path| world.set("saml.client_cert", path).set("saml.client_key", path)),
        ("saml.keytab", |_, path| {
            World::at(Site::new().start().unwrap(), "spnego").set("saml.principal", "alice@X").set("saml.keytab", path)
        }),
        ("saml.token", |_, path| World::at(Site::new().start().unwrap(), "bearer").set("saml.token.file", path)),
        ("web_identity.token_file", |_, path| {
            let world = World::beside(Site::new().start().unwrap());
            world.set("web_identity.source", "file").set("web_identity.token_file", path)
        }),
    ];
    for (setting, configured) in worlds {
        let volume = tempfile::tempdir().unwrap();
        let path = volume.path().join("secret");
        std::fs::write(&path, PASSWORD).unwrap();
        let world = configured(working(), path.to_str().unwrap());
        let told = |mode: u32| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let (_, report) = report(&world);
            let checks = report["checks"].as_array().unwrap();
            let check = checks.iter().find(|check| check["check"] == "configuration").unwrap();
            (facts(&report, "configuration")["secrets_that_others_may_read"].clone(), check["warnings"].clone())
        };
        assert_eq!(told(0o600), (Value::Null, json!([])), "{setting}");
        let line = |mode| json!([format!("{}  (`{setting}`: its mode is {mode})", path.display())]);
        let (named, warnings) = told(0o640);
        assert_eq!(named, line("0640"));
        assert_eq!(warnings[0]["hint"], format!("chmod 600 {}", path.display()), "{warnings}");
        assert!(warnings[0]["what"].as_str().unwrap().contains(setting), "{warnings}");
        // Of a volume of Kubernetes' the mode is set elsewhere.
        symlink(".", volume.path().join("..data")).unwrap();
        assert_eq!(told(0o440), (line("0440"), json!([])));
    }
    let working = working();
    let path = working.given("password", PASSWORD);
    let world = working.unset("saml.password.env").set("saml.password.file", path.to_str().unwrap());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let run = world.run(&["doctor", "dev"]);
    assert!(run.status == Some(0) && run.stdout.contains("one warning above"), "{}", run.stdout);
}

#[test]
fn a_configuration_that_is_wrong_is_where_it_ends() {
    let (run, report) = report(&working().set("saml.ipd_url", "x"));
    assert_eq!((run.status, &report["fault"]["code"]), (Some(78), &json!("unknown-key")));
    assert_eq!(state(&report, "network"), "not-reached");
    finds(&working().unset("role_arn").unset("saml.idp_url"), "configuration", "missing-key");
    let run = working().run(&["doctor", "typo"]);
    assert!(run.stdout.contains("error[profile-not-found]"), "{}", run.stdout);
}

#[test]
#[cfg_attr(windows, ignore = "wine's policy for TLS does not know addresses in certificates")]
fn an_authority_that_the_system_does_not_know_is_told_with_the_certificate_and_the_setting() {
    let authority = Authority::new();
    let world = World::form_at(Site::with_login(Assertion::default()).start_tls(&authority).unwrap());
    let report = finds(&world, "network", "tls-untrusted");
    let (causes, hint) = (report["fault"]["causes"].to_string(), report["fault"]["hint"].to_string());
    assert!(causes.contains("issued by") && causes.contains("valid from"), "{report:#}");
    assert!(hint.contains("`saml.ca_bundle`") && hint.contains("openssl s_client"), "{report:#}");
    assert!(world.idp.journal().iter().all(|request| request.method == "HEAD"), "no login was tried");
    let sts = Sts::start(Some(authority.server(LOOPBACK_NAMES))).unwrap();
    let report = finds(&working().with_sts(sts), "network", "tls-untrusted");
    assert!(report["fault"]["hint"].to_string().contains("AWS_CA_BUNDLE"), "{report:#}");
}

#[test]
fn what_the_network_does_is_told_with_the_certificate_and_the_setting() {
    let authority = Authority::new();
    let site = || Site::with_login(Assertion::default());
    let at = |config| {
        let site = site();
        World::form_at(Server::start(Some(config), move |request| site.respond(request)).unwrap())
            .trusting(&authority.pem())
    };
    let report = finds(&at(authority.expired_server()), "network", "tls-untrusted");
    assert!(report["fault"]["causes"].to_string().contains("has expired"), "{report:#}");
    finds(&at(authority.server(&["idp.example.test"])), "network", "tls-untrusted");
    let (_, report) = self::report(&at(authority.server(LOOPBACK_NAMES)));
    assert_eq!(report["ok"], true, "{report:#}");
    assert!(facts(&report, "network")["idp_trusted_by"].as_str().unwrap().ends_with("(saml.ca_bundle)"));

    finds(&working().set("saml.idp_url", "http://127.0.0.1:9/"), "network", "connect");
    finds(&working().set("saml.idp_url", "https://no-such-host.invalid/"), "network", "connect");
    finds(
        &working().set("saml.idp_url", "https://idp.example.com/").set("saml.proxy", "http://127.0.0.1:9"),
        "network",
        "connect",
    );
    finds(&working().set("sts_endpoint_url", "http://127.0.0.1:9/"), "network", "connect");
}

#[test]
fn a_clock_that_is_wrong_is_told_by_whose_it_is() {
    let late = |request: &Request| {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        Site::with_login(Assertion::default()).respond(request).with("Date", date)
    };
    let report = finds(&World::form_at(Server::start(None, late).unwrap()), "clock", "clock-skew");
    assert!(report["fault"]["what"].to_string().contains("the clock of the IdP is wrong"), "{report:#}");
    let world = World::form_at(Server::start(None, late).unwrap()).unset("role_arn").unset("sts_endpoint_url");
    let report = finds(&world, "clock", "clock-skew");
    assert!(report["fault"]["what"].to_string().contains("this machine's clock is wrong"), "{report:#}");
}

#[test]
fn an_assertion_of_no_use_is_told_from_a_role_of_no_use() {
    let open = |assertion: Assertion| World::open(Site::without_login(assertion));
    let other = "arn:aws:iam::111122223333:saml-provider/other";
    let table = [
        (open(Assertion::expired()), "identity", "assertion-expired"),
        (open(Assertion::denied("AuthnFailed")), "identity", "idp-denied-claim"),
        (open(Assertion::offering(&[&format!("{ADMIN},{PROVIDER}")])), "roles", "role-not-offered"),
        (open(Assertion::offering(&[])), "roles", "role-not-offered"),
        (open(Assertion::default()).unset("role_arn"), "roles", "role-not-chosen"),
        (open(Assertion::default()).set("saml.principal_arn", other), "roles", "provider-mismatch"),
    ];
    for (world, check, code) in table {
        let report = finds(&world, check, code);
        assert!(world.sts.calls().is_empty(), "{report:#}");
    }
}

#[test]
fn what_sts_says_is_told_as_what_sts_says() {
    let after = |times, fault: Fault| {
        let world = working().set("deadline", "4s");
        world.sts.fail(times, fault);
        world
    };
    let refuse = |status, code, message: &str| Fault::Refuse(Refusal::new(status, code, message));
    let unknown = World::open(Site::new().get(
        "/sso",
        assertion_page(Assertion::offering(&[&format!("{DEV},arn:aws:iam::111122223333:saml-provider/gone")])),
    ))
    .unset("saml.principal_arn");
    let table = [
        (
            after(1, refuse(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML")),
            "sts",
            "sts-access-denied",
        ),
        (after(1, refuse(400, "InvalidIdentityToken", "Response signature invalid")), "sts", "sts-invalid-identity"),
        (after(1, refuse(400, "PackedPolicyTooLarge", "too large")), "sts", "sts-policy"),
        (after(1, refuse(403, "RegionDisabledException", "disabled")), "sts", "sts-region-disabled"),
        (after(100, refuse(400, "Throttling", "Rate exceeded")), "sts", "sts-throttled"),
        (after(100, Fault::HangUp), "sts", "connect"),
        (after(100, Fault::Hang), "sts", "timeout"),
        (after(1, Fault::NotXml), "sts", "sts-bad-answer"),
        (after(1, Fault::OtherRole), "sts", "sts-wrong-role"),
        (unknown, "sts", "sts-provider-unknown"),
        (working().set("duration", "2h"), "duration", "sts-duration"),
    ];
    for (world, check, code) in table {
        let report = finds(&world, check, code);
        assert_eq!(state(&report, "roles"), "passed", "{report:#}");
    }
    let world = working().unset("sts_endpoint_url").set("region", "cn-north-1");
    finds(&world, "sts", "invalid-value");
}

#[test]
fn a_short_session_and_a_session_that_was_cut_are_warnings() {
    for (lifetime, world) in [(900, working()), (3600, working().set("role_arn", ADMIN).set("duration", "2h"))] {
        world.sts.lifetime(lifetime);
        let (run, report) = report(&world);
        assert_eq!((run.status, state(&report, "duration")), (Some(0), "warned"), "{report:#}");
    }
}

#[test]
fn a_token_has_no_page_and_no_roles_to_choose_from() {
    let world = |token: &str| {
        let world = World::beside(Site::new().start().unwrap());
        let file = world.given("token", token);
        world.set("web_identity.source", "file").set("web_identity.token_file", file.to_str())
    };
    let (_, report) = report(&world(&token()));
    assert_eq!((&report["ok"], state(&report, "page"), state(&report, "roles")), (&json!(true), "skipped", "skipped"));
    assert!(facts(&report, "identity")["issuer"].as_str().unwrap().starts_with("https://"), "{report:#}");
    finds(&world(&token_with(json!({ "exp": 1_000_000_000 }))), "identity", "token-expired");
    finds(&world("no token"), "identity", "token-invalid");
    finds(&world(&token_with(json!({ "iss": "https://other.example.test" }))), "sts", "sts-provider-unknown");
}

#[test]
fn a_chain_is_walked_from_its_lowest_link() {
    let world = working().role_on("dev", "top", "");
    let run = world.run(&["doctor", "top", "--json"]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!((run.status, &report["ok"]), (Some(0), &json!(true)), "{report:#}");
    assert_eq!(world.sts.roles_asked().last().map(String::as_str), Some("top"));

    let world = working().env("IDP_PASSWORD", "wr0ng-one").secret("wr0ng-one").role_on("dev", "top", "");
    let report: Value = serde_json::from_str(&world.run(&["doctor", "top", "--json"]).stdout).unwrap();
    assert_eq!(report["fault"]["code"], "idp-rejected", "{report:#}");
}

#[cfg(unix)]
#[test]
fn a_cache_that_others_can_read_is_to_be_mended_before_anybody_logs_in() {
    use std::os::unix::fs::PermissionsExt;
    let world = working();
    world.get().succeeds();
    let cache = world.path(".cache/fedcred");
    std::fs::set_permissions(&cache, std::fs::Permissions::from_mode(0o755)).unwrap();
    let posts = world.idp.journal().len();
    let report = finds(&world, "cache", "insecure-permissions");
    assert!(report["fault"]["hint"].as_str().unwrap().starts_with("chmod "), "{report:#}");
    assert!(world.idp.journal()[posts..].iter().all(|request| request.method == "HEAD"));
}

#[test]
fn an_aws_profile_that_never_comes_to_us_is_named_before_anybody_is_asked() {
    let world = working();
    std::fs::create_dir(world.path(".aws")).unwrap();
    // Below wine, a path of Linux has no drive of its own.
    let program = std::path::absolute(env!("CARGO_BIN_EXE_fedcred")).unwrap().display().to_string();
    let line = aws_ini::command(&[program, "get".to_owned(), "dev".to_owned()]).unwrap();
    world.write(".aws/config", &format!("[profile corp]\ncredential_process = {line}\n"));
    let (_, report) = report(&world);
    assert_eq!(state(&report, "aws-files"), "passed", "{report:#}");
    world.write(
        ".aws/credentials",
        "[corp]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = s3cr3t-0f-corp\n",
    );
    let connections = world.connections();
    finds(&world, "aws-files", "aws-profile-shadowed");
    assert_eq!(world.connections(), connections);
}
