//! `schedule`: what is written for each scheduler, what is called, and that nothing of anybody else's is touched. No scheduler
//! runs here: stand-ins on PATH write down how they were called, and the crontab's is a file.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::harness::run::Run;
use crate::support::assertion::Assertion;
use crate::support::idp::{PASSWORD, Site};
use crate::world::World;

const SYSTEMCTL: &str = r#"#!/bin/sh
echo "systemctl $*" >>"$HOME/calls"
case "$*" in
  *"show fedcred-refresh.timer"*) /bin/cat "$HOME/timer" ;;
  *"show fedcred-refresh.service"*) /bin/cat "$HOME/service" ;;
esac
"#;

const NO_SYSTEMCTL: &str = "#!/bin/sh\necho 'Failed to connect to bus: No medium found' >&2\nexit 1\n";

/// As Debian's does it.
const CRONTAB: &str = r#"#!/bin/sh
echo "crontab $*" >>"$HOME/calls"
case $1 in
  -l) test -e "$HOME/crontab" || { echo "no crontab for alice" >&2; exit 1; }; /bin/cat "$HOME/crontab" ;;
  -r) /bin/rm "$HOME/crontab" ;;
  -) /bin/cat >"$HOME/crontab" ;;
esac
"#;

/// Refuses to load what it was just told to unload, as launchd does for some seconds.
const LAUNCHCTL: &str = r#"#!/bin/sh
echo "launchctl $*" >>"$HOME/calls"
case $1 in
  bootout) : >"$HOME/settling" ;;
  bootstrap) if /bin/rm "$HOME/settling" 2>/dev/null; then echo 'Bootstrap failed: 5: Input/output error' >&2; exit 5; fi ;;
esac
"#;

/// A world whose PATH has these programs and no others.
fn world(programs: &[(&str, &str)]) -> World {
    let world = World::form(Site::with_login(Assertion::default()));
    fs::create_dir(world.path("bin")).unwrap();
    for (name, script) in programs {
        let path = world.write(&format!("bin/{name}"), script);
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
    }
    let bin = world.path("bin").display().to_string();
    world.env("PATH", bin)
}

fn schedule(world: &World, arguments: &[&str]) -> Run {
    world.run(&[&["schedule"], arguments].concat())
}

/// What was called since the last look.
fn calls(world: &World) -> Vec<String> {
    let calls = fs::read_to_string(world.path("calls")).unwrap_or_default();
    let _ = fs::remove_file(world.path("calls"));
    calls.lines().map(str::to_owned).collect()
}

#[track_caller]
fn told(run: &Run) -> &str {
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""), "{}", run.stdout);
    &run.stdout
}

const UNITS: [&str; 2] = [".config/systemd/user/fedcred-refresh.service", ".config/systemd/user/fedcred-refresh.timer"];

#[test]
fn with_systemd_a_timer_is_written_started_told_of_and_removed() {
    let world = world(&[("systemctl", SYSTEMCTL)]).env("KRB5CCNAME", "FILE:/tmp/krb5cc_1000_a b").set("duration", 900);
    let run = schedule(&world, &["install", "dev"]);
    assert!(told(&run).starts_with("scheduled: fedcred-refresh.timer renews every 1 min"), "{}", run.stdout);
    assert!(run.stdout.contains("enable-linger"), "{}", run.stdout);
    assert!(run.stdout.contains("note: the profile dev reads its secret from $IDP_PASSWORD"), "{}", run.stdout);
    assert_eq!(
        calls(&world),
        [
            "systemctl --user show --property=Version",
            "systemctl --user daemon-reload",
            "systemctl --user enable fedcred-refresh.timer",
            "systemctl --user restart fedcred-refresh.timer",
        ]
    );
    let [service, timer] = UNITS.map(|unit| fs::read_to_string(world.path(unit)).unwrap());
    let program = fs::canonicalize(env!("CARGO_BIN_EXE_fedcred")).unwrap();
    for line in [
        format!("ExecStart={} refresh dev", program.display()),
        format!("Environment=FEDCRED_CONFIG={}", world.path("config.toml").display()),
        "Environment=\"KRB5CCNAME=FILE:/tmp/krb5cc_1000_a b\"".to_owned(),
    ] {
        assert!(service.lines().any(|l| l == line), "{line} is not in\n{service}");
    }
    assert!(!service.contains(PASSWORD) && !service.contains("PrivateTmp=yes"));
    assert!(timer.contains("\nOnCalendar=*:0/1\n") && timer.contains("\nPersistent=yes\n"), "{timer}");

    world.write(
        "timer",
        "LoadState=loaded\nActiveState=active\nLastTriggerUSec=n/a\nNextElapseUSecRealtime=Sun 05:00\n",
    );
    world.write("service", "Result=success\nExecMainStatus=0\nExecMainExitTimestamp=\n");
    let expected =
        "  last run: none yet\n  next run: Sun 05:00\n  output:   journalctl --user --unit fedcred-refresh.service";
    assert!(told(&schedule(&world, &["status"])).contains(expected));
    world.write("timer", "LoadState=loaded\nActiveState=active\nLastTriggerUSec=Sun 04:55\nNextElapseUSecRealtime=\n");
    for (service, outcome) in [
        ("Result=success\nExecMainStatus=0\nExecMainExitTimestamp=Sun 04:55\n", "success"),
        ("Result=exit-code\nExecMainStatus=77\nExecMainExitTimestamp=Sun 04:55\n", "failed with status 77"),
        ("Result=timeout\nExecMainStatus=0\nExecMainExitTimestamp=Sun 04:55\n", "timeout"),
    ] {
        world.write("service", service);
        let run = schedule(&world, &["status"]);
        let expected = format!("of systemd, active\n  last run: Sun 04:55, {outcome}\n  next run: not known\n");
        assert!(told(&run).contains(&expected), "{}", run.stdout);
    }

    world.write(".config/systemd/user/other.timer", "[Timer]\n");
    calls(&world);
    told(&schedule(&world, &["remove"]));
    assert_eq!(
        calls(&world),
        ["systemctl --user disable --now fedcred-refresh.timer", "systemctl --user daemon-reload"]
    );
    assert!(UNITS.iter().all(|unit| !world.path(unit).exists()));
    assert!(world.path(".config/systemd/user/other.timer").exists());
    assert_eq!(told(&schedule(&world, &["remove"])), "nothing was scheduled by fedcred\n");
    assert_eq!(calls(&world), Vec::<String>::new());
}

#[test]
fn units_of_somebody_else_are_neither_replaced_nor_removed() {
    let world = world(&[("systemctl", SYSTEMCTL)]);
    fs::create_dir_all(world.path(".config/systemd/user")).unwrap();
    let unit = world.write(UNITS[1], "[Timer]\nOnCalendar=daily\n");
    schedule(&world, &["install", "--all"]).fails_as("scheduler-failed").saying("is not fedcred's");
    told(&schedule(&world, &["remove"]));
    assert_eq!(fs::read_to_string(unit).unwrap(), "[Timer]\nOnCalendar=daily\n");
    assert!(calls(&world).iter().all(|call| !call.contains("enable") && !call.contains("disable")));
}

#[test]
fn a_systemd_credential_is_loaded_and_its_place_is_named() {
    let world = world(&[("systemctl", SYSTEMCTL)]).unset("saml.password.env").set("saml.password.credential", "corp");
    let run = schedule(&world, &["install", "dev"]);
    let place = world.path(".config/credstore/corp");
    assert!(told(&run).contains(&format!("write it into {}", place.display())), "{}", run.stdout);
    let service = fs::read_to_string(world.path(UNITS[0])).unwrap();
    assert!(service.contains("\nLoadCredential=corp:%E/credstore/corp\n"), "{service}");
}

#[test]
fn where_systemd_is_absent_cron_does_it_and_other_lines_stay() {
    for others in [None, Some("MAILTO=alice\n0 1 * * * backup\n"), Some("# no line end")] {
        let world = world(&[("systemctl", NO_SYSTEMCTL), ("crontab", CRONTAB)]);
        if let Some(others) = others {
            world.write("crontab", others);
        }
        let crontab = || fs::read_to_string(world.path("crontab")).unwrap_or_default();
        told(&schedule(&world, &["install", "--all"]));
        let first = crontab();
        assert!(first.starts_with(others.unwrap_or_default()), "{first}");
        let line = first.lines().find(|line| line.contains("refresh")).unwrap();
        assert!(line.starts_with("*/5 * * * * umask 077; mkdir -p "), "{line}");
        told(&schedule(&world, &["install", "--all", "--every", "10m"]));
        assert_eq!(crontab(), first.replace("*/5 ", "*/10 "), "a second line would be a second job");
        assert!(
            told(&schedule(&world, &["status"]))
                .starts_with("a line of your crontab, */10 * * * *\n  last run: none yet")
        );
        told(&schedule(&world, &["remove"]));
        assert_eq!(crontab().trim_end(), others.unwrap_or_default().trim_end());
        assert_eq!(world.path("crontab").exists(), others.is_some());
    }
}

#[test]
fn the_line_of_the_crontab_keeps_the_cache_warm() {
    let world = world(&[("crontab", CRONTAB)]);
    let password = world.given("password", PASSWORD).display().to_string();
    let world = world.unset("saml.password.env").set("saml.password.file", password);
    told(&schedule(&world, &["install", "dev"]));
    let crontab = fs::read_to_string(world.path("crontab")).unwrap();
    let command = crontab.lines().find_map(|line| line.strip_prefix("*/5 * * * * ")).unwrap();
    // cron gives next to nothing.
    let mut sh = std::process::Command::new("/bin/sh");
    sh.args(["-c", command]).env_clear().env("HOME", world.path("")).env("PATH", "/usr/bin:/bin").current_dir("/");
    assert!(
        sh.status().unwrap().success(),
        "{}",
        fs::read_to_string(world.path(".cache/fedcred/refresh.log")).unwrap()
    );
    let logins = world.sts.calls().len();
    world.get().succeeds();
    assert_eq!((logins, world.sts.calls().len()), (1, 1));
    let run = schedule(&world, &["status"]);
    assert!(told(&run).contains("last run: 20") && run.stdout.contains(".cache/fedcred/refresh.log"), "{}", run.stdout);
    let log = fs::read_to_string(world.path(".cache/fedcred/refresh.log")).unwrap();
    assert!(log.contains("refreshed"), "{log}");
}

#[test]
fn a_crontab_that_cannot_be_read_is_not_written() {
    let failing = "#!/bin/sh\necho \"crontab $*\" >>\"$HOME/calls\"\necho 'you are not allowed' >&2\nexit 1\n";
    let world = world(&[("crontab", failing)]);
    schedule(&world, &["install", "dev", "--with", "cron"]).fails_as("scheduler-failed").saying("you are not allowed");
    assert_eq!(calls(&world), ["crontab -l"]);
}

#[test]
fn launchd_is_given_an_agent() {
    let world = world(&[("launchctl", LAUNCHCTL)]);
    let agent = world.path("Library/LaunchAgents/fedcred.refresh.plist");
    for again in [false, true] {
        told(&schedule(&world, &["install", "dev", "--with", "launchd", "--every", "1h"]));
        let user = rustix::process::getuid().as_raw();
        let bootstrap = format!("launchctl bootstrap gui/{user} {}", agent.display());
        let bootout = format!("launchctl bootout gui/{user}/fedcred.refresh");
        assert_eq!(calls(&world), if again { vec![bootout, bootstrap.clone(), bootstrap] } else { vec![bootstrap] });
    }
    assert!(fs::read_to_string(&agent).unwrap().contains("<integer>3600</integer>"));
    assert!(told(&schedule(&world, &["status"])).starts_with("fedcred.refresh of launchd"));
    told(&schedule(&world, &["remove"]));
    assert!(!agent.exists());
}

#[test]
fn another_scheduler_takes_the_job_over() {
    let world = world(&[("systemctl", SYSTEMCTL), ("crontab", CRONTAB)]);
    told(&schedule(&world, &["install", "dev", "--with", "cron"]));
    assert!(told(&schedule(&world, &["install", "dev"])).contains("removed: fedcred's line from your crontab"));
    assert!(!world.path("crontab").exists() && world.path(UNITS[1]).exists());
}

#[test]
fn print_writes_nothing_and_calls_nobody() {
    let world = world(&[("systemctl", SYSTEMCTL), ("crontab", CRONTAB), ("launchctl", LAUNCHCTL)]);
    let files = world.files().len();
    for (scheduler, text) in [
        ("systemd", "OnCalendar=*:0/5"),
        ("launchd", "<integer>300</integer>"),
        ("cron", "*/5 * * * * "),
        ("kubernetes", "kind: CronJob"),
    ] {
        let run = schedule(&world, &["install", "--all", "--print", "--with", scheduler]);
        assert!(told(&run).contains(text), "{}", run.stdout);
    }
    assert_eq!(calls(&world), Vec::<String>::new());
    // The configuration itself.
    assert!(world.files().len() <= files + 1, "{:?}", world.files());
}

#[test]
fn what_cannot_be_scheduled_is_said() {
    let world = world(&[]);
    schedule(&world, &["install", "dev"])
        .fails_as("scheduler-failed")
        .saying("neither a systemd user manager nor a crontab");
    schedule(&world, &["install", "dew", "--print", "--with", "cron"]).fails_as("profile-not-found");
    schedule(&world, &["install", "dev", "--with", "kubernetes"]).fails_as("bad-flag");
    for every in ["30s", "13h", "soon", ""] {
        let run = schedule(&world, &["install", "dev", "--every", every]);
        assert_eq!(run.status, Some(2), "{every:?}");
        run.saying("between 1m and 12h");
    }
    assert!(told(&schedule(&world, &["status"])).starts_with("nothing is scheduled"));
}
