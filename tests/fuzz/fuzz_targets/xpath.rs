//! Any text as an expression: refused, or evaluated within its time without a panic.
#![no_main]

use std::time::Duration;

use fedcred::config::profile::Parser;
use fedcred::error::Code;
use fedcred::identity::saml::extract::{XPath, read};
use libfuzzer_sys::fuzz_target;

const PAGE: &str =
    "<html a='1' b='x'><p>text<i>1.5</i></p><form><input name='SAMLResponse' value='PHN'/></form></html>";

fuzz_target!(|text: &str| {
    for parser in [Parser::Html, Parser::Xml] {
        let Ok(xpath) = XPath::parse(text, parser) else { continue };
        if let Err(e) = read(PAGE.into(), None, &xpath, Duration::from_secs(2)) {
            assert_ne!(e.code, Code::Bug, "{e}");
        }
    }
});
