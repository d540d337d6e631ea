//! `type: service_account`: a JWT of its own (RFC 7523), signed by its key, for one of Google's.

use serde::Deserialize;
use serde_json::{Value, json};

use super::adc::ServiceAccount;
use super::{CLOUD_PLATFORM, Source};
use crate::attempt::CountedSecret;
use crate::error::Result;
use crate::http::api::Request;
use crate::http::form::Field;
use crate::identity::oidc::jws::SigningKey;
use crate::secret::Secret;
use crate::time;

/// To whom the JWT is addressed, wherever it is sent: Google's own libraries have it as a constant.
const GOOGLE: &str = "https://oauth2.googleapis.com/token";
/// Google takes no JWT that lives longer.
const LIFETIME_SECONDS: i64 = 3600;

#[derive(Default, Deserialize)]
pub(super) struct Tokens {
    pub id_token: Option<String>,
    pub access_token: Option<String>,
}

impl Source<'_> {
    pub(super) async fn service_account(&self, account: &ServiceAccount, audience: &str) -> Result<Secret> {
        let tokens = self.jwt_grant(account, "target_audience", audience).await?;
        tokens.id_token.map(Secret::new).ok_or_else(|| self.no_id_token())
    }

    pub(super) async fn service_account_access_token(&self, account: &ServiceAccount) -> Result<Secret> {
        let tokens = self.jwt_grant(account, "scope", CLOUD_PLATFORM).await?;
        tokens.access_token.map(Secret::new).ok_or_else(|| self.no_id_token())
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
}
