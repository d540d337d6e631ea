//! `type: external_account`: the token of another platform, exchanged for a federated one (RFC 8693), with which a service
//! account is impersonated.

use serde::Deserialize;

use super::adc::ExternalAccount;
use super::{CLOUD_PLATFORM, Source};
use crate::error::{Code, Error, Result};
use crate::http::api::Request;
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
                .hint("make the file anew: gcloud iam workload-identity-pools create-cred-config … --service-account=EMAIL")
        })?;
        let access_token = self.exchanged_token(account).await?;
        self.impersonate(target, &[], &access_token, audience).await
    }

    /// The federated access token.
    pub(super) async fn exchanged_token(&self, account: &ExternalAccount) -> Result<Secret> {
        let subject_token = self.subject_token(account).await?;
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("audience", &account.audience),
            ("scope", CLOUD_PLATFORM),
            ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("subject_token", subject_token.expose()),
            ("subject_token_type", &account.subject_token_type),
        ];
        let request = Request::form(account.token_url.clone(), &fields).repeatable();
        let exchanged: Exchanged = self.api.send(&request, self.deadline).await?.success()?.json()?;
        Ok(Secret::new(exchanged.access_token))
    }
}
