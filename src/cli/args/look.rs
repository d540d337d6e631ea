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
