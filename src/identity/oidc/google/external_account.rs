//! `type: external_account`: the token of another platform, exchanged for a federated one (RFC 8693), with which a service
//! account is impersonated.

use serde::Deserialize;

use super::adc::ExternalAccount;
use super::{CLOUD_PLATFORM, Source};
use crate::attempt::CountedSecret;
use crate::error::{Code, Error, Result};
use crate::http::api::Request;
use crate::http::form::Field;
use crate::secret::Secret;

#[derive(Deserialize)]
struct Exchanged {
    access_token: String,
}

impl Source<'_> {
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

    /// The federated access token.
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
        let exchanged: Exchanged = self.api.send(&request, self.run.deadline).await?.success()?.json()?;
        Ok(Secret::new(exchanged.access_token))
    }
}
