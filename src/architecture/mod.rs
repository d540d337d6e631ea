//! Holds the sources to the page in `lib.rs`: imports point down its list of rooms, and no files import each other in a circle.
//! Imports that only tests need do not count. And nothing grows too large (`sizes`).

mod imports;
mod sizes;
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use imports::{Import, Tree};

/// The rooms that the page lists, from top to bottom: each line that begins with a link in a list.
fn rooms(page: &str) -> Vec<&str> {
    let lines = page.lines().filter_map(|line| line.strip_prefix("//! - [`"));
    let names = lines.filter_map(|line| line.split_once("`]")).map(|(name, _)| name);
    names.map(|name| name.trim_start_matches("mod@")).collect()
}

/// The public modules that `lib.rs` declares.
fn declared(page: &str) -> BTreeSet<&str> {
    page.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect()
}

/// The room of a file: `acquire` for `acquire/key/web_identity.rs`, `time` for `time.rs`.
fn room(file: &str) -> &str {
    file.split('/').next().unwrap_or(file).trim_end_matches(".rs")
}

/// Returns the imports that run from a room to one above it on the page.
fn pointing_up<'tree>(tree: &'tree Tree, rooms: &[&str]) -> Vec<&'tree Import> {
    let floor = |file: &str| rooms.iter().position(|name| *name == room(file));
    tree.imports.iter().filter(|import| floor(&import.to) < floor(&import.from)).collect()
}

/// Returns the groups of files that import each other in a circle. What a module's own child takes from it does not count: they
/// are one concept.
fn circles(tree: &Tree) -> Vec<BTreeSet<&str>> {
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for import in tree.imports.iter().filter(|import| !tree.is_from_parent(import)) {
        next.entry(&import.from).or_default().insert(&import.to);
    }
    let reached: BTreeMap<&str, BTreeSet<&str>> = next.keys().map(|file| (*file, reached(file, &next))).collect();
    let among = |file: &&str| {
        let back = |other: &&str| reached.get(other).is_some_and(|files| files.contains(file));
        reached[*file].iter().copied().filter(back).collect::<BTreeSet<&str>>()
    };
    let found: BTreeSet<BTreeSet<&str>> = next.keys().map(among).filter(|circle| !circle.is_empty()).collect();
    found.into_iter().collect()
}

/// Returns the files that can be reached from one by one import or more.
fn reached<'tree>(from: &'tree str, next: &BTreeMap<&'tree str, BTreeSet<&'tree str>>) -> BTreeSet<&'tree str> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![from];
    while let Some(file) = waiting.pop() {
        waiting.extend(next.get(file).into_iter().flatten().filter(|file| found.insert(**file)));
    }
    found
}
