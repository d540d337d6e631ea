//! Who made the STS that answered: AWS, or Ceph, MinIO and others, whose errors and permissions differ.

use http::HeaderMap;

use crate::arn::RoleArn;
use crate::config::sts_home::Home;

/// The maker, as far as an answer shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    Aws,
    MinIo,
    Ceph,
    /// Not AWS, but unknown.
    Other,
    /// On this machine, with answers like AWS's: the end of a tunnel, or a server for tests.
    Untold,
}

/// The properties of an answer that identify the maker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// The header `Server`.
    pub server: Option<String>,
    /// The request id; Ceph's begin with `tx`.
    pub request_id: Option<String>,
    /// Whether the error has the form of S3's, which AWS's STS never sends.
    pub is_of_s3: bool,
}

impl Marks {
    /// Reads an answer's headers.
    pub fn of(headers: &HeaderMap) -> Marks {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let request_id = text("x-amzn-requestid").or_else(|| text("x-amz-request-id"));
        Marks { server: text("server"), request_id, is_of_s3: false }
    }
}

impl Maker {
    /// Returns the maker of the server at `home` that was called for `role`, if any.
    pub fn of(home: Home, role: Option<&RoleArn>, marks: &Marks) -> Maker {
        if home == Home::Aws {
            return Maker::Aws;
        }
        let server = marks.server.as_deref().unwrap_or_default().to_ascii_lowercase();
        let role_text = role.map_or("", RoleArn::as_str);
        let is_of_ceph = marks.request_id.as_deref().is_some_and(|id| id.starts_with("tx"));
        if server.contains("minio") || role_text.starts_with("arn:minio:") {
            Maker::MinIo
        } else if server.contains("ceph") || server.contains("rgw") || server.contains("radosgw") || is_of_ceph {
            Maker::Ceph
        } else if marks.is_of_s3 || home == Home::Elsewhere || role.is_some_and(|role| !role.is_of_aws()) {
            Maker::Other
        } else {
            Maker::Untold
        }
    }

    pub fn is_another_than_aws(self) -> bool {
        match self {
            Maker::MinIo | Maker::Ceph | Maker::Other => true,
            Maker::Aws | Maker::Untold => false,
        }
    }

    pub fn in_words(self) -> &'static str {
        match self {
            Maker::Aws => "AWS",
            Maker::MinIo => "MinIO, not AWS",
            Maker::Ceph => "Ceph's RADOS Gateway, not AWS",
            Maker::Other => "another maker's STS, not AWS",
            Maker::Untold => "a server on this machine that does not say who made it",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_maker_is_told_by_host_header_request_id_shape_and_role() {
        let role = |text: &str| RoleArn::parse_of_any_maker(text).unwrap();
        let (aws, tenant) = (role("arn:aws:iam::112233334444:role/A"), role("arn:aws:iam::tenant:role/A"));
        let minio = role("arn:minio:iam:::role/x");
        let marks = |server: Option<&str>, id: Option<&str>, is_of_s3| Marks {
            server: server.map(str::to_owned),
            request_id: id.map(str::to_owned),
            is_of_s3,
        };
        let none = || marks(None, None, false);
        let uuid = Some("5c2a7b1e-0f3d-4a55-9f1b-6a9c6d4e2b10");
        let table = [
            (Home::Aws, &aws, marks(None, uuid, false), Maker::Aws),
            (Home::Here, &aws, none(), Maker::Untold),
            (Home::Here, &aws, marks(Some("BaseHTTP/0.6 Python/3.12"), uuid, false), Maker::Untold),
            (Home::Here, &aws, marks(None, None, true), Maker::Other),
            (Home::Here, &tenant, none(), Maker::Other),
            (Home::Elsewhere, &aws, marks(Some("nginx"), uuid, false), Maker::Other),
            (Home::Elsewhere, &aws, marks(Some("MinIO"), None, false), Maker::MinIo),
            (Home::Here, &minio, none(), Maker::MinIo),
            (Home::Elsewhere, &aws, marks(Some("Ceph Object Gateway (squid)"), None, true), Maker::Ceph),
            (Home::Here, &aws, marks(None, Some("tx00000a1-0066-10-default"), true), Maker::Ceph),
        ];
        for (home, role, marks, expected) in table {
            assert_eq!(Maker::of(home, Some(role), &marks), expected, "{home:?} {role} {marks:?}");
        }
        assert_eq!(Maker::of(Home::Here, Some(&RoleArn::unnamed()), &none()), Maker::Other);
    }
}
