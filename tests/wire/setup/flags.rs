//! `setup` with flags alone: what it finds out, what it writes, and that it writes nothing before it works.

use std::fs;

use crate::harness::run::Run;
use crate::support::assertion::{AWS_ACS, Assertion, DEV, PROVIDER};
use crate::support::idp::{PASSWORD, Site, USER, authorization_check};
use crate::support::pages;
use crate::support::reply::Reply;
use crate::support::tls::Authority;
use crate::world::World;

pub const CONFIG: &str = ".config/fedcred/config.toml";

/// A world whose configuration is what setup writes.
pub fn world(site: Site) -> World {
    let world = World::open(site);
    let sts = world.sts.server().origin().to_string();
    world.env("AWS_ENDPOINT_URL_STS", sts).env("IDP_PASSWORD", PASSWORD).env("XDG_CONFIG_HOME", "")
}

fn setup(world: &World, flags: &[&str]) -> Run {
    setup_as(world, "corp", flags)
}

pub fn setup_as(world: &World, name: &str, flags: &[&str]) -> Run {
    let idp_url = world.idp.url("/sso");
    run(world, &[&["setup", name, "--yes", "--idp-url", &idp_url][..], flags].concat())
}

fn run(world: &World, arguments: &[&str]) -> Run {
    let run = Run::of(world.command(env!("CARGO_BIN_EXE_fedcred")).env_remove("FEDCRED_CONFIG").args(arguments));
    world.record(&run);
    run
}

/// `~/.aws/config`, with the program's name as elsewhere.
pub fn aws_config(world: &World) -> String {
    fs::read_to_string(world.path(".aws/config")).unwrap().replace("fedcred.exe", "fedcred")
}

pub fn written(world: &World) -> String {
    fs::read_to_string(world.path(CONFIG)).unwrap_or_default()
}

fn get(world: &World) -> Run {
    run(world, &["get", "corp"])
}

pub const FORM: [&str; 4] = ["--username", USER, "--password-env", "IDP_PASSWORD"];

#[test]
fn a_form_is_recognised_and_the_profile_that_is_written_works() {
    let world = world(Site::with_login(Assertion::default()));
    fs::create_dir(world.path(".aws")).unwrap();
    world.write(".aws/config", "# mine\n[profile other]\nregion = a\n");
    let run = setup(&world, &[&FORM[..], &["--role-arn", DEV, "--region", "eu-west-1"]].concat());
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""), "{}", run.stdout);
    for said in ["the page looks like a login page", "logging in by the form", "STS gives a session", "+[profile corp]"]
    {
        assert!(run.stdout.contains(said), "{said}: {}", run.stdout);
    }
    assert!(written(&world).contains("password = { env = \"IDP_PASSWORD\" }"), "{}", written(&world));
    get(&world).succeeds();

    let aws = aws_config(&world);
    assert!(aws.starts_with("# mine\n[profile other]\nregion = a\n\n[profile corp]\ncredential_process = "), "{aws}");
    assert!(aws.contains("fedcred get corp\nregion = eu-west-1\n"), "{aws}");
    let backups = world.files().iter().filter(|path| path.to_string_lossy().contains("config.before-fedcred-")).count();
    assert_eq!(backups, 1);
    setup(&world, &FORM).fails_as("conflicting-keys").saying("choose another name");
}

#[test]
fn an_idp_that_asks_nothing_and_one_that_asks_for_basic_are_told_apart() {
    let one_role = || Assertion::offering(&[&format!("{DEV},{PROVIDER}")]);
    let world = world(Site::without_login(one_role()));
    let run = setup(&world, &["--no-aws-config"]);
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert!(run.stdout.contains("an assertion without a login"), "{}", run.stdout);
    assert!(!world.path(".aws/config").exists());
    assert!(written(&world).contains(&format!("role_arn = \"{DEV}\"")), "{}", written(&world));

    let basic = "Basic YWxpY2U6Y29yciZjdD1oK3JzZSAlNDEgImJhdHRlcnkiICdzdDxwbGU=";
    let page = crate::support::idp::assertion_page(one_role());
    let world = self::world(Site::new().get("/sso", authorization_check("Basic realm=\"x\"", basic, page)));
    let run = setup(&world, &[&FORM[..], &["--no-aws-config"]].concat());
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(written(&world).contains("auth = \"basic\""), "{}", written(&world));
    get(&world).succeeds();
}

#[test]
fn a_response_in_another_place_gets_its_xpath() {
    let page =
        pages::auto_submit(AWS_ACS, &[("Assertion", &Assertion::offering(&[&format!("{DEV},{PROVIDER}")]).base64())]);
    let world = world(Site::new().get("/sso", Reply::html(page)));
    let run = setup(&world, &["--auth", "none", "--no-aws-config"]);
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(written(&world).contains(r#"xpath = "//input[@name=\"Assertion\"]/@value""#), "{}", written(&world));
    get(&world).succeeds();
}

#[test]
fn what_does_not_work_is_not_written() {
    let site = || Site::with_login(Assertion::default());
    let several = world(site());
    setup(&several, &FORM).fails_as("role-not-chosen").saying("--role-arn ARN");
    let wrong = world(site()).env("IDP_PASSWORD", "wr0ng-one").secret("wr0ng-one");
    setup(&wrong, &FORM).fails_as("idp-rejected");
    let nobody = world(site());
    setup(&nobody, &["--username", USER]).fails_as("prompt-needed").saying("--password-env NAME");
    let gone = world(Site::new());
    setup(&gone, &[]).fails_as("http-unexpected");
    let role = world(site());
    setup(&role, &[&FORM[..], &["--role-arn", "arn:aws:iam::111122223333:role/Other"]].concat())
        .fails_as("role-not-offered");
    let shadowed = world(site());
    fs::create_dir(shadowed.path(".aws")).unwrap();
    shadowed.write(".aws/credentials", "[corp]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n");
    setup(&shadowed, &[&FORM[..], &["--role-arn", DEV]].concat())
        .fails_as("aws-profile-shadowed")
        .saying("--aws-profile NAME");
    for world in [several, wrong, nobody, gone, role, shadowed] {
        assert_eq!(written(&world), "");
        assert!(!world.path(".aws/config").exists());
    }
}

#[test]
#[cfg_attr(windows, ignore = "wine's policy for TLS does not know addresses in certificates")]
fn a_certificate_of_ones_own_is_named_by_flag() {
    let authority = Authority::new();
    let site = Site::without_login(Assertion::offering(&[&format!("{DEV},{PROVIDER}")]));
    let world = World::at(site.start_tls(&authority).unwrap(), "none");
    let sts = world.sts.server().origin().to_string();
    let world = world.env("AWS_ENDPOINT_URL_STS", sts);
    setup(&world, &["--no-aws-config"]).fails_as("tls-untrusted").saying("--ca-bundle FILE");
    let bundle = world.write("ca.pem", &authority.pem());
    let run = setup(&world, &["--no-aws-config", "--ca-bundle", bundle.to_str().unwrap()]);
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    get(&world).succeeds();
}

#[test]
fn all_roles_get_a_profile_each_by_one_login() {
    let world = world(Site::with_login(Assertion::default()));
    fs::create_dir(world.path(".aws")).unwrap();
    let run = setup(&world, &[&FORM[..], &["--all-roles", "--region", "eu-west-1"]].concat());
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    let aws = aws_config(&world);
    for name in ["corp", "corp-Admin"] {
        assert!(aws.contains(&format!("[profile {name}]\ncredential_process = ")), "{aws}");
        assert!(aws.contains(&format!("fedcred get {name}\nregion = eu-west-1\n")), "{aws}");
    }
    let lines = written(&world);
    assert!(lines.contains("[profile.corp-Admin]\ninclude = \"corp\"\n") && lines.contains("role/Dev"), "{lines}");
    let get = |name: &str| {
        let run =
            Run::of(world.command(env!("CARGO_BIN_EXE_fedcred")).env_remove("FEDCRED_CONFIG").args(["get", name]));
        world.record(&run);
        run.succeeds();
    };
    let logins = || world.idp.lines().iter().filter(|line| *line == "POST /login").count();
    let before = logins();
    get("corp");
    get("corp-Admin");
    // Where there is an AWS CLI, setup has asked by it, and that login is kept.
    assert!(logins() - before <= 1);
}

#[test]
fn a_pattern_that_gives_two_roles_one_name_writes_nothing() {
    let world = world(Site::with_login(Assertion::default()));
    setup(&world, &[&FORM[..], &["--no-aws-config", "--all-roles", "{profile}"]].concat())
        .fails_as("conflicting-keys")
        .saying("{account}");
    assert_eq!(written(&world), "");
}

#[test]
fn a_failure_that_setup_or_a_login_disproved_is_no_more_in_status() {
    let flags = [&FORM[..], &["--role-arn", DEV, "--region", "eu-west-1", "--no-aws-config"]].concat();
    let mut world = world(Site::with_login(Assertion::default()));
    assert_eq!(setup(&world, &flags).status, Some(0));
    let shown = |world: &World| run(world, &["status"]).stdout;
    // One that was refused before is kept back, which is not a new failure.
    for (way, password) in [(&["setup"][..], "wrong-1234"), (&["login", "--use-stored", "corp"], "wrong-5678")] {
        let wrong = world.env("IDP_PASSWORD", password);
        run(&wrong, &["get", "--force", "corp"]).fails_as("idp-rejected");
        let before = shown(&wrong);
        assert!(before.contains("idp-rejected"), "{before}");
        world = wrong.env("IDP_PASSWORD", PASSWORD);
        let done = match way {
            ["setup"] => setup_as(&world, "another", &flags),
            way => run(&world, way),
        };
        assert_eq!(done.status, Some(0), "{way:?}\n{}{}", done.stdout, done.stderr);
        let after = shown(&world);
        assert!(!after.contains("idp-rejected") && !after.contains("failed"), "{way:?}\n{after}");
    }
}
