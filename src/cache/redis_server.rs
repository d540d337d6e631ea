//! Which Redis or Valkey the machines of a fleet share, and how it is spoken to: plain data, made by `config::redis`.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// A server, a set of sentinels that know it, or a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub address: Address,
    pub database: i64,
    pub user: Option<String>,
    /// PEM; `None`: the certificates that the system trusts.
    pub ca_bundle: Option<PathBuf>,
    /// Certificate and key, PEM.
    pub client: Option<(PathBuf, PathBuf)>,
    /// Every name in the server begins with this.
    pub prefix: String,
    /// How long each round trip may take, the first one with its connection.
    pub budget: Duration,
    /// Host and port of each sentinel. If there are any, the host of `address` is the name by which they know the server.
    pub sentinels: Vec<(String, u16)>,
    pub is_cluster: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    Tcp { host: String, port: u16, is_tls: bool },
    Unix(PathBuf),
}

/// Writes a URL for people, without a password.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.user.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
        match &self.address {
            Address::Tcp { host, port, is_tls } => {
                let scheme = if *is_tls { "rediss" } else { "redis" };
                write!(f, "{scheme}://{user}{host}:{port}/{}", self.database)
            }
            Address::Unix(path) => write!(f, "unix://{}", path.display()),
        }
    }
}
