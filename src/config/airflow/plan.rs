//! The meaning of a connection: the STS call with its parameters, its signature, and the proof of identity.
//!
//! Only data: nothing was requested from an IdP, STS or a metadata service.

use std::path::PathBuf;

use url::Url;

pub use super::base::Base;
use super::base::Source;
use super::saml::SamlLogin;
use super::session_region::SessionRegion;
use super::sts_client::StsClient;
use super::sts_params::{Action, SessionParams};

/// The connection's meaning.
#[derive(Debug)]
pub struct Plan {
    pub conn_id: String,
    /// Absent: the base credentials are the result.
    pub call: Option<Call>,
    pub base: Base,
    pub region: SessionRegion,
    /// For the connection's call, and for a call of the default chain.
    pub endpoint: Endpoint,
    pub sts: StsClient,
    /// Messages for people.
    pub warnings: Vec<String>,
    /// What Airflow with provider 9 does differently.
    pub differs_from_airflow: Vec<String>,
}

/// The endpoint of STS.
#[derive(Clone, Debug)]
pub enum Endpoint {
    /// Named by this machine, else AWS's own of the region.
    OfMachine(String),
    /// Named by the connection, under this path of the extra.
    OfText { path: String, url: Url },
}

impl Endpoint {
    /// Returns the URL without a slash at the end.
    pub fn as_str(&self) -> &str {
        match self {
            Endpoint::OfMachine(text) => text,
            Endpoint::OfText { path: _, url } => url.as_str().trim_end_matches('/'),
        }
    }
}

/// The connection's own call to STS.
#[derive(Debug)]
pub struct Call {
    pub identity: Identity,
    pub role_arn: String,
    pub session_name: Option<SessionName>,
    pub params: SessionParams,
}

/// The proof of identity.
#[derive(Debug)]
pub enum Identity {
    /// The signature of the base credentials.
    Signature,
    Saml(Box<SamlLogin>),
    TokenFile(PathBuf),
    /// A Google identity token. Without an audience Airflow requests one for `None`.
    Google {
        audience: Option<String>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionName {
    Given(String),
    /// `botocore-session-` and the Unix time.
    Generated,
}

/// A call in the form in which it is sent.
pub struct Sent<'a> {
    pub action: Action,
    pub role_arn: &'a str,
    pub principal_arn: Option<&'a str>,
    pub session_name: Option<SessionName>,
    pub params: &'a SessionParams,
}

impl Plan {
    /// Returns the last call to STS: the connection's own, else that of the default chain.
    pub fn last_call(&self) -> Option<Sent<'_>> {
        if let Some(call) = &self.call {
            return Some(Sent {
                action: call.identity.action(),
                role_arn: &call.role_arn,
                principal_arn: match &call.identity {
                    Identity::Saml(saml) => Some(&saml.principal_arn),
                    Identity::Signature | Identity::TokenFile(_) | Identity::Google { .. } => None,
                },
                session_name: call.session_name.clone(),
                params: &call.params,
            });
        }
        let Base::Chain(chain) = &self.base else { return None };
        let Source::Role(hop) = &chain.source else { return None };
        let named = hop.params.role_session_name.clone();
        Some(Sent {
            action: hop.action,
            role_arn: &hop.role_arn,
            principal_arn: None,
            session_name: Some(named.map_or(SessionName::Generated, SessionName::Given)),
            params: &hop.params,
        })
    }
}

impl Identity {
    pub fn action(&self) -> Action {
        match self {
            Identity::Signature => Action::AssumeRole,
            Identity::Saml(_) => Action::AssumeRoleWithSaml,
            Identity::TokenFile(_) | Identity::Google { .. } => Action::AssumeRoleWithWebIdentity,
        }
    }
}
