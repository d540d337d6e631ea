//! Where nothing can be kept, or what is kept is open to others.

#[cfg(unix)]
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use super::{kept, password_check, posts, site};
#[cfg(unix)]
use crate::harness::left_out::is_root_for;
#[cfg(unix)]
use crate::harness::run::Run;
use crate::support::assertion::Assertion;
use crate::support::idp::Site;
use crate::world::World;

fn form() -> World {
    World::form(Site::with_login(Assertion::default()))
}

fn open() -> World {
    World::open(Site::without_login(Assertion::default()))
}

/// The cache is to lie below a file: unlike a read-only directory, that keeps root out, too.
fn with_unwritable_cache(world: World) -> World {
    let below = world.write("a-file", "").join("below");
    world.env("FEDCRED_CACHE_DIR", below.to_str().unwrap())
}

/// No fall-back either.
fn with_nowhere_to_write(world: World) -> World {
    let below = world.write("another-file", "").join("below");
    let below = below.to_str().unwrap();
    with_unwritable_cache(world).env("TMPDIR", below).env("TEMP", below).env("XDG_RUNTIME_DIR", below)
}

#[test]
fn where_only_the_cache_cannot_be_written_a_login_goes_on_and_its_refusal_is_remembered() {
    for variable in if cfg!(windows) { &["TEMP"][..] } else { &["XDG_RUNTIME_DIR", "TMPDIR"] } {
        let world = with_nowhere_to_write(World::form(site(password_check())));
        let session = world.path("session");
        std::fs::create_dir(&session).unwrap();
        let world = world.env(variable, session.to_str().unwrap());
        let first = world.get().succeeds();
        assert_eq!(world.get().succeeds(), first, "it is kept there, with its key");
        let told = world.run(&["status"]).stdout;
        let there = world.path("session").display().to_string();
        assert!(told.contains(&format!("store: file {there}")) && told.contains("cannot write"), "{told}");
        let known: serde_json::Value = serde_json::from_str(&world.run(&["status", "--json"]).stdout).unwrap();
        assert_eq!(known["cache"]["elsewhere_because"]["code"], "cache-write", "{known}");
        assert!(known["cache"]["not_kept"].is_null() && known["profiles"][0]["state"] == "fresh", "{known}");
        assert!(world.run(&["logout", "dev"]).stdout.contains("1 cached result"));
        let world = world.env("IDP_PASSWORD", "wrong-password").secret("wrong-password");
        for _ in 0..3 {
            world.get().fails_as("idp-rejected");
        }
        assert_eq!(posts(&world), 2, "{variable}");
    }
}

#[test]
#[cfg(unix)]
fn with_nowhere_to_count_attempts_no_password_is_sent() {
    let world = with_nowhere_to_write(form());
    world.get().fails_as("cache-write").saying("password");
    assert_eq!(world.connections(), 0);
    with_nowhere_to_write(open()).get().succeeds();
}

#[test]
fn without_a_cache_by_choice_each_run_logs_in() {
    for world in [form(), open()] {
        let world = world.also("[cache]\nstore = \"none\"\n");
        assert_ne!(world.get().succeeds(), world.get().succeeds());
        assert_eq!(kept(&world, ".cred.v3").len(), 0, "records only");
    }
}

#[cfg(unix)]
fn without_a_home(world: &World, arguments: &[&str]) -> Run {
    let mut command = world.command(env!("CARGO_BIN_EXE_fedcred"));
    Run::of(command.env_remove("HOME").env_remove("USERPROFILE").args(arguments))
}

#[test]
#[cfg(unix)]
fn without_a_home_variable_the_second_call_is_a_hit() {
    for variable in ["FEDCRED_CACHE_DIR", "XDG_RUNTIME_DIR", "TMPDIR"] {
        for world in [form(), open()] {
            let (place, below) = (world.path("place"), world.write("a-file", "").join("below"));
            fs::create_dir(&place).unwrap();
            set_mode(&place, 0o700);
            // The home of whoever runs the tests is left alone: these go before it, and cannot be written.
            let below = below.to_str().unwrap().to_owned();
            let world = world.env("XDG_CONFIG_HOME", &below).env("XDG_CACHE_HOME", &below).env("TMPDIR", &below);
            let world = world.env(variable, place.to_str().unwrap());
            let first = without_a_home(&world, &["get", "dev"]).succeeds();
            assert_eq!(without_a_home(&world, &["get", "dev"]).succeeds(), first, "{variable}");
        }
    }
}

#[test]
#[cfg(unix)]
fn what_somebody_made_of_a_fall_back_is_passed_over_and_stops_nobody() {
    let us = rustix::process::geteuid();
    let makers: [fn(&Path); 6] = [
        |at| fs::write(at, "").unwrap(),
        |at| std::os::unix::fs::symlink("/", at).unwrap(),
        |at| std::os::unix::fs::symlink("nowhere", at).unwrap(),
        |at| rustix::fs::mknodat(rustix::fs::CWD, at, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap(),
        |at| {
            fs::create_dir(at).unwrap();
            set_mode(at, 0o777);
        },
        |at| {
            fs::create_dir(at).unwrap();
            fs::write(at.join("cache.key"), [b'k'; 40]).unwrap();
            set_mode(&at.join("cache.key"), 0o644);
            set_mode(at, 0o755);
            if is_root_for("a directory of another user in the place of a fall-back") {
                std::os::unix::fs::chown(at, Some(65534), Some(65534)).unwrap();
            }
        },
    ];
    for (which, make) in makers.into_iter().enumerate() {
        let [shared, session] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        make(&shared.path().join(format!("fedcred-{}", us.as_raw())));
        make(&session.path().join("fedcred"));
        let world = form().env("TMPDIR", shared.path().to_str().unwrap());
        let world = world.env("XDG_RUNTIME_DIR", session.path().to_str().unwrap());
        world.get().succeeds();
        let told = world.run(&["logout", "dev"]);
        assert_eq!(told.status, Some(0), "{which}: {}", told.stderr);
        assert!(told.stdout.contains("1 cached result"), "{which}: {}", told.stdout);
        for command in [&["logout", "--all"][..], &["status"], &["refresh", "dev"], &["doctor", "dev"]] {
            let run = world.run(command);
            assert_eq!(run.status, Some(0), "{which} {command:?}: {}{}", run.stdout, run.stderr);
        }
        // And nothing is kept there, where nothing else can be written.
        let world = with_unwritable_cache(world);
        world.get().fails_as("cache-write");
    }
}

#[test]
#[cfg(unix)]
fn a_relative_place_is_passed_over_wherever_it_is_run() {
    for dir in ["kept", "~/kept"] {
        let session = tempfile::tempdir().unwrap();
        let world = form().env("FEDCRED_CACHE_DIR", dir).env("XDG_RUNTIME_DIR", session.path().to_str().unwrap());
        // One that is there by chance in one directory is no better.
        fs::create_dir_all(world.path("here").join(dir)).unwrap();
        fs::create_dir_all(world.path("there")).unwrap();
        let run = |at: &str, arguments: &[&str]| {
            let mut command = world.command(env!("CARGO_BIN_EXE_fedcred"));
            Run::of(command.current_dir(world.path(at)).args(arguments))
        };
        let first = run("here", &["get", "dev"]).succeeds();
        assert_eq!(run("there", &["get", "dev"]).succeeds(), first, "{dir}");
        let told = run("here", &["status"]).stdout;
        assert!(told.contains("not an absolute path") && told.contains("FEDCRED_CACHE_DIR"), "{told}");
        assert_eq!(fs::read_dir(world.path("here").join(dir)).unwrap().count(), 0);
    }
}

#[test]
#[cfg(unix)]
fn a_session_directory_or_a_key_of_another_user_is_passed_over() {
    if !is_root_for("a session directory and a key of another user") {
        return;
    }
    let give_away = |path: &Path| std::os::unix::fs::chown(path, Some(65534), Some(65534)).unwrap();
    // As `su` leaves it.
    let session = tempfile::tempdir().unwrap();
    set_mode(session.path(), 0o777);
    give_away(session.path());
    let world = with_unwritable_cache(form()).env("XDG_RUNTIME_DIR", session.path().to_str().unwrap());
    let first = world.get().succeeds();
    assert_eq!(world.get().succeeds(), first, "kept in the temporary directory");
    assert_eq!(fs::read_dir(session.path()).unwrap().count(), 0);

    let world = form();
    world.get().succeeds();
    give_away(&kept(&world, "cache.key").remove(0));
    let anew = world.get().succeeds();
    assert_eq!(world.get().succeeds(), anew, "kept with a key beside it");
    let told = world.run(&["logout", "dev"]);
    assert!(told.status == Some(0) && told.stdout.contains("1 cached result"), "{}{}", told.stdout, told.stderr);
    assert_ne!(world.get().succeeds(), anew);
}

/// A file may have so many blocks of 512 bytes. The signal of a longer one is ignored, so that the write fails as on a
/// full disk.
#[cfg(unix)]
fn with_disk_of(world: &World, blocks: u32, command: &str) -> Run {
    let fedcred = env!("CARGO_BIN_EXE_fedcred");
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec '{fedcred}' {command} dev");
    Run::of(world.command("sh").args(["-c", &script]))
}

#[test]
#[cfg(unix)]
fn a_full_disk_costs_the_next_run_a_login_and_nobody_the_credentials() {
    with_disk_of(&open(), 0, "get").succeeds();
    // Lock and record find room, the entry does not.
    let world = form();
    let first = with_disk_of(&world, 1, "get").succeeds();
    assert_ne!(world.get().succeeds(), first);
    let told = with_disk_of(&world, 0, "logout");
    assert!(told.status == Some(0) && told.stdout.contains("1 cached result"), "{}{}", told.stdout, told.stderr);
    // No room to count attempts.
    let world = form();
    with_disk_of(&world, 0, "get").fails_as("cache-write");
    assert_eq!(posts(&world), 0);
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
#[cfg(unix)]
fn what_is_open_to_others_is_refused_with_the_command_that_mends_it() {
    for (which, flags) in [("cache.key", &[][..]), ("cache.key", &["--no-cache"]), (".memo.v3", &["--force"])] {
        for world in [form(), open()] {
            world.get().succeeds();
            let path = kept(&world, which).remove(0);
            set_mode(&path, 0o644);
            let connections = world.connections();
            let run = world.get_with(flags);
            run.fails_as("insecure-permissions").saying(&format!("chmod 600 {}", path.display()));
            assert_eq!(world.connections(), connections);
            set_mode(&path, 0o600);
            world.get_with(flags).succeeds();
        }
    }
    let world = form();
    world.get().succeeds();
    let directory = kept(&world, ".memo.v3").remove(0).parent().unwrap().to_owned();
    set_mode(&directory, 0o755);
    world.get_with(&["--force"]).fails_as("insecure-permissions").saying(&format!("chmod 700 {}", directory.display()));
    set_mode(&directory, 0o700);
    world.get_with(&["--force"]).succeeds();
    // Whatever its mode, it can be thrown away.
    set_mode(&kept(&world, ".cred.v3").remove(0), 0o644);
    world.get().fails_as("insecure-permissions");
    let told = world.run(&["logout", "dev"]);
    assert!(told.status == Some(0) && told.stdout.contains("1 cached result"), "{}{}", told.stdout, told.stderr);
    world.get().succeeds();
}

#[test]
#[cfg(unix)]
fn a_password_file_that_others_can_read_is_what_the_error_names() {
    let vault = tempfile::tempdir().unwrap();
    let password = vault.path().join("password");
    fs::write(&password, "p").unwrap();
    set_mode(&password, 0o644);
    let world = form().unset("saml.password.env").set("saml.password.file", password.to_str().unwrap());
    world.get().fails_as("insecure-permissions").saying("saml.password").saying("chmod o-rwx");
    assert_eq!(world.idp.lines().len(), 2, "one try, at one place");
}

#[test]
#[cfg(unix)]
fn a_link_in_the_place_of_the_fall_back_leads_nowhere() {
    let world = with_nowhere_to_write(form());
    let (shared, elsewhere) = (world.path("shared"), world.path("elsewhere"));
    fs::create_dir(&shared).unwrap();
    fs::create_dir(&elsewhere).unwrap();
    let name = format!("fedcred-{}", rustix::process::geteuid().as_raw());
    std::os::unix::fs::symlink(&elsewhere, shared.join(name)).unwrap();
    let world = world.env("TMPDIR", shared.to_str().unwrap());
    world.get().fails_as("cache-write");
    assert_eq!(fs::read_dir(elsewhere).unwrap().count(), 0);
}

#[test]
#[cfg(unix)]
fn a_configuration_in_another_users_directory_is_refused() {
    if !is_root_for("a configuration in another user's directory") {
        return;
    }
    let world = form();
    let place = world.path("elsewhere");
    fs::create_dir(&place).unwrap();
    let config = world.write("elsewhere/config.toml", "");
    std::os::unix::fs::chown(&place, Some(12345), None).unwrap();
    let run = world.run(&["--config", config.to_str().unwrap(), "get", "dev"]);
    run.fails_as("insecure-permissions").saying("12345");
}
