//! A file system without room: credentials are handed out and kept elsewhere, and `status` says why.

use std::fs;

use crate::support::{Home, Profile};

/// A small file system of its own, in a name space that goes with the command; full before the command is run.
const FULL: &str = r#"mount -t tmpfs -o size=64k,mode=700 tmpfs "$1" && shift && dd if=/dev/zero of="$CACHE/filler" bs=4k 2>/dev/null
exec "$@""#;

#[test]
fn on_a_full_disk_credentials_are_printed_and_status_says_why_they_are_kept_elsewhere() {
    let home = Home::with(&Profile::spnego());
    home.kinit("alice");
    let cache = home.path("cache");
    fs::create_dir(&cache).unwrap();
    let run = |arguments: &[&str]| {
        let mut unshare = home.command("unshare");
        unshare.args(["--map-root-user", "--mount", "sh", "-c", FULL, "sh"]).arg(&cache);
        unshare.arg(env!("CARGO_BIN_EXE_fedcred")).args(arguments);
        home.run(unshare.env("CACHE", &cache).env("FEDCRED_CACHE_DIR", &cache))
    };
    run(&["get", "lab"]).succeeds();
    run(&["get", "lab"]).succeeds();
    assert_eq!(home.sts.results("AssumeRoleWithSAML"), ["ok"], "the second run finds them");
    let status = run(&["status", "--json"]).json();
    let why = &status["cache"]["elsewhere_because"];
    assert!(why.to_string().contains("no storage space"), "{status}");
}
