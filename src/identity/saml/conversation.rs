//! The conversation with an identity provider, from `idp_url` to an assertion for AWS.
//!
//! `Login::next` decides what follows an answer, without sending anything; `exchange` is the only loop that sends. It handles
//! redirects, challenges, login forms, pages that submit themselves, and hubs whose own SAML response leads to the one for AWS.
//! `http::client` decides which origin gets what; here every target of a secret is checked once more.

mod target;

use std::time::Duration;

use url::Url;

use super::auth::filled::Filled;
use super::auth::not_asked;
use super::authn_request;
use super::diagnosis;
use super::exchange::{Assertion, Exchange, Step};
use super::extract::{self, Page, PageKind, XPath};
use super::remembered::Remembered;
use super::response::{self, Response as SamlResponse, is_aws_sign_in};
use crate::attempt::{Carried, take_secrets_out_of};
use crate::config::profile::{AuthnRequest, Saml};
use crate::error::{Code, Error, Result};
use crate::http::client::{Request, Response};
use crate::http::shown;
use crate::identity::Run;
use crate::secret::Secret;
use crate::time;

/// Limit for reading one page.
const MAX_READING: Duration = Duration::from_secs(3);

/// Logs in and returns the assertion for AWS. One deadline covers everything in it.
pub async fn log_in(saml: &Saml, run: Run<'_>) -> Result<Assertion> {
    converse(None, saml, run).await
}

/// The same, beginning at `page`.
pub async fn log_in_from(page: Url, saml: &Saml, run: Run<'_>) -> Result<Assertion> {
    converse(Some(page), saml, run).await
}

async fn converse(page: Option<Url>, saml: &Saml, run: Run<'_>) -> Result<Assertion> {
    let mut exchange = Exchange::new(saml, run)?;
    let xpath = XPath::parse(&saml.xpath, saml.parser)?;
    let keeps_device = saml.auth.facts().keeps_cookies;
    // A person who types the password wants it checked: cookies could log in without it.
    if keeps_device && run.typed.is_none() {
        exchange.client.restore_cookies(&Remembered::load(run.state).cookies);
    }
    let first = match page {
        Some(page) => exchange.get(page),
        None => first(saml, &mut exchange)?,
    };
    let mut passed = Passed::default();
    let next = |exchange: &mut Exchange<'_>, sent, answer| {
        Login { saml, exchange, xpath: &xpath, passed: &mut passed }.next(sent, answer)
    };
    let outcome = exchange.until_done(first, next).await;
    exchange.forget_where_it_was_asked_for();
    let assertion = outcome?;
    if keeps_device {
        remember_device(&exchange);
    }
    Ok(assertion)
}

fn first(saml: &Saml, exchange: &mut Exchange<'_>) -> Result<Request> {
    let first = match saml.authn_request {
        AuthnRequest::None => exchange.get(saml.idp_url.to_url()),
        AuthnRequest::Redirect => exchange.get(authn_request::redirect(saml)?),
        AuthnRequest::Post => {
            let (url, form) = authn_request::post(saml)?;
            let body = (Carried::plain(form), "application/x-www-form-urlencoded".to_owned());
            Request { form: Some(body), ..exchange.get(url) }
        }
    };
    Ok(Request { is_first: true, ..first })
}

fn remember_device(exchange: &Exchange<'_>) {
    let cookies = exchange.client.lasting_cookies();
    let before = Remembered::load(exchange.run.state);
    if !cookies.is_empty() || !before.cookies.is_empty() {
        Remembered { cookies, ..before }.save(exchange.run.state);
    }
}

/// Decides on the next step.
struct Login<'l, 'a> {
    saml: &'l Saml,
    exchange: &'l mut Exchange<'a>,
    xpath: &'l XPath,
    passed: &'l mut Passed,
}

/// What a login has passed so far.
#[derive(Default)]
struct Passed {
    /// How often a form was sent to each target.
    submissions: Vec<(Url, u32)>,
    /// Frames whose page was requested.
    frames: Vec<Url>,
}

impl Login<'_, '_> {
    fn next(&mut self, sent: Request, answer: Response) -> Result<Step> {
        if answer.status == 401 {
            return self.challenge(sent, answer);
        }
        self.exchange.method.check_answer(&answer, self.exchange.run.deadline)?;
        match answer.status {
            301 | 302 | 303 | 307 | 308 => self.redirect(sent, &answer),
            // A refused form may come back with an error status.
            200..=299 | 400 | 403 | 422 if !answer.body.is_empty() || answer.status < 300 => self.page(answer),
            _ => Err(status_error(&answer)),
        }
    }

    fn challenge(&mut self, sent: Request, answer: Response) -> Result<Step> {
        if !self.exchange.client.is_allowed(&answer.url) {
            return Err(self.foreign(&answer.url, "requires a login"));
        }
        if sent.authorization.is_none()
            && let Some(authorization) = self.exchange.asked_for_it(&answer)?
        {
            return Ok(Step::send(Request { authorization: Some(authorization), ..sent }));
        }
        match self.exchange.method.answer_challenge(&answer, self.exchange.run)? {
            None => self.page(answer),
            Some(authorization) => Ok(Step::send(Request { authorization: Some(authorization), ..sent })),
        }
    }

    fn redirect(&mut self, sent: Request, answer: &Response) -> Result<Step> {
        if !self.saml.http.follow_redirects {
            return Err(Error::new(
                Code::HttpUnexpected,
                format!("the IdP at {} redirects, and the connection forbids following redirects", shown(&answer.url)),
            )
            .hint("remove allow_redirects from idp_request_kwargs"));
        }
        let target = answer.location.as_deref().ok_or_else(|| {
            Error::new(Code::HttpUnexpected, format!("the IdP at {} redirects without a target", shown(&answer.url)))
        })?;
        let target = self.resolve(&answer.url, target)?;
        if is_aws_sign_in(target.as_str())
            && let Some((_, encoded)) = target.query_pairs().find(|(name, _)| name == "SAMLResponse")
        {
            let (encoded, response) = SamlResponse::decode_redirected(&encoded)?;
            return Ok(Step::Done(Box::new(Assertion { encoded, response, idp_time: answer.date })));
        }
        let keeps_the_form = matches!(answer.status, 307 | 308) && sent.form.is_some();
        if !keeps_the_form {
            return Ok(Step::send(self.exchange.get(target)));
        }
        if sent.form.as_ref().is_some_and(|(body, _)| body.has_secret()) {
            return Err(Error::new(
                Code::HttpUnexpected,
                format!("the IdP at {} redirects the login form to another address", shown(&answer.url)),
            )
            .because(format!("HTTP {} to {}; a password is sent once", answer.status, shown(&target))));
        }
        self.check_target(&target, "a form would be sent there")?;
        Ok(Step::send(Request { form: sent.form, ..self.exchange.get(target) }))
    }

    fn page(&mut self, mut answer: Response) -> Result<Step> {
        if let Some(trace) = self.exchange.run.trace {
            trace.came(&answer);
        }
        let body = std::mem::take(&mut *answer.body);
        let is_empty = body.iter().all(u8::is_ascii_whitespace);
        let limit = MAX_READING.min(self.exchange.run.deadline.remaining());
        let mut page = extract::read(body, answer.content_type.clone(), self.xpath, limit)?;
        page.title.iter_mut().chain(&mut page.summary.says).chain(&mut page.texts).for_each(take_secrets_out_of);
        if let Some(trace) = self.exchange.run.trace {
            trace.read(&page, &answer.url);
        }
        if let Some(encoded) = page.saml_response.take() {
            return self.found(encoded, &page, &answer);
        }
        let is_allowed = self.exchange.client.is_allowed(&answer.url);
        if !is_allowed && self.exchange.method.fills_forms() && page.summary.kind.asks() {
            // The author of that page chose what is sent with a secret, and where it goes next (CWE-601).
            return Err(diagnosis::told(
                self.foreign(&answer.url, "is not the IdP's, and its page asks for a login"),
                &page,
            ));
        }
        if let Some(filled) = self.exchange.method.fill(&page, &answer.url)? {
            return self.submit(&page, filled, &answer);
        }
        if let Some(elsewhere) = page.elsewhere.take().filter(|_| is_allowed) {
            return self.found_elsewhere(elsewhere, &page, &answer);
        }
        if page.summary.kind == PageKind::PassesOn
            && let Some((index, button)) = page.sends_itself
        {
            let filled = Filled::new(&page, index, Vec::new(), button);
            // A form for AWS without a SAML response is not sent.
            if !self.action(&page, &filled, &answer).is_ok_and(|target| is_aws_sign_in(target.as_str())) {
                filled.check(&answer.url)?;
                return self.submit(&page, filled, &answer);
            }
        }
        if answer.status == 401 {
            let error = not_asked(&answer);
            return Err(if self.exchange.attempts.is_empty() {
                error
            } else {
                diagnosis::says_itself(after_the_secret(error, &answer), &page)
            });
        }
        if answer.status >= 400 {
            return Err(diagnosis::says_itself(status_error(&answer), &page));
        }
        let refresh = || answer.refresh.as_deref().and_then(extract::refresh_target);
        if let Some(target) = page.meta_refresh.take().or_else(refresh) {
            let target = self.resolve(&answer.url, &target)?;
            return Ok(Step::send(self.exchange.get(target)));
        }
        if let Some(frame) = self.frame(&page, &answer.url) {
            return Ok(Step::send(self.exchange.get(frame)));
        }
        Err(diagnosis::nothing_found(&page, &answer.url, &self.saml.xpath, is_empty))
    }

    /// The IdP's page in the frame of an otherwise empty page. A browser loads it as well.
    fn frame(&mut self, page: &Page, url: &Url) -> Option<Url> {
        let frame = page.frame.as_deref().and_then(|src| page.resolve(url, src))?;
        let is_shell = matches!(page.summary.kind, PageKind::Other | PageKind::ByScript);
        let is_ours = self.exchange.client.is_allowed(&frame) && self.exchange.client.check_scheme(&frame).is_ok();
        let is_new = is_shell && is_ours && !self.passed.frames.contains(&frame);
        if is_new {
            self.passed.frames.push(frame.clone());
        }
        is_new.then_some(frame)
    }

    /// A SAML response is on the page: the one for AWS, or one for a hub that leads to it.
    fn found(&mut self, encoded: Secret, page: &Page, answer: &Response) -> Result<Step> {
        let mut response = SamlResponse::decode(&encoded)?;
        let carrier =
            page.forms.iter().position(|f| f.inputs.iter().any(|i| i.value.expose().trim() == encoded.expose()));
        let carrier = carrier.map(|index| Filled::new(page, index, Vec::new(), None));
        let target = carrier.as_ref().and_then(|filled| self.action(page, filled, answer).ok());
        let is_for_aws = response.is_for_aws() || target.as_ref().is_some_and(|t| is_aws_sign_in(t.as_str()));
        let (Some(filled), Some(target), false) = (carrier, target, is_for_aws) else {
            let encoded = response::canonical(encoded);
            return Ok(Step::Done(Box::new(Assertion { encoded, response, idp_time: answer.date })));
        };
        if !response.is_success() {
            response.status_message.iter_mut().for_each(take_secrets_out_of);
            response.preflight(time::now())?;
        }
        if !self.exchange.client.is_allowed(&target) {
            return Err(self.foreign(&target, "would be sent the IdP's SAML response, which is not for AWS"));
        }
        tracing::info!(target = shown(&target), "a SAML response for another service is passed on");
        filled.check(&answer.url)?;
        self.submit(page, filled, answer)
    }

    /// A response outside of the expression's result is taken if it is for AWS.
    fn found_elsewhere(&mut self, elsewhere: extract::Elsewhere, page: &Page, answer: &Response) -> Result<Step> {
        let place = elsewhere.place.in_words();
        match SamlResponse::decode(&elsewhere.encoded) {
            Ok(response) if response.is_for_aws() => {
                tracing::info!(place, "the SAML response is not where `saml.xpath` looks");
                let encoded = response::canonical(elsewhere.encoded);
                Ok(Step::Done(Box::new(Assertion { encoded, response, idp_time: answer.date })))
            }
            Ok(_) | Err(_) => {
                let error = diagnosis::nothing_found(page, &answer.url, &self.saml.xpath, false);
                let error = error
                    .because(format!("a SAML response seems to be {place} of the page, and it is not one for AWS"));
                Err(error.hint("set `saml.auth = \"browser\"`, which logs in with a browser of this machine"))
            }
        }
    }
}

/// The error of a 401 without a login form, after a form with a secret was sent. It shows what the server takes, and nothing
/// about the secret (RFC 9110 §11.6.1). `asked` is the error if none was sent.
fn after_the_secret(asked: Error, answer: &Response) -> Error {
    let error = if answer.www_authenticate.is_empty() {
        status_error(answer).hint("log in at `saml.idp_url` in a browser, to check the password and what follows it")
    } else {
        asked
    };
    error.because("it followed the login form, and does not show whether the password is right")
}

pub(super) fn status_error(answer: &Response) -> Error {
    let at = shown(&answer.url);
    match answer.status {
        403 => Error::new(Code::IdpForbidden, format!("the IdP at {at} denies access (HTTP 403)"))
            .hint("ask the IdP's administrator whether you may use its application for AWS"),
        429 | 500..=599 => Error::new(Code::Http5xx, format!("the IdP at {at} failed (HTTP {})", answer.status)),
        404 | 410 => Error::new(Code::HttpUnexpected, format!("the IdP has no page at {at} (HTTP {})", answer.status))
            .hint("check `saml.idp_url`: open it in a browser"),
        status => Error::new(Code::HttpUnexpected, format!("the IdP at {at} answered HTTP {status}"))
            .hint("check `saml.idp_url`: open it in a browser"),
    }
}
