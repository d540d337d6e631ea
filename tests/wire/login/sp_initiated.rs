//! `authn_request`: an IdP that answers nobody unasked.

use crate::support::assertion::{AWS_ACS, Assertion};
use crate::support::idp::{Respond, Site, login_page, password_check, saml_page};
use crate::support::reply::Reply;
use crate::support::server::Request;
use crate::world::World;

fn base64(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap_or_default()
}

/// The request in the address, inflated, or in the form.
fn authn_request(request: &Request) -> String {
    use std::io::Read;
    let mut xml = String::new();
    match (request.query("SAMLRequest"), request.field("SAMLRequest")) {
        (Some(deflated), _) => {
            let _ = flate2::read::DeflateDecoder::new(base64(&deflated).as_slice()).read_to_string(&mut xml);
        }
        (None, Some(encoded)) => xml = String::from_utf8(base64(&encoded)).unwrap_or_default(),
        (None, None) => {}
    }
    xml
}

/// Takes a request of AWS's kind with this state, and no other.
fn asked(then: impl Respond) -> impl Respond {
    move |request: &Request| {
        let xml = authn_request(request);
        let state = request.query("RelayState").or_else(|| request.field("RelayState"));
        let wanted = ["<samlp:AuthnRequest ", "urn:amazon:webservices</saml:Issuer>", "bindings:HTTP-POST", AWS_ACS];
        let other = request.query("tenant");
        match wanted.iter().all(|part| xml.contains(part))
            && state.as_deref() == Some("to the console")
            && other.is_some()
        {
            true => then.respond(request),
            false => Reply::status(400),
        }
    }
}

#[test]
fn a_request_of_awss_kind_goes_first_by_redirect_or_by_post_and_keeps_the_relay_state() {
    let response = |_: &Request| saml_page(AWS_ACS, &Assertion::default().base64());
    for (setting, first) in [("true", "GET /sso"), ("\"redirect\"", "GET /sso"), ("\"post\"", "POST /sso")] {
        let site = Site::new()
            .get("/sso", asked(login_page("/login")))
            .post("/sso", asked(login_page("/login")))
            .post("/login", password_check(login_page("/login"), response));
        let world = World::form(site);
        let url = world.idp.url("/sso?tenant=a&RelayState=to%20the%20console");
        let setting: serde_json::Value = serde_json::from_str(setting).unwrap();
        let world = world.set("saml.idp_url", url).set("saml.authn_request", setting);
        world.get().succeeds();
        assert_eq!(world.idp.lines(), [first, "POST /login"]);
    }
}
