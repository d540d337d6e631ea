//! How a server's certificate is judged: by the system's roots, by a bundle alone, or not at all.
//!
//! The system's roots cost milliseconds to read. They are read in the first handshake that needs them, once for all clients,
//! and never for plain http or beside a bundle; so a machine without any can still talk to loopback.

use std::fmt;
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::{ParsedCertificate, VerifierBuilderError};
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::handshake::Handshakes;

/// rustls's own result.
type Verdict<T> = Result<T, rustls::Error>;

/// Judges the certificate; the handshake's signature, by which the server proves that it owns it, is checked in any case.
pub(super) struct Verifier {
    roots: Roots,
    algorithms: WebPkiSupportedAlgorithms,
    /// Gets what the server shows.
    handshakes: Handshakes,
}

enum Roots {
    System(Arc<CryptoProvider>),
    Bundle { anchors: Vec<CertificateDer<'static>>, verifier: Arc<WebPkiServerVerifier> },
    Unchecked,
}

impl Verifier {
    pub fn system(provider: Arc<CryptoProvider>) -> Self {
        Verifier {
            algorithms: provider.signature_verification_algorithms,
            roots: Roots::System(provider),
            handshakes: Handshakes::default(),
        }
    }

    /// Fails when none of `anchors` can be understood.
    pub fn bundle(
        anchors: Vec<CertificateDer<'static>>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, VerifierBuilderError> {
        let mut store = RootCertStore::empty();
        // As OpenSSL does, a bundle is taken with what can be understood of it; old roots have their quirks.
        store.add_parsable_certificates(anchors.iter().cloned());
        let algorithms = provider.signature_verification_algorithms;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider).build()?;
        Ok(Verifier { roots: Roots::Bundle { anchors, verifier }, algorithms, handshakes: Handshakes::default() })
    }

    pub fn unchecked(provider: Arc<CryptoProvider>) -> Self {
        Verifier {
            algorithms: provider.signature_verification_algorithms,
            roots: Roots::Unchecked,
            handshakes: Handshakes::default(),
        }
    }

    pub fn noting(self, handshakes: &Handshakes) -> Self {
        Verifier { handshakes: handshakes.clone(), ..self }
    }
}

/// The platform's own verifier; on Linux, `SSL_CERT_FILE` and `SSL_CERT_DIR` go before it.
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

/// Begins the error of roots that `SSL_CERT_FILE` or `SSL_CERT_DIR` name and that cannot be used.
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

/// Whether a certificate was refused because it is an authority's. webpki's own error type is not exported by rustls.
pub(super) fn is_ca_as_server(error: &rustls::Error) -> bool {
    matches!(error, rustls::Error::InvalidCertificate(CertificateError::Other(e)) if format!("{e:?}").contains("CaUsedAsEndEntity"))
}
