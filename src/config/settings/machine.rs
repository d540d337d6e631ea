//! The file's top level, `[cache]`, `[airflow]`, and the table by which every secret is named.

use super::Kind::*;
use super::{Literal, PROFILE, table};
use crate::config::cache::{KeyStore, LocalStore};
use crate::config::words::names;

table! {
    /// Settings of fedcred.
    FILE, FILE_TEXT = "";
    /// Profiles by their names.
    profile: Tables(&PROFILE);
    /// Where results are stored.
    cache: Table(&CACHE);
    /// What the text of an Airflow connection may do.
    airflow: Table(&AIRFLOW);
}

table! {
    /// Where results are stored.
    CACHE, CACHE_TEXT = "cache";
    /// The cache directory.
    dir: Path, unset("~/.cache/fedcred (macOS: ~/Library/Caches/fedcred)");
    /// Where the sealing key is stored. auto: a file; Keychain or Credential Manager on macOS and Windows.
    key: Words(names::<KeyStore>), default(Literal::Text("auto"));
    /// The file of the sealing key; of several, the first one seals, and the others read what was sealed before. With a URL in store it is the fleet's (fedcred cache key new) and must be there.
    key_file: Paths(4), unset("cache.key beside the configuration");
    /// Where results are stored: file, none, or the Redis or Valkey that the machines of a fleet share, behind each machine's own files: rediss://USER@HOST:6379/0, unix:///run/redis/redis.sock, and redis:// on loopback.
    store: WordsOrUrl(names::<LocalStore>), default(Literal::Text("file"));
    /// Whether store may be redis:// on another machine, without TLS.
    allow_plain: Boolean, default(Literal::Boolean(false));
    /// Where the password for store is read from.
    store_password: Secret;
    /// PEM file of the certificates that the server of store is signed by.
    store_ca_bundle: Path, unset("the system's");
    /// PEM file of the certificate that this machine shows to store, with store_client_key.
    store_client_cert: Path;
    /// PEM file of the key of store_client_cert.
    store_client_key: Path;
    /// What the names in store begin with, for fleets with different keys on one server.
    store_prefix: Text, default(Literal::Text("fedcred"));
    /// Milliseconds that a round trip to store may take before this machine works alone.
    store_timeout_ms: Integer(10, 5000), default(Literal::Integer(300));
    /// Sentinels as HOST:PORT; the host of store is then the name that they know the primary by.
    store_sentinels: Texts(16), default(Literal::Nothing);
    /// Whether store is a node of a Redis Cluster.
    store_cluster: Boolean, default(Literal::Boolean(false));
}

table! {
    /// What the text of an Airflow connection may do.
    AIRFLOW, AIRFLOW_TEXT = "airflow";
    /// Further origins to which the login of a connection may continue, and whose logins a connection may loosen.
    idp_origins: Texts(64), default(Literal::Nothing);
    /// STS endpoints that a connection may name, besides AWS's and VPC endpoints.
    sts_endpoints: Texts(64), default(Literal::Nothing);
}
