//! Arguments of the commands that explain an identity: `inspect`, `roles`, `trust-policy`, `console`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
#[command(after_help = "\
--from takes what a browser's developer tools show, and asks nobody: a saved page, the form data or
the value of SAMLResponse, the XML, or a token.")]
pub struct Inspect {
    /// Profile of the configuration [env: FEDCRED_PROFILE] [default: default]
    pub profile: Option<String>,
    /// Look at this file in place of a login; - reads standard input
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// Keep the page that came in this file, without what it carries, for a bug report; also after a failed login
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
    /// Print the assertion's XML or the token itself, once you agree on the terminal: it is as good as a password
    #[arg(long, conflicts_with = "json")]
    pub raw: bool,
    /// JSON for scripts
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Aliases stand on the page on which AWS lets a person choose a role. It is asked, with the assertion
as a browser would post it, when the roles on offer are of several accounts.")]
pub struct Roles {
    /// Profile of the configuration [env: FEDCRED_PROFILE] [default: default]
    pub profile: Option<String>,
    /// Ask AWS for account aliases, also when all roles are of one account
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
#[command(after_help = "\
The address is as good as the credentials for 15 minutes. With --open it goes to the browser by a page
on loopback, and stands on no command line.")]
pub struct Console {
    /// Profile of the configuration [env: FEDCRED_PROFILE] [default: default]
    pub profile: Option<String>,
    /// What to open, as in the console's addresses: s3, ec2, mwaa [default: the console's own page]
    #[arg(long, value_name = "SERVICE", value_parser = service)]
    pub service: Option<String>,
    /// Open it in the browser in place of printing it
    #[arg(long)]
    pub open: bool,
}

fn service(text: &str) -> Result<String, &'static str> {
    let is_path = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '/');
    match !text.is_empty() && text.chars().all(is_path) && !text.starts_with('/') && !text.contains("//") {
        true => Ok(text.to_owned()),
        false => Err("expected a service as it stands in the console's addresses, such as s3 or ec2"),
    }
}

#[derive(Debug, Args)]
#[command(after_help = "\
Before there is anything to log in with: a SAML profile with role_arn and principal_arn needs no login,
a token is described by --subject or --service-account (with --issuer where the source does not tell
it), a role below by --caller. Else what is needed is read from the assertion or token of one login, or
from --from.

Airflow on EKS: --service-account airflow/airflow-webserver --service-account airflow/airflow-scheduler
--service-account airflow/airflow-worker, or --service-account 'airflow/airflow-*'.

With --check the exit status is 0 if the policy lets the identity in, or may, and 77 if it does not.")]
pub struct TrustPolicy {
    /// Profile of the configuration [env: FEDCRED_PROFILE] [default: default]
    pub profile: Option<String>,
    /// How to print it [default: text for people]
    #[arg(long, value_enum)]
    pub format: Option<TrustFormat>,
    /// Also the policies for reading Airflow's connections, for a role below, and with --mwaa for MWAA's web pages
    #[arg(long)]
    pub permissions: bool,
    /// Say whether this trust policy lets the identity in, condition by condition; - reads standard input
    #[arg(long, value_name = "FILE", conflicts_with = "permissions")]
    pub check: Option<PathBuf>,
    /// Read the assertion or token from this file in place of a login, as `inspect` does; - reads standard input
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// Issuer of the token, such as a cluster's
    #[arg(long, value_name = "URL", conflicts_with = "from")]
    pub issuer: Option<String>,
    /// Subject of the token; several times for several, * and ? as patterns
    #[arg(long = "subject", value_name = "SUB")]
    pub subjects: Vec<String>,
    /// Kubernetes service account, as NAMESPACE/NAME; several times for several, * and ? as patterns
    #[arg(long = "service-account", value_name = "ACCOUNT")]
    pub service_accounts: Vec<String>,
    /// Audience of the token [default: the profile's, else sts.amazonaws.com]
    #[arg(long = "audience", value_name = "AUD")]
    pub audiences: Vec<String>,
    /// Role, session or user that asks for the role, for a profile with `assume_role`
    #[arg(long, value_name = "ARN")]
    pub caller: Option<String>,
    /// Ask the issuer's server for the thumbprint that IAM wants where its authority is not a public one
    #[arg(long)]
    pub thumbprint: bool,
    /// For EKS Pod Identity in place of the profile's own identity
    #[arg(long, conflicts_with_all = ["issuer", "from", "check"])]
    pub pod_identity: bool,
    /// Only these of Airflow's connections; several times for several
    #[arg(long = "connection", value_name = "ID", requires = "permissions")]
    pub connections: Vec<String>,
    /// MWAA environment whose web pages people enter
    #[arg(long, value_name = "ENVIRONMENT", requires = "permissions")]
    pub mwaa: Option<String>,
    /// Group of Airflow's that they enter as: Admin, Op, User, Viewer, Public
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
