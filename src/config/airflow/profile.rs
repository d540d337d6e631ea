//! Turns a plan into a [`Profile`].
//!
//! What Airflow would do and fedcred cannot do is an error, because the credentials would be different.

use std::sync::Arc;
use std::time::Duration;

use super::base::{Base, Chain, Hop, Source};
use super::broken::Broken;
use super::endpoint::{self, Variant};
use super::plan::{Call, Identity, Plan, SessionName};
use super::policy::Policy;
use super::redact;
use super::request_kwargs::Verify;
use super::saml::SamlLogin;
use super::sts_params::{Action, SessionParams};
use super::trust::Asked;
use crate::address::StsEndpoint;
use crate::arn::ProviderArn;
use crate::config::profile::{
    self, AssumeRole, Auth, AuthnRequest, ChannelBindings, DEFAULT_DEADLINE, DEFAULT_TIMEOUT, Google, IdpHttp,
    MutualAuthentication, Parser, Profile, ProfileName, Retry, Saml, Session, Spnego, StsTarget, TokenSource,
    WebIdentity,
};
use crate::config::session_name;
use crate::config::sts_home::Home;
use crate::credentials::SigningKeys;
use crate::error::{Error, printable};
use crate::host_name::HostName;
use crate::process::env::Env;
use crate::region::Region;

/// urllib3 never waits longer than this between two attempts.
const MAX_WAIT: f64 = 3600.0;

impl Plan {
    /// Returns the plan as the profile `name`. Logins may continue to the origins that `policy` lists.
    pub fn into_profile(self, name: &ProfileName, policy: &Policy, env: &Env) -> Result<Profile, Broken> {
        Asked::by(&self).permitted(policy)?;
        let target = self.target(env)?;
        let Plan { call, base, sts, .. } = self;
        let Some(call) = call else {
            return match base {
                Base::Chain(Chain { source: Source::Role(hop), .. }) if hop.profile.is_none() => {
                    of_environment(*hop, name, target, env)
                }
                Base::Federation { profile: _, found: Some(profile) } => Ok(Profile { name: name.clone(), ..*profile }),
                base => {
                    let identity = profile::Identity::Base(signing(base, name, &target, env)?);
                    Ok(bare(name, target, identity))
                }
            };
        };
        if sts.unsigned && matches!(call.identity, Identity::Signature) {
            return Err(Broken::new(
                "config_kwargs.signature_version is \"unsigned\": STS takes no AssumeRole without a signature",
                "remove signature_version",
            ));
        }
        let Call { identity, role_arn, session_name, params } = call;
        let session = session(&params)?;
        let session_name = written(session_name)?;
        let identity = match identity {
            Identity::Signature => profile::Identity::AssumeRole(Box::new(assume_role(
                params,
                session_name,
                signing(base, name, &target, env)?,
            )?)),
            Identity::Saml(login) => profile::Identity::Saml(Box::new(saml(*login, policy)?)),
            Identity::TokenFile(path) => {
                profile::Identity::WebIdentity(Box::new(WebIdentity { source: TokenSource::File(path), session_name }))
            }
            // Without an audience Airflow asks its metadata server for one called `None`.
            Identity::Google { audience } => profile::Identity::WebIdentity(Box::new(WebIdentity {
                source: TokenSource::Google(Google { audience }),
                session_name,
            })),
        };
        let role_arn = Some(
            Home::of(target.endpoint_url.as_deref()).role(&role_arn).map_err(|error| in_words(error, "role_arn"))?,
        );
        Ok(Profile { role_arn, session, ..bare(name, target, identity) })
    }

    /// Returns the endpoint of the plan. The region's own endpoint is left to the rules for every profile.
    fn target(&self, env: &Env) -> Result<StsTarget, Broken> {
        let url = StsEndpoint::parse(self.endpoint.as_str())
            .map_err(|why| Broken::new(format!("the STS endpoint {why}"), "correct AWS_ENDPOINT_URL_STS"))?;
        let region = self.sts.region.as_ref().or(self.region.named());
        let is_regional = self.endpoint.as_str() == endpoint::sts(region, Variant::default()) && region.is_some();
        // Signatures for the global endpoint are for us-east-1.
        let is_global = HostName::of(&url).is_some_and(|name| name.as_str() == "sts.amazonaws.com");
        Ok(StsTarget {
            region: region.filter(|_| !is_global).cloned().or_else(|| Region::parse("us-east-1").ok()),
            endpoint_url: (!is_regional || is_global).then_some(url),
            use_fips: false,
            use_dualstack: false,
            ca_bundle: env.path("AWS_CA_BUNDLE"),
            http: self.sts.http(self.endpoint.as_str())?,
        })
    }
}

/// Returns the credentials that sign the call.
fn signing(base: Base, name: &ProfileName, target: &StsTarget, env: &Env) -> Result<profile::Base, Broken> {
    Ok(match base {
        Base::Keys(keys) => profile::Base::Keys(Arc::new(SigningKeys {
            access_key_id: keys.access_key_id,
            secret_access_key: keys.secret_access_key,
            session_token: keys.session_token,
            expiration: None,
        })),
        Base::Chain(chain) => match chain.source.into_base() {
            Ok(base) => base,
            Err(hop) => {
                let below = of_environment(*hop, &name.with("environment"), target.clone(), env)?;
                profile::Base::Profile(Box::new(below))
            }
        },
        Base::Federation { profile: _, found: Some(profile) } => profile::Base::Profile(profile),
        Base::Federation { profile, found: None } => return Err(not_looked_up(&profile)),
        Base::Unused => return Err(Broken::new("nothing signs the call", "write login and password")),
    })
}

fn not_looked_up(profile: &str) -> Broken {
    let why = format!("`federation.profile` is {:?}, a profile of fedcred", redact::value(profile));
    Broken::new(why, "name it itself: it needs no connection")
}

/// Returns the profile of `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN`, as on EKS (IRSA).
fn of_environment(hop: Hop, name: &ProfileName, target: StsTarget, env: &Env) -> Result<Profile, Broken> {
    let path = env.path("AWS_WEB_IDENTITY_TOKEN_FILE").filter(|_| hop.action == Action::AssumeRoleWithWebIdentity);
    let path =
        path.ok_or_else(|| Broken::new("the environment names no token file", "set AWS_WEB_IDENTITY_TOKEN_FILE"))?;
    let session_name = hop.params.role_session_name.map_or(SessionName::Generated, SessionName::Given);
    let identity = WebIdentity { source: TokenSource::File(path), session_name: written(Some(session_name))? };
    let role_arn = Home::of(target.endpoint_url.as_deref())
        .role(&hop.role_arn)
        .map_err(|error| in_words(error, "AWS_ROLE_ARN"))?;
    Ok(Profile { role_arn: Some(role_arn), ..bare(name, target, profile::Identity::WebIdentity(Box::new(identity))) })
}

/// Returns a profile without settings of the session.
fn bare(name: &ProfileName, sts: StsTarget, identity: profile::Identity) -> Profile {
    Profile {
        name: name.clone(),
        role_arn: None,
        sts,
        session: Session { duration: None, policy: None, policy_arns: Vec::new() },
        deadline: DEFAULT_DEADLINE,
        identity,
    }
}

fn session(params: &SessionParams) -> Result<Session, Broken> {
    let refused = [
        ("TokenCode", params.token_code.is_some(), "a code of an MFA device is good for one call"),
        ("ProvidedContexts", !params.provided_contexts.is_empty(), "it cannot be sent"),
        ("ProviderId", params.provider_id.is_some(), "only OAuth 2.0 tokens of old have one"),
    ];
    if let Some((key, _, why)) = refused.iter().find(|(_, is_there, _)| *is_there) {
        let why = format!("`assume_role_kwargs.{key}` is not supported: {why}");
        return Err(Broken::new(why, format!("remove \"{key}\"")));
    }
    Ok(Session {
        duration: params.duration_seconds.map(|seconds| Duration::from_secs(seconds.unsigned_abs())),
        policy: params.policy.clone(),
        policy_arns: params.policy_arns.clone(),
    })
}

/// Checks a session's name for the characters that STS accepts, `[\w+=,.@-]{2,64}`. One that is too long is cut, since
/// the id of a connection may be long.
fn written(name: Option<SessionName>) -> Result<profile::SessionName, Broken> {
    match name {
        Some(SessionName::Given(text)) => {
            let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
            if let Some(c) = text.chars().find(|c| !fits(*c)) {
                let mended: String = text.chars().map(|c| if fits(c) { c } else { '-' }).collect();
                return Err(Broken::new(
                    format!("`RoleSessionName` has {c:?}, which STS does not take"),
                    format!("write \"RoleSessionName\": \"{}\"", printable(&mended, 64)),
                ));
            }
            if text.len() > 64 {
                tracing::warn!("the session's name is longer than the 64 characters that STS takes: it is cut");
            }
            Ok(session_name::literal(&text))
        }
        Some(SessionName::Generated) | None => Ok(profile::SessionName::of_botocore()),
    }
}

fn assume_role(
    params: SessionParams,
    session_name: profile::SessionName,
    base: profile::Base,
) -> Result<AssumeRole, Broken> {
    Ok(AssumeRole {
        base,
        session_name,
        external_id: params.external_id,
        tags: params.tags,
        transitive_tag_keys: params.transitive_tag_keys,
        source_identity: params.source_identity,
        serial_number: params.serial_number,
    })
}

fn saml(login: SamlLogin, policy: &Policy) -> Result<Saml, Broken> {
    // Without a verified certificate, Kerberos has to prove the server.
    let mutual_authentication = match login.request.verify {
        Verify::Off => MutualAuthentication::Required,
        Verify::System | Verify::Bundle(_) => login.mutual_authentication,
    };
    Ok(Saml {
        authn_request: AuthnRequest::None,
        principal_arn: Some(
            ProviderArn::parse(&login.principal_arn).map_err(|error| in_words(error, "principal_arn"))?,
        ),
        idp_url: login.url(),
        auth: Auth::Spnego(Spnego {
            principal: None,
            keytab: None,
            mutual_authentication,
            channel_bindings: ChannelBindings::Auto,
        }),
        parser: Parser::XmlThenHtml,
        http: http(&login, policy)?,
        retry: retry(&login),
        xpath: login.xpath,
    })
}

fn http(login: &SamlLogin, policy: &Policy) -> Result<IdpHttp, Broken> {
    let request = &login.request;
    let mut user_agent = None;
    let mut headers = Vec::new();
    for (name, value) in &request.headers {
        match name.to_ascii_lowercase().as_str() {
            "user-agent" => user_agent = Some(value.expose().to_owned()),
            // It follows from the encodings that can be decoded.
            "accept-encoding" => (),
            _ => headers.push((name.clone(), value.expose().to_owned())),
        }
    }
    let cookie = |(name, value): &(String, crate::secret::Secret)| {
        let plain = |text: &str| text.chars().all(|c| c.is_ascii_graphic() && !";,\"\\".contains(c));
        if name.is_empty() || name.contains('=') || !plain(name) || !plain(value.expose()) {
            return Err(Broken::new("`idp_request_kwargs.cookies` has an invalid cookie", "remove it"));
        }
        Ok((name.clone(), value.expose().to_owned()))
    };
    Ok(IdpHttp {
        ca_bundle: if let Verify::Bundle(path) = &request.verify { Some(path.clone()) } else { None },
        client_cert: request.cert.clone().map(|(cert, key)| {
            let key = key.unwrap_or_else(|| cert.clone());
            (cert, key)
        }),
        proxy: request.proxy.clone(),
        timeout: request.timeout.map_or(DEFAULT_TIMEOUT, |(connect, read)| Duration::from_secs_f64(connect.max(read))),
        verify: request.verify != Verify::Off,
        allow_http: false,
        idp_origins: policy.idp_origins.iter().filter(|o| **o != login.idp_url.origin()).cloned().collect(),
        headers,
        user_agent,
        cookies: request.cookies.iter().map(cookie).collect::<Result<_, _>>()?,
        body: request.body.as_ref().map(|(content_type, body)| ((*content_type).to_owned(), body.expose().to_owned())),
        follow_redirects: request.follow_redirects,
    })
}

/// Converts the counts of urllib3. Without them requests does not retry.
fn retry(login: &SamlLogin) -> Retry {
    let Some(kwargs) = &login.retry else {
        return Retry { total: 0, status_forcelist: Vec::new(), ..Retry::default() };
    };
    let is_covered = kwargs.covers_get();
    let none = |count: Option<u32>| if is_covered { count } else { Some(0) };
    Retry {
        total: kwargs.total.unwrap_or(u32::MAX),
        connect: kwargs.connect,
        read: none(kwargs.read),
        status: none(kwargs.status),
        backoff_factor: kwargs.backoff_factor.min(MAX_WAIT),
        backoff_max: Duration::from_secs_f64(kwargs.backoff_max.min(MAX_WAIT)),
        status_forcelist: kwargs.status_forcelist.clone(),
        respect_retry_after: kwargs.respect_retry_after_header,
    }
}

fn in_words(error: Error, key: &str) -> Broken {
    Broken::new(format!("`{key}`: {}", error.what), error.hint.unwrap_or_else(|| format!("correct {key}")))
}
