//! Somebody at a browser: goes through the OpenID provider's own pages, as `tests/lab/oidc/browser.py` plays it.

use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use fedcred::identity::oidc::login::{LoginUi, Page};

use super::lab;

pub struct Person {
    name: &'static str,
    denies: bool,
    browser: Mutex<Option<Child>>,
}

impl Person {
    pub fn named(name: &'static str) -> Person {
        Person { name, denies: false, browser: Mutex::default() }
    }

    /// One who leaves at the first question.
    pub fn who_denies() -> Person {
        Person { denies: true, ..Person::named("alice") }
    }

    /// What the browser showed in the end.
    pub fn saw(&self) -> String {
        let browser = self.browser.lock().expect("no test panics here").take().expect("the person was asked");
        let output = browser.wait_with_output().expect("the browser ends");
        assert!(output.status.success(), "the browser failed");
        String::from_utf8(output.stdout).expect("pages are text")
    }
}

impl LoginUi for Person {
    fn visit(&self, page: &Page<'_>) {
        self.open(page.with_code.unwrap_or(page.url).as_str());
    }
}

impl Person {
    /// Goes through the pages from this one on.
    pub fn open(&self, url: &str) {
        let mut browser = Command::new(lab().variable("LAB_PYTHON"));
        browser.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/oidc/browser.py"));
        browser.args([url, self.name]).args(self.denies.then_some("--deny"));
        let browser = browser.stdout(Stdio::piped()).spawn().expect("the browser can be run");
        *self.browser.lock().expect("no test panics here") = Some(browser);
    }
}
