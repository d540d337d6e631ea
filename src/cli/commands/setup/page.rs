//! What the identity provider's page wants, found out by opening it without a login.

use std::time::Duration;

use super::conversation::Conversation;
use super::draft::Draft;
use super::method::{METHODS, Method, named};
use crate::acquire::proof::{self, Proof};
use crate::cli::prompt;
use crate::config::profile::{DEFAULT_XPATH, Parser};
use crate::error::{Code, Error, Result};
use crate::identity::saml::ccache::{self, Owner};
use crate::identity::saml::extract::{self, PageKind, XPath};
use crate::identity::saml::response::Response;
use crate::identity::trace::{LastPage, Trace};

/// What was seen.
pub struct Opened {
    /// `is a login page of SimpleSAMLphp`
    pub in_words: String,
    /// The methods that may do, the best one first.
    pub methods: Vec<&'static Method>,
}

/// Opens the page without a login.
///
/// Errors: what keeps a browser from opening it too, and a page that wants nothing that is known here.
pub fn open(conversation: &mut Conversation<'_>, url: &str) -> Result<Opened> {
    let (setup, env) = (&conversation.setup, conversation.env);
    let mut draft = Draft::of(setup, &conversation.name, &METHODS[0], Some(url.to_owned()));
    draft.ask(setup, &mut conversation.desk, env)?;
    let trial = draft.read_without_role(conversation.explicit, env)?;
    let trace = Trace::default();
    let error = match proof::prove(&trial.profile, &trial.cache, env, &trace) {
        Ok(Proof::Assertion(_) | Proof::Token(_) | Proof::Keys(_)) => {
            let in_words = "gives an assertion without asking who you are".to_owned();
            return Ok(Opened { in_words, methods: vec![&METHODS[0]] });
        }
        Err(error) => error,
    };
    let hops = trace.hops();
    let Some(last) = hops.last() else { return Err(error) };
    let offers = |scheme: &str| last.offered.iter().any(|offered| offered.eq_ignore_ascii_case(scheme));
    let has_ticket = matches!(ccache::default_cache_owner(env), Owner::Known(_) | Owner::Unknowable(_));
    let sight = trace.last_sight();
    let is = |kinds: &[PageKind]| sight.as_ref().is_some_and(|sight| kinds.contains(&sight.kind));
    let is_form = is(&[PageKind::Login, PageKind::UserName]);
    // Nothing here reads such a page, and a person can.
    let is_for_a_browser = is(&[PageKind::ByScript, PageKind::Captcha, PageKind::SecondFactor]);
    let mut names = Vec::new();
    // AD FS shows its form to who does not look like a browser that knows Kerberos: with a ticket that is worth a try.
    if offers("negotiate") || (is_form && has_ticket) {
        names.push("spnego");
    }
    if is_form {
        names.push("form");
    }
    if offers("basic") {
        names.push("basic");
    }
    if !has_ticket && names.len() > 1 {
        names.rotate_left(1);
    }
    if is_for_a_browser && prompt::terminal().is_ok() {
        names.push("browser");
    }
    if names.is_empty() {
        return Err(error);
    }
    let in_words = match (sight, last.offered.as_slice()) {
        (Some(sight), _) if is_form || is_for_a_browser => sight.in_words,
        (_, offered) => format!("wants a login, and offers {}", offered.join(", ")),
    };
    Ok(Opened { in_words, methods: names.into_iter().filter_map(named).collect() })
}

/// The expression for the SAML response on a page that has one where nobody looks by default.
pub fn xpath(page: LastPage) -> Option<String> {
    let standard = XPath::parse(DEFAULT_XPATH, Parser::Html).ok()?;
    let page = extract::read(page.body.to_vec(), page.content_type, &standard, Duration::from_secs(5)).ok()?;
    let inputs = page.forms.iter().flat_map(|form| &form.inputs);
    let mut carriers = inputs.filter(|input| Response::decode(&input.value).is_ok()).filter_map(|input| {
        let name = input.name.as_deref().filter(|name| !name.contains(['"', '\'']))?;
        Some(format!("//input[@name=\"{name}\"]/@value"))
    });
    carriers.next()
}

/// Whether another method may do where this one failed so.
pub fn is_worth_another(error: &Error) -> bool {
    matches!(
        error.code,
        Code::NegotiateNotOffered
            | Code::LoginPage
            | Code::NoKerberosTicket
            | Code::KerberosTicketExpired
            | Code::GssapiMissing
            | Code::KdcRefused
            | Code::KdcUnreachable
            | Code::KerberosRejected
    )
}
