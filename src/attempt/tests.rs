//! What is written down before a secret leaves, how an attempt is settled, and what is taken out of answers.

use super::echo::WITHHELD;
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
    assert!(ledger.is_kept() && !NoLedger.is_kept());
    let uncounted = send(&[&secret("pw")], &NoLedger, |_| panic!("it must not be written"));
    assert_eq!(uncounted.unwrap_err().code, Code::Bug);
    let refused = send(&[&secret("pw")], &Strict, |_| panic!("it must not be written"));
    assert_eq!(refused.unwrap_err().code, Code::SecretRefusedBefore);
}

#[test]
fn a_secret_is_recognised_by_what_it_was_made_with() {
    let text = |text: &str| Secret::new(text.into());
    let table = [
        (secret("pw"), Some("pw"), false),
        (CountedSecret::of_proxy(text("user:pw")), Some("user:pw"), true),
        (CountedSecret::known_by(text("123456"), text("source")), Some("source"), false),
        (CountedSecret::keytab(Zeroizing::new(b"keys".to_vec())), Some("keys"), false),
        (CountedSecret::of_the_moment(text("654321")), None, false),
    ];
    for (secret, mark, is_of_proxy) in table {
        assert_eq!(secret.mark(), mark.map(str::as_bytes));
        let carried = send(&[&secret], &Lenient::default(), |_| text("")).unwrap();
        assert_eq!(carried.attempts()[0].is_of_proxy(), is_of_proxy, "{mark:?}");
        carried.settle(Shown::Refused);
        assert_eq!(carried.duplicate().attempts()[0].shown(), Shown::Refused);
    }
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
        ("x1y", "Error x1y", Some(WITHHELD)),
        ("x1y2", "Error x1y2", Some("Error …")),
        ("", "Wrong user name or password", None),
        // A header of Basic, and its base64url without padding.
        ("Plum7Tidewater", "bad header Basic YWxpY2U6UGx1bTdUaWRld2F0ZXI=", Some(WITHHELD)),
        ("Plum7?Tide~water>", "token YTpQbHVtNz9UaWRlfndhdGVyPg was refused", Some(WITHHELD)),
        ("Plum7Tidewater", "the certificate MIIBszCCAVmgAwIBAgIUR0s3 is not known", None),
    ];
    for (text, words, expected) in table {
        let words_of_a_thread = || {
            send(&[&secret(text)], &Lenient::default(), |_| Secret::new(String::new())).unwrap();
            let mut shown = words.to_owned();
            take_secrets_out_of(&mut shown);
            shown
        };
        let shown = std::thread::scope(|scope| scope.spawn(words_of_a_thread).join().unwrap());
        assert_eq!(shown, expected.unwrap_or(words), "{text:?} in {words:?}");
    }
}

#[test]
fn an_address_repeats_a_secret_in_any_spelling_unless_it_is_too_short_to_tell() {
    for (text, part, expected) in [
        ("Plum7Tidewater", "Plum7Tidewater", true),
        ("Plum7Tidewater", "x-plum7tidewater.evil.example", true),
        ("Plum 7/Tide", "Plum%207%2FTide", true),
        ("Plum7Tidewater", "UGx1bTdUaWRld2F0ZXI", true),
        ("Plum7Tidewater", "login", false),
        ("login", "login", false),
    ] {
        let is_repeated = || {
            send(&[&secret(text)], &Lenient::default(), |_| Secret::new(String::new())).unwrap();
            repeats_a_secret(part)
        };
        assert_eq!(std::thread::scope(|scope| scope.spawn(is_repeated).join().unwrap()), expected, "{text} in {part}");
    }
    assert!(!repeats_a_secret("Plum7Tidewater"), "another thread sent it");
}

#[test]
fn what_a_poll_sends_again_and_again_does_not_displace_the_password() {
    let is_known = || {
        send(&[&secret("Plum7Tidewater")], &Lenient::default(), |_| Secret::new(String::new())).unwrap();
        for _ in 0..100 {
            send(&[&secret("a-state-token")], &Lenient::default(), |_| Secret::new(String::new())).unwrap();
        }
        repeats_a_secret("Plum7Tidewater")
    };
    assert!(std::thread::scope(|scope| scope.spawn(is_known).join().unwrap()));
}
