//! What lies in the cache's directory may be anything: reading it never panics, and never gives credentials we did not seal.
//!
//! The input is read three ways: as a whole file, as what follows a header that is right (so that the tag is reached), and as
//! the body of a file we sealed ourselves (so that the JSON is).
#![no_main]

use fedcred::acquire::memory::Memory;
use fedcred::cache::entry::CacheEntry;
use fedcred::cache::key::{FileName, KeyBuilder};
use fedcred::cache::sealing_key::SealingKey;
use fedcred::cache::record;
use fedcred::time::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let key = SealingKey::from_bytes([7; 32]);
    let cache_key = KeyBuilder::new(&key).field("role_arn", "a").cache_key();
    let login_key = KeyBuilder::new(&key).field("user", "alice").login_key();

    assert!(record::open::<CacheEntry>(&key, &cache_key, data).is_err());
    if let Ok(name) = std::str::from_utf8(data) {
        assert!(FileName::parse(name).is_none_or(|parsed| parsed.to_string() == name));
    }

    if let Ok(file) = record::seal_body::<CacheEntry>(&key, &cache_key, &login_key, Timestamp::MAX, data) {
        let _ = record::open::<CacheEntry>(&key, &cache_key, &file);
        // What follows the header.
        assert!(record::open::<CacheEntry>(&key, &cache_key, &[&file[..88], data].concat()).is_err());
    }
    if let Ok(file) = record::seal_body::<Memory>(&key, &login_key, &login_key, Timestamp::MAX, data) {
        let _ = record::open::<Memory>(&key, &login_key, &file);
    }
});
