//! The CacheKey of a profile: every input that can change the result, and who asks.
//!
//! The profile is taken apart without `..`, so that a setting added later has to be decided here. What cannot change the
//! result (time limits, retries) stays out: changing it is a hit.

use std::path::Path;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::cache::key::{AssertionKey, CacheKey, KeyBuilder, LoginKey};
use crate::cache::sealing_key::SealingKey;
use crate::config::profile::{
    Auth, AuthnRequest, BrowserLogin, CommandLogin, Ecp, FormChoices, FormLogin, Identity, IdpHttp, Okta, Profile,
    Saml, SecretSource, Session, SessionName, Spnego, StsHttp, StsTarget, TokenSource, Whose,
};
use crate::config::session_name::Asker;
use crate::error::printable;
use crate::file::{self, Kind, kind};
use crate::identity::saml::ccache::{self, Owner};
use crate::process::env::Env;
use crate::process::whoami;
use crate::region::Region;

mod assume_role;
mod web_identity;

/// Why it is unknown who asks. No result may outlive this process then.
type Unknowable = String;

/// The key of a result, and whether it identifies who asks.
pub struct Identified {
    pub key: CacheKey,
    /// Why the key does not cover who asks.
    pub unknowable: Option<Unknowable>,
}

/// Returns the cache key of the credentials that `profile` gives to the current user.
pub fn of(profile: &Profile, env: &Env, sealing: &SealingKey) -> Identified {
    // The name is part of the key only where it names the session.
    let Profile { name, role_arn, sts, session, deadline: _, identity } = profile;
    let key = optional(KeyBuilder::new(sealing), "role_arn", role_arn.as_ref().map(|r| r.as_str()));
    let key = session_fields(sts_fields(key, sts), session);
    let whole = match identity {
        Identity::Saml(saml) => saml_fields(key.clone(), saml, env),
        Identity::WebIdentity(identity) => web_identity::fields(key.clone(), identity, name, env),
        Identity::AssumeRole(role) => assume_role::fields(key.clone(), role, name, env, sealing),
        Identity::Base(base) => assume_role::base_fields(key.clone().field("identity", "base"), base, env, sealing),
    };
    match whole {
        Ok(key) => Identified { key: key.cache_key(), unknowable: None },
        Err(why) => Identified { key: key.field("profile", name.as_str()).cache_key(), unknowable: Some(why) },
    }
}

/// Returns the key of who logs in where and how, which the lock and the memory of failures belong to. Ten profiles with one
/// password or one refresh token share it; where only STS is asked, each result has its own.
pub fn login(profile: &Profile, env: &Env, sealing: &SealingKey) -> LoginKey {
    let key = KeyBuilder::new(sealing);
    let key = match &profile.identity {
        Identity::Saml(saml) => {
            let key =
                key.field("origin", saml.idp_url.origin().ascii_serialization()).field("auth", saml.auth.facts().name);
            let labels = ["username", "principal", "keytab", "ticket of"];
            let key = match &saml.auth {
                // Its arguments may decide as whom it logs in.
                Auth::Command(CommandLogin { argv, .. }) => command_field(key, argv),
                // Whose refresh token it is.
                Auth::Okta(Okta { client_id, .. }) => key.field("client_id", client_id),
                Auth::None
                | Auth::Basic { .. }
                | Auth::Bearer { .. }
                | Auth::Form(_)
                | Auth::Spnego(_)
                | Auth::Ecp(_)
                | Auth::Browser(_) => key,
            };
            let who = who(&saml.auth, env).unwrap_or_default();
            who.into_iter()
                .filter(|(l, _)| labels.contains(l))
                .fold(key, |key, (l, value)| key.field(l, value.as_slice()))
        }
        Identity::WebIdentity(identity) if let TokenSource::Oidc(oidc) = &identity.source => {
            key.field("issuer", oidc.issuer.as_written()).field("client_id", &oidc.client_id)
        }
        Identity::WebIdentity(_) | Identity::AssumeRole(_) | Identity::Base(_) => {
            key.field("result", of(profile, env, sealing).key.as_bytes())
        }
    };
    key.login_key()
}

/// Returns the cache key of the assertion that this login gives to the current user. Settings that only STS gets are
/// left out. `None` if it gives none, or if it is unknown who asks.
pub fn assertion(profile: &Profile, env: &Env, sealing: &SealingKey) -> Option<AssertionKey> {
    match &profile.identity {
        Identity::Saml(saml) => Some(login_fields(KeyBuilder::new(sealing), saml, env).ok()?.assertion_key()),
        Identity::WebIdentity(_) | Identity::AssumeRole(_) | Identity::Base(_) => None,
    }
}

/// Every setting of a login except those for STS. A failure of the login concerns all with the same settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginSettings(pub(super) CacheKey);

/// Returns the settings with which `profile` logs in, including those that cannot change a result.
pub fn login_settings(profile: &Profile, sealing: &SealingKey) -> LoginSettings {
    let key = KeyBuilder::new(sealing);
    let key = match &profile.identity {
        Identity::Saml(saml) => key.field("saml", format!("{:?}", Saml { principal_arn: None, ..(**saml).clone() })),
        Identity::WebIdentity(identity) => key.field("source", format!("{:?}", identity.source)),
        Identity::AssumeRole(role) => key.field("assume_role", format!("{role:?}")),
        Identity::Base(base) => key.field("base", format!("{base:?}")),
    };
    LoginSettings(key.cache_key())
}

/// Returns who asks, in words for people; `None` if it is nobody in particular, or unknown.
pub fn asker(identity: &Identity, env: &Env) -> Option<String> {
    let name = match identity {
        Identity::Saml(saml) => {
            // Only these labels: a bearer token identifies who asks, but must not be shown.
            let names = ["username", "principal", "ticket of"];
            let who = who(&saml.auth, env).ok()?;
            let (_, name) = who.iter().find(|(label, _)| names.contains(label))?;
            String::from_utf8_lossy(name).into_owned()
        }
        Identity::WebIdentity(identity) => web_identity::subject(identity, env)?,
        Identity::AssumeRole(role) => return assume_role::asker(&role.base, env),
        Identity::Base(base) => return assume_role::asker(base, env),
    };
    Some(printable(&name, 200))
}

/// Returns why nothing that `profile` gives may be kept: it is unknown who asks.
pub fn unknowable(profile: &Profile, env: &Env) -> Option<String> {
    // Any key will do: only the reason is wanted.
    of(profile, env, &SealingKey::from_bytes([0; 32])).unknowable
}

fn sts_fields(key: KeyBuilder, sts: &StsTarget) -> KeyBuilder {
    let StsTarget { region, endpoint_url, use_fips, use_dualstack, ca_bundle, http } = sts;
    // The rest only limits time and attempts.
    let StsHttp { proxy, client_cert, connect_timeout: _, read_timeout: _, attempts: _ } = http;
    let key = optional(key, "region", region.as_ref().map(Region::as_str));
    let key = optional(key, "sts_endpoint_url", endpoint_url.as_ref().map(|u| u.as_str()));
    let key = flag(flag(key, "use_fips", *use_fips), "use_dualstack", *use_dualstack);
    let key = optional(key, "sts proxy", proxy.as_ref().map(|proxy| proxy.as_str()));
    let key = path(key, "sts client_cert", client_cert.as_ref().map(|(cert, _)| cert.as_path()));
    path(key, "AWS_CA_BUNDLE", ca_bundle.as_deref())
}

fn session_fields(key: KeyBuilder, session: &Session) -> KeyBuilder {
    let Session { duration, policy, policy_arns } = session;
    let key = optional(key, "duration", duration.map(|d| d.as_secs().to_string()));
    let key = optional(key, "policy", policy.as_deref());
    policy_arns.iter().fold(key, |key, arn| key.field("policy_arn", arn))
}

fn saml_fields(key: KeyBuilder, saml: &Saml, env: &Env) -> Result<KeyBuilder, Unknowable> {
    let key = optional(key, "principal_arn", saml.principal_arn.as_ref().map(|p| p.as_str()));
    login_fields(key, saml, env)
}

/// Adds everything that can change the assertion.
fn login_fields(key: KeyBuilder, saml: &Saml, env: &Env) -> Result<KeyBuilder, Unknowable> {
    let Saml { principal_arn: _, idp_url, authn_request, auth, xpath, parser, http, retry: _ } = saml;
    let key = match authn_request {
        AuthnRequest::None => key,
        AuthnRequest::Redirect | AuthnRequest::Post => key.field("authn_request", format!("{authn_request:?}")),
    };
    let key = key.field("idp_url", idp_url.as_str()).field("xpath", xpath).field("parser", format!("{parser:?}"));
    let key = auth_fields(http_fields(key, http), auth);
    Ok(who(auth, env)?.into_iter().fold(key, |key, (label, value)| key.field(label, value.as_slice())))
}

fn http_fields(key: KeyBuilder, http: &IdpHttp) -> KeyBuilder {
    let IdpHttp {
        ca_bundle,
        client_cert,
        proxy,
        timeout: _,
        verify,
        allow_http,
        idp_origins,
        headers,
        user_agent,
        cookies,
        body,
        follow_redirects,
    } = http;
    let key = path(key, "ca_bundle", ca_bundle.as_deref());
    // A client certificate identifies who asks, so its contents count, not only its path. The key belongs to the certificate.
    let key = match client_cert {
        Some((cert, _)) => path(key, "client_cert", Some(cert))
            .field("its contents", &**contents(cert, &kind::CERTIFICATES).unwrap_or_default()),
        None => key,
    };
    let key = optional(key, "proxy", proxy.as_ref().map(|p| p.as_str()));
    let key = flag(flag(key, "verify", *verify), "allow_http", *allow_http);
    let key = idp_origins.iter().fold(key, |key, origin| key.field("idp_origin", origin.ascii_serialization()));
    let key = headers.iter().fold(key, |key, (name, value)| key.field("header", name).field("its value", value));
    let key = cookies.iter().fold(key, |key, (name, value)| key.field("cookie", name).field("its value", value));
    let key = optional(key, "body", body.as_ref().map(|(_, body)| body.as_str()));
    let key = optional(key, "its type", body.as_ref().map(|(content_type, _)| content_type.as_str()));
    optional(flag(key, "follow_redirects", *follow_redirects), "user_agent", user_agent.as_deref())
}

fn auth_fields(key: KeyBuilder, auth: &Auth) -> KeyBuilder {
    let key = key.field("auth", auth.facts().name);
    match auth {
        Auth::None | Auth::Basic { .. } | Auth::Bearer { .. } | Auth::Ecp(Ecp::Basic { .. }) => key,
        Auth::Okta(Okta { client_id, app_id }) => key.field("client_id", client_id).field("app_id", app_id),
        Auth::Browser(BrowserLogin { program: _, is_headless_allowed: _, username: _ }) => key,
        Auth::Form(FormLogin {
            username: _,
            password: _,
            username_field,
            password_field,
            otp: _,
            otp_field,
            account_field,
            remember_field: _,
            choices,
        }) => {
            let FormChoices { form, button, fields } = choices.as_ref();
            let key = optional(key, "form", form.as_deref());
            let key = optional(key, "button", button.as_deref());
            let fields = fields.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
            let key = fields.fold(key, |key, part| key.field("form_fields", part));
            let key = optional(key, "otp_field", otp_field.as_deref());
            let key = optional(key, "account_field", account_field.as_deref());
            let key = optional(key, "username_field", username_field.as_deref());
            optional(key, "password_field", password_field.as_deref())
        }
        Auth::Spnego(spnego) | Auth::Ecp(Ecp::Kerberos(spnego)) => spnego_fields(key, spnego),
        Auth::Command(CommandLogin { argv, username: _ }) => command_field(key, argv),
    }
}

fn spnego_fields(key: KeyBuilder, spnego: &Spnego) -> KeyBuilder {
    let Spnego { principal: _, keytab: _, mutual_authentication, channel_bindings } = spnego;
    key.field("mutual_authentication", format!("{mutual_authentication:?}"))
        .field("channel_bindings", format!("{channel_bindings:?}"))
}

fn command_field(key: KeyBuilder, argv: &[String]) -> KeyBuilder {
    argv.iter().fold(key, |key, argument| key.field("command", argument))
}

/// Who asks, as labelled fields.
type Who = Vec<(&'static str, Zeroizing<Vec<u8>>)>;

fn who(auth: &Auth, env: &Env) -> Result<Who, Unknowable> {
    let one = |label, value: &[u8]| (label, Zeroizing::new(value.to_vec()));
    match auth.facts().whose {
        // The person who logs in in a browser or at Okta is noted by `login`, which removes results of another person
        // (`acquire::session`).
        Whose::Anyone => Ok(Vec::new()),
        // The user name identifies who asks; the password only proves it.
        Whose::User(name) => Ok(vec![one("username", name.as_bytes())]),
        Whose::Bearer(token) => Ok(vec![("token", token_at_hand(token, env)?)]),
        Whose::Principal(Spnego { principal, keytab, .. }) => match (principal, keytab) {
            (Some(principal), Some(keytab)) => {
                Ok(vec![one("principal", principal.as_bytes()), one("keytab", keytab.as_os_str().as_encoded_bytes())])
            }
            (Some(principal), None) => Ok(vec![one("principal", principal.as_bytes())]),
            (None, _) => match ccache::default_cache_owner(env) {
                Owner::Known(owner) => Ok(vec![one("ticket of", owner.as_bytes())]),
                Owner::Absent => Err("there is no Kerberos ticket cache, so the user is unknown".into()),
                Owner::Unknowable(why) => Err(format!("{why}; set `saml.principal` to enable the cache")),
            },
        },
        Whose::Unknown => {
            Err("the user that the command logs in as is unknown; set `saml.username` to enable the cache".into())
        }
    }
}

fn token_at_hand(token: &SecretSource, env: &Env) -> Result<Zeroizing<Vec<u8>>, Unknowable> {
    let contents = match token {
        SecretSource::File(file) => contents(file, &kind::SECRET),
        SecretSource::Env(name) => env.text(name).map(|token| Zeroizing::new(token.into_bytes())),
        SecretSource::Credential(name) => {
            env.path("CREDENTIALS_DIRECTORY").and_then(|dir| contents(&dir.join(name), &kind::SECRET))
        }
        SecretSource::Keyring(_) => return Err("the owner of the token in the keyring is unknown".into()),
        SecretSource::Command(_) => return Err("the owner of the token is unknown before the command runs".into()),
    };
    // Without a token it is unknown who asks; the login will tell what is missing.
    contents.ok_or_else(|| "the bearer token cannot be read".into())
}

/// Reads a file. If it cannot be read, the login will tell.
fn contents(path: &Path, kind: &Kind) -> Option<Zeroizing<Vec<u8>>> {
    file::read(path, kind).ok()
}

/// Adds the session name as it is written and as it expands now. The token's own fields cover its subject.
fn session_name(key: KeyBuilder, session: &SessionName, profile: &str, env: &Env) -> KeyBuilder {
    let (user, host) = (whoami::user(env), whoami::host(env));
    let name = session.expand(&Asker { user: &user, host: &host, profile, subject: "", time: "" });
    key.field("role_session_name", session.to_string()).field("for whoever asks", name)
}

fn optional(key: KeyBuilder, label: &str, value: Option<impl AsRef<[u8]>>) -> KeyBuilder {
    match value {
        Some(value) => key.field(label, value),
        None => key,
    }
}

fn flag(key: KeyBuilder, label: &str, is_set: bool) -> KeyBuilder {
    key.field(label, [u8::from(is_set)])
}

fn path(key: KeyBuilder, label: &str, path: Option<&Path>) -> KeyBuilder {
    optional(key, label, path.map(|p| p.as_os_str().as_encoded_bytes()))
}
