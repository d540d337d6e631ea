//! What lies in the cache's directory may be anything: reading it never panics, and never gives credentials we did not seal.
//!
//! The input is read three ways: as a whole file, as what follows a header that is right (so that the tag is reached), and as
//! the body of a file we sealed ourselves (so that the JSON is).
#![no_main]

use fedcred::acquire::memory::Memory;
use fedcred::cache::entry::CacheEntry;
use fedcred::cache::key::{FileName, KeyBuilder};
use fedcred::cache::master_key::SealingKey;
use fedcred::cache::seal;
use libfuzzer_sys::fuzz_target;

const ENTRY: &seal::Kind = b"fc-cred\x01";
const RECORD: &seal::Kind = b"fc-memo\x01";

fuzz_target!(|data: &[u8]| {
    let key = SealingKey::from_bytes([7; 32]);
    let cache_key = KeyBuilder::new(&key).field("role_arn", "a").cache_key();
    let login_key = KeyBuilder::new(&key).field("user", "alice").login_key();

    assert!(CacheEntry::open(&key, &cache_key, data).is_err());
    let _ = CacheEntry::peek_expires(data);
    if let Ok(name) = std::str::from_utf8(data) {
        assert!(FileName::parse(name).is_none_or(|parsed| parsed.to_string() == name));
    }

    let header = [&ENTRY[..], &key.id().0, cache_key.as_bytes()].concat();
    assert!(CacheEntry::open(&key, &cache_key, &[&header, data].concat()).is_err());

    if let Some((clear, body)) = data.split_first_chunk::<24>()
        && let Ok(file) = seal::seal(&key, ENTRY, cache_key.as_bytes(), clear, body)
    {
        let _ = CacheEntry::open(&key, &cache_key, &file);
    }
    if let Ok(file) = seal::seal::<0>(&key, RECORD, login_key.as_bytes(), &[], data) {
        let _ = Memory::open(&key, &login_key, &file);
    }
});
