//! Nobody is locked out: a refused secret is not sent again, and one without a verdict only once more.

use std::fs;

use super::{end, password_check, posts, remembered_ago, site, until};
use crate::harness::run::{Run, Running};
use crate::support::assertion::{ADMIN, Assertion, DEV};
use crate::support::idp::{PASSWORD, Site, assertion_page, at_first, login_page, password_check as check};
use crate::support::reply::Reply;
use crate::support::sts::{Fault, Refusal};
use crate::world::World;

/// The password comes from a file outside of what the leak check looks at.
fn with_password_file(site: Site, password: &str) -> (World, tempfile::TempDir) {
    let vault = tempfile::tempdir().unwrap();
    write(&vault, password);
    let world = World::form(site).unset("saml.password.env");
    let world = world.set("saml.password.file", vault.path().join("password").to_str().unwrap());
    (world.secret("wrong-password"), vault)
}

fn write(vault: &tempfile::TempDir, password: &str) {
    let path = vault.path().join("password");
    fs::write(&path, password).unwrap();
    #[cfg(unix)]
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

#[test]
fn fifty_calls_with_a_wrong_password_send_it_once_and_a_changed_one_goes_on() {
    let (world, vault) = with_password_file(site(password_check()), "wrong-password");
    world.get().fails_as("idp-rejected");
    // A refusal is told in its own words for half a minute, which these calls may outlast.
    let is_told =
        |run: &Run| assert!(["idp-rejected", "secret-refused-before"].contains(&run.fails()), "{}", run.stderr);
    (1..50).for_each(|_| is_told(&world.get()));
    is_told(&world.get_with(&["--force"]));
    is_told(&world.get_with(&["--no-cache"]));
    assert_eq!((posts(&world), world.idp.lines().len()), (1, 3), "not even the form was asked for again");
    write(&vault, PASSWORD);
    world.get().succeeds();
    assert_eq!(posts(&world), 2);
}

#[test]
fn ten_profiles_over_one_password_share_its_refusal() {
    let mut world = World::form(site(password_check()))
        .env("IDP_PASSWORD", "wrong-password")
        .secret("wrong-password")
        .set("deadline", "50s");
    let names: Vec<String> = (0..10).map(|number| format!("p{number}")).collect();
    for (name, role) in names.iter().zip([DEV, ADMIN].iter().cycle()) {
        let duration = 900 + name.as_bytes()[1] as u32;
        let toml = format!("[profile.{name}]\ninclude = \"dev\"\nrole_arn = \"{role}\"\nduration = {duration}\n");
        world = world.also(&toml);
    }
    let start = |name: &String| Running::start(world.command(env!("CARGO_BIN_EXE_fedcred")).args(["get", name]));
    let crowd = names.iter().map(start).collect();
    for run in end(&world, crowd) {
        run.fails_as("idp-rejected");
    }
    assert_eq!(posts(&world), 1);
}

#[test]
fn what_sts_denies_to_one_role_does_not_stop_another() {
    let world = World::form(Site::with_login(Assertion::default()))
        .also(&format!("[profile.admin]\ninclude = \"dev\"\nrole_arn = \"{ADMIN}\"\n"));
    // Enough in a row for a back-off that is longer than a slow machine takes for the next login.
    let denied = 7;
    world.sts.fail(denied, Fault::Refuse(Refusal::new(403, "AccessDenied", "Not authorized to assume this role")));
    for _ in 0..denied {
        world.get_with(&["--force"]).fails_as("sts-access-denied");
    }
    world.run(&["get", "admin"]).succeeds();
    let (logins, calls) = (posts(&world), world.sts.calls().len());
    world.get().fails_as("sts-access-denied").saying("the next attempt is allowed from");
    assert_eq!((posts(&world), world.sts.calls().len()), (logins, calls), "held back, whatever the other got");
}

#[test]
fn an_attempt_without_an_answer_allows_one_more_and_then_one_an_hour() {
    let tarpit = check(login_page("/login"), Reply::Silence);
    let world = World::form(site(tarpit)).set("deadline", "2s").set("saml.timeout", "1s");
    for _ in 0..2 {
        world.get_with(&["--force"]).fails_as("timeout");
    }
    let asked = world.connections();
    for flags in [&[][..], &["--force"], &["--no-cache"]] {
        let run = world.get_with(flags);
        run.fails_as("secret-without-verdict")
            .saying("sent 2 times without a verdict")
            .saying("is not sent again before");
        run.saying("the last time, 2").saying("fedcred login --use-stored dev");
    }
    assert_eq!((posts(&world), world.connections()), (2, asked));
    for hour in 1..=2 {
        remembered_ago(&world, 59);
        world.get().fails_as("secret-without-verdict");
        remembered_ago(&world, 2);
        world.get().fails_as("timeout");
        world.get().fails_as("secret-without-verdict");
        assert_eq!(posts(&world), 2 + hour);
    }
}

#[test]
fn who_is_killed_at_the_post_has_used_up_an_attempt() {
    let world = World::form(site(Reply::Silence));
    for attempt in 1..=2 {
        let mut running = world.start(&[]);
        until("it has posted", || posts(&world) == attempt);
        running.kill();
        world.end(running);
    }
    world.get().fails_as("secret-without-verdict").saying("ended before its result was known");
    assert_eq!(posts(&world), 2);
}

#[test]
fn who_is_killed_between_writing_and_sending_has_used_up_an_attempt() {
    // It takes connections and never says a word: the attempt is written down, and no TLS comes about to carry the secret.
    let blackhole = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/sso", blackhole.local_addr().unwrap());
    let form = World::form(Site::new()).set("saml.auth", "basic").set("saml.idp_url", url.as_str());
    let world = form.set("saml.verify", false).set("deadline", "50s");
    for _ in 0..2 {
        let mut running = world.start(&["--force"]);
        let connection = blackhole.accept().unwrap();
        running.kill();
        world.end(running);
        drop(connection);
    }
    let told = world.get_with(&["--force"]);
    told.fails_as("secret-without-verdict").saying("sent 2 times").saying("ended before its result was known");
    // A clock that is set back by more than it can be wrong may cost one more, which is dated anew.
    remembered_ago(&world, -180);
    let mut running = world.start(&["--force"]);
    let connection = blackhole.accept().unwrap();
    running.kill();
    world.end(running);
    drop(connection);
    world.get_with(&["--force"]).fails_as("secret-without-verdict").saying("sent 3 times");
    // And one that is set forward does not make it an hour later for ever.
    remembered_ago(&world, 59);
    world.get_with(&["--force"]).fails_as("secret-without-verdict");
}

#[test]
fn a_secret_that_reached_nobody_does_not_count() {
    // It takes connections and never says a word: no TLS comes about, so nothing is sent.
    let blackhole = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = format!("https://{}/sso", blackhole.local_addr().unwrap());
    let gone = Site::new().start().unwrap().url("/sso");
    for (idp_url, code) in [(silent.as_str(), "timeout"), (&gone, "connect")] {
        let (password, vault) = with_password_file(Site::new(), PASSWORD);
        let basic = password.set("saml.auth", "basic").set("saml.verify", false);
        write(&vault, PASSWORD);
        let keytab = World::at(Site::new().start().unwrap(), "spnego").set("saml.principal", "alice@EXAMPLE.TEST");
        let path = keytab.write("keytab", "as good as any: nobody is asked");
        for world in [basic, keytab.set("saml.keytab", path.to_str().unwrap())] {
            let world = world.set("saml.idp_url", idp_url).set("deadline", "2s").set("saml.retry.total", 0);
            for _ in 0..4 {
                world.get_with(&["--force"]).fails_as(code);
            }
        }
    }
}

#[test]
fn an_answer_that_is_no_verdict_may_have_counted_and_a_right_password_goes_on_when_the_idp_is_well() {
    let page = assertion_page(Assertion::default());
    let world = World::form(site(check(login_page("/login"), at_first(3, Reply::status(500), page))));
    for _ in 0..2 {
        world.get_with(&["--force"]).fails_as("http-5xx");
    }
    world.get_with(&["--force"]).fails_as("secret-without-verdict");
    remembered_ago(&world, 61);
    world.get_with(&["--force"]).fails_as("http-5xx");
    assert_eq!(posts(&world), 3);
    remembered_ago(&world, 61);
    world.get_with(&["--force"]).succeeds();
    world.get_with(&["--force"]).succeeds();
}

#[test]
fn without_a_cache_a_refusal_is_remembered_all_the_same() {
    let world = World::form(site(password_check()))
        .env("IDP_PASSWORD", "wrong-password")
        .secret("wrong-password")
        .also("[cache]\nstore = \"none\"\n");
    for _ in 0..5 {
        world.get().fails_as("idp-rejected");
    }
    assert_eq!(posts(&world), 1);
}
