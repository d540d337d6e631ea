//! AWS's JSON protocol, which both services use: each call is one signed POST.
//!
//! The two SDKs would take a tenth of the program's size and start-up time, for four calls.

use std::cell::Cell;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;
use zeroize::Zeroizing;

use super::failure::{self, Asked, Refusal};
use crate::arn::Partition;
use crate::config::airflow::backend;
use crate::config::airflow::backend_client::Target;
use crate::credentials::SigningKeys;
use crate::error::{Code, Error, Result};
use crate::http::retry::Retries;
use crate::http::tls::Trust;
use crate::http::transport::{Reply, Transport, Way};
use crate::time::{self, Deadline};

/// Limit for making a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// A secret has at most 64 KiB.
const MAX_BODY: usize = 1 << 20;

/// A client of one service in one region, with these keys.
pub struct Service<'a> {
    kind: backend::Service,
    target: &'a Target,
    keys: &'a SigningKeys,
    url: Url,
    transport: Transport,
    /// The name in errors: `Secrets Manager in eu-west-1`.
    pub peer: String,
}

/// A call of an operation about one secret or parameter.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    pub action: &'a str,
    pub id: &'a str,
    /// The error code that is a result and no failure.
    pub expected: Option<&'a str>,
}

impl<'a> Service<'a> {
    pub fn new(kind: backend::Service, target: &'a Target, keys: &'a SigningKeys) -> Result<Self> {
        let Target { region, endpoint_url, ca_bundle, trusted_by, verify } = target;
        let (url, peer) = match endpoint_url {
            Some(url) => (url.clone(), format!("{} at {}", kind.name(), url.host_str().unwrap_or_default())),
            None => (endpoint(kind, target)?, format!("{} in {region}", kind.name())),
        };
        let trust = Trust { ca_bundle: ca_bundle.as_deref(), setting: trusted_by, verify: *verify, client_cert: None };
        let transport = Transport::new(&url, &trust, Way::new(CONNECT, MAX_BODY))?;
        Ok(Service { kind, target, keys, url, transport, peer })
    }

    /// Makes a call, with the retries of [`Retries::of_aws`]. Returns `None` if the answer is the error `call.expected`.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        call: Call<'_>,
        input: &impl Serialize,
        deadline: &Deadline,
    ) -> Result<Option<T>> {
        let Call { action, id, expected } = call;
        let may_pass = Cell::new(true);
        Retries::of_aws(None, None)
            .ask_while(
                deadline,
                &self.peer,
                || may_pass.get(),
                async || match self.call(action, input, &may_pass).await? {
                    Ok(output) => Ok(Some(output)),
                    Err(refusal) if expected == Some(&refusal.code) => Ok(None),
                    Err(refusal) => {
                        let action = format!("{}:{action}", self.name());
                        Err(failure::explain(&refusal, Asked { peer: &self.peer, id, action: &action }))
                    }
                },
            )
            .await
    }

    /// Makes one attempt. Sets `may_pass` to whether another attempt may succeed; after a proxy's refusal none does.
    async fn call<T: DeserializeOwned>(
        &self,
        action: &str,
        input: &impl Serialize,
        may_pass: &Cell<bool>,
    ) -> Result<std::result::Result<T, Refusal>> {
        let request = self.signed(action, input)?;
        let reply = self.transport.send(request, &self.peer).await.map_err(|failure| {
            may_pass.set(failure.may_pass);
            match failure.error.code {
                Code::PageTooLarge => Error { code: Code::HttpUnexpected, ..failure.error },
                _ => failure.error,
            }
        })?;
        let Reply { status, headers, body, .. } = reply;
        let output = (status == 200).then(|| serde_json::from_slice(&body).ok()).flatten();
        Ok(output.ok_or_else(|| Refusal::of(status, &headers, &body)))
    }

    fn signed(&self, action: &str, input: &impl Serialize) -> Result<reqwest::Request> {
        let bug = |why: &dyn std::fmt::Display| {
            Error::new(Code::Bug, format!("the request to {} cannot be made", self.peer)).because(why.to_string())
        };
        let body = Zeroizing::new(serde_json::to_vec(input).map_err(|why| bug(&why))?);
        let mut request = http::Request::post(self.url.as_str())
            .header(CONTENT_TYPE, "application/x-amz-json-1.1")
            .header("x-amz-target", format!("{}.{action}", self.target_prefix()))
            .body(body.to_vec())
            .map_err(|why| bug(&why))?;
        let token = self.keys.session_token.as_ref().map(|token| token.expose().to_owned());
        let secret = self.keys.secret_access_key.expose();
        let identity = Credentials::new(&self.keys.access_key_id, secret, token, None, "fedcred").into();
        let parameters = SigningParams::builder()
            .identity(&identity)
            .region(self.target.region.as_str())
            .name(self.name())
            .time(time::now().into())
            .settings(SigningSettings::default())
            .build()
            .map_err(|why| bug(&why))?
            .into();
        let headers = request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let signable = SignableRequest::new("POST", self.url.as_str(), headers, SignableBody::Bytes(&body))
            .map_err(|why| bug(&why))?;
        let (instructions, _) = sign(signable, &parameters).map_err(|why| bug(&why))?.into_parts();
        instructions.apply_to_request_http1x(&mut request);
        reqwest::Request::try_from(request).map_err(|why| bug(&why))
    }

    /// The service's name in signatures, host names and IAM actions.
    fn name(&self) -> &'static str {
        name(self.kind)
    }

    fn target_prefix(&self) -> &'static str {
        match self.kind {
            backend::Service::SecretsManager => "secretsmanager",
            backend::Service::ParameterStore => "AmazonSSM",
        }
    }
}

fn name(kind: backend::Service) -> &'static str {
    match kind {
        backend::Service::SecretsManager => "secretsmanager",
        backend::Service::ParameterStore => "ssm",
    }
}

fn endpoint(kind: backend::Service, target: &Target) -> Result<Url> {
    let region = &target.region;
    let domain = Partition::of_region(region).service_domain();
    Url::parse(&format!("https://{}.{region}.{domain}/", name(kind))).map_err(|why| {
        Error::new(Code::InvalidValue, "the region cannot be part of a host's name").because(why.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::Region;
    use crate::secret::Secret;

    fn target(region: &str) -> Target {
        let region = Region::parse(region).unwrap();
        Target { region, endpoint_url: None, ca_bundle: None, trusted_by: "AWS_CA_BUNDLE", verify: true }
    }

    fn keys(token: Option<&str>) -> SigningKeys {
        SigningKeys {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into()),
            session_token: token.map(|token| Secret::new(token.into())),
            expiration: None,
        }
    }

    #[test]
    fn the_partition_of_the_region_decides_the_host() {
        for (region, host) in [
            ("eu-west-1", "secretsmanager.eu-west-1.amazonaws.com"),
            ("cn-north-1", "secretsmanager.cn-north-1.amazonaws.com.cn"),
            ("us-gov-west-1", "secretsmanager.us-gov-west-1.amazonaws.com"),
            ("us-isob-east-1", "secretsmanager.us-isob-east-1.sc2s.sgov.gov"),
            ("eusc-de-east-1", "secretsmanager.eusc-de-east-1.amazonaws.eu"),
        ] {
            let url = endpoint(backend::Service::SecretsManager, &target(region)).unwrap();
            assert_eq!(url.host_str(), Some(host));
        }
    }

    #[test]
    fn a_request_is_signed_over_its_target_and_its_token() {
        for (token, signed) in [
            (None, "SignedHeaders=content-type;host;x-amz-date;x-amz-target,"),
            (Some("tok"), "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target,"),
        ] {
            let (target, keys) = (target("eu-west-1"), keys(token));
            let service = Service::new(backend::Service::ParameterStore, &target, &keys).unwrap();
            let request = service.signed("GetParameter", &serde_json::json!({"Name": "n"})).unwrap();
            let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap());
            let authorization = header("authorization").unwrap();
            assert!(authorization.contains("/eu-west-1/ssm/aws4_request, "), "{authorization}");
            assert!(authorization.contains(signed), "{authorization}");
            assert_eq!(
                (header("x-amz-target"), header("x-amz-security-token")),
                (Some("AmazonSSM.GetParameter"), token)
            );
            assert_eq!(request.url().as_str(), "https://ssm.eu-west-1.amazonaws.com/");
        }
    }
}
