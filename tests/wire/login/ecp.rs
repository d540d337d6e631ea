//! `auth = "ecp"`: what goes to the IdP, what may come back, and the words for what may not.

use crate::support::assertion::{AWS_ACS, Assertion};
use crate::support::idp::{PASSWORD, Respond, Site, USER, authorization_check};
use crate::support::reply::Reply;
use crate::support::server::Request;
use crate::world::World;

const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";

pub fn envelope(consumer: &str, body: &str) -> Reply {
    let header = format!(
        r#"<S:Header><ecp:Response xmlns:ecp="urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp" S:mustUnderstand="1" AssertionConsumerServiceURL="{consumer}"/></S:Header>"#
    );
    let text =
        format!(r#"<?xml version="1.0"?><S:Envelope xmlns:S="{SOAP}">{header}<S:Body>{body}</S:Body></S:Envelope>"#);
    Reply::new(200, "text/xml", text)
}

pub fn world(answer: impl Respond) -> World {
    let basic = format!("Basic {}", base64(&format!("{USER}:{PASSWORD}")));
    let site = Site::new().post("/sso", authorization_check("Basic realm=\"idp\"", &basic, answer));
    World::at(site.start().expect("an IdP"), "ecp")
        .set("saml.username", USER)
        .set("saml.password.env", "IDP_PASSWORD")
        .env("IDP_PASSWORD", PASSWORD)
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[test]
fn one_request_brings_the_response_for_aws() {
    let world = world(|request: &Request| {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let wanted = [
            "<saml:Issuer>urn:amazon:webservices</saml:Issuer>",
            "bindings:PAOS",
            AWS_ACS,
            "<S:Body><samlp:AuthnRequest ",
        ];
        let is_soap =
            request.header("content-type") == Some("text/xml; charset=utf-8") && request.header("paos").is_some();
        match is_soap && wanted.iter().all(|part| body.contains(part)) {
            true => envelope(AWS_ACS, &Assertion::default().xml()),
            false => Reply::status(400),
        }
    });
    world.get().succeeds();
    assert_eq!((world.idp.lines(), world.sts.calls().len()), (vec!["POST /sso".to_string()], 1));
}

#[test]
fn a_wrong_password_is_refused_and_not_sent_again() {
    let world = world(envelope(AWS_ACS, "")).env("IDP_PASSWORD", "wrong-password").secret("wrong-password");
    world.get().fails_as("idp-rejected");
    world.get_with(&["--force"]).fails_as("idp-rejected");
    assert_eq!(world.idp.lines().len(), 1);
}

#[test]
fn what_is_no_response_for_aws_is_told_for_what_it_is() {
    let fault = "<S:Fault><faultcode>S:Server</faultcode><faultstring>no profile configuration</faultstring></S:Fault>";
    let elsewhere = "https://elsewhere.example.test/acs";
    let table = [
        (envelope(AWS_ACS, fault), "idp-denied-claim", "no profile configuration"),
        (envelope(elsewhere, &Assertion::default().xml()), "not-a-saml-response", elsewhere),
        (envelope(AWS_ACS, ""), "not-a-saml-response", "holds no SAML response"),
        (envelope(AWS_ACS, &Assertion::denied("AuthnFailed").xml()), "idp-denied-claim", "AuthnFailed"),
        (Reply::html("<html><body>Sign in</body></html>"), "not-a-saml-response", "SOAP/ECP"),
        (Reply::redirect(302, "/login"), "http-unexpected", "ECP does not allow"),
        (Reply::status(404), "http-unexpected", "no page"),
    ];
    for (reply, code, said) in table {
        let world = world(reply).set("saml.retry.total", 0);
        world.get().fails_as(code).saying(said);
        assert!(world.sts.calls().is_empty());
    }
}

#[test]
fn a_fault_is_told_without_the_secret_that_was_sent() {
    let says = PASSWORD.replace('&', "&amp;").replace('<', "&lt;");
    let fault =
        format!("<S:Fault><faultcode>S:Client</faultcode><faultstring>no ECP for {says} here</faultstring></S:Fault>");
    let world = world(envelope(AWS_ACS, &fault));
    world.get().fails_as("idp-denied-claim").saying("no ECP for … here");
}

#[test]
fn a_fault_that_repeats_the_header_is_not_told() {
    let header = base64(&format!("{USER}:{PASSWORD}"));
    let fault = format!(
        "<S:Fault><faultcode>S:Client</faultcode><faultstring>bad header Basic {header}</faultstring></S:Fault>"
    );
    let run = world(envelope(AWS_ACS, &fault)).get();
    run.fails_as("idp-denied-claim").saying("is not shown");
    assert!(!run.stderr.contains(&header), "{}", run.stderr);
}
