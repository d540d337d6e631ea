//! Where the conversation leads: the targets of forms, addresses, and the origins that may receive what is sent.

use url::Url;

use super::Login;
use crate::error::{Code, Error, Result, printable};
use crate::http::client::{Request, Response};
use crate::http::{shown, shown_path};
use crate::identity::saml::auth::filled::Filled;
use crate::identity::saml::exchange::Step;
use crate::identity::saml::extract::{Method, Page};
use crate::quote::config::toml;

/// Forms to one address. A hub takes at most two, a wizard one for each of its pages.
const MAX_SUBMISSIONS: u32 = 6;

impl Login<'_, '_> {
    pub(super) fn submit(&mut self, page: &Page, filled: Filled, answer: &Response) -> Result<Step> {
        let target = self.action(page, &filled, answer)?;
        let purpose =
            if filled.has_secret() { "the login form would be sent there" } else { "a form would be sent there" };
        self.check_target(&target, purpose)?;
        self.count_submission(&target)?;
        let body = filled.body(self.exchange.run.ledger)?;
        self.exchange.method.sent(body.attempts());
        self.exchange.attempts.extend_from_slice(body.attempts());
        if filled.method == Method::Post {
            let form = Some((body, filled.media_type()));
            return Ok(Step::send(Request { form, ..self.exchange.get(target) }));
        }
        let mut target = target;
        target.set_query(Some(body.expose()));
        Ok(Step::send(self.exchange.get(target)))
    }

    /// Ends a login whose page asks for the same form again and again.
    pub(super) fn count_submission(&mut self, target: &Url) -> Result<()> {
        let at = self.passed.submissions.iter().position(|(url, _)| url == target).unwrap_or_else(|| {
            self.passed.submissions.push((target.clone(), 0));
            self.passed.submissions.len() - 1
        });
        self.passed.submissions[at].1 += 1;
        match self.passed.submissions[at].1 {
            0..=MAX_SUBMISSIONS => Ok(()),
            _ => Err(Error::new(Code::TooManyRedirects, format!("the login repeats itself at {}", shown(target)))
                .because(format!("a form was sent there {MAX_SUBMISSIONS} times, and the same page was returned"))
                .hint("check that `saml.idp_url` works in a browser")),
        }
    }

    /// The target of a form: its action, relative to the page or its `<base>`.
    pub(super) fn action(&self, page: &Page, filled: &Filled, answer: &Response) -> Result<Url> {
        let action = filled.action.as_deref().map(str::trim).unwrap_or_default();
        if action.is_empty() {
            return Ok(answer.url.clone());
        }
        let target = page.resolve(&answer.url, action).ok_or_else(|| bad_target(&answer.url, action))?;
        self.check_downgrade(&answer.url, &target)?;
        Ok(target)
    }

    pub(super) fn resolve(&self, from: &Url, to: &str) -> Result<Url> {
        let mut target = from.join(to.trim()).map_err(|_| bad_target(from, to))?;
        target.set_fragment(None);
        self.check_downgrade(from, &target)?;
        self.exchange.client.check_scheme(&target)?;
        Ok(target)
    }

    pub(super) fn check_downgrade(&self, from: &Url, to: &Url) -> Result<()> {
        if from.scheme() == "https" && to.scheme() != "https" {
            return Err(Error::new(
                Code::OriginNotAllowed,
                format!("{} leads from https to {}", shown(from), shown(to)),
            )
            .because("a login that began with https does not continue without it")
            .hint("ask the IdP's administrator why its login leaves https"));
        }
        Ok(())
    }

    /// Checks that the target of a form may receive a login, over a connection that may carry it.
    pub(super) fn check_target(&self, target: &Url, purpose: &str) -> Result<()> {
        self.exchange.client.check_scheme(target)?;
        if self.exchange.client.is_allowed(target) {
            Ok(())
        } else {
            Err(self.foreign(target, &format!("is not the IdP's: {purpose}")))
        }
    }

    pub(super) fn foreign(&self, url: &Url, what: &str) -> Error {
        let origin = url.origin().ascii_serialization();
        Error::new(Code::OriginNotAllowed, format!("{origin} {what}"))
            .because(format!("the login began at {}", self.saml.idp_url.origin().ascii_serialization()))
            .hint(format!("if that server belongs to your IdP, add it: `saml.idp_origins = [{}]`", toml(&origin)))
    }
}

fn bad_target(from: &Url, to: &str) -> Error {
    // The query of a relative address may hold secrets: only the path is shown.
    let path = shown_path(to);
    Error::new(
        Code::HttpUnexpected,
        format!("the page at {} leads to {:?}, which is not an address", shown(from), printable(&path, 80)),
    )
}
