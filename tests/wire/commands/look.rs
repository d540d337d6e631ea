//! The commands that explain an identity: `inspect`, `roles`, `console`. They log in as `get` does, under the same guard.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::harness::run::Run;
use crate::support::assertion::{ADMIN, Assertion, DEV, PROVIDER};
use crate::support::idp::Site;
use crate::support::pages;
use crate::support::reply::Reply;
use crate::support::server::{Request, Server};
use crate::world::World;

/// A role of another account than the tests' own.
const ELSEWHERE: &str = "arn:aws:iam::999988887777:role/Audit,arn:aws:iam::999988887777:saml-provider/corp";

fn form() -> World {
    World::form(Site::with_login(Assertion::default()))
}

fn posts(world: &World) -> usize {
    world.idp.journal().iter().filter(|request| request.method == "POST").count()
}

fn text(run: Run) -> String {
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""), "{}", run.stdout);
    run.stdout
}

fn json(run: Run) -> Value {
    serde_json::from_str(&text(run)).expect("JSON")
}

/// AWS's sign-in: its page for choosing a role, and its federation endpoint.
fn sign_in() -> Server {
    let page = pages::page(
        r#"<fieldset><div class="saml-account"><div class="saml-account-name">Account: prod (111122223333)</div></div>
        <div class="saml-account"><div class="saml-account-name">Account: 999988887777</div></div></fieldset>"#,
    );
    Site::new()
        .post("/saml", Reply::html(page))
        .post("/federation", Reply::new(200, "application/json", r#"{"SigninToken":"t0ken-of-a-visit"}"#))
        .start()
        .expect("a sign-in")
}

#[test]
fn inspect_tells_what_the_idp_says_and_asks_sts_for_nothing() {
    let world = form();
    let told = text(world.run(&["inspect", "dev"]));
    for line in [
        "issuer           https://idp.example.test/metadata\n",
        "subject          alice (persistent)\n",
        "session name     alice@example.test\n",
        "signature        of the assertion, rsa-sha256\n",
        &format!("  {DEV} through {PROVIDER}\n"),
        &format!("  {ADMIN} through {PROVIDER}\n"),
        "its page looks like a page with a SAML response\n",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    assert!(!told.contains("AWS would object"), "{told}");
    let told = json(world.run(&["inspect", "dev", "--json"]));
    assert_eq!(told["roles"][0]["role_arn"], DEV);
    assert!(told["seconds_left"].as_i64().is_some_and(|left| (1..=300).contains(&left)), "{told}");
    assert_eq!(told["page"]["kind"], "saml-response");
    assert_eq!(world.sts.server().connections(), 0);
    assert_eq!(posts(&world), 2);
    world.get().succeeds();
}

#[test]
fn a_password_that_inspect_found_wrong_is_not_sent_again_by_get_nor_by_inspect() {
    let world = form().env("IDP_PASSWORD", "Wr0ng-one").secret("Wr0ng-one");
    world.run(&["inspect", "dev"]).fails_as("idp-rejected");
    world.get().fails_as("idp-rejected");
    world.run(&["roles", "dev"]).fails_as("idp-rejected");
    assert_eq!(posts(&world), 1);
}

#[test]
fn a_failure_is_not_forgotten_because_somebody_looked() {
    let world = form().set("role_arn", "arn:aws:iam::111122223333:role/Gone");
    world.get().fails_as("role-not-offered");
    let before = world.idp.journal().len();
    text(world.run(&["inspect", "dev"]));
    assert!(world.idp.journal().len() > before, "what holds `get` back does not hold back a person");
    let after = world.idp.journal().len();
    world.get().fails_as("role-not-offered");
    assert_eq!(world.idp.journal().len(), after, "the next try of `get` is still held back");
}

#[test]
fn the_page_that_a_login_ended_on_is_kept_without_what_it_carries() {
    let site = Site::new().get(
        "/sso",
        Reply::html(pages::page("<h1>Not for alice@example.test</h1><form><input name=csrf value=s3cret-csrf></form>")),
    );
    let world = World::form(site).secret("s3cret-csrf");
    let file = world.path("page.html");
    let arguments = ["inspect", "dev", "--save", file.to_str().unwrap()];
    let run = world.run(&arguments);
    assert!(run.stderr.contains("the last page is saved, without its secrets"), "{}", run.stderr);
    run.fails_as("xpath-no-match");
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(kept.contains("name=\"csrf\" value=\"[11 characters]\"") && !kept.contains("alice"), "{kept}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    world.run(&arguments).fails_as("output-write");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), kept, "a file that is there is not overwritten");
}

#[test]
fn a_page_with_an_assertion_is_kept_without_it() {
    let world = form();
    let file = world.path("page.html");
    let told = text(world.run(&["inspect", "dev", "--save", file.to_str().unwrap()]));
    assert!(told.contains("without its secrets"), "{told}");
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(kept.contains("name=\"SAMLResponse\" value=\"["), "{kept}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_assertion_itself_is_printed_after_a_yes_only() {
    use crate::terminal::{self, WITH_TERMINAL};
    let answer = |typed: &'static str| {
        let world = form();
        let mut command = world.command(WITH_TERMINAL[0]);
        command.args(&WITH_TERMINAL[1..]).arg(env!("CARGO_BIN_EXE_fedcred")).args(["inspect", "dev", "--raw"]);
        terminal::answer(&mut command, "[y/N] ", typed)
    };
    let agreed = answer("y\n");
    assert_eq!(agreed.status, Some(0), "{}", agreed.stderr);
    assert!(agreed.stdout.starts_with("<samlp:Response "), "{}", agreed.stdout);
    let refused = answer("\n");
    assert_eq!((refused.status, refused.stdout.as_str()), (Some(3), ""));
    form().run_unattended(&["inspect", "dev", "--raw"]).fails_as("prompt-needed");
}

#[test]
fn roles_of_several_accounts_come_with_the_names_of_the_accounts() {
    let aws = sign_in();
    let offered = [&format!("{DEV},{PROVIDER}"), ELSEWHERE, &format!("{DEV},{PROVIDER}")];
    let world =
        World::form(Site::with_login(Assertion::offering(&offered))).env("AWS_ENDPOINT_URL_SIGNIN", aws.origin());
    let told = text(world.run(&["roles", "dev"]));
    let lines: Vec<Vec<&str>> = told.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        lines,
        [
            vec!["ROLE", "ACCOUNT", "ALIAS", "PROVIDER", "PROFILE"],
            vec![DEV, "prod", PROVIDER, "dev"],
            vec!["arn:aws:iam::999988887777:role/Audit", "-", "arn:aws:iam::999988887777:saml-provider/corp", "-"],
        ]
    );
    let asked = aws.journal();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].fields()["SAMLResponse"].starts_with("PHNhbWx"), "as a browser would post it");
    let told = json(world.run(&["roles", "dev", "--json", "--no-aliases"]));
    assert_eq!((told["roles"].as_array().unwrap().len(), aws.journal().len()), (2, 1));
    assert_eq!(
        (&told["roles"][0]["is_configured"], &told["roles"][0]["account_alias"]),
        (&Value::Bool(true), &Value::Null)
    );
}

#[test]
fn aws_is_not_asked_for_names_that_nobody_needs_unless_somebody_wants_them() {
    let aws = sign_in();
    let world = form().env("AWS_ENDPOINT_URL_SIGNIN", aws.origin());
    assert!(!text(world.run(&["roles", "dev"])).contains("prod"));
    assert_eq!(aws.journal().len(), 0);
    assert!(text(world.run(&["roles", "dev", "--aliases"])).contains("prod"));
}

#[test]
fn roles_are_listed_also_where_aws_does_not_answer() {
    let offered = [&format!("{DEV},{PROVIDER}"), ELSEWHERE];
    let aws = Site::new().start().unwrap();
    let world = World::form(Site::with_login(Assertion::offering(&offered)))
        .env("AWS_ENDPOINT_URL_SIGNIN", aws.origin())
        .set("role_arn", "arn:aws:iam::111122223333:role/Gone");
    let told = text(world.run(&["roles", "dev"]));
    assert!(told.contains(DEV) && told.contains("no account aliases: AWS Sign-In refused"), "{told}");
    assert!(told.contains("the profile's role arn:aws:iam::111122223333:role/Gone is not offered"), "{told}");
}

#[test]
fn the_console_is_entered_by_a_token_and_no_key_stands_in_a_url() {
    let aws = sign_in();
    let world = form().env("AWS_ENDPOINT_URL_SIGNIN", aws.origin()).set("duration", "1h");
    let url = text(world.run(&["console", "dev", "--service", "s3"]));
    let url = url::Url::parse(url.trim()).unwrap();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let issuer = world.idp.url("/sso");
    let expected = [
        ("Action", "login"),
        ("Issuer", issuer.as_str()),
        ("Destination", "https://eu-west-1.console.aws.amazon.com/s3/home?region=eu-west-1"),
        ("SigninToken", "t0ken-of-a-visit"),
    ];
    assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let asked: Vec<Request> = aws.journal();
    assert_eq!((asked.len(), asked[0].path(), asked[0].uri.query()), (1, "/federation", None));
    let fields = asked[0].fields();
    assert_eq!((fields["Action"].as_str(), fields["SessionDuration"].as_str()), ("getSigninToken", "3600"));
    let session: Value = serde_json::from_str(&fields["Session"]).unwrap();
    let issued = &world.sts.issued()[0];
    assert_eq!(session["sessionKey"], issued.secret_access_key.as_str());
    assert_eq!(session["sessionToken"], issued.session_token.as_str());
}

#[test]
fn a_chained_role_enters_the_console_without_a_duration() {
    let aws = sign_in();
    let world = form().env("AWS_ENDPOINT_URL_SIGNIN", aws.origin()).role_on("dev", "Chain1", "duration = \"1h\"");
    text(world.run(&["console", "Chain1"]));
    let fields = aws.journal()[0].fields();
    assert!(!fields.contains_key("SessionDuration") && fields.contains_key("Session"), "{:?}", fields.keys());
}

#[test]
fn what_aws_sign_in_refuses_is_told_with_a_way_on() {
    let aws = Site::new().post("/federation", Reply::new(400, "text/html", "<html>hunter2</html>")).start().unwrap();
    let world = form().env("AWS_ENDPOINT_URL_SIGNIN", aws.origin()).secret("hunter2");
    let run = world.run(&["console", "dev"]);
    assert!(run.stderr.contains("fedcred get --force"), "{}", run.stderr);
    run.fails_as("token-refused");
}

#[test]
fn our_own_policy_lets_the_identity_in_that_it_was_made_for() {
    let world = form();
    let shown = json(world.run(&["trust-policy", "dev", "--format", "json"]));
    assert_eq!(shown["provider"]["arn"], PROVIDER);
    let policy = world.write("policy.json", &shown["trust_policy"].to_string());
    let checked = text(world.run(&["trust-policy", "dev", "--check", policy.to_str().unwrap()]));
    assert!(checked.contains("\nallowed: "), "{checked}");
    assert_eq!(world.sts.server().connections(), 0);

    let other = shown["trust_policy"].to_string().replace("signin.aws.amazon.com", "signin.amazonaws.cn");
    let policy = world.write("policy.json", &other);
    let run = world.run(&["trust-policy", "dev", "--check", policy.to_str().unwrap()]);
    assert_eq!(run.status, Some(77));
    assert!(run.stdout.contains("✗ StringEquals SAML:aud: "), "{}", run.stdout);
    assert!(
        run.stderr.starts_with("error[sts-access-denied]: this trust policy does not let the identity in\n"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_denial_of_sts_tells_what_the_identity_has_and_how_to_compare() {
    use crate::support::sts::{Fault, Refusal};
    let world = form();
    let said = "Not authorized to perform sts:AssumeRoleWithSAML";
    world.sts.fail(1, Fault::Refuse(Refusal::new(403, "AccessDenied", said)));
    let run = world.get();
    for words in [
        "the policy has to allow sts:AssumeRoleWithSAML to arn:aws:iam::111122223333:saml-provider/corp",
        "SAML:aud is \"https://signin.aws.amazon.com/saml\"",
        "SAML:sub is \"alice\"",
        "hint: aws iam get-role --role-name Dev --query Role.AssumeRolePolicyDocument | fedcred trust-policy dev --check -",
    ] {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
    run.fails_as("sts-access-denied");
}

#[test]
fn the_caller_of_a_role_on_top_of_other_credentials_is_asked_of_sts() {
    let world = form().role_on("dev", "Chain1", "");
    let shown = json(world.run(&["trust-policy", "Chain1", "--format", "json"]));
    assert_eq!(shown["trust_policy"]["Statement"][0]["Principal"]["AWS"], DEV);
    assert_eq!(world.sts.server().connections(), 0, "a profile below says itself whose it is");
}

#[test]
fn the_holder_of_other_credentials_is_asked_of_sts_and_trusted_by_name() {
    use crate::support::sts::chain::LONG_TERM_KEY;
    let world = World::beside(Site::new().start().unwrap())
        .set("assume_role.credential_source", "environment")
        .set("assume_role.external_id", "acme-42")
        .env("AWS_ACCESS_KEY_ID", LONG_TERM_KEY.0)
        .env("AWS_SECRET_ACCESS_KEY", LONG_TERM_KEY.1);
    let shown = json(world.run(&["trust-policy", "dev", "--format", "json"]));
    let statement = &shown["trust_policy"]["Statement"][0];
    assert_eq!(statement["Principal"]["AWS"], "arn:aws:iam::111122223333:user/deployer");
    assert_eq!(statement["Condition"]["StringEquals"]["sts:ExternalId"], "acme-42");
}

#[test]
fn the_thumbprint_is_that_of_the_last_certificate_that_the_issuer_shows() {
    use crate::support::tls::{Authority, LOOPBACK_NAMES};
    let site = Site::new();
    let issuer =
        Server::start(Some(Authority::new().server(LOOPBACK_NAMES)), move |request| site.respond(request)).unwrap();
    let world = World::beside(Site::new().start().unwrap()).set("web_identity.source", "github-actions");
    let url = issuer.url("");
    let arguments = ["trust-policy", "dev", "--issuer", &url, "--subject", "s", "--thumbprint", "--format", "json"];
    let shown = json(world.run(&arguments));
    let thumbprint = shown["provider"]["thumbprint"].as_str().unwrap();
    assert!(thumbprint.len() == 40 && thumbprint.bytes().all(|b| b.is_ascii_hexdigit()), "{thumbprint}");
}

/// The browser's arguments can be read by everybody on the machine, the file that they name by its owner.
#[cfg(target_os = "linux")]
#[test]
fn a_browser_is_led_to_the_console_by_a_file_and_no_address_stands_in_its_arguments() {
    use std::os::unix::fs::PermissionsExt;
    let aws = sign_in();
    let world = form().env("AWS_ENDPOINT_URL_SIGNIN", aws.origin()).env("DISPLAY", ":0");
    let seen = world.path("seen");
    let script = format!(
        "#!/bin/bash\nfile=${{1#file://}}\n{{ echo \"$#\" \"$1\"; stat -c '%a' \"$file\"; }} >'{0}'\n\
         url=$(grep -o 'http://[^\"]*' \"$file\"); rest=${{url#http://}}; host=${{rest%%/*}}\n\
         exec 3<>\"/dev/tcp/${{host%:*}}/${{host#*:}}\"\nprintf 'GET /%s HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n' \"${{rest#*/}}\" >&3\n\
         grep -c t0ken-of-a-visit <&3 >>'{0}'\n",
        seen.display()
    );
    let program = world.given("xdg-open", &script);
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", program.parent().unwrap().display());
    let world = world.env("PATH", path);
    assert_eq!(text(world.run(&["console", "dev", "--open"])), "signed in, in your browser\n");
    crate::background::eventually("the browser has told", || {
        std::fs::read_to_string(&seen).is_ok_and(|text| text.lines().count() == 3)
    });
    let seen = std::fs::read_to_string(&seen).unwrap();
    let lines: Vec<&str> = seen.lines().collect();
    assert!(lines[0].starts_with("1 file:///") && !lines[0].contains("http"), "{seen}");
    assert_eq!(lines[1..], ["600", "1"]);
    assert!(!std::path::Path::new(lines[0].trim_start_matches("1 file://")).exists(), "it is gone afterwards");
}
