//! The spelling of every text that a person reads: help, errors, topics, README, CHANGELOG, comments.

use std::path::Path;
use std::process::Command;

use crate::support::lab;

#[test]
fn every_word_is_in_a_dictionary_or_one_of_the_field() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let consumers = lab().consumers();
    let codespell = consumers.parent().expect("the lab's directory").join("words/bin/codespell");
    let spell = root.join("tests/e2e/data/spell.py");
    let words = root.join("tests/data/words.txt");
    let output = Command::new("/usr/bin/python3").arg(spell).arg(root).arg(codespell).arg(words).output();
    let output = output.expect("Python can be run");
    let (found, why) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{why}");
    assert_eq!(found, "", "misspelt, or missing in tests/data/words.txt");
}
