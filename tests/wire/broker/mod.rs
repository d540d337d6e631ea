//! The broker, as many processes see it: one login for all, no secret sent twice, an outage that nobody notices.

mod cache;
#[cfg(target_os = "linux")]
mod crowd;
mod entries;
mod guard;
#[cfg(target_os = "linux")]
mod leader;
mod places;
mod refusal;
mod settings;
mod window;

use std::path::PathBuf;
use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
use serde_json::Value;

use crate::harness::run::{Run, Running};
use crate::support::assertion::Assertion;
use crate::support::entries::Kept;
use crate::support::idp::{self, Respond, Site};
use crate::support::memories;
use crate::support::reply::Reply;
use crate::support::server::Request;
use crate::world::World;

/// Passwords that were posted.
pub fn posts(world: &World) -> usize {
    requests(world, "POST /login")
}

fn requests(world: &World, line: &str) -> usize {
    world.idp.lines().iter().filter(|asked| *asked == line).count()
}

/// A plain product's login, with `login` in place of what takes the posted form.
pub fn site(login: impl Respond) -> Site {
    Site::new()
        .get("/sso", |_: &Request| Reply::redirect(302, "/login"))
        .get("/login", idp::login_page("/login"))
        .post("/login", login)
}

/// What takes the posted form of a plain product.
pub fn password_check() -> impl Respond {
    idp::password_check(idp::login_page("/login"), idp::assertion_page(Assertion::default()))
}

/// Waits for all of them.
fn end(world: &World, crowd: Vec<Running>) -> Vec<Run> {
    crowd.into_iter().map(|running| world.end(running)).collect()
}

#[cfg(target_os = "linux")]
/// What all of them printed; one line, the same for all.
pub fn the_one_answer(runs: &[Run]) -> Value {
    let first = runs[0].succeeds();
    for run in runs {
        assert_eq!(run.succeeds(), first);
    }
    first
}

#[cfg(target_os = "linux")]
/// All failed as this code, in the same words.
pub fn the_one_error(runs: &[Run], code: &str) {
    for run in runs {
        assert_eq!(run.fails_as(code).stderr, runs[0].stderr);
    }
}

/// Lets it fail as this code until an attempt is held back, and returns that run. The pause doubles from a second with each
/// failure, and a start may take longer than the first ones last.
fn held_back(world: &World, code: &str) -> Run {
    let says_so = |run: &Run| run.fails_as(code).stderr.contains("the next attempt is allowed from");
    (0..10).map(|_| world.get()).find(says_so).expect("ten failures in a row hold the next attempt back")
}

/// Waits until the other processes have come so far.
pub fn until(what: &str, mut come: impl FnMut() -> bool) {
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

/// The one entry that the world keeps.
fn entry(world: &World) -> PathBuf {
    Kept::one(&world.files()).path
}

/// Makes what is remembered of logins as old as it will be in so many minutes.
fn remembered_ago(world: &World, minutes: i64) {
    assert_ne!(memories::age(&world.files(), minutes), 0, "something is remembered");
}

/// Makes the kept entry as old as it will be in so many minutes; below zero, it comes from the future.
fn age(world: &World, minutes: i64) {
    Kept::one(&world.files()).age(minutes);
}
