//! Any bytes as a page, under both parsers: a page or an error, never the error of a panic.
#![no_main]

use std::time::Duration;

use fedcred::config::profile::Parser;
use fedcred::error::Code;
use fedcred::identity::saml::extract::{XPath, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (bool, Option<String>, Vec<u8>)| {
    let (is_xml, content_type, body) = input;
    let parser = if is_xml { Parser::Xml } else { Parser::Html };
    let xpath = XPath::parse("//input[@name='SAMLResponse']/@value", parser).expect("the expression is right");
    if let Err(e) = read(body, content_type, &xpath, Duration::from_secs(2)) {
        assert_ne!(e.code, Code::Bug, "{e}");
    }
});
