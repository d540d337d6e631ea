//! AWS STS: the calls that turn a proof of identity into credentials.
//!
//! Federated calls are unsigned. The SDK is given an endpoint and our HTTP client, and nothing else: no profile file, no
//! ambient key and no metadata service is looked at.

mod answer;
mod endpoint;
mod failure;
mod patience;
pub mod saml;

use std::time::Duration;

use aws_sdk_sts::config::{BehaviorVersion, IdentityCache, Region, StalledStreamProtectionConfig};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use crate::arn::RoleArn;
use crate::config::profile::StsTarget;
use crate::error::Result;
use crate::http::sdk::Carrier;
use crate::http::tls::Trust;

/// To make a connection; a second one may find a way that the first did not.
const CONNECT: Duration = Duration::from_secs(5);

/// One STS, ready to be called.
struct Sts {
    client: aws_sdk_sts::Client,
    carrier: Carrier,
    /// Whom an error names.
    peer: String,
    region: String,
}

impl Sts {
    async fn open(target: &StsTarget, role: &RoleArn) -> Result<Self> {
        let endpoint = endpoint::Endpoint::of(target, role).await?;
        let peer = endpoint.peer();
        let trust =
            Trust { ca_bundle: target.ca_bundle.as_deref(), setting: "AWS_CA_BUNDLE", verify: true, client_cert: None };
        let carrier = Carrier::new(&endpoint.url, peer.clone(), &trust, CONNECT)?;
        // Retries and time limits are `patience`'s: they know the run's deadline and our reading of a failure.
        let config = aws_sdk_sts::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(endpoint.region.clone()))
            .endpoint_url(endpoint.url)
            .http_client(carrier.clone())
            .identity_cache(IdentityCache::no_cache())
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
        Ok(Sts { client: aws_sdk_sts::Client::from_conf(config), carrier, peer, region: endpoint.region })
    }
}
