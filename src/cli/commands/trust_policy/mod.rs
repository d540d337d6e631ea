//! `fedcred trust-policy`: what must exist in AWS for a profile, and whether what exists lets it in.

mod check;
mod permissions;

use std::time::Duration;

use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::inspect;
use crate::acquire::fetch;
use crate::acquire::proof::{self, Proof};
use crate::arn::RoleArn;
use crate::cli::args::{Global, TrustFormat, TrustPolicy};
use crate::cli::facts::{Facts, listed};
use crate::cli::output::{self, Text};
use crate::config::Config;
use crate::config::cache::CacheSettings;
use crate::config::env::Env;
use crate::config::profile::{AssumeRole, Base, Identity, Profile, Saml};
use crate::config::web_identity::AWS_AUDIENCE;
use crate::error::{Code, Error, Result};
use crate::http::probe::{Peer, probe};
use crate::http::tls;
use crate::identity::oidc::claims::Claims;
use crate::identity::saml::paste::{self, Pasted};
use crate::identity::saml::response::{Offer, Response};
use crate::identity::saml::roles;
use crate::identity::trace::Trace;
use crate::quote::shell::fedcred;
use crate::trust::oidc::Token;
use crate::trust::pods::ServiceAccount;
use crate::trust::request::Request;
use crate::trust::{Provider, Trust, chain, oidc, pods, saml, terraform};

pub fn run(arguments: &TrustPolicy, global: &Global, env: &Env) -> Result<()> {
    let config = Config::load(env, global.config.as_deref())?;
    let profile = super::looked_up(&config, &super::profile_name(arguments.profile.as_deref(), env), env)?;
    let identified = identify(arguments, &profile, &config.cache()?, env)?;
    if let Some(file) = &arguments.check {
        return check::run(file, arguments, &profile, &identified.request()?);
    }
    let trust = identified.trust(&profile);
    let thumbprint = match (&trust.provider, arguments.thumbprint) {
        (Provider::Oidc { url, .. }, true) => Some(thumbprint(url)?),
        _ => None,
    };
    let (permissions, notes) = match arguments.permissions {
        true => permissions::of(arguments, &profile, &trust.role, env)?,
        false => (Vec::new(), Vec::new()),
    };
    let trust = Trust { notes: trust.notes.iter().cloned().chain(notes).collect(), ..trust };
    match arguments.format {
        None => output::write(&text(&trust, thumbprint.as_deref(), &permissions)?),
        Some(TrustFormat::Json) => output::json(&document(&trust, thumbprint.as_deref(), &permissions)),
        Some(TrustFormat::Terraform) => output::file(&terraform::render(&trust, &permissions)),
    }
}

/// The identity that is to be let in, and into which role.
enum Identified<'a> {
    Saml { settings: &'a Saml, response: Box<Response>, offer: Offer },
    Token { token: Token, role: &'a RoleArn },
    Chain { settings: &'a AssumeRole, caller: String, role: &'a RoleArn },
    Pods { accounts: Vec<ServiceAccount>, role: &'a RoleArn },
}

impl Identified<'_> {
    fn request(&self) -> Result<Request> {
        match self {
            Identified::Saml { response, offer, .. } => Ok(saml::request(response, offer)),
            Identified::Token { token, role } => Ok(oidc::request(token, role)),
            Identified::Chain { settings, caller, .. } => Ok(chain::request(settings, caller)),
            Identified::Pods { .. } => Err(Error::new(Code::BadFlag, "what EKS sends for a pod is not known here")),
        }
    }

    fn trust(&self, profile: &Profile) -> Trust {
        let duration = profile.session.duration.map(|duration| duration.as_secs());
        match self {
            Identified::Saml { settings, response, offer } => {
                saml::trust(response, offer, Some(&settings.idp_url), duration)
            }
            Identified::Token { token, role } => oidc::trust(token, role, duration),
            Identified::Chain { settings, caller, role } => chain::trust(settings, caller, role, duration),
            Identified::Pods { accounts, role } => pods::trust(accounts, role, duration),
        }
    }
}

fn identify<'a>(
    arguments: &TrustPolicy,
    profile: &'a Profile,
    settings: &CacheSettings,
    env: &Env,
) -> Result<Identified<'a>> {
    let accounts: Vec<ServiceAccount> =
        arguments.service_accounts.iter().map(|text| ServiceAccount::parse(text)).collect::<Result<_>>()?;
    if arguments.pod_identity {
        return Ok(Identified::Pods { accounts, role: profile.role()? });
    }
    let prove = || proof::prove(profile, settings, env, &Trace::default());
    match &profile.identity {
        Identity::Saml(saml) => {
            refuse_token_flags(arguments)?;
            let response = match &arguments.from {
                Some(file) => of_pasted_assertion(inspect::contents(file)?)?,
                None => match prove()? {
                    Proof::Assertion(assertion) => Box::new(assertion.response),
                    Proof::Token(_) | Proof::Keys(_) => return Err(other_proof()),
                },
            };
            let offer = roles::choose(&response, profile.role_arn.as_ref(), saml.principal_arn.as_ref())?;
            Ok(Identified::Saml { settings: saml, response, offer })
        }
        Identity::WebIdentity(_) => {
            let mut token = match (&arguments.issuer, &arguments.from) {
                (Some(issuer), _) => of_flags(issuer, arguments)?,
                (None, Some(file)) => of_pasted_token(inspect::contents(file)?)?,
                (None, None) => match prove().map_err(|error| elsewhere(error, profile))? {
                    Proof::Token(web) => Token::of(&web.claims),
                    Proof::Assertion(_) | Proof::Keys(_) => return Err(other_proof()),
                },
            };
            let subjects: Vec<String> =
                arguments.subjects.iter().cloned().chain(accounts.iter().map(ServiceAccount::subject)).collect();
            if !subjects.is_empty() {
                token.subjects = subjects;
                token.are_patterns = true;
            }
            if !arguments.audiences.is_empty() {
                token.audiences = arguments.audiences.clone();
            }
            Ok(Identified::Token { token, role: profile.role()? })
        }
        Identity::AssumeRole(role) => {
            refuse_token_flags(arguments)?;
            if arguments.from.is_some() {
                return Err(Error::new(Code::BadFlag, "AWS credentials carry no assertion and no token")
                    .hint("leave `--from` out"));
            }
            let below = match &role.base {
                Base::Profile(base) => base.role_arn.as_ref(),
                Base::AwsProfile(_) | Base::Environment | Base::Instance | Base::Container | Base::Keys(_) => None,
            };
            let caller = match below {
                Some(below) => below.to_string(),
                None => match prove()? {
                    Proof::Keys(keys) => proof::caller(profile, &keys)?,
                    Proof::Assertion(_) | Proof::Token(_) => return Err(other_proof()),
                },
            };
            Ok(Identified::Chain { settings: role, caller, role: profile.role()? })
        }
        Identity::Base(_) | Identity::Airflow(_) => {
            Err(Error::new(Code::MissingKey, format!("the profile {:?} assumes no role", profile.name))
                .because("its credentials are used as they stand, so no role's policy is asked")
                .hint("name a profile with a role, or add `role_arn` to this one"))
        }
    }
}

fn refuse_token_flags(arguments: &TrustPolicy) -> Result<()> {
    let is_about_a_token = arguments.issuer.is_some()
        || !arguments.subjects.is_empty()
        || !arguments.audiences.is_empty()
        || !arguments.service_accounts.is_empty();
    match is_about_a_token {
        true => Err(Error::new(Code::BadFlag, "this profile shows no token, so nothing can be said of one").hint(
            "`--issuer`, `--subject`, `--audience` and `--service-account` are for profiles with `web_identity`",
        )),
        false => Ok(()),
    }
}

fn of_flags(issuer: &str, arguments: &TrustPolicy) -> Result<Token> {
    if arguments.subjects.is_empty() && arguments.service_accounts.is_empty() {
        return Err(Error::new(Code::BadFlag, "`--issuer` alone does not say who is to be let in")
            .hint("add --subject SUB, or --service-account NAMESPACE/NAME"));
    }
    let is_url = url::Url::parse(issuer).is_ok_and(|url| matches!(url.scheme(), "https" | "http"));
    if !is_url {
        return Err(Error::new(Code::BadFlag, format!("{issuer:?} is no issuer"))
            .hint("write it as the token's `iss`: https://…"));
    }
    Ok(Token { issuer: issuer.to_owned(), audiences: vec![AWS_AUDIENCE.to_owned()], ..Token::default() })
}

fn of_pasted_assertion(bytes: Zeroizing<Vec<u8>>) -> Result<Box<Response>> {
    match paste::read(bytes)? {
        Pasted::Response { response, .. } => Ok(response),
        Pasted::Page { mut page, .. } => match page.saml_response.take() {
            Some(encoded) => Response::decode(&encoded).map(Box::new),
            None => Err(Error::new(Code::NotASamlResponse, "there is no SAML response on this page")),
        },
        Pasted::Token(_) => {
            Err(Error::new(Code::NotASamlResponse, "this is a token, and the profile shows an assertion"))
        }
    }
}

fn of_pasted_token(bytes: Zeroizing<Vec<u8>>) -> Result<Token> {
    match paste::read(bytes)? {
        Pasted::Token(token) => Ok(Token::of(&Claims::read(&token)?)),
        Pasted::Response { .. } | Pasted::Page { .. } => {
            Err(Error::new(Code::TokenInvalid, "this is no token, which the profile shows"))
        }
    }
}

/// Trust is set up where no token is: the job, the pod and the machine that have one are elsewhere.
fn elsewhere(error: Error, profile: &Profile) -> Error {
    error.hint(format!(
        "where no token can be had, say what is in it: {}, or --from FILE",
        fedcred(&["trust-policy"], &profile.name, &["--issuer", "URL", "--subject", "SUB"])
    ))
}

fn other_proof() -> Error {
    Error::new(Code::Bug, "the login gave another kind of proof than its settings say")
}

/// Of the last certificate that the issuer's server shows, as IAM reckons it (IAM User Guide, "Obtain the thumbprint").
fn thumbprint(issuer: &str) -> Result<String> {
    let not_asked = |why: String| {
        Error::new(Code::Connect, "the issuer's thumbprint is not known")
            .because(why)
            .hint("leave `--thumbprint` out where AWS can reach the issuer and this machine cannot")
    };
    let url = url::Url::parse(issuer).map_err(|why| not_asked(why.to_string()))?;
    let trust = tls::Trust { ca_bundle: None, setting: "SSL_CERT_FILE", verify: false, client_cert: None };
    let peer = Peer { url: &url, name: "the issuer", trust, proxy: None, timeout: Duration::from_secs(10) };
    let probe = fetch::block_on(probe(peer))?;
    match (probe.chain.last(), probe.answer) {
        (Some(last), _) => Ok(last.thumbprint.clone()),
        (None, Err(error)) => Err(not_asked(error.what)),
        (None, Ok(())) => Err(not_asked("its server shows no certificate".to_owned())),
    }
}

fn document(trust: &Trust, thumbprint: Option<&str>, permissions: &[(String, Value)]) -> Value {
    let provider = match &trust.provider {
        Provider::Saml { arn, name, issuer, metadata } => json!({
            "kind": "saml", "arn": arn, "name": name, "issuer": issuer, "metadata_url": metadata,
        }),
        Provider::Oidc { arn, url, client_ids } => json!({
            "kind": "oidc", "arn": arn, "url": url, "client_ids": client_ids, "thumbprint": thumbprint,
        }),
        Provider::BuiltIn => json!({ "kind": "built-in", "name": trust.principal.id() }),
        Provider::None => Value::Null,
    };
    let permissions: Map<String, Value> = permissions.iter().cloned().collect();
    json!({
        "provider": provider,
        "role": {
            "arn": trust.role.as_str(),
            "name": trust.role.name,
            "path": trust.role.path(),
            "max_session_duration": trust.max_session_duration,
        },
        "trust_policy": trust.policy(),
        "permissions": permissions,
        "notes": trust.notes,
        "commands": trust.commands(),
    })
}

fn text(trust: &Trust, thumbprint: Option<&str>, permissions: &[(String, Value)]) -> Result<Text> {
    let mut facts = Facts::default();
    match &trust.provider {
        Provider::Saml { arn, issuer, metadata, .. } => {
            facts.add("SAML provider", Some(arn.clone()));
            facts.add("its metadata", metadata.clone().map(|url| format!("{url}, as metadata.xml")));
            facts.add("its issuer", issuer.clone());
        }
        Provider::Oidc { arn, url, client_ids } => {
            facts.add("OIDC provider", Some(arn.clone()));
            facts.add("its URL", Some(url.clone()));
            facts.add("its client ids", Some(client_ids.join(", ")));
            let thumbprint =
                thumbprint.unwrap_or("AWS needs none of public authorities; --thumbprint asks the issuer's server");
            facts.add("its thumbprint", Some(thumbprint.to_owned()));
        }
        Provider::BuiltIn => {
            facts.add("provider", Some(format!("{}, which AWS knows by itself", trust.principal.id())))
        }
        Provider::None => {}
    }
    facts.add("role", Some(trust.role.to_string()));
    facts.add("maximum session", Some(format!("{} s or more", trust.max_session_duration)));
    let mut text = facts.text();
    text.blank();
    text.line("trust policy (trust.json):");
    text.json(&trust.policy())?;
    for (name, policy) in permissions {
        text.blank();
        text.line(format!("permissions {name}:"));
        text.json(policy)?;
    }
    Ok(text + listed("to make them", trust.commands()) + listed("notes", trust.notes.iter().cloned()))
}
