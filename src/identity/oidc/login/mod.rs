//! `source = "oidc"`: tokens of an OpenID provider, for a person or a machine.
//!
//! Only [`interactive`] (`fedcred login`) asks a person. [`silent`] serves all other commands with the refresh token of the last
//! login. Issuer, audience, nonce, times and signature of each token are verified.

mod authorization_code;
mod callback;
mod claims;
mod device;
mod issuer;
pub mod okta;
pub mod opener;
pub mod quirks;
mod refresh;
pub mod stored_login;

use url::Url;

use self::claims::Expected;
use self::issuer::{Granted, Issuer};
use crate::config::oidc::{Flow, Oidc, Token};
use crate::error::{Code, Error, Result};
use crate::http::form::Field;
use crate::identity::Run;
use crate::identity::oidc::jws::KeySet;
use crate::secret::Secret;
use crate::time::Deadline;

#[derive(Debug)]
pub struct Tokens {
    /// For STS.
    pub token: Secret,
    /// Stored for [`silent`]. `None` if the provider issues none.
    pub refresh_token: Option<Secret>,
}

pub trait LoginUi {
    /// Asks the person to visit a page. Called once in a login; does not wait for them.
    fn visit(&self, page: &Page<'_>);
}

/// The page that a person has to visit.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    pub url: &'a Url,
    /// The code to type there, or to compare with the one shown there.
    pub user_code: Option<&'a str>,
    /// The address of the same page with the code filled in, for a browser on this machine or a QR code.
    pub with_code: Option<&'a Url>,
}

/// The store of a login's only refresh token. The caller holds the login's lock: if two processes use a token, it counts as
/// stolen, and the whole grant is revoked.
pub trait RefreshTokenStore {
    fn load(&self) -> Result<Option<Secret>>;
    /// Replaces the stored token. Afterwards the old or the new one is stored, never none or both.
    fn replace(&self, token: &Secret) -> Result<()>;
    fn forget(&self) -> Result<()>;
}

/// Logs in with a person, or as the client itself. `deadline` leaves a person minutes rather than seconds.
pub async fn interactive(settings: &Oidc, ui: &dyn LoginUi, run: Run<'_>) -> Result<Tokens> {
    let deadline = run.deadline;
    let issuer = Issuer::discover(settings, run).await?;
    match settings.flow {
        Flow::Browser => {
            let (granted, nonce) = authorization_code::log_in(&issuer, ui, deadline).await?;
            tokens(&issuer, &issuer.keys(deadline).await?, granted, Some(&nonce))
        }
        Flow::Device => {
            let granted = device::log_in(&issuer, ui, deadline).await?;
            tokens(&issuer, &issuer.keys(deadline).await?, granted, None)
        }
        Flow::ClientCredentials => client_credentials(&issuer, deadline).await,
    }
}

/// Returns a token without asking anybody: by the stored refresh token, or as the client itself.
///
/// Errors: [`Code::RefreshTokenGone`] if a person has to log in first; those of the requests and of the token.
pub async fn silent(settings: &Oidc, store: &dyn RefreshTokenStore, run: Run<'_>) -> Result<Secret> {
    let tokens = match settings.flow {
        Flow::ClientCredentials => client_credentials(&Issuer::discover(settings, run).await?, run.deadline).await?,
        Flow::Browser | Flow::Device => refresh::refresh(settings, store, run).await?,
    };
    Ok(tokens.token)
}

async fn client_credentials(issuer: &Issuer<'_>, deadline: &Deadline) -> Result<Tokens> {
    let scope = issuer.settings.scope.as_str();
    let mut fields = vec![("grant_type", Field::Plain("client_credentials"))];
    fields.extend((!scope.is_empty()).then_some(("scope", Field::Plain(scope))));
    let granted = issuer.token(&fields, deadline).await?.success()?.json()?;
    tokens(issuer, &issuer.keys(deadline).await?, granted, None)
}

/// Verifies and returns the token that the settings ask for.
fn tokens(issuer: &Issuer<'_>, keys: &KeySet, granted: Granted, nonce: Option<&str>) -> Result<Tokens> {
    let token = match issuer.settings.token {
        Token::Id => granted.id_token.ok_or_else(|| {
            Error::new(Code::TokenInvalid, format!("{} gave no id_token", issuer.name()))
                .hint("add `openid` to `scope`; where the provider has none, set token = \"access\"")
        })?,
        Token::Access => granted.access_token,
    };
    let (token, refresh_token) = (Secret::new(token), granted.refresh_token.map(Secret::new));
    verify(issuer, keys, &token, nonce)?;
    Ok(Tokens { token, refresh_token })
}

/// Verifies a token. Errors: [`Code::TokenInvalid`], [`Code::TokenExpired`], with claim and value.
fn verify(issuer: &Issuer<'_>, keys: &KeySet, token: &Secret, nonce: Option<&str>) -> Result<()> {
    let settings = issuer.settings;
    let expected = Expected {
        issuer: settings.issuer.as_written(),
        // An access token is for `resource`; AWS checks its audience.
        client_id: (settings.token == Token::Id).then_some(settings.client_id.as_str()),
        nonce: nonce.filter(|_| settings.token == Token::Id),
    };
    expected.verify(keys, token, crate::time::now()).map_err(|error| match settings.token {
        Token::Access if !token.expose().contains('.') => error.hint(
            "the access token is not a JWT: set `resource` or `scope` to one for which the provider issues JWTs, or token = \"id\"",
        ),
        _ => error,
    })
}

#[cfg(test)]
mod tests;
