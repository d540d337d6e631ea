//! Arguments of `setup`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::SecretStore;
use crate::cli::commands::setup::method::{self, Method};
use crate::quote::shell;
use crate::region::Region;

#[derive(Clone, Debug, Args)]
pub struct Setup {
    /// Name of the new profile [default: default]
    pub profile: Option<String>,
    /// Import the profiles of another tool from its files, which are not changed
    #[arg(long, value_enum, value_name = "TOOL", conflicts_with_all = ["idp_url", "auth", "all_roles"])]
    pub from: Option<ImportTool>,
    /// The identity provider's page for AWS, as a browser opens it
    #[arg(long, value_name = "URL")]
    pub idp_url: Option<String>,
    /// How to log in, or where a token comes from [default: what the page asks for, or what this machine has]
    #[arg(long, value_name = "METHOD", value_parser = method::parser())]
    pub auth: Option<&'static Method>,
    /// User name, for a form, Basic, ECP and a browser; with --from, for profiles without one
    #[arg(long)]
    pub username: Option<String>,
    /// Environment variable with the password, now and later [default: setup asks and stores it]
    #[arg(long, value_name = "NAME")]
    pub password_env: Option<String>,
    /// File with the password, now and later
    #[arg(long, value_name = "FILE", conflicts_with = "password_env")]
    pub password_file: Option<PathBuf>,
    /// Where to store a typed secret or a refresh token
    #[arg(long, value_enum, default_value_t = SecretStore::Keyring)]
    pub store: SecretStore,
    /// Log in to Kerberos with this keytab
    #[arg(long, value_name = "FILE", requires = "principal")]
    pub keytab: Option<PathBuf>,
    /// Kerberos principal
    #[arg(long)]
    pub principal: Option<String>,
    /// Command that prints the SAML response or the token, with its arguments
    #[arg(long, value_name = "COMMAND")]
    pub command: Option<String>,
    /// OpenID provider
    #[arg(long, value_name = "URL")]
    pub issuer: Option<String>,
    /// Client at the OpenID provider or Okta; for Azure, the managed identity
    #[arg(long, value_name = "ID")]
    pub client_id: Option<String>,
    /// Okta's application for AWS
    #[arg(long, value_name = "ID")]
    pub app_id: Option<String>,
    /// How a person logs in at the OpenID provider: browser, or device for a code
    #[arg(long, value_name = "FLOW")]
    pub flow: Option<String>,
    /// File with a token that another program renews
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Environment variable with a token
    #[arg(long, value_name = "NAME")]
    pub token_env: Option<String>,
    /// Audience of the token
    #[arg(long)]
    pub audience: Option<String>,
    /// PEM file with the certificate authority of the identity provider
    #[arg(long, value_name = "FILE")]
    pub ca_bundle: Option<PathBuf>,
    /// The role [default: the only one that is offered]
    #[arg(long, value_name = "ARN")]
    pub role_arn: Option<String>,
    /// Write a profile for each offered role, with one login; a pattern for their names has {profile}, {account} and
    /// {role}
    #[arg(long, value_name = "PATTERN", num_args = 0..=1, default_missing_value = "{profile}-{role}")]
    pub all_roles: Option<String>,
    /// Region of the profile [default: that of the default profile in ~/.aws/config]
    #[arg(long)]
    pub region: Option<Region>,
    /// Length of a session, such as 1h
    #[arg(long)]
    pub duration: Option<String>,
    /// Name of the profile in ~/.aws/config [default: the new profile's]
    #[arg(long, value_name = "NAME")]
    pub aws_profile: Option<String>,
    /// Do not change ~/.aws/config
    #[arg(long, conflicts_with = "aws_profile")]
    pub no_aws_config: bool,
    /// Ask nothing: detect what is not given, or fail
    #[arg(short, long)]
    pub yes: bool,
}

/// A tool whose settings can be taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ImportTool {
    #[value(name = "saml2aws")]
    Saml2aws,
    AwsAdfs,
    GimmeAwsCreds,
    OktaAwsCli,
    AwsAzureLogin,
    Awsprocesscreds,
    AwsOktaProcessor,
    /// Profiles of ~/.aws/config that assume a role
    AwsConfig,
}

impl ImportTool {
    /// Returns the tool's name, as `--from` has it.
    pub fn name(self) -> String {
        match self {
            ImportTool::AwsConfig => "the AWS configuration".to_owned(),
            tool => tool.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default(),
        }
    }

    /// Returns where its settings are.
    pub fn place(self) -> &'static str {
        match self {
            ImportTool::Saml2aws => "~/.saml2aws and ~/.aws/config",
            ImportTool::GimmeAwsCreds => "~/.okta_aws_login_config",
            ImportTool::OktaAwsCli => "~/.okta/okta.yaml, ~/.aws/config and the variables OKTA_AWSCLI_…",
            ImportTool::AwsAdfs
            | ImportTool::AwsAzureLogin
            | ImportTool::Awsprocesscreds
            | ImportTool::AwsOktaProcessor
            | ImportTool::AwsConfig => "~/.aws/config",
        }
    }
}

impl Setup {
    /// The flags that take a value, and the values that were given.
    fn valued(&self) -> [(&'static str, Option<String>); 23] {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let auth = self.auth.map(|method| method.name.to_owned());
        let from = self.from.and_then(|tool| Some(tool.to_possible_value()?.get_name().to_owned()));
        [
            ("--from", from),
            ("--idp-url", self.idp_url.clone()),
            ("--auth", auth),
            ("--username", self.username.clone()),
            ("--password-env", self.password_env.clone()),
            ("--password-file", path(&self.password_file)),
            ("--store", (self.store == SecretStore::File).then(|| "file".to_owned())),
            ("--keytab", path(&self.keytab)),
            ("--principal", self.principal.clone()),
            ("--command", self.command.clone()),
            ("--issuer", self.issuer.clone()),
            ("--client-id", self.client_id.clone()),
            ("--app-id", self.app_id.clone()),
            ("--flow", self.flow.clone()),
            ("--token-file", path(&self.token_file)),
            ("--token-env", self.token_env.clone()),
            ("--audience", self.audience.clone()),
            ("--ca-bundle", path(&self.ca_bundle)),
            ("--role-arn", self.role_arn.clone()),
            ("--all-roles", self.all_roles.clone()),
            ("--region", self.region.as_ref().map(Region::to_string)),
            ("--duration", self.duration.clone()),
            ("--aws-profile", self.aws_profile.clone()),
        ]
    }

    /// The value of a flag, which is written as in `--help`: `--keytab FILE`.
    pub fn given(&self, flag: &str) -> Option<String> {
        let name = flag.split(' ').next();
        self.valued().into_iter().find(|(flag, _)| Some(*flag) == name).and_then(|(_, value)| value)
    }

    /// The command line with the flags that were given, and `more`: for hints.
    pub fn again(&self, more: &[&str]) -> String {
        let mut words = vec!["fedcred".to_owned(), "setup".to_owned()];
        words.extend(self.profile.clone());
        for (flag, value) in self.valued().into_iter().filter(|(flag, _)| !more.contains(flag)) {
            words.extend(value.map(|value| [flag.to_owned(), value]).into_iter().flatten());
        }
        for (flag, is_given) in [("--no-aws-config", self.no_aws_config), ("--yes", self.yes)] {
            words.extend((is_given && !more.contains(&flag)).then(|| flag.to_owned()));
        }
        words.extend(more.iter().map(|word| (*word).to_owned()));
        shell::command(words)
    }
}
