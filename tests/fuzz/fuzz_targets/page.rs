//! Any bytes as a page, under both parsers: a page or an error, never the error of a panic. What a login fills in on it keeps the
//! rules of secrets: a password goes out once, by POST, and never in an address. A page that is saved for others is read again.
//!
//! A first line `Content-Type: …` is the header of that name; the rest is the body.
#![no_main]

use std::time::Duration;

use fedcred::attempt::{Attempt, Ledger};
use fedcred::process::env::Env;
use fedcred::config::profile::{FormLogin, Parser, SecretSource};
use fedcred::error::{Code, Result};
use fedcred::identity::Run;
use fedcred::identity::saml::auth::form::FormAuth;
use fedcred::identity::saml::extract::redact::redacted;
use fedcred::identity::saml::extract::{Method, Page, XPath, read};
use fedcred::secret::Secret;
use fedcred::time::Deadline;
use libfuzzer_sys::fuzz_target;
use url::Url;
use zeroize::Zeroizing;

const LIMIT: Duration = Duration::from_secs(2);

/// Counts nothing.
struct Lenient;

impl Ledger for Lenient {
    fn begin(&self, _mark: &[u8], _attempt: &Attempt) -> Result<()> {
        Ok(())
    }
}

fuzz_target!(|input: &[u8]| {
    let (content_type, body) = match input.strip_prefix(b"Content-Type:") {
        Some(rest) => {
            let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            let (line, body) = rest.split_at(end);
            (Some(String::from_utf8_lossy(line).trim().to_owned()), body.get(1..).unwrap_or_default())
        }
        None => (None, input),
    };
    for parser in [Parser::Html, Parser::Xml] {
        let xpath = XPath::parse("//input[@name='SAMLResponse']/@value", parser).expect("the expression is right");
        match read(body.to_vec(), content_type.clone(), &xpath, LIMIT) {
            Ok(page) => log_in(&page),
            Err(error) => assert_ne!(error.code, Code::Bug, "{error}"),
        }
    }
    if let Err(error) = redacted(Zeroizing::new(body.to_vec()), content_type, vec!["alice".to_owned()], LIMIT) {
        assert_ne!(error.code, Code::Bug, "{error}");
    }
});

/// Meets the same page three times in one login.
fn log_in(page: &Page) {
    let login = FormLogin::new("alice".to_owned(), SecretSource::Env("PASSWORD".to_owned()));
    let (env, deadline) = (Env::fixed([("PASSWORD", "s3cret")]), Deadline::after(Duration::from_secs(60)));
    let typed = Secret::new("s3cret".to_owned());
    let run = Run {
        env: &env,
        deadline: &deadline,
        ledger: &Lenient,
        typed: Some(&typed),
        state: None,
        person: None,
        trace: None,
    };
    let url = Url::parse("https://idp.example.com/login").expect("an address");
    let mut auth = FormAuth::new(login, run);
    let mut sent = 0;
    for _ in 0..3 {
        match auth.fill(page, &url) {
            Ok(Some(filled)) => {
                let body = filled.body(&Lenient).expect("nothing refuses it");
                if filled.has_secret() {
                    assert_eq!(filled.method, Method::Post);
                    sent += 1;
                }
                auth.sent(body.attempts());
            }
            Ok(None) => {}
            Err(error) => assert_ne!(error.code, Code::Bug, "{error}"),
        }
    }
    assert!(sent <= 1, "the password went out {sent} times");
}
