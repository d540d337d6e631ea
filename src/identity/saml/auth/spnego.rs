//! `auth = "spnego"`: Kerberos by HTTP Negotiate (RFC 4559).
//!
//! A token is sent only in answer to a 401 of an allowed origin. It names that origin's host and is bound to its TLS
//! certificate. The server's token is passed to the security context: a context that does not complete proves nothing
//! (requests_gssapi, and so Airflow, accepts any header there).
//! Serves `principal`, `keytab`, `mutual_authentication`, `channel_bindings`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{NTLM, offered};
use crate::attempt::{Attempt, CountedSecret, Shown};
use crate::config::profile::{ChannelBindings, MutualAuthentication, Spnego};
use crate::error::{Code, Error, Kind, Result, Step, printable};
use crate::gssapi::{CredentialSource, Negotiation, Request};
use crate::http::challenge::in_words;
use crate::http::client::Response;
use crate::http::shown;
use crate::identity::Run;
use crate::identity::saml::ccache::{Owner, default_cache_owner};
use crate::identity::saml::channel_binding::tls_server_end_point;
use crate::identity::secrets;
use crate::quote::shell::command;
use crate::secret::Secret;
use crate::time::Deadline;

pub struct SpnegoAuth {
    settings: Spnego,
    mutual: MutualAuthentication,
    /// The exchange whose token was sent with the last request.
    exchange: Option<Exchange>,
    /// A ticket that the IdP has accepted in this login.
    taken: Option<Taken>,
    /// The attempt with the keytab, once it was used in this run.
    keytab: Option<Attempt>,
}

struct Exchange {
    negotiation: Negotiation,
    is_proven: bool,
    /// The owner of the ticket, if known.
    principal: Option<String>,
    /// Length of the header with the token.
    bytes: usize,
}

/// A ticket that was not answered with 401.
struct Taken {
    principal: Option<String>,
    /// The server has proved its identity.
    is_proven: bool,
}

impl SpnegoAuth {
    /// Without a verified certificate, only the server's token proves its identity: mutual authentication is then required.
    pub fn new(settings: Spnego, verify: bool) -> Self {
        let mutual = if verify { settings.mutual_authentication } else { MutualAuthentication::Required };
        SpnegoAuth { settings, mutual, exchange: None, taken: None, keytab: None }
    }

    pub fn restart(&mut self) {
        self.exchange = None;
    }

    /// The value of `Authorization` that answers this 401.
    pub fn answer_challenge(&mut self, answer: &Response, run: Run<'_>) -> Result<Secret> {
        let Some(challenge) = negotiate(answer) else {
            return Err(not_offered(answer));
        };
        let incoming = decode(&challenge, answer)?;
        let step = match (&mut self.exchange, incoming) {
            // Another leg, or the reason of a refusal: the library decides.
            (Some(exchange), Some(token)) => exchange.negotiation.step(Some(&token), run.deadline)?,
            (Some(_), None) => return Err(rejected(answer)),
            (None, _) => {
                self.begin_with_keytab(run)?;
                let started = Negotiation::start(self.request(answer)?).and_then(|mut negotiation| {
                    let step = negotiation.step(None, run.deadline)?;
                    Ok((negotiation, step))
                });
                if let Some(keytab) = &self.keytab {
                    keytab.settle(what_the_kdc_showed(started.as_ref().map(|_| ())));
                }
                let (negotiation, step) = started.map_err(of_ticket)?;
                let principal = self.principal(run);
                self.exchange = Some(Exchange { negotiation, is_proven: false, principal, bytes: 0 });
                step
            }
        };
        let Some(token) = step.token else { return Err(rejected(answer)) };
        let header = Secret::new(format!("Negotiate {}", STANDARD.encode(token.expose())));
        if let Some(exchange) = &mut self.exchange {
            exchange.bytes = header.expose().len();
        }
        Ok(header)
    }

    /// Verifies the server's token in the answer to a request with our token.
    pub fn check_answer(&mut self, answer: &Response, deadline: &Deadline) -> Result<()> {
        let Some(mut exchange) = self.exchange.take() else { return Ok(()) };
        // 494 is used by nginx.
        if matches!(answer.status, 400 | 413 | 431 | 494) {
            return Err(too_large(answer, exchange.bytes));
        }
        self.taken = Some(Taken { principal: exchange.principal.clone(), is_proven: false });
        if self.mutual == MutualAuthentication::Disabled {
            return Ok(());
        }
        if let Some(token) = negotiate(answer).map(|c| decode(&c, answer)).transpose()?.flatten() {
            let step = exchange.negotiation.step(Some(&token), deadline)?;
            exchange.is_proven = step.complete && step.mutual;
            if !exchange.is_proven {
                return Err(unproven(answer, "its token does not complete the exchange"));
            }
            self.taken = Some(Taken { principal: exchange.principal.clone(), is_proven: true });
        }
        // An error page does not claim to be proven: its status is the better message.
        if self.mutual == MutualAuthentication::Required && !exchange.is_proven && answer.status < 400 {
            return Err(unproven(answer, "it sent no token")
                .hint("if this IdP never sends one, set `saml.mutual_authentication = \"optional\"` (not with `verify = false`)"));
        }
        Ok(())
    }

    /// Records the attempt with the keytab: the KDC counts wrong keys like wrong passwords.
    fn begin_with_keytab(&mut self, run: Run<'_>) -> Result<()> {
        if let Some(keytab) = self.settings.keytab.as_deref().filter(|_| self.keytab.is_none()) {
            let keytab = CountedSecret::keytab(secrets::keytab(keytab)?);
            let carried = keytab.send(run.ledger, |_| Secret::new(String::new()))?;
            self.keytab = carried.attempts().first().cloned();
        }
        Ok(())
    }

    /// Adds why a login page came in spite of Kerberos.
    pub fn login_page(&self, error: Error) -> Error {
        let Some(Taken { principal, is_proven }) = &self.taken else {
            return error
                .because("the IdP did not ask for Kerberos, or offers it only to browsers it knows by their User-Agent")
                .hint("set `saml.user_agent` to one that the IdP's administrator allows, or `saml.auth = \"form\"`");
        };
        let whose =
            principal.as_ref().map(|principal| format!(" of {}", printable(principal, 100))).unwrap_or_default();
        let outcome = if *is_proven { "took" } else { "did not refuse" };
        error
            .because(format!("the IdP {outcome} the Kerberos ticket{whose}, but denies the login: it knows no account of that name"))
            .hint("ask the IdP's administrator whether that account exists there, and under which name; `klist` shows your principal")
    }

    fn principal(&self, run: Run<'_>) -> Option<String> {
        match (&self.settings.principal, default_cache_owner(run.env)) {
            (Some(principal), _) => Some(principal.clone()),
            (None, Owner::Known(principal)) => Some(principal),
            (None, Owner::Absent | Owner::Unknowable(_)) => None,
        }
    }

    fn request(&self, answer: &Response) -> Result<Request> {
        let host = answer.url.host_str().unwrap_or_default().to_owned();
        let credential = match (&self.settings.keytab, &self.settings.principal) {
            (Some(keytab), Some(principal)) => {
                CredentialSource::Keytab { path: keytab.clone(), principal: principal.clone() }
            }
            (_, Some(principal)) => CredentialSource::Principal(principal.clone()),
            (_, None) => CredentialSource::Default,
        };
        let channel_binding = match self.settings.channel_bindings {
            ChannelBindings::Auto => answer.peer_certificate.as_deref().and_then(tls_server_end_point),
            ChannelBindings::None => None,
        };
        Ok(Request { host, credential, channel_binding })
    }
}

/// Without a ticket no server was asked, so the failure is local; failures of the KDC belong to the login.
fn of_ticket(error: Error) -> Error {
    match error.kind() {
        Kind::LoginRequired => error.at(Step::Local),
        Kind::Usage
        | Kind::Configuration
        | Kind::Storage
        | Kind::Internal
        | Kind::Unusable
        | Kind::Unavailable
        | Kind::Refused => error,
    }
}

/// What an attempt with a keytab showed. The KDC says so if it counts a key as wrong; any other failure cost no attempt.
fn what_the_kdc_showed(outcome: std::result::Result<(), &Error>) -> Shown {
    match outcome.map_err(|error| error.code) {
        Ok(()) => Shown::Accepted,
        Err(Code::KeytabRefused) => Shown::Refused,
        Err(Code::Timeout) => Shown::NoVerdict,
        Err(_) => Shown::NotSent,
    }
}

/// The token of the `Negotiate` challenge; empty if it has none.
fn negotiate(answer: &Response) -> Option<String> {
    offered(answer).iter().find(|challenge| challenge.is("negotiate")).map(|challenge| challenge.token.to_owned())
}

fn decode(token: &str, answer: &Response) -> Result<Option<Vec<u8>>> {
    if token.is_empty() {
        return Ok(None);
    }
    let token = STANDARD.decode(token).map_err(|_| unproven(answer, "its token is not base64"))?;
    // [MS-NLMP] §2.2.1: how each of its messages begins.
    if token.starts_with(b"NTLMSSP\0") {
        let host = answer.url.host_str().unwrap_or_default();
        let at = shown(&answer.url);
        return Err(Error::new(
            Code::NegotiateNotOffered,
            format!("the IdP at {at} uses NTLM where it offers Negotiate"),
        )
        .because(
            "its token begins with NTLMSSP: it cannot use the Kerberos ticket, or its service principal is missing",
        )
        .hint(format!(
            "have HTTP/{host} registered for the account that the IdP runs as: `{}` (Active Directory)",
            command(["setspn", "-S", &format!("HTTP/{host}"), "ACCOUNT"])
        )));
    }
    Ok(Some(token))
}

fn not_offered(answer: &Response) -> Error {
    let offered = offered(answer);
    let error = Error::new(
        Code::NegotiateNotOffered,
        format!("the IdP at {} requires a login but does not offer Kerberos", shown(&answer.url)),
    )
    .because(format!("its 401 offers {}, not Negotiate", in_words(&offered)));
    if !offered.is_empty() && offered.iter().all(|challenge| challenge.is("ntlm")) {
        return error.hint(NTLM);
    }
    error.hint(
        "AD FS offers it only to browsers it knows: set `saml.user_agent`; or set `saml.auth` to the method that \
        the IdP requires",
    )
}

/// The error of a header that is too long, which servers answer with various statuses: a ticket lists all groups of its account.
fn too_large(answer: &Response, bytes: usize) -> Error {
    let (at, status) = (shown(&answer.url), answer.status);
    Error::new(
        Code::KerberosTicketTooLarge,
        format!("the IdP at {at} rejects the request with the Kerberos ticket (HTTP {status})"),
    )
    .because(format!("most often the ticket is too large for the server: its size is {bytes} bytes, and more with every group of the account"))
}

fn rejected(answer: &Response) -> Error {
    Error::new(Code::KerberosRejected, format!("the IdP at {} refused the Kerberos ticket", shown(&answer.url)))
        .because("it answered HTTP 401 to a ticket for its own service")
        .hint("check your principal with `klist`; the IdP's administrator finds the reason in the server's log")
}

fn unproven(answer: &Response, why: &str) -> Error {
    Error::new(Code::MutualAuthFailed, format!("the IdP at {} did not prove its identity", shown(&answer.url)))
        .because(why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    fn answer(status: u16, headers: &[&str]) -> Response {
        Response {
            url: url::Url::parse("https://idp.example.com/sso").unwrap(),
            status,
            location: None,
            refresh: None,
            www_authenticate: headers.iter().map(|header| (*header).to_owned()).collect(),
            content_type: None,
            retry_after: None,
            date: None,
            body: Zeroizing::default(),
            peer_certificate: None,
        }
    }

    #[test]
    fn a_challenge_is_found_behind_a_quoted_comma_and_ntlm_is_told_from_kerberos() {
        let found = answer(401, &["Basic realm=\"Corp, Negotiate zone\", Negotiate YII="]);
        assert_eq!(negotiate(&found).as_deref(), Some("YII="));
        assert_eq!(negotiate(&answer(401, &["Basic realm=\"a, Negotiate\""])), None);

        let ntlm = format!("Negotiate {}", STANDARD.encode(b"NTLMSSP\0\x02\0\0\0"));
        let answer = answer(401, &[&ntlm]);
        let error = decode(&negotiate(&answer).unwrap(), &answer).unwrap_err();
        assert_eq!(error.code, Code::NegotiateNotOffered);
        assert!(error.what.contains("NTLM"), "{error:?}");
    }

    #[test]
    fn what_is_offered_in_place_of_kerberos_is_named() {
        for (headers, named, hint) in [
            (&["NTLM"][..], "offers NTLM,", "browser"),
            (&["Basic realm=\"x\"", "NTLM"], "offers Basic and NTLM,", "saml.user_agent"),
            (&[], "offers no scheme,", "saml.user_agent"),
        ] {
            let error = not_offered(&answer(401, headers));
            assert!(error.causes[0].contains(named) && error.hint.as_deref().unwrap().contains(hint), "{error:?}");
        }
    }
}
