//! The loop of a login over HTTP: sends a request, again if that does no harm, then the request that follows from the answer,
//! until there is an assertion. `conversation` and `ecp` decide what to send. Serves `[saml.retry]`.

use url::Url;

use super::auth::Method;
use super::remembered::Remembered;
use super::response::Response as SamlResponse;
use crate::attempt::{Attempt, Carried, take_secrets_out_of};
use crate::config::profile::{Auth, Saml};
use crate::error::{Code, Error, Result};
use crate::http::client::{Client, Request, Response};
use crate::http::retry::Retries;
use crate::http::shown;
use crate::identity::Run;
use crate::identity::verdict::{self, Sign};
use crate::secret::Secret;
use crate::time::{self, Timestamp};

/// Requests of one login. Real logins take fewer than ten.
const MAX_HOPS: u32 = 30;
/// How often an address that had the secret of `Authorization` gets it again: once for each leg of a flow below one path.
const MAX_AGAIN: u32 = 3;

#[derive(Debug)]
pub struct Assertion {
    /// Base64 for STS. The encoded document is unchanged, byte for byte.
    pub encoded: Secret,
    pub response: SamlResponse,
    /// The IdP's clock at that time.
    pub idp_time: Option<Timestamp>,
}

impl Assertion {
    /// Refuses an assertion that STS would certainly refuse, by the IdP's clock if known.
    pub fn preflight(&self) -> Result<()> {
        self.response.preflight(self.idp_time.unwrap_or_else(time::now))
    }
}

/// What follows an answer.
pub enum Step {
    Send(Box<Request>),
    Done(Box<Assertion>),
}

impl Step {
    pub fn send(request: Request) -> Self {
        Step::Send(Box::new(request))
    }
}

/// One login with an identity provider.
pub struct Exchange<'a> {
    pub client: Client,
    pub method: Method<'a>,
    pub run: Run<'a>,
    /// All attempts of this login.
    pub attempts: Vec<Attempt>,
    retries: Retries,
    /// The addresses that received a secret in `Authorization`.
    shown_to: Vec<Url>,
    /// How often an address received the secret again.
    again: u32,
    /// The address that asked for the password in the last login after another address had received it: now it goes to this one.
    asks_at: Option<Url>,
}

impl<'a> Exchange<'a> {
    pub fn new(saml: &Saml, run: Run<'a>) -> Result<Self> {
        let method = Method::new(saml, run)?;
        let is_negotiate = saml.auth.facts().ticket.is_some();
        let client = Client::new(saml.http.clone(), &saml.idp_url, default_user_agent(&saml.auth), is_negotiate);
        let retries = Retries::new(saml.retry.clone());
        let asks_at = if method.is_shown_once() { Remembered::load(run.state).asks_at } else { None };
        Ok(Exchange { client, method, run, attempts: Vec::new(), retries, shown_to: Vec::new(), again: 0, asks_at })
    }

    /// Makes a request to `url`, with the header of the method.
    pub fn get(&mut self, url: Url) -> Request {
        let authorization = if self.is_for(&url) { self.show_to(&url) } else { None };
        Request { url, form: None, soap: None, authorization, is_first: false }
    }

    /// Whether an address receives the secret in `Authorization` before it asks.
    ///
    /// A password is sent to the first address only: each further one may count it as another try, and one that redirects to
    /// itself may do so repeatedly. A token is sent to every address, since gateways redirect requests without it.
    fn is_for(&mut self, url: &Url) -> bool {
        if self.method.is_shown_once() {
            return self.shown_to.is_empty() && self.asks_at.as_ref().is_none_or(|at| *at == place(url));
        }
        if self.shown_to.contains(url) {
            return false;
        }
        let was_there = self.shown_to.iter().any(|before| place(before) == place(url));
        self.again += u32::from(was_there);
        self.again <= MAX_AGAIN
    }

    fn show_to(&mut self, url: &Url) -> Option<Carried> {
        let header = authorization(&self.method, &mut self.attempts)?;
        self.shown_to.push(url.clone());
        Some(header)
    }

    /// Returns the header for an address that answered 401 to a request without it. `None` if the method has none for it.
    ///
    /// Errors: it asked too often, or another address has already received the password, which is sent once in a login.
    pub fn asked_for_it(&mut self, answer: &Response) -> Result<Option<Carried>> {
        let url = &answer.url;
        if !self.method.is_asked_for(answer) {
            return Ok(None);
        }
        let was_there = self.shown_to.iter().any(|before| place(before) == place(url));
        if self.method.is_shown_once() && !was_there && !self.shown_to.is_empty() {
            let before = Remembered::load(self.run.state);
            Remembered { asks_at: Some(place(url)), ..before }.save(self.run.state);
            return Err(Error::new(
                Code::HttpUnexpected,
                format!("the IdP at {} asks for the password, too", shown(url)),
            )
            .because(format!(
                "it was already sent to {}, which redirected there; it is sent only once in a login",
                shown(&self.shown_to[0])
            ))
            .hint("run it again: the next login sends the password there instead"));
        }
        self.again += u32::from(was_there);
        match self.again > MAX_AGAIN {
            true => Err(round_in_circles(url)
                .because("it asks for the password repeatedly, and never says whether it is right")),
            false => Ok(self.show_to(url)),
        }
    }

    /// Forgets the stored address for the password if that address did not ask for it.
    pub fn forget_where_it_was_asked_for(&self) {
        if self.asks_at.is_some() && self.shown_to.is_empty() {
            Remembered { asks_at: None, ..Remembered::load(self.run.state) }.save(self.run.state);
        }
    }

    /// Sends `first`, and then the request that `next` returns for each answer.
    pub async fn until_done(
        &mut self,
        first: Request,
        mut next: impl FnMut(&mut Self, Request, Response) -> Result<Step>,
    ) -> Result<Assertion> {
        let mut request = first;
        let mut hops = 0;
        loop {
            let answer = self.answer(&mut request).await?;
            hops += 1;
            if hops > MAX_HOPS {
                return Err(round_in_circles(&answer.url)
                    .because(format!("there is no assertion after {MAX_HOPS} redirects and forms")));
            }
            match next(self, request, answer)? {
                Step::Send(then) => request = *then,
                Step::Done(mut assertion) => {
                    assertion.response.status_message.iter_mut().for_each(take_secrets_out_of);
                    self.settle(verdict::sign_of_response(&assertion.response));
                    return Ok(*assertion);
                }
            }
        }
    }

    async fn answer(&mut self, request: &mut Request) -> Result<Response> {
        let Exchange { client, method, run, attempts, retries, .. } = self;
        let peer = format!("the IdP at {}", shown(&request.url));
        let is_post = request.form.is_some() || request.soap.is_some();
        let mut is_again = false;
        let attempt = async || {
            if std::mem::replace(&mut is_again, true) {
                // A server takes a Kerberos token only once.
                method.restart();
                if request.authorization.is_some() {
                    request.authorization = authorization(method, attempts);
                }
            }
            tracing::debug!(url = shown(&request.url), post = is_post, "request to the IdP");
            client.send(request, run.deadline).await
        };
        let answer = retries.persist(run.deadline, &peer, attempt).await?;
        tracing::debug!(status = answer.status, bytes = answer.body.len(), "answer of the IdP");
        if let Some(trace) = run.trace {
            trace.answered(&answer, is_post);
        }
        Ok(answer)
    }

    /// Settles all attempts of this login.
    pub fn settle(&self, sign: Sign) {
        for attempt in &self.attempts {
            attempt.settle(verdict::of(sign));
        }
    }
}

/// An address without its query.
fn place(url: &Url) -> Url {
    let mut place = url.clone();
    place.set_query(None);
    place.set_fragment(None);
    place
}

fn round_in_circles(url: &Url) -> Error {
    Error::new(Code::TooManyRedirects, format!("the login repeats itself at {}", shown(url)))
        .hint("check that `saml.idp_url` works in a browser")
}

fn authorization(method: &Method<'_>, attempts: &mut Vec<Attempt>) -> Option<Carried> {
    let header = method.authorize()?;
    attempts.extend_from_slice(header.attempts());
    Some(header)
}

/// AD FS offers Negotiate only to the browsers in its list of User-Agents; `Trident/7.0` is in the default list
/// (`Get-AdfsProperties`, WIASupportedUserAgents).
fn default_user_agent(auth: &Auth) -> String {
    let version = env!("CARGO_PKG_VERSION");
    match auth {
        Auth::Spnego(_) => format!("Mozilla/5.0 (Windows NT 10.0; Trident/7.0; rv:11.0) like Gecko fedcred/{version}"),
        Auth::Ecp(_) => format!("fedcred/{version}"),
        Auth::None
        | Auth::Basic { .. }
        | Auth::Bearer { .. }
        | Auth::Form(_)
        | Auth::Okta(_)
        | Auth::Browser(_)
        | Auth::Command(_) => {
            format!("Mozilla/5.0 (compatible; fedcred/{version})")
        }
    }
}
