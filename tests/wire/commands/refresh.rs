//! `fedcred refresh`: many profiles at once, what is told of each, and the loop that stays.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Stdio};
#[cfg(unix)]
use std::time::{Duration, Instant};

use serde_json::Value;

#[cfg(target_os = "linux")]
use crate::background::eventually;
use crate::harness::run::Run;
use crate::support::assertion::{ADMIN, Assertion};
use crate::support::entries::Kept;
use crate::support::idp::Site;
#[cfg(unix)]
use crate::support::reply::Reply;
use crate::world::World;

fn world() -> World {
    World::form(Site::with_login(Assertion::default()))
}

/// A profile that differs from `dev` by these lines.
fn like_dev(name: &str, lines: &str) -> String {
    format!("[profile.{name}]\ninclude = \"dev\"\n{lines}")
}

fn admin() -> String {
    like_dev("admin", &format!("role_arn = \"{ADMIN}\""))
}

/// One whose role nobody offers.
fn ghost() -> String {
    like_dev("ghost", "role_arn = \"arn:aws:iam::111122223333:role/Ghost\"")
}

/// One whose IdP is not there.
fn unreachable() -> String {
    elsewhere("unreachable", "auth = \"none\"")
}

/// One that logs in at a port where nobody listens, in this way.
fn elsewhere(name: &str, auth: &str) -> String {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let login = format!("idp_url = \"http://127.0.0.1:{port}/sso\"\n{auth}\nretry.total = 0");
    format!("[profile.{name}]\nrole_arn = \"{ADMIN}\"\n[profile.{name}.saml]\n{login}")
}

fn lines(stdout: &str) -> Vec<Value> {
    stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// Profile, outcome and code of each line.
fn outcomes(run: &Run) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let told = |line: &Value| [&line["profile"], &line["outcome"], &line["error"]["code"]].map(text).join(" ");
    lines(&run.stdout).iter().map(told).collect()
}

#[test]
fn several_profiles_are_renewed_and_one_that_fails_stops_none() {
    let incomplete = "[profile.base]\nregion = \"eu-west-1\"\n[profile.on-base]\ninclude = \"base\"";
    let world = world().also(&admin()).also(&ghost()).also(incomplete);
    let run = world.run(&["refresh", "--all", "--json"]);
    let expected =
        ["admin refreshed -", "dev refreshed -", "ghost failed role-not-offered", "on-base failed missing-key"];
    assert_eq!(outcomes(&run), expected, "one that is only there to be included is none: {}", run.stderr);
    assert_eq!(run.status, Some(65));
    assert!(run.stderr.starts_with("error[role-not-offered]: ghost: "), "{}", run.stderr);

    let asked = world.connections();
    world.get().succeeds();
    world.run(&["get", "admin"]).succeeds();
    assert_eq!(world.connections(), asked, "both are hits");
    let again = world.run(&["refresh", "dev", "admin", "dev", "--json"]);
    assert_eq!((outcomes(&again), again.status), (vec!["dev fresh -".into(), "admin fresh -".into()], Some(0)));
    assert_eq!((world.connections(), again.stderr.as_str()), (asked, ""));
}

#[test]
fn a_line_of_json_tells_until_when_and_what_to_do() {
    let world = world().also(&unreachable());
    let run = world.run(&["refresh", "dev", "unreachable", "--json"]);
    let [fine, failed] = &lines(&run.stdout)[..] else { panic!("{}", run.stdout) };
    for line in [fine, failed] {
        let mut keys: Vec<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["error", "next_refresh", "outcome", "profile", "until"]);
        assert!(line["next_refresh"].as_str().unwrap().ends_with('Z'));
    }
    let printed = world.get().succeeds();
    assert_eq!((&fine["until"], &fine["error"]), (&printed["Expiration"], &Value::Null));
    assert!(failed["until"].is_null());
    let keys: Vec<&str> = failed["error"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!((keys, &failed["error"]["code"]), (vec!["code", "what", "causes", "hint"], &"connect".into()));
}

#[test]
fn people_get_a_table_and_the_errors_below() {
    let world = world().also(&ghost());
    let run = world.run(&["refresh", "ghost", "dev"]);
    let words: Vec<Vec<&str>> = run.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    let until = words[2][2];
    let expected = [
        vec!["PROFILE", "OUTCOME", "UNTIL", "ERROR"],
        vec!["ghost", "failed", "-", "role-not-offered"],
        vec!["dev", "refreshed", until, "-"],
    ];
    assert_eq!(words, expected);
    assert!(!run.stderr.contains('\u{1b}'), "no progress where there is no terminal: {:?}", run.stderr);
}

#[test]
fn the_exit_status_is_that_of_the_worst() {
    let refused = like_dev("refused", "saml.username = \"bob\"");
    let storage = elsewhere("storage", "auth = \"bearer\"\ntoken = { command = [\"false\"] }");
    let wrong = like_dev("wrong", "duration = \"13h\"");
    let world = [refused, storage, wrong, ghost(), unreachable()].iter().fold(world(), |world, one| world.also(one));
    let table = [
        (&["unreachable", "dev"][..], 75),
        (&["unreachable", "wrong"], 78),
        (&["wrong", "storage"], 74),
        (&["storage", "ghost"], 65),
        (&["unreachable", "ghost", "dev"], 65),
        (&["ghost", "refused", "wrong"], 77),
        (&["dev"], 0),
        (&["wrong"], 78),
        (&["nobody"], 78),
    ];
    for (profiles, status) in table {
        let run = world.run(&[&["refresh"], profiles].concat());
        assert_eq!(run.status, Some(status), "{profiles:?}: {}{}", run.stdout, run.stderr);
    }
    assert_eq!(world.run(&["refresh", "--all", "dev"]).status, Some(2));
}

#[test]
fn where_nothing_can_be_kept_nobody_is_asked() {
    let world = World::open(Site::without_login(Assertion::default())).also("[cache]\nstore = \"none\"");
    let run = world.run(&["refresh", "dev", "--json"]);
    assert_eq!((outcomes(&run), run.status), (vec!["dev failed cache-write".into()], Some(74)));
    assert_eq!(world.connections(), 0);
}

#[test]
fn what_ran_out_is_removed_in_passing() {
    let world = world();
    let place = world.path("cache");
    let world = world.env("FEDCRED_CACHE_DIR", place.to_str().unwrap()).also(&admin());
    world.get().succeeds();
    world.age(61);
    let entries = || -> Vec<PathBuf> {
        let is_entry = |path: &PathBuf| path.to_string_lossy().ends_with(".cred.v3");
        world.files().into_iter().filter(is_entry).collect()
    };
    let expired = entries();
    assert_eq!(world.run(&["refresh", "admin"]).status, Some(0));
    assert_eq!((expired.len(), entries().len()), (1, 1));
    assert_ne!(expired, entries());
}

/// `fedcred refresh --loop`, and the lines that it prints.
#[cfg_attr(windows, allow(dead_code, reason = "its end is a signal"))]
struct Loop {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

#[cfg_attr(windows, allow(dead_code, reason = "its end is a signal"))]
impl Loop {
    fn start(world: &World, arguments: &[&str]) -> Loop {
        let mut command = world.command(env!("CARGO_BIN_EXE_fedcred"));
        command.args(["refresh", "--loop", "--json"]).args(arguments);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Loop { child, stdout }
    }

    /// The next line that `is_wanted`.
    fn line(&mut self, is_wanted: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..100 {
            let mut line = String::new();
            self.stdout.read_line(&mut line).unwrap();
            let line: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line:?}"));
            if is_wanted(&line) {
                return line;
            }
        }
        panic!("it never came");
    }

    /// Ends it as a service manager does. It has to be gone before long, with success and nothing to complain of.
    #[cfg(unix)]
    fn stop(mut self, world: &World) {
        use std::io::Read;
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let asked = Instant::now();
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if asked.elapsed() > Duration::from_secs(10) => {
                    self.child.kill().unwrap();
                    panic!("it did not stop");
                }
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.stdout.read_to_string(&mut stdout).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
        world.record(&Run { status: status.code(), stdout, stderr, peak_kib: 0 });
    }
}

#[test]
#[cfg(unix)]
fn the_loop_renews_when_it_is_due_and_stops_when_asked() {
    let world = world();
    world.sts.lifetime(5);
    let mut running = Loop::start(&world, &["dev"]);
    let untils: Vec<Value> =
        (0..3).map(|_| running.line(|line| line["outcome"] == "refreshed")["until"].clone()).collect();
    assert!(untils.is_sorted_by(|a, b| a.as_str() < b.as_str()), "{untils:?}");
    running.stop(&world);
    assert_eq!(world.sts.calls().len(), 3);
}

#[test]
#[cfg(unix)]
fn the_loop_takes_up_a_changed_configuration() {
    let world = world();
    world.sts.lifetime(5);
    let mut running = Loop::start(&world, &["--all"]);
    running.line(|line| line["profile"] == "dev" && line["outcome"] == "refreshed");
    let world = world.also(&admin());
    world.command("true");
    running.line(|line| line["profile"] == "admin" && line["outcome"] == "refreshed");
    running.stop(&world);
}

#[test]
#[cfg(unix)]
fn the_loop_goes_on_after_a_failure() {
    let world = world().also(&unreachable());
    let mut running = Loop::start(&world, &["dev", "unreachable"]);
    for _ in 0..2 {
        let line = running.line(|line| line["profile"] == "unreachable");
        assert_eq!((&line["outcome"], &line["error"]["code"]), (&"failed".into(), &"connect".into()));
    }
    running.stop(&world);
    world.get().succeeds();
    assert_eq!(world.sts.calls().len(), 1, "the other one was renewed");
}

#[test]
#[cfg(target_os = "linux")]
fn the_command_of_a_password_ends_with_whoever_waits_for_it() {
    use rustix::process::Signal;
    let world = world().unset("saml.password.env");
    let script = format!("echo $$ >{0}.new; mv {0}.new {0}; exec sleep 600", world.path("pid").display());
    let world = world.set("saml.password.command", serde_json::json!(["sh", "-c", script])).set("deadline", "10m");
    let begun = |world: &World| -> PathBuf {
        eventually("the command has begun", || world.path("pid").exists());
        let pid = std::fs::read_to_string(world.path("pid")).unwrap();
        std::fs::remove_file(world.path("pid")).unwrap();
        PathBuf::from(format!("/proc/{}", pid.trim()))
    };
    let running = Loop::start(&world, &["dev"]);
    let command = begun(&world);
    running.stop(&world);
    eventually("the loop's command is gone", || !command.exists());
    let mut fedcred = world.command(env!("CARGO_BIN_EXE_fedcred"));
    let mut get = fedcred.args(["get", "dev"]).spawn().unwrap();
    let command = begun(&world);
    rustix::process::kill_process(rustix::process::Pid::from_child(&get), Signal::KILL).unwrap();
    get.wait().unwrap();
    eventually("the command is gone", || !command.exists());
}

#[test]
fn while_credentials_live_a_refresh_that_fails_says_until_when() {
    let mut world = World::open(Site::without_login(Assertion::default())).set("saml.retry.total", 0);
    let first = world.get().succeeds();
    Kept::one(&world.files()).age(50);
    // From now on nobody listens where the profile logs in.
    world.idp = Site::new().start().unwrap();
    let run = world.run(&["refresh", "--json", "dev"]);
    assert_eq!((outcomes(&run), run.status), (vec!["dev failed connect".into()], Some(75)));
    let old = world.get().succeeds();
    assert_eq!((&old["AccessKeyId"], &old["Expiration"]), (&first["AccessKeyId"], &lines(&run.stdout)[0]["until"]));
    let status: Value = serde_json::from_str(&world.run(&["status", "--json"]).stdout).unwrap();
    let row = &status["profiles"][0];
    assert_eq!((&row["state"], &row["last_failure"]["code"]), (&"due".into(), &"connect".into()));
    assert_eq!(row["expires"], old["Expiration"]);
    // The next timer's run tells it again, without asking anybody.
    assert_eq!(outcomes(&world.run(&["refresh", "--json", "dev"])), ["dev failed connect"]);
}

#[test]
#[cfg(unix)]
fn an_idp_that_never_answers_does_not_keep_the_loop_from_stopping() {
    let world = World::open(Site::new().get("/sso", Reply::Silence));
    let running = Loop::start(&world, &["dev"]);
    let started = Instant::now();
    while world.connections() == 0 && started.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(world.connections(), 1);
    running.stop(&world);
    // The login went with it: nobody has its lock.
    let run = world.set("deadline", "1s").run(&["get", "dev"]);
    run.fails_as("timeout");
}
