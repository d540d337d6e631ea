//! `login` and `logout`: who is asked what, what is tried how often, and what stays.

use std::os::unix::net::UnixListener;

use crate::support::assertion::Assertion;
use crate::support::idp::{PASSWORD, Site};
use crate::world::World;

/// Alice's password is kept by `login`. There is no D-Bus here, and so no keyring.
fn world() -> World {
    World::form(Site::with_login(Assertion::default())).unset("saml.password.env").set("saml.password.keyring", true)
}

fn posts(world: &World) -> usize {
    world.idp.journal().iter().filter(|request| request.method == "POST").count()
}

/// The files in which secrets are kept.
fn kept(world: &World) -> usize {
    world.files().iter().filter(|path| path.parent().is_some_and(|dir| dir.ends_with("fedcred/secrets"))).count()
}

const LOGIN: [&str; 4] = ["login", "dev", "--store", "file"];

#[test]
fn a_password_that_is_taken_is_kept_for_later_runs() {
    let world = world();
    let (login, shown) = world.run_typing(&LOGIN, PASSWORD);
    assert_eq!((login.status, login.stderr.as_str()), (Some(0), ""));
    assert!(login.stdout.starts_with("dev: logged in; "), "{}", login.stdout);
    assert!(login.stdout.contains("anyone who can read your files"), "{}", login.stdout);
    let origin = world.idp.url("");
    let asked = format!("alice at {}\r\nPassword: ", origin.trim_end_matches('/'));
    assert!(shown.starts_with(&asked), "{shown:?}");
    assert_eq!((posts(&world), kept(&world)), (1, 1));

    let first = world.get().succeeds();
    assert_eq!(posts(&world), 1, "the result of the login is cached");
    assert_ne!(world.get_with(&["--no-cache"]).succeeds(), first);
    assert_eq!(posts(&world), 2, "by the password that is kept");
}

#[test]
fn a_password_typed_the_moment_it_is_asked_for_is_not_shown() {
    use crate::terminal::{WITH_TERMINAL, answer};
    for _ in 0..3 {
        let world = world();
        let mut command = world.command(WITH_TERMINAL[0]);
        command.args(&WITH_TERMINAL[1..]).arg(env!("CARGO_BIN_EXE_fedcred")).args(LOGIN);
        let ended = answer(&mut command, "Password: ", &format!("{PASSWORD}\n"));
        assert_eq!(ended.status, Some(0), "{}", ended.stderr);
        assert!(!ended.shown.contains(PASSWORD), "{:?}", ended.shown);
    }
}

#[test]
fn whatever_ends_the_question_leaves_the_terminal_with_its_echo() {
    use crate::terminal::{WITH_TERMINAL, signal_at_the_question};
    use rustix::process::Signal;
    for signal in [Signal::INT, Signal::TERM, Signal::HUP, Signal::QUIT] {
        let world = world();
        let mut command = world.command(WITH_TERMINAL[0]);
        command.args(&WITH_TERMINAL[1..]).arg(env!("CARGO_BIN_EXE_fedcred")).args(LOGIN);
        let (ended, echoes) = signal_at_the_question(&mut command, signal);
        assert_eq!((ended.status, echoes), (None, true), "ended by the signal itself: {}", ended.stderr);
        assert_eq!(posts(&world), 0);
    }
}

#[test]
fn a_password_that_is_refused_is_tried_once_and_not_kept() {
    let world = world().secret("Wr0ng-one");
    world.run_typing(&LOGIN, "Wr0ng-one").0.fails_as("idp-rejected");
    assert_eq!((posts(&world), kept(&world)), (1, 0));
    // Typed again it is tried again: it is a person who asks.
    world.run_typing(&LOGIN, "Wr0ng-one").0.fails_as("idp-rejected");
    world.run_typing(&LOGIN, PASSWORD);
    assert_eq!((posts(&world), kept(&world)), (3, 1));
}

#[test]
fn a_token_is_asked_for_and_kept_as_one() {
    use crate::support::idp::{assertion_page, authorization_check};
    let page = assertion_page(Assertion::default());
    let site = Site::new().get("/sso", authorization_check("Bearer", "Bearer t0ken-0f-al1ce", page));
    let world = World::at(site.start().unwrap(), "bearer").set("saml.token.keyring", true).secret("t0ken-0f-al1ce");
    let (login, shown) = world.run_typing(&LOGIN, "t0ken-0f-al1ce");
    assert_eq!(login.status, Some(0), "{}", login.stderr);
    assert!(shown.contains("\r\nToken: "), "{shown:?}");
    world.get().succeeds();
}

#[test]
fn without_a_terminal_nobody_is_asked_and_nothing_is_sent() {
    let world = world();
    world.run_unattended(&LOGIN).fails_as("prompt-needed").saying("fedcred login --use-stored dev");
    assert_eq!(world.connections(), 0);
}

#[test]
fn an_empty_line_is_not_tried() {
    let world = world();
    world.run_typing(&LOGIN, "").0.fails_as("prompt-needed").saying("nothing was typed");
    assert_eq!(world.connections(), 0);
}

#[test]
fn a_get_without_a_keyring_says_how_to_do_without_one() {
    let world = world();
    world.get().fails_as("keyring-locked").saying("fedcred login --store file dev");
    world.run_unattended(&["login", "dev"]).fails_as("keyring-locked").saying("fedcred login --store file dev");
    assert_eq!(posts(&world), 0);
}

#[test]
fn a_keyring_that_never_answers_does_not_hang_a_get() {
    let world = world();
    let bus = world.path("bus");
    let _never_accepts = UnixListener::bind(&bus).unwrap();
    let world = world.env("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", bus.display()));
    world.get().fails_as("keyring-locked").saying("did not answer");
    assert_eq!(posts(&world), 0);
    std::fs::remove_file(bus).unwrap();
}

#[test]
fn a_stored_secret_that_was_refused_is_tried_once_more_by_login_alone() {
    let world =
        World::form(Site::with_login(Assertion::default())).env("IDP_PASSWORD", "0ut-of-date").secret("0ut-of-date");
    for _ in 0..3 {
        world.get().fails_as("idp-rejected");
    }
    assert_eq!(posts(&world), 1);
    world.run_unattended(&["login", "--use-stored", "dev"]).fails_as("idp-rejected");
    assert_eq!(posts(&world), 2);
    world.get().fails_as("idp-rejected");
    assert_eq!(posts(&world), 2, "refused once more, it is remembered as refused");
}

#[test]
fn a_login_that_needs_nothing_typed_asks_nobody() {
    let open = World::open(Site::without_login(Assertion::default()));
    let login = open.run_unattended(&["login", "dev"]);
    assert_eq!((login.status, login.stderr.as_str()), (Some(0), ""));
    assert!(login.stdout.contains("needs no secret"), "{}", login.stdout);

    let elsewhere = World::form(Site::with_login(Assertion::default()));
    let login = elsewhere.run_unattended(&["login", "dev"]);
    assert_eq!(login.status, Some(0), "{}", login.stderr);
    assert!(login.stdout.contains("with the configured secret, which stays where it is"), "{}", login.stdout);
    assert_eq!(kept(&elsewhere), 0);
}

#[test]
fn logout_leaves_nothing_to_log_in_with() {
    for arguments in [&["logout", "dev"][..], &["logout", "--all"]] {
        let world = world();
        world.run_typing(&LOGIN, PASSWORD);
        let connections = world.connections();
        let logout = world.run_unattended(arguments);
        assert_eq!((logout.status, logout.stderr.as_str()), (Some(0), ""), "{arguments:?}");
        for what in ["1 cached result", "the secret of alice at http://"] {
            assert!(logout.stdout.contains(what), "{}", logout.stdout);
        }
        assert_eq!((world.connections(), kept(&world)), (connections, 0));
        world.get().fails_as("keyring-locked");
        assert_eq!(posts(&world), 1);
    }
}

#[test]
fn logout_forgets_what_was_refused() {
    let world =
        World::form(Site::with_login(Assertion::default())).env("IDP_PASSWORD", "0ut-of-date").secret("0ut-of-date");
    world.get().fails_as("idp-rejected");
    let logout = world.run(&["logout", "dev"]);
    assert_eq!(logout.stdout, "dev: removed 1 login's failures\n", "{}", logout.stderr);
    assert_eq!(world.run(&["logout", "dev"]).stdout, "dev: nothing was stored\n");
    world.get().fails_as("idp-rejected");
    assert_eq!(posts(&world), 2);
}

#[test]
fn the_code_of_a_device_is_asked_for_and_sent_once() {
    use crate::support::sts::chain::LONG_TERM_KEY;
    let device = "arn:aws:iam::111122223333:mfa/alice";
    let world = World::beside(Site::new().start().unwrap())
        .set("assume_role.credential_source", "environment")
        .set("assume_role.serial_number", device)
        .env("AWS_ACCESS_KEY_ID", LONG_TERM_KEY.0)
        .env("AWS_SECRET_ACCESS_KEY", LONG_TERM_KEY.1);
    world.get().fails_as("prompt-needed").saying("fedcred login dev");
    assert_eq!(world.sts.server().connections(), 0);
    let (login, shown) = world.run_typing(&["login", "dev"], "123456");
    assert_eq!((login.status, login.stderr.as_str()), (Some(0), ""));
    assert!(shown.starts_with(&format!("{device}\r\nCode: ")), "{shown:?}");
    let call = &world.sts.calls()[0];
    assert_eq!((call["SerialNumber"].as_str(), call["TokenCode"].as_str()), (device, "123456"));
    world.get().succeeds();
    assert_eq!(world.sts.calls().len(), 1, "until the session ends");
}

#[test]
fn the_code_of_a_device_is_not_sent_again_once_a_connection_was_made() {
    use crate::support::sts::chain::LONG_TERM_KEY;
    use crate::support::sts::{Fault, Refusal};
    let world = || {
        World::beside(Site::new().start().unwrap())
            .set("assume_role.credential_source", "environment")
            .set("assume_role.serial_number", "arn:aws:iam::111122223333:mfa/alice")
            .env("AWS_ACCESS_KEY_ID", LONG_TERM_KEY.0)
            .env("AWS_SECRET_ACCESS_KEY", LONG_TERM_KEY.1)
    };
    let refuse = |status, code| Fault::Refuse(Refusal::new(status, code, "later"));
    for (fault, code) in [
        (refuse(503, "ServiceUnavailable"), "sts-unavailable"),
        (refuse(500, "InternalFailure"), "sts-unavailable"),
        (refuse(400, "Throttling"), "sts-throttled"),
        (Fault::HangUp, "connect"),
        (Fault::Hang, "timeout"),
    ] {
        let world = world();
        world.sts.fail(1, fault);
        let (login, _) = world.run_typing(&["login", "dev"], "123456");
        login.fails_as(code).saying("is not sent again: log in with its next one");
        assert_eq!(world.sts.server().journal().len(), 1, "{}", login.stderr);
    }
    let gone = world().env("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1");
    let (login, _) = gone.run_typing(&["login", "dev"], "123456");
    login.fails_as("connect").saying("5 attempts were made");
    assert!(!login.stderr.contains("next one"), "nothing was sent: {}", login.stderr);
}
