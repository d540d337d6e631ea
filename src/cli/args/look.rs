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
