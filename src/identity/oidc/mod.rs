//! OIDC tokens of all sources, checked before they are sent to STS.
//!
//! Each source has a file with one function that returns the token. Its claims are read here ([`claims`]), so that an expired
//! token is an error with its reason, and not only a refusal of STS.

pub mod azure;
pub mod claims;
pub mod command;
pub mod env;
pub mod github_actions;
pub mod google;
pub mod jws;
pub mod kubernetes;
pub mod login;
#[cfg(test)]
mod stub;
pub mod token_file;

use self::claims::Claims;
use self::login::stored_login::InSecretStore;
use crate::config::profile::TokenSource;
use crate::error::Result;
use crate::identity::Run;
use crate::secret::Secret;
use crate::time;

#[derive(Debug)]
pub struct WebToken {
    pub token: Secret,
    pub claims: Claims,
}

/// Returns a token of this source that STS may accept. Needs a tokio runtime with time and I/O.
pub async fn token(source: &TokenSource, run: Run<'_>) -> Result<WebToken> {
    let Run { env, deadline, .. } = run;
    let token = match source {
        TokenSource::File(path) => token_file::token(path)?,
        TokenSource::Env(name) => env::token(name, env)?,
        TokenSource::Service(service) => env::of_service(service, env)?,
        TokenSource::Command(argv) => command::token(argv, deadline)?,
        TokenSource::GithubActions { audience } => github_actions::token(audience, run).await?,
        TokenSource::Google(settings) => google::token(settings, run).await?,
        TokenSource::Oidc(settings) => match run.typed {
            // The token of a login a moment ago.
            Some(token) => token.duplicate(),
            None => login::silent(settings, &InSecretStore::of(settings, env), run).await?,
        },
        TokenSource::Azure(azure) => azure::token(azure, run).await?,
        TokenSource::Kubernetes(kubernetes) => kubernetes::token(kubernetes, run).await?,
    };
    let claims = Claims::read(&token)?;
    claims.check(time::now())?;
    tracing::info!(
        issuer = claims.issuer(),
        subject = claims.subject(),
        audience = claims.audiences().join(" "),
        "token in hand"
    );
    Ok(WebToken { token, claims })
}
