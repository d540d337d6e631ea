//! A secret on its way out: written down before it leaves, settled by what the peer showed.
//!
//! A password, token, client secret, one-time code or keytab is a [`CountedSecret`] from where it is read. Its text can be had
//! in one way only: [`send`] has the [`Ledger`] write the attempt down first, and then makes what a request may carry. A
//! [`Carried`] that holds a secret knows its [`Attempt`]s, so the HTTP client repeats such a request only if no connection was
//! made, and notes whether anything left this machine. Whoever reads the answer settles the attempt ([`Attempt::settle`]); one
//! that nobody settles ended without a verdict.
//!
//! How a secret is counted is chosen where it is made, by what too many wrong ones cost:
//!
//! | secret | wrong ones | so it is |
//! |---|---|---|
//! | password, bearer token, client secret, refresh token ([`CountedSecret::new`]) | lock an account or end a grant | written down, sent once |
//! | a proxy's password ([`CountedSecret::of_proxy`]) | lock an account, often the same | written down, sent once |
//! | one-time code of a source, keytab ([`CountedSecret::known_by`], [`CountedSecret::keytab`]) | lock an account | written down by where it comes from |
//! | what a person types, a code that is good for once ([`CountedSecret::of_the_moment`]) | are seen by that person | sent once |
//! | a token that a service or platform issued to this process ([`CountedSecret::issued`]) | lock nobody out | repeated where the request may be |
//!
//! What an answer shows is decided in `identity::verdict`, what that means for the next login in `acquire::guard`.

use std::cell::Cell;
use std::rc::Rc;

use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::error::{Code, Error, Result, printable};
use crate::secret::Secret;

/// What the peer showed of a secret that was about to be sent to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Nothing left this machine: no connection was made.
    NotSent,
    /// The peer took it. Whatever failed afterwards is not its fault.
    Accepted,
    /// The peer does not take it. Sent again, it may lock an account.
    Refused,
    /// It left, and nothing that came says whether it counted as wrong.
    NoVerdict,
}

/// Keeps count of the secrets that leave.
pub trait Ledger {
    /// Writes down that the secret known by `mark` is about to leave, and keeps `attempt` to ask it later what was shown.
    ///
    /// An error keeps the secret here, and ends the login.
    fn begin(&self, mark: &[u8], attempt: &Attempt) -> Result<()>;

    /// Whether there is a place where the count is kept.
    fn is_kept(&self) -> bool {
        true
    }
}

/// For requests that send no secret that is counted.
pub struct NoLedger;

impl Ledger for NoLedger {
    fn begin(&self, _: &[u8], _: &Attempt) -> Result<()> {
        Err(Error::new(Code::Bug, "a secret was to be sent by a login that has none"))
    }

    fn is_kept(&self) -> bool {
        false
    }
}

/// A secret of a person or a machine that counts when it is sent.
#[derive(Debug)]
pub struct CountedSecret {
    text: Secret,
    mark: Mark,
}

/// What an attempt is counted by.
#[derive(Debug)]
enum Mark {
    Text,
    /// By its text, too; but it is a proxy's, which no login is remembered by.
    ProxyText,
    Other(Secret),
    Bytes(Zeroizing<Vec<u8>>),
    Nothing,
    /// By nothing, and it may be sent again.
    Issued,
}

/// One attempt with one secret. Copies are the same attempt.
#[derive(Clone, Debug)]
pub struct Attempt(Rc<Sent>);

#[derive(Debug)]
struct Sent {
    state: Cell<State>,
    /// Sending it again may count as a second try.
    counts: bool,
    /// To be recognised in what the peer says.
    text: Secret,
}

#[derive(Clone, Copy, Debug)]
struct State {
    /// A connection was there to carry it.
    has_left: bool,
    shown: Option<Shown>,
    is_of_proxy: bool,
}

/// Text for a request: a body or the value of a header. What holds a counted secret can only be made by [`send`].
#[derive(Debug)]
pub struct Carried {
    text: Secret,
    attempts: Vec<Attempt>,
}

/// Writes an attempt with each of these secrets down, and then makes of their texts, in this order, what carries them.
///
/// The only way to have the text of a counted secret. Errors: those of [`Ledger::begin`]; nothing was sent then.
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
        attempts.push(attempt);
    }
    let texts: Vec<&str> = secrets.iter().map(|secret| secret.text.expose()).collect();
    Ok(Carried { text: write(&texts), attempts })
}

impl CountedSecret {
    pub fn new(text: Secret) -> Self {
        CountedSecret { text, mark: Mark::Text }
    }

    /// The user name and password of a proxy on the way.
    pub fn of_proxy(text: Secret) -> Self {
        CountedSecret { text, mark: Mark::ProxyText }
    }

    /// A code that is another one each time: counted by the text `mark`, which tells where it comes from.
    pub fn known_by(text: Secret, mark: Secret) -> Self {
        CountedSecret { text, mark: Mark::Other(mark) }
    }

    /// What a person typed a moment ago and sees the fate of, or what is good for one use: sent once, and not remembered.
    pub fn of_the_moment(text: Secret) -> Self {
        CountedSecret { text, mark: Mark::Nothing }
    }

    /// A token that a service or platform issued to this process, or that proves who it is: a CI runner's, a pod's, one that
    /// another token was exchanged for. No account counts wrong ones, so a request that may be repeated may be so with it.
    pub fn issued(text: Secret) -> Self {
        CountedSecret { text, mark: Mark::Issued }
    }

    /// A keytab, by its contents. A library reads it for itself, so it has no text.
    pub fn keytab(contents: Zeroizing<Vec<u8>>) -> Self {
        CountedSecret { text: Secret::new(String::new()), mark: Mark::Bytes(contents) }
    }

    /// What it is recognised by, to be compared with earlier attempts; absent: it is not remembered.
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
    /// Notes what the peer showed. The first verdict stands: what a later page looks like does not take back what an earlier
    /// one proved.
    pub fn settle(&self, shown: Shown) {
        let state = self.0.state.get();
        if !matches!(state.shown, Some(Shown::Accepted | Shown::Refused)) {
            self.0.state.set(State { shown: Some(shown), ..state });
        }
    }

    /// Whether it is about a proxy on the way, and not about who logs in.
    pub fn is_of_proxy(&self) -> bool {
        self.0.state.get().is_of_proxy
    }

    /// What is known of it. Without a word from anybody: no verdict.
    pub fn shown(&self) -> Shown {
        self.0.state.get().shown.unwrap_or(Shown::NoVerdict)
    }

    /// What a peer says, without the secret. `None`: it does not repeat it.
    pub fn taken_out_of(&self, words: &str) -> Option<String> {
        let text = Zeroizing::new(printable(self.0.text.expose(), usize::MAX));
        let in_url = Zeroizing::new(form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>());
        let forms = [squashed(&text), squashed(&in_url), squashed(&in_url.replace('+', "%20"))];
        let repeats = |words: &str| {
            let words = squashed(words);
            // A message that is too long may have been cut within it.
            let ends_in = |form: &str| {
                let cut = words.strip_suffix('…').unwrap_or_default();
                form.char_indices().skip(3).any(|(at, _)| cut.ends_with(&form[..at]))
            };
            forms.iter().any(|form| !form.is_empty() && (words.contains(form.as_str()) || ends_in(form)))
        };
        if !repeats(words) {
            return None;
        }
        let rest = words.replace(text.as_str(), "…");
        // A gap where a short word was could be filled in again by who reads the sentence.
        let can_be_guessed = text.chars().count() < 4 || text.chars().all(char::is_alphabetic);
        Some(if can_be_guessed || repeats(&rest) { WITHHELD.to_owned() } else { rest })
    }

    /// A request goes out that carries it. Should time run out before more is known, it counts.
    pub fn leaves(&self) {
        let state = self.0.state.get();
        self.0.state.set(State { shown: state.shown.filter(|shown| *shown != Shown::NotSent), ..state });
    }

    /// A connection was made that could carry it, whatever became of the request.
    pub fn left(&self) {
        self.leaves();
        self.0.state.set(State { has_left: true, ..self.0.state.get() });
    }

    /// No connection was made for a request that should have carried it. An earlier request of this attempt may have.
    pub fn did_not_leave(&self) {
        if !self.0.state.get().has_left {
            self.settle(Shown::NotSent);
        }
    }
}

impl Carried {
    /// Text without a counted secret in it.
    pub fn plain(text: Secret) -> Self {
        Carried { text, attempts: Vec::new() }
    }

    /// The text itself. Keep the call on the same screen as the write it is for.
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    /// Whether sending it again may count as a second try.
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

    /// A second copy for another request of the same login: the same attempts.
    pub fn duplicate(&self) -> Self {
        Carried { text: self.text.duplicate(), attempts: self.attempts.clone() }
    }
}

/// In place of a sentence that repeats a secret.
const WITHHELD: &str = "(a sentence that repeats what was sent, and is not shown)";

/// Without what pages and terminals change of a text: white space and case.
fn squashed(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect())
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use std::cell::RefCell;

    /// Lets everything go, and keeps what was begun.
    #[derive(Default)]
    pub struct Lenient(pub RefCell<Vec<(Vec<u8>, Attempt)>>);

    impl Ledger for Lenient {
        fn begin(&self, mark: &[u8], attempt: &Attempt) -> Result<()> {
            self.0.borrow_mut().push((mark.to_vec(), attempt.clone()));
            Ok(())
        }
    }

    struct Strict;

    impl Ledger for Strict {
        fn begin(&self, _: &[u8], _: &Attempt) -> Result<()> {
            Err(Error::new(Code::SecretRefusedBefore, "no"))
        }
    }

    fn secret(text: &str) -> CountedSecret {
        CountedSecret::new(Secret::new(text.into()))
    }

    fn begun() -> Attempt {
        send(&[&secret("s")], &Lenient::default(), |_| Secret::new(String::new())).unwrap().attempts()[0].clone()
    }

    #[test]
    fn a_text_is_written_only_after_all_its_secrets_are_written_down() {
        let ledger = Lenient::default();
        let code = CountedSecret::known_by(Secret::new("123456".into()), Secret::new("source".into()));
        let typed = CountedSecret::of_the_moment(Secret::new("654321".into()));
        let carried = send(&[&secret("pw"), &code, &typed], &ledger, |texts| {
            assert_eq!(ledger.0.borrow().len(), 2, "before the text is made");
            Secret::new(texts.join("+"))
        })
        .unwrap();
        assert_eq!((carried.expose(), carried.attempts().len()), ("pw+123456+654321", 3));
        assert!(carried.has_secret());
        let issued = CountedSecret::issued(Secret::new("t".into()));
        let carried = send(&[&issued], &Strict, |texts| Secret::new(texts.concat())).unwrap();
        assert_eq!((carried.expose(), carried.has_secret(), issued.mark()), ("t", false, None), "nobody counts it");
        let marks: Vec<Vec<u8>> = ledger.0.borrow().iter().map(|(mark, _)| mark.clone()).collect();
        assert_eq!(marks, [b"pw".to_vec(), b"source".to_vec()]);
        let refused = send(&[&secret("pw")], &Strict, |_| panic!("it must not be written"));
        assert_eq!(refused.unwrap_err().code, Code::SecretRefusedBefore);
    }

    #[test]
    fn an_attempt_is_settled_by_the_first_verdict_and_unsettled_has_none() {
        use Shown::*;
        // what happens in turn, what is known then
        type Event = fn(&Attempt);
        let left: Event = Attempt::left;
        let leaves: Event = Attempt::leaves;
        let stayed: Event = Attempt::did_not_leave;
        let accepted: Event = |attempt| attempt.settle(Accepted);
        let refused: Event = |attempt| attempt.settle(Refused);
        let silent: Event = |attempt| attempt.settle(NoVerdict);
        let table: [(&[Event], Shown); 11] = [
            (&[leaves, stayed], NotSent),
            (&[leaves, stayed, leaves], NoVerdict),
            (&[], NoVerdict),
            (&[left], NoVerdict),
            (&[stayed], NotSent),
            (&[stayed, stayed], NotSent),
            (&[stayed, left], NoVerdict),
            (&[left, stayed], NoVerdict),
            (&[left, accepted, stayed, silent, refused], Accepted),
            (&[left, refused, accepted], Refused),
            (&[left, silent, accepted], Accepted),
        ];
        for (row, (events, shown)) in table.into_iter().enumerate() {
            let attempt = begun();
            events.iter().for_each(|event| event(&attempt));
            assert_eq!(attempt.shown(), shown, "row {row}");
        }
    }

    #[test]
    fn a_secret_is_taken_out_of_what_a_peer_says() {
        let table = [
            ("S3cret!", "No login for alice with S3cret!.", Some("No login for alice with ….")),
            ("S3cret!", "No login for alice.", None),
            ("S3 cret!", "you sent s3CRET!", Some(WITHHELD)),
            ("S3&cret", "username=alice&password=S3%26cret", Some(WITHHELD)),
            ("S3 cret", "password=S3%20cret", Some(WITHHELD)),
            ("battery-staple", "a message that is too long: batt…", Some(WITHHELD)),
            ("123456", "The code 123456 is wrong", Some("The code … is wrong")),
            ("password", "Wrong user name or password", Some(WITHHELD)),
            ("x1", "Error x1", Some(WITHHELD)),
            ("", "Wrong user name or password", None),
        ];
        for (text, words, expected) in table {
            let carried = send(&[&secret(text)], &Lenient::default(), |_| Secret::new(String::new())).unwrap();
            assert_eq!(carried.attempts()[0].taken_out_of(words).as_deref(), expected, "{text:?} in {words:?}");
        }
    }
}
