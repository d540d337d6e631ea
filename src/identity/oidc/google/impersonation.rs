//! Acting as a service account: `generateIdToken` of the IAM Credentials API, with somebody else's access token.

use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::Source;
use crate::attempt::CountedSecret;
use crate::error::Result;
use crate::http::api::Request;
use crate::secret::Secret;

#[derive(Deserialize)]
struct Generated {
    token: String,
}

impl Source<'_> {
    /// `target` is the file's `service_account_impersonation_url`, which is written for access tokens.
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
