//! The metrics as Prometheus's own tool reads them, and the alerts that are shipped with it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use crate::harness::run::Running;
use crate::support::Home;

/// A process that is killed at the end of its test.
struct Alone(Child);

impl Drop for Alone {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn scrape(url: &str) -> String {
    let (address, path) = url.strip_prefix("http://").and_then(|url| url.split_once('/')).expect(url);
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    body.to_owned()
}

#[test]
fn promtool_finds_no_fault_with_the_text_whatever_a_profile_is_called() {
    let name = r#"a "quoted\" näme"#;
    let identity = "web_identity = { source = \"file\", token_file = \"/nonexistent\" }";
    let role = "role_arn = \"arn:aws:iam::112233334444:role/Dev\"";
    let home = Home::configured(&format!("[profile.'{name}']\n{role}\n{identity}\n"));
    let mut loops = home.fedcred_alone();
    let loops = loops.args(["refresh", "--all", "--loop", "--metrics", "127.0.0.1:0", "--metrics-labels"]);
    let mut run = Alone(loops.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
    let mut told = String::new();
    BufReader::new(run.0.stderr.take().unwrap()).read_line(&mut told).unwrap();
    let url = told.trim().strip_prefix("metrics: ").expect(&told);
    // The line of the first failure: then it is counted.
    BufReader::new(run.0.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
    let text = scrape(url);
    assert!(text.contains(r#"fedcred_failures_total{profile="a \"quoted\\\" näme",code=""#), "{text}");
    let mut check = home.command("promtool");
    let mut check = Running::reading(check.args(["check", "metrics"]), Stdio::piped());
    check.reads(text.as_bytes());
    let outcome = home.end(check);
    assert_eq!((outcome.status, outcome.stdout.as_str(), outcome.stderr.as_str()), (Some(0), "", ""), "{text}");
}

#[test]
fn the_alerts_are_such_and_go_off_when_they_should() {
    let home = Home::configured("");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/prometheus");
    for arguments in [["check", "rules", "fedcred.rules.yml"], ["test", "rules", "fedcred.test.yml"]] {
        let outcome = home.run(home.command("promtool").args(arguments).current_dir(folder));
        assert_eq!(outcome.status, Some(0), "{}{}", outcome.stdout, outcome.stderr);
        assert!(outcome.stdout.contains("SUCCESS"), "{}", outcome.stdout);
    }
}
