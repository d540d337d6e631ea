//! Checks Kerberos before the login: the library, the ticket or keytab, and whether the KDC issues a ticket for the IdP.

use super::report::{Report, Step};
use crate::cli::table::span;
use crate::config::profile::{Profile, Saml, Spnego};
use crate::error::{Code, Error, Result};
use crate::gssapi::{CredentialSource, Negotiation, Request};
use crate::identity::saml::ccache::{self, Owner};
use crate::identity::saml::klist::{self, enctype_name};
use crate::process::env::Env;
use crate::time::{self, Deadline};

/// A ticket that expires within this time may expire during a login.
const SOON: i64 = 300;

pub fn check(report: &mut Report, profile: &Profile, saml: &Saml, spnego: &Spnego, env: &Env) -> Result<()> {
    let host = saml.idp_url.host_str().unwrap_or_default().to_owned();
    if let Some(agent) = &saml.http.user_agent {
        check_user_agent(report, agent);
    }
    match (&spnego.keytab, &spnego.principal) {
        (Some(keytab), Some(principal)) => {
            report.fact(Step::Kerberos, "principal", principal.clone());
            report.fact(Step::Kerberos, "keytab", keytab.display().to_string());
            let keys = klist::keys(keytab);
            if let Some(keys) = &keys {
                let listed: Vec<String> = keys
                    .iter()
                    .map(|key| format!("{} (version {}, {})", key.principal, key.version, enctype_name(key.enctype)))
                    .collect();
                report.fact(Step::Kerberos, "keys", listed);
                let own = |key: &&klist::Key| key.principal.split('@').next() == principal.split('@').next();
                let mut own = keys.iter().filter(own).peekable();
                if own.peek().is_some() && own.all(|key| klist::is_weak(key.enctype)) {
                    warn_of_weakness(report, "the keytab has only weak keys");
                }
            }
            // A wrong key counts as a wrong password: only the login shows it to the KDC, and counts the attempt.
        }
        (_, principal) => {
            check_ticket(report, principal.as_deref(), env);
            let credential = match principal {
                Some(principal) => CredentialSource::Principal(principal.clone()),
                None => CredentialSource::Default,
            };
            ask_for_ticket(report, &host, credential, &Deadline::after(profile.deadline))?;
        }
    }
    report.pass(Step::Kerberos);
    Ok(())
}

fn check_ticket(report: &mut Report, principal: Option<&str>, env: &Env) {
    match (principal, ccache::default_cache_owner(env)) {
        (Some(principal), _) => report.fact(Step::Kerberos, "principal", principal.to_owned()),
        (None, Owner::Known(principal)) => report.fact(Step::Kerberos, "principal", principal),
        (None, Owner::Absent | Owner::Unknowable(_)) => {}
    }
    let Some(file) = ccache::cache_file(env, principal) else { return };
    report.fact(Step::Kerberos, "ticket_cache", file.display().to_string());
    let Some(tickets) = klist::tickets(&file) else { return };
    let Some(granting) = tickets.iter().find(|ticket| ticket.is_granting()) else { return };
    let (ends, seal) = (time::whole_seconds(granting.ends), enctype_name(granting.enctype));
    report.fact(Step::Kerberos, "ticket", format!("{} until {ends}, {seal}", granting.service));
    let left = granting.ends.duration_since(time::now());
    if (1..SOON).contains(&left.as_secs()) {
        report.warn(
            Step::Kerberos,
            format!("the ticket ends in {}", span(left)),
            "kinit   (or kinit -R, which renews it)",
        );
    }
    if klist::is_weak(granting.enctype) {
        warn_of_weakness(report, &format!("the ticket is sealed with {seal}"));
    }
}

fn warn_of_weakness(report: &mut Report, what: &str) {
    report.warn(
        Step::Kerberos,
        format!("{what}: Active Directory and MIT Kerberos are disabling it"),
        "create AES keys: set the account to support AES, change its password, then create the keytab again",
    );
}

/// Gets a service ticket as the login does. Nothing is sent to the IdP.
fn ask_for_ticket(report: &mut Report, host: &str, credential: CredentialSource, deadline: &Deadline) -> Result<()> {
    let request = Request { host: host.to_owned(), credential, channel_binding: None };
    match Negotiation::start(request).and_then(|mut negotiation| negotiation.step(None, deadline)) {
        Ok(_) => {
            report.fact(Step::Kerberos, "service", format!("HTTP/{host}: the KDC issues a ticket for it"));
            Ok(())
        }
        // The IdP may redirect to another of its hosts, for which the ticket is needed then.
        Err(Error { code: Code::KdcRefused, what, .. }) => {
            report.fact(Step::Kerberos, "service", format!("HTTP/{host}: {what}"));
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Product names among those to which AD FS offers Kerberos (`Get-AdfsProperties`, WIASupportedUserAgents).
const KNOWN_TO_ADFS: [&str; 4] = ["Trident/7.0", "MSIE ", "MSIPC", "Windows Rights Management Client"];

fn check_user_agent(report: &mut Report, agent: &str) {
    report.fact(Step::Kerberos, "user_agent", agent);
    let is_edge = agent.split_once("Windows NT").is_some_and(|(_, rest)| rest.contains("Edge"));
    if !is_edge && !KNOWN_TO_ADFS.iter().any(|known| agent.contains(known)) {
        report.warn(
            Step::Kerberos,
            "by default AD FS does not offer Kerberos to this `saml.user_agent`",
            "leave `saml.user_agent` out; or, on AD FS: Set-AdfsProperties -WIASupportedUserAgents",
        );
    }
}
