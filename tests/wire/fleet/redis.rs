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
    port: String,
    /// Where the servers of a cluster talk to each other.
    bus: String,
    options: Vec<String>,
    child: Child,
}

impl Redis {
    /// Starts one with its data below the world's home.
    pub fn start(world: &World) -> Redis {
        let given = given(world, "");
        Redis::at(world, &given, "redis", false)
    }

    /// The servers of a cluster, each with a third of the slots.
    pub fn cluster(world: &World) -> [Redis; 3] {
        let given = given(world, " +ping +cluster|slots");
        let servers = ["redis-1", "redis-2", "redis-3"].map(|name| Redis::at(world, &given, name, true));
        let slots = [("0", "5460"), ("5461", "10922"), ("10923", "16383")];
        for (number, (server, (first, last))) in servers.iter().zip(slots).enumerate() {
            let epoch = (number + 1).to_string();
            assert_eq!(server.ask(&["CLUSTER", "SET-CONFIG-EPOCH", &epoch]), "OK");
            assert_eq!(server.ask(&["CLUSTER", "ADDSLOTSRANGE", first, last]), "OK");
            let met = server.ask(&["CLUSTER", "MEET", "127.0.0.1", &servers[0].port, &servers[0].bus]);
            assert!(number == 0 || met == "OK", "{met}");
        }
        let knows_all = |server: &Redis| {
            let slots = server.ask(&["CLUSTER", "SHARDS"]);
            server.ask(&["CLUSTER", "INFO"]).contains("cluster_state:ok") && slots.contains("16383")
        };
        until("the cluster is one", || servers.iter().all(knows_all));
        servers
    }

    fn at(world: &World, given: &Path, name: &str, is_of_cluster: bool) -> Redis {
        let dir = world.path(name);
        fs::create_dir_all(&dir).expect("a directory at home");
        // Another process may take a port that was free: then the server ends, and others are tried.
        for _ in 0..10 {
            let (port, bus) = (free_port(), free_port());
            let mut options = options(&dir, given, &port);
            if is_of_cluster {
                options.extend(options_of_cluster(given, &bus));
            }
            let child = spawn(&options);
            let mut redis = Redis { dir: dir.clone(), given: given.to_owned(), port, bus, options, child };
            if redis.answers() {
                return redis;
            }
        }
        panic!("redis-server ends as soon as it is begun");
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
        self.child = spawn(&self.options);
        assert!(self.answers(), "its port is taken");
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

    /// Forgets everything, as one does whose policy is to evict what it has when it is full.
    pub fn evict_all(&self) {
        self.ask(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
        self.ask(&["CONFIG", "SET", "maxmemory", "1"]);
        self.ask(&["SET", "one", "more"]);
        assert_eq!(self.ask(&["DBSIZE"]), "0");
        self.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    }

    pub fn socket(&self) -> PathBuf {
        self.dir.join("keeper.sock")
    }

    /// Waits until it answers. False: it has ended.
    fn answers(&mut self) -> bool {
        let mut has_ended = false;
        until("Redis answers, or ends", || {
            has_ended = self.child.try_wait().expect("a child of ours").is_some();
            has_ended || self.ask(&["PING"]) == "PONG"
        });
        !has_ended
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a server is given, and its users: fedcred's has these rights beside those of the manual's line.
fn given(world: &World, rights: &str) -> PathBuf {
    let authority = Authority::new();
    let (certificate, key) = authority.server_pem(LOOPBACK_NAMES);
    let (client, client_key) = authority.client("a machine of the fleet");
    let files = [
        ("ca.pem", authority.pem()),
        ("server.pem", certificate),
        ("server.key", key),
        ("client.pem", client),
        ("client.key", client_key),
        ("users.acl", format!("user default off\nuser keeper on nopass ~* &* +@all\n{}{rights}\n", acl())),
    ];
    for (name, content) in files {
        world.given(name, &content);
    }
    world.path("given")
}

fn free_port() -> String {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
    port.to_string()
}

fn options(dir: &Path, given: &Path, port: &str) -> Vec<String> {
    let at = |name: &str| given.join(name).display().to_string();
    let options = [
        ("--bind", "127.0.0.1"),
        ("--port", "0"),
        ("--tls-port", port),
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
    words(&options)
}

fn options_of_cluster(given: &Path, bus: &str) -> Vec<String> {
    let at = |name: &str| given.join(name).display().to_string();
    words(&[
        ("--cluster-enabled", "yes"),
        ("--cluster-port", bus),
        ("--tls-cluster", "yes"),
        ("--tls-client-cert-file", &at("client.pem")),
        ("--tls-client-key-file", &at("client.key")),
    ])
}

fn words(options: &[(&str, &str)]) -> Vec<String> {
    options.iter().flat_map(|(name, value)| [(*name).to_owned(), (*value).to_owned()]).collect()
}

fn spawn(options: &[String]) -> Child {
    let mut server = Command::new("redis-server");
    server.args(options).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    server.spawn().expect("redis-server, of the package redis-server")
}

/// The line that the manual shows, with the tests' password.
fn acl() -> String {
    let page = include_str!("../../../src/cli/topics/storage.md");
    let line = page.lines().find(|line| line.starts_with("user fedcred ")).expect("the line for an ACL file");
    line.replace(">PASSWORD", &format!(">{PASSWORD}"))
}
