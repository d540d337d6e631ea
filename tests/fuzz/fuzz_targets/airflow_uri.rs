//! Any text as a connection's URI: refused, or read; what was read is written and read again without a change.
#![no_main]

use fedcred::config::airflow::uri;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(connection) = uri::parse("fuzz", text) else { return };
    // Airflow writes a protocol as it is, and reads that in another way where it was quoted (`https%3A%2F%2FHost`) or ends with
    // the connection's type, of which it takes away every one.
    if let Some((protocol, _)) = connection.host.as_deref().and_then(|host| host.split_once("://")) {
        let protocol = protocol.to_lowercase().replace('-', "_");
        if text.matches("://").count() < 2 || protocol.ends_with(connection.conn_type.as_deref().unwrap_or_default()) {
            return;
        }
    }
    let written = uri::write(&connection);
    // A host with a protocol, a port of 0 and an empty login are told apart when read and not when written. Airflow reads a host
    // in lower case, but for what is quoted in it, and writes it unquoted.
    if let Ok(again) = uri::parse("fuzz", written.expose()) {
        let again = uri::write(&again);
        assert!(again.expose().eq_ignore_ascii_case(written.expose()), "{} became {}", written.expose(), again.expose());
    }
});
