//! `--metrics`: what Prometheus reads of a process that stays, who may read it, and that dashboard and alerts name nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rustix::process::Signal;

use crate::background::{Background, eventually};
use crate::client::Client;
use crate::support::assertion::{ACCOUNT, Assertion, DEV};
use crate::support::idp::Site;
use crate::world::World;

const FEDCRED: &str = env!("CARGO_BIN_EXE_fedcred");

fn world() -> World {
    let ghost = "[profile.ghost]\ninclude = \"dev\"\nrole_arn = \"arn:aws:iam::111122223333:role/Ghost\"";
    World::form(Site::with_login(Assertion::default())).also(ghost)
}

/// A process that shows metrics, and where.
struct Shown {
    run: Background,
    page: Client,
}

impl Shown {
    fn start(world: &World, arguments: &[&str]) -> Shown {
        let stderr = world.write("stderr", "");
        let mut command = world.command(FEDCRED);
        let command = command.args(arguments).args(["--metrics", "127.0.0.1:0"]);
        let run = Background::start(command.stderr(fs::File::create(&stderr).unwrap()));
        let told = || fs::read_to_string(&stderr).unwrap().lines().next().map(str::to_owned);
        eventually("it says where its metrics are", || told().is_some_and(|line| line.ends_with("/metrics")));
        let url = told().unwrap().strip_prefix("metrics: http://").unwrap().to_owned();
        let (address, path) = url.split_at(url.find('/').unwrap());
        Shown { run, page: Client { address: address.to_owned(), path: path.to_owned(), token: String::new() } }
    }

    fn text(&self) -> String {
        let answer = self.page.send("GET", &self.page.path, &[("Host", &self.page.address)]);
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(answer.head.contains("text/plain; version=0.0.4; charset=utf-8"), "{}", answer.head);
        answer.body
    }

    fn wait_for(&self, sample: &str) -> String {
        eventually(sample, || self.text().lines().any(|line| line == sample));
        self.text()
    }

    /// Of the first sample that begins so.
    fn value(&self, sample: &str) -> f64 {
        let text = self.text();
        let value = text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("no {sample} in:\n{text}")).parse().unwrap()
    }
}

#[test]
fn serve_shows_what_it_holds_and_hands_out_but_no_role() {
    let world = world();
    let mut shown = Shown::start(&world, &["serve", "dev"]);
    let client = Client::of(&[shown.run.line(), shown.run.line(), shown.run.line()].concat());
    let asked = 3;
    for _ in 0..asked {
        client.credentials();
    }
    let text = shown.wait_for(&format!("fedcred_hits_total{{profile=\"dev\",store=\"memory\"}} {asked}.0"));
    for sample in [
        "fedcred_logins_total{profile=\"dev\"} 1.0",
        "fedcred_sts_calls_total{profile=\"dev\"} 1.0",
        "fedcred_hits_total{profile=\"dev\",store=\"file\"} 0.0",
        "fedcred_lock_waits_total{profile=\"dev\"} 0.0",
    ] {
        assert!(text.lines().any(|line| line == sample), "{sample} in:\n{text}");
    }
    let left = shown.value("fedcred_credentials_expiry_seconds{profile=\"dev\"}");
    assert!(left > 3000.0 && left <= 3600.0, "{left}");
    shown.value("fedcred_last_success_age_seconds{profile=\"dev\"}");
    assert!(!text.contains(ACCOUNT) && !text.contains("role"), "{text}");
    shown.run.signal(Signal::TERM);
    let (status, rest) = shown.run.end();
    assert_eq!((status.code(), rest.as_str()), (Some(0), ""));
    assert!(!shown.page.listens());
}

#[test]
fn a_loop_counts_failures_by_their_code_and_hits_of_the_file_and_with_labels_tells_the_role() {
    let world = world();
    world.get().succeeds();
    let shown = Shown::start(&world, &["refresh", "--all", "--loop", "--metrics-labels"]);
    shown.wait_for("fedcred_hits_total{profile=\"dev\",store=\"file\"} 1.0");
    let text = shown.wait_for("fedcred_failures_total{profile=\"ghost\",code=\"role-not-offered\"} 1.0");
    for sample in [
        "fedcred_logins_total{profile=\"dev\"} 0.0".to_owned(),
        "fedcred_credentials_expiry_seconds{profile=\"ghost\"} 0.0".to_owned(),
        format!("fedcred_profile_info{{profile=\"dev\",role_arn=\"{DEV}\",account_id=\"{ACCOUNT}\"}} 1.0"),
    ] {
        assert!(text.lines().any(|line| line == sample), "{sample} in:\n{text}");
    }
    assert!(!text.contains("last_success_age_seconds{profile=\"ghost\"}"), "{text}");
}

#[test]
fn who_may_read_them_and_where_they_may_be() {
    let world = world();
    let shown = Shown::start(&world, &["refresh", "dev", "--loop"]);
    let host = shown.page.address.as_str();
    for (method, path, host, status) in [
        ("GET", "/metrics", "localhost", 200),
        ("GET", "/metrics?x", host, 200),
        ("GET", "/metrics", "evil.example", 403),
        ("POST", "/metrics", host, 405),
        ("GET", "/", host, 404),
        ("GET", "/profile/dev", host, 404),
    ] {
        assert_eq!(shown.page.send(method, path, &[("Host", host)]).status, status, "{method} {path} {host}");
    }
    for (arguments, said) in [
        (&["refresh", "dev", "--metrics", "127.0.0.1:0"][..], "--metrics needs --loop"),
        (&["refresh", "dev", "--loop", "--metrics", "192.0.2.1:0"], "not a loopback address"),
        (&["serve", "dev", "--metrics", "192.0.2.1:0"], "not a loopback address"),
        (&["serve", "dev", "--metrics", "0.0.0.0:0", "--allow-non-loopback"], "every network"),
        (&["serve", "dev", "--metrics-labels"], "--metrics <ADDRESS>"),
    ] {
        let run = world.run(arguments);
        assert!(run.status == Some(2) && run.stderr.contains(said), "{arguments:?}: {}", run.stderr);
    }
    assert!(world.sts.calls().len() <= 1, "nobody logs in for a process that does not start");
}

/// `fedcred_…` in a text.
fn names(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("fedcred_")).collect()
}

#[test]
fn dashboard_alerts_and_help_name_the_metrics_that_there_are() {
    let world = world();
    let shown = Shown::start(&world, &["refresh", "dev", "--loop", "--metrics-labels"]);
    let text = shown.text();
    let there: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    assert_eq!(there.len(), 11, "{there:?}");
    let read = |path: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    for path in ["packaging/prometheus/fedcred.rules.yml", "packaging/prometheus/fedcred.test.yml"] {
        let text = read(path);
        assert!(names(&text).is_subset(&there) && !names(&text).is_empty(), "{path}");
    }
    for path in ["packaging/grafana/fedcred.json", "src/cli/topics/metrics.md"] {
        assert_eq!(names(&read(path)), there, "{path} shows all of them");
    }
    let _: serde_json::Value = serde_json::from_str(&read("packaging/grafana/fedcred.json")).unwrap();
}
