//! Trust and client certificate of a TLS connection: `ca_bundle`, `verify`, `client_cert` and `client_key` of a profile, and
//! `AWS_CA_BUNDLE`.
//!
//! One crypto provider (ring) is passed to each configuration, so that no process-wide default has to be installed.

use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use zeroize::Zeroizing;

use super::handshake::Handshakes;
use super::verifier::{Roots, Verifier};
use crate::error::{Code, Error, Result};
use crate::file::{self, Kind, kind};

/// The trust for one kind of server: that for the IdP and that for AWS are separate.
#[derive(Clone, Copy, Debug)]
pub struct Trust<'a> {
    /// PEM certificates that replace the system's roots, as Python requests' `verify` and `AWS_CA_BUNDLE` do.
    pub ca_bundle: Option<&'a Path>,
    /// The setting that names the bundle, for errors: `ca_bundle` or `AWS_CA_BUNDLE`.
    pub setting: &'static str,
    /// False: any certificate is accepted. The server must still own the key of its certificate, to which channel bindings refer.
    pub verify: bool,
    /// Files of the client certificate: PEM chain and PEM key.
    pub client_cert: Option<(&'a Path, &'a Path)>,
}

impl Trust<'_> {
    /// Returns rustls's configuration. What servers show and ask for is noted in `handshakes`, also if they are not trusted.
    ///
    /// Fails if a file cannot be read ([`Code::FileUnreadable`]) or does not hold what it should ([`Code::InvalidValue`]).
    pub(super) fn config(&self, handshakes: &Handshakes) -> Result<ClientConfig> {
        let provider = Arc::new(ring::default_provider());
        let roots = match self.ca_bundle {
            _ if !self.verify => Roots::Unchecked,
            None => Roots::System(provider.clone()),
            Some(file) => Roots::bundle(certificates(file, self.setting)?, provider.clone())
                .map_err(|e| unusable(file, self.setting, e.to_string()))?,
        };
        let algorithms = provider.signature_verification_algorithms;
        let verifier = Verifier { roots, algorithms, handshakes: handshakes.clone() };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| Error::new(Code::Bug, "the TLS provider has no protocol versions").because(e.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let certificate = match self.client_cert {
            None => None,
            Some((cert, key)) => {
                let (chain, private) = (certificates(cert, "client_cert")?, private_key(key)?);
                Some(CertifiedKey::from_der(chain, private, config.crypto_provider()).map_err(|e| {
                    unusable(key, "client_key", e.to_string())
                        .hint("`client_key` has to be the key of the first certificate in `client_cert`")
                })?)
            }
        };
        Ok(config.with_client_cert_resolver(handshakes.resolver(certificate)))
    }
}

fn certificates(file: &Path, setting: &str) -> Result<Vec<CertificateDer<'static>>> {
    let pem = read(file, &kind::CERTIFICATES, setting)?;
    let found: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(unusable(file, setting, "it holds no `-----BEGIN CERTIFICATE-----`".into())),
        Err(e) => Err(unusable(file, setting, e.to_string())),
    }
}

fn private_key(file: &Path) -> Result<PrivateKeyDer<'static>> {
    let pem = read(file, &kind::PRIVATE_KEY, "client_key")?;
    PrivateKeyDer::from_pem_slice(&pem).map_err(|_| {
        unusable(file, "client_key", "it holds no unencrypted private key".into())
            .hint("write the key without a passphrase: openssl pkey -in OLD -out NEW")
    })
}

fn read(path: &Path, kind: &Kind, setting: &str) -> Result<Zeroizing<Vec<u8>>> {
    file::read(path, kind).map_err(|fault| fault.error(Code::FileUnreadable).because(format!("`{setting}` names it")))
}

fn unusable(file: &Path, setting: &str, why: String) -> Error {
    Error::new(Code::InvalidValue, format!("`{setting}` {} cannot be used", file.display()))
        .because(why)
        .hint(format!("`{setting}` has to be a PEM file"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::transport::{Transport, Way};
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use rustls::server::WebPkiClientVerifier;
    use rustls::{RootCertStore, ServerConfig};
    use std::path::PathBuf;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use url::Url;

    const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

    struct Identity {
        chain: Vec<CertificateDer<'static>>,
        key: KeyPair,
        pem: String,
    }

    fn params(name: &str) -> CertificateParams {
        CertificateParams::new(vec![name.to_owned()]).unwrap()
    }

    fn authority() -> CertifiedIssuer<'static, KeyPair> {
        authority_named("corp")
    }

    fn authority_named(name: &str) -> CertifiedIssuer<'static, KeyPair> {
        let mut params = params("authority.test");
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    }

    fn issued(params: CertificateParams, by: &CertifiedIssuer<'static, KeyPair>) -> Identity {
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, by).unwrap();
        Identity { chain: vec![cert.der().clone()], key, pem: cert.pem() }
    }

    /// What `openssl req -x509` makes: its own authority.
    fn self_signed_authority(mut params: CertificateParams) -> Identity {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let cert = params.self_signed(&key).unwrap();
        Identity { chain: vec![cert.der().clone()], key, pem: cert.pem() }
    }

    fn expired(mut params: CertificateParams) -> CertificateParams {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
        params
    }

    /// Files of one test.
    struct Files(tempfile::TempDir);

    impl Files {
        fn new() -> Self {
            Files(tempfile::tempdir().unwrap())
        }

        fn write(&self, name: &str, text: &str) -> PathBuf {
            let path = self.0.path().join(name);
            std::fs::write(&path, text).unwrap();
            #[cfg(unix)]
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
            path
        }
    }

    fn trust(bundle: Option<&Path>) -> Trust<'_> {
        Trust { ca_bundle: bundle, setting: "ca_bundle", verify: true, client_cert: None }
    }

    /// The outcome of one https request to `https://localhost` on a server that is `server`: the certificate seen.
    fn connect(server: &Identity, clients: Option<&str>, trust: Trust<'_>) -> Result<Vec<u8>> {
        let provider = Arc::new(ring::default_provider());
        let builder =
            ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(pem) => {
                let mut roots = RootCertStore::empty();
                roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
                builder.with_client_cert_verifier(verifier)
            }
        };
        let key = PrivateKeyDer::try_from(server.key.serialize_der()).unwrap();
        let acceptor =
            tokio_rustls::TlsAcceptor::from(Arc::new(builder.with_single_cert(server.chain.clone(), key).unwrap()));
        run(trust, async move |socket| {
            let Ok(mut tls) = acceptor.accept(socket).await else { return };
            let _ = tls.read(&mut [0; 4096]).await;
            let _ = tls.write_all(OK).await;
            let _ = tls.shutdown().await;
        })
    }

    fn run(trust: Trust<'_>, serve: impl AsyncFn(tokio::net::TcpStream)) -> Result<Vec<u8>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = Url::parse(&format!("https://localhost:{}/", listener.local_addr().unwrap().port())).unwrap();
            let transport = Transport::new(&url, &trust, Way::new(Duration::from_secs(10), 1 << 20))?;
            let server = async {
                loop {
                    let (socket, _) = listener.accept().await.unwrap();
                    serve(socket).await;
                }
            };
            let request = async {
                let reply = transport.send(reqwest::Request::new(reqwest::Method::GET, url), "the IdP").await;
                reply.map(|reply| reply.certificate.unwrap()).map_err(|failure| {
                    assert!(!failure.may_pass, "{failure:?}");
                    failure.error
                })
            };
            let (mut server, mut request) = (std::pin::pin!(server), std::pin::pin!(request));
            std::future::poll_fn(|cx| {
                let _: std::task::Poll<()> = server.as_mut().poll(cx);
                request.as_mut().poll(cx)
            })
            .await
        })
    }

    fn untrusted(outcome: Result<Vec<u8>>, cause: &str, hint: &str) {
        let error = outcome.unwrap_err();
        assert_eq!(error.code, Code::TlsUntrusted, "{error:?}");
        assert!(error.causes[0].contains(cause), "{error:?}");
        assert!(error.hint.as_deref().is_some_and(|h| h.contains(hint)), "{error:?}");
    }

    #[test]
    fn a_bundle_with_the_issuing_authority_is_enough_and_the_certificate_is_handed_out() {
        let (files, ca) = (Files::new(), authority());
        let server = issued(params("localhost"), &ca);
        let bundle = files.write("ca.pem", &ca.pem());
        assert_eq!(connect(&server, None, trust(Some(&bundle))).unwrap(), server.chain[0].as_ref());
    }

    #[test]
    fn a_bundle_replaces_the_systems_roots_and_another_authority_is_not_trusted() {
        let files = Files::new();
        let server = issued(params("localhost"), &authority());
        let bundle = files.write("other.pem", &authority_named("other").pem());
        untrusted(connect(&server, None, trust(Some(&bundle))), "unknown authority", "`ca_bundle`");
        let bundle = files.write("renewed.pem", &authority().pem());
        untrusted(connect(&server, None, trust(Some(&bundle))), "another key", "`ca_bundle`");
        let unknown = self_signed_authority(params("localhost"));
        assert_eq!(connect(&unknown, None, trust(None)).unwrap_err().code, Code::TlsUntrusted);
    }

    #[test]
    #[cfg_attr(windows, ignore = "wine's policy for TLS takes a chain without its authority for whole")]
    fn a_chain_whose_authority_the_system_does_not_know_is_not_trusted() {
        let server = issued(params("localhost"), &authority());
        assert_eq!(connect(&server, None, trust(None)).unwrap_err().code, Code::TlsUntrusted);
    }

    #[test]
    fn name_and_dates_are_checked() {
        let (files, ca) = (Files::new(), authority());
        let bundle = files.write("ca.pem", &ca.pem());
        let other = issued(params("idp.example.com"), &ca);
        untrusted(connect(&other, None, trust(Some(&bundle))), "idp.example.com", "name");
        let old = issued(expired(params("localhost")), &ca);
        untrusted(connect(&old, None, trust(Some(&bundle))), "has expired", "clock");
    }

    #[test]
    fn a_self_signed_authority_as_server_is_trusted_only_when_the_bundle_holds_it() {
        let files = Files::new();
        let server = self_signed_authority(params("localhost"));
        let bundle = files.write("server.pem", &server.pem);
        assert!(connect(&server, None, trust(Some(&bundle))).is_ok());

        let other = files.write("other.pem", &authority_named("other").pem());
        untrusted(connect(&server, None, trust(Some(&other))), "self-signed", "this very certificate");

        let elsewhere = self_signed_authority(params("idp.example.com"));
        let bundle = files.write("elsewhere.pem", &elsewhere.pem);
        untrusted(connect(&elsewhere, None, trust(Some(&bundle))), "idp.example.com", "name");

        let old = self_signed_authority(expired(params("localhost")));
        let bundle = files.write("old.pem", &old.pem);
        untrusted(connect(&old, None, trust(Some(&bundle))), "has expired", "clock");
    }

    #[test]
    fn without_verification_any_certificate_will_do_and_is_still_handed_out() {
        let server = issued(expired(params("elsewhere.test")), &authority());
        let seen = connect(&server, None, Trust { verify: false, ..trust(None) }).unwrap();
        assert_eq!(seen, server.chain[0].as_ref());
    }

    #[test]
    #[cfg_attr(windows, ignore = "a connection that is reset loses there what was said before")]
    fn a_client_certificate_is_shown_when_it_is_set_and_missed_when_it_is_not() {
        let (files, ca) = (Files::new(), authority());
        let server = issued(params("localhost"), &ca);
        let bundle = files.write("ca.pem", &ca.pem());
        let client = issued(params("alice"), &ca);
        let (cert, key) =
            (files.write("client.pem", &client.pem), files.write("client.key", &client.key.serialize_pem()));
        let ours = Trust { client_cert: Some((&cert, &key)), ..trust(Some(&bundle)) };
        assert!(connect(&server, Some(&ca.pem()), ours).is_ok());

        let error = connect(&server, Some(&ca.pem()), trust(Some(&bundle))).unwrap_err();
        assert_eq!(error.code, Code::TlsClientCertificate, "{error:?}");
    }

    #[test]
    #[cfg_attr(windows, ignore = "a connection that is reset loses there what was said before")]
    fn a_port_without_tls_is_recognised() {
        let error = run(trust(None), async |mut socket| {
            let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        })
        .unwrap_err();
        assert_eq!(error.code, Code::TlsPlainHttp);
    }

    #[test]
    fn files_that_cannot_be_used_are_named_with_their_setting() {
        let files = Files::new();
        let (one, two) = (self_signed_authority(params("a")), self_signed_authority(params("b")));
        let missing = files.0.path().join("missing.pem");
        let empty = files.write("empty.pem", "");
        let junk = files.write("junk.pem", "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n");
        let cert = files.write("cert.pem", &one.pem);
        let other_key = files.write("other.key", &two.key.serialize_pem());
        let locked = files
            .write("locked.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMA==\n-----END ENCRYPTED PRIVATE KEY-----\n");
        let with_key = |key| Trust { client_cert: Some((cert.as_path(), key)), ..trust(None) };
        let table = [
            (trust(Some(&missing)), Code::FileUnreadable, "`ca_bundle`"),
            (trust(Some(files.0.path())), Code::FileUnreadable, "`ca_bundle`"),
            (trust(Some(&empty)), Code::InvalidValue, "`ca_bundle`"),
            (trust(Some(&junk)), Code::InvalidValue, "`ca_bundle`"),
            (with_key(&missing), Code::FileUnreadable, "`client_key`"),
            (with_key(&locked), Code::InvalidValue, "`client_key`"),
            (with_key(&other_key), Code::InvalidValue, "`client_key`"),
        ];
        for (trust, code, named) in table {
            let error = trust.config(&Handshakes::default()).map(drop).unwrap_err();
            assert_eq!(error.code, code, "{error:?}");
            assert!(format!("{error:?}").contains(named), "{error:?}");
        }
    }
}
