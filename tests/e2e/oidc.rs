//! Logins at a real OpenID provider, driven to the end through its own pages.

use std::cell::RefCell;
use std::time::Duration;

use fedcred::address::IssuerUrl;
use fedcred::attempt::{Attempt, Ledger};
use fedcred::config::oidc::{Flow, Oidc, Token};
use fedcred::config::profile::SecretSource;
use fedcred::error::{Code, Result};
use fedcred::identity::Run;
use fedcred::identity::oidc::login::{RefreshTokenStore, Tokens, interactive, silent};
use fedcred::process::env::Env;
use fedcred::secret::Secret;
use fedcred::time::Deadline;
use serde_json::json;
use url::Url;

use crate::harness::run::Run as Ran;
use crate::support::google::token_claiming;
use crate::support::person::Person;
use crate::support::{Home, lab, run};
use crate::terminal::{WITH_TERMINAL, act_upon};

/// A person's client of the lab.
fn client(id: &str, flow: Flow) -> Oidc {
    Oidc {
        issuer: IssuerUrl::parse(lab().variable("LAB_OIDC_ISSUER")).unwrap(),
        client_id: id.to_owned(),
        client_secret: None,
        flow,
        scope: "openid offline_access".to_owned(),
        resource: None,
        token: Token::Id,
        redirect_uri: Url::parse("http://127.0.0.1/callback").expect("a URL"),
        auth_params: Vec::new(),
        ca_bundle: None,
    }
}

fn env() -> Env {
    Env::fixed([("MACHINE_SECRET", lab().variable("LAB_OIDC_MACHINE_SECRET"))])
}

/// Lets every secret go.
struct AtHand;

impl Ledger for AtHand {
    fn begin(&self, _: &[u8], _: &Attempt) -> Result<()> {
        Ok(())
    }
}

fn log_in(settings: &Oidc, person: &Person) -> Result<Tokens> {
    run(interactive(settings, person, Run::alone(&env(), &Deadline::after(Duration::from_secs(60)), &AtHand)))
}

/// Where the refresh token is kept between two runs.
struct Kept(RefCell<Option<String>>);

impl RefreshTokenStore for Kept {
    fn load(&self) -> Result<Option<Secret>> {
        Ok(self.0.borrow().clone().map(Secret::new))
    }

    fn replace(&self, token: &Secret) -> Result<()> {
        *self.0.borrow_mut() = Some(token.expose().to_owned());
        Ok(())
    }

    fn forget(&self) -> Result<()> {
        *self.0.borrow_mut() = None;
        Ok(())
    }
}

fn refresh(settings: &Oidc, kept: &Kept) -> Result<Secret> {
    run(silent(settings, kept, Run::alone(&env(), &Deadline::after(Duration::from_secs(20)), &AtHand)))
}

#[test]
fn a_login_by_device_code_goes_on_without_the_person_until_its_token_is_used_twice() {
    let settings = client("cli", Flow::Device);
    let person = Person::named("alice");
    let tokens = log_in(&settings, &person).expect("a login");
    assert!(person.saw().contains("Sign-in Success"));
    let first = tokens.refresh_token.expect("a refresh token").expose().to_owned();

    let kept = Kept(RefCell::new(Some(first.clone())));
    for _ in 0..2 {
        let before = kept.0.borrow().clone();
        refresh(&settings, &kept).expect("a token");
        assert_ne!(*kept.0.borrow(), before, "the provider rotates");
    }
    let stolen = Kept(RefCell::new(Some(first)));
    for kept in [stolen, kept] {
        let error = refresh(&settings, &kept).expect_err("the grant is revoked");
        assert_eq!((error.code, kept.0.take()), (Code::RefreshTokenGone, None));
    }
}

#[test]
fn a_login_in_the_browser_comes_back_over_loopback() {
    for id in ["cli", "cli-es256"] {
        let settings = client(id, Flow::Browser);
        let person = Person::named("bob");
        let tokens = log_in(&settings, &person).expect("a login");
        assert!(person.saw().contains("You are logged in"));
        let kept = Kept(RefCell::new(tokens.refresh_token.map(|token| token.expose().to_owned())));
        refresh(&settings, &kept).expect("a token");
    }
}

#[test]
fn a_login_that_the_person_leaves_is_refused() {
    for flow in [Flow::Device, Flow::Browser] {
        let person = Person::who_denies();
        let error = log_in(&client("cli", flow), &person).expect_err("no login");
        assert_eq!(error.code, Code::TokenRefused, "{error:?}");
        person.saw();
    }
}

#[test]
fn a_machine_logs_in_with_its_secret_for_a_jwt_access_token() {
    let machine = Oidc {
        client_secret: Some(SecretSource::Env("MACHINE_SECRET".into())),
        scope: "api".into(),
        resource: Some("urn:lab:sts".into()),
        token: Token::Access,
        ..client("machine", Flow::ClientCredentials)
    };
    let nothing = Kept(RefCell::default());
    refresh(&machine, &nothing).expect("a token");
    let opaque = Oidc { resource: None, ..machine.clone() };
    assert_eq!(refresh(&opaque, &nothing).expect_err("no JWT").code, Code::TokenInvalid);
    let wrong = Oidc { client_id: "nobody".into(), ..machine };
    assert_eq!(refresh(&wrong, &nothing).expect_err("no client").code, Code::TokenRefused);
}

/// `fedcred get` with this token in a file, for the role Web.
fn get_with(token: &str) -> (Home, Ran) {
    let mut home = Home::configured("");
    let file = home.secret_file(token);
    home.write(
        ".config/fedcred/config.toml",
        &format!(
            "[profile.lab]\nrole_arn = \"arn:aws:iam::111122223333:role/Web\"\n\
             [profile.lab.web_identity]\nsource = \"file\"\ntoken_file = {file:?}\n"
        ),
    );
    let outcome = home.get();
    (home, outcome)
}

#[test]
fn aws_takes_what_the_provider_signs() {
    let settings = client("cli", Flow::Browser);
    let person = Person::named("alice");
    let tokens = log_in(&settings, &person).expect("a login");
    person.saw();
    let (home, outcome) = get_with(tokens.token.expose());
    outcome.succeeds();
    assert_eq!(home.sts.results("AssumeRoleWithWebIdentity"), ["ok"]);
}

#[test]
fn each_reason_for_which_aws_takes_no_token_has_its_own_code() {
    #[expect(clippy::disallowed_methods, reason = "the lab runs by the real clock")]
    let now = jiff::Timestamp::now().as_second();
    let good = token_claiming(&json!({}));
    let parts: Vec<&str> = good.split('.').collect();
    let other = token_claiming(&json!({ "sub": "mallory" }));
    let tampered = format!("{}.{}.{}", parts[0], other.split('.').nth(1).expect("a JWT"), parts[2]);
    let table = [
        ("wrong audience", token_claiming(&json!({ "aud": "them" })), "sts-audience"),
        ("expired", token_claiming(&json!({ "exp": now - 60 })), "token-expired"),
        ("tampered", tampered, "sts-invalid-identity"),
        ("unknown issuer", token_claiming(&json!({ "iss": "https://nobody.example.com" })), "sts-provider-unknown"),
    ];
    for (what, token, code) in table {
        let (home, outcome) = get_with(&token);
        outcome.fails_as(code);
        assert_eq!(home.sts.results("AssumeRoleWithWebIdentity").len(), 1, "{what}");
    }
    let (_, outcome) = get_with(&good);
    outcome.succeeds();
}

#[test]
fn a_token_long_expired_does_not_get_as_far_as_aws() {
    let (home, outcome) = get_with(&token_claiming(&json!({ "exp": 1_000_000_000 })));
    outcome.fails_as("token-expired");
    assert!(home.sts.results("AssumeRoleWithWebIdentity").is_empty());
}

#[test]
fn keys_that_aws_cannot_fetch_now_may_be_there_a_moment_later() {
    let (home, outcome) = get_with(&token_claiming(&json!({ "iss": "http://127.0.0.1:1" })));
    outcome.fails_as("sts-unavailable");
    assert!(home.sts.results("AssumeRoleWithWebIdentity").len() > 1);
}

/// A home whose profile is a login at the provider, in the browser, by this client.
fn home_of(client_id: &str) -> Home {
    Home::configured(&format!(
        "[profile.lab]\nrole_arn = \"arn:aws:iam::111122223333:role/Web\"\n\
         [profile.lab.web_identity]\nsource = \"oidc\"\nissuer = \"{}\"\nclient_id = \"{client_id}\"\n",
        lab().variable("LAB_OIDC_ISSUER")
    ))
}

/// `fedcred login --store file lab`, by somebody who visits the page that is shown.
fn log_in_at_terminal(home: &Home) {
    let person = Person::named("alice");
    let mut login = home.program(WITH_TERMINAL[0]);
    login
        .args(&WITH_TERMINAL[1..])
        .arg(env!("CARGO_BIN_EXE_fedcred"))
        .args(["login", "--yes", "--store", "file", "lab"]);
    let ended = act_upon(&mut login, "\r\n\r\n    http", |shown| {
        let url = shown.split_ascii_whitespace().find(|word| word.starts_with("http")).expect("an address");
        person.open(url);
    });
    assert_eq!(ended.status, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.contains("logged in") && person.saw().contains("You are logged in"), "{}", ended.stdout);
    home.record(&Ran::ended(ended.status, ended.stdout, ended.stderr));
}

#[test]
fn a_person_logs_in_once_and_get_goes_on_until_logout() {
    let home = home_of("cli");
    // There is no keyring here that could be asked, and no file yet.
    home.get().fails_as("keyring-locked");
    log_in_at_terminal(&home);
    home.get().succeeds();
    let anew = || home.run(home.fedcred().args(["get", "--force", "lab"]));
    anew().succeeds();
    anew().succeeds();
    assert_eq!(home.sts.results("AssumeRoleWithWebIdentity"), ["ok"; 3]);
    assert!(home.run(home.fedcred().args(["logout", "lab"])).stdout.contains("the secret of client cli at"));
    anew().fails_as("keyring-locked");
}

#[test]
fn fifty_processes_over_one_refresh_token_refresh_once() {
    let home = home_of("cli-crowd");
    log_in_at_terminal(&home);
    let refreshes = || {
        let log = std::fs::read_to_string(lab().dir().join("oidc/oidc.log")).expect("the provider's log");
        log.lines().filter(|line| line.starts_with("grant.success refresh_token cli-crowd")).count()
    };
    assert_eq!(refreshes(), 0, "the login's own token was used");
    std::fs::remove_dir_all(home.path(".cache/fedcred")).expect("a cache");
    let crowd: Vec<_> = (0..50).map(|_| home.start(home.fedcred().args(["get", "lab"]))).collect();
    for one in crowd {
        home.end(one).succeeds();
    }
    assert_eq!(refreshes(), 1);
    home.run(home.fedcred().args(["get", "--force", "lab"])).succeeds();
    assert_eq!(refreshes(), 2, "the grant lives on");
}
