//! Roles on top of other credentials: what each link costs, what it asks for, and whose credentials it takes.

use serde_json::json;

#[cfg(unix)]
use crate::background::{Background, eventually};
#[cfg(unix)]
use crate::client::Client;
use crate::support::assertion::{ADMIN, Assertion};
use crate::support::entries::Kept;
use crate::support::idp::Site;
use crate::support::reply::Reply;
use crate::support::server::{Request, Server};
use crate::support::sts::chain::{LONG_TERM_KEY, METADATA_TOKEN};
use crate::support::token::token;
use crate::world::{World, role_named};

fn nobody() -> Server {
    Site::new().start().unwrap()
}

/// A web identity `dev`, and `one` on it, `two` on `one`, `three` on `two`.
fn chain_of_three() -> World {
    let world = World::beside(nobody());
    let file = world.given("token", &token());
    world
        .set("web_identity.source", "file")
        .set("web_identity.token_file", file.to_str())
        .role_on("dev", "one", "")
        .role_on("one", "two", "")
        .role_on("two", "three", "")
}

/// A role on long-term keys of the environment.
fn on_keys() -> World {
    World::beside(nobody())
        .set("role_arn", ADMIN)
        .set("assume_role.credential_source", "environment")
        .env("AWS_ACCESS_KEY_ID", LONG_TERM_KEY.0)
        .env("AWS_SECRET_ACCESS_KEY", LONG_TERM_KEY.1)
}

#[test]
fn a_chain_of_three_roles_costs_four_calls_cold_none_warm_and_one_for_its_last_link() {
    let world = chain_of_three();
    let first = world.get_profile("three", &[]).succeeds();
    assert_eq!(world.sts.roles_asked(), ["Dev", "one", "two", "three"]);
    let connections = world.connections();
    assert_eq!(world.get_profile("three", &[]).succeeds(), first);
    assert_eq!(world.connections(), connections);

    let world = chain_of_three();
    world.get_profile("two", &[]).succeeds();
    let below = world.files();
    let last = world.get_profile("three", &[]).succeeds();
    Kept::all(&world.files()).into_iter().find(|kept| !below.contains(&kept.path)).expect("its entry").age(61);
    assert_ne!(world.get_profile("three", &[]).succeeds(), last);
    assert_eq!(world.sts.roles_asked(), ["Dev", "one", "two", "three", "three"]);
}

#[test]
fn each_link_is_signed_with_the_credentials_of_the_one_below() {
    let world = chain_of_three();
    world.get_profile("three", &[]).succeeds();
    let (journal, issued) = (world.sts.server().journal(), world.sts.issued());
    assert_eq!(journal[0].header("authorization"), None);
    for (request, below) in journal[1..].iter().zip(&issued) {
        assert!(request.header("authorization").unwrap().contains(&format!("Credential={}/", below.access_key_id)));
        assert_eq!(request.header("x-amz-security-token"), Some(below.session_token.as_str()));
    }
}

#[test]
fn ten_roles_over_one_login_cost_one_login() {
    let names: Vec<String> = (0..10).map(|n| format!("role{n}")).collect();
    let world = World::form(Site::with_login(Assertion::default()));
    let world = names.iter().fold(world, |world, name| world.role_on("dev", name, ""));
    for name in &names {
        world.get_profile(name, &[]).succeeds();
    }
    assert_eq!(world.idp.lines(), ["GET /sso", "GET /login", "POST /login"]);
    assert_eq!(world.sts.calls().len(), 11);
}

#[test]
fn force_asks_for_the_whole_chain_anew() {
    let world = chain_of_three();
    world.get_profile("one", &[]).succeeds();
    world.get_profile("one", &["--force"]).succeeds();
    assert_eq!(world.sts.roles_asked(), ["Dev", "one", "Dev", "one"]);
}

#[test]
fn everything_of_the_table_is_sent() {
    let lines = "assume_role.external_id = \"ext/1\"\nassume_role.tags = { team = \"data\", cost = \"1 2\" }\n\
        assume_role.transitive_tag_keys = [\"team\"]\nassume_role.source_identity = \"alice\"\nassume_role.role_session_name = \"{user}-{profile}\"";
    let world =
        World::open(Site::without_login(Assertion::default())).role_on("dev", "top", lines).env("USER", "alice");
    world.sts.demand_external_id("ext/1");
    world.get_profile("top", &[]).succeeds();
    let call = &world.sts.calls()[1];
    for (name, value) in [
        ("Action", "AssumeRole"),
        ("ExternalId", "ext/1"),
        ("Tags.member.1.Key", "cost"),
        ("Tags.member.1.Value", "1 2"),
        ("Tags.member.2.Key", "team"),
        ("TransitiveTagKeys.member.1", "team"),
        ("SourceIdentity", "alice"),
        ("RoleSessionName", "alice-top"),
    ] {
        assert_eq!(call.get(name).map(String::as_str), Some(value), "{name}");
    }
}

#[test]
fn a_wrong_external_id_is_refused_with_a_word_about_it() {
    let world = World::open(Site::without_login(Assertion::default())).role_on(
        "dev",
        "top",
        "assume_role.external_id = \"wrong\"",
    );
    world.sts.demand_external_id("right");
    world.get_profile("top", &[]).fails_as("sts-access-denied").saying("external_id");
}

#[test]
fn a_session_on_temporary_credentials_is_cut_to_an_hour_before_sts_refuses_it() {
    let world = World::open(Site::without_login(Assertion::default())).role_on("dev", "top", "duration = \"12h\"");
    world.get_profile("top", &[]).succeeds();
    assert_eq!(world.sts.calls()[1]["DurationSeconds"], "3600");
    let log = std::fs::read_to_string(world.path("fedcred.log")).unwrap();
    assert!(log.contains("`duration` is cut to 1h"), "{log}");
}

#[test]
fn long_term_keys_keep_their_twelve_hours() {
    let world = on_keys().set("duration", "12h").env("USER", "alice");
    world.get().succeeds();
    let call = &world.sts.calls()[0];
    assert_eq!((call["DurationSeconds"].as_str(), call["RoleSessionName"].as_str()), ("43200", "alice"));
    assert_eq!(world.sts.server().journal()[0].header("x-amz-security-token"), None);
}

#[test]
fn the_environment_is_asked_only_when_it_is_named() {
    let world = on_keys().env("AWS_SECRET_ACCESS_KEY", "");
    world.get().fails_as("no-aws-credentials").saying("AWS_SECRET_ACCESS_KEY");
    assert_eq!(world.sts.server().connections(), 0);
    let world = on_keys();
    let first = world.get().succeeds();
    assert_eq!(world.get().succeeds(), first, "kept");
    let world = world.env("AWS_ACCESS_KEY_ID", "AKIAOTHERKEY");
    world.get().fails_as("no-aws-credentials").saying("AKIAOTHERKEY");
}

#[test]
fn an_aws_profile_is_read_from_awss_own_files() {
    let world = World::beside(nobody()).set("assume_role.aws_profile", "corp");
    let (id, secret) = LONG_TERM_KEY;
    let keys =
        world.given("credentials", &format!("[corp]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n"));
    let world = world.env("AWS_SHARED_CREDENTIALS_FILE", keys.to_str().unwrap());
    let first = world.get().succeeds();
    assert_eq!(world.get().succeeds(), first, "kept");
    world.given("credentials", "[corp]\naws_access_key_id = AKIAOTHERKEY\naws_secret_access_key = x\n");
    world.get().fails_as("no-aws-credentials").saying("AKIAOTHERKEY");
    world.given("credentials", "[other]\naws_access_key_id = AKIAOTHERKEY\n");
    world.get().fails_as("no-aws-credentials").saying("corp");
}

#[test]
#[cfg(unix)]
fn an_aws_profiles_process_is_run_and_knows_who_waits() {
    let world = World::beside(nobody()).set("assume_role.aws_profile", "corp");
    let (id, secret) = LONG_TERM_KEY;
    let printed = json!({ "Version": 1, "AccessKeyId": id, "SecretAccessKey": secret }).to_string();
    let printed = world.given("printed", &printed);
    let marker = world.path("waiting");
    let process = format!("env | grep FEDCRED_WAITING > {}; cat {}", marker.display(), printed.display());
    let config = world.write("aws-config", &format!("[profile corp]\ncredential_process = {process}\n"));
    let world = world.env("AWS_CONFIG_FILE", config.to_str().unwrap());
    world.get().succeeds();
    assert_eq!(std::fs::read_to_string(marker).unwrap(), "FEDCRED_WAITING_PROFILES=646576\n", "dev, in hexadecimal");
}

/// A program that clears the environment.
#[cfg(target_os = "linux")]
const BARE: &str = "env -i HOME=\"$HOME\" AWS_CONFIG_FILE=\"$AWS_CONFIG_FILE\" FEDCRED_CONFIG=\"$FEDCRED_CONFIG\"";

/// `dev` and `other` stand on AWS profiles `corp` and `corp2`, whose programs ask fedcred again.
#[cfg(unix)]
fn loops() -> Vec<(World, &'static str)> {
    let fedcred = env!("CARGO_BIN_EXE_fedcred");
    let words = format!("{fedcred} get dev 2>&1 | sed 's/^/Error when retrieving credentials: /' >&2; exit 255");
    let table = [
        (format!("{fedcred} get dev"), "\"dev\" waits for itself"),
        (format!("{fedcred} exec dev -- cat printed"), "\"dev\" waits for itself"),
        (format!("{fedcred} exec --env keys -- {fedcred} get dev"), "\"dev\" waits for itself"),
        // By way of a program with words of its own, as the AWS CLI is, and of another profile.
        (words, "\"dev\" waits for itself"),
        (format!("{fedcred} get other"), "\"dev\" waits for itself"),
        (format!("{fedcred} get two"), "\"two\" waits for itself"),
        // Without the mark: the lock's holder is above who asks for the lock.
        #[cfg(target_os = "linux")]
        (format!("{BARE} {fedcred} get dev"), "waits for this one"),
        #[cfg(target_os = "linux")]
        (format!("{BARE} {fedcred} get --no-cache dev"), "waits for this one"),
        // Without a lock either.
        #[cfg(target_os = "linux")]
        (
            format!("{BARE} FEDCRED_CACHE_DIR=/proc/none TMPDIR=/proc/none {fedcred} get dev"),
            "8 parent processes of fedcred wait for this one",
        ),
    ];
    let worlds = table.map(|(process, expected)| {
        let world = World::beside(nobody()).set("assume_role.aws_profile", "corp");
        let config = format!(
            "[profile corp]\ncredential_process = {process}\n\
             [profile corp2]\ncredential_process = {fedcred} get dev\n\
             [profile corp3]\nrole_arn = {ADMIN}\nsource_profile = corp4\n[profile corp4]\ncredential_process = {fedcred} get two\n"
        );
        let config = world.write("aws-config", &config);
        let on = |name: &str, aws_profile: &str| {
            format!("[profile.{name}]\nrole_arn = \"{ADMIN}\"\nregion = \"eu-west-1\"\nassume_role.aws_profile = \"{aws_profile}\"\n")
        };
        let keys = format!(
            "[profile.keys]\nassume_role.credential_source = \"environment\"\nrole_arn = \"{ADMIN}\"\nregion = \"eu-west-1\"\nsts_endpoint_url = \"{}\"\n",
            world.sts.server().origin()
        );
        let world = world.also(&keys).also(&on("other", "corp2")).also(&on("two", "corp3"));
        let world = world.env("AWS_ACCESS_KEY_ID", LONG_TERM_KEY.0).env("AWS_SECRET_ACCESS_KEY", LONG_TERM_KEY.1);
        (world.env("AWS_CONFIG_FILE", config.to_str().unwrap()), expected)
    });
    worlds.into()
}

#[test]
#[cfg(unix)]
fn profiles_that_wait_for_each_other_end_with_the_true_reason() {
    for (world, expected) in loops() {
        world.get().fails_as("calls-itself").saying(expected).saying("`source_profile`");
        let run = world.run(&["exec", "dev", "--", "touch", "ran"]);
        run.saying(expected);
        assert!(run.stderr.starts_with("error[calls-itself]: "), "{}", run.stderr);
        assert_eq!((run.status, world.path("ran").exists()), (Some(125), false), "{}", run.stderr);
    }
}

#[test]
#[cfg(unix)]
fn an_endpoint_tells_of_a_loop_as_such() {
    let (world, expected) = loops().swap_remove(4);
    let mut run = Background::start(world.command(env!("CARGO_BIN_EXE_fedcred")).args(["serve", "dev"]));
    let client = Client::of(&[run.line(), run.line(), run.line()].concat());
    eventually("the login has failed", || !client.ask().body.contains("\"timeout\""));
    let answer = client.ask();
    let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((answer.status, body["code"].as_str()), (503, Some("calls-itself")), "{body}");
    assert!(body["message"].as_str().unwrap().contains(expected), "{body}");
}

/// What a metadata service hands out.
fn temporary_keys() -> Reply {
    let keys = json!({
        "Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": LONG_TERM_KEY.0, "SecretAccessKey": LONG_TERM_KEY.1,
        "Token": METADATA_TOKEN, "Expiration": "2999-01-01T00:00:00Z",
    });
    Reply::new(200, "application/json", keys.to_string())
}

#[test]
fn a_stub_of_the_instance_metadata_service_is_asked_by_its_second_version_only() {
    let server = Server::start(None, |request: &Request| {
        let with_session = request.header("x-aws-ec2-metadata-token") == Some("imds-session");
        match (request.line().as_str(), with_session) {
            ("PUT /latest/api/token", _) => {
                assert!(request.header("x-aws-ec2-metadata-token-ttl-seconds").is_some());
                Reply::new(200, "text/plain", "imds-session").with("x-aws-ec2-metadata-token-ttl-seconds", "21600")
            }
            ("GET /latest/meta-data/iam/security-credentials/", true) => Reply::new(200, "text/plain", "instance-role"),
            ("GET /latest/meta-data/iam/security-credentials/instance-role", true) => temporary_keys(),
            ("GET /latest/meta-data/iam/security-credentials-extended/", true) => Reply::status(404),
            _ => Reply::status(401),
        }
    });
    let world = World::beside(server.unwrap()).set("assume_role.credential_source", "instance");
    let endpoint = world.idp.origin().to_string();
    // A proxy is not a neighbour of a metadata service.
    let world = world.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint).env("HTTP_PROXY", "http://127.0.0.1:1");
    let world = world.set("role_arn", ADMIN).set("duration", "2h").secret(METADATA_TOKEN).secret("imds-session");
    let first = world.get().succeeds();
    assert_eq!(world.sts.calls()[0]["DurationSeconds"], "3600", "temporary ones, too");
    assert_eq!(world.idp.lines()[0], "PUT /latest/api/token");
    let asked = world.idp.connections();
    assert_eq!(world.get().succeeds(), first);
    assert_eq!(world.idp.connections(), asked);
}

#[test]
fn a_stub_of_the_container_endpoint_is_asked_where_the_environment_says() {
    let site = Site::new().get("/credentials", |request: &Request| match request.header("authorization") {
        Some("container-token") => temporary_keys(),
        _ => Reply::status(401),
    });
    let world = World::beside(site.start().unwrap()).set("assume_role.credential_source", "container");
    world.get().fails_as("no-aws-credentials").saying("AWS_CONTAINER_CREDENTIALS");
    let url = world.idp.url("/credentials");
    let world = world.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", url).secret("container-token");
    world.env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "container-token").get().succeeds();
}

#[test]
fn a_metadata_service_that_is_not_there_is_left_quickly() {
    let world = World::beside(nobody()).set("assume_role.credential_source", "instance");
    let world = world.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1");
    let run = world.get();
    run.fails_as("connect").saying("EC2 instance");
}

#[test]
fn a_circle_is_an_error_of_the_configuration() {
    let world = World::beside(nobody()).role_on("two", "one", "").role_on("one", "two", "");
    world.get_profile("one", &[]).fails_as("conflicting-keys").saying("one → two → one");
}

#[test]
fn a_fault_below_is_told_as_it_is() {
    let world = World::open(Site::without_login(Assertion::denied("AuthnFailed"))).role_on("dev", "top", "");
    world.get_profile("top", &[]).fails_as("idp-denied-claim").saying("\"top\" is based on \"dev\"");
    assert!(!world.sts.roles_asked().contains(&"top".to_string()), "{}", role_named("top"));
}
