//! Secrets that are about to be sent: each attempt is written down first and settled by what the peer showed.
//!
//! A password, token, client secret, one-time code or keytab is a [`CountedSecret`] from where it is read. Only [`send`] gives
//! its text out: it has the [`Ledger`] write the attempt down first, and then makes what a request may carry. A [`Carried`]
//! that holds a secret knows its [`Attempt`]s, so the HTTP client repeats such a request only if no connection was made, and
//! notes whether anything left this machine. The code that reads the answer settles the attempt ([`Attempt::settle`]); an
//! attempt that is not settled ended without a verdict.
//!
//! The constructor decides how a secret is counted, by the effect of too many wrong ones:
//!
//! | secret | wrong ones | so it is |
//! |---|---|---|
//! | password, bearer token, client secret, refresh token ([`CountedSecret::new`]) | lock an account or end a grant | written down, sent once |
//! | a proxy's password ([`CountedSecret::of_proxy`]) | lock an account, often the same | written down, sent once |
//! | one-time code of a source, keytab ([`CountedSecret::known_by`], [`CountedSecret::keytab`]) | lock an account | written down by where it comes from |
//! | typed text, a code that is valid once ([`CountedSecret::of_the_moment`]) | are seen by that person | sent once |
//! | a token that a service or platform issued to this process ([`CountedSecret::issued`]) | lock nobody out | repeated where the request may be |
//!
//! What is sent is also recognised in what peers say ([`take_secrets_out_of`]), so that no error, page or log repeats it.
//!
//! `identity::verdict` decides what an answer shows, `acquire::guard` what that means for the next login.

mod echo;

use std::cell::Cell;
use std::rc::Rc;

use zeroize::Zeroizing;

pub use self::echo::{repeats_a_secret, take_secrets_out_of};
use crate::error::{Code, Error, Result};
use crate::secret::Secret;

/// What the peer showed of a secret that was about to be sent to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Nothing left this machine: no connection was made.
    NotSent,
    /// The peer accepted it. A later failure has another cause.
    Accepted,
    /// The peer rejected it. Sent again, it may lock an account.
    Refused,
    /// It was sent, and the answer, if any, does not tell whether it counted as wrong.
    NoVerdict,
}

/// Counts the secrets that are sent.
pub trait Ledger {
    /// Writes down that the secret known by `mark` is about to be sent, and keeps `attempt` to learn later what was shown.
    ///
    /// An error stops the secret from being sent, and ends the login.
    fn begin(&self, mark: &[u8], attempt: &Attempt) -> Result<()>;

    /// Whether there is a place to store the count.
    fn is_kept(&self) -> bool {
        true
    }
}

/// The ledger of requests that send no counted secret.
pub struct NoLedger;

impl Ledger for NoLedger {
    fn begin(&self, _: &[u8], _: &Attempt) -> Result<()> {
        Err(Error::new(Code::Bug, "a secret was to be sent by a login that has none"))
    }

    fn is_kept(&self) -> bool {
        false
    }
}

/// A secret of a person or a machine whose sending is counted.
#[derive(Debug)]
pub struct CountedSecret {
    text: Secret,
    mark: Mark,
}

/// How a secret is recognised when it is sent again.
#[derive(Debug)]
enum Mark {
    Text,
    /// By its text; but it is a proxy's, and no login is remembered by it.
    ProxyText,
    Other(Secret),
    Bytes(Zeroizing<Vec<u8>>),
    Nothing,
    /// Not at all, and it may be sent again.
    Issued,
}

/// One attempt with one secret. Copies are the same attempt.
#[derive(Clone, Debug)]
pub struct Attempt(Rc<Sent>);

#[derive(Debug)]
struct Sent {
    state: Cell<State>,
    /// Whether sending it again may count as a second attempt.
    counts: bool,
    /// Used to find it in what the peer says.
    text: Secret,
}

#[derive(Clone, Copy, Debug)]
struct State {
    /// A connection existed that could carry it.
    has_left: bool,
    shown: Option<Shown>,
    is_of_proxy: bool,
}

/// Text for a request: a body or the value of a header. Only [`send`] can make one that holds a counted secret.
#[derive(Debug)]
pub struct Carried {
    text: Secret,
    attempts: Vec<Attempt>,
}

/// Writes down an attempt with each of these secrets, and then makes the text of a request from theirs, in this order.
///
/// The only way to get the text of a counted secret. Errors: those of [`Ledger::begin`]; nothing was sent then.
pub fn send(secrets: &[&CountedSecret], ledger: &dyn Ledger, write: impl FnOnce(&[&str]) -> Secret) -> Result<Carried> {
    let mut attempts = Vec::with_capacity(secrets.len());
    for secret in secrets {
        let is_of_proxy = matches!(secret.mark, Mark::ProxyText);
        let state = Cell::new(State { has_left: false, shown: None, is_of_proxy });
        let counts = !matches!(secret.mark, Mark::Issued);
        let attempt = Attempt(Rc::new(Sent { state, counts, text: secret.text.duplicate() }));
        match &secret.mark {
            Mark::Text | Mark::ProxyText => ledger.begin(secret.text.expose().as_bytes(), &attempt)?,
            Mark::Other(mark) => ledger.begin(mark.expose().as_bytes(), &attempt)?,
            Mark::Bytes(bytes) => ledger.begin(bytes, &attempt)?,
            Mark::Nothing | Mark::Issued => {}
        }
        echo::listen_for(&attempt);
        attempts.push(attempt);
    }
    let texts: Vec<&str> = secrets.iter().map(|secret| secret.text.expose()).collect();
    Ok(Carried { text: write(&texts), attempts })
}

impl CountedSecret {
    pub fn new(text: Secret) -> Self {
        CountedSecret { text, mark: Mark::Text }
    }

    /// As [`send`] with this secret alone.
    pub fn send(&self, ledger: &dyn Ledger, write: impl FnOnce(&str) -> Secret) -> Result<Carried> {
        send(&[self], ledger, |texts| write(texts.first().copied().unwrap_or_default()))
    }

    /// The user name and password of a proxy on the way.
    pub fn of_proxy(text: Secret) -> Self {
        CountedSecret { text, mark: Mark::ProxyText }
    }

    /// A code that differs each time: counted by the text `mark`, which names its source.
    pub fn known_by(text: Secret, mark: Secret) -> Self {
        CountedSecret { text, mark: Mark::Other(mark) }
    }

    /// What a person has just typed, or what is valid for one use: sent once, and not remembered.
    pub fn of_the_moment(text: Secret) -> Self {
        CountedSecret { text, mark: Mark::Nothing }
    }

    /// A token that a service or platform issued to this process, or that proves who it is: a CI runner's, a pod's, one that
    /// another token was exchanged for. No account counts wrong ones, so a request with it may be repeated.
    pub fn issued(text: Secret) -> Self {
        CountedSecret { text, mark: Mark::Issued }
    }

    /// A keytab, recognised by its contents. A library reads it itself, so it has no text.
    pub fn keytab(contents: Zeroizing<Vec<u8>>) -> Self {
        CountedSecret { text: Secret::new(String::new()), mark: Mark::Bytes(contents) }
    }

    /// Returns what it is recognised by, to be compared with earlier attempts; `None` if it is not remembered.
    pub fn mark(&self) -> Option<&[u8]> {
        match &self.mark {
            Mark::Text | Mark::ProxyText => Some(self.text.expose().as_bytes()),
            Mark::Other(mark) => Some(mark.expose().as_bytes()),
            Mark::Bytes(bytes) => Some(bytes),
            Mark::Nothing | Mark::Issued => None,
        }
    }
}

impl Attempt {
    /// Notes what the peer showed. The first verdict stands: a later page does not take back what an earlier one proved.
    pub fn settle(&self, shown: Shown) {
        let state = self.0.state.get();
        if !matches!(state.shown, Some(Shown::Accepted | Shown::Refused)) {
            self.0.state.set(State { shown: Some(shown), ..state });
        }
    }

    /// Whether the secret is a proxy's, not one of the login.
    pub fn is_of_proxy(&self) -> bool {
        self.0.state.get().is_of_proxy
    }

    /// Returns what the peer showed; no verdict if nothing was noted.
    pub fn shown(&self) -> Shown {
        self.0.state.get().shown.unwrap_or(Shown::NoVerdict)
    }

    /// Notes that a request with it is being sent. If the time runs out before more is known, it counts.
    pub fn leaves(&self) {
        let state = self.0.state.get();
        self.0.state.set(State { shown: state.shown.filter(|shown| *shown != Shown::NotSent), ..state });
    }

    /// Notes that a connection was made that could carry it, whatever became of the request.
    pub fn left(&self) {
        self.leaves();
        self.0.state.set(State { has_left: true, ..self.0.state.get() });
    }

    /// Notes that no connection was made for a request with it. An earlier request of this attempt may have had one.
    pub fn did_not_leave(&self) {
        if !self.0.state.get().has_left {
            self.settle(Shown::NotSent);
        }
    }
}

impl Carried {
    /// Wraps text without a counted secret in it.
    pub fn plain(text: Secret) -> Self {
        Carried { text, attempts: Vec::new() }
    }

    /// Returns the text itself. Keep the call near the write that it is for.
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    /// Whether sending it again may count as a second attempt.
    pub fn has_secret(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.0.counts)
    }

    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// Settles all of its attempts.
    pub fn settle(&self, shown: Shown) {
        for attempt in &self.attempts {
            attempt.settle(shown);
        }
    }

    /// Returns a copy for another request of the same login, with the same attempts.
    pub fn duplicate(&self) -> Self {
        Carried { text: self.text.duplicate(), attempts: self.attempts.clone() }
    }
}

#[cfg(test)]
pub mod tests;
