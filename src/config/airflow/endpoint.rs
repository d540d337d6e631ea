//! The endpoint of botocore's STS call. Airflow's region is the session's; without a region the global endpoint is
//! used.
//!
//! Unlike `sts::endpoint`, which follows the role's partition and never uses the global endpoint, this gives Airflow's
//! choice, so that a plan can be compared with it.

use crate::arn::Partition;
use crate::config::names::Names;
use crate::host_name::HostName;
use crate::region::Region;

/// The settings that decide the endpoint besides the region.
#[derive(Clone, Copy, Debug, Default)]
pub struct Variant {
    pub use_fips: bool,
    pub use_dualstack: bool,
    /// `AWS_STS_REGIONAL_ENDPOINTS=legacy`
    pub legacy: bool,
}

/// The regions that used the global endpoint by default.
const LEGACY: Names = Names(
    "ap-northeast-1 ap-south-1 ap-southeast-1 ap-southeast-2 aws-global ca-central-1 eu-central-1 eu-north-1 \
     eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2",
);

/// Returns `https://sts.REGION.SUFFIX`, without a slash at the end.
pub fn sts(region: Option<&Region>, variant: Variant) -> String {
    let plain = !variant.use_fips && !variant.use_dualstack;
    let region = match region {
        Some(region) if plain && (region.as_str() == "aws-global" || variant.legacy && LEGACY.has(region)) => None,
        region => region,
    };
    let Some(region) = region else {
        return match variant.use_fips {
            true => "https://sts-fips.us-east-1.amazonaws.com".to_owned(),
            false => "https://sts.amazonaws.com".to_owned(),
        };
    };
    let partition = Partition::of_region(region);
    let suffix = if variant.use_dualstack { partition.dual_stack_domain() } else { partition.service_domain() };
    // The FIPS endpoint is GovCloud's only one.
    let is_fips = variant.use_fips && (partition != Partition::AwsUsGov || variant.use_dualstack);
    format!("https://sts{}.{region}.{suffix}", if is_fips { "-fips" } else { "" })
}

/// Whether this is a host of STS, or of STS behind a VPC endpoint. Other names below amazonaws.com do not count:
/// anybody may have a load balancer or a bucket there.
pub fn is_sts_host(host: &HostName) -> bool {
    let host = host.as_str();
    if host == "sts.amazonaws.com" {
        return true;
    }
    let (before, rest) = match host.split_once(".sts.") {
        Some((name, rest)) => (Some(name), rest),
        None => match host.strip_prefix("sts.").or_else(|| host.strip_prefix("sts-fips.")) {
            Some(rest) => (None, rest),
            None => return false,
        },
    };
    let Some((region, suffix_of)) = rest.split_once('.') else { return false };
    let Ok(region) = Region::parse(region) else { return false };
    let partition = Partition::of_region(&region);
    let is_private = |name: &str| name.starts_with("vpce-") && !name.contains('/');
    match before {
        Some(name) => is_private(name) && suffix_of == format!("vpce.{}", partition.service_domain()),
        None => suffix_of == partition.service_domain() || suffix_of == partition.dual_stack_domain(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_botocores() {
        // Recorded with botocore 1.44.5: region, FIPS, dual-stack, legacy.
        let table = [
            (None, false, false, false, "https://sts.amazonaws.com"),
            (Some("eu-west-1"), false, false, false, "https://sts.eu-west-1.amazonaws.com"),
            (Some("nowhere-1"), false, false, false, "https://sts.nowhere-1.amazonaws.com"),
            (Some("aws-global"), false, false, false, "https://sts.amazonaws.com"),
            (Some("us-east-1"), true, false, false, "https://sts-fips.us-east-1.amazonaws.com"),
            (Some("eu-west-1"), false, true, false, "https://sts.eu-west-1.api.aws"),
            (Some("eu-west-1"), true, true, false, "https://sts-fips.eu-west-1.api.aws"),
            (Some("us-gov-west-1"), true, false, false, "https://sts.us-gov-west-1.amazonaws.com"),
            (Some("cn-north-1"), false, false, false, "https://sts.cn-north-1.amazonaws.com.cn"),
            (Some("cn-north-1"), false, true, false, "https://sts.cn-north-1.api.amazonwebservices.com.cn"),
            (Some("us-iso-east-1"), false, false, false, "https://sts.us-iso-east-1.c2s.ic.gov"),
            (Some("eusc-de-east-1"), false, false, false, "https://sts.eusc-de-east-1.amazonaws.eu"),
            (Some("eu-west-1"), false, false, true, "https://sts.amazonaws.com"),
            (Some("eu-south-1"), false, false, true, "https://sts.eu-south-1.amazonaws.com"),
        ];
        for (region, use_fips, use_dualstack, legacy, expected) in table {
            let region = region.map(|region| Region::parse(region).unwrap());
            assert_eq!(sts(region.as_ref(), Variant { use_fips, use_dualstack, legacy }), expected, "{region:?}");
        }
    }

    #[test]
    fn only_sts_itself_and_vpc_endpoints_are_awss() {
        let table = [
            ("sts.amazonaws.com", true),
            ("sts.eu-west-1.amazonaws.com", true),
            ("sts-fips.us-east-1.amazonaws.com", true),
            ("sts.eu-west-1.api.aws", true),
            ("sts.cn-north-1.amazonaws.com.cn", true),
            ("vpce-0a1b-2c3d.sts.eu-west-1.vpce.amazonaws.com", true),
            ("STS.eu-west-1.amazonaws.com.", true),
            ("sts.cn-north-1.amazonaws.com", false),
            ("evil.elb.amazonaws.com", false),
            ("sts.eu-west-1.elb.amazonaws.com", false),
            ("x.sts.eu-west-1.vpce.amazonaws.com", false),
            ("sts.eu-west-1.amazonaws.com.example.com", false),
            ("sts.example.com", false),
        ];
        for (host, is_awss) in table {
            assert_eq!(is_sts_host(&HostName::parse(host).unwrap()), is_awss, "{host}");
        }
    }
}
