//! The cache, seen from outside: what a second run asks of the network, and what it leaves on disk.

use std::fs;
use std::path::PathBuf;

use crate::support::assertion::Assertion;
use crate::support::idp::Site;
use crate::world::World;

fn world() -> World {
    World::form(Site::with_login(Assertion::default()))
}

#[cfg(unix)]
/// What fedcred wrote: everything at home but what the test put there.
fn written(world: &World) -> Vec<PathBuf> {
    world.files().into_iter().filter(|path| !path.ends_with("config.toml")).collect()
}

#[test]
fn a_second_run_asks_nobody() {
    let world = world();
    let first = world.get().succeeds();
    let connections = world.connections();
    assert_eq!(world.get().succeeds(), first);
    assert_eq!(world.connections(), connections);
    assert_eq!(world.idp.journal().len(), 3);
}

#[test]
fn a_hit_does_not_even_read_the_password() {
    let world = world();
    let first = world.get().succeeds();
    // Where the password comes from does not change the result: the entry is the same.
    assert_eq!(world.set("saml.password.env", "NOT_SET_ANYWHERE").get().succeeds(), first);
}

#[test]
fn force_and_no_cache_ask_anew() {
    for flag in ["--force", "--no-cache"] {
        let world = world();
        let first = world.get().succeeds();
        assert_ne!(world.get_with(&[flag]).succeeds(), first, "{flag}");
        assert_eq!(world.sts.calls().len(), 2, "{flag}");
    }
}

#[test]
fn what_force_brought_is_kept_and_what_no_cache_brought_is_not() {
    let world = world();
    let first = world.get_with(&["--no-cache"]).succeeds();
    let second = world.get().succeeds();
    assert_ne!(first, second);
    let third = world.get_with(&["--force"]).succeeds();
    assert_ne!(second, third);
    assert_eq!(world.get().succeeds(), third);
}

#[test]
fn credentials_that_ran_out_are_replaced() {
    let world = world();
    let first = world.get().succeeds();
    world.age(61);
    assert_ne!(world.get().succeeds(), first);
}

#[test]
fn a_failure_is_not_kept_as_a_result() {
    let world = world();
    world.sts.lifetime(-60);
    world.get().fails_as("clock-skew");
    assert!(world.get().stdout.is_empty());
}

#[test]
#[cfg(unix)]
fn everything_written_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let world = world();
    world.get().succeeds();
    let files = written(&world);
    assert!(files.len() > 1, "{files:?}");
    for path in files {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", path.display());
    }
}

#[test]
fn a_damaged_entry_is_a_miss() {
    for damage in ["", "garbage", "{\"Version\":1}"] {
        let world = world();
        let place = world.path("cache");
        let world = world.env("FEDCRED_CACHE_DIR", place.to_str().unwrap());
        world.get().succeeds();
        let entries: Vec<PathBuf> = world.files().into_iter().filter(|path| path.starts_with(&place)).collect();
        assert!(!entries.is_empty());
        for path in entries {
            fs::write(path, damage).unwrap();
        }
        world.get().succeeds();
        assert_eq!(world.sts.calls().len(), 2, "{damage:?}");
    }
}

#[test]
fn the_cache_can_live_elsewhere() {
    let world = world();
    let place = world.path("elsewhere");
    let world = world.env("FEDCRED_CACHE_DIR", place.to_str().unwrap());
    world.get().succeeds();
    assert!(world.files().iter().any(|path| path.starts_with(&place)));
}

#[test]
fn a_cache_that_cannot_be_written_costs_nobody_the_credentials() {
    let world = World::open(Site::without_login(Assertion::default()));
    let file = world.write("a-file", "");
    let world = world.env("FEDCRED_CACHE_DIR", file.join("below").to_str().unwrap());
    world.get().succeeds();
}
