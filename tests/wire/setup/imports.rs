//! `setup --from`: the profile that comes out of another tool's file logs in, where its method can without a browser.

use std::fs;

use crate::harness::run::Run;
use crate::login::okta::{APP, okta};
use crate::setup::flags::{world, written};
use crate::setup::mistakes::get;
use crate::support::assertion::{Assertion, DEV};
use crate::support::idp::{PASSWORD, Site, USER};
use crate::support::tls::Authority;
use crate::terminal::{WITH_TERMINAL, type_into};
use crate::world::{World, role_named};

const FEDCRED: &str = env!("CARGO_BIN_EXE_fedcred");

fn import(world: &World, tool: &str, flags: &[&str]) -> Run {
    let words = [&["setup", "--from", tool, "--yes"], flags].concat();
    let run = Run::of(world.command(FEDCRED).env_remove("FEDCRED_CONFIG").args(words));
    world.record(&run);
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    run
}

/// `fedcred login NAME`, and what a person types for it.
#[track_caller]
fn log_in(world: &World, name: &str, typed: &str) {
    let mut command = world.command(WITH_TERMINAL[0]);
    let words = [FEDCRED, "login", name, "--store", "file"];
    let ended = type_into(command.env_remove("FEDCRED_CONFIG").args(&WITH_TERMINAL[1..]).args(words), typed);
    let run = Run { status: ended.status, stdout: ended.stdout, stderr: ended.stderr, peak_kib: 0 };
    world.record(&run);
    assert_eq!(run.status, Some(0), "{} {}", run.stderr, ended.shown);
    get(world, name).succeeds();
}

#[test]
fn accounts_of_saml2aws_log_in_at_the_page_of_their_provider() {
    let pages = [
        ("ADFS", "/adfs/ls/IdpInitiatedSignOn.aspx", ""),
        ("Ping", "/idp/startSSO.ping", ""),
        ("Shibboleth", "/idp/profile/SAML2/Unsolicited/SSO", ""),
        ("F5APM", "/saml/idp/res", "resource_id = /Common/aws\n"),
        ("NetIQ", "/nidp/saml2/idpsend", ""),
        ("KeyCloak", "/realms/corp/protocol/saml/clients/aws", ""),
    ];
    for (provider, path, more) in pages {
        let world = world(Site::with_login_from(path, Assertion::default()));
        let url = if provider == "KeyCloak" { world.idp.url(path) } else { world.idp.origin().to_owned() };
        let account = format!("url = {url}\nusername = {USER}\nprovider = {provider}\nrole_arn = {DEV}\n{more}");
        world.write(".saml2aws", &format!("[corp]\n{account}"));
        fs::create_dir(world.path(".aws")).unwrap();
        let line = "credential_process = saml2aws login --credential-process --quiet -a corp --role";
        world.write(".aws/config", &format!("[profile admin]\n{line} {}\n", role_named("path/Admin")));
        import(&world, "saml2aws", &[]);
        log_in(&world, "corp", PASSWORD);
        get(&world, "admin").succeeds();
        let kept = fs::read_to_string(world.path(".saml2aws")).unwrap();
        assert!(kept.contains(&account), "the old file stays: {kept}");
    }
}

#[test]
fn profiles_of_aws_adfs_log_in_also_those_that_name_no_user() {
    let authority = Authority::new();
    let site = Site::with_login_from("/adfs/ls/IdpInitiatedSignOn.aspx", Assertion::default());
    let world = World::form_at(site.start_tls(&authority).unwrap());
    let sts = world.sts.server().origin().to_string();
    let world = world.env("AWS_ENDPOINT_URL_STS", sts);
    let bundle = world.write("ca.pem", &authority.pem()).display().to_string();
    fs::create_dir(world.path(".aws")).unwrap();
    let host = world.idp.origin().trim_start_matches("https://").to_owned();
    let keys =
        format!("adfs_config.adfs_host = {host}\nadfs_config.role_arn = {DEV}\nadfs_config.duo_device = phone1\n");
    let process = format!("credential_process = aws-adfs login --adfs-host={host} --role-arn={DEV} --stdout\n");
    world.write(".aws/config", &format!("[profile corp]\n{keys}\n[profile by-process]\n{process}"));
    let run = import(&world, "aws-adfs", &["--username", USER, "--ca-bundle", &bundle]);
    assert!(run.stdout.contains("not imported: duo_device = phone1"), "{}", run.stdout);
    log_in(&world, "corp", PASSWORD);
    get(&world, "by-process").succeeds();
}

#[test]
fn a_line_of_awsprocesscreds_logs_in() {
    let world = world(Site::with_login(Assertion::default()));
    fs::create_dir(world.path(".aws")).unwrap();
    let line = format!("awsprocesscreds-saml -e '{}' -u {USER} -p adfs -a {DEV}", world.idp.url("/sso"));
    world.write(".aws/config", &format!("[profile corp]\nregion = eu-west-1\ncredential_process = {line}\n"));
    import(&world, "awsprocesscreds", &[]);
    log_in(&world, "corp", PASSWORD);
}

#[test]
fn profiles_of_okta_aws_cli_log_in_by_a_code() {
    let world = okta(APP);
    let sts = world.sts.server().origin().to_string();
    let world = world.env("AWS_ENDPOINT_URL_STS", sts);
    let origin = world.idp.origin().to_owned();
    fs::create_dir(world.path(".okta")).unwrap();
    fs::create_dir(world.path(".aws")).unwrap();
    let yaml = format!(
        "awscli:\n  profiles:\n    corp:\n      oidc-client-id: 0oaNative\n      org-domain: {origin}\n      aws-acct-fed-app-id: {APP}\n      aws-iam-role: {DEV}\n      session-duration: 3600\n      open-browser: true\n"
    );
    world.write(".okta/okta.yaml", &yaml);
    let line = format!(
        "okta-aws-cli web --format process-credentials --oidc-client-id 0oaNative --org-domain {origin} -a {APP} --aws-iam-role {DEV}"
    );
    world.write(".aws/config", &format!("[profile by-process]\ncredential_process = {line}\n"));
    import(&world, "okta-aws-cli", &[]);
    assert!(written(&world).contains("duration = \"3600s\""), "{}", written(&world));
    log_in(&world, "corp", "");
    // It is the same login.
    get(&world, "by-process").succeeds();
}

/// Its classic engine, and the other tools that open pages of Okta and Entra ID, need a browser: the end-to-end tests have one.
#[test]
fn profiles_of_gimme_aws_creds_for_oktas_identity_engine_log_in_by_a_code() {
    let world = okta(APP);
    let sts = world.sts.server().origin().to_string();
    let world = world.env("AWS_ENDPOINT_URL_STS", sts);
    let origin = world.idp.origin().to_owned();
    let file = format!(
        "[DEFAULT]\nokta_org_url = {origin}\nclient_id = 0oaNative\nforce_classic = False\ngimme_creds_server = appurl\n\
         app_url = {origin}/home/amazon_aws/{APP}/272\nokta_username = {USER}\naws_rolename = {DEV}\n\n\
         [admin]\ninherits = DEFAULT\naws_rolename = {}\n",
        role_named("path/Admin")
    );
    world.write(".okta_aws_login_config", &file);
    import(&world, "gimme-aws-creds", &[]);
    log_in(&world, "default", "");
    // It is the same login.
    get(&world, "admin").succeeds();
    assert_eq!(fs::read_to_string(world.path(".okta_aws_login_config")).unwrap(), file, "the old file stays");
}

#[test]
fn a_role_of_the_aws_configuration_is_assumed_on_top_of_its_source() {
    let world = world(Site::new());
    world.sts.role(&role_named("Team"), 3600);
    fs::create_dir(world.path(".aws")).unwrap();
    let (id, secret) = crate::support::sts::chain::LONG_TERM_KEY;
    world.given("credentials", &format!("[base]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n"));
    let given = world.path("given/credentials").display().to_string();
    let world = world.env("AWS_SHARED_CREDENTIALS_FILE", given);
    world.write(
        ".aws/config",
        &format!("[profile team]\nrole_arn = {}\nsource_profile = base\nregion = eu-west-1\n", role_named("Team")),
    );
    import(&world, "aws-config", &[]);
    get(&world, "team").succeeds();
}
