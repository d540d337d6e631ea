//! AWS's partitions: a row of what differs between them.

use std::fmt;

use crate::region::{self, Region};

/// A separate AWS: its own accounts, endpoints and sign-in host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Partition {
    Aws,
    AwsCn,
    AwsUsGov,
    AwsIso,
    AwsIsoB,
    AwsIsoE,
    AwsIsoF,
    AwsEusc,
}

/// The second field of an ARN; the default region; the domains of services, without and with IPv6 (`dnsSuffix` and
/// `dualStackDnsSuffix` in AWS's `partitions.json`), of the sign-in page and of the console (AWS General Reference,
/// "AWS Sign-In endpoints").
type Row = (&'static str, &'static str, [&'static str; 4]);

impl Partition {
    pub const ALL: [Partition; 8] = [
        Partition::Aws,
        Partition::AwsCn,
        Partition::AwsUsGov,
        Partition::AwsIso,
        Partition::AwsIsoB,
        Partition::AwsIsoE,
        Partition::AwsIsoF,
        Partition::AwsEusc,
    ];

    #[rustfmt::skip]
    fn row(self) -> &'static Row {
        match self {
            Partition::Aws => &("aws", "us-east-1",
                ["amazonaws.com", "api.aws", "signin.aws.amazon.com", "console.aws.amazon.com"]),
            Partition::AwsCn => &("aws-cn", "cn-north-1",
                ["amazonaws.com.cn", "api.amazonwebservices.com.cn", "signin.amazonaws.cn", "console.amazonaws.cn"]),
            Partition::AwsUsGov => &("aws-us-gov", "us-gov-west-1",
                ["amazonaws.com", "api.aws", "signin.amazonaws-us-gov.com", "console.amazonaws-us-gov.com"]),
            Partition::AwsIso => &("aws-iso", "us-iso-east-1",
                ["c2s.ic.gov", "api.aws.ic.gov", "signin.c2shome.ic.gov", "console.c2shome.ic.gov"]),
            Partition::AwsIsoB => &("aws-iso-b", "us-isob-east-1",
                ["sc2s.sgov.gov", "api.aws.scloud", "signin.sc2shome.sgov.gov", "console.sc2shome.sgov.gov"]),
            Partition::AwsIsoE => &("aws-iso-e", "eu-isoe-west-1",
                ["cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", "signin.csphome.adc-e.uk", "console.csphome.adc-e.uk"]),
            Partition::AwsIsoF => &("aws-iso-f", "us-isof-south-1",
                ["csp.hci.ic.gov", "api.aws.hci.ic.gov", "signin.csphome.hci.ic.gov", "console.csphome.hci.ic.gov"]),
            Partition::AwsEusc => &("aws-eusc", "eusc-de-east-1",
                ["amazonaws.eu", "api.amazonwebservices.eu", "signin.amazonaws-eusc.eu", "console.amazonaws-eusc.eu"]),
        }
    }

    /// Returns the second field of an ARN.
    pub fn id(self) -> &'static str {
        self.row().0
    }

    /// Returns the region whose STS is called when no region is configured.
    pub fn default_region(self) -> &'static str {
        self.row().1
    }

    /// Returns the domain of services, which follows their region.
    pub fn service_domain(self) -> &'static str {
        self.row().2[0]
    }

    /// Returns the domain of services that also answer over IPv6.
    pub fn dual_stack_domain(self) -> &'static str {
        self.row().2[1]
    }

    /// Returns the host of the sign-in page.
    pub fn sign_in_domain(self) -> &'static str {
        self.row().2[2]
    }

    pub fn console_domain(self) -> &'static str {
        self.row().2[3]
    }

    /// Returns the partition with this id, if there is one.
    pub fn of_id(id: &str) -> Option<Partition> {
        Partition::ALL.into_iter().find(|partition| partition.id() == id)
    }

    /// Returns the partition of a region, by the prefixes of AWS's `partitions.json`. It is `aws` for a name without
    /// such a prefix or without the form of an AWS region, so that an unknown name cannot choose another domain.
    pub fn of_region(region: &Region) -> Partition {
        let prefixes = [
            ("cn-", Partition::AwsCn),
            ("us-gov-", Partition::AwsUsGov),
            ("us-iso-", Partition::AwsIso),
            ("us-isob-", Partition::AwsIsoB),
            ("eu-isoe-", Partition::AwsIsoE),
            ("us-isof-", Partition::AwsIsoF),
            ("eu-isof-", Partition::AwsIsoF),
            ("eusc-", Partition::AwsEusc),
        ];
        let of_aws = Some(region.as_str()).filter(|region| region::has_shape(region));
        let partition = |region: &str| prefixes.iter().find(|(prefix, _)| region.starts_with(prefix)).map(|(_, p)| *p);
        of_aws.and_then(partition).unwrap_or(Partition::Aws)
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}
