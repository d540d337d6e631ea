//! From a device login at Okta to a SAML page, as in Okta's own CLI: the tokens are exchanged (RFC 8693) for one that opens the
//! page of an application.
//!
//! Source: <https://github.com/okta/okta-aws-cli>, README, "Operation".

use super::issuer::{Granted, Issuer};
use super::{LoginUi, RefreshTokenStore, device, refresh};
use crate::attempt::CountedSecret;
use crate::config::oidc::Oidc;
use crate::error::{Code, Error, Result};
use crate::http::form::Field;
use crate::identity::Run;
use crate::secret::Secret;
use crate::time::Deadline;

/// Returns the token that opens the page of the application `app`. With `ui` a person logs in, without it the refresh token in
/// `store` is used.
///
/// Errors: [`Code::RefreshTokenGone`] when somebody has to log in first; [`Code::TokenRefused`].
pub async fn page_token(
    settings: &Oidc,
    app: &str,
    store: &dyn RefreshTokenStore,
    ui: Option<&dyn LoginUi>,
    run: Run<'_>,
) -> Result<Secret> {
    let (issuer, granted) = match ui {
        Some(ui) => {
            let issuer = Issuer::discover(settings, run).await?;
            let mut granted = device::log_in(&issuer, ui, run.deadline).await?;
            if let Some(token) = granted.refresh_token.take().map(Secret::new) {
                store.replace(&token)?;
            }
            (issuer, granted)
        }
        None => refresh::grant(settings, store, run).await?,
    };
    exchange(&issuer, granted, app, run.deadline).await
}

/// The tokens go back to their issuer, so they are not verified here.
async fn exchange(issuer: &Issuer<'_>, granted: Granted, app: &str, deadline: &Deadline) -> Result<Secret> {
    let access_token = CountedSecret::issued(Secret::new(granted.access_token));
    let id_token = granted.id_token.map(Secret::new).map(CountedSecret::issued).ok_or_else(|| {
        Error::new(Code::TokenInvalid, format!("{} gave no id_token", issuer.name()))
            .hint("have Okta's administrator allow the application the scope `openid`")
    })?;
    let audience = format!("urn:okta:apps:{app}");
    let fields = [
        ("grant_type", Field::Plain("urn:ietf:params:oauth:grant-type:token-exchange")),
        ("requested_token_type", Field::Plain("urn:okta:oauth:token-type:web_sso_token")),
        ("audience", Field::Plain(audience.as_str())),
        ("actor_token", Field::Secret(&access_token)),
        ("actor_token_type", Field::Plain("urn:ietf:params:oauth:token-type:access_token")),
        ("subject_token", Field::Secret(&id_token)),
        ("subject_token_type", Field::Plain("urn:ietf:params:oauth:token-type:id_token")),
    ];
    let answer = issuer.token(&fields, deadline).await?.success().map_err(|error| {
        error.hint(
            "check that `saml.app_id` is the AWS application's, that it is assigned to you, and that it \
            allows this client",
        )
    })?;
    let granted: Granted = answer.json()?;
    Ok(Secret::new(granted.access_token))
}
