//! `auth = "spnego"`: Kerberos by HTTP Negotiate (RFC 4559).
//!
//! A token goes only in answer to a 401 of an allowed origin, names that origin's host, and is bound to its TLS
//! certificate. The server's own token is stepped through, not only looked for: a context that does not complete proves
//! nothing (requests_gssapi, and so Airflow, accepts any header there).
//! Serves `principal`, `keytab`, `mutual_authentication`, `channel_bindings`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::config::profile::{ChannelBindings, MutualAuthentication, Spnego};
use crate::error::{Code, Error, Result};
use crate::gssapi::{CredentialSource, Negotiation, Request};
use crate::http::client::Response;
use crate::http::shown;
use crate::identity::Run;
use crate::identity::saml::channel_binding::tls_server_end_point;
use crate::identity::secrets;
use crate::secret::Secret;
use crate::time::Deadline;

pub struct SpnegoAuth {
    settings: Spnego,
    mutual: MutualAuthentication,
    /// The exchange whose token went out with the last request.
    exchange: Option<Exchange>,
    /// The keytab's key has been shown to the KDC in this run.
    keytab_spent: bool,
}

struct Exchange {
    negotiation: Negotiation,
    is_proven: bool,
}

impl SpnegoAuth {
    /// Without a verified certificate only the server's own token can tell who answers: it is then required.
    pub fn new(settings: Spnego, verify: bool) -> Self {
        let mutual = if verify { settings.mutual_authentication } else { MutualAuthentication::Required };
        SpnegoAuth { settings, mutual, exchange: None, keytab_spent: false }
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
            // A further leg, or the reason of a refusal: the library knows which.
            (Some(exchange), Some(token)) => exchange.negotiation.step(Some(&token), run.deadline)?,
            (Some(_), None) => return Err(rejected(answer)),
            (None, _) => {
                self.spend_keytab(run)?;
                let mut negotiation = Negotiation::start(self.request(answer)?)?;
                let step = negotiation.step(None, run.deadline)?;
                if self.keytab_spent {
                    // The KDC has given a ticket for it.
                    run.watch.accepted();
                }
                self.exchange = Some(Exchange { negotiation, is_proven: false });
                step
            }
        };
        let Some(token) = step.token else { return Err(rejected(answer)) };
        Ok(Secret::new(format!("Negotiate {}", STANDARD.encode(token.expose()))))
    }

    /// Verifies the server's token in the answer to a request that carried ours.
    pub fn check_answer(&mut self, answer: &Response, deadline: &Deadline) -> Result<()> {
        let Some(mut exchange) = self.exchange.take() else { return Ok(()) };
        if self.mutual == MutualAuthentication::Disabled {
            return Ok(());
        }
        if let Some(token) = negotiate(answer).map(|c| decode(&c, answer)).transpose()?.flatten() {
            let step = exchange.negotiation.step(Some(&token), deadline)?;
            exchange.is_proven = step.complete && step.mutual;
            if !exchange.is_proven {
                return Err(unproven(answer, "its token does not complete the exchange"));
            }
        }
        // An error page proves nothing and claims nothing: its status is the better message.
        if self.mutual == MutualAuthentication::Required && !exchange.is_proven && answer.status < 400 {
            return Err(unproven(answer, "it sent no token of its own")
                .hint("if this IdP never sends one, set `saml.mutual_authentication = \"optional\"` (not with `verify = false`)"));
        }
        Ok(())
    }

    /// A keytab is spent like a password: the KDC counts wrong keys, too. Only now is it about to be asked.
    fn spend_keytab(&mut self, run: Run<'_>) -> Result<()> {
        if let Some(keytab) = self.settings.keytab.as_deref().filter(|_| !self.keytab_spent) {
            run.watch.spend(&secrets::keytab(keytab)?)?;
            self.keytab_spent = true;
        }
        Ok(())
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

/// What follows `Negotiate` in the challenge; empty when nothing does. Other schemes (NTLM) are passed over.
fn negotiate(answer: &Response) -> Option<String> {
    answer.www_authenticate.iter().flat_map(|header| header.split(',')).find_map(|challenge| {
        let mut words = challenge.split_whitespace();
        let scheme = words.next()?;
        scheme.eq_ignore_ascii_case("negotiate").then(|| words.next().unwrap_or_default().to_owned())
    })
}

fn decode(token: &str, answer: &Response) -> Result<Option<Vec<u8>>> {
    if token.is_empty() {
        return Ok(None);
    }
    STANDARD.decode(token).map(Some).map_err(|_| unproven(answer, "its token is not base64"))
}

fn not_offered(answer: &Response) -> Error {
    Error::new(
        Code::NegotiateNotOffered,
        format!("the IdP at {} wants a login but does not offer Kerberos", shown(&answer.url)),
    )
    .because("its 401 has no `WWW-Authenticate: Negotiate`")
    .hint("AD FS offers it only to browsers it knows: set `saml.user_agent`; or set `saml.auth` to what the IdP wants")
}

fn rejected(answer: &Response) -> Error {
    Error::new(Code::KerberosRejected, format!("the IdP at {} refused the Kerberos ticket", shown(&answer.url)))
        .because("it answered HTTP 401 to a ticket for its own service")
        .hint("check with `klist` who you are to the IdP; its administrator finds the reason in the server's log")
}

fn unproven(answer: &Response, why: &str) -> Error {
    Error::new(Code::MutualAuthFailed, format!("the IdP at {} did not prove who it is", shown(&answer.url)))
        .because(why)
}
