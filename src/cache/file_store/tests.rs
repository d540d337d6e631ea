//! What is found, listed, pruned and left by killed writers in a directory of sealed files.

use super::*;
use crate::account_id::AccountId;
use crate::cache::entry::CacheEntry;
use crate::cache::key::{CacheKey, KeyBuilder, Kind, LoginKey};
use crate::cache::record::{self, Record};
use crate::cache::sealing_key::SealingKey;
use crate::credentials::Credentials;
use crate::secret::Secret;

fn key() -> SealingKey {
    SealingKey::from_bytes([7; 32])
}

fn cache_key(of: &str) -> CacheKey {
    KeyBuilder::new(&key()).field("of", of).cache_key()
}

fn login_key(of: &str) -> LoginKey {
    KeyBuilder::new(&key()).field("of", of).login_key()
}

fn entry_name(of: &str) -> FileName {
    FileName::Sealed(Kind::Entry, *cache_key(of).as_bytes())
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn entry(expires: &str, secret_len: usize) -> CacheEntry {
    CacheEntry {
        credentials: Credentials {
            access_key_id: "ASIAEXAMPLE".into(),
            secret_access_key: Secret::new("s".repeat(secret_len)),
            session_token: Secret::new("t".repeat(secret_len)),
            expiration: at(expires),
            account_id: AccountId::parse("112233334444"),
        },
        issued: at("2026-11-22T12:00:00Z"),
        generation: secret_len as u64,
    }
}

fn sealed(expires: &str, secret_len: usize) -> Vec<u8> {
    let (entry, login) = (entry(expires, secret_len), login_key("a"));
    record::seal_body::<CacheEntry>(&key(), &cache_key("a"), &login, at(expires), &entry.body().unwrap()).unwrap()
}

#[test]
fn a_file_is_there_from_its_write_to_its_removal() {
    let home = tempfile::tempdir().unwrap();
    let store = FileStore::new(home.path().join("made/at/the/first/write"));
    let name = entry_name("a");
    assert_eq!(store.read(&name).unwrap(), None);
    assert!(!store.remove(&name).unwrap());
    store.write(&name, b"one").unwrap();
    store.write(&name, b"two").unwrap();
    assert_eq!(store.read(&name).unwrap().unwrap(), b"two");
    assert_eq!(store.read(&entry_name("b")).unwrap(), None);
    assert!(store.remove(&name).unwrap());
    assert_eq!(store.read(&name).unwrap(), None);
}

#[test]
fn what_is_of_a_login_is_found_by_its_header_whatever_kind_it_is() {
    let home = tempfile::tempdir().unwrap();
    let store = FileStore::new(home.path().join("cache"));
    let mut expected = Vec::new();
    for (number, kind) in Kind::ALL.into_iter().enumerate() {
        for of in ["a", "b"] {
            let name = FileName::Sealed(kind, [number as u8 ^ of.as_bytes()[0]; 32]);
            let FileName::Sealed(_, digest) = name else { unreachable!() };
            let header = Header { kind, key: digest, login: login_key(of), until: Timestamp::MAX };
            store.write(&name, &crate::cache::seal::seal(&key(), &header, b"any").unwrap()).unwrap();
            expected.extend(Some(name).filter(|_| of == "a"));
        }
    }
    store.write(&FileName::Lock(login_key("a")), b"").unwrap();
    store.write(&entry_name("junk"), b"junk").unwrap();
    // What cannot be read keeps nothing else from being found or pruned.
    fs::create_dir(store.path(&entry_name("a directory"))).unwrap();
    let mut found = store.of_login(&login_key("a")).unwrap();
    found.sort_by_key(FileName::to_string);
    expected.sort_by_key(FileName::to_string);
    assert_eq!(found, expected);
    assert_eq!(store.of_login(&login_key("c")).unwrap(), []);
    assert_eq!((store.all().unwrap().len(), store.logins().unwrap()), (2 * Kind::ALL.len() + 2, vec![login_key("a")]));

    let digest = "0".repeat(64);
    for name in [format!("{digest}.v2"), format!("{digest}.login.v1"), "notes.v1".into()] {
        fs::write(store.dir().join(name), "x").unwrap();
    }
    assert_eq!(store.prune(at("2026-11-22T12:30:00Z")).unwrap(), 3, "with the junk");
    assert_eq!((store.all().unwrap().len(), store.dir().join("notes.v1").exists()), (2 * Kind::ALL.len() + 1, true));
}

#[test]
fn a_place_that_cannot_be_written_says_so() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("file"), "").unwrap();
    let store = FileStore::new(home.path().join("file/cache"));
    let name = entry_name("a");
    assert_eq!(store.write(&name, b"x").unwrap_err().code, Code::CacheWrite);
    assert_eq!(store.read(&name).unwrap(), None);
}

#[test]
fn only_our_files_are_listed_and_only_useless_ones_pruned() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("cache");
    let store = FileStore::new(dir.clone());
    assert_eq!((store.all().unwrap().len(), store.prune(crate::time::now()).unwrap()), (0, 0));

    store.write(&entry_name("good"), &sealed("2026-11-22T13:00:00Z", 40)).unwrap();
    store.write(&entry_name("expired"), &sealed("2026-11-22T12:29:59Z", 40)).unwrap();
    store.write(&entry_name("junk"), b"junk").unwrap();
    let lock = FileName::Lock(login_key("a"));
    store.write(&lock, b"").unwrap();
    let abandoned = format!("{}.0011223344556677.tmp", entry_name("good"));
    for name in [abandoned.as_str(), "notes.txt", "notes.tmp"] {
        fs::write(dir.join(name), "").unwrap();
    }
    assert_eq!(store.all().unwrap().len(), 3);

    let now = at("2026-11-22T12:30:00Z");
    let set_age = |seconds: i64| {
        let written = std::time::SystemTime::from(Timestamp::from_second(now.as_second() - seconds).unwrap());
        for (name, _) in store.names().unwrap() {
            fs::File::options().write(true).open(dir.join(name)).unwrap().set_modified(written).unwrap();
        }
    };
    set_age(600);
    assert_eq!(store.prune(now).unwrap(), 2, "the expired entry and the unreadable one");
    set_age(3600);
    assert_eq!(store.prune(now).unwrap(), 0, "a writer may still be at it");
    set_age(4000);
    assert_eq!(store.prune(now).unwrap(), 1, "the abandoned file");
    let mut left: Vec<String> = store.names().unwrap().into_iter().map(|(name, _)| name).collect();
    left.sort();
    let mut expected = vec![entry_name("good").to_string(), lock.to_string(), "notes.txt".into(), "notes.tmp".into()];
    expected.sort();
    assert_eq!(left, expected);
}

#[test]
fn a_file_beyond_the_limit_is_read_as_one_that_is_too_long() {
    let home = tempfile::tempdir().unwrap();
    let store = FileStore::new(home.path().join("cache"));
    store.write(&entry_name("a"), &vec![0; MAX_FILE + 9]).unwrap();
    assert_eq!(store.read(&entry_name("a")).unwrap().unwrap().len(), MAX_FILE + 1);
}

#[test]
fn what_is_in_the_way_is_an_error_and_not_an_empty_cache() {
    let home = tempfile::tempdir().unwrap();
    let store = FileStore::new(home.path().join("cache"));
    assert_eq!(store.names().unwrap(), [], "nothing is there yet");
    fs::create_dir_all(store.path(&entry_name("a"))).unwrap();
    assert_eq!(store.remove(&entry_name("a")).unwrap_err().code, Code::CacheWrite);
    fs::write(home.path().join("file"), "").unwrap();
    let in_the_way = FileStore::new(home.path().join("file"));
    assert_eq!(in_the_way.names().unwrap_err().code, Code::FileUnreadable);
}

#[test]
fn what_counts_only_while_it_is_used_goes_after_thirty_days() {
    /// A record without an end of its own.
    struct Unended;

    impl Record for Unended {
        const KIND: Kind = Kind::Session;
        type Key = LoginKey;

        fn body(&self) -> Result<zeroize::Zeroizing<Vec<u8>>> {
            Ok(zeroize::Zeroizing::default())
        }

        fn of_body(_: &[u8], _: Timestamp) -> Option<Self> {
            None
        }
    }
    assert_eq!(Unended.until(at("2026-11-22T12:30:00Z")), at("2026-12-22T12:30:00Z"));
    assert_eq!(Unended.until(Timestamp::MAX), Timestamp::MAX);
}

/// Where the child of the test below writes; unset in an ordinary run.
const CHILD_DIR: &str = "FEDCRED_TEST_KILLED_WRITER";

/// The child: writes entries of ever-changing length until it is killed.
#[test]
#[ignore = "run by the test below"]
fn killed_writer() {
    let Some(dir) = crate::process::env::Env::process().path(CHILD_DIR) else { return };
    let store = FileStore::new(dir);
    let files: Vec<_> = [1, 100, 2_000, 8_000].map(|len| sealed("2026-11-22T13:00:00Z", len)).into();
    loop {
        for file in &files {
            store.write(&entry_name("a"), file).unwrap();
        }
    }
}

#[test]
fn a_writer_killed_at_any_moment_leaves_a_whole_entry() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("cache");
    let store = FileStore::new(dir.clone());
    let name = entry_name("a");
    let sealing = key();
    let read_whole = || {
        let file = store.read(&name).unwrap()?;
        let opened = record::open::<CacheEntry>(&sealing, &cache_key("a"), &file);
        let entry = opened.expect("a whole entry, from before or after");
        let len = usize::try_from(entry.generation).unwrap();
        assert_eq!(entry.credentials.secret_access_key.expose(), "s".repeat(len), "all of it of one write");
        Some(())
    };
    for kill in 0..500 {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "cache::file_store::tests::killed_writer", "--ignored"])
            .env(CHILD_DIR, &dir)
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        // How long the child lives is counted in reads that found it at work, never in time.
        let [random] = crate::random::bytes().unwrap();
        store.remove(&name).unwrap();
        while read_whole().is_none() {
            assert_eq!(child.try_wait().unwrap(), None, "the writer ended by itself");
        }
        for _ in 0..random % 16 {
            read_whole();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        read_whole().unwrap_or_else(|| panic!("after kill {kill} the entry is gone"));
    }
    let abandoned = store.names().unwrap().len() - 1;
    assert!(abandoned > 0, "no kill hit a write: the test shows nothing");
    let tomorrow = at("2100-01-01T00:00:00Z");
    assert_eq!(store.prune(tomorrow).unwrap(), abandoned + 1, "the files they left go, and the expired entry");
}
