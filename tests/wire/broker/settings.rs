//! Which settings a result depends on: changing one of them is a miss, changing any other a hit.

use serde_json::{Value, json};

use crate::support::assertion::{ADMIN, Assertion};
use crate::support::idp::Site;
use crate::world::World;

/// A world with a result in its cache.
fn world() -> (World, Value) {
    let world = World::form(Site::with_login(Assertion::default()));
    let first = world.get().succeeds();
    (world, first)
}

#[test]
fn changing_any_setting_that_matters_is_a_miss() {
    let changes = [
        ("role_arn", json!(ADMIN)),
        ("region", json!("eu-central-1")),
        ("sts_endpoint_url", json!("http://127.0.0.1:9/")),
        ("duration", json!("30m")),
        ("policy", json!("{\"Version\":\"2012-10-17\",\"Statement\":[]}")),
        ("policy_arns", json!(["arn:aws:iam::aws:policy/ReadOnlyAccess"])),
        ("saml.principal_arn", json!("arn:aws:iam::111122223333:saml-provider/other")),
        ("saml.idp_url", json!("http://127.0.0.1:9/sso")),
        ("saml.username", json!("bob")),
        ("saml.username_field", json!("username")),
        ("saml.password_field", json!("password")),
        ("saml.xpath", json!("//input[@name='SAMLResponse'][1]/@value")),
        ("saml.parser", json!("xml")),
        ("saml.ca_bundle", json!("/nowhere.pem")),
        ("saml.proxy", json!("http://127.0.0.1:9")),
        ("saml.verify", json!(false)),
        ("saml.allow_http", json!(true)),
        ("saml.idp_origins", json!(["https://sso.example.test"])),
        ("saml.headers", json!(["x"])),
        ("saml.user_agent", json!("Mozilla/5.0")),
    ];
    for (key, value) in changes {
        let (world, first) = world();
        let world = match key {
            "saml.headers" => world.set("saml.headers.X-Tenant", "2"),
            key => world.set(key, value),
        };
        let run = world.get();
        assert_ne!(run.status, Some(78), "{key}: {}", run.stderr);
        assert_ne!(run.stdout.trim_end(), first.to_string(), "{key}");
        assert!(!run.stdout.contains(first["AccessKeyId"].as_str().unwrap()), "{key}");
    }
}

#[test]
fn changing_a_variable_that_matters_is_a_miss() {
    let changes = [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9/"),
        ("AWS_USE_FIPS_ENDPOINT", "true"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "true"),
        ("AWS_CA_BUNDLE", "/nowhere.pem"),
    ];
    for (name, value) in changes {
        let (world, first) = world();
        let run = world.env(name, value).get();
        assert!(!run.stdout.contains(first["AccessKeyId"].as_str().unwrap()), "{name}");
    }
}

#[test]
fn changing_what_cannot_change_the_result_is_a_hit() {
    let changes = [
        ("deadline", json!("19s")),
        ("saml.timeout", json!("9s")),
        ("saml.retry.total", json!(1)),
        ("saml.retry.backoff_factor", json!(0.02)),
        ("saml.retry.backoff_max", json!("1s")),
        ("saml.retry.status_forcelist", json!([503])),
        ("saml.retry.respect_retry_after", json!(false)),
        ("saml.password.env", json!("NOT_SET_ANYWHERE")),
    ];
    let (mut world, first) = world();
    for (key, value) in changes {
        world = world.set(key, value);
        assert_eq!(world.get().succeeds(), first, "{key}");
    }
    let log = world.path("another.log");
    let world = world
        .env("FEDCRED_LOG", log.to_str().unwrap())
        .env("AWS_PROFILE", "another")
        .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        .also("[profile.other]\ninclude = \"dev\"\n");
    assert_eq!(world.get().succeeds(), first, "the log, ambient keys, another profile");
    // Credentials are not withheld for the sake of a log: no directory, no right to it, nobody's file, a pipe.
    world.write("open.log", "");
    #[cfg(unix)]
    std::fs::set_permissions(world.path("open.log"), std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let logs = ["no/such/directory/log", "", "open.log"];
    for log in &logs[..if cfg!(unix) { 3 } else { 2 }] {
        let log = world.path(log);
        let run = world.run(&["get", "dev", "--log-file", log.to_str().unwrap()]);
        assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""), "{}", log.display());
        assert_eq!(serde_json::from_str::<Value>(&run.stdout).unwrap(), first);
        let told = world.run(&["status", "--log-file", log.to_str().unwrap()]).stderr;
        assert!(told.starts_with("warning: ") && told.contains("the log file"), "{told}");
        assert!(
            world.run(&["-v", "get", "dev", "--log-file", log.to_str().unwrap()]).stderr.contains("no log is written")
        );
    }
    for verbose in ["-v", "-vv"] {
        let run = world.run(&[verbose, "get", "dev"]);
        assert_eq!(serde_json::from_str::<Value>(&run.stdout).unwrap(), first, "{verbose}");
    }
    assert_eq!(world.sts.calls().len(), 1);
}
