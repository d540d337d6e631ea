//! Any text as `~/.aws/config`: read without a panic; a profile that is written into it is read back, and written again without a
//! change, and whatever else stood there stands there still.
#![no_main]

use fedcred::config::aws_ini::{Document, Entry};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let document = Document::parse(text.to_owned());
    let _ = document.oddity();
    for section in document.sections() {
        let _ = (section.heading().is_default(), section.keys().count(), section.said().count());
    }
    let entries = [Entry { key: "credential_process", value: "/usr/bin/fedcred get dev", yields: false }];
    let Ok(edited) = document.with_profile("dev", &entries) else { return };
    let again = Document::parse(edited.text.clone());
    // Where readers disagree about the lines, the file is not ours to be written into.
    if document.oddity().is_none() && again.oddity().is_none() {
        let read = again.profile("dev").filter_map(|section| section.value("credential_process")).last();
        assert_eq!(read, Some("/usr/bin/fedcred get dev"));
        assert!(again.with_profile("dev", &entries).is_ok_and(|twice| twice.text == edited.text));
    }
});
