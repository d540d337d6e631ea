//! `exec` as a process: its command has its pid and its signals, also where there is no `/proc`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Signal};

use super::exec::{FEDCRED, endpoints, exec, waiting, world};
use crate::background::{Background, eventually};
use crate::client::Client;
use crate::harness::left_out;
use crate::harness::run::Run;

#[test]
fn the_command_is_the_process_that_was_started() {
    let world = world();
    let mut run = Background::start(&mut exec(&world, &[], &["sh", "-c", "echo $$; read line; echo \"$line\""]));
    let pid = run.pid().as_raw_pid();
    assert_eq!(run.line().trim(), pid.to_string());
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    assert_eq!(
        children, "",
        "nothing that it did not start itself: whoever waits for all children would wait for ever"
    );
    run.say("over stdin");
    assert_eq!(run.line(), "over stdin\n");
}

#[test]
fn a_thousand_arguments_come_through_as_they_are() {
    let world = world();
    let odd = ["", " ", "a b", "--env", "-v", "--", "ä", "$HOME", "'\"\\", "line\nbreak"];
    let many: Vec<String> = (0..990).map(|number| format!("{number}")).collect();
    let arguments: Vec<&str> = odd.into_iter().chain(many.iter().map(String::as_str)).collect();
    let run = Run::of(&mut exec(&world, &[], &[&["printf", "%s\\0"], &arguments[..]].concat()));
    let came: Vec<&str> = run.stdout.trim_end_matches('\0').split('\0').collect();
    assert_eq!(came, arguments);
}

#[test]
fn when_it_is_killed_nothing_stays() {
    for signal in [Signal::KILL, Signal::TERM, Signal::HUP, Signal::INT] {
        let world = world();
        let (run, client) = waiting(&world);
        run.signal(signal);
        let (status, _) = run.end();
        assert_eq!(status.signal(), Some(signal.as_raw()));
        eventually("the endpoint is gone", || !client.listens());
    }
}

#[test]
fn a_signal_to_the_whole_group_comes_once_and_the_endpoint_stays() {
    let world = world();
    // A service manager signals each process, a terminal the foreground group: neither ends the endpoint.
    let script = "trap 'echo interrupted' INT TERM; env; echo ready; while :; do read line && echo \"$line\"; done";
    let mut command = exec(&world, &[], &["sh", "-c", script]);
    let mut run = Background::start(command.process_group(0));
    let client = Client::of(&run.lines_until("ready"));
    for signal in [Signal::INT, Signal::TERM] {
        rustix::process::kill_process_group(run.pid(), signal).unwrap();
        run.say("still here");
        assert_eq!(run.lines_until("still here"), "interrupted\nstill here\n");
        assert_eq!(client.ask().status, 200);
    }
    for pid in endpoints(run.pid().as_raw_pid()) {
        rustix::process::kill_process(Pid::from_raw(pid).unwrap(), Signal::TERM).unwrap();
    }
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(client.ask().status, 200, "the command may need credentials to stop in order");
}

#[test]
fn a_stopped_command_goes_on() {
    let world = world();
    let (mut run, client) = waiting(&world);
    // SIGTSTP would be dropped where the test run is an orphaned process group (setpgid(2)); Ctrl-Z itself is e2e's.
    run.signal(Signal::STOP);
    let status = || fs::read_to_string(format!("/proc/{}/stat", run.pid().as_raw_pid())).unwrap();
    eventually("it is stopped", || status().contains(" T "));
    run.signal(Signal::CONT);
    eventually("it goes on", || !status().contains(" T "));
    assert_eq!(client.ask().status, 200);
    run.say("end");
    assert_eq!(run.end().0.code(), Some(0));
}

/// Runs this script of `sh` with mounts of its own, and what is appended as its arguments. `None`: this system lets nobody but
/// root have such mounts, which a machine for tests has to.
#[cfg(target_os = "linux")]
pub fn with_mounts_of_its_own(script: &str) -> Option<Command> {
    let mut unshare = Command::new("unshare");
    unshare.args(["--map-root-user", "--mount", "sh", "-c", script, "sh"]);
    let is_possible = Command::new("unshare").args(["--map-root-user", "--mount", "true"]).output();
    if !is_possible.is_ok_and(|tried| tried.status.success()) {
        left_out::say(script, "mounts of one's own are not possible here");
        return None;
    }
    Some(unshare)
}

/// As in a chroot or a sandbox: the command sees an empty directory in place of /proc.
#[cfg(target_os = "linux")]
fn without_proc(command: &Command) -> Option<Command> {
    let mut unshare = with_mounts_of_its_own("mount -t tmpfs tmpfs /proc && exec \"$@\"")?;
    unshare.arg(command.get_program()).args(command.get_args()).env_clear();
    unshare.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    unshare.current_dir(command.get_current_dir().unwrap());
    Some(unshare)
}

#[test]
#[cfg(target_os = "linux")]
fn without_proc_it_is_all_the_same() {
    let world = world();
    let script = "env; ls /proc | wc -l; echo ready; read line; exit 7";
    let Some(mut command) = without_proc(&exec(&world, &[], &["sh", "-c", script])) else { return };
    let mut run = Background::start(&mut command);
    let told = run.lines_until("ready");
    assert_eq!(told.lines().rev().nth(1).map(str::trim), Some("0"), "/proc is empty:\n{told}");
    let client = Client::of(&told);
    client.credentials();
    run.say("that is all");
    assert_eq!(run.end().0.code(), Some(7));
    eventually("the endpoint is gone", || !client.listens());

    let script = world.write("script", "#!/nowhere/interpreter\n");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
    for (program, status) in [("no-such-program", 127), (script.to_str().unwrap(), 126), ("/", 126)] {
        let alone = Run::of(&mut exec(&world, &[], &[program]));
        let run = Run::of(&mut without_proc(&exec(&world, &[], &[program])).unwrap());
        assert_eq!((run.status, &run.stderr), (alone.status, &alone.stderr), "{program}");
        assert_eq!(run.status, Some(status), "{program}: {}", run.stderr);
    }

    let mut run = Background::start(&mut without_proc(world.command(FEDCRED).args(["serve", "dev"])).unwrap());
    let client = Client::of(&[run.line(), run.line(), run.line()].concat());
    client.credentials();
    run.signal(Signal::TERM);
    assert_eq!(run.end().0.code(), Some(0));
    assert_eq!(world.sts.calls().len(), 1);
}
