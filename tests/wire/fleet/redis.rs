//! A Redis of the tests' own: TLS, a socket for its keeper, the least rights that `fedcred help storage` names, and its data in
//! the world's home, where the leak check looks.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::broker::until;
use crate::support::tls::{Authority, LOOPBACK_NAMES};
use crate::world::World;

pub const PASSWORD: &str = "redis-pass-phrase-of-the-fleet";

pub struct Redis {
    /// Its data.
    dir: PathBuf,
    /// What it is given: certificates and passwords.
    given: PathBuf,
    port: u16,
    child: Child,
}

impl Redis {
    /// Starts one with its data below the world's home.
    pub fn start(world: &World) -> Redis {
        let dir = world.path("redis");
        fs::create_dir_all(&dir).expect("a directory at home");
        let authority = Authority::new();
        let (certificate, key) = authority.server_pem(LOOPBACK_NAMES);
        let (client, client_key) = authority.client("a machine of the fleet");
        let files = [
            ("ca.pem", authority.pem()),
            ("server.pem", certificate),
            ("server.key", key),
            ("client.pem", client),
            ("client.key", client_key),
            ("users.acl", format!("user default off\nuser keeper on nopass ~* &* +@all\n{}\n", acl())),
        ];
        for (name, content) in files {
            world.given(name, &content);
        }
        let given = world.path("given");
        // Nobody else asks for it between here and there.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let child = spawn(&dir, &given, port);
        let redis = Redis { dir, given, port, child };
        redis.until_it_answers();
        redis
    }

    /// `[cache]` of its machines.
    pub fn settings(&self) -> String {
        let at = |name: &str| self.given.join(name).display().to_string();
        format!(
            "[cache]\nstore = \"rediss://fedcred@localhost:{}/0\"\nstore_password = {{ env = \"REDIS_PASSWORD\" }}\n\
             store_ca_bundle = {:?}\nstore_client_cert = {:?}\nstore_client_key = {:?}\nkey_file = {:?}\n",
            self.port,
            at("ca.pem"),
            at("client.pem"),
            at("client.key"),
            self.dir.with_file_name("cache.key").display().to_string(),
        )
    }

    /// What its keeper asks it.
    pub fn ask(&self, command: &[&str]) -> String {
        let mut cli = Command::new("redis-cli");
        cli.arg("-s").arg(self.socket()).args(["--user", "keeper", "--pass", "any", "--no-auth-warning"]);
        let output = cli.args(command).output().expect("redis-cli");
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// The names of everything in it that end so.
    pub fn names(&self, ending: &str) -> Vec<String> {
        self.ask(&["KEYS", &format!("*{ending}")]).lines().map(str::to_owned).filter(|name| !name.is_empty()).collect()
    }

    pub fn connections(&self) -> u64 {
        let stats = self.ask(&["INFO", "stats"]);
        let line = stats.lines().find_map(|line| line.trim().strip_prefix("total_connections_received:"));
        line.expect("a count").parse().expect("a number")
    }

    /// Ends it as a crash does; what it knew is lost.
    pub fn kill(&mut self) {
        self.child.kill().expect("a child of ours");
        self.child.wait().expect("a child of ours");
        let _ = fs::remove_file(self.dir.join("dump.rdb"));
    }

    /// Starts it again, empty, at the same port.
    pub fn start_again(&mut self) {
        self.child = spawn(&self.dir, &self.given, self.port);
        self.until_it_answers();
    }

    pub fn stop(&self) {
        self.signal(Signal::STOP);
    }

    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        kill_process(pid, signal).expect("a child of ours");
    }

    /// Writes all that is in it to a file in the clear, as far as it is.
    pub fn save(&self) {
        assert_eq!(self.ask(&["SAVE"]), "OK");
    }

    fn socket(&self) -> PathBuf {
        self.dir.join("keeper.sock")
    }

    fn until_it_answers(&self) {
        until("Redis answers", || self.ask(&["PING"]) == "PONG");
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(dir: &Path, given: &Path, port: u16) -> Child {
    let port = port.to_string();
    let at = |name: &str| given.join(name).display().to_string();
    let options = [
        ("--bind", "127.0.0.1"),
        ("--port", "0"),
        ("--tls-port", &port),
        ("--tls-cert-file", &at("server.pem")),
        ("--tls-key-file", &at("server.key")),
        ("--tls-ca-cert-file", &at("ca.pem")),
        ("--tls-auth-clients", "yes"),
        ("--unixsocket", &dir.join("keeper.sock").display().to_string()),
        ("--aclfile", &at("users.acl")),
        ("--dir", &dir.display().to_string()),
        ("--save", ""),
        ("--rdbcompression", "no"),
        ("--daemonize", "no"),
    ];
    let mut server = Command::new("redis-server");
    server.args(options.iter().flat_map(|(name, value)| [*name, *value]));
    server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    server.spawn().expect("redis-server, of the package redis-server")
}

/// The line that the manual shows, with the tests' password.
fn acl() -> String {
    let page = include_str!("../../../src/cli/topics/storage.md");
    let line = page.lines().find(|line| line.starts_with("user fedcred ")).expect("the line for an ACL file");
    line.replace(">PASSWORD", &format!(">{PASSWORD}"))
}
