//! A certificate authority made at run time, and the certificates of servers and clients it signs.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

/// The names every server here answers to.
pub const LOOPBACK_NAMES: &[&str] = &["localhost", "127.0.0.1"];

pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub fn new() -> Authority {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "throw-away test authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().expect("a key pair");
        Authority { issuer: CertifiedIssuer::self_signed(params, key).expect("a certificate") }
    }

    /// For `ca_bundle`.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A server whose certificate names `names`.
    pub fn server(&self, names: &[&str]) -> Arc<ServerConfig> {
        Arc::new(self.configure(server_params(names), None))
    }

    /// A server that negotiates one of these protocols (RFC 7301): `h2`, `http/1.1`.
    pub fn server_speaking(&self, protocols: &[&str]) -> Arc<ServerConfig> {
        let mut config = self.configure(server_params(LOOPBACK_NAMES), None);
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Arc::new(config)
    }

    /// A server whose certificate ran out in 2001.
    pub fn expired_server(&self) -> Arc<ServerConfig> {
        let mut params = server_params(LOOPBACK_NAMES);
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(2001, 1, 1);
        Arc::new(self.configure(params, None))
    }

    /// A server that talks only to clients with a certificate of this authority.
    pub fn server_asking_for_a_certificate(&self) -> Arc<ServerConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).expect("our own root");
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::new(default_provider()));
        Arc::new(self.configure(server_params(LOOPBACK_NAMES), Some(verifier)))
    }

    /// The certificate and key of a server that names `names`, both PEM.
    #[cfg_attr(windows, allow(dead_code, reason = "for tests with shells"))]
    pub fn server_pem(&self, names: &[&str]) -> (String, String) {
        let key = KeyPair::generate().expect("a key pair");
        let certificate = server_params(names).signed_by(&key, &self.issuer).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }

    /// A client's certificate and key, both PEM.
    pub fn client(&self, name: &str) -> (String, String) {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().expect("a key pair");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }

    fn configure(
        &self,
        params: CertificateParams,
        clients: Option<rustls::server::ClientCertVerifierBuilder>,
    ) -> ServerConfig {
        let key = KeyPair::generate().expect("a key pair");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring speaks TLS 1.2 and 1.3");
        let config = match clients {
            None => config.with_no_client_auth(),
            Some(verifier) => config.with_client_cert_verifier(verifier.build().expect("a verifier")),
        };
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a PKCS #8 key");
        config.with_single_cert(vec![certificate.der().clone()], key).expect("a certificate that fits its key")
    }
}

fn server_params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| name.to_string()).collect();
    let mut params = CertificateParams::new(names).expect("valid names");
    params.distinguished_name.push(DnType::CommonName, "throw-away test server");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}
