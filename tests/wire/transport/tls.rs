//! Whom the binary trusts: the IdP and STS apart from each other, and nobody by accident.

use crate::support::assertion::Assertion;
use crate::support::idp::Site;
use crate::support::raw::Raw;
use crate::support::reply::Reply;
use crate::support::server::Server;
use crate::support::sts::Sts;
use crate::support::tls::{Authority, LOOPBACK_NAMES};
use crate::world::World;

fn idp(config: std::sync::Arc<rustls::ServerConfig>) -> Server {
    let site = Site::with_login(Assertion::default());
    Server::start(Some(config), move |request| site.respond(request)).unwrap()
}

#[test]
fn a_login_goes_over_tls_with_an_authority_of_ones_own() {
    let authority = Authority::new();
    let world = World::form_at(idp(authority.server(LOOPBACK_NAMES))).trusting(&authority.pem());
    world.get().succeeds();
    assert_eq!(world.idp.lines(), ["GET /sso", "GET /login", "POST /login"]);
    assert_eq!(world.idp.connections(), 1, "one connection serves for all of it");
}

#[test]
#[cfg_attr(windows, ignore = "wine's policy for TLS does not know addresses in certificates")]
fn a_certificate_of_unknown_origin_is_refused_at_once() {
    let world = World::form_at(idp(Authority::new().server(LOOPBACK_NAMES)));
    world.get().fails_as("tls-untrusted").saying("ca_bundle");
    assert_eq!(world.idp.connections(), 1, "trust does not come by asking again");
    assert!(world.idp.journal().is_empty());
}

#[test]
fn another_hosts_certificate_is_refused() {
    let authority = Authority::new();
    let world = World::form_at(idp(authority.server(&["idp.example.test"]))).trusting(&authority.pem());
    world.get().fails_as("tls-untrusted");
    assert!(world.idp.journal().is_empty());
}

#[test]
fn a_certificate_that_ran_out_is_refused() {
    let authority = Authority::new();
    let world = World::form_at(idp(authority.expired_server())).trusting(&authority.pem());
    world.get().fails_as("tls-untrusted");
    assert!(world.idp.journal().is_empty());
}

#[test]
fn verification_can_be_switched_off_by_name() {
    let world = World::form_at(idp(Authority::new().expired_server())).set("saml.verify", false);
    world.get().succeeds();
}

#[test]
fn a_bundle_replaces_the_systems_authorities() {
    let other = Authority::new();
    let world = World::form_at(idp(Authority::new().server(LOOPBACK_NAMES))).trusting(&other.pem());
    world.get().fails_as("tls-untrusted");
}

#[test]
fn a_client_certificate_is_shown_to_the_idp() {
    let authority = Authority::new();
    let (certificate, key) = authority.client("alice");
    let world = World::form_at(idp(authority.server_asking_for_a_certificate())).trusting(&authority.pem());
    let (certificate, key) = (world.write("alice.pem", &certificate), world.write("alice.key", &key));
    let world = world.set("saml.client_cert", certificate.to_str()).set("saml.client_key", key.to_str());
    world.get().succeeds();
}

#[test]
fn an_idp_that_wants_a_client_certificate_and_gets_none_is_an_error() {
    let authority = Authority::new();
    let world = World::form_at(idp(authority.server_asking_for_a_certificate())).trusting(&authority.pem());
    world.get().fails_as("tls-client-certificate").saying("requires a client certificate").saying("`saml.client_cert`");
    assert!(world.idp.journal().is_empty());
}

#[test]
fn a_client_certificate_that_the_idp_does_not_know_is_told_as_refused() {
    let (authority, other) = (Authority::new(), Authority::new());
    let (certificate, key) = other.client("alice");
    let world = World::form_at(idp(authority.server_asking_for_a_certificate())).trusting(&authority.pem());
    let (certificate, key) = (world.write("alice.pem", &certificate), world.write("alice.key", &key));
    let world = world.set("saml.client_cert", certificate.to_str()).set("saml.client_key", key.to_str());
    world.get().fails_as("tls-client-certificate").saying("refused the client certificate");
}

#[test]
fn a_page_about_a_certificate_that_tls_1_3_cannot_be_asked_for_late_is_told_as_what_it_is() {
    // Apache's words (mod_ssl, SSLVerifyClient in a <Location>).
    let page = "<p>You don't have permission to access this resource.<br>Reason: Cannot perform Post-Handshake Authentication.</p>";
    let world = World::open(Site::new().get("/sso", Reply::new(403, "text/html", page)));
    world.get().fails_as("tls-renegotiation").saying("browser");
}

/// A fatal alert in place of a handshake (RFC 8446 §6).
fn alert(code: u8) -> Vec<u8> {
    vec![21, 3, 1, 0, 2, 2, code]
}

#[test]
fn each_fault_of_tls_has_its_own_code_and_hint_in_get_and_doctor() {
    let table: [(&str, Vec<u8>, &str, &str); 6] = [
        ("protocol_version", alert(70), "tls-version", "older than TLS 1.2"),
        ("handshake_failure", alert(40), "tls-cipher", "cipher"),
        ("insufficient_security", alert(71), "tls-cipher", "cipher"),
        ("unrecognized_name", alert(112), "tls-failed", "does not know that name"),
        ("plain http", b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "tls-plain-http", "not TLS"),
        // A ServerHello of TLS 1.1, as a server sends it that does not know the version's new place.
        (
            "TLS 1.1",
            [&[22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2][..], &[7; 32], &[0, 0xc0, 0x13, 0]].concat(),
            "tls-version",
            "older than TLS 1.2",
        ),
    ];
    for (what, answer, code, said) in table {
        let peer = Raw::start(move |_, _| answer.clone());
        let world = World::open(Site::new()).set("saml.idp_url", format!("https://{}/sso", peer.authority()));
        world.get().fails_as(code).saying(said);
        assert_eq!(peer.heard().len(), 1, "{what} does not pass by asking again");
        let run = world.run(&["doctor", "dev"]);
        let told = format!("{}{}", run.stdout, run.stderr);
        assert!(told.contains(code) && told.contains(said), "{what}: {told}");
        assert!(!told.contains("certificates to trust") && !told.contains("ca_bundle"), "{what}: {told}");
    }
}

#[test]
fn a_client_certificate_is_not_shown_to_others() {
    let authority = Authority::new();
    let (certificate, key) = authority.client("alice");
    let stranger = idp(authority.server_asking_for_a_certificate());
    let elsewhere = stranger.url("/login");
    let site = Site::new().get("/sso", Reply::redirect(302, elsewhere));
    let world = World::form_at(site.start_tls(&authority).unwrap()).trusting(&authority.pem());
    let (certificate, key) = (world.write("alice.pem", &certificate), world.write("alice.key", &key));
    let world = world
        .set("saml.client_cert", certificate.to_str())
        .set("saml.client_key", key.to_str())
        .set("saml.idp_origins", vec![stranger.origin()]);
    world.get().fails_as("tls-client-certificate");
    assert!(stranger.journal().is_empty());
}

#[test]
#[cfg_attr(windows, ignore = "wine's policy for TLS does not know addresses in certificates")]
fn sts_is_trusted_by_awss_bundle_and_the_idp_by_its_own() {
    let (idps, awss) = (Authority::new(), Authority::new());
    let start = || {
        World::form_at(idp(idps.server(LOOPBACK_NAMES)))
            .with_sts(Sts::start(Some(awss.server(LOOPBACK_NAMES))).unwrap())
            .trusting(&idps.pem())
    };
    let world = start();
    world.get().fails_as("tls-untrusted").saying("AWS_CA_BUNDLE");
    assert!(world.sts.calls().is_empty());

    let world = start();
    let bundle = world.write("aws-ca.pem", &awss.pem());
    world.env("AWS_CA_BUNDLE", bundle.to_str().unwrap()).get().succeeds();
}

#[test]
fn awss_bundle_does_not_speak_for_the_idp() {
    let authority = Authority::new();
    let world = World::form_at(idp(authority.server(LOOPBACK_NAMES)));
    let bundle = world.write("aws-ca.pem", &authority.pem());
    world.env("AWS_CA_BUNDLE", bundle.to_str().unwrap()).get().fails_as("tls-untrusted");
}

#[test]
#[cfg(target_os = "linux")]
fn the_systems_authorities_can_be_named_in_the_environment() {
    let authority = Authority::new();
    let world = World::form_at(idp(authority.server(LOOPBACK_NAMES)));
    let bundle = world.write("system-ca.pem", &authority.pem());
    world.env("SSL_CERT_FILE", bundle.to_str().unwrap()).get().succeeds();
}
