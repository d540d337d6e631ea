//! The places in AWS where Airflow's connections are kept: one secret read, or one written.
//!
//! The SDKs get an endpoint, our HTTP client and keys, and nothing else: no profile file, no ambient key and no metadata
//! service is looked at.

mod failure;
mod parameter_store;
pub mod secrets_manager;

use std::time::Duration;

use aws_sdk_sts::config::Credentials;

use crate::config::airflow::backend::Service;
use crate::config::airflow::backend_client::Target;
use crate::credentials::SigningKeys;
use crate::error::Result;
use crate::http::sdk::{Carrier, anywhere};
use crate::http::tls::Trust;
use crate::secret::Secret;
use crate::time::Deadline;

/// To make a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// The text of the secret or parameter `id`; `None`: there is none of this name. Needs a tokio runtime with time and I/O.
pub async fn read(
    service: Service,
    target: &Target,
    keys: &SigningKeys,
    id: &str,
    deadline: &Deadline,
) -> Result<Option<Secret>> {
    let peer = peer(service, target);
    match service {
        Service::SecretsManager => secrets_manager::read(target, keys, id, &peer, deadline).await,
        Service::ParameterStore => parameter_store::read(target, keys, id, &peer, deadline).await,
    }
}

/// Whom an error names: `Secrets Manager in eu-west-1`.
fn peer(service: Service, target: &Target) -> String {
    let name = service.name();
    match &target.endpoint_url {
        Some(url) => format!("{name} at {}", url.host_str().unwrap_or_default()),
        None => format!("{name} in {}", target.region),
    }
}

fn carrier(target: &Target, peer: &str) -> Result<Carrier> {
    let trust = Trust {
        ca_bundle: target.ca_bundle.as_deref(),
        setting: target.trusted_by,
        verify: target.verify,
        client_cert: None,
    };
    let endpoint = target.endpoint_url.clone().map_or_else(anywhere, Ok)?;
    Carrier::new(&endpoint, None, peer.to_owned(), &trust, CONNECT)
}

fn signing(keys: &SigningKeys) -> Credentials {
    let token = keys.session_token.as_ref().map(|token| token.expose().to_owned());
    Credentials::new(&keys.access_key_id, keys.secret_access_key.expose(), token, None, "fedcred")
}

/// The settings that every client of an SDK gets; the SDKs have a type each for the very same builder. Retries and time
/// limits are `http::retry`'s.
macro_rules! client {
    ($sdk:ident, $target:expr, $keys:expr, $peer:expr) => {{
        use aws_smithy_types::retry::RetryConfig;
        use aws_smithy_types::timeout::TimeoutConfig;
        use $sdk::config::{BehaviorVersion, IdentityCache, Region, StalledStreamProtectionConfig};
        let mut config = $sdk::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new($target.region.to_string()))
            .http_client($crate::secrets_backend::carrier($target, $peer)?)
            .credentials_provider($crate::secrets_backend::signing($keys))
            .identity_cache(IdentityCache::no_cache())
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        config.set_endpoint_url($target.endpoint_url.as_ref().map(|url| url.to_string()));
        $sdk::Client::from_conf(config.build())
    }};
}
use client;
