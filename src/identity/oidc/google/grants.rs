//! The grants of Google's token service: one for each type of credentials, and the impersonation of a service account.

use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::Source;
use super::adc::{AuthorizedUser, ExternalAccount, ServiceAccount};
use crate::attempt::CountedSecret;
use crate::error::{Code, Error, Result};
use crate::http::api::Request;
use crate::http::form::Field;
use crate::identity::oidc::jws::SigningKey;
use crate::secret::Secret;
use crate::time;

/// The scope of an access token: Google's only one for everything that the account may do.
pub(super) const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";
/// The audience of the JWT, wherever it is sent: a constant in Google's own libraries.
const GOOGLE: &str = "https://oauth2.googleapis.com/token";
/// The longest lifetime of a JWT that Google accepts.
const LIFETIME_SECONDS: i64 = 3600;

#[derive(Default, Deserialize)]
pub(super) struct Tokens {
    id_token: Option<String>,
    access_token: Option<String>,
}

#[derive(Deserialize)]
struct Generated {
    token: String,
}

impl Source<'_> {
    /// The token of an answer. Errors: [`Code::HttpUnexpected`] if it has none.
    fn token(&self, token: Option<String>) -> Result<Secret> {
        token.map(Secret::new).ok_or_else(|| {
            Error::new(Code::HttpUnexpected, "Google's token service gave no token")
                .because(format!("for the credentials in {}", self.file.display()))
        })
    }

    /// `type: service_account`: an id_token for a JWT that the account's key signs (RFC 7523).
    pub(super) async fn service_account(&self, account: &ServiceAccount, audience: &str) -> Result<Secret> {
        self.token(self.jwt_grant(account, "target_audience", audience).await?.id_token)
    }

    pub(super) async fn service_account_access_token(&self, account: &ServiceAccount) -> Result<Secret> {
        self.token(self.jwt_grant(account, "scope", CLOUD_PLATFORM).await?.access_token)
    }

    async fn jwt_grant(&self, account: &ServiceAccount, claim: &str, value: &str) -> Result<Tokens> {
        let key = SigningKey::from_pem(&account.private_key, &account.private_key_id)
            .ok_or_else(|| self.unusable("its `private_key` is not an RSA key in PEM (PKCS #8)"))?;
        let now = time::now().as_second();
        let mut claims: Value =
            json!({ "iss": account.client_email, "aud": GOOGLE, "iat": now, "exp": now + LIFETIME_SECONDS });
        claims[claim] = value.into();
        let assertion = CountedSecret::issued(key.sign(&claims)?);
        let fields = [
            ("grant_type", Field::Plain("urn:ietf:params:oauth:grant-type:jwt-bearer")),
            ("assertion", Field::Secret(&assertion)),
        ];
        let request = Request::form(account.token_uri.clone(), &fields, self.run.ledger)?.repeatable();
        self.api.send(&request, self.run.deadline).await?.success()?.json()
    }

    /// `type: authorized_user`: an id_token for the refresh token that `gcloud auth application-default login` stored. Its only
    /// audience is the client that logged in.
    pub(super) async fn authorized_user(&self, user: &AuthorizedUser, audience: Option<&str>) -> Result<Secret> {
        if let Some(audience) = audience.filter(|audience| *audience != user.client_id) {
            let what = format!("Google issues no token for the audience {audience:?} to a person");
            return Err(Error::new(Code::InvalidValue, what)
                .because(format!("the credentials in {} are a person's", self.file.display()))
                .because(format!("their only audience is the client id, {}", user.client_id))
                .hint(
                    "act as a service account: gcloud auth application-default login --impersonate-service-account=EMAIL",
                ));
        }
        self.token(self.refresh_grant(user, Some("openid email")).await?.id_token)
    }

    pub(super) async fn authorized_user_access_token(&self, user: &AuthorizedUser) -> Result<Secret> {
        self.token(self.refresh_grant(user, None).await?.access_token)
    }

    async fn refresh_grant(&self, user: &AuthorizedUser, scope: Option<&str>) -> Result<Tokens> {
        let client_secret = CountedSecret::issued(user.client_secret.duplicate());
        let refresh_token = CountedSecret::issued(user.refresh_token.duplicate());
        let mut fields = vec![
            ("grant_type", Field::Plain("refresh_token")),
            ("client_id", Field::Plain(&user.client_id)),
            ("client_secret", Field::Secret(&client_secret)),
            ("refresh_token", Field::Secret(&refresh_token)),
        ];
        fields.extend(scope.map(|scope| ("scope", Field::Plain(scope))));
        // Google does not rotate refresh tokens, so sending one twice does no harm.
        let request = Request::form(user.token_uri.clone(), &fields, self.run.ledger)?.repeatable();
        let answer = self.api.send(&request, self.run.deadline).await?;
        if answer.oauth_error().is_some_and(|said| said.error == "invalid_grant") {
            let what = format!("Google no longer accepts the login in {}", self.file.display());
            let mut error = Error::new(Code::RefreshTokenGone, what).hint("gcloud auth application-default login");
            error.causes = answer.refusal().causes;
            return Err(error);
        }
        answer.success()?.json()
    }

    /// `type: external_account`: an id_token of the service account that the account impersonates.
    pub(super) async fn external_account(&self, account: &ExternalAccount, audience: &str) -> Result<Secret> {
        let target = account.service_account_impersonation_url.as_ref().ok_or_else(|| {
            let what = format!("the external account in {} gets no id_token", self.file.display());
            Error::new(Code::TokenMissing, what)
                .because("it has no service_account_impersonation_url, and Google gives id_tokens to service accounts only")
                .hint("create the file again: gcloud iam workload-identity-pools create-cred-config … --service-account=EMAIL")
        })?;
        let access_token = self.exchanged_token(account).await?;
        self.impersonate(target, &[], &access_token, audience).await
    }

    /// Exchanges the token of another platform for a federated access token (RFC 8693).
    pub(super) async fn exchanged_token(&self, account: &ExternalAccount) -> Result<Secret> {
        let subject_token = CountedSecret::issued(self.subject_token(account).await?);
        let fields = [
            ("grant_type", Field::Plain("urn:ietf:params:oauth:grant-type:token-exchange")),
            ("audience", Field::Plain(&account.audience)),
            ("scope", Field::Plain(CLOUD_PLATFORM)),
            ("requested_token_type", Field::Plain("urn:ietf:params:oauth:token-type:access_token")),
            ("subject_token", Field::Secret(&subject_token)),
            ("subject_token_type", Field::Plain(&account.subject_token_type)),
        ];
        let request = Request::form(account.token_url.clone(), &fields, self.run.ledger)?.repeatable();
        let tokens: Tokens = self.api.send(&request, self.run.deadline).await?.success()?.json()?;
        self.token(tokens.access_token)
    }

    /// Returns an id_token of a service account, with the access token of another account: `generateIdToken` of the IAM
    /// Credentials API. `target` is the `service_account_impersonation_url` of the file, which is one for access tokens.
    pub(super) async fn impersonate(
        &self,
        target: &Url,
        delegates: &[String],
        access_token: &Secret,
        audience: &str,
    ) -> Result<Secret> {
        let account = target.path().strip_suffix(":generateAccessToken").ok_or_else(|| {
            self.unusable("its `service_account_impersonation_url` does not end in :generateAccessToken")
        })?;
        let mut url = target.clone();
        url.set_path(&format!("{account}:generateIdToken"));
        let body = json!({ "audience": audience, "delegates": delegates, "includeEmail": true });
        let token = CountedSecret::issued(access_token.duplicate());
        let request = Request::json(url, &body).bearer(&token, self.run.ledger)?.repeatable();
        let generated: Generated = self.api.send(&request, self.run.deadline).await?.success()?.json()?;
        Ok(Secret::new(generated.token))
    }
}
