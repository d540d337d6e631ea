//! The file's top level, `[cache]`, `[airflow]`, and the table by which every secret is named.

use super::Kind::*;
use super::{Literal, PROFILE, Row, Table, table};
use crate::config::cache::{KeyStore, Store};
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
    /// Where results are stored.
    store: Words(names::<Store>), default(Literal::Text("file"));
}

table! {
    /// What the text of an Airflow connection may do.
    AIRFLOW, AIRFLOW_TEXT = "airflow";
    /// Further origins to which the login of a connection may continue, and whose logins a connection may loosen.
    idp_origins: Texts(64), default(Literal::Nothing);
    /// STS endpoints that a connection may name, besides AWS's and VPC endpoints.
    sts_endpoints: Texts(64), default(Literal::Nothing);
}

table! {
    /// Where a secret is read from: exactly one of these.
    SECRET, SECRET_TEXT = "";
    /// What `fedcred login` stored.
    keyring: True;
    /// A program that prints the secret, and its arguments.
    command: Command;
    /// A file that contains the secret.
    file: Path;
    /// An environment variable that contains the secret.
    env: Text;
    /// A systemd credential.
    credential: Text;
}
