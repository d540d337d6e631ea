//! Verifies a server's certificate: by the system's roots, by a bundle alone, or not at all.
//!
//! The system's roots take milliseconds to read. They are read in the first handshake that needs them, once for all clients,
//! and never for plain http or with a bundle; so a machine without any can still connect to loopback.

use std::fmt;
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::{ParsedCertificate, VerifierBuilderError};
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::handshake::Handshakes;

/// The result type of rustls.
type Verdict<T> = Result<T, rustls::Error>;

/// Verifies the server's certificate. The signature of the handshake, by which the server proves that it owns the
/// certificate's key, is verified in any case.
pub(super) struct Verifier {
    pub roots: Roots,
    pub algorithms: WebPkiSupportedAlgorithms,
    /// Receives what the server shows.
    pub handshakes: Handshakes,
}

/// The trusted roots.
pub(super) enum Roots {
    System(Arc<CryptoProvider>),
    Bundle { anchors: Vec<CertificateDer<'static>>, verifier: Arc<WebPkiServerVerifier> },
    Unchecked,
}

impl Roots {
    /// Fails if none of `anchors` can be parsed.
    pub fn bundle(
        anchors: Vec<CertificateDer<'static>>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, VerifierBuilderError> {
        let mut store = RootCertStore::empty();
        // Like OpenSSL, takes those that can be parsed: some old roots cannot.
        store.add_parsable_certificates(anchors.iter().cloned());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider).build()?;
        Ok(Roots::Bundle { anchors, verifier })
    }
}

/// The platform's own verifier; on Linux, `SSL_CERT_FILE` and `SSL_CERT_DIR` take precedence.
fn system(provider: &Arc<CryptoProvider>) -> Verdict<&'static dyn ServerCertVerifier> {
    static SYSTEM: OnceLock<Verdict<Arc<dyn ServerCertVerifier>>> = OnceLock::new();
    match SYSTEM.get_or_init(|| of_system(provider.clone())) {
        Ok(verifier) => Ok(&**verifier),
        Err(e) => Err(e.clone()),
    }
}

fn of_system(provider: Arc<CryptoProvider>) -> Verdict<Arc<dyn ServerCertVerifier>> {
    #[cfg(all(unix, not(target_vendor = "apple")))]
    if let Some(named) = super::named_roots::Named::by_environment() {
        let none = |why: String| rustls::Error::General(format!("{UNREAD_ROOTS}{why}"));
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(named.certificates().map_err(none)?);
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider).build();
        return Ok(verifier.map_err(|why| none(why.to_string()))?);
    }
    Ok(Arc::new(rustls_platform_verifier::Verifier::new(provider)?))
}

/// The beginning of the error if the roots in `SSL_CERT_FILE` or `SSL_CERT_DIR` cannot be used.
pub(super) const UNREAD_ROOTS: &str = "of SSL_CERT_FILE and SSL_CERT_DIR: ";

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier")
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Verdict<ServerCertVerified> {
        self.handshakes.note(name, leaf, chain);
        match &self.roots {
            Roots::Unchecked => Ok(ServerCertVerified::assertion()),
            Roots::System(provider) => system(provider)?.verify_server_cert(leaf, chain, name, ocsp, now),
            Roots::Bundle { anchors, verifier } => match verifier.verify_server_cert(leaf, chain, name, ocsp, now) {
                // A self-signed certificate is often its own authority (`openssl req -x509` makes such), which webpki
                // refuses as a server's. Listed in the bundle byte for byte, it is trusted as OpenSSL trusts it. webpki
                // looks at the dates before it looks at this (check_issuer_independent_properties), at the name after.
                Err(e) if is_ca_as_server(&e) && anchors.contains(leaf) => {
                    rustls::client::verify_server_name(&ParsedCertificate::try_from(leaf)?, name)?;
                    Ok(ServerCertVerified::assertion())
                }
                verdict => verdict,
            },
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Verdict<HandshakeSignatureValid> {
        verify_tls12_signature(message, cert, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Verdict<HandshakeSignatureValid> {
        verify_tls13_signature(message, cert, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Whether a certificate was refused because it is an authority's. rustls does not export webpki's error type.
pub(super) fn is_ca_as_server(error: &rustls::Error) -> bool {
    matches!(error, rustls::Error::InvalidCertificate(CertificateError::Other(e)) if format!("{e:?}").contains("CaUsedAsEndEntity"))
}
