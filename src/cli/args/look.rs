//! Arguments of the commands that explain an identity: `inspect`, `roles`, `trust-policy`, `console`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub struct Inspect {
    /// Profile of the configuration [env: FEDCRED_PROFILE] [default: default]
    pub profile: Option<String>,
    /// Read this file instead of logging in; - reads standard input
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// Save the received page, without its secrets, for a bug report; also after a failed login
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// Print the assertion's XML or the token itself, after a confirmation: anyone who has it can get credentials
    #[arg(long, conflicts_with = "json")]
    pub raw: bool,
    /// JSON for scripts
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Roles {
    /// Profile of the configuration [env: FEDCRED_PROFILE] [default: default]
    pub profile: Option<String>,
    /// Ask AWS for account aliases, even if all roles belong to one account
    #[arg(long)]
    pub aliases: bool,
    /// Do not ask AWS for account aliases
    #[arg(long, conflicts_with = "aliases")]
    pub no_aliases: bool,
    /// JSON for scripts
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct Console {
    /// Profile of the configuration [env: FEDCRED_PROFILE] [default: default]
    pub profile: Option<String>,
    /// What to open, as in the console's addresses: s3, ec2, mwaa [default: the console's home page]
    #[arg(long, value_name = "SERVICE", value_parser = service)]
    pub service: Option<String>,
    /// Open it in the browser instead of printing it
    #[arg(long)]
    pub open: bool,
}

fn service(text: &str) -> Result<String, &'static str> {
    let is_path = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '/');
    match !text.is_empty() && text.chars().all(is_path) && !text.starts_with('/') && !text.contains("//") {
        true => Ok(text.to_owned()),
        false => Err("expected the name of a service as in the console's URLs, such as s3 or ec2"),
    }
}

#[derive(Debug, Args)]
pub struct TrustPolicy {
    /// Profile of the configuration [env: FEDCRED_PROFILE] [default: default]
    pub profile: Option<String>,
    /// How to print it [default: text for people]
    #[arg(long, value_enum)]
    pub format: Option<TrustFormat>,
    /// Also print policies for reading Airflow's connections, for a role below, and with --mwaa for MWAA's web pages
    #[arg(long)]
    pub permissions: bool,
    /// Check whether this trust policy lets the identity in, condition by condition; - reads standard input
    #[arg(long, value_name = "FILE", conflicts_with = "permissions")]
    pub check: Option<PathBuf>,
    /// Read the assertion or token from this file instead of logging in, as `inspect` does; - reads standard input
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// Issuer of the token, such as a cluster's
    #[arg(long, value_name = "URL", conflicts_with = "from")]
    pub issuer: Option<String>,
    /// Subject of the token, with the patterns * and ?; can be repeated
    #[arg(long = "subject", value_name = "SUB")]
    pub subjects: Vec<String>,
    /// Kubernetes service account NAMESPACE/NAME, with the patterns * and ?; can be repeated
    #[arg(long = "service-account", value_name = "ACCOUNT")]
    pub service_accounts: Vec<String>,
    /// Audience of the token [default: the profile's, else sts.amazonaws.com]
    #[arg(long = "audience", value_name = "AUD")]
    pub audiences: Vec<String>,
    /// Role, session or user that assumes the role, for a profile with `assume_role`
    #[arg(long, value_name = "ARN")]
    pub caller: Option<String>,
    /// Read the thumbprint from the issuer's server, which IAM needs if its certificate authority is not public
    #[arg(long)]
    pub thumbprint: bool,
    /// Use EKS Pod Identity instead of the profile's own identity
    #[arg(long, conflicts_with_all = ["issuer", "from", "check"])]
    pub pod_identity: bool,
    /// Only these Airflow connections; can be repeated
    #[arg(long = "connection", value_name = "ID", requires = "permissions")]
    pub connections: Vec<String>,
    /// MWAA environment whose web pages people use
    #[arg(long, value_name = "ENVIRONMENT", requires = "permissions")]
    pub mwaa: Option<String>,
    /// Airflow role of these people: Admin, Op, User, Viewer, Public
    #[arg(long = "airflow-role", value_name = "ROLE", requires = "mwaa", default_values = ["User", "Admin"])]
    pub airflow_roles: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, clap::ValueEnum)]
pub enum TrustFormat {
    /// One object: provider, role, trust policy, permissions, notes
    Json,
    /// Provider, policy document and role as Terraform
    Terraform,
    /// Provider, role and policies as a CloudFormation template
    Cloudformation,
}
