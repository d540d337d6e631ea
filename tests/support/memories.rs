//! What a cache remembers of logins, opened with the key that lies beside it, to make it as old as a test wants it.

use std::path::PathBuf;

use fedcred::acquire::memory::Memory;
use fedcred::cache::key::{Kind, LoginKey};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::entries::{digest_of, store_of};

/// Makes every memory among these files of a home as old as it will be in so many minutes; below zero, it comes from the
/// future. How many there were.
pub fn age(files: &[PathBuf], minutes: i64) -> usize {
    let mut aged = 0;
    for path in files {
        let Some(login) = digest_of(path, Kind::Memory).map(LoginKey::from) else { continue };
        let store = store_of(files, path);
        let memory: Memory = store.get(&login).expect("ours").expect("a whole memory");
        let mut json = serde_json::to_value(&memory).expect("JSON");
        shift(&mut json, SignedDuration::from_mins(minutes));
        let memory: Memory = serde_json::from_value(json).expect("a memory");
        store.put(&login, &login, &memory).expect("it is ours");
        aged += 1;
    }
    aged
}

/// Every time in it.
fn shift(json: &mut Value, by: SignedDuration) {
    match json {
        Value::String(text) => {
            if let Ok(at) = text.parse::<Timestamp>() {
                *text = (at - by).to_string();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| shift(item, by)),
        Value::Object(fields) => fields.values_mut().for_each(|field| shift(field, by)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
