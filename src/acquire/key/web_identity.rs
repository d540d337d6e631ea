//! Who a token stands for: its issuer, subject and audience where it lies at hand, else the place that would issue it.

use super::{Unknowable, optional, session_name};
use crate::cache::key::KeyBuilder;
use crate::config::profile::{Azure, Google, Kubernetes, Oidc, TokenSource, WebIdentity};
use crate::config::words::Words as _;
use crate::error::Result as FileResult;
use crate::identity::oidc::claims::Claims;
use crate::identity::oidc::{env as variables, google, kubernetes, token_file};
use crate::process::env::Env;
use crate::process::whoami;
use crate::secret::Secret;

pub fn fields(key: KeyBuilder, identity: &WebIdentity, profile: &str, env: &Env) -> Result<KeyBuilder, Unknowable> {
    let WebIdentity { source, session_name: name } = identity;
    let key = session_name(key, name, profile, env);
    match source {
        TokenSource::File(path) => of_token(key.field("source", "file"), token_file::token(path)),
        TokenSource::Env(name) => of_token(key.field("source", "env"), variables::token(name, env)),
        TokenSource::Service(service) => {
            of_token(key.field("source", service.name), variables::of_service(service, env))
        }
        TokenSource::Command(_) => Err("the owner of the token is unknown before the command runs".into()),
        TokenSource::GithubActions { audience } => {
            let url = env.text("ACTIONS_ID_TOKEN_REQUEST_URL").ok_or("this is not a job of GitHub Actions")?;
            Ok(key.field("source", "github-actions").field("audience", audience).field("request url", url))
        }
        TokenSource::Google(Google { audience }) => {
            let key = optional(key.field("source", "google"), "audience", audience.as_ref());
            match google::credentials(env).map_err(|why| format!("whose token it is: {}", why.what))? {
                Some(text) => Ok(key.field("credentials", text.expose())),
                None => {
                    let key = optional(key, "GCE_METADATA_HOST", env.text("GCE_METADATA_HOST"));
                    Ok(optional(key, "GCE_METADATA_IP", env.text("GCE_METADATA_IP"))
                        .field("machine", whoami::host(env)))
                }
            }
        }
        TokenSource::Oidc(oidc) => Ok(oidc_fields(key.field("source", "oidc"), oidc)),
        TokenSource::Azure(azure) => azure_fields(key.field("source", "azure"), azure, env),
        TokenSource::Kubernetes(settings) => kubernetes_fields(key.field("source", "kubernetes"), settings, env),
    }
}

/// Returns the subject of the token at hand.
pub fn subject(identity: &WebIdentity, env: &Env) -> Option<String> {
    let token = match &identity.source {
        TokenSource::File(path) => token_file::token(path),
        TokenSource::Env(name) => variables::token(name, env),
        TokenSource::Service(service) => variables::of_service(service, env),
        TokenSource::Command(_)
        | TokenSource::GithubActions { .. }
        | TokenSource::Google(_)
        | TokenSource::Oidc(_)
        | TokenSource::Azure(_)
        | TokenSource::Kubernetes(_) => return None,
    };
    Some(Claims::read(&token.ok()?).ok()?.subject().to_owned())
}

/// Adds a token's claims; its text changes with every renewal.
fn of_token(key: KeyBuilder, token: FileResult<Secret>) -> Result<KeyBuilder, Unknowable> {
    let claims =
        token.and_then(|token| Claims::read(&token)).map_err(|why| format!("whose token it is: {}", why.what))?;
    let key = key.field("iss", claims.issuer()).field("sub", claims.subject());
    Ok(claims.audiences().iter().fold(key, |key, audience| key.field("aud", audience)))
}

/// Adds the settings of a provider. The person is decided by `login`, which replaces the result as well.
fn oidc_fields(key: KeyBuilder, oidc: &Oidc) -> KeyBuilder {
    let Oidc {
        issuer,
        client_id,
        client_secret: _,
        flow,
        scope,
        resource,
        token,
        redirect_uri: _,
        auth_params,
        ca_bundle,
    } = oidc;
    let key = key.field("issuer", issuer.as_written()).field("client_id", client_id).field("flow", flow.word());
    let key = optional(key.field("scope", scope), "resource", resource.as_ref()).field("token", token.word());
    let key = auth_params.iter().fold(key, |key, (name, value)| key.field("auth_param", name).field("is", value));
    optional(key, "ca_bundle", ca_bundle.as_ref().map(|file| file.as_os_str().as_encoded_bytes()))
}

fn azure_fields(key: KeyBuilder, azure: &Azure, env: &Env) -> Result<KeyBuilder, Unknowable> {
    let Azure { audience, client_id } = azure;
    if let Some(file) = env.path("AZURE_FEDERATED_TOKEN_FILE") {
        return of_token(key, token_file::token(&file));
    }
    let key = optional(optional(key, "audience", audience.as_ref()), "client_id", client_id.as_ref());
    let key = optional(key, "IDENTITY_ENDPOINT", env.text("IDENTITY_ENDPOINT"));
    // A home directory may be shared by machines that have identities of their own.
    Ok(key.field("machine", whoami::host(env)))
}

fn kubernetes_fields(key: KeyBuilder, settings: &Kubernetes, env: &Env) -> Result<KeyBuilder, Unknowable> {
    let Kubernetes { audience, namespace, service_account, token_lifetime: _, credentials_dir } = settings;
    let key = optional(key.field("audience", audience), "namespace", namespace.as_ref());
    let key = optional(key, "service_account", service_account.as_ref());
    let key = optional(key, "cluster", env.text("KUBERNETES_SERVICE_HOST"));
    of_token(key, token_file::token(&credentials_dir.join(kubernetes::OWN_TOKEN)))
}
