//! Any text as a connection's URI: refused, or read; what was read is written and read again without a change.
#![no_main]

use fedcred::config::airflow::uri;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(connection) = uri::parse("fuzz", text) else { return };
    let written = uri::write(&connection);
    // A host with a protocol, a port of 0 and an empty login are told apart when read and not when written.
    if let Ok(again) = uri::parse("fuzz", written.expose()) {
        assert_eq!(uri::write(&again).expose(), written.expose());
    }
});
