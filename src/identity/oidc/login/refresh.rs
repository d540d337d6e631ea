//! The refresh grant (RFC 6749 §6): a login that goes on without the person.
//!
//! Many providers rotate: each use gives a new refresh token and ends the old one, and an old one that comes again is taken
//! for stolen and ends them all. So the new one is kept before anything else can fail.

use super::issuer::{Granted, Issuer};
use super::kept::Login;
use super::{RefreshTokens, Tokens, tokens, verify};
use crate::attempt::{CountedSecret, Ledger};
use crate::config::env::Env;
use crate::config::oidc::{Oidc, Token};
use crate::error::{Code, Error, Result};
use crate::http::form::Field;
use crate::identity::oidc::jws::KeySet;
use crate::secret::Secret;
use crate::time::Deadline;

/// A token by the kept refresh token. What can fail without it is done before it is used, writing where it lies included.
pub async fn refresh(
    settings: &Oidc,
    env: &Env,
    kept: &dyn RefreshTokens,
    ledger: &dyn Ledger,
    deadline: &Deadline,
) -> Result<Tokens> {
    let login = load(settings, kept)?;
    let issuer = Issuer::discover(settings, env, ledger, deadline).await?;
    let keys = issuer.keys(deadline).await?;
    let (granted, login) = redeem(&issuer, login, kept, deadline).await?;
    if granted.id_token.is_none() && settings.token == Token::Id {
        return go_on(&issuer, &keys, login, kept);
    }
    let tokens = tokens(&issuer, &keys, granted, None)?;
    if let Err(error) = login.is_of(&tokens.token) {
        forget(kept);
        return Err(error);
    }
    let lives = |token: &Secret| verify(&issuer, &keys, token, None).is_ok();
    if !login.token.as_ref().is_some_and(lives) {
        let renewed = Login::new(login.refresh_token, Some(tokens.token.duplicate()));
        if let Err(why) = renewed.keep(kept) {
            tracing::warn!(%why, "the token cannot be stored beside its refresh token");
        }
    }
    Ok(tokens)
}

/// A refresh may bring no id_token (OpenID Connect Core §12.2): the last one counts as long as it lives.
fn go_on(issuer: &Issuer<'_>, keys: &KeySet, login: Login, kept: &dyn RefreshTokens) -> Result<Tokens> {
    let last = login.token.filter(|token| verify(issuer, keys, token, None).is_ok());
    match last {
        Some(token) => Ok(Tokens { token, refresh_token: None }),
        None => {
            forget(kept);
            Err(gone(issuer.settings, "its answer to the refresh has no id_token, and the last one has expired")
                .because("the provider may do so (OpenID Connect Core §12.2); each login lasts as long as its first id_token"))
        }
    }
}

/// What the issuer gives for the kept refresh token, whose successor is kept.
pub async fn grant<'a>(
    settings: &'a Oidc,
    env: &Env,
    kept: &dyn RefreshTokens,
    ledger: &'a dyn Ledger,
    deadline: &Deadline,
) -> Result<(Issuer<'a>, Granted)> {
    let login = load(settings, kept)?;
    let issuer = Issuer::discover(settings, env, ledger, deadline).await?;
    let (granted, _) = redeem(&issuer, login, kept, deadline).await?;
    Ok((issuer, granted))
}

fn load(settings: &Oidc, kept: &dyn RefreshTokens) -> Result<Login> {
    kept.load()?.map(Login::read).ok_or_else(|| gone(settings, "nobody has logged in there yet"))
}

async fn redeem(
    issuer: &Issuer<'_>,
    login: Login,
    kept: &dyn RefreshTokens,
    deadline: &Deadline,
) -> Result<(Granted, Login)> {
    // Where its successor could not be kept, the one there is would be used up for nothing.
    login
        .keep(kept)
        .map_err(|why| why.because("so the refresh token was not sent: where it lies, its successor has to go"))?;
    let token = CountedSecret::new(login.refresh_token.duplicate());
    let fields = [("grant_type", Field::Plain("refresh_token")), ("refresh_token", Field::Secret(&token))];
    let answer = issuer.token(&fields, deadline).await?;
    if answer.oauth_error().is_some_and(|said| said.error == "invalid_grant") {
        // It will not be taken the next time either.
        forget(kept);
        let refusal = answer.refusal();
        let mut error = gone(issuer.settings, "the login has expired or was revoked");
        error.causes.extend(refusal.causes);
        return Err(error);
    }
    let mut granted: Granted = answer.success()?.json()?;
    let new = granted.refresh_token.take().map(Secret::new);
    let login = match new.filter(|new| new.expose() != login.refresh_token.expose()) {
        Some(new) => {
            let login = Login { refresh_token: new, ..login };
            keep(kept, &login);
            login
        }
        None => login,
    };
    Ok((granted, login))
}

/// This run has its token in any case. The old one must not be used again, so that rather none is left.
fn keep(kept: &dyn RefreshTokens, new: &Login) {
    if let Err(why) = new.keep(kept) {
        tracing::warn!(%why, "the new refresh token cannot be stored: the next run asks for a login");
        forget(kept);
    }
}

fn forget(kept: &dyn RefreshTokens) {
    if let Err(why) = kept.forget() {
        tracing::warn!(%why, "a refresh token that must not be used again is still stored");
    }
}

fn gone(settings: &Oidc, why: &str) -> Error {
    Error::new(Code::RefreshTokenGone, format!("no login at {}", settings.issuer.as_written())).because(why)
}
