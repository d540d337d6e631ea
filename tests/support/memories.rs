//! What a cache remembers of logins, opened with the key that lies beside it, to make it as old as a test wants it.

use std::fs;
use std::path::PathBuf;

use fedcred::acquire::memory::Memory;
use fedcred::cache::file_store::FileStore;
use fedcred::cache::key::FileName;
use fedcred::cache::master_key::KeyPlace;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// Makes every memory among these files of a home as old as it will be in so many minutes; below zero, it comes from the
/// future. How many there were.
pub fn age(files: &[PathBuf], minutes: i64) -> usize {
    let place = files.iter().find(|path| path.ends_with("cache.key")).expect("the file of a sealing key");
    let sealing = KeyPlace::File(place.clone()).read().unwrap().expect("a sealing key");
    let mut aged = 0;
    for path in files {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Some(FileName::Record(login)) = FileName::parse(name) else { continue };
        let memory = Memory::open(&sealing, &login, &fs::read(path).expect("a memory")).expect("a whole memory");
        let mut json = serde_json::to_value(&memory).expect("JSON");
        shift(&mut json, SignedDuration::from_mins(minutes));
        let memory: Memory = serde_json::from_value(json).expect("a memory");
        let store = FileStore::new(path.parent().expect("a directory").to_path_buf());
        memory.save(&store, &sealing, &login).expect("it is ours");
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
