//! Connections to each kind of server: over TLS, plain, or by a socket; to one server, one that sentinels know, or a cluster.

use std::time::Duration;

use redis::cluster::{ClusterClient, ClusterConnection};
use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{
    Client, ClientTlsConfig, Cmd, Connection, ConnectionAddr, ConnectionInfo, FromRedisValue, IntoConnectionInfo,
    RedisConnectionInfo, RedisError, RedisResult, TlsCertificates, TlsMode,
};

use crate::cache::redis_server::{Address, Server};
use crate::error::{Code, Error, Result};
use crate::file::{self, kind};

/// A connection: to one server, or to all of a cluster.
pub enum Link {
    One(Box<Connection>),
    Cluster(Box<ClusterConnection>),
}

/// Why there is no connection.
pub enum Fault {
    Redis(RedisError),
    Own(Error),
}

impl Link {
    /// Connects and logs in.
    pub fn open(server: &Server, password: Option<&str>) -> std::result::Result<Link, Fault> {
        let certificates = certificates(server)?;
        let is_tls = matches!(server.address, Address::Tcp { is_tls: true, .. });
        let address = match &server.address {
            Address::Tcp { host, .. } if !server.sentinels.is_empty() => {
                return by_sentinels(server, host, password, is_tls.then_some(certificates));
            }
            Address::Tcp { host, port, is_tls } => tcp(host, *port, *is_tls),
            Address::Unix(path) => ConnectionAddr::Unix(path.clone()),
        };
        let mut login = RedisConnectionInfo::default().set_db(server.database).set_skip_set_lib_name();
        if let Some(user) = &server.user {
            login = login.set_username(user);
        }
        if let Some(password) = password {
            login = login.set_password(password);
        }
        let info: ConnectionInfo = address.into_connection_info()?.set_redis_settings(login);
        let budget = server.budget;
        if server.is_cluster {
            let mut builder = ClusterClient::builder([info]).connection_timeout(budget).response_timeout(budget);
            if is_tls {
                builder = builder.tls(TlsMode::Secure).certs(certificates);
            }
            return Ok(Link::Cluster(Box::new(builder.build()?.get_connection()?)));
        }
        let client = if is_tls { Client::build_with_tls(info, certificates)? } else { Client::open(info)? };
        patient(client.get_connection_with_timeout(budget)?, budget)
    }

    pub fn query<T: FromRedisValue>(&mut self, command: &Cmd) -> RedisResult<T> {
        match self {
            Link::One(link) => command.query(link.as_mut()),
            Link::Cluster(link) => command.query(link.as_mut()),
        }
    }
}

/// Connects to the primary that the sentinels know by this name. `certificates`: for TLS, also with the sentinels.
fn by_sentinels(
    server: &Server,
    name: &str,
    password: Option<&str>,
    certificates: Option<TlsCertificates>,
) -> std::result::Result<Link, Fault> {
    let addresses = server.sentinels.iter().map(|(host, port)| tcp(host, *port, certificates.is_some()));
    let mut builder = SentinelClientBuilder::new(addresses, name, SentinelServerType::Master)?;
    builder = builder.set_client_to_redis_db(server.database);
    if let Some(certificates) = certificates.clone() {
        builder = builder
            .set_client_to_redis_tls_mode(TlsMode::Secure)
            .set_client_to_redis_certificates(certificates.clone())
            .set_client_to_sentinel_certificates(certificates);
    }
    if let Some(user) = &server.user {
        builder = builder.set_client_to_redis_username(user);
    }
    if let Some(password) = password {
        builder = builder.set_client_to_redis_password(password);
    }
    let client = builder.build()?.get_client()?;
    patient(client.get_connection_with_timeout(server.budget)?, server.budget)
}

/// Limits reads and writes. The caller waits for the budget only; the thread itself may end later.
fn patient(connection: Connection, budget: Duration) -> std::result::Result<Link, Fault> {
    let patience = Some(budget * 2);
    connection.set_read_timeout(patience)?;
    connection.set_write_timeout(patience)?;
    Ok(Link::One(Box::new(connection)))
}

fn certificates(server: &Server) -> Result<TlsCertificates> {
    let read = |path, kind| file::read(path, kind).map_err(|fault| fault.error(Code::FileUnreadable));
    let root_cert = server.ca_bundle.as_ref().map(|path| read(path, &kind::CERTIFICATES)).transpose()?;
    let client_tls = match &server.client {
        Some((certificate, key)) => Some(ClientTlsConfig {
            client_cert: read(certificate, &kind::CERTIFICATES)?.to_vec(),
            client_key: read(key, &kind::PRIVATE_KEY)?.to_vec(),
        }),
        None => None,
    };
    Ok(TlsCertificates { client_tls, root_cert: root_cert.map(|pem| pem.to_vec()) })
}

/// Returns an address; every name except this machine's own (RFC 6761 §6.3) is resolved.
fn tcp(host: &str, port: u16, is_tls: bool) -> ConnectionAddr {
    match (host, is_tls) {
        ("localhost", false) => ConnectionAddr::Tcp("127.0.0.1".into(), port),
        (host, false) => ConnectionAddr::Tcp(host.into(), port),
        (host, true) => ConnectionAddr::TcpTls { host: host.into(), port, insecure: false, tls_params: None },
    }
}

impl From<RedisError> for Fault {
    fn from(why: RedisError) -> Self {
        Fault::Redis(why)
    }
}

impl From<Error> for Fault {
    fn from(why: Error) -> Self {
        Fault::Own(why)
    }
}
