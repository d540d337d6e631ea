//! `setup` by what a machine of the lab alone has, a browser and tickets; and `setup --from` tools that log in at a page for
//! people: what they have configured logs in in a browser.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::support::profile::{AWS, DEV, sso_url};
use crate::support::{Home, lab};
use crate::terminal::{Session, WITH_TERMINAL};

const BROWSER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/browser/chromium");
const FEDCRED: &str = env!("CARGO_BIN_EXE_fedcred");

/// A home without a profile, for whose programs the lab's browser is Google Chrome.
fn with_browser() -> Home {
    let home = Home::configured("");
    fs::create_dir(home.path("bin")).expect("a new directory");
    symlink(BROWSER, home.path("bin/google-chrome")).expect("a new link");
    home
}

/// With alice at the browser.
fn at_browser<'c>(home: &Home, command: &'c mut Command) -> &'c mut Command {
    let path = format!("{}:/usr/bin:/bin", home.path("bin").display());
    command.env("PATH", path).env("DISPLAY", ":99").env("LAB_BROWSER_STARTS", home.path("starts"));
    command.env("LAB_PERSON_DOES", "log-in").env("LAB_PERSON", "alice");
    command.env("LAB_PERSON_PASSWORD", lab().password("alice"))
}

fn logs_in(home: &Home, profile: &str) {
    let outcome = home.run(at_browser(home, home.fedcred().args(["login", profile])));
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    home.run(home.fedcred().args(["get", profile])).succeeds();
}

fn import(home: &Home, tool: &str) {
    let outcome = home.run(home.fedcred().args(["setup", "--yes", "--from", tool]));
    assert_eq!(outcome.status, Some(0), "{}{}", outcome.stdout, outcome.stderr);
}

#[test]
fn a_person_sets_up_a_browser_and_ecp_by_a_ticket() {
    for (choice, path, written) in [
        ("a browser on this machine", sso_url(lab().idp_origin(), "form", AWS), "auth = \"browser\""),
        (
            "SAML ECP with a Kerberos",
            format!("{}/negotiate/saml2/idp/SSOService.php", lab().idp_origin()),
            "auth = \"ecp\"",
        ),
    ] {
        let home = with_browser();
        home.kinit("alice");
        let mut command = home.command(WITH_TERMINAL[0]);
        command.args(&WITH_TERMINAL[1..]).args([FEDCRED, "setup", "corp", "--no-aws-config", "--role-arn", DEV]);
        // Of which the list is told by number and text.
        command.args(["--ca-bundle", lab().idp_ca(), "--region", "eu-west-1"]).env("TERM", "dumb");
        let mut session = Session::start(at_browser(&home, &mut command));
        session.reply("How do you log in?", &format!("{choice}\n"));
        session.reply("(its address in a browser): ", &format!("{path}\n"));
        session.reply("Write this? [y/N] ", "y\n");
        let ended = session.end();
        assert_eq!(ended.status, Some(0), "{choice}: {}", ended.shown);
        let config = fs::read_to_string(home.path(".config/fedcred/config.toml")).expect("the configuration");
        assert!(config.contains(written), "{config}");
        home.run(home.fedcred().args(["get", "corp"])).succeeds();
    }
}

#[test]
fn profiles_of_aws_okta_processor_and_of_gimme_aws_creds_classic_log_in_in_a_browser() {
    let home = with_browser();
    let page = sso_url(lab().idp_origin(), "form", AWS);
    let line = format!("aws-okta-processor authenticate --user alice --application '{page}' --role {DEV}");
    home.write(".aws/config", &format!("[profile by-process]\ncredential_process = {line}\n"));
    import(&home, "aws-okta-processor");
    logs_in(&home, "by-process");
    let file = "[corp]\nokta_org_url = https://corp.okta.com\ngimme_creds_server = appurl\nokta_username = alice\n";
    home.write(".okta_aws_login_config", &format!("{file}app_url = {page}\naws_rolename = {DEV}\n"));
    import(&home, "gimme-aws-creds");
    // The session of the first one does for this.
    logs_in(&home, "corp");
}

/// The browser is told that Entra ID is the lab's IdP, where the tenant's address leads to the login form.
#[test]
fn profiles_of_aws_azure_login_log_in_in_a_browser() {
    let home = with_browser();
    let profile = format!(
        "[profile corp]\nazure_tenant_id=11111111-2222-3333-4444-555555555555\nazure_app_id_uri={AWS}\n\
         azure_default_username=alice\nazure_default_role_arn={DEV}\nazure_default_duration_hours=1\n"
    );
    home.write(".aws/config", &profile);
    import(&home, "aws-azure-login");
    let place = lab().idp_origin().trim_start_matches("https://");
    let mut login = home.fedcred();
    login.args(["login", "corp"]).env("LAB_BROWSER_NAMES", format!("MAP login.microsoftonline.com:443 {place}"));
    let outcome = home.run(at_browser(&home, &mut login));
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    home.run(home.fedcred().args(["get", "corp"])).succeeds();
}
