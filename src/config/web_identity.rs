//! `[profile.NAME.web_identity]`: where an OIDC token comes from, and how the session is named.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::oidc::{Flow, Oidc};
use super::origin::{Log, Origin};
use super::reader::Section;
use super::session_name::{self, SessionName};
use super::setting::Written;
use super::{oidc, secrets, values};
use crate::error::Code;
use crate::process::env::Env;

#[derive(Clone, Debug)]
pub struct WebIdentity {
    pub source: TokenSource,
    pub session_name: SessionName,
}

/// The issuer or holder of the token.
#[derive(Clone, Debug)]
pub enum TokenSource {
    /// A file that another program updates (projected tokens of EKS IRSA, GKE and AKS).
    File(PathBuf),
    /// The name of a variable.
    Env(String),
    /// A service that sets its own variables.
    Service(&'static Service),
    /// Program and arguments, without a shell.
    Command(Vec<String>),
    GithubActions {
        audience: String,
    },
    Google(Google),
    Oidc(Box<Oidc>),
    Azure(Azure),
    Kubernetes(Kubernetes),
}

/// What the other rooms ask about a source.
#[derive(Default)]
pub struct SourceFacts<'a> {
    /// The file that holds the token, which is a secret.
    pub token_file: Option<&'a Path>,
    /// The OpenID provider at which a person or a client logs in.
    pub provider: Option<&'a Oidc>,
    /// The issuer, where it is the same for everybody or the settings name it.
    pub issuer: Option<&'a str>,
    /// The audience that the settings ask for, or that the service always writes.
    pub audience: Option<&'a str>,
}

impl TokenSource {
    /// Returns the facts of this source; a source without any has [`SourceFacts::default`].
    pub fn facts(&self) -> SourceFacts<'_> {
        let none = SourceFacts::default();
        match self {
            TokenSource::File(path) => SourceFacts { token_file: Some(path), ..none },
            TokenSource::Service(service) => SourceFacts { issuer: service.issuer, audience: service.audience, ..none },
            TokenSource::GithubActions { audience } => {
                let issuer = Some("https://token.actions.githubusercontent.com");
                SourceFacts { issuer, audience: Some(audience), ..none }
            }
            TokenSource::Google(google) => {
                let issuer = Some("https://accounts.google.com");
                SourceFacts { issuer, audience: google.audience.as_deref(), ..none }
            }
            TokenSource::Oidc(oidc) => {
                let audience = match oidc.token {
                    oidc::Token::Id => Some(oidc.client_id.as_str()),
                    oidc::Token::Access => oidc.resource.as_deref(),
                };
                SourceFacts { provider: Some(oidc), issuer: Some(oidc.issuer.as_written()), audience, ..none }
            }
            TokenSource::Azure(azure) => SourceFacts { audience: azure.audience.as_deref(), ..none },
            TokenSource::Kubernetes(kubernetes) => SourceFacts { audience: Some(&kubernetes.audience), ..none },
            TokenSource::Env(_) | TokenSource::Command(_) => none,
        }
    }

    /// Returns the OpenID provider at which a person logs in for this source.
    pub fn person_at(&self) -> Option<&Oidc> {
        self.facts().provider.filter(|oidc| oidc.flow != Flow::ClientCredentials)
    }
}

/// A service that puts a token into a job's environment.
#[derive(Debug, PartialEq, Eq)]
pub struct Service {
    pub name: &'static str,
    /// The issuer, if it is the same for everybody.
    pub issuer: Option<&'static str>,
    /// The audience, if the service always writes the same.
    pub audience: Option<&'static str>,
    /// The newest name first.
    pub variables: &'static [&'static str],
    /// What to do if none is set.
    pub hint: &'static str,
}

const GITLAB: Service = Service {
    name: "gitlab",
    issuer: None,
    audience: None,
    // The job chooses its variable's name; the first is that of GitLab's guide for AWS.
    variables: &["GITLAB_OIDC_TOKEN", "CI_JOB_JWT_V2"],
    hint: "give the job `id_tokens: { GITLAB_OIDC_TOKEN: { aud: https://gitlab.example.com } }`, or name its variable with source = \"env\" and `token_env`",
};
const CIRCLECI: Service = Service {
    name: "circleci",
    issuer: None,
    audience: None,
    variables: &["CIRCLE_OIDC_TOKEN_V2", "CIRCLE_OIDC_TOKEN"],
    hint: "run the job in a context: only then does CircleCI issue a token",
};
const TERRAFORM: Service = Service {
    name: "terraform",
    issuer: Some("https://app.terraform.io"),
    audience: Some("aws.workload.identity"),
    variables: &["TFC_WORKLOAD_IDENTITY_TOKEN"],
    hint: "set TFC_WORKLOAD_IDENTITY_AUDIENCE in the workspace",
};
const BITBUCKET: Service = Service {
    name: "bitbucket",
    issuer: None,
    audience: None,
    variables: &["BITBUCKET_STEP_OIDC_TOKEN"],
    hint: "add `oidc: true` to the step",
};

/// A token of Google's, whose account Application Default Credentials decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Google {
    /// Absent only where Google takes none: with a person's own credentials.
    pub audience: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Azure {
    /// The application's ID URI; a projected token of AKS has its own.
    pub audience: Option<String>,
    /// The identity, if the machine has several.
    pub client_id: Option<String>,
}

/// A token for a service account, requested from the cluster of this pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kubernetes {
    pub audience: String,
    /// Absent: this pod's.
    pub namespace: Option<String>,
    pub service_account: Option<String>,
    /// The requested lifetime; the cluster's minimum is 10 minutes.
    pub token_lifetime: Duration,
    /// Where `token` and `ca.crt` are mounted.
    pub credentials_dir: PathBuf,
}

const TOKEN_FILE: &str = "AWS_WEB_IDENTITY_TOKEN_FILE";
/// The source that variables alone can configure.
const FILE: &str = "file";
/// The audience that AWS expects by default.
pub const AWS_AUDIENCE: &str = "sts.amazonaws.com";

/// Reads the keys that belong to a source.
type Reader = fn(&Section<'_, '_>, &Env) -> Option<TokenSource>;

/// The values of `source`, each with the reader of its keys.
const SOURCES: &[(&str, Reader)] = &[
    (FILE, |table, env| Some(TokenSource::File(token_file(table, env)?))),
    ("env", |table, _| Some(TokenSource::Env(table.required("token_env", secrets::variable)?))),
    (GITLAB.name, |_, _| Some(TokenSource::Service(&GITLAB))),
    (CIRCLECI.name, |_, _| Some(TokenSource::Service(&CIRCLECI))),
    (TERRAFORM.name, |_, _| Some(TokenSource::Service(&TERRAFORM))),
    (BITBUCKET.name, |_, _| Some(TokenSource::Service(&BITBUCKET))),
    ("command", |table, _| Some(TokenSource::Command(table.required("command", secrets::command)?.0))),
    ("github-actions", |table, _| Some(TokenSource::GithubActions { audience: aws_audience(table) })),
    ("google", |table, _| Some(TokenSource::Google(Google { audience: table.get("audience") }))),
    ("oidc", |table, _| Some(TokenSource::Oidc(Box::new(oidc::read(table)?)))),
    ("azure", |table, _| {
        Some(TokenSource::Azure(Azure { audience: table.get("audience"), client_id: table.get("client_id") }))
    }),
    ("kubernetes", |table, _| {
        Some(TokenSource::Kubernetes(Kubernetes {
            audience: aws_audience(table),
            namespace: table.get("namespace"),
            service_account: table.get("service_account"),
            token_lifetime: table.value("token_lifetime")?,
            credentials_dir: table.value("credentials_dir")?,
        }))
    }),
];

/// Returns the values of `source`.
pub fn source_names() -> Vec<&'static str> {
    SOURCES.iter().map(|(name, _)| *name).collect()
}

/// Reads the whole table. Faults go into the section's log; the result is then `None` or is not used.
pub fn read(table: &Section<'_, '_>, env: &Env) -> Option<WebIdentity> {
    let name = table.required("source", |f| values::word(f, &source_names()));
    if let (Some(name), Some(found)) = (name, table.find("source")) {
        let otherwise = format!("`source` is \"{name}\" ({})", found.place);
        table.check_with(name, |name| format!("source = \"{name}\""), Code::ConflictingKeys, &otherwise);
    }
    let written_name = table.read("role_session_name", |f| session_name::read(f, true));
    let reader = name.and_then(|name| SOURCES.iter().find(|(known, _)| *known == name)).map(|(_, reader)| reader);
    // `AWS_ROLE_SESSION_NAME` is for the token file of the environment, not for other sources.
    let is_ambient = name == Some(FILE) && table.find("token_file").is_none();
    let source = reader.and_then(|read| read(table, env));
    table.finish();
    let ambient_name = || is_ambient.then(|| ambient_session_name(table.log(), env)).flatten();
    let session_name = written_name.or_else(ambient_name).unwrap_or_else(SessionName::of_subject);
    Some(WebIdentity { source: source?, session_name })
}

/// Whether the profile, if it is not written, is that of the environment: projected tokens of EKS (IRSA), GKE and AKS.
pub fn is_implicit(name: &str, env: &Env) -> bool {
    name == "default" && ["AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"].iter().all(|name| env.os(name).is_some())
}

/// Returns the variable that is set and the one that is missing, if only one of the profile of the environment is set.
pub fn half_of_implicit(name: &str, env: &Env) -> Option<(&'static str, &'static str)> {
    let pair = ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN");
    match (env.os(pair.0), env.os(pair.1)) {
        (Some(_), None) if name == "default" => Some(pair),
        (None, Some(_)) if name == "default" => Some((pair.1, pair.0)),
        _ => None,
    }
}

/// Returns the identity of `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_SESSION_NAME`, which a Kubernetes webhook or an
/// administrator sets, as the AWS SDKs read them.
pub fn of_environment(log: &Log<'_>, env: &Env) -> Option<WebIdentity> {
    log.record("web_identity", "source", Origin::BuiltIn, || Some("file".shown()));
    let source = TokenSource::File(file_of_environment(log, env)?);
    log.ask("web_identity", "role_session_name");
    let session_name = ambient_session_name(log, env).unwrap_or_else(SessionName::of_subject);
    Some(WebIdentity { source, session_name })
}

fn ambient_session_name(log: &Log<'_>, env: &Env) -> Option<SessionName> {
    let name = session_name::literal(&env.text("AWS_ROLE_SESSION_NAME")?);
    log.record("web_identity", "role_session_name", Origin::Env("AWS_ROLE_SESSION_NAME"), || Some(name.shown()));
    Some(name)
}

fn file_of_environment(log: &Log<'_>, env: &Env) -> Option<PathBuf> {
    let file = env.path(TOKEN_FILE)?;
    log.record("web_identity", "token_file", Origin::Env(TOKEN_FILE), || Some(file.shown()));
    Some(file)
}

fn aws_audience(table: &Section<'_, '_>) -> String {
    table.get("audience").unwrap_or_else(|| table.instead("audience", AWS_AUDIENCE.to_owned()))
}

fn token_file(table: &Section<'_, '_>, env: &Env) -> Option<PathBuf> {
    if table.find("token_file").is_some() {
        return table.get("token_file");
    }
    let file = file_of_environment(table.log(), env);
    if file.is_none() {
        table.log().error(table.missing("token_file").because("AWS_WEB_IDENTITY_TOKEN_FILE is not set either"));
    }
    file
}
