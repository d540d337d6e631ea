//! AWS Sign-In: a partition's sign-in endpoint, and the token with which a browser opens the console with existing credentials
//! (IAM User Guide, "Enable custom identity broker access to the AWS console").
//!
//! `AWS_ENDPOINT_URL_SIGNIN`, the SDKs' variable for this service, replaces the endpoint.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use url::Url;

use crate::arn::Partition;
use crate::attempt::{CountedSecret, NoLedger};
use crate::config::profile::StsTarget;
use crate::credentials::Credentials;
use crate::error::{Code, Error, Result};
use crate::host_name::is_loopback;
use crate::http::api::{Api, Reach, Request};
use crate::http::form::Field;
use crate::process::env::Env;
use crate::region::Region;
use crate::secret::Secret;
use crate::time::Deadline;

const VARIABLE: &str = "AWS_ENDPOINT_URL_SIGNIN";

/// Returns `https://signin.aws.amazon.com/`, or the endpoint of another partition, for `region` if the partition has one for each
/// region.
///
/// Errors: [`Code::UrlNotAllowed`] and [`Code::InvalidValue`] for the variable's value.
pub fn endpoint(partition: Partition, region: Option<&Region>, env: &Env) -> Result<Url> {
    if let Some(text) = env.text(VARIABLE) {
        let url = Url::parse(&text).map_err(|_| {
            Error::new(Code::InvalidValue, format!("${VARIABLE} is not a URL")).hint(format!("unset {VARIABLE}"))
        })?;
        if url.scheme() != "https" && !is_loopback(&url) {
            return Err(Error::new(Code::UrlNotAllowed, format!("${VARIABLE} is not https"))
                .because("credentials would cross the network unencrypted")
                .hint(format!("unset {VARIABLE}")));
        }
        return Ok(url);
    }
    let domain = partition.sign_in_domain();
    let host = match partition {
        Partition::AwsEusc => format!("{}.{domain}", region.map_or(partition.default_region(), Region::as_str)),
        _ => domain.to_owned(),
    };
    Url::parse(&format!("https://{host}/")).map_err(|why| {
        Error::new(Code::InvalidValue, "the region cannot be part of a host's name").because(why.to_string())
    })
}

/// The page of the console to open.
#[derive(Debug)]
pub struct Visit<'a> {
    pub endpoint: Url,
    pub partition: Partition,
    pub region: Option<&'a Region>,
    /// `s3`, `ec2/v2`; absent for the console's start page.
    pub service: Option<&'a str>,
    /// Duration of the console session; absent for that of the credentials. Fails for a chained role.
    pub duration: Option<Duration>,
    /// URL at which a person logs in again after the session has ended.
    pub issuer: Option<String>,
}

/// Returns the URL that signs a browser in with these credentials. It works for everybody who has it, for 15 minutes.
pub async fn console_url(
    visit: &Visit<'_>,
    credentials: &Credentials,
    sts: &StsTarget,
    deadline: &Deadline,
) -> Result<Secret> {
    let federation = visit.endpoint.join("federation").map_err(|why| Error::new(Code::Bug, why.to_string()))?;
    let token = token(&federation, visit.duration, credentials, sts.ca_bundle.as_deref(), deadline).await?;
    let mut url = federation;
    url.query_pairs_mut().append_pair("Action", "login");
    if let Some(issuer) = &visit.issuer {
        url.query_pairs_mut().append_pair("Issuer", issuer);
    }
    url.query_pairs_mut().append_pair("Destination", &destination(visit)).append_pair("SigninToken", token.expose());
    Ok(Secret::new(url.into()))
}

/// Requests the token by POST: keys in a URL would appear in the logs of proxies.
async fn token(
    federation: &Url,
    duration: Option<Duration>,
    credentials: &Credentials,
    ca_bundle: Option<&Path>,
    deadline: &Deadline,
) -> Result<Secret> {
    // Not counted as attempts: STS has issued the credentials for this.
    let session = CountedSecret::issued(Secret::new(
        json!({
            "sessionId": credentials.access_key_id,
            "sessionKey": credentials.secret_access_key.expose(),
            "sessionToken": credentials.session_token.expose(),
        })
        .to_string(),
    ));
    let seconds = duration.map(|duration| duration.as_secs().to_string());
    let mut fields = vec![("Action", Field::Plain("getSigninToken")), ("Session", Field::Secret(&session))];
    fields.extend(seconds.as_deref().map(|seconds| ("SessionDuration", Field::Plain(seconds))));
    let api = Api::new("AWS Sign-In", Reach::Internet).trusting(ca_bundle, "AWS_CA_BUNDLE");
    let request = Request::form(federation.clone(), &fields, &NoLedger)?.repeatable();
    let answer = api.send(&request, deadline).await?;
    if !answer.is_success() {
        let error = answer.refusal();
        return Err(match error.code {
            Code::TokenRefused if duration.is_some() => error.hint(
                "the role may not allow a console session of this duration: set `duration` to its MaxSessionDuration, or remove it",
            ),
            Code::TokenRefused => error.hint("renew the credentials, which may have been revoked: fedcred get --force"),
            _ => error,
        });
    }
    let token: SigninToken = answer.json()?;
    Ok(Secret::new(token.signin_token))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SigninToken {
    signin_token: String,
}

fn destination(visit: &Visit<'_>) -> String {
    let domain = visit.partition.console_domain();
    let service = visit.service.unwrap_or("console");
    match visit.region {
        Some(region) => format!("https://{region}.{domain}/{service}/home?region={region}"),
        None => format!("https://{domain}/{service}/home"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_signs_in_at_its_own_host() {
        let table = [
            (Partition::Aws, "signin.aws.amazon.com"),
            (Partition::AwsUsGov, "signin.amazonaws-us-gov.com"),
            (Partition::AwsCn, "signin.amazonaws.cn"),
            (Partition::AwsIso, "signin.c2shome.ic.gov"),
            (Partition::AwsIsoB, "signin.sc2shome.sgov.gov"),
            (Partition::AwsIsoE, "signin.csphome.adc-e.uk"),
            (Partition::AwsIsoF, "signin.csphome.hci.ic.gov"),
            (Partition::AwsEusc, "eusc-de-east-1.signin.amazonaws-eusc.eu"),
        ];
        let env = Env::fixed([("HOME", "/home/alice")]);
        for (partition, host) in table {
            assert_eq!(endpoint(partition, None, &env).unwrap().as_str(), format!("https://{host}/"));
        }
        let regional = endpoint(Partition::AwsEusc, Some(&Region::parse("eusc-xx-west-2").unwrap()), &env).unwrap();
        assert_eq!(regional.host_str(), Some("eusc-xx-west-2.signin.amazonaws-eusc.eu"));
    }

    #[test]
    fn another_endpoint_is_https_or_on_this_machine() {
        for (text, expected) in [
            ("https://signin.example.com", None),
            ("http://127.0.0.1:1", None),
            ("http://signin.example.com", Some(Code::UrlNotAllowed)),
            ("signin", Some(Code::InvalidValue)),
        ] {
            let env = Env::fixed([(VARIABLE, text)]);
            assert_eq!(endpoint(Partition::Aws, None, &env).err().map(|e| e.code), expected, "{text}");
        }
    }

    #[test]
    fn the_console_opens_where_the_role_lives() {
        let visit = |partition, region, service| Visit {
            endpoint: Url::parse("https://x/").unwrap(),
            partition,
            region,
            service,
            duration: None,
            issuer: None,
        };
        let region = Region::parse("eu-west-1").unwrap();
        let table = [
            (visit(Partition::Aws, None, None), "https://console.aws.amazon.com/console/home"),
            (
                visit(Partition::Aws, Some(&region), Some("s3")),
                "https://eu-west-1.console.aws.amazon.com/s3/home?region=eu-west-1",
            ),
            (visit(Partition::AwsUsGov, None, None), "https://console.amazonaws-us-gov.com/console/home"),
            (visit(Partition::AwsCn, None, Some("ec2/v2")), "https://console.amazonaws.cn/ec2/v2/home"),
        ];
        for (visit, expected) in table {
            assert_eq!(destination(&visit), expected);
        }
    }
}
