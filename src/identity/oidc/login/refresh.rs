//! The refresh grant (RFC 6749 §6): a login that goes on without the person.
//!
//! Many providers rotate: each use gives a new refresh token and ends the old one, and an old one that comes again is taken
//! for stolen and ends them all. So the new one is kept before anything else can fail.

use super::issuer::{Field, Granted, Issuer};
use super::{RefreshTokens, Tokens, tokens};
use crate::attempt::{CountedSecret, Ledger};
use crate::config::env::Env;
use crate::config::oidc::Oidc;
use crate::error::{Code, Error, Result};
use crate::secret::Secret;
use crate::time::Deadline;

pub async fn refresh(
    settings: &Oidc,
    env: &Env,
    kept: &dyn RefreshTokens,
    ledger: &dyn Ledger,
    deadline: &Deadline,
) -> Result<Tokens> {
    let (issuer, granted) = grant(settings, env, kept, ledger, deadline).await?;
    tokens(&issuer, granted, None, deadline).await
}

/// What the issuer gives for the kept refresh token, whose successor is kept.
pub async fn grant<'a>(
    settings: &'a Oidc,
    env: &Env,
    kept: &dyn RefreshTokens,
    ledger: &'a dyn Ledger,
    deadline: &Deadline,
) -> Result<(Issuer<'a>, Granted)> {
    let old = kept.load()?.ok_or_else(|| gone(settings, "nobody has logged in there yet"))?;
    let issuer = Issuer::discover(settings, env, ledger, deadline).await?;
    let token = CountedSecret::new(old.duplicate());
    let fields = [("grant_type", Field::Plain("refresh_token")), ("refresh_token", Field::Counted(&token))];
    let answer = issuer.token(&fields, deadline).await?;
    if answer.oauth_error().is_some_and(|said| said.error == "invalid_grant") {
        // It will not be taken the next time either.
        if let Err(why) = kept.forget() {
            tracing::warn!(%why, "the refresh token that was refused is still kept");
        }
        let refusal = answer.refusal();
        let mut error = gone(settings, "the login has expired or was revoked");
        error.causes.extend(refusal.causes);
        return Err(error);
    }
    let mut granted: Granted = answer.success()?.json()?;
    if let Some(new) = granted.refresh_token.take().map(Secret::new)
        && new.expose() != old.expose()
    {
        keep(kept, &new);
    }
    Ok((issuer, granted))
}

/// This run has its token in any case. The old one must not be used again, so that rather none is left.
fn keep(kept: &dyn RefreshTokens, new: &Secret) {
    if let Err(why) = kept.replace(new) {
        tracing::warn!(%why, "the new refresh token cannot be kept: the next run asks for a login");
        if let Err(why) = kept.forget() {
            tracing::warn!(%why, "nor can the old one be forgotten");
        }
    }
}

fn gone(settings: &Oidc, why: &str) -> Error {
    Error::new(Code::RefreshTokenGone, format!("no login at {}", settings.issuer)).because(why)
}
