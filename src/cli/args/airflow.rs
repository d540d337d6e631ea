//! Arguments of `airflow`, and those by which other commands find a connection.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::notes;
use crate::region::Region;

#[derive(Debug, Subcommand)]
pub enum Airflow {
    /// Explain a connection: where it is, its fields, and which servers it would use; contacts only a secrets backend
    #[command(after_help = notes::AIRFLOW_SHOW)]
    Show(AirflowShow),
    /// Print a profile as a connection's URI
    #[command(after_help = notes::AIRFLOW_EXPORT)]
    Uri(AirflowExport),
    /// Print a profile as a connection's JSON
    #[command(after_help = notes::AIRFLOW_EXPORT)]
    Json(AirflowExport),
    /// Write a connection into the configuration, as a profile of its own
    #[command(after_help = notes::AIRFLOW_IMPORT)]
    Import(AirflowImport),
    /// Store a connection in AWS Secrets Manager, and print the policy that lets Amazon MWAA read it
    #[command(after_help = notes::AIRFLOW_PUT)]
    Put(AirflowPut),
}

#[derive(Debug, Args)]
pub struct AirflowPut {
    /// The connection's id, as a DAG names it
    pub id: String,
    /// The connections_prefix of Airflow's secrets backend
    #[arg(long, value_name = "PREFIX")]
    pub secret_prefix: String,
    // That of `--profile`, which every command has.
    #[arg(skip)]
    pub profile: Option<String>,
    /// Region of Secrets Manager [env: AWS_DEFAULT_REGION]
    #[arg(long)]
    pub region: Option<Region>,
    /// ARN of the KMS key to encrypt it with [default: the account's own]
    #[arg(long, value_name = "ARN")]
    pub kms_key: Option<String>,
    /// Do not ask for confirmation
    #[arg(long)]
    pub yes: bool,
    /// Only print the policy; store nothing
    #[arg(long)]
    pub print_policy: bool,
    #[command(flatten)]
    pub connection: AirflowConnection,
}

#[derive(Debug, Args)]
pub struct AirflowExport {
    /// Profile of the configuration [env: FEDCRED_PROFILE] [default: default]
    pub profile: Option<String>,
}

#[derive(Debug, Args)]
pub struct AirflowImport {
    /// The connection's id, as a DAG names it
    pub id: String,
    /// The profile's name [default: the connection's id]
    #[arg(long = "as", value_name = "NAME")]
    pub name: Option<String>,
    #[command(flatten)]
    pub connection: AirflowConnection,
}

#[derive(Debug, Args)]
pub struct AirflowShow {
    /// The connection's id, as a DAG names it
    pub id: String,
    /// One JSON object instead of lines
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub connection: AirflowConnection,
}

// Where a connection is looked for, and how it is read. No doc comment: flattened, it would be the command's own.
#[derive(Debug, Args)]
pub struct AirflowConnection {
    /// File of `airflow connections export` (json, yaml or env), read after the environment
    #[arg(long, value_name = "FILE")]
    pub airflow_connections: Option<PathBuf>,
    /// Ignore the fields that this version of Airflow's Amazon provider ignores
    #[arg(long, value_name = "VERSION", value_parser = ["9"])]
    pub airflow_compat: Option<String>,
    /// Use the default credentials, as Airflow does, if the connection is defined nowhere
    #[arg(long)]
    pub airflow_fallback: bool,
}
