//! Any text as a YAML document of Airflow's connections: refused with a line, or read; never a panic.
#![no_main]

use std::path::Path;

use fedcred::config::airflow::files;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = files::parse(text, Path::new("connections.yaml"));
    let _ = files::parse(text, Path::new("connections.env"));
});
