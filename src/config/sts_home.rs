//! The server of STS: AWS's own, or one of Ceph, MinIO and the like, where roles have other names.

use url::Url;

use crate::arn::{Partition, RoleArn};
use crate::error::Result;
use crate::host_name::HostName;
use crate::host_name::is_loopback;

/// The owner of an endpoint's host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// AWS's domains, including interface endpoints.
    Aws,
    /// This machine, where a tunnel to AWS or any server may be.
    Here,
    /// Another host.
    Elsewhere,
}

impl Home {
    /// Returns the owner of an endpoint. Without an endpoint it is AWS.
    pub fn of(endpoint: Option<&Url>) -> Home {
        let Some(url) = endpoint else { return Home::Aws };
        let domains = Partition::ALL.map(|partition| [partition.service_domain(), partition.dual_stack_domain()]);
        if HostName::of(url).is_some_and(|name| name.is_within_any(domains.as_flattened())) {
            Home::Aws
        } else if is_loopback(url) {
            Home::Here
        } else {
            Home::Elsewhere
        }
    }

    /// Parses a role. Outside AWS an ARN may have no account, a tenant's name in its place, or another partition.
    pub fn role(self, text: &str) -> Result<RoleArn> {
        match self {
            Home::Aws => RoleArn::parse(text),
            Home::Here | Home::Elsewhere => RoleArn::parse_of_any_maker(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_below_awss_domains_are_awss() {
        let home = |url: &str| Home::of(Some(&Url::parse(url).unwrap()));
        assert_eq!(Home::of(None), Home::Aws);
        for url in [
            "https://sts.eu-west-1.amazonaws.com/",
            "https://sts.eu-west-1.amazonaws.com./",
            "https://STS.amazonaws.com/",
            "https://vpce-1-ab.sts.eu-west-1.vpce.amazonaws.com/",
            "https://sts.cn-north-1.amazonaws.com.cn/",
            "https://sts.eu-west-1.api.aws/",
            "https://sts.eusc-de-east-1.amazonaws.eu/",
            "https://sts.us-iso-east-1.c2s.ic.gov/",
        ] {
            assert_eq!(home(url), Home::Aws, "{url}");
        }
        for url in ["https://rgw.example.com/", "https://notamazonaws.com/", "https://amazonaws.com.example.org:9000/"]
        {
            assert_eq!(home(url), Home::Elsewhere, "{url}");
        }
        assert_eq!(home("http://127.0.0.1:9000/"), Home::Here);
    }

    #[test]
    fn a_role_without_an_account_is_one_only_where_sts_is_not_awss() {
        for text in [
            "arn:aws:iam:::role/S3Access",
            "arn:aws:iam::tenant:role/team/S3Access",
            "arn:aws:iam::RGW11111111111111111:role/x",
            "arn:minio:iam:::role/nOybJqMNzNmroqEKq5D0EUsRZw0",
        ] {
            assert!(Home::Aws.role(text).is_err(), "{text}");
            let role = Home::Elsewhere.role(text).unwrap();
            assert_eq!((role.as_str(), role.is_of_aws()), (text, false));
            assert_eq!(Home::Here.role(text).unwrap(), role);
        }
        assert!(Home::Elsewhere.role("arn:aws:iam::112233334444:role/A").unwrap().is_of_aws());
        for text in
            ["Analyst", "arn:aws:iam:::user/x", "arn:aws:iam::a b:role/x", "arn::iam:::role/x", "arn:aws:s3:::role/x"]
        {
            assert!(Home::Elsewhere.role(text).is_err(), "{text}");
        }
        let error = Home::Aws.role("arn:aws:iam:::role/x").unwrap_err();
        assert!(error.causes.join(" ").contains("sts_endpoint_url"), "{:?}", error.causes);
    }
}
