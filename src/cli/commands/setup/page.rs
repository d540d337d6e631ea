//! Opens the identity provider's page without a login, to see which methods it accepts.

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

/// The page, and what it accepts.
pub struct Opened {
    /// `is a login page of SimpleSAMLphp`
    pub in_words: String,
    /// The methods that may work, the best one first.
    pub methods: Vec<&'static Method>,
}

/// Opens the page without a login.
///
/// Errors: those of the request, and a page for which no method is known.
pub fn open(conversation: &mut Conversation<'_>, url: &str) -> Result<Opened> {
    let (setup, env) = (&conversation.setup, conversation.env);
    let mut draft = Draft::of(setup, &conversation.name, &METHODS[0], Some(url.to_owned()));
    draft.ask(setup, &mut conversation.desk, env)?;
    let trial = draft.read_without_role(conversation.explicit, env)?;
    let trace = Trace::default();
    let error = match proof::prove(&trial.profile, &trial.cache, env, &trace) {
        Ok(Proof::Assertion(_) | Proof::Token(_) | Proof::Keys(_)) => {
            let in_words = "issues an assertion without a login".to_owned();
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
    // Only a browser with a person can use such a page.
    let is_for_a_browser = is(&[PageKind::ByScript, PageKind::Captcha, PageKind::SecondFactor]);
    let mut names = Vec::new();
    // AD FS shows its form to clients that it does not take for a browser with Kerberos. With a ticket, Kerberos is worth a try.
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
        (_, offered) => format!("requires a login, and offers {}", offered.join(", ")),
    };
    Ok(Opened { in_words, methods: names.into_iter().filter_map(named).collect() })
}

/// Returns an XPath of the SAML response on a page that has it in an unusual place.
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

/// Whether another method may work after this error.
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
