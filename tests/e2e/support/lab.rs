//! The lab, started once for all tests of the run, and stopped with it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::LazyLock;
use std::{io::Read, os::unix::process::CommandExt};

/// What `tests/lab/up` printed.
pub struct Lab {
    variables: HashMap<String, String>,
    /// The lab ends when this pipe does, and the pipe ends with this process, however that ends.
    _hold: ChildStdin,
    /// Never waited for: it ends after this process.
    _up: Child,
}

/// The running lab; the first call starts it.
pub fn lab() -> &'static Lab {
    static LAB: LazyLock<Lab> = LazyLock::new(Lab::start);
    &LAB
}

impl Lab {
    fn start() -> Lab {
        let mut up = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/up"))
            .arg("--hold")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C is for the tests; the lab then sees the pipe's end and goes in order.
            .process_group(0)
            .spawn()
            .expect("tests/lab/up can be run");
        let mut printed = String::new();
        up.stdout.take().expect("stdout is piped").read_to_string(&mut printed).expect("the lab prints text");
        let variables: HashMap<_, _> = printed.lines().filter_map(parse_export).collect();
        assert!(variables.contains_key("LAB_ACCEPTOR_ORIGIN"), "the lab did not start; run tests/lab/install");
        Lab { variables, _hold: up.stdin.take().expect("stdin is piped"), _up: up }
    }

    /// A variable of the lab's environment; their list is what `tests/lab/up` prints.
    pub fn variable(&self, name: &str) -> &str {
        self.variables.get(name).unwrap_or_else(|| panic!("the lab has no {name}"))
    }

    /// The folder of consumers that `tests/lab/install` filled.
    pub fn consumers(&self) -> PathBuf {
        let python = Path::new(self.variable("LAB_PYTHON"));
        python.ancestors().nth(3).expect("$LAB_HOME/venv/bin/python").join("consumers")
    }

    /// `https://localhost:PORT`
    pub fn idp_origin(&self) -> &str {
        self.variable("LAB_IDP_ORIGIN")
    }

    /// The certificate authority of the IdP and the acceptor, a PEM file.
    pub fn idp_ca(&self) -> &str {
        self.variable("LAB_IDP_CA")
    }

    pub fn keytab(&self, name: &str) -> PathBuf {
        Path::new(self.variable("LAB_KDC_DIR")).join(name)
    }

    /// The password of alice, bob, carol, expired or locked.
    pub fn password(&self, user: &str) -> &str {
        self.variable(&format!("LAB_{}_PASSWORD", user.to_uppercase()))
    }

    /// All passwords, for the leak check.
    pub fn passwords(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().filter(|(name, _)| name.ends_with("_PASSWORD")).map(|(_, value)| value.as_str())
    }

    /// The IdP's access log of one client: a line a request.
    pub fn idp_requests_of(&self, user_agent: &str) -> Vec<String> {
        let log = std::fs::read_to_string(self.dir().join("idp/log/access.log")).expect("the IdP's access log");
        log.lines().filter(|line| line.contains(user_agent)).map(str::to_owned).collect()
    }

    /// Where the AWS SDK for JavaScript is installed.
    pub fn javascript(&self) -> String {
        let python = Path::new(self.variable("LAB_PYTHON"));
        let home = python.ancestors().nth(3).expect("$LAB_HOME/venv/bin/python");
        home.join("js").display().to_string()
    }

    /// The servers' logs and state are below it.
    pub fn dir(&self) -> &Path {
        Path::new(self.variable("LAB_DIR"))
    }
}

/// `export NAME='value'`
fn parse_export(line: &str) -> Option<(String, String)> {
    let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
    Some((name.to_owned(), value.trim_matches('\'').to_owned()))
}
