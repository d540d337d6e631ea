//! Who gets the lock, and who is told what of its holder.

use std::fs;
use std::process::{Command, Stdio};

use super::*;
use crate::cache::key::KeyBuilder;
use crate::cache::sealing_key::SealingKey;

const LONG: Duration = Duration::from_secs(60);

fn login(of: &str) -> LoginKey {
    KeyBuilder::new(&SealingKey::from_bytes([7; 32])).field("user", of).login_key()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn store(home: &tempfile::TempDir) -> FileStore {
    FileStore::new(home.path().join("cache"))
}

fn ask(store: &FileStore, of: &str, wait: Duration) -> Attempt {
    Lock::acquire(store, &login(of), &Deadline::after(wait), at("2026-11-22T12:00:20Z")).unwrap()
}

fn acquired(attempt: Attempt) -> Lock {
    match attempt {
        Attempt::Acquired(lock) => lock,
        Attempt::Held(held) => panic!("{held:?}"),
    }
}

fn held(attempt: Attempt) -> Held {
    match attempt {
        Attempt::Acquired(_) => panic!("two hold one lock"),
        Attempt::Held(held) => held,
    }
}

#[test]
fn one_at_a_time_and_the_other_hears_who_it_is() {
    let home = tempfile::tempdir().unwrap();
    let store = store(&home);
    let first = acquired(ask(&store, "alice", Duration::ZERO));
    acquired(ask(&store, "bob", Duration::ZERO));
    for wait in [Duration::ZERO, Duration::from_millis(20)] {
        let holder = held(ask(&store, "alice", wait)).holder.unwrap();
        assert_eq!(holder, Holder { pid: std::process::id(), deadline: at("2026-11-22T12:00:20Z") });
    }
    drop(first);
    acquired(ask(&store, "alice", Duration::ZERO));
    assert!(store.path(&FileName::Lock(login("alice"))).exists(), "the file stays");
}

#[test]
fn a_crowd_gets_it_one_after_the_other() {
    let home = tempfile::tempdir().unwrap();
    let store = store(&home);
    let inside = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let _lock = acquired(ask(&store, "alice", LONG));
                assert_eq!(inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
            });
        }
    });
}

#[test]
fn a_holder_past_its_deadline_is_reported_as_such() {
    let holder = Holder { pid: 4711, deadline: at("2026-11-22T12:00:20Z") };
    let held = Held { holder: Some(holder), waits_for_us: false };
    let error = held.error(at("2026-11-22T12:00:20Z"));
    assert_eq!((error.code, error.causes[0].contains("process 4711 holds")), (Code::LockTimeout, true));
    let error = held.error(at("2026-11-22T12:00:21Z"));
    let remedy = if cfg!(windows) { "taskkill /f /pid 4711" } else { "kill -CONT 4711" };
    assert!(error.causes[0].contains("stopped or frozen") && error.hint.unwrap().contains(remedy));
}

#[test]
fn a_lock_file_with_anything_in_it_still_locks() {
    let home = tempfile::tempdir().unwrap();
    let store = store(&home);
    let name = FileName::Lock(login("alice"));
    for content in ["", "junk", &"x".repeat(200), "-1 2026-11-22T12:00:20Z"] {
        store.write(&name, content.as_bytes()).unwrap();
        assert_eq!(Holder::read(&mut File::open(store.path(&name)).unwrap()), None);
        let _lock = acquired(ask(&store, "alice", Duration::ZERO));
        assert!(held(ask(&store, "alice", Duration::ZERO)).holder.is_some(), "{content:?}");
    }
}

#[test]
fn whoever_waits_for_a_removed_file_takes_the_new_one() {
    let home = tempfile::tempdir().unwrap();
    let store = store(&home);
    let first = acquired(ask(&store, "alice", Duration::ZERO));
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| acquired(ask(&store, "alice", LONG)));
        fs::remove_file(store.path(&FileName::Lock(login("alice")))).unwrap();
        drop(first);
        let _second = waiter.join().unwrap();
        held(ask(&store, "alice", Duration::ZERO));
    });
}

#[cfg(unix)]
#[test]
fn a_command_that_runs_on_does_not_keep_the_lock() {
    let home = tempfile::tempdir().unwrap();
    let store = store(&home);
    let lock = acquired(ask(&store, "alice", Duration::ZERO));
    let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    drop(lock);
    acquired(ask(&store, "alice", Duration::ZERO));
    drop(child.stdin.take());
    child.wait().unwrap();
}

/// Where the child of the test below takes the lock; unset in an ordinary run.
const CHILD_DIR: &str = "FEDCRED_TEST_KILLED_HOLDER";

/// The child: takes the lock, says so, and holds it until it is killed.
#[test]
#[ignore = "run by the test below"]
fn killed_holder() {
    let Some(dir) = crate::process::env::Env::process().path(CHILD_DIR) else { return };
    let _lock = acquired(ask(&FileStore::new(dir), "alice", LONG));
    let mut end_of_input = String::new();
    std::io::stdin().read_to_string(&mut end_of_input).unwrap();
}

#[test]
fn a_lock_dies_with_its_holder() {
    let home = tempfile::tempdir().unwrap();
    let store = store(&home);
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "cache::lock::tests::killed_holder", "--ignored"])
        .env(CHILD_DIR, store.dir())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    // The child has the lock once its process id stands in the file.
    let expected = Some(child.id());
    while Holder::read_at(&store).map(|holder| holder.pid) != expected {
        assert_eq!(child.try_wait().unwrap(), None, "the holder ended by itself");
    }
    held(ask(&store, "alice", Duration::ZERO));
    child.kill().unwrap();
    child.wait().unwrap();
    acquired(ask(&store, "alice", Duration::ZERO));
}

impl Holder {
    fn read_at(store: &FileStore) -> Option<Self> {
        Holder::read(&mut File::open(store.path(&FileName::Lock(login("alice")))).ok()?)
    }
}

/// A command that is being started has the file too, until its `exec` closes it.
#[test]
fn a_lock_ends_with_its_holder_while_another_has_the_file_open() {
    let home = tempfile::tempdir().unwrap();
    let store = store(&home);
    let lock = acquired(ask(&store, "alice", Duration::ZERO));
    let inherited = lock.file.try_clone().unwrap();
    drop(lock);
    acquired(ask(&store, "alice", Duration::ZERO));
    drop(inherited);
}
