//! A moto server of a test's own: Secrets Manager, the Parameter Store and IAM.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::{Home, lab};

pub struct Moto {
    server: Child,
    /// `http://127.0.0.1:PORT`
    pub url: String,
    /// Access key id and secret of a user who may do nothing.
    pub nobody: (String, String),
}

impl Moto {
    /// One with the secrets and parameters of `fill_moto.py`.
    pub fn filled(home: &Home) -> Moto {
        let mut server = Command::new(lab().variable("LAB_PYTHON"));
        server.args(["-u", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]);
        let mut server = server.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().expect("moto can be run");
        let told = BufReader::new(server.stderr.take().expect("stderr is piped"));
        let mut lines = told.lines().map(|line| line.expect("moto tells in UTF-8"));
        let url = lines.find_map(|line| line.split_once("Running on ").map(|(_, url)| url.trim().to_owned()));
        let url = url.expect("moto listens");
        // It goes on telling.
        std::thread::spawn(move || lines.for_each(drop));
        let filled = home.run(home.python("fill_moto.py").arg(&url));
        let nobody: Value = serde_json::from_str(&filled.stdout).unwrap_or_else(|_| panic!("{}", filled.stderr));
        let text = |n: usize| nobody[n].as_str().expect("a text").to_owned();
        Moto { server, url, nobody: (text(0), text(1)) }
    }

    /// From now on IAM decides.
    pub fn enforce(&self) {
        super::remote::post(&self.url, "/moto-api/reset-auth", "0");
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
