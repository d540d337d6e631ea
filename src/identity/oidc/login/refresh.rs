//! The refresh grant (RFC 6749 §6): a login without a person.
//!
//! Many providers rotate: each use returns a new refresh token and ends the old one. An old one that comes again counts as
//! stolen and ends them all. The new one is therefore stored before anything else can fail.

use super::issuer::{Granted, Issuer};
use super::stored_login::StoredLogin;
use super::{RefreshTokenStore, Tokens, tokens, verify};
use crate::attempt::CountedSecret;
use crate::config::oidc::{Oidc, Token};
use crate::error::{Code, Error, Result};
use crate::http::form::Field;
use crate::identity::Run;
use crate::identity::oidc::jws::KeySet;
use crate::secret::Secret;
use crate::time::Deadline;

/// Returns a token for the stored refresh token. Whatever can fail without that is done before it is used.
pub async fn refresh(settings: &Oidc, store: &dyn RefreshTokenStore, run: Run<'_>) -> Result<Tokens> {
    let login = load(settings, store)?;
    let issuer = Issuer::discover(settings, run).await?;
    let keys = issuer.keys(run.deadline).await?;
    let (granted, login) = redeem(&issuer, login, store, run.deadline).await?;
    if granted.id_token.is_none() && settings.token == Token::Id {
        return last_token(&issuer, &keys, login, store);
    }
    let tokens = tokens(&issuer, &keys, granted, None)?;
    if let Err(error) = login.check_identity(&tokens.token) {
        forget(store);
        return Err(error);
    }
    let is_valid = |token: &Secret| verify(&issuer, &keys, token, None).is_ok();
    if !login.token.as_ref().is_some_and(is_valid) {
        let renewed = StoredLogin::new(login.refresh_token, Some(tokens.token.duplicate()));
        if let Err(why) = renewed.write(store) {
            tracing::warn!(%why, "the token cannot be stored beside its refresh token");
        }
    }
    Ok(tokens)
}

/// A refresh need not return an id_token (OpenID Connect Core §12.2): the last one is used until it expires.
fn last_token(issuer: &Issuer<'_>, keys: &KeySet, login: StoredLogin, store: &dyn RefreshTokenStore) -> Result<Tokens> {
    let last = login.token.filter(|token| verify(issuer, keys, token, None).is_ok());
    last.map(|token| Tokens { token, refresh_token: None }).ok_or_else(|| {
        forget(store);
        gone(issuer.settings, "its answer to the refresh has no id_token, and the last one has expired").because(
            "the provider may do so (OpenID Connect Core §12.2); each login lasts as long as its first id_token",
        )
    })
}

/// Returns what the issuer grants for the stored refresh token, after storing the next one.
pub async fn grant<'a>(
    settings: &'a Oidc,
    store: &dyn RefreshTokenStore,
    run: Run<'a>,
) -> Result<(Issuer<'a>, Granted)> {
    let login = load(settings, store)?;
    let issuer = Issuer::discover(settings, run).await?;
    let (granted, _) = redeem(&issuer, login, store, run.deadline).await?;
    Ok((issuer, granted))
}

fn load(settings: &Oidc, store: &dyn RefreshTokenStore) -> Result<StoredLogin> {
    store.load()?.map(StoredLogin::read).ok_or_else(|| gone(settings, "there was no login yet"))
}

async fn redeem(
    issuer: &Issuer<'_>,
    login: StoredLogin,
    store: &dyn RefreshTokenStore,
    deadline: &Deadline,
) -> Result<(Granted, StoredLogin)> {
    // If the next refresh token could not be stored, using this one would lose the login.
    login
        .write(store)
        .map_err(|why| why.because("so the refresh token was not sent: the next one has to be stored in its place"))?;
    let token = CountedSecret::new(login.refresh_token.duplicate());
    let fields = [("grant_type", Field::Plain("refresh_token")), ("refresh_token", Field::Secret(&token))];
    let answer = issuer.token(&fields, deadline).await?;
    if answer.oauth_error().is_some_and(|said| said.error == "invalid_grant") {
        forget(store);
        let mut error = gone(issuer.settings, "the login has expired or was revoked");
        error.causes.extend(answer.refusal().causes);
        return Err(error);
    }
    let mut granted: Granted = answer.success()?.json()?;
    let next = granted.refresh_token.take().filter(|next| next != login.refresh_token.expose());
    let Some(next) = next.map(Secret::new) else { return Ok((granted, login)) };
    let login = StoredLogin { refresh_token: next, ..login };
    if let Err(why) = login.write(store) {
        // This run has its token. The old refresh token must not be used again, so none is left.
        tracing::warn!(%why, "the new refresh token cannot be stored: the next run asks for a login");
        forget(store);
    }
    Ok((granted, login))
}

fn forget(store: &dyn RefreshTokenStore) {
    if let Err(why) = store.forget() {
        tracing::warn!(%why, "a refresh token that must not be used again is still stored");
    }
}

fn gone(settings: &Oidc, why: &str) -> Error {
    Error::new(Code::RefreshTokenGone, format!("no login at {}", settings.issuer.as_written())).because(why)
}
