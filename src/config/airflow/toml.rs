//! A connection's profile as lines of TOML, for `fedcred airflow import`.
//!
//! What a file may not hold (a secret) or a profile has no key for is an error; the connection itself then serves as the
//! profile, `airflow_conn = "ID"`.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::plan::{self, Plan};

use crate::config::profile::{
    AssumeRole, Auth, Base, Identity, IdpHttp, MutualAuthentication, Parser, Profile, Retry, Saml, Spnego, StsHttp,
    TokenSource, WebIdentity,
};
use crate::config::show::quoted;
use crate::error::{Code, Error, Result};
use crate::quote::config::toml_key as key;
use crate::region::Region;

/// What the connection leaves to the place where it is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOpen {
    /// The key and value of `assume_role` that stand for the base, where that is not the connection's own.
    pub base: Option<(&'static str, String)>,
    /// `AWS_WEB_IDENTITY_TOKEN_FILE` names the token's file.
    pub token_file: bool,
    /// Region and endpoint are those of the environment, else of the role's partition.
    pub region: bool,
}

impl LeftOpen {
    /// By what `plan` and its connection say.
    pub fn by(plan: &Plan, extra: &Map<String, Value>) -> LeftOpen {
        let base = match &plan.base {
            plan::Base::Chain(chain) if chain.profile_name.is_none() => {
                Some(("credential_source", "default-chain".to_owned()))
            }
            plan::Base::Federation { profile, found: _ } => Some(("source_profile", profile.clone())),
            plan::Base::Chain(_) | plan::Base::Keys(_) | plan::Base::Unused => None,
        };
        let is_file = matches!(plan.call.as_ref().map(|call| &call.identity), Some(plan::Identity::TokenFile(_)));
        LeftOpen {
            base,
            token_file: is_file && !extra.contains_key("assume_role_with_web_identity_token_file"),
            region: plan.region.named().is_none()
                && plan.sts.region.is_none()
                && matches!(plan.endpoint, plan::Endpoint::OfMachine(_)),
        }
    }
}

/// The tables of the profile `name`.
pub fn profile(profile: &Profile, name: &str, open: &LeftOpen) -> Result<String> {
    let heading = format!("profile.{}", key(name));
    let mut out = Lines(format!("[{heading}]\n"));
    out.text("role_arn", profile.role_arn.as_ref().map(|arn| arn.as_str()));
    if profile.sts.http != StsHttp::default() {
        return Err(Error::new(Code::InvalidValue, "config_kwargs has no key in a profile")
            .because("it says how STS is reached: proxies, client_cert, time limits or retries")
            .hint("use the connection as it is: airflow_conn = \"ID\" in a profile"));
    }
    if !open.region {
        out.text("region", profile.sts.region.as_ref().map(Region::as_str));
        out.text("sts_endpoint_url", profile.sts.endpoint_url.as_ref().map(|url| url.as_str()));
    }
    out.bare("duration", profile.session.duration.map(|duration| format!("\"{}s\"", duration.as_secs())));
    out.text("policy", profile.session.policy.as_deref());
    out.list("policy_arns", &profile.session.policy_arns);
    match &profile.identity {
        Identity::Saml(saml) => out.saml(&heading, saml)?,
        Identity::WebIdentity(identity) => out.web_identity(&heading, identity, open)?,
        Identity::AssumeRole(role) => out.assume_role(&heading, role, open)?,
        Identity::Base(_) => {
            return Err(Error::new(Code::InvalidValue, "what logs in nowhere has no tables of its own"));
        }
    }
    Ok(out.0)
}

struct Lines(String);

impl Lines {
    fn table(&mut self, heading: &str, name: &str) {
        self.0.push_str(&format!("\n[{heading}.{name}]\n"));
    }

    fn bare(&mut self, name: &str, value: Option<String>) {
        if let Some(value) = value {
            self.0.push_str(&format!("{} = {value}\n", key(name)));
        }
    }

    fn text(&mut self, name: &str, value: Option<&str>) {
        self.bare(name, value.map(quoted));
    }

    fn path(&mut self, name: &str, value: Option<&Path>) {
        self.bare(name, value.map(|path| quoted(path.display())));
    }

    fn list(&mut self, name: &str, values: &[String]) {
        let list = values.iter().map(quoted).collect::<Vec<_>>().join(", ");
        self.bare(name, (!values.is_empty()).then(|| format!("[{list}]")));
    }

    fn saml(&mut self, heading: &str, saml: &Saml) -> Result<()> {
        self.table(heading, "saml");
        self.text("idp_url", Some(saml.idp_url.as_str()));
        self.text("principal_arn", saml.principal_arn.as_ref().map(|arn| arn.as_str()));
        let Auth::Spnego(Spnego { mutual_authentication, .. }) = &saml.auth else {
            return Err(Error::new(Code::Bug, "a connection logs in by Kerberos alone"));
        };
        self.text("auth", Some("spnego"));
        self.text(
            "mutual_authentication",
            Some(match mutual_authentication {
                MutualAuthentication::Required => "required",
                MutualAuthentication::Optional => "optional",
                MutualAuthentication::Disabled => "disabled",
            }),
        );
        self.text("xpath", Some(&saml.xpath));
        self.text(
            "parser",
            Some(match saml.parser {
                Parser::Html => "html",
                Parser::Xml => "xml",
                Parser::XmlThenHtml => "xml-then-html",
            }),
        );
        self.http(&saml.http)?;
        self.table(heading, "saml.retry");
        self.retry(&saml.retry);
        if !saml.http.headers.is_empty() {
            self.table(heading, "saml.headers");
            saml.http.headers.iter().for_each(|(name, value)| self.text(name, Some(value)));
        }
        Ok(())
    }

    fn http(&mut self, http: &IdpHttp) -> Result<()> {
        let unsaid = [
            (!http.cookies.is_empty(), "cookies"),
            (http.body.is_some(), "data"),
            (!http.follow_redirects, "allow_redirects"),
            (http.headers.iter().any(|(name, _)| is_reserved(name)), "headers"),
        ];
        if let Some((_, what)) = unsaid.iter().find(|(is_there, _)| *is_there) {
            return Err(Error::new(Code::InvalidValue, format!("idp_request_kwargs.{what} has no key in a profile"))
                .hint("use the connection as it is: airflow_conn = \"ID\" in a profile"));
        }
        self.path("ca_bundle", http.ca_bundle.as_deref());
        self.path("client_cert", http.client_cert.as_ref().map(|(cert, _)| cert.as_path()));
        self.path("client_key", http.client_cert.as_ref().map(|(_, key)| key.as_path()));
        self.text("proxy", http.proxy.as_ref().map(|url| url.as_str()));
        self.bare("timeout", Some(http.timeout.as_secs().max(1).to_string()));
        self.bare("verify", (!http.verify).then(|| "false".to_owned()));
        self.text("user_agent", http.user_agent.as_deref());
        Ok(())
    }

    fn retry(&mut self, retry: &Retry) {
        let count = |count: u32| count.min(100).to_string();
        self.bare("total", Some(count(retry.total)));
        self.bare("connect", retry.connect.map(count));
        self.bare("read", retry.read.map(count));
        self.bare("status", retry.status.map(count));
        self.bare("backoff_factor", Some(format!("{:?}", retry.backoff_factor.min(120.0))));
        self.bare("backoff_max", Some(retry.backoff_max.as_secs().min(600).to_string()));
        let statuses: Vec<String> = retry.status_forcelist.iter().map(u16::to_string).collect();
        self.bare("status_forcelist", Some(format!("[{}]", statuses.join(", "))));
        self.bare("respect_retry_after", Some(retry.respect_retry_after.to_string()));
    }

    fn web_identity(&mut self, heading: &str, identity: &WebIdentity, open: &LeftOpen) -> Result<()> {
        self.table(heading, "web_identity");
        match &identity.source {
            TokenSource::File(path) => {
                self.text("source", Some("file"));
                self.path("token_file", Some(path).filter(|_| !open.token_file).map(PathBuf::as_path));
            }
            TokenSource::Google(google) => {
                self.text("source", Some("google"));
                self.text("audience", google.audience.as_deref());
            }
            TokenSource::Env(_)
            | TokenSource::Service(_)
            | TokenSource::Command(_)
            | TokenSource::GithubActions { .. }
            | TokenSource::Oidc(_)
            | TokenSource::Azure(_)
            | TokenSource::Kubernetes(_) => {
                return Err(Error::new(Code::Bug, "a connection's token comes from a file or from Google"));
            }
        }
        self.text("role_session_name", Some(&identity.session_name.to_string()));
        Ok(())
    }

    fn assume_role(&mut self, heading: &str, role: &AssumeRole, open: &LeftOpen) -> Result<()> {
        self.table(heading, "assume_role");
        if let Some((key, value)) = &open.base {
            self.text(key, Some(value));
            return self.rest_of_assume_role(heading, role);
        }
        match &role.base {
            Base::AwsProfile(name) => self.text("aws_profile", Some(name)),
            Base::Environment => self.text("credential_source", Some("environment")),
            Base::Instance => self.text("credential_source", Some("instance")),
            Base::Container => self.text("credential_source", Some("container")),
            Base::Profile(_) | Base::Keys(_) => {
                return Err(Error::new(
                    Code::InvalidValue,
                    "the connection's own credentials have no place in a profile",
                )
                .because("a configuration file holds no secret access key")
                .hint("put them into ~/.aws/credentials and write profile_name into the connection"));
            }
        }
        self.rest_of_assume_role(heading, role)
    }

    fn rest_of_assume_role(&mut self, heading: &str, role: &AssumeRole) -> Result<()> {
        self.text("role_session_name", Some(&role.session_name.to_string()));
        self.text("external_id", role.external_id.as_deref());
        self.list("transitive_tag_keys", &role.transitive_tag_keys);
        self.text("source_identity", role.source_identity.as_deref());
        if !role.tags.is_empty() {
            self.table(heading, "assume_role.tags");
            role.tags.iter().for_each(|(name, value)| self.text(name, Some(value)));
        }
        Ok(())
    }
}

/// Headers that a profile writes itself.
fn is_reserved(name: &str) -> bool {
    ["authorization", "cookie", "content-type"].iter().any(|reserved| name.eq_ignore_ascii_case(reserved))
}
