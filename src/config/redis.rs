//! `[cache] store = "rediss://…"`: the Redis or Valkey of a fleet, and the connection to it.
//!
//! No error shows the URL, which may contain a password.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::found::Found;
use super::reader::Section;
use super::secrets::{Account, SecretSource};
use super::setting::Written;
use super::{secrets, values};
use crate::cache::redis_server::{Address, Server};
use crate::error::{Code, Error, Result};
use crate::quote::config::toml;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisSettings {
    pub server: Server,
    pub password: Option<SecretSource>,
}

/// The allowed values of `store`, for errors.
pub const URLS: &str = "rediss://USER@HOST:6379/0, redis://127.0.0.1:6379/0 or unix:///run/redis/redis.sock";

/// The content of a URL: address, user and database.
pub struct Url {
    address: Address,
    user: Option<String>,
    database: i64,
}

impl Written for Url {
    fn toml(&self) -> String {
        toml(&origin(&self.address))
    }
}

/// Reads the keys beside `store`, which is this URL. Faults go into the section's log, even without a URL: the
/// machine's file may have it, and the user's another store.
pub fn read(cache: &Section<'_, '_>, url: Option<Url>) -> Option<RedisSettings> {
    let account = url.as_ref().map(|url| Account { idp_origin: origin(&url.address), user: url.user.clone() });
    let password = cache.read("store_password", |f| secrets::source(f, &account.unwrap_or_default()));
    let client = match (cache.get("store_client_cert"), cache.get("store_client_key")) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        _ => {
            let what = "`store_client_cert` and `store_client_key` in [cache] belong together, and one is missing";
            cache.log().error(Error::new(Code::MissingKey, what));
            None
        }
    };
    let sentinels = cache.value_by("store_sentinels", |f| values::list(f, host_and_port).map(Sentinels));
    let sentinels = sentinels.map(|Sentinels(sentinels)| sentinels).unwrap_or_default();
    let is_cluster = cache.value("store_cluster").unwrap_or(false);
    let (ca_bundle, prefix) =
        (cache.get("store_ca_bundle"), cache.value_by("store_prefix", prefix).unwrap_or_default());
    let budget = Duration::from_millis(cache.value::<u32>("store_timeout_ms").unwrap_or(300).into());
    let Url { address, user, database } = url?;
    let is_tcp = matches!(address, Address::Tcp { .. });
    if (is_cluster && !sentinels.is_empty()) || ((is_cluster || !sentinels.is_empty()) && !is_tcp) {
        let what =
            "`store_sentinels` and `store_cluster` in [cache] cannot be used together, and need a `store` with a host";
        cache.log().error(Error::new(Code::ConflictingKeys, what));
    }
    let server = Server { address, database, user, ca_bundle, client, prefix, budget, sentinels, is_cluster };
    Some(RedisSettings { server, password })
}

/// Hosts and ports.
struct Sentinels(Vec<(String, u16)>);

impl Written for Sentinels {
    fn toml(&self) -> String {
        self.0.iter().map(|(host, port)| format!("{host}:{port}")).collect::<Vec<_>>().toml()
    }
}

/// Parses `store` as a URL.
pub fn parse(found: &Found<'_>, text: &str, allow_plain: bool) -> Result<Url> {
    let wrong = |said: &str| found.error(Code::InvalidValue, said).hint(format!("store = {URLS}"));
    let url = url::Url::parse(text).map_err(|why| wrong("is not a URL").because(why.to_string()))?;
    if url.password().is_some() || url.query_pairs().any(|(key, _)| key.starts_with("pass")) {
        return Err(wrong("contains a password, which everyone who can read the file can read")
            .hint("remove it, and name its source: store_password = { file = \"~/redis-password\" }"));
    }
    let is_tls = match url.scheme() {
        "rediss" | "valkeys" => true,
        "redis" | "valkey" => false,
        "unix" => return socket(&url).ok_or_else(|| wrong("names no socket by an absolute path")),
        _ => return Err(wrong("has an unknown scheme")),
    };
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| wrong("names no host"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    if host.contains('%') || url.username().contains('%') {
        return Err(wrong("has a `%` in its user or host, which is not understood"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("has a query or fragment, of which none is known"));
    }
    let database = match url.path().trim_matches('/') {
        "" => 0,
        number => number.parse::<u16>().map_err(|_| wrong("has a path that is not the number of a database"))?,
    };
    if !is_tls && !is_here(&host) && !allow_plain {
        return Err(found
            .error(
                Code::UrlNotAllowed,
                "is not encrypted, and another machine: its password and lock could be read and changed on the way",
            )
            .hint("write rediss://…; if that is impossible, allow it with allow_plain = true"));
    }
    let user = Some(url.username()).filter(|user| !user.is_empty()).map(str::to_owned);
    let address = Address::Tcp { host, port: url.port().unwrap_or(6379), is_tls };
    Ok(Url { address, user, database: database.into() })
}

/// Parses `unix:///run/redis/redis.sock?user=fedcred&db=1`.
fn socket(url: &url::Url) -> Option<Url> {
    let path = PathBuf::from(url.path());
    let (mut user, mut database) = (None, 0);
    for (key, value) in url.query_pairs() {
        match &*key {
            "user" => user = Some(value.into_owned()),
            "db" => database = value.parse::<u16>().ok()?.into(),
            _ => return None,
        }
    }
    let is_path = path.is_absolute() && path.file_name().is_some() && !url.has_host();
    is_path.then_some(Url { address: Address::Unix(path), user, database })
}

/// Whether this is a literal loopback address, or `localhost`, which [`crate::cache::redis_store`] does not look up.
fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn origin(address: &Address) -> String {
    match address {
        Address::Tcp { host, port, .. } => format!("rediss://{host}:{port}"),
        Address::Unix(path) => format!("unix://{}", path.display()),
    }
}

/// Reads the prefix of names. `{` and `}` would select the slot of a cluster.
fn prefix(found: &Found<'_>) -> Result<String> {
    let prefix = values::text(found)?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-.:".contains(c);
    if prefix.len() <= 64 && prefix.chars().all(is_name) {
        return Ok(prefix);
    }
    Err(found.error(Code::InvalidValue, "can have only letters, digits and _ - . :, at most 64"))
}

fn host_and_port(found: &Found<'_>) -> Result<(String, u16)> {
    let text = values::text(found)?;
    let wrong = || found.wrong_text("a host and port such as \"redis-1.example.com:26379\"", &text);
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let is_name = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    match port.parse() {
        Ok(port) if !host.is_empty() && host.chars().all(is_name) => Ok((host.to_owned(), port)),
        _ => Err(wrong()),
    }
}
