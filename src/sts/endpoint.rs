//! Which STS is called: `region`, `sts_endpoint_url`, `AWS_USE_FIPS_ENDPOINT`, `AWS_USE_DUALSTACK_ENDPOINT`, within the partition
//! of the role's ARN. The host comes from AWS's own endpoint rules, which are part of the SDK.

use aws_sdk_sts::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};
use url::Url;

use crate::address::StsEndpoint;
use crate::arn::{Partition, RoleArn};
use crate::config::profile::StsTarget;
use crate::error::{Code, Error, Result, printable};
use crate::quote::shell::command;
use crate::region::Region;

/// The endpoint of a call.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub url: Url,
    pub region: String,
}

impl Endpoint {
    /// Returns the regional endpoint of the role's partition, or the configured one. `us-east-1` is regional too
    /// (`sts.us-east-1.amazonaws.com`): the global endpoint's tokens are not valid in opt-in regions.
    ///
    /// Errors: [`Code::InvalidValue`], [`Code::ConflictingKeys`], [`Code::UrlNotAllowed`].
    pub async fn of(target: &StsTarget, role: &RoleArn) -> Result<Self> {
        let region = target.region.as_ref().map_or_else(|| role.partition.default_region(), Region::as_str);
        let url = match &target.endpoint_url {
            Some(url) => named_by_the_user(url, target)?,
            None => by_aws_rules(region, target, role).await?,
        };
        Ok(Endpoint { url, region: region.to_owned() })
    }

    /// Returns the name in errors: `STS at sts.eu-west-1.amazonaws.com`.
    pub fn peer(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("STS at {host}:{port}"),
            None => format!("STS at {host}"),
        }
    }
}

fn named_by_the_user(url: &StsEndpoint, target: &StsTarget) -> Result<Url> {
    for (is_set, variable) in
        [(target.use_fips, "AWS_USE_FIPS_ENDPOINT"), (target.use_dualstack, "AWS_USE_DUALSTACK_ENDPOINT")]
    {
        if is_set {
            return Err(Error::new(
                Code::ConflictingKeys,
                format!("{variable} and an endpoint of your own exclude each other"),
            )
            .because("with the one, AWS's endpoint rules choose the host; with the other, the endpoint's URL does")
            .hint(format!(
                "{}, or remove `sts_endpoint_url`, AWS_ENDPOINT_URL_STS and AWS_ENDPOINT_URL",
                command(["unset", variable])
            )));
        }
    }
    Ok(url.to_url())
}

async fn by_aws_rules(region: &str, target: &StsTarget, role: &RoleArn) -> Result<Url> {
    let partition = target.region.as_ref().map_or(role.partition, Partition::of_region);
    if partition != role.partition {
        let why = format!("the region belongs to the partition {partition}, the role {role} to {}", role.partition);
        return Err(Error::new(Code::InvalidValue, format!("the region {:?} cannot be used", printable(region, 60)))
            .because(why)
            .hint(format!("set `region` in the profile, for example to {:?}", role.partition.default_region())));
    }
    let cannot = |why: String| {
        Error::new(Code::InvalidValue, format!("AWS has no STS endpoint for {region} of this kind"))
            .because(printable(&why, 200))
            .hint("unset AWS_USE_FIPS_ENDPOINT or AWS_USE_DUALSTACK_ENDPOINT, or choose another `region`")
    };
    let params = Params::builder()
        .region(region)
        .use_fips(target.use_fips)
        .use_dual_stack(target.use_dualstack)
        .build()
        .map_err(|e| cannot(e.to_string()))?;
    let endpoint = DefaultResolver::new().resolve_endpoint(&params).await.map_err(|e| cannot(e.to_string()))?;
    Url::parse(endpoint.url()).map_err(|e| cannot(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> StsTarget {
        StsTarget {
            region: None,
            endpoint_url: None,
            use_fips: false,
            use_dualstack: false,
            ca_bundle: None,
            http: crate::config::profile::StsHttp::default(),
        }
    }

    fn role(partition: &str) -> RoleArn {
        RoleArn::parse(&format!("arn:{partition}:iam::112233334444:role/Analyst")).unwrap()
    }

    fn resolve(target: &StsTarget, role: &RoleArn) -> Result<Endpoint> {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(Endpoint::of(target, role))
    }

    #[test]
    fn the_partition_of_the_role_decides_the_host() {
        // Partition, plain, FIPS, dual-stack.
        let table = [
            ("aws", "sts.us-east-1.amazonaws.com", "sts-fips.us-east-1.amazonaws.com", "sts.us-east-1.api.aws"),
            (
                "aws-cn",
                "sts.cn-north-1.amazonaws.com.cn",
                "sts-fips.cn-north-1.amazonaws.com.cn",
                "sts.cn-north-1.api.amazonwebservices.com.cn",
            ),
            (
                "aws-us-gov",
                "sts.us-gov-west-1.amazonaws.com",
                "sts.us-gov-west-1.amazonaws.com",
                "sts.us-gov-west-1.api.aws",
            ),
            (
                "aws-iso",
                "sts.us-iso-east-1.c2s.ic.gov",
                "sts-fips.us-iso-east-1.c2s.ic.gov",
                "sts.us-iso-east-1.api.aws.ic.gov",
            ),
            (
                "aws-iso-b",
                "sts.us-isob-east-1.sc2s.sgov.gov",
                "sts-fips.us-isob-east-1.sc2s.sgov.gov",
                "sts.us-isob-east-1.api.aws.scloud",
            ),
            (
                "aws-iso-e",
                "sts.eu-isoe-west-1.cloud.adc-e.uk",
                "sts-fips.eu-isoe-west-1.cloud.adc-e.uk",
                "sts.eu-isoe-west-1.api.cloud-aws.adc-e.uk",
            ),
            (
                "aws-iso-f",
                "sts.us-isof-south-1.csp.hci.ic.gov",
                "sts-fips.us-isof-south-1.csp.hci.ic.gov",
                "sts.us-isof-south-1.api.aws.hci.ic.gov",
            ),
            (
                "aws-eusc",
                "sts.eusc-de-east-1.amazonaws.eu",
                "sts-fips.eusc-de-east-1.amazonaws.eu",
                "sts.eusc-de-east-1.api.amazonwebservices.eu",
            ),
        ];
        for (partition, plain, fips, dualstack) in table {
            let host = |target: StsTarget| resolve(&target, &role(partition)).unwrap().url.to_string();
            assert_eq!(host(target()), format!("https://{plain}/"));
            assert_eq!(host(StsTarget { use_fips: true, ..target() }), format!("https://{fips}/"));
            assert_eq!(host(StsTarget { use_dualstack: true, ..target() }), format!("https://{dualstack}/"));
        }
    }

    #[test]
    fn a_region_of_the_roles_partition_is_asked_itself() {
        for (partition, region, host) in [
            ("aws", "eu-central-2", "sts.eu-central-2.amazonaws.com"),
            ("aws-cn", "cn-northwest-1", "sts.cn-northwest-1.amazonaws.com.cn"),
        ] {
            let target = StsTarget { region: Region::parse(region).ok(), ..target() };
            let endpoint = resolve(&target, &role(partition)).unwrap();
            assert_eq!((endpoint.url.host_str(), endpoint.region.as_str()), (Some(host), region));
        }
    }

    #[test]
    fn a_region_that_cannot_be_is_refused() {
        for (partition, region, why) in [
            ("aws-cn", "eu-west-1", "belongs to the partition aws, the role"),
            ("aws", "us-gov-east-1", "belongs to the partition aws-us-gov, the role"),
        ] {
            let error =
                resolve(&StsTarget { region: Region::parse(region).ok(), ..target() }, &role(partition)).unwrap_err();
            assert_eq!(error.code, Code::InvalidValue);
            assert!(error.causes[0].contains(why), "{region}: {:?}", error.causes);
        }
    }

    #[test]
    fn an_endpoint_of_ones_own_is_https_or_on_this_machine() {
        let named = |url: &str| StsTarget { endpoint_url: Some(StsEndpoint::parse(url).unwrap()), ..target() };
        for url in ["https://vpce-1.sts.eu-west-1.vpce.amazonaws.com/", "http://127.0.0.1:8080/", "http://localhost:1/"]
        {
            assert_eq!(resolve(&named(url), &role("aws")).unwrap().url.as_str(), url);
        }
        let both = StsTarget { use_fips: true, ..named("https://sts.example.com/") };
        let error = resolve(&both, &role("aws")).unwrap_err();
        assert_eq!(error.code, Code::ConflictingKeys);
        assert!(error.what.contains("AWS_USE_FIPS_ENDPOINT"));
    }
}
