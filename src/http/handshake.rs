//! Records what servers show and ask for in TLS handshakes, for errors, `doctor` and channel bindings. rustls reports only how a
//! handshake failed; its callbacks see the server's certificates and whether it asks for a client certificate.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::CertifiedKey;

/// The record of one client's handshakes. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Handshakes(Arc<Mutex<Notes>>);

#[derive(Debug, Default)]
struct Notes {
    /// The last server's chain, leaf first, trusted or not.
    chain: Vec<Vec<u8>>,
    /// The last certificate of each server, by the server's name.
    leaves: Vec<(String, Vec<u8>)>,
    wants_certificate: bool,
    has_certificate: bool,
}

impl Handshakes {
    pub(super) fn note(&self, name: &ServerName<'_>, leaf: &CertificateDer<'_>, chain: &[CertificateDer<'_>]) {
        let mut notes = self.notes();
        notes.chain = std::iter::once(leaf).chain(chain).map(|certificate| certificate.as_ref().to_vec()).collect();
        let name = name.to_str().into_owned();
        notes.leaves.retain(|(known, _)| *known != name);
        notes.leaves.push((name, leaf.as_ref().to_vec()));
    }

    /// Returns the DER of the last server's chain, leaf first; empty if it sent no certificate.
    pub fn chain(&self) -> Vec<Vec<u8>> {
        self.notes().chain.clone()
    }

    /// Returns the DER of this host's certificate.
    pub fn leaf_of(&self, host: &str) -> Option<Vec<u8>> {
        let host = host.trim_matches(['[', ']']);
        self.notes().leaves.iter().find(|(name, _)| name == host).map(|(_, leaf)| leaf.clone())
    }

    /// Whether a server has asked for a client certificate.
    pub fn wants_certificate(&self) -> bool {
        self.notes().wants_certificate
    }

    /// Whether a client certificate is configured.
    pub fn has_certificate(&self) -> bool {
        self.notes().has_certificate
    }

    /// Returns the resolver that presents the client certificate, and records that a server asked for it.
    pub(super) fn resolver(&self, certificate: Option<CertifiedKey>) -> Arc<dyn ResolvesClientCert> {
        self.notes().has_certificate = certificate.is_some();
        Arc::new(Resolver { certificate: certificate.map(Arc::new), handshakes: self.clone() })
    }

    fn notes(&self) -> std::sync::MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Resolver {
    certificate: Option<Arc<CertifiedKey>>,
    handshakes: Handshakes,
}

impl ResolvesClientCert for Resolver {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.handshakes.notes().wants_certificate = true;
        self.certificate.clone()
    }

    fn has_certs(&self) -> bool {
        self.certificate.is_some()
    }
}
