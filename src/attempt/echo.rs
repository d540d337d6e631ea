//! Recognises the secrets that were sent in what peers say: messages of pages, faults and services, and addresses.
//!
//! A peer may repeat a secret as it is, in an address (`%26`), or in the base64 of a header (`Basic YWxpY2U6…`). Every secret that
//! this thread sends is known here, whichever request it was for.

use std::cell::RefCell;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::Attempt;
use crate::error::printable;

/// Most secrets of one thread that are known. A login sends a few.
const MOST: usize = 32;
/// Characters of a secret that is looked for in addresses; a shorter one may be part of any path.
const LONG_ENOUGH: usize = 6;
/// Characters of base64 that are decoded.
const LEAST_BASE64: usize = 8;

/// Replaces a sentence that repeats a secret.
pub(super) const WITHHELD: &str = "(a sentence that repeats what was sent, and is not shown)";

thread_local!(static SENT: RefCell<Vec<Attempt>> = RefCell::default());

/// Looks for the secret of this attempt from now on. One that is sent again, as a poll does, displaces no other.
pub(super) fn listen_for(attempt: &Attempt) {
    SENT.with_borrow_mut(|sent| {
        if sent.iter().any(|known| known.0.text.expose() == attempt.0.text.expose()) {
            return;
        }
        if sent.len() == MOST {
            sent.remove(0);
        }
        sent.push(attempt.clone());
    });
}

/// Removes the secrets that this thread sent from a peer's words.
pub fn take_secrets_out_of(words: &mut String) {
    SENT.with_borrow(|sent| {
        for attempt in sent {
            if let Some(rest) = taken_out(attempt.0.text.expose(), words) {
                *words = rest;
            }
        }
    });
}

/// Whether a part of an address repeats a secret that this thread sent.
pub fn repeats_a_secret(part: &str) -> bool {
    let is_in = |attempt: &Attempt| {
        let text = attempt.0.text.expose();
        text.chars().nth(LONG_ENOUGH - 1).is_some() && repeats(part, &squashed(text))
    };
    SENT.with_borrow(|sent| sent.iter().any(is_in))
}

/// Returns the words without the secret; `None` if they do not repeat it.
fn taken_out(secret: &str, words: &str) -> Option<String> {
    let text = Zeroizing::new(printable(secret, usize::MAX));
    let form = squashed(&text);
    if !repeats(words, &form) {
        return None;
    }
    let rest = words.replace(text.as_str(), "…");
    // A reader of the sentence could guess a short word from the gap.
    let can_be_guessed = text.chars().count() < 4 || text.chars().all(char::is_alphabetic);
    Some(if can_be_guessed || repeats(&rest, &form) { WITHHELD.to_owned() } else { rest })
}

/// Whether the words contain the squashed secret, as they are or decoded.
fn repeats(words: &str, form: &str) -> bool {
    let holds = |words: &str| {
        let words = squashed(words);
        // A message that is too long may have been cut within the secret.
        let cut = words.strip_suffix('…').unwrap_or_default();
        words.contains(form) || form.char_indices().skip(3).any(|(at, _)| cut.ends_with(&form[..at]))
    };
    !form.is_empty() && (holds(words) || holds(&from_address(words)) || from_base64(words).any(|text| holds(&text)))
}

/// The words with `%26` and `+` decoded.
fn from_address(words: &str) -> Zeroizing<String> {
    let whole = words.replace(['&', '='], " ");
    Zeroizing::new(form_urlencoded::parse(whole.as_bytes()).map(|(text, _)| text.into_owned()).collect())
}

/// What each run of base64 in the words stands for.
fn from_base64(words: &str) -> impl Iterator<Item = Zeroizing<String>> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    let is_part = |c: char| c.is_ascii_alphanumeric() || "+/-_".contains(c);
    words.split(move |c| !is_part(c)).filter(|run| run.len() >= LEAST_BASE64).filter_map(|run| {
        let run = Zeroizing::new(run.replace('-', "+").replace('_', "/"));
        // One character more than a group has is of a run that was cut.
        let end = run.len() - usize::from(run.len() % 4 == 1);
        let bytes = Zeroizing::new(LENIENT.decode(&run[..end]).ok()?);
        Some(Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned()))
    })
}

/// Removes what pages and terminals change in a text: white space and case.
fn squashed(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect())
}
