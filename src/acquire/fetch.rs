//! The miss path: proof of identity, then STS. Here the one async runtime begins and ends.

use crate::config::profile::{Identity, Profile};
use crate::credentials::Credentials;
use crate::error::{Code, Error, Result};
use crate::identity::Run;
use crate::identity::saml::conversation;
use crate::identity::saml::roles;
use crate::sts::saml::{SamlCall, assume_role_with_saml};
use crate::time;

/// New credentials from the identity provider and STS. Everything that waits, waits under this one deadline.
pub fn fetch(profile: &Profile, run: Run<'_>) -> Result<Credentials> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|e| Error::new(Code::Bug, "no async runtime can be started").because(e.to_string()))?;
    let outcome = runtime.block_on(async {
        match &profile.identity {
            Identity::Saml(saml) => {
                let assertion = conversation::log_in(saml, run).await?;
                let response = &assertion.response;
                response.preflight(assertion.idp_time.unwrap_or_else(time::now))?;
                let offer = roles::choose(response, profile.role_arn.as_ref(), saml.principal_arn.as_ref())?;
                tracing::info!(
                    role = offer.role_arn.as_str(),
                    provider = offer.principal_arn.as_str(),
                    "assertion in hand"
                );
                let call = SamlCall {
                    role_arn: &offer.role_arn,
                    principal_arn: &offer.principal_arn,
                    assertion: &assertion.encoded,
                    session: &profile.session,
                };
                assume_role_with_saml(&profile.sts, call, run.deadline).await
            }
        }
    });
    // A look-up that hangs in the system's resolver must not keep the process.
    runtime.shutdown_background();
    outcome
}
