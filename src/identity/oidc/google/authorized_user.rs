//! `type: authorized_user`: a person's refresh token, as `gcloud auth application-default login` leaves it.

use super::Source;
use super::adc::AuthorizedUser;
use super::service_account::Tokens;
use crate::attempt::CountedSecret;
use crate::error::{Code, Error, Result};
use crate::http::api::Request;
use crate::http::form::Field;
use crate::secret::Secret;

impl Source<'_> {
    /// Google gives a person a token for the client that logged in, and for no other audience.
    pub(super) async fn authorized_user(&self, user: &AuthorizedUser, audience: Option<&str>) -> Result<Secret> {
        if let Some(audience) = audience.filter(|audience| *audience != user.client_id) {
            let what = format!("Google gives a person no token for the audience {audience:?}");
            return Err(Error::new(Code::InvalidValue, what)
                .because(format!("the credentials in {} are a person's", self.file.display()))
                .because(format!("their only audience is the client id, {}", user.client_id))
                .hint(
                    "act as a service account: gcloud auth application-default login --impersonate-service-account=EMAIL",
                ));
        }
        let tokens = self.refresh_grant(user, &[("scope", "openid email")]).await?;
        tokens.id_token.map(Secret::new).ok_or_else(|| self.no_id_token())
    }

    pub(super) async fn authorized_user_access_token(&self, user: &AuthorizedUser) -> Result<Secret> {
        let tokens = self.refresh_grant(user, &[]).await?;
        tokens.access_token.map(Secret::new).ok_or_else(|| self.no_id_token())
    }

    async fn refresh_grant(&self, user: &AuthorizedUser, more: &[(&str, &str)]) -> Result<Tokens> {
        let client_secret = CountedSecret::issued(user.client_secret.duplicate());
        let refresh_token = CountedSecret::issued(user.refresh_token.duplicate());
        let fields = [
            ("grant_type", Field::Plain("refresh_token")),
            ("client_id", Field::Plain(&user.client_id)),
            ("client_secret", Field::Secret(&client_secret)),
            ("refresh_token", Field::Secret(&refresh_token)),
        ];
        let more = more.iter().map(|(name, value)| (*name, Field::Plain(value)));
        let fields: Vec<_> = fields.into_iter().chain(more).collect();
        // Google does not rotate these, so that sending one twice does no harm.
        let request = Request::form(user.token_uri.clone(), &fields, self.run.ledger)?.repeatable();
        let answer = self.api.send(&request, self.run.deadline).await?;
        if answer.oauth_error().is_some_and(|said| said.error == "invalid_grant") {
            let refusal = answer.refusal();
            let what = format!("Google no longer accepts the login in {}", self.file.display());
            let mut error = Error::new(Code::RefreshTokenGone, what).hint("gcloud auth application-default login");
            error.causes = refusal.causes;
            return Err(error);
        }
        answer.success()?.json()
    }
}
