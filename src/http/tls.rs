//! Whom we trust on a TLS connection, and who we say we are: `ca_bundle`, `verify`, `client_cert` and `client_key` of a
//! profile, and `AWS_CA_BUNDLE`.
//!
//! One crypto provider (ring), handed to each configuration, so that no process-wide default has to be installed. The
//! system's roots cost milliseconds to read: they are read in the first handshake that needs them, once for all clients,
//! and never for plain http or beside a bundle.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use zeroize::Zeroizing;

use crate::error::{Code, Error, Result};

/// rustls's own result.
type Verdict<T> = std::result::Result<T, rustls::Error>;

/// One side's trust: the IdP's and AWS's are separate.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'a> {
    /// PEM certificates that replace the system's roots, as Python requests' `verify` and `AWS_CA_BUNDLE` do.
    pub ca_bundle: Option<&'a Path>,
    /// The setting that names the bundle, for messages: `ca_bundle` or `AWS_CA_BUNDLE`.
    pub setting: &'static str,
    /// False: any certificate will do. The server must still own the one it shows, since a channel binding vouches for it.
    pub verify: bool,
    /// PEM chain and PEM key of this side.
    pub client_cert: Option<(&'a Path, &'a Path)>,
}

impl Trust<'_> {
    /// Sets `builder` to connect with this trust, and to hand out the server's certificate with each answer.
    ///
    /// Fails when a file cannot be read ([`Code::FileUnreadable`]) or does not hold what it should ([`Code::InvalidValue`]).
    pub fn apply(&self, builder: reqwest::ClientBuilder) -> Result<reqwest::ClientBuilder> {
        Ok(builder.tls_backend_preconfigured(self.config()?).tls_info(true))
    }

    fn config(&self) -> Result<ClientConfig> {
        let provider = Arc::new(ring::default_provider());
        let roots = match self.ca_bundle {
            _ if !self.verify => Roots::Unchecked,
            None => Roots::System(provider.clone()),
            Some(file) => Roots::bundle(file, self.setting, provider.clone())?,
        };
        let verifier = Verifier { roots, algorithms: provider.signature_verification_algorithms };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| Error::new(Code::Bug, "the TLS provider has no protocol versions").because(e.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let Some((cert, key)) = self.client_cert else { return Ok(config.with_no_client_auth()) };
        config.with_client_auth_cert(certificates(cert, "client_cert")?, private_key(key)?).map_err(|e| {
            Error::new(Code::InvalidValue, format!("`client_key` {} cannot be used", key.display()))
                .because(e.to_string())
                .hint("`client_key` has to be the key of the first certificate in `client_cert`")
        })
    }
}

/// What a server's certificate has to lead to.
enum Roots {
    System(Arc<CryptoProvider>),
    Bundle { anchors: Vec<CertificateDer<'static>>, verifier: Arc<WebPkiServerVerifier> },
    Unchecked,
}

impl Roots {
    fn bundle(file: &Path, setting: &'static str, provider: Arc<CryptoProvider>) -> Result<Self> {
        let anchors = certificates(file, setting)?;
        let mut store = RootCertStore::empty();
        // As OpenSSL does, a bundle is taken with what can be understood of it; old roots have their quirks.
        store.add_parsable_certificates(anchors.iter().cloned());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider).build().map_err(|e| {
            Error::new(Code::InvalidValue, format!("`{setting}` {} cannot be used", file.display()))
                .because(e.to_string())
        })?;
        Ok(Roots::Bundle { anchors, verifier })
    }
}

/// The system's own verifier, made in the first handshake that needs it. `SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured.
fn system(provider: &Arc<CryptoProvider>) -> Verdict<&'static dyn ServerCertVerifier> {
    static SYSTEM: OnceLock<Verdict<rustls_platform_verifier::Verifier>> = OnceLock::new();
    match SYSTEM.get_or_init(|| rustls_platform_verifier::Verifier::new(provider.clone())) {
        Ok(verifier) => Ok(verifier),
        Err(e) => Err(e.clone()),
    }
}

struct Verifier {
    roots: Roots,
    algorithms: WebPkiSupportedAlgorithms,
}

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
    use rustls::CertificateError::Other;
    matches!(error, rustls::Error::InvalidCertificate(Other(e)) if format!("{e:?}").contains("CaUsedAsEndEntity"))
}

fn certificates(file: &Path, setting: &str) -> Result<Vec<CertificateDer<'static>>> {
    let pem = read(file, setting)?;
    let found: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(not_pem(file, setting, "it holds no `-----BEGIN CERTIFICATE-----`".into())),
        Err(e) => Err(not_pem(file, setting, e.to_string())),
    }
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>> {
    let pem = read(file, "client_key")?;
    PrivateKeyDer::from_pem_slice(&pem).map_err(|_| {
        not_pem(file, "client_key", "it holds no unencrypted private key".into())
            .hint("write the key without a passphrase: openssl pkey -in OLD -out NEW")
    })
}

fn read(file: &Path, setting: &str) -> Result<Zeroizing<Vec<u8>>> {
    std::fs::read(file).map(Zeroizing::new).map_err(|e| {
        Error::new(Code::FileUnreadable, format!("cannot read `{setting}` {}", file.display())).because(e.to_string())
    })
}

fn not_pem(file: &Path, setting: &str, why: String) -> Error {
    Error::new(Code::InvalidValue, format!("`{setting}` {} cannot be used", file.display()))
        .because(why)
        .hint(format!("`{setting}` has to be a PEM file"))
}
