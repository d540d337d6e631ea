//! One assertion for many roles: profiles that log in alike make one login, and a call of STS each.

use crate::harness::run::Running;
use crate::support::assertion::{Assertion, DEV, PROVIDER};
use crate::support::entries::Kept;
use crate::support::idp::{PASSWORD, Site, assertion_page, at_first};
use crate::support::sts::{Fault, Refusal};
use crate::world::{World, role_named};

/// The profiles `r00`, `r01`, …, each with a role of its own, besides `dev`.
fn many(count: usize) -> World {
    let names: Vec<String> = (0..count).map(|number| format!("r{number:02}")).collect();
    let arns: Vec<String> = names.iter().map(|name| role_named(name)).collect();
    let mut roles: Vec<String> = arns.iter().map(|arn| format!("{arn},{PROVIDER}")).collect();
    roles.push(format!("{DEV},{PROVIDER}"));
    let world = World::form(Site::with_login(Assertion { roles, ..Assertion::default() }));
    for arn in &arns {
        world.sts.role(arn, 43200);
    }
    names.iter().zip(&arns).fold(world, |world, (name, arn)| {
        world.also(&format!("[profile.{name}]\ninclude = \"dev\"\nrole_arn = \"{arn}\"\n"))
    })
}

fn start(world: &World, number: usize) -> Running {
    Running::start(world.command(env!("CARGO_BIN_EXE_fedcred")).args(["get", &format!("r{number:02}")]))
}

/// How often somebody logged in.
fn logins(world: &World) -> usize {
    world.idp.lines().iter().filter(|line| *line == "POST /login").count()
}

/// Kept assertions.
fn kept(world: &World) -> usize {
    world.files().iter().filter(|path| path.to_string_lossy().ends_with(".saml.v3")).count()
}

#[test]
fn thirty_roles_are_one_login_and_thirty_calls() {
    let world = many(29);
    let run = world.run(&["refresh", "--all", "--json"]);
    assert_eq!((run.status, run.stdout.lines().count()), (Some(0), 30), "{}", run.stderr);
    let mut asked = world.sts.roles_asked();
    asked.sort();
    asked.dedup();
    assert_eq!((logins(&world), world.sts.calls().len(), asked.len()), (1, 30, 30));
    assert_eq!(kept(&world), 1);
}

#[test]
fn roles_that_are_asked_for_at_the_same_time_share_the_login() {
    let world = many(8).set("deadline", "55s");
    let running: Vec<_> = (0..8).map(|number| start(&world, number)).collect();
    let keys: Vec<_> = running.into_iter().map(|run| world.end(run).succeeds()["AccessKeyId"].clone()).collect();
    assert!((1..8).all(|at| !keys[..at].contains(&keys[at])), "each has its own credentials");
    assert_eq!((logins(&world), world.sts.calls().len()), (1, 8));
}

#[test]
fn profiles_that_are_due_are_all_renewed_by_one_login() {
    let world = many(5);
    assert_eq!(world.run(&["refresh", "--all"]).status, Some(0));
    Kept::all(&world.files()).iter().for_each(|entry| entry.age(50));
    let run = world.run(&["refresh", "--all", "--json"]);
    assert_eq!(run.stdout.matches("\"refreshed\"").count(), 6, "{}", run.stdout);
    assert_eq!((logins(&world), world.sts.calls().len()), (2, 12));
}

#[test]
fn whoever_logs_in_otherwise_gets_an_assertion_of_their_own() {
    // A setting of one more profile, and whether it changes the assertion.
    let table = [
        ("role_arn = \"arn:aws:iam::111122223333:role/path/Admin\"", false),
        ("duration = \"15m\"", false),
        ("saml.username = \"bob\"", true),
        ("saml.headers.X-Team = \"data\"", true),
        ("saml.user_agent = \"other\"", true),
        ("saml.xpath = \"//input[@name='SAMLResponse'][1]/@value\"", true),
        ("saml.username_field = \"username\"", true),
    ];
    for (line, is_another) in table {
        let lines = format!("[profile.other]\ninclude = \"dev\"\n{line}\n");
        let world = World::form(Site::with_login(Assertion::default())).also(&lines);
        world.get().succeeds();
        world.run(&["get", "other"]);
        assert_eq!(logins(&world), 1 + usize::from(is_another), "{line}");
    }
}

#[test]
fn force_and_login_log_in_anew_and_logout_forgets_the_assertion() {
    let world = many(2);
    world.get().succeeds();
    world.run(&["get", "r00"]).succeeds();
    assert_eq!(logins(&world), 1);
    world.run(&["get", "r00", "--force"]).succeeds();
    assert_eq!(logins(&world), 2, "--force takes nothing from before");
    assert_eq!(world.run(&["login", "r01", "--use-stored"]).status, Some(0));
    assert_eq!(logins(&world), 3, "who logs in by hand wants to know whether it works");
    assert_eq!(world.run(&["logout", "r00"]).status, Some(0));
    assert_eq!(kept(&world), 0);
    world.run(&["get", "r00"]).succeeds();
    assert_eq!((logins(&world), kept(&world)), (4, 1));
    assert_eq!(world.run(&["logout", "--all"]).status, Some(0));
    assert_eq!(kept(&world), 0);
}

#[test]
fn nothing_is_kept_where_nothing_may_be() {
    for flags in [&["--no-cache"][..], &[]] {
        let world = many(1);
        let world = if flags.is_empty() { world.also("[cache]\nstore = \"none\"") } else { world };
        world.run(&[&["get", "dev"], flags].concat()).succeeds();
        world.run(&[&["get", "r00"], flags].concat()).succeeds();
        assert_eq!((logins(&world), kept(&world)), (2, 0), "{flags:?}");
    }
}

#[test]
fn an_assertion_from_before_a_role_was_granted_costs_one_more_login() {
    let site = Site::new().get(
        "/sso",
        at_first(
            1,
            assertion_page(Assertion::offering(&[&format!("{DEV},{PROVIDER}")])),
            assertion_page(Assertion::default()),
        ),
    );
    let world = World::open(site)
        .also("[profile.admin]\ninclude = \"dev\"\nrole_arn = \"arn:aws:iam::111122223333:role/path/Admin\"\n");
    world.get().succeeds();
    world.run(&["get", "admin"]).succeeds();
    assert_eq!((world.idp.lines().len(), world.sts.calls().len()), (2, 2));
}

#[test]
fn an_assertion_that_sts_takes_no_more_costs_one_more_login_and_a_denied_role_none() {
    let expired = Refusal::new(400, "ExpiredTokenException", "Token must be redeemed within 5 minutes of issuance");
    let denied = Refusal::new(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML");
    for (refusal, code, more) in [(expired, None, 1), (denied, Some("sts-access-denied"), 0)] {
        let world = many(1);
        world.get().succeeds();
        world.sts.fail(1, Fault::Refuse(refusal));
        let run = world.run(&["get", "r00"]);
        match code {
            None => drop(run.succeeds()),
            Some(code) => drop(run.fails_as(code)),
        }
        assert_eq!(logins(&world), 1 + more);
    }
}

#[test]
fn a_wrong_password_does_not_end_what_the_right_one_brought() {
    let world = many(1);
    world.get().succeeds();
    let world = world.env("IDP_PASSWORD", "wrong-password").secret("wrong-password").secret(PASSWORD);
    world.run(&["get", "r00"]).succeeds();
    assert_eq!(logins(&world), 1, "no password is needed while the assertion lives");
}
