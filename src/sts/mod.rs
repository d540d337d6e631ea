//! AWS STS: the calls that exchange a proof of identity for credentials.
//!
//! Federated calls are unsigned; AssumeRole is signed with the keys it is given. The SDK gets an endpoint, our HTTP client and
//! those keys, and nothing else: it reads no profile file, no environment and no metadata service.

mod answer;
pub mod assume_role;
pub mod caller;
mod endpoint;
pub mod failure;
pub mod maker;
pub mod saml;
pub mod sign_in;
pub mod web_identity;

use std::time::Duration;

use aws_sdk_sts::config::{BehaviorVersion, Credentials, IdentityCache, Region, StalledStreamProtectionConfig};
use aws_sdk_sts::types::{self, AssumedRoleUser, PolicyDescriptorType};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use url::Url;

use self::answer::Clocks;
use self::failure::{Asked, Call};
use crate::arn::RoleArn;
use crate::config::profile::{Session, StsHttp, StsTarget};
use crate::config::sts_home::Home;
use crate::credentials::{Credentials as Issued, SigningKeys};
use crate::error::{Code, Error, Result};
use crate::http::proxy::Chosen;
use crate::http::retry::Retries;
use crate::http::sdk::Carrier;
use crate::http::tls::Trust;
use crate::secret::Secret;
use crate::time;

/// Limit for making a connection, short so that a second attempt may reach another address.
const CONNECT: Duration = Duration::from_secs(5);

/// A client of one STS.
struct Sts {
    client: aws_sdk_sts::Client,
    carrier: Carrier,
    /// The name in errors.
    peer: String,
    region: String,
    home: Home,
    attempts: Option<u32>,
    /// Limit of one attempt.
    attempt: Option<Duration>,
}

impl Sts {
    /// Prepares calls, which are unsigned without `keys`.
    async fn open(target: &StsTarget, role: &RoleArn, keys: Option<&SigningKeys>) -> Result<Self> {
        let endpoint = endpoint::Endpoint::of(target, role).await?;
        let (peer, home) = (endpoint.peer(), Home::of(Some(&endpoint.url)));
        tracing::debug!(url = endpoint.url.as_str(), "request to STS");
        let StsHttp { proxy, client_cert, connect_timeout, read_timeout, attempts } = &target.http;
        let client_cert = client_cert.as_ref().map(|(cert, key)| (cert.as_path(), key.as_path()));
        let trust =
            Trust { ca_bundle: target.ca_bundle.as_deref(), setting: "AWS_CA_BUNDLE", verify: true, client_cert };
        let connect = connect_timeout.unwrap_or(CONNECT);
        let proxy = proxy.clone().map(|url| Chosen { url, setting: "proxies in config_kwargs" });
        let carrier = Carrier::new(&endpoint.url, proxy, peer.clone(), &trust, connect)?;
        // Retries and time limits are `http::retry`'s.
        let config = aws_sdk_sts::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(endpoint.region.clone()))
            .endpoint_url(endpoint.url)
            .http_client(carrier.clone())
            .identity_cache(IdentityCache::no_cache())
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        let config = match keys {
            Some(keys) => config.credentials_provider(Credentials::new(
                &keys.access_key_id,
                keys.secret_access_key.expose(),
                keys.session_token.as_ref().map(|token| token.expose().to_owned()),
                None,
                "fedcred",
            )),
            None => config,
        };
        Ok(Sts {
            client: aws_sdk_sts::Client::from_conf(config.build()),
            carrier,
            peer,
            region: endpoint.region,
            home,
            attempts: *attempts,
            attempt: read_timeout.map(|read| connect + read),
        })
    }

    fn retries(&self) -> Retries {
        Retries::of_aws(self.attempts, self.attempt)
    }

    /// Describes a call without a session's settings, for errors.
    fn asked<'a>(&'a self, role: &'a RoleArn, call: Call<'a>, proof: &'a Secret) -> Asked<'a> {
        Asked { peer: &self.peer, region: &self.region, home: self.home, role, duration: None, call, proof }
    }

    /// Checks the credentials in an answer.
    fn take(&self, given: Option<types::Credentials>, user: Option<AssumedRoleUser>, role: &RoleArn) -> Result<Issued> {
        let clocks = Clocks { ours: time::now(), theirs: self.carrier.date() };
        answer::credentials(given, user, role, clocks, &self.peer)
    }
}

/// Returns the URL and the region of STS for this role. Fails if the region or the endpoint cannot be used.
pub async fn whereabouts(target: &StsTarget, role: &RoleArn) -> Result<(Url, String)> {
    let endpoint = endpoint::Endpoint::of(target, role).await?;
    Ok((endpoint.url, endpoint.region))
}

/// Refuses roles of IAM Identity Center, which trust only its own SAML provider.
fn refuse_reserved(role: &RoleArn) -> Result<()> {
    if !role.name.starts_with("AWSReservedSSO_") {
        return Ok(());
    }
    Err(Error::new(Code::RoleNotAssumable, format!("{role} cannot be assumed this way"))
        .because("roles named AWSReservedSSO_… belong to IAM Identity Center, and only its portal issues credentials for them")
        .hint("log in there: aws configure sso, then aws sso login"))
}

/// `duration` in the type that the calls take.
fn seconds(duration: Option<Duration>) -> Option<i32> {
    duration.map(|d| i32::try_from(d.as_secs()).unwrap_or(i32::MAX))
}

/// `policy_arns` in the type that the calls take.
fn policies(session: &Session) -> Option<Vec<PolicyDescriptorType>> {
    let policies: Vec<_> =
        session.policy_arns.iter().map(|arn| PolicyDescriptorType::builder().arn(arn).build()).collect();
    (!policies.is_empty()).then_some(policies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_of_identity_center_is_refused_before_anything_is_sent() {
        let role = RoleArn::parse(
            "arn:aws:iam::112233334444:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef",
        )
        .unwrap();
        assert_eq!(refuse_reserved(&role).unwrap_err().code, Code::RoleNotAssumable);
    }
}
