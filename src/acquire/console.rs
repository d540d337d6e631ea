//! What AWS Sign-In is asked: the console's address for a profile, and the names of the accounts that an assertion leads to.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::fetch::block_on;
use crate::account_id::AccountId;
use crate::arn::Partition;
use crate::attempt::{CountedSecret, NoLedger};
use crate::config::profile::{Identity, Profile};
use crate::credentials::Credentials;
use crate::error::{Code, Error, Result};
use crate::http::api::{Api, Reach, Request};
use crate::http::form::Field;
use crate::http::shown;
use crate::identity::saml::Assertion;
use crate::identity::saml::extract::accounts;
use crate::process::env::Env;
use crate::secret::Secret;
use crate::sts::sign_in::{self, Visit};
use crate::time::Deadline;

/// Returns the address that signs a browser in with the profile's credentials. Anybody who has it can use it for 15 minutes.
pub fn url(profile: &Profile, credentials: &Credentials, service: Option<&str>, env: &Env) -> Result<Secret> {
    let region = profile.sts.region.as_ref();
    let partition = match &profile.role_arn {
        Some(role) => role.partition,
        None => region.map_or(Partition::Aws, Partition::of_region),
    };
    let (duration, issuer) = match &profile.identity {
        Identity::Saml(saml) => (profile.session.duration, Some(shown(&saml.idp_url))),
        Identity::WebIdentity(_) => (profile.session.duration, None),
        // AWS refuses a duration with credentials of role chaining.
        Identity::AssumeRole(_) | Identity::Base(_) => (None, None),
    };
    let endpoint = sign_in::endpoint(partition, region, env)?;
    let visit = Visit { endpoint, partition, region, service, duration, issuer };
    block_on(sign_in::console_url(&visit, credentials, &profile.sts, &Deadline::after(profile.deadline)))
}

/// Whether AWS's page lists accounts: with a single role AWS signs in without asking.
pub fn has_choice(assertion: &Assertion) -> bool {
    let roles: BTreeSet<&str> = assertion.response.roles.iter().map(|offer| offer.role_arn.as_str()).collect();
    roles.len() > 1
}

/// Returns the alias of each account id, as AWS's sign-in page shows them for this assertion.
pub fn aliases(profile: &Profile, assertion: &Assertion, env: &Env) -> Result<BTreeMap<AccountId, String>> {
    let Some(offer) = assertion.response.roles.first().filter(|_| has_choice(assertion)) else {
        return Ok(BTreeMap::new());
    };
    let endpoint = sign_in::endpoint(offer.role_arn.partition, profile.sts.region.as_ref(), env)?;
    let page = endpoint.join("saml").map_err(|why| Error::new(Code::Bug, why.to_string()))?;
    let api = Api::new("AWS Sign-In", Reach::Internet).trusting(profile.sts.ca_bundle.as_deref(), "AWS_CA_BUNDLE");
    let encoded = CountedSecret::issued(assertion.encoded.duplicate());
    let fields = [("SAMLResponse", Field::Secret(&encoded)), ("RelayState", Field::Plain(""))];
    let request = Request::form(page, &fields, &NoLedger)?;
    let answer = block_on(async { api.send(&request, &Deadline::after(profile.deadline)).await?.success() })?;
    Ok(accounts::aliases(answer.body, Duration::from_secs(5))?.into_iter().collect())
}
