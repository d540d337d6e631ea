//! `tests/lanes.sh`, which runs the stages of `tests/run` side by side: with made-up stages.

use std::io::Read;
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process, test_kill_process_group};

/// Starts a script that runs the functions `first` and `second` in lanes.
fn lanes(home: &tempfile::TempDir, functions: &str) -> (Child, ChildStdout) {
    let script = format!(
        "set -euo pipefail; . tests/lanes.sh; {functions}\nrun_lanes first second\n\
         printf 'result: %s\\n' \"${{results[@]}}\"; echo failed=$failed left_out=$left_out"
    );
    let mut bash = Command::new("bash");
    bash.args(["-c", &script]).current_dir(env!("CARGO_MANIFEST_DIR")).env("FEDCRED_LANES", home.path().join("lanes"));
    let mut child = bash.stdout(Stdio::piped()).spawn().expect("bash");
    let said = child.stdout.take().unwrap();
    (child, said)
}

#[test]
fn stages_run_side_by_side_and_each_is_printed_whole_with_its_result() {
    let home = tempfile::tempdir().unwrap();
    // Each waits for the other: one after the other, they would not end.
    let functions = r#"
        meet() { echo "$1 begins"; touch "$lanes/saw-$1"; until [[ -e $lanes/saw-$2 ]]; do sleep 0.01; done; echo "$1 ends"; }
        first() { stage one meet here there; leave_out part "no tool"; stage bad false; [[ $(status_of there) != 69 ]] || second; }
        second() { stage two meet there here; stage there sh -c 'exit 69'; stage last sh -c 'echo ran >>"$0"' "$lanes/last-ran"; }"#;
    let (mut child, mut said) = lanes(&home, functions);
    let mut text = String::new();
    said.read_to_string(&mut text).unwrap();
    assert!(child.wait().unwrap().success(), "{text}");
    for whole in [
        "\n=== one: meet here there\nhere begins\nhere ends\n=== passed   one (",
        "\nthere begins\nthere ends\n===",
        "bad: false\n=== FAILED",
    ] {
        assert!(text.contains(whole), "{whole:?} is not in:\n{text}");
    }
    let mut results: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("result: ")).collect();
    results.iter_mut().for_each(|line| *line = line.split(' ').next().unwrap());
    results.sort_unstable();
    assert_eq!(results, ["FAILED", "NOT", "NOT", "passed", "passed", "passed"], "{text}");
    assert!(text.ends_with("failed=1 left_out=1\n"), "{text}");
    // Both lanes come to it, one runs it.
    assert_eq!(super::read(&home.path().join("lanes/last-ran")), "ran\n");
}

#[test]
fn whoever_stops_the_run_stops_all_that_it_started() {
    let home = tempfile::tempdir().unwrap();
    // Its parent is the lane, and that leads a process group.
    let functions = r#"
        wait_long() { stage "$1" sh -c 'echo $PPID; sleep 600; echo never'; }
        first() { wait_long one; }
        second() { wait_long two; }"#;
    let (mut child, mut said) = lanes(&home, functions);
    let group = |stage: &str| loop {
        let output = home.path().join("lanes").join(stage).join("output");
        if output.exists() && super::read(&output).ends_with('\n') {
            break Pid::from_raw(super::read(&output).trim().parse().unwrap()).unwrap();
        }
    };
    let groups = [group("one"), group("two")];
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    for group in groups {
        while test_kill_process_group(group).is_ok() {}
    }
    let mut text = String::new();
    said.read_to_string(&mut text).unwrap();
    assert!(!text.contains("==="), "{text}");
}
