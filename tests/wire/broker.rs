//! The broker, as many processes see it: one login for all, no secret sent twice, an outage that nobody notices.

#[cfg(target_os = "linux")]
mod crowd;
mod entries;
#[cfg(target_os = "linux")]
mod leader;
mod places;
mod refusal;
mod settings;
mod window;

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use fedcred::cache::entry::CacheEntry;
use fedcred::cache::key::{CacheKey, FileName};
use fedcred::cache::master_key::{KeyPlace, SealingKey};
use serde_json::Value;

use crate::run::{Run, Running};
use crate::support::assertion::Assertion;
use crate::support::idp::{self, Respond, Site};
use crate::support::reply::Reply;
use crate::support::server::Request;
use crate::world::World;

/// Passwords that were posted.
fn posts(world: &World) -> usize {
    requests(world, "POST /login")
}

fn requests(world: &World, line: &str) -> usize {
    world.idp.lines().iter().filter(|asked| *asked == line).count()
}

/// A plain product's login, with `login` in place of what takes the posted form.
fn site(login: impl Respond) -> Site {
    Site::new()
        .get("/sso", |_: &Request| Reply::redirect(302, "/login"))
        .get("/login", idp::login_page("/login"))
        .post("/login", login)
}

/// What takes the posted form of a plain product.
fn password_check() -> impl Respond {
    idp::password_check(idp::login_page("/login"), idp::assertion_page(Assertion::default()))
}

/// Waits for all of them.
fn end(world: &World, crowd: Vec<Running>) -> Vec<Run> {
    crowd.into_iter().map(|running| world.end(running)).collect()
}

/// What all of them printed; one line, the same for all.
fn the_one_answer(runs: &[Run]) -> Value {
    let first = runs[0].succeeds();
    for run in runs {
        assert_eq!(run.succeeds(), first);
    }
    first
}

/// All failed as this code, in the same words.
fn the_one_error(runs: &[Run], code: &str) {
    for run in runs {
        assert_eq!(run.fails_as(code).stderr, runs[0].stderr);
    }
}

/// Waits until the other processes have come so far.
fn until(what: &str, mut come: impl FnMut() -> bool) {
    let started = Instant::now();
    while !come() {
        assert!(started.elapsed() < Duration::from_secs(60), "it never came so far: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Files of the cache whose names end so.
fn kept(world: &World, ending: &str) -> Vec<PathBuf> {
    let is_kept = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(ending));
    world.files().into_iter().filter(is_kept).collect()
}

/// The one entry that the world keeps, with what opens it.
fn entry(world: &World) -> (PathBuf, SealingKey, CacheKey, CacheEntry) {
    let entries: Vec<_> = world.files().into_iter().filter_map(|path| Some((key_of(&path)?, path))).collect();
    let [(key, path)] = entries.as_slice() else { panic!("{} entries", entries.len()) };
    let place = KeyPlace::File(kept(world, "cache.key").remove(0));
    let sealing = place.read().unwrap().expect("a sealing key");
    let entry = CacheEntry::open(&sealing, key, &fs::read(path).unwrap()).expect("a whole entry");
    (path.clone(), sealing, *key, entry)
}

fn key_of(path: &std::path::Path) -> Option<CacheKey> {
    match FileName::parse(path.file_name()?.to_str()?) {
        Some(FileName::Entry(key)) => Some(key),
        _ => None,
    }
}

/// Makes the kept entry as old as it will be in so many minutes; below zero, it comes from the future.
fn age(world: &World, minutes: i64) {
    let (path, sealing, key, mut entry) = entry(world);
    let passed = jiff::SignedDuration::from_mins(minutes);
    entry.issued -= passed;
    entry.credentials.expiration -= passed;
    fs::write(path, entry.seal(&sealing, &key).unwrap()).unwrap();
}
