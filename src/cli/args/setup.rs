//! Arguments of `setup`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::SecretStore;
use crate::region::Region;

#[derive(Debug, Args)]
pub struct Setup {
    /// Name of the new profile [default: default]
    pub profile: Option<String>,
    /// The identity provider's page for AWS, as a browser opens it
    #[arg(long, value_name = "URL")]
    pub idp_url: Option<String>,
    /// How to log in there [default: what the page asks for]
    #[arg(long, value_enum)]
    pub auth: Option<SetupAuth>,
    /// Who logs in, for a form and Basic
    #[arg(long)]
    pub username: Option<String>,
    /// The password is in this variable, now and later [default: `fedcred login` keeps it]
    #[arg(long, value_name = "NAME")]
    pub password_env: Option<String>,
    /// The password is in this file, now and later
    #[arg(long, value_name = "FILE", conflicts_with = "password_env")]
    pub password_file: Option<PathBuf>,
    /// Where to keep a password that is typed
    #[arg(long, value_enum, default_value_t = SecretStore::Keyring)]
    pub store: SecretStore,
    /// Log in to Kerberos with this keytab
    #[arg(long, value_name = "FILE", requires = "principal")]
    pub keytab: Option<PathBuf>,
    /// As whom to log in to Kerberos
    #[arg(long)]
    pub principal: Option<String>,
    /// PEM file with the authority of the identity provider's certificate
    #[arg(long, value_name = "FILE")]
    pub ca_bundle: Option<PathBuf>,
    /// The role [default: the one on offer]
    #[arg(long, value_name = "ARN")]
    pub role_arn: Option<String>,
    /// A profile for each role on offer, by one login; a pattern names them, with {profile}, {account} and {role}
    #[arg(long, value_name = "PATTERN", num_args = 0..=1, default_missing_value = "{profile}-{role}")]
    pub all_roles: Option<String>,
    #[arg(long)]
    pub region: Option<Region>,
    /// How long a session is to last, such as 1h
    #[arg(long)]
    pub duration: Option<String>,
    /// Name of the profile in ~/.aws/config [default: the same]
    #[arg(long, value_name = "NAME")]
    pub aws_profile: Option<String>,
    /// Leave ~/.aws/config alone
    #[arg(long, conflicts_with = "aws_profile")]
    pub no_aws_config: bool,
    /// Ask nothing: what is not given is found out, or an error
    #[arg(short, long)]
    pub yes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub enum SetupAuth {
    /// The IdP knows who asks
    None,
    Basic,
    /// A login form
    Form,
    /// Kerberos
    Spnego,
}
