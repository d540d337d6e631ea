//! The small program in front: what it answers by itself, and that everything else comes out as of the complete one.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use crate::harness::run::{Run, Running};
use crate::installed::{Installed, copy_program};
use crate::support::assertion::Assertion;
use crate::support::idp::{Site, assertion_page, held};
use crate::support::reply::Gate;
use crate::world::World;

fn world() -> World {
    World::form(Site::with_login(Assertion::default()))
}

fn run(world: &World, program: &Path, arguments: &[&str]) -> Run {
    let run = Run::of(world.command(program.to_str().expect("a UTF-8 path")).args(arguments));
    world.record(&run);
    run
}

fn complete(world: &World, arguments: &[&str]) -> Run {
    run(world, Path::new(env!("CARGO_BIN_EXE_fedcred")), arguments)
}

#[test]
fn a_fresh_entry_is_printed_as_the_complete_program_prints_it_without_that_program() {
    let world = world();
    let first = complete(&world, &["get", "dev"]);
    first.succeeds();
    let installed = Installed::new();
    installed.without_complete();
    let connections = world.connections();
    let config = world.path("config.toml");
    let config = config.to_str().expect("a UTF-8 path");
    for arguments in [
        &["get", "dev"][..],
        &["credential-process", "dev"],
        &["get", "-p", "dev"],
        &["--profile=dev", "get"],
        &["get", "dev", "--config", config],
    ] {
        let hit = run(&world, &installed.small(), arguments);
        assert_eq!((hit.succeeds(), &hit.stdout), (first.succeeds(), &first.stdout), "{arguments:?}");
    }
    let world = world.env("FEDCRED_PROFILE", "dev");
    assert_eq!(run(&world, &installed.small(), &["get"]).stdout, first.stdout);
    assert_eq!(world.connections(), connections);
}

#[test]
fn a_cold_cache_is_filled_by_the_complete_program() {
    let world = world();
    let installed = Installed::new();
    let first = run(&world, &installed.small(), &["get", "dev"]);
    first.succeeds();
    assert_eq!(world.sts.calls().len(), 1);
    installed.without_complete();
    assert_eq!(run(&world, &installed.small(), &["get", "dev"]).stdout, first.stdout);
}

#[test]
fn whatever_it_does_not_answer_comes_out_as_of_the_complete_program() {
    let installed = Installed::new();
    let table: [&[&str]; 9] = [
        &["get", "typo"],
        &["get", "dev", "--format", "nonsense"],
        &["get", "dev", "--window"],
        &["get", "-p", "dev", "dev"],
        &["--version"],
        &["get", "--help"],
        &["config", "show", "dev"],
        &["config", "path"],
        &[],
    ];
    let world = world();
    for arguments in table {
        let (through, direct) = (run(&world, &installed.small(), arguments), complete(&world, arguments));
        assert_eq!(
            (through.status, &through.stdout, &through.stderr),
            (direct.status, &direct.stdout, &direct.stderr),
            "{arguments:?}"
        );
    }
}

#[test]
fn an_error_of_the_login_passes_through_unchanged() {
    let world = world().env("IDP_PASSWORD", "wrong");
    let installed = Installed::new();
    run(&world, &installed.small(), &["get", "dev"]).fails_as("idp-rejected");
}

#[test]
fn where_a_log_is_asked_for_the_complete_program_tells_of_the_hit() {
    let world = world();
    complete(&world, &["get", "dev"]).succeeds();
    let log = world.path("asked.log");
    let world = world.env("FEDCRED_LOG", log.to_str().expect("a UTF-8 path"));
    let installed = Installed::new();
    run(&world, &installed.small(), &["get", "dev"]).succeeds();
    assert!(log.is_file());
    installed.without_complete();
    run(&world, &installed.small(), &["get", "dev"]).fails_as("program-missing");
}

#[test]
fn an_entry_or_a_key_of_another_version_is_for_the_complete_program_to_judge() {
    for (ending, is_key) in [(".cred.v3", false), ("cache.key", true)] {
        let world = world();
        let first = complete(&world, &["get", "dev"]);
        let of_version = |path: &std::path::PathBuf| path.to_string_lossy().ends_with(ending);
        let files: Vec<_> = world.files().into_iter().filter(of_version).collect();
        assert!(!files.is_empty(), "{ending}");
        for file in files {
            let mut content = std::fs::read(&file).expect("a file of ours");
            // The eighth byte is the version, in each of our formats.
            content[7] = 200;
            std::fs::write(&file, content).expect("a file of ours");
        }
        let installed = Installed::new();
        let second = run(&world, &installed.small(), &["get", "dev"]);
        second.succeeds();
        assert!(second.stdout != first.stdout || is_key, "{ending}");
    }
}

#[test]
fn without_the_complete_program_the_error_names_the_places() {
    let world = world();
    let installed = Installed::new();
    installed.without_complete();
    let run = run(&world, &installed.small(), &["get", "dev"]);
    run.fails_as("program-missing").saying("libexec/fedcred/fedcred").saying("fedcred-full");
}

#[test]
fn the_complete_program_is_taken_neither_from_path_nor_from_the_working_directory() {
    let world = world();
    let installed = Installed::new();
    installed.without_complete();
    // What is given is not searched for credentials: a whole program takes long.
    let elsewhere = world.given("note", "").with_file_name("");
    for name in ["fedcred", "fedcred-full"] {
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_fedcred"), elsewhere.join(name)).expect("a link");
    }
    let mut command = world.command(installed.small().to_str().expect("a UTF-8 path"));
    let run = Run::of(command.args(["get", "dev"]).env("PATH", &elsewhere).current_dir(&elsewhere));
    run.fails_as("program-missing");
}

#[test]
fn closed_descriptors_and_a_full_disk_come_out_as_of_the_complete_program() {
    let world = world();
    complete(&world, &["get", "dev"]).succeeds();
    let installed = Installed::new();
    for redirected in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", ">/dev/full", "2>/dev/full"] {
        for profile in ["dev", "typo"] {
            let script = format!("\"$0\" get {profile} {redirected}");
            let of = |program: &Path| {
                let run = Run::of(world.command("sh").args(["-c", &script]).arg(program));
                world.record(&run);
                (run.status, run.stdout, run.stderr)
            };
            assert_eq!(of(&installed.small()), of(Path::new(env!("CARGO_BIN_EXE_fedcred"))), "{script}");
        }
    }
}

#[test]
fn a_reader_that_has_gone_away_is_no_failure() {
    let world = world();
    complete(&world, &["get", "dev"]).succeeds();
    let installed = Installed::new();
    for (profile, expected) in [("dev", Some(0)), ("typo", Some(78))] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = world.command(installed.small().to_str().expect("a UTF-8 path"));
        command.args(["get", profile]).stdin(Stdio::null());
        // Its own errors go there, too.
        let (stdout, stderr) = (writer.try_clone().expect("a descriptor"), writer);
        assert_eq!(command.stdout(stdout).stderr(stderr).status().expect("it starts").code(), expected);
    }
}

#[test]
fn killed_in_the_middle_it_leaves_nothing_that_the_next_would_wait_for() {
    let installed = Installed::new();
    let gate = Gate::default();
    let page = || assertion_page(Assertion::default());
    let world = World::open(Site::new().get("/sso", held(&gate, page())));
    let mut running =
        Running::start(world.command(installed.small().to_str().expect("a UTF-8 path")).args(["get", "dev"]));
    // It asks the IdP by then, as the complete program, with the lock in its hands.
    while world.idp.lines().is_empty() {
        std::thread::yield_now();
    }
    running.kill();
    assert_eq!(world.end(running).status, None);
    gate.open();
    run(&world, &installed.small(), &["get", "dev"]).succeeds();
}

#[test]
fn an_upgrade_in_the_middle_leaves_no_run_without_an_answer() {
    let world = world();
    complete(&world, &["get", "dev"]).succeeds();
    let installed = Installed::new();
    let places = [installed.small(), installed.complete()];
    let upgrades = std::thread::spawn(move || {
        for _ in 0..20 {
            for place in &places {
                // As package managers do it: the new file beside the old one, then over it.
                let new = place.with_extension("new");
                copy_program(place, &new);
                fs::rename(&new, place).expect("the same file system");
            }
        }
    });
    while !upgrades.is_finished() {
        for arguments in [&["get", "dev"], &["config", "path"]] {
            let run = run(&world, &installed.small(), arguments);
            assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""), "{}", run.stdout);
        }
    }
    upgrades.join().expect("no panic");
}

#[test]
fn no_file_takes_the_place_of_a_closed_descriptor() {
    for program in [None, Some(Installed::new())] {
        let world = world();
        let path = program.as_ref().map_or(env!("CARGO_BIN_EXE_fedcred").into(), Installed::small);
        let login = Run::of(world.command("sh").args(["-c", "\"$0\" get dev <&- >&- 2>&-"]).arg(&path));
        assert_eq!((login.status, login.stdout.as_str()), (Some(0), ""));
        let connections = world.connections();
        // The world looks for credentials in every file when it ends.
        complete(&world, &["get", "dev"]).succeeds();
        assert_eq!(world.connections(), connections);
    }
}
