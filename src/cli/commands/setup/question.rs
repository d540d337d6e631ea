//! What setup asks for a method: the setting, the question, and the flag that answers it.

use std::path::PathBuf;

use super::desk::Desk;
use crate::config::setting::Written;
use crate::error::{Code, Error, Result};
use crate::identity::oidc::google;
use crate::process::env::Env;
use crate::process::whoami;

#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// The setting, in the table of its method.
    pub key: &'static str,
    /// The question; `None` if only a flag sets it.
    pub text: Option<&'static str>,
    pub flag: &'static str,
    /// Whether the method needs an answer on this machine.
    is_needed: fn(&Env) -> bool,
    form: Form,
    proposal: fn(&Env) -> Option<String>,
}

/// How an answer is written into the file.
#[derive(Clone, Copy, Debug)]
enum Form {
    Text,
    /// A path. It is made absolute, since in the file it would be relative to the file's directory.
    Path,
    /// A program and its arguments.
    Words,
}

const TEXT: Question =
    Question { key: "", text: None, flag: "", is_needed: |_| true, form: Form::Text, proposal: |_| None };

pub const USERNAME: Question = Question {
    key: "username",
    text: Some("User name"),
    flag: "--username USER",
    proposal: |env| Some(whoami::user(env)),
    ..TEXT
};
/// Distinguishes two accounts at one IdP; nothing is sent.
pub const BROWSER_USER: Question = Question { text: None, ..USERNAME };
pub const PRINCIPAL: Question = Question { key: "principal", flag: "--principal PRINCIPAL", ..TEXT };
pub const KEYTAB: Question = Question { key: "keytab", flag: "--keytab FILE", form: Form::Path, ..TEXT };
pub const CA_BUNDLE: Question = Question { key: "ca_bundle", flag: "--ca-bundle FILE", form: Form::Path, ..TEXT };
pub const OKTA_CLIENT: Question =
    Question { text: Some("Client ID of Okta's native application for such logins (0oa…)"), ..CLIENT_ID };
pub const OKTA_APP: Question =
    Question { key: "app_id", text: Some("ID of Okta's application for AWS (0oa…)"), flag: "--app-id ID", ..TEXT };
pub const SAML_COMMAND: Question = Question {
    key: "command",
    text: Some("Command that prints the SAML response ({idp_url} and {profile} are filled in)"),
    flag: "--command COMMAND",
    form: Form::Words,
    ..TEXT
};
pub const ISSUER: Question =
    Question {
        key: "issuer", text: Some("The OpenID provider (its issuer, https://…)"), flag: "--issuer URL", ..TEXT
    };
pub const CLIENT_ID: Question = Question {
    key: "client_id",
    text: Some("Client ID that the provider registered for this"),
    flag: "--client-id ID",
    ..TEXT
};
pub const FLOW: Question = Question {
    key: "flow",
    text: Some("Log in by a browser on this machine (browser), or by a code entered elsewhere (device)"),
    flag: "--flow FLOW",
    proposal: |_| Some("browser".to_owned()),
    ..TEXT
};
pub const TOKEN_FILE: Question = Question {
    key: "token_file",
    text: Some("File with the token"),
    flag: "--token-file FILE",
    form: Form::Path,
    proposal: |env| env.text("AWS_WEB_IDENTITY_TOKEN_FILE"),
    ..TEXT
};
pub const TOKEN_ENV: Question =
    Question { key: "token_env", text: Some("Name of the variable with the token"), flag: "--token-env NAME", ..TEXT };
pub const AUDIENCE: Question = Question { key: "audience", flag: "--audience AUDIENCE", ..TEXT };
/// A pod of AKS has a token for an audience already.
pub const AZURE_AUDIENCE: Question = Question {
    text: Some("Application ID URI of the app registration that AWS trusts (api://…)"),
    is_needed: |env| env.os("AZURE_FEDERATED_TOKEN_FILE").is_none(),
    ..AUDIENCE
};
pub const GOOGLE_AUDIENCE: Question = Question {
    text: Some("Audience that the role's trust policy names for Google (accounts.google.com:oaud)"),
    is_needed: google::needs_audience,
    ..AUDIENCE
};
pub const AZURE_CLIENT: Question = Question { text: None, ..CLIENT_ID };

impl Question {
    /// Returns the answer as TOML: `given` by its flag, or by the person. `None` if no answer is needed.
    pub fn answer(&self, given: Option<String>, desk: &mut Desk, env: &Env) -> Result<Option<String>> {
        let answer = match (given, self.text) {
            (Some(given), Some(text)) => desk.given(text, given),
            (Some(given), None) => given,
            (None, Some(text)) if (self.is_needed)(env) => {
                desk.ask(text, (self.proposal)(env).as_deref(), self.flag)?
            }
            (None, _) => return Ok(None),
        };
        self.form.toml(&answer, env).map(Some)
    }
}

impl Form {
    fn toml(self, answer: &str, env: &Env) -> Result<String> {
        Ok(match self {
            Form::Text => answer.toml(),
            Form::Path => whole(answer, env).toml(),
            Form::Words => {
                let words = shlex::split(answer).filter(|words| !words.is_empty()).ok_or_else(|| {
                    Error::new(Code::InvalidValue, "the command has an unclosed quote, or is empty")
                        .hint("write it as in a shell, and close each quote")
                })?;
                words.toml()
            }
        })
    }
}

/// Makes the path absolute; `~/` is the home directory.
pub fn whole(path: &str, env: &Env) -> PathBuf {
    match (path.strip_prefix("~/"), env.home()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path)),
    }
}
