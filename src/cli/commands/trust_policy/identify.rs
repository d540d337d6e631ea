//! The identity and the role of a trust policy: from a login's proof if there is one, else from settings and flags.
//!
//! A policy is often needed before a login is possible. So the settings are used as far as they go, and an error names the flag
//! for what they do not say.

use zeroize::Zeroizing;

use super::Identified;
use crate::acquire::proof::{self, Proof};
use crate::cli::args::TrustPolicy;
use crate::cli::commands::inspect;
use crate::config::cache::CacheSettings;
use crate::config::profile::{AssumeRole, Base, Identity, Profile, Saml, TokenSource, WebIdentity};
use crate::config::web_identity::AWS_AUDIENCE;
use crate::error::{Code, Error, Result};
use crate::identity::oidc::claims::Claims;
use crate::identity::saml::paste::{self, Pasted};
use crate::identity::saml::response::{Offer, Response};
use crate::identity::saml::roles;
use crate::identity::trace::Trace;
use crate::process::env::Env;
use crate::quote::shell::fedcred;
use crate::trust::issuer::Kind;
use crate::trust::oidc::Token;
use crate::trust::pods::ServiceAccount;

pub fn identify<'a>(
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
    if arguments.caller.is_some() && !matches!(profile.identity, Identity::AssumeRole(_)) {
        return Err(Error::new(Code::BadFlag, "`--caller` is for profiles with `assume_role`")
            .hint("leave it out: this profile has an identity of its own"));
    }
    match &profile.identity {
        Identity::Saml(saml) => {
            refuse_token_flags(arguments)?;
            of_assertion(arguments, profile, saml, prove)
        }
        Identity::WebIdentity(identity) => {
            let token = of_token(arguments, profile, identity, &accounts, prove)?;
            Ok(Identified::Token { token, role: profile.role()? })
        }
        Identity::AssumeRole(role) => {
            refuse_token_flags(arguments)?;
            let caller = caller(arguments, profile, role, prove)?;
            Ok(Identified::Chain { settings: role, caller, role: profile.role()? })
        }
        Identity::Base(_) => {
            Err(Error::new(Code::MissingKey, format!("the profile {:?} assumes no role", profile.name))
                .because("its credentials are used directly, so no role's policy matters")
                .hint("name a profile with a role, or add `role_arn` to this one"))
        }
    }
}

/// Describes a SAML profile: without a login if the settings name role and provider. A check also uses the assertion, if it can.
fn of_assertion<'a>(
    arguments: &TrustPolicy,
    profile: &'a Profile,
    saml: &'a Saml,
    prove: impl Fn() -> Result<Proof>,
) -> Result<Identified<'a>> {
    let named = profile.role_arn.clone().zip(saml.principal_arn.clone());
    let named = named.map(|(role_arn, principal_arn)| Offer { role_arn, principal_arn });
    let response = match (&arguments.from, named) {
        (Some(file), _) => of_pasted_assertion(inspect::contents(file)?)?,
        (None, Some(offer)) if arguments.check.is_none() => {
            return Ok(Identified::Saml { settings: saml, response: Box::default(), offer });
        }
        (None, named) => match (prove(), named) {
            (Ok(Proof::Assertion(assertion)), _) => Box::new(assertion.response),
            (Ok(Proof::Token(_) | Proof::Keys(_)), _) => return Err(other_proof()),
            // Without the assertion, the lines that need it say that it is not known.
            (Err(_), Some(offer)) => {
                let sign_in = format!("https://{}/saml", offer.role_arn.partition.sign_in_domain());
                let unseen = Response { is_encrypted: true, recipients: vec![sign_in], ..Response::default() };
                return Ok(Identified::Saml { settings: saml, response: Box::new(unseen), offer });
            }
            (Err(error), None) => {
                return Err(error.because("without a login, `role_arn` and `saml.principal_arn` are needed"));
            }
        },
    };
    let offer = roles::choose(&response, profile.role_arn.as_ref(), saml.principal_arn.as_ref())?;
    Ok(Identified::Saml { settings: saml, response, offer })
}

fn of_token(
    arguments: &TrustPolicy,
    profile: &Profile,
    identity: &WebIdentity,
    accounts: &[ServiceAccount],
    prove: impl Fn() -> Result<Proof>,
) -> Result<Token> {
    let subjects: Vec<String> =
        arguments.subjects.iter().cloned().chain(accounts.iter().map(ServiceAccount::subject)).collect();
    let issuer = arguments.issuer.as_deref().or(identity.source.facts().issuer.filter(|_| !subjects.is_empty()));
    let mut token = match (&arguments.from, issuer) {
        (Some(file), _) => of_pasted_token(inspect::contents(file)?)?,
        (None, Some(issuer)) => of_flags(issuer, &subjects, &identity.source)?,
        (None, None) => match prove().map_err(|error| elsewhere(error, profile, &identity.source))? {
            Proof::Token(web) => Token::of(&web.claims),
            Proof::Assertion(_) | Proof::Keys(_) => return Err(other_proof()),
        },
    };
    if !subjects.is_empty() {
        token.subjects = subjects;
        token.are_patterns = true;
    }
    if !arguments.audiences.is_empty() {
        token.audiences = arguments.audiences.clone();
    }
    Ok(token)
}

fn of_flags(issuer: &str, subjects: &[String], source: &TokenSource) -> Result<Token> {
    if subjects.is_empty() {
        return Err(Error::new(Code::BadFlag, "`--issuer` needs the subjects that may assume the role")
            .hint("add --subject SUB, or --service-account NAMESPACE/NAME"));
    }
    let is_issuer = url::Url::parse(issuer).is_ok_and(|url| {
        // `https://https://…` parses as well, with a host called https.
        matches!(url.scheme(), "https" | "http") && !matches!(url.host_str(), Some("https" | "http") | None)
    });
    if !is_issuer {
        return Err(Error::new(Code::BadFlag, format!("{issuer:?} is not an issuer"))
            .hint("write it as the token's `iss`: https://…"));
    }
    let is_of_source = source.facts().issuer.is_none_or(|known| known == issuer);
    let mut token = Token { issuer: issuer.to_owned(), ..Token::default() };
    let audience = source.facts().audience.filter(|_| is_of_source);
    if token.kind() == Kind::Google {
        // The audience is the profile's; `azp` is the number of the account that requests the token.
        let is_number = |subject: &&String| !subject.is_empty() && subject.bytes().all(|b| b.is_ascii_digit());
        token.audiences = audience.into_iter().map(str::to_owned).collect();
        token.authorized_party = subjects.first().filter(|_| subjects.len() == 1).filter(is_number).cloned();
    } else {
        token.audiences = vec![audience.unwrap_or(AWS_AUDIENCE).to_owned()];
    }
    Ok(token)
}

fn caller(
    arguments: &TrustPolicy,
    profile: &Profile,
    role: &AssumeRole,
    prove: impl Fn() -> Result<Proof>,
) -> Result<String> {
    if arguments.from.is_some() {
        return Err(
            Error::new(Code::BadFlag, "AWS credentials have no assertion and no token").hint("leave `--from` out")
        );
    }
    if let Some(caller) = &arguments.caller {
        return match caller.starts_with("arn:") && caller.splitn(6, ':').count() == 6 {
            true => Ok(caller.clone()),
            false => Err(Error::new(Code::BadFlag, format!("{caller:?} is not an ARN"))
                .hint("copy it from the output of: aws sts get-caller-identity --query Arn")),
        };
    }
    let below = match &role.base {
        Base::Profile(base) => base.role_arn.as_ref(),
        Base::AwsProfile(_) | Base::Environment | Base::Instance | Base::Container | Base::Keys(_) => None,
    };
    if let Some(below) = below {
        return Ok(below.to_string());
    }
    let proven = prove().and_then(|proof| match proof {
        Proof::Keys(keys) => proof::caller(profile, &keys),
        Proof::Assertion(_) | Proof::Token(_) => Err(other_proof()),
    });
    match proven {
        Ok(caller) => Ok(caller),
        // Permissions are often printed on a machine without the credentials.
        Err(_) if arguments.permissions => {
            let role = profile.role()?;
            Ok(format!("arn:{}:iam::{}:root", role.partition, role.owner))
        }
        Err(error) => Err(error.hint(format!(
            "if its credentials are not on this machine, name the caller: {}",
            fedcred(&["trust-policy"], &profile.name, &["--caller", "arn:aws:iam::ACCOUNT:role/NAME"])
        ))),
    }
}

fn refuse_token_flags(arguments: &TrustPolicy) -> Result<()> {
    let is_about_a_token = arguments.issuer.is_some()
        || !arguments.subjects.is_empty()
        || !arguments.audiences.is_empty()
        || !arguments.service_accounts.is_empty();
    match is_about_a_token {
        true => Err(Error::new(Code::BadFlag, "this profile has no token").hint(
            "`--issuer`, `--subject`, `--audience` and `--service-account` are for profiles with `web_identity`",
        )),
        false => Ok(()),
    }
}

fn of_pasted_assertion(bytes: Zeroizing<Vec<u8>>) -> Result<Box<Response>> {
    match paste::read(bytes)? {
        Pasted::Response { response, .. } => Ok(response),
        Pasted::Page { mut page, .. } => match page.saml_response.take() {
            Some(encoded) => Response::decode(&encoded).map(Box::new),
            None => Err(Error::new(Code::NotASamlResponse, "there is no SAML response on this page")),
        },
        Pasted::Token(_) => {
            Err(Error::new(Code::NotASamlResponse, "this is a token, and the profile logs in with an assertion"))
        }
    }
}

fn of_pasted_token(bytes: Zeroizing<Vec<u8>>) -> Result<Token> {
    match paste::read(bytes)? {
        Pasted::Token(token) => Ok(Token::of(&Claims::read(&token)?)),
        Pasted::Response { .. } | Pasted::Page { .. } => {
            Err(Error::new(Code::TokenInvalid, "this is not a token, and the profile logs in with one"))
        }
    }
}

/// Returns the error of a source whose token is not on this machine: the job, the pod or the machine that has it is elsewhere.
fn elsewhere(error: Error, profile: &Profile, source: &TokenSource) -> Error {
    let flags: &[&str] = match source.facts().issuer {
        Some(_) => &["--subject", "SUB"],
        None => &["--issuer", "URL", "--subject", "SUB"],
    };
    error.hint(format!(
        "if the token is not on this machine, describe it: {}, or --from FILE",
        fedcred(&["trust-policy"], &profile.name, flags)
    ))
}

fn other_proof() -> Error {
    Error::new(Code::Bug, "the login gave another kind of proof than its settings say")
}
