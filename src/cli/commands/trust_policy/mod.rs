//! `fedcred trust-policy`: prints what must exist in AWS for a profile, or checks whether a trust policy lets it in.

mod check;
mod identify;
mod permissions;

use std::time::Duration;

use serde_json::{Map, Value, json};

use self::permissions::Permissions;
use crate::acquire::fetch;
use crate::arn::RoleArn;
use crate::cli::args::{Global, TrustFormat, TrustPolicy};
use crate::cli::facts::{Facts, listed};
use crate::cli::output::{self, Text};
use crate::cli::screen::Screen;
use crate::config::Config;
use crate::config::profile::{AssumeRole, Profile, Saml};
use crate::error::{Code, Error, Result};
use crate::http::probe::{Peer, probe};
use crate::http::tls;
use crate::identity::saml::response::{Offer, Response};
use crate::process::env::Env;
use crate::trust::oidc::Token;
use crate::trust::pods::ServiceAccount;
use crate::trust::request::Request;
use crate::trust::{Provider, Trust, chain, cloudformation, oidc, pods, saml, terraform};

pub fn run(arguments: &TrustPolicy, global: &Global, env: &Env) -> Result<()> {
    let config = Config::load(env, global.config.as_deref())?;
    let name = super::profile_name(arguments.profile.as_deref(), env);
    let is_for_mwaa = arguments.mwaa.is_some() && arguments.check.is_none();
    if is_for_mwaa && let Some(permissions) = permissions::without_role(arguments, &config.profile(&name)?, env) {
        return alone(arguments, permissions?);
    }
    let profile = super::looked_up(&config, &name, env)?;
    let identified = match (identify::identify(arguments, &profile, &config.cache()?, env), &profile.role_arn) {
        (Ok(identified), _) => identified,
        // For MWAA's pages the settings are enough: the role's own trust policy is not needed for them.
        (Err(why), Some(role)) if is_for_mwaa => {
            let (policies, mut notes) = permissions::of(arguments, &profile, role, env)?;
            notes.insert(0, format!("the trust policy is left out, since nobody could be asked: {}", why.what));
            return alone(arguments, (policies, notes));
        }
        (Err(why), _) => return Err(why),
    };
    if let Some(file) = &arguments.check {
        return check::run(file, arguments, &profile, &identified.request()?, Screen::of_stdout(global, env));
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
        Some(TrustFormat::Cloudformation) => output::json(&cloudformation::render(&trust, &permissions)),
        Some(TrustFormat::Terraform) => output::file(&terraform::render(&trust, &permissions)),
    }
}

/// Policies without a trust policy.
fn alone(arguments: &TrustPolicy, (policies, notes): Permissions) -> Result<()> {
    match arguments.format {
        None => {
            let mut text = Text::default();
            for (name, policy) in &policies {
                text.line(format!("permissions {name}:"));
                text.json(policy)?;
                text.blank();
            }
            output::write(&(text + listed("notes", notes)))
        }
        Some(TrustFormat::Json) => {
            let permissions: Map<String, Value> = policies.into_iter().collect();
            output::json(&json!({
                "provider": null, "role": null, "trust_policy": null, "permissions": permissions, "notes": notes, "commands": [],
            }))
        }
        Some(TrustFormat::Cloudformation) => output::json(&cloudformation::policies(&policies, &notes)),
        Some(TrustFormat::Terraform) => output::file(&terraform::policies(&policies, &notes)),
    }
}

/// The identity, and the role that it is to assume.
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

/// Returns the thumbprint of the last certificate that the issuer's server sends (IAM User Guide, "Obtain the thumbprint").
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
        (None, Ok(())) => Err(not_asked("its server sends no certificate".to_owned())),
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
