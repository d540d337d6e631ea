//! Logs in, under the lock and guard of every login, and shows the result: page, identity, roles, session.

use jiff::SignedDuration;
use serde_json::Value;

use super::place;
use super::report::{Fault, Report, Step, at};
use crate::acquire::proof::{self, Proof};
use crate::cli::table::span;
use crate::config::cache::CacheSettings;
use crate::config::profile::{Identity, Profile};
use crate::credentials::Credentials;
use crate::error::{Error, printable};
use crate::identity::saml::Assertion;
use crate::identity::saml::response::{Offer, Response};
use crate::identity::saml::roles;
use crate::identity::trace::{Hop, Sight, Trace};
use crate::process::env::Env;
use crate::time::{self, Timestamp};

/// The steps that one login takes, in order.
const WAY: [Step; 6] = [Step::Login, Step::Page, Step::Identity, Step::Roles, Step::Sts, Step::Duration];
/// A shorter session is worth a warning: SDKs renew early, so it costs a login every few minutes.
const SHORT: SignedDuration = SignedDuration::from_mins(30);
/// Longer lists are cut, and the rest is counted.
const LISTED: usize = 20;

/// Logs in as each profile of `chain`, the lowest first.
pub fn check(
    report: &mut Report,
    chain: &[&Profile],
    settings: &CacheSettings,
    env: &Env,
) -> std::result::Result<(), Fault> {
    for profile in chain {
        let trace = Trace::default();
        let proven = proof::prove(profile, settings, env, &trace);
        tell_way(report, &trace);
        let proof = proven.map_err(|error| Fault { step: error.code.step(), error })?;
        if let (Identity::Base(_), Proof::Keys(keys)) = (&profile.identity, &proof) {
            // These keys are the result: STS is not asked.
            report.fact(Step::Identity, "access_key_id", keys.access_key_id.clone());
            continue;
        }
        let session = redeem(report, profile, settings, &proof, env)?;
        tell_session(report, profile, &session);
    }
    Ok(())
}

/// Marks the steps before the fault as passed, or all of them.
pub fn settle(report: &mut Report, chain: &[&Profile], fault: Option<&Fault>) {
    let Some(lowest) = chain.first() else { return };
    let is_saml = matches!(lowest.identity, Identity::Saml(_));
    let end = match fault {
        None => WAY.len(),
        Some(fault) => WAY.iter().position(|step| *step == fault.step).unwrap_or_default(),
    };
    for step in &WAY[..end] {
        match step {
            Step::Page | Step::Roles if !is_saml => report.skip(*step, "this login has none"),
            _ => report.pass(*step),
        }
    }
}

fn redeem(
    report: &mut Report,
    profile: &Profile,
    settings: &CacheSettings,
    proof: &Proof,
    env: &Env,
) -> std::result::Result<Credentials, Fault> {
    match (&profile.identity, proof) {
        (Identity::Saml(saml), Proof::Assertion(assertion)) => {
            tell_assertion(report, &assertion.response);
            preflight(assertion).map_err(at(Step::Identity))?;
            tell_roles(report, &assertion.response);
            let offer = roles::choose(&assertion.response, profile.role_arn.as_ref(), saml.principal_arn.as_ref());
            let Offer { role_arn, principal_arn } = offer.map_err(at(Step::Roles))?;
            report.fact(Step::Roles, "chosen", format!("{role_arn} through {principal_arn}"));
        }
        (_, Proof::Token(web)) => {
            report.fact(Step::Identity, "issuer", printable(web.claims.issuer(), 200));
            report.fact(Step::Identity, "subject", printable(web.claims.subject(), 200));
            let audiences: Vec<String> = web.claims.audiences().iter().map(|text| printable(text, 200)).collect();
            report.fact(Step::Identity, "audience", audiences);
        }
        (_, Proof::Keys(keys)) => report.fact(Step::Identity, "access_key_id", keys.access_key_id.clone()),
        (_, Proof::Assertion(_)) => {}
    }
    proof::redeem(profile, settings, proof, env).map_err(|error| Fault { step: place::of_exchange(error.code), error })
}

fn preflight(assertion: &Assertion) -> Result<(), Error> {
    assertion.response.preflight(assertion.idp_time.unwrap_or_else(time::now))
}

/// A line for each answer: `GET https://idp.example.com/login: 302`.
fn tell_way(report: &mut Report, trace: &Trace) {
    let hops = trace.hops();
    if hops.is_empty() {
        return;
    }
    report.fact(Step::Login, "requests", hops.iter().map(hop_in_words).collect::<Vec<_>>());
    if let Some(sight) = trace.last_sight() {
        tell_page(report, &sight);
    }
}

fn hop_in_words(hop: &Hop) -> String {
    let method = if hop.is_post { "POST" } else { "GET" };
    let offered = if hop.offered.is_empty() { String::new() } else { format!(", offers {}", hop.offered.join(", ")) };
    format!("{method} {}: {}{offered}", hop.url, hop.status)
}

fn tell_page(report: &mut Report, sight: &Sight) {
    if let Some(title) = &sight.title {
        report.fact(Step::Page, "title", title.clone());
    }
    report.fact(Step::Page, "kind", sight.in_words.clone());
    if let Some(says) = &sight.says {
        report.fact(Step::Page, "says", says.clone());
    }
    let forms = sight.forms.iter().map(|form| {
        let fields = form.fields.iter().map(|field| match field.name.as_str() {
            "" => format!("({})", field.kind),
            name => format!("{name} ({})", field.kind),
        });
        let action = if form.action.is_empty() { "itself" } else { &form.action };
        format!("{} to {action}: {}", form.method, fields.take(LISTED).collect::<Vec<_>>().join(", "))
    });
    let forms: Vec<String> = forms.take(LISTED).collect();
    if !forms.is_empty() {
        report.fact(Step::Page, "forms", forms);
    }
}

fn tell_assertion(report: &mut Report, response: &Response) {
    let instant = |at: Option<Timestamp>| at.map(time::whole_seconds);
    let facts = [
        ("issuer", response.issuer.clone()),
        ("subject", response.subject.clone()),
        ("role_session_name", response.role_session_name.clone()),
        ("audience", (!response.audiences.is_empty()).then(|| response.audiences.join(", "))),
        ("valid_until", instant(response.not_on_or_after)),
        ("session_ends", instant(response.session_not_on_or_after)),
    ];
    for (name, value) in facts {
        if let Some(value) = value {
            report.fact(Step::Identity, name, printable(&value, 200));
        }
    }
}

fn tell_roles(report: &mut Report, response: &Response) {
    let mut offers: Vec<String> = response.roles.iter().take(LISTED).map(|offer| offer.role_arn.to_string()).collect();
    if response.roles.len() > LISTED {
        offers.push(format!("and {} more", response.roles.len() - LISTED));
    }
    if !offers.is_empty() {
        report.fact(Step::Roles, "offered", offers);
    }
}

fn tell_session(report: &mut Report, profile: &Profile, session: &Credentials) {
    if let Some(id) = &session.account_id {
        report.fact(Step::Sts, "account", id.to_string());
    }
    let granted = session.expiration.duration_since(time::now());
    // STS grants whole minutes, and some seconds have passed since.
    let granted = SignedDuration::from_secs((granted.as_secs() + 30) / 60 * 60);
    let asked = profile.session.duration.map(|asked| SignedDuration::from_secs(asked.as_secs().cast_signed()));
    let asked_in_words = asked.map_or_else(|| "none, so the default of STS".to_owned(), span);
    report.fact(Step::Duration, "asked", asked_in_words);
    report.fact(Step::Duration, "granted", Value::String(span(granted)));
    if granted < SHORT {
        report.warn(
            Step::Duration,
            format!(
                "a session of {} is renewed every few minutes, and SDKs ask for it at every request",
                span(granted)
            ),
            "set `duration` to 1h or more, and the role's MaxSessionDuration if need be",
        );
    } else if asked.is_some_and(|asked| granted + SignedDuration::from_mins(1) < asked) {
        report.warn(
            Step::Duration,
            "the session is shorter than requested",
            "have the IdP's administrator raise the session's end (SessionNotOnOrAfter) in its assertions",
        );
    }
}
