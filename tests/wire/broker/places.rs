//! Where nothing can be kept, or what is kept is open to others.

#[cfg(unix)]
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use super::{kept, password_check, posts, site};
use crate::run::Run;
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
    for variable in ["XDG_RUNTIME_DIR", "TMPDIR"] {
        let world = with_nowhere_to_write(World::form(site(password_check())));
        let session = world.path("session");
        std::fs::create_dir(&session).unwrap();
        let world = world.env(variable, session.to_str().unwrap());
        let first = world.get().succeeds();
        assert_ne!(world.get().succeeds(), first, "nothing is kept");
        let world = world.env("IDP_PASSWORD", "wrong-password").secret("wrong-password");
        for _ in 0..3 {
            world.get().fails_as("idp-rejected");
        }
        assert_eq!(posts(&world), 3, "{variable}");
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
        assert_eq!(kept(&world, ".v1").len(), kept(&world, ".login.v1").len(), "records only");
    }
}

#[test]
#[cfg(unix)]
fn without_a_home_a_login_goes_on() {
    for world in [form(), open()] {
        let mut command = world.command(env!("CARGO_BIN_EXE_fedcred"));
        let run = Run::of(command.env_remove("HOME").env_remove("USERPROFILE").args(["get", "dev"]));
        run.succeeds();
    }
}

/// A file may have so many blocks of 512 bytes. The signal of a longer one is ignored, so that the write fails as on a
/// full disk.
#[cfg(unix)]
fn with_disk_of(world: &World, blocks: u32) -> Run {
    let fedcred = env!("CARGO_BIN_EXE_fedcred");
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec '{fedcred}' get dev");
    Run::of(world.command("sh").args(["-c", &script]))
}

#[test]
#[cfg(unix)]
fn a_full_disk_costs_the_next_run_a_login_and_nobody_the_credentials() {
    with_disk_of(&open(), 0).succeeds();
    // Lock and record find room, the entry does not.
    let world = form();
    let first = with_disk_of(&world, 1).succeeds();
    assert_ne!(world.get().succeeds(), first);
    // No room to count attempts.
    let world = form();
    with_disk_of(&world, 0).fails_as("cache-write");
    assert_eq!(posts(&world), 0);
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
#[cfg(unix)]
fn what_is_open_to_others_is_refused_with_the_command_that_mends_it() {
    for (which, flags) in [("cache.key", &[][..]), ("cache.key", &["--no-cache"]), (".login.v1", &["--force"])] {
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
    let directory = kept(&world, ".login.v1").remove(0).parent().unwrap().to_owned();
    set_mode(&directory, 0o755);
    world.get_with(&["--force"]).fails_as("insecure-permissions").saying(&format!("chmod 700 {}", directory.display()));
    set_mode(&directory, 0o700);
    world.get_with(&["--force"]).succeeds();
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
