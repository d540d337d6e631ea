//! What is Windows's own: access control lists, programs and their end, Task Scheduler, PowerShell.

use std::process::Command;
use std::sync::mpsc::{self, TryRecvError};
use std::time::Duration;

use fedcred::file::standing::Standing;
use fedcred::keyring::Keyring;

use crate::background::{Background, eventually};
use crate::client::Client;
use crate::harness::run::Run;
use crate::setup::flags;
use crate::support::assertion::{Assertion, DEV};
use crate::support::idp::{PASSWORD, Site, USER};
use crate::world::World;

const FEDCRED: &str = env!("CARGO_BIN_EXE_fedcred");

fn world() -> World {
    World::form(Site::with_login(Assertion::default()))
}

fn exec(world: &World, flags: &[&str], words: &[&str]) -> Command {
    let mut command = world.command(FEDCRED);
    command.args(["exec", "dev"]).args(flags).arg("--").args(words);
    command
}

#[test]
fn what_is_kept_is_for_its_user_alone() {
    let world = world();
    world.get().succeeds();
    let kept: Vec<_> = world.files().into_iter().filter(|path| !path.ends_with("config.toml")).collect();
    assert!(kept.len() >= 2, "an entry and the key: {kept:?}");
    for path in kept {
        let standing = Standing::at(&path).unwrap();
        assert!(standing.is_as_we_make_it() && standing.mode & 0o077 == 0, "{} {standing:?}", path.display());
    }
}

#[test]
fn credential_manager_keeps_key_and_password_until_logout() {
    let world = world().unset("saml.password.env").set("saml.password.keyring", true);
    let world = world.also("[cache]\nkey = \"keyring\"\n");
    world.get().fails_as("prompt-needed");
    let account = format!("{} {USER}", world.idp.origin());
    Keyring::System.set(&account, PASSWORD.as_bytes()).unwrap();
    let first = world.get().succeeds();
    assert_eq!(world.get().succeeds(), first, "a hit");
    assert!(world.files().iter().all(|path| !path.ends_with("cache.key")), "{:?}", world.files());
    let told = world.run(&["logout", "dev"]).stdout;
    assert!(told.contains("from the keyring"), "{told}");
    assert_eq!(Keyring::System.get(&account).unwrap(), None);
}

#[test]
fn what_setup_writes_doctor_finds_and_a_second_setup_keeps() {
    let world = flags::world(Site::with_login(Assertion::default()));
    std::fs::create_dir(world.path(".aws")).unwrap();
    for name in ["corp", "other"] {
        let run =
            flags::setup_as(&world, name, &[&flags::FORM[..], &["--role-arn", DEV, "--region", "eu-west-1"]].concat());
        assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    }
    let aws = flags::aws_config(&world);
    assert_eq!(aws.matches(r"\fedcred get ").count(), 2, "{aws}");
    assert!(!aws.contains(r"\\?\") && !aws.contains('/'), "{aws}");
    let run = Run::of(world.command(FEDCRED).env_remove("FEDCRED_CONFIG").args(["doctor", "corp", "--json"]));
    assert!(run.json()["ok"] == true && run.stdout.contains("called_by"), "{}", run.stdout);
}

#[test]
fn readers_see_a_whole_entry_while_it_is_replaced() {
    let world = world();
    world.get().succeeds();
    let entry = world.files().into_iter().find(|path| path.to_string_lossy().contains(".cache")).unwrap();
    let size = std::fs::metadata(&entry).unwrap().len();
    let last = std::thread::scope(|scope| {
        let (_until_dropped, end) = mpsc::channel::<()>();
        // Somebody reads it all the time while forced logins replace it.
        let entry = &entry;
        scope.spawn(move || {
            while end.try_recv() == Err(TryRecvError::Empty) {
                assert!(std::fs::read(entry).is_ok_and(|text| text.len() as u64 >= size / 2));
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        (0..3).map(|_| world.get_with(&["--force"]).succeeds()).last()
    });
    assert_eq!(Some(world.get().succeeds()), last, "each was stored");
}

#[test]
fn six_at_once_make_one_login() {
    let world = world();
    let runs: Vec<Run> = world.crowd(6, &[]).into_iter().map(|running| world.end(running)).collect();
    let first = runs[0].succeeds();
    assert!(runs.iter().all(|run| run.succeeds() == first));
    assert_eq!((world.idp.lines().len(), world.sts.calls().len()), (3, 1), "{:?}", world.idp.lines());
}

#[test]
fn the_exit_status_of_a_command_is_passed_on() {
    let world = world();
    for (words, status) in [
        (&["cmd.exe", "/d", "/c", "exit 77"][..], 77),
        // A name without its extension, of a program and of a script.
        (&["cmd", "/d", "/c", "exit 0"], 0),
        (&["tool"], 5),
    ] {
        let bin = world.path("bin");
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::write(bin.join("tool.cmd"), "@exit /b 5\r\n").unwrap();
        let path = format!(r"C:\Windows\System32;{}", bin.display());
        let run = Run::of(exec(&world, &["--env"], words).env("PATH", path));
        assert_eq!(run.status, Some(status), "{words:?}: {}", run.stderr);
        world.record(&run);
    }
    let run = Run::of(&mut exec(&world, &["--env"], &["no-such-program"]));
    assert_eq!(run.status, Some(127), "{}", run.stderr);
}

#[test]
fn a_command_has_credentials_from_an_endpoint_and_ends_with_fedcred() {
    let world = world();
    let mut run = Background::start(&mut exec(&world, &[], &["cmd.exe", "/d", "/c", "set & echo ready & pause"]));
    let environment = run.lines_until("ready");
    assert!(!environment.contains("AWS_SECRET_ACCESS_KEY"));
    let client = Client::of(&environment.replace('\r', ""));
    assert!(client.credentials()["SecretAccessKey"].is_string());
    run.kill();
    eventually("the endpoint ends with it", || !client.listens());
}

#[test]
fn serve_tells_its_address_and_takes_no_other_token() {
    let world = world();
    let mut run =
        Background::start(world.command(FEDCRED).args(["serve", "dev", "--token-file"]).arg(world.path("token")));
    let client = Client::of(&[run.line(), run.line(), run.line()].concat().replace('\r', ""));
    eventually("it has credentials", || client.ask().status == 200);
    let stranger = Client { token: "a-token-of-somebody-else".into(), ..client.clone() };
    assert_eq!(stranger.ask().status, 401);
    let standing = Standing::at(&world.path("token")).unwrap();
    assert_eq!(standing.mode & 0o077, 0, "{standing:?}");
    run.kill();
}

#[test]
fn a_schedule_is_a_task_of_task_scheduler() {
    let world = world();
    let run = world.run(&["schedule", "install", "dev", "--print"]);
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    for part in ["<Task version", "InteractiveToken", "fedcred.exe", "refresh.log", "<Interval>PT"] {
        assert!(run.stdout.contains(part), "{part} is not in:\n{}", run.stdout);
    }
    assert!(!run.stdout.contains(r"\\?\") && !run.stdout.contains("systemd"), "{}", run.stdout);
}

#[test]
fn powershell_gets_its_own_quotes() {
    let world = world();
    let run = world.get_with(&["--format", "powershell"]);
    assert!(run.status == Some(0) && run.stdout.starts_with("$Env:AWS_ACCESS_KEY_ID = '"), "{}", run.stderr);
}
