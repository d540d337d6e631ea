//! A profile as the rest of the program uses it: resolved, checked, and only in states that can be used.
//!
//! Built by `config::resolve` from the files, or by `config::airflow` from a connection; nothing here reads a file or the
//! environment. What is not known before a connection is looked up is a
//! [`WrittenProfile`](super::written::WrittenProfile).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use super::oidc::Oidc;
pub use super::profile_name::ProfileName;
pub use super::saml::facts::{ByHand, Facts, Whose};
pub use super::saml::http::{DEFAULT_TIMEOUT, IdpHttp, Retry};
pub use super::saml::login::*;
pub use super::secrets::{Account, SecretSource};
pub use super::session_name::SessionName;
pub use super::web_identity::{Azure, Google, Kubernetes, Service, TokenSource, WebIdentity};
use crate::address::{ProxyUrl, StsEndpoint};
use crate::arn::RoleArn;
use crate::credentials::SigningKeys;
use crate::error::{Code, Error, Result};
use crate::region::Region;

/// A line to write where a role is missing.
pub const ROLE_HINT: &str = "role_arn = \"arn:aws:iam::112233334444:role/NAME\"";
/// `deadline` when none is written.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(20);

/// One `[profile.NAME]`, with everything it includes.
#[derive(Clone, Debug)]
pub struct Profile<I = Identity> {
    pub name: ProfileName,
    /// The role to assume. Absent: the only role on offer, for SAML.
    pub role_arn: Option<RoleArn>,
    pub sts: StsTarget,
    pub session: Session,
    /// Limit of lock, login, retries and STS together.
    pub deadline: Duration,
    pub identity: I,
}

impl Profile {
    /// Returns the secret of a person or a machine that this login sends, with the key that names it.
    pub fn secret(&self) -> Option<(&'static str, &SecretSource)> {
        match &self.identity {
            Identity::Saml(saml) => saml.auth.facts().secret,
            Identity::WebIdentity(identity) => {
                let secret = identity.source.facts().provider?.client_secret.as_ref()?;
                Some(("web_identity.client_secret", secret))
            }
            Identity::AssumeRole(_) | Identity::Base(_) => None,
        }
    }

    /// Returns the keytab that this login opens, which is a secret too.
    pub fn keytab(&self) -> Option<&Path> {
        self.facts()?.ticket?.keytab.as_deref()
    }

    /// Returns the settings of the SAML login, if it is one.
    pub fn saml(&self) -> Option<&Saml> {
        match &self.identity {
            Identity::Saml(saml) => Some(saml),
            Identity::WebIdentity(_) | Identity::AssumeRole(_) | Identity::Base(_) => None,
        }
    }

    /// Returns the facts of the SAML login's method.
    pub fn facts(&self) -> Option<Facts<'_>> {
        self.saml().map(|saml| saml.auth.facts())
    }

    /// Returns what a person has to do during `fedcred login`.
    pub fn by_hand(&self) -> ByHand {
        self.facts().map_or(ByHand::Nothing, |facts| facts.by_hand)
    }

    /// Whether fedcred itself reads the pages of the IdP.
    pub fn reads_pages(&self) -> bool {
        self.facts().is_some_and(|facts| facts.reads_pages)
    }

    /// Whether this login uses a refresh token, which may be good for one use only.
    pub fn has_refresh_token(&self) -> bool {
        match &self.identity {
            Identity::WebIdentity(identity) => identity.source.person_at().is_some(),
            Identity::Saml(_) | Identity::AssumeRole(_) | Identity::Base(_) => false,
        }
    }

    /// Returns the role, which every identity but SAML needs.
    ///
    /// Errors: there is none ([`Code::MissingKey`]).
    pub fn role(&self) -> Result<&RoleArn> {
        self.role_arn.as_ref().ok_or_else(|| {
            Error::new(Code::MissingKey, format!("the profile {:?} has no `role_arn`", self.name)).hint(ROLE_HINT)
        })
    }
}

/// The STS to call.
#[derive(Clone, Debug)]
pub struct StsTarget {
    /// `AWS_REGION`, else `AWS_DEFAULT_REGION`, else `region`; absent: the default of the role's partition.
    pub region: Option<Region>,
    /// `AWS_ENDPOINT_URL_STS`, else `sts_endpoint_url`, else `AWS_ENDPOINT_URL` (the variables unless `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`).
    pub endpoint_url: Option<StsEndpoint>,
    pub use_fips: bool,
    pub use_dualstack: bool,
    /// AWS's trust (`AWS_CA_BUNDLE`), apart from the IdP's.
    pub ca_bundle: Option<PathBuf>,
    pub http: StsHttp,
}

/// Requests to STS, as `config_kwargs` of an Airflow connection sets them. What is absent is as for every profile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StsHttp {
    /// Replaces `HTTPS_PROXY`; never used for loopback.
    pub proxy: Option<ProxyUrl>,
    /// Certificate chain and key, which may be one file.
    pub client_cert: Option<(PathBuf, PathBuf)>,
    pub connect_timeout: Option<Duration>,
    /// Limit from the request to the end of the answer.
    pub read_timeout: Option<Duration>,
    /// Number of attempts, the first one included.
    pub attempts: Option<u32>,
}

/// The session to request.
#[derive(Clone, Debug)]
pub struct Session {
    /// 900 s to 12 h. Absent: the default of STS, an hour.
    pub duration: Option<Duration>,
    /// Inline session policy as JSON text; for a path, the contents of the file.
    pub policy: Option<String>,
    pub policy_arns: Vec<String>,
}

/// The source of the proof of identity.
#[derive(Clone, Debug)]
pub enum Identity {
    Saml(Box<Saml>),
    WebIdentity(Box<WebIdentity>),
    AssumeRole(Box<AssumeRole>),
    /// AWS credentials without a role on top, as of an Airflow connection without a role. Nobody logs in, and nothing is
    /// cached.
    Base(Base),
}

/// A role on top of another identity.
#[derive(Clone, Debug)]
pub struct AssumeRole<B = Base> {
    pub base: B,
    pub session_name: SessionName,
    pub external_id: Option<String>,
    /// Keys and values, sorted by key.
    pub tags: Vec<(String, String)>,
    pub transitive_tag_keys: Vec<String>,
    pub source_identity: Option<String>,
    /// An MFA device. Its code is asked of a person.
    pub serial_number: Option<String>,
}

impl<B> AssumeRole<B> {
    /// Returns the same role on top of `base`, and its former base.
    pub fn put_on<C>(self, base: C) -> (AssumeRole<C>, B) {
        let AssumeRole {
            base: old,
            session_name,
            external_id,
            tags,
            transitive_tag_keys,
            source_identity,
            serial_number,
        } = self;
        let role =
            AssumeRole { base, session_name, external_id, tags, transitive_tag_keys, source_identity, serial_number };
        (role, old)
    }
}

/// The AWS credentials that sign the call.
#[derive(Clone, Debug)]
pub enum Base {
    /// `source_profile`: another profile of fedcred, with those below it.
    Profile(Box<Profile>),
    /// `aws_profile`, of `~/.aws/config` and `~/.aws/credentials`.
    AwsProfile(String),
    /// `AWS_ACCESS_KEY_ID` and the variables beside it.
    Environment,
    /// The EC2 instance's role.
    Instance,
    /// The ECS task's or EKS pod's role.
    Container,
    /// The keys of an Airflow connection.
    Keys(Arc<SigningKeys>),
}
