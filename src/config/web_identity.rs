//! `[profile.NAME.web_identity]`: where an OIDC token comes from, and how the session is named.

use std::path::PathBuf;
use std::time::Duration;

use super::env::Env;
use super::google::Google;
use super::oidc::Oidc;
use super::origin::{Log, Origin};
use super::reader::Section;
use super::session_name::{self, SessionName};
use super::{google, oidc, refuse, secrets, values};
use crate::error::{Code, Error};

#[derive(Clone, Debug)]
pub struct WebIdentity {
    pub source: TokenSource,
    pub session_name: SessionName,
}

/// Who issues the token, or holds it.
#[derive(Clone, Debug)]
pub enum TokenSource {
    /// A file that somebody else keeps fresh (EKS IRSA, GKE and AKS projected tokens).
    File(PathBuf),
    /// A variable.
    Env(String),
    /// A service that sets variables of its own.
    Service(&'static Service),
    /// Program and arguments, no shell.
    Command(Vec<String>),
    GithubActions {
        audience: String,
    },
    Google(Google),
    Oidc(Box<Oidc>),
    Azure(Azure),
    Kubernetes(Kubernetes),
}

/// A service that puts a token into a job's environment.
#[derive(Debug, PartialEq, Eq)]
pub struct Service {
    pub name: &'static str,
    /// The newest name first.
    pub variables: &'static [&'static str],
    /// What makes it set one.
    pub hint: &'static str,
}

const GITLAB: Service = Service {
    name: "gitlab",
    // The job names its variable itself; the first is the one of GitLab's own guide for AWS.
    variables: &["GITLAB_OIDC_TOKEN", "CI_JOB_JWT_V2"],
    hint: "give the job `id_tokens: { GITLAB_OIDC_TOKEN: { aud: https://gitlab.example.com } }`, or name its variable with source = \"env\" and `token_env`",
};
const CIRCLECI: Service = Service {
    name: "circleci",
    variables: &["CIRCLE_OIDC_TOKEN_V2", "CIRCLE_OIDC_TOKEN"],
    hint: "run the job in a context: only then does CircleCI issue a token",
};
const TERRAFORM: Service = Service {
    name: "terraform",
    variables: &["TFC_WORKLOAD_IDENTITY_TOKEN"],
    hint: "set TFC_WORKLOAD_IDENTITY_AUDIENCE in the workspace",
};
const BITBUCKET: Service =
    Service { name: "bitbucket", variables: &["BITBUCKET_STEP_OIDC_TOKEN"], hint: "add `oidc: true` to the step" };

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Azure {
    /// The application's ID URI; a projected token of AKS has its own.
    pub audience: Option<String>,
    /// Which of several user-assigned identities.
    pub client_id: Option<String>,
}

/// A token for a service account, requested from the cluster this process runs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kubernetes {
    pub audience: String,
    /// Absent: this pod's own.
    pub namespace: Option<String>,
    pub service_account: Option<String>,
    /// How long the token is asked to live; the cluster takes no less than 10 minutes.
    pub token_lifetime: Duration,
    /// Where `token` and `ca.crt` are mounted.
    pub credentials_dir: PathBuf,
}

const TOKEN_FILE: &str = "AWS_WEB_IDENTITY_TOKEN_FILE";
/// Where the kubelet mounts what a pod needs to talk to the API server.
const KUBELET_MOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
/// What AWS expects where nothing else is set up.
pub const AWS_AUDIENCE: &str = "sts.amazonaws.com";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    File,
    Env,
    Service(&'static Service),
    Command,
    GithubActions,
    Google,
    Oidc,
    Azure,
    Kubernetes,
}

const SOURCES: [(&str, Source); 12] = [
    ("file", Source::File),
    ("env", Source::Env),
    (GITLAB.name, Source::Service(&GITLAB)),
    (CIRCLECI.name, Source::Service(&CIRCLECI)),
    (TERRAFORM.name, Source::Service(&TERRAFORM)),
    (BITBUCKET.name, Source::Service(&BITBUCKET)),
    ("command", Source::Command),
    ("github-actions", Source::GithubActions),
    ("google", Source::Google),
    ("oidc", Source::Oidc),
    ("azure", Source::Azure),
    ("kubernetes", Source::Kubernetes),
];

/// The keys that mean something to some sources only.
const KEYS_OF_SOURCES: [(&str, &[&str]); 18] = [
    ("token_file", &["file"]),
    ("token_env", &["env"]),
    ("command", &["command"]),
    ("audience", &["github-actions", "google", "azure", "kubernetes"]),
    ("client_id", &["oidc", "azure"]),
    ("issuer", &["oidc"]),
    ("client_secret", &["oidc"]),
    ("flow", &["oidc"]),
    ("scope", &["oidc"]),
    ("resource", &["oidc"]),
    ("token", &["oidc"]),
    ("redirect_uri", &["oidc"]),
    ("auth_params", &["oidc"]),
    ("ca_bundle", &["oidc"]),
    ("namespace", &["kubernetes"]),
    ("service_account", &["kubernetes"]),
    ("token_lifetime", &["kubernetes"]),
    ("credentials_dir", &["kubernetes"]),
];

/// The table as a whole. What is wrong is in the section's log; then nothing, or a value nobody will use, comes back.
pub fn read(table: &Section<'_, '_>, env: &Env) -> Option<WebIdentity> {
    let words = SOURCES.iter().map(|(name, _)| (*name, *name)).collect::<Vec<_>>();
    let name = table.required("source", "source = \"file\"", |f| values::choice(f, &words, &[]));
    misplaced(table, name);
    refuse::in_web_identity(table);
    let written_name = table.read("role_session_name", |f| session_name::read(f, true));
    let source = name.and_then(|name| SOURCES.iter().find(|(known, _)| *known == name)).map(|(_, source)| *source);
    // `AWS_ROLE_SESSION_NAME` belongs to the token file of the environment, not to whatever else is configured.
    let is_ambient = source == Some(Source::File) && table.find("token_file").is_none();
    let source = source.and_then(|source| token_source(source, table, env));
    table.finish();
    let ambient_name = || is_ambient.then(|| ambient_session_name(table.log(), env)).flatten();
    let session_name = written_name.or_else(ambient_name).unwrap_or_else(SessionName::of_subject);
    Some(WebIdentity { source: source?, session_name })
}

/// What a Kubernetes webhook or an administrator put into the environment: `AWS_WEB_IDENTITY_TOKEN_FILE` and
/// `AWS_ROLE_SESSION_NAME`, as the AWS SDKs read them.
pub fn of_environment(log: &Log<'_>, env: &Env) -> Option<WebIdentity> {
    let source = TokenSource::File(env.path(TOKEN_FILE)?);
    log.record("web_identity", "token_file", Origin::Env(TOKEN_FILE));
    let session_name = ambient_session_name(log, env).unwrap_or_else(SessionName::of_subject);
    Some(WebIdentity { source, session_name })
}

fn ambient_session_name(log: &Log<'_>, env: &Env) -> Option<SessionName> {
    let name = env.text("AWS_ROLE_SESSION_NAME")?;
    log.record("web_identity", "role_session_name", Origin::Env("AWS_ROLE_SESSION_NAME"));
    Some(session_name::literal(&name))
}

fn token_source(source: Source, table: &Section<'_, '_>, env: &Env) -> Option<TokenSource> {
    let audience = || table.read("audience", values::text);
    Some(match source {
        Source::File => TokenSource::File(token_file(table, env)?),
        Source::Env => {
            TokenSource::Env(table.required("token_env", "token_env = \"CI_JOB_JWT\"", secrets::variable)?)
        }
        Source::Service(service) => TokenSource::Service(service),
        Source::Command => {
            let hint = "command = [\"vault\", \"read\", \"-field=token\", \"identity/oidc/token/aws\"]";
            TokenSource::Command(table.required("command", hint, secrets::command)?)
        }
        Source::GithubActions => {
            TokenSource::GithubActions { audience: audience().unwrap_or_else(|| AWS_AUDIENCE.to_owned()) }
        }
        Source::Google => TokenSource::Google(google::read(table)),
        Source::Oidc => TokenSource::Oidc(Box::new(oidc::read(table)?)),
        Source::Azure => {
            TokenSource::Azure(Azure { audience: audience(), client_id: table.read("client_id", values::text) })
        }
        Source::Kubernetes => TokenSource::Kubernetes(kubernetes(table, audience())),
    })
}

fn kubernetes(table: &Section<'_, '_>, audience: Option<String>) -> Kubernetes {
    // The API server's own limits.
    let (least, most) = (Duration::from_secs(600), Duration::from_secs(24 * 3600));
    Kubernetes {
        audience: audience.unwrap_or_else(|| AWS_AUDIENCE.to_owned()),
        namespace: table.read("namespace", values::text),
        service_account: table.read("service_account", values::text),
        token_lifetime: table.read("token_lifetime", |f| values::duration(f, least..=most)).unwrap_or(least),
        credentials_dir: table.read("credentials_dir", values::path).unwrap_or_else(|| KUBELET_MOUNT.into()),
    }
}

fn token_file(table: &Section<'_, '_>, env: &Env) -> Option<PathBuf> {
    if table.find("token_file").is_some() {
        return table.read("token_file", values::path);
    }
    let file = env.path(TOKEN_FILE);
    match file {
        Some(_) => table.log().record("web_identity", "token_file", Origin::Env(TOKEN_FILE)),
        None => {
            let error = table.missing("token_file", "token_file = \"/var/run/secrets/…/token\"");
            table.log().error(error.because("AWS_WEB_IDENTITY_TOKEN_FILE is not set either"));
        }
    }
    file
}

/// Reports keys of another source than the one written. Also when the source is wrong: looking makes these keys known ones.
fn misplaced(table: &Section<'_, '_>, source: Option<&str>) {
    for (key, sources) in KEYS_OF_SOURCES {
        let Some(found) = table.find(key) else { continue };
        let Some(source) = source.filter(|source| !sources.contains(source)) else { continue };
        let needed: Vec<String> = sources.iter().map(|source| format!("source = \"{source}\"")).collect();
        let said = format!("goes with {}, but `source` is \"{source}\"", needed.join(" or "));
        let error: Error = found.error(Code::ConflictingKeys, said);
        table.log().error(error.hint(format!("write {}, or remove `{key}`", needed[0])));
    }
}
