//! Explains a request that got no whole answer: which fault it was, the next step, and whether another attempt may succeed.
//!
//! Faults of TLS are distinguished by rustls's typed errors, by the phase of the connection and by what the server asked for in
//! the handshake: the same alert means "no cipher in common" before the server has sent a certificate, "a client certificate is
//! required" after it asked for one, and "a renegotiation failed" once requests have been answered.

use std::error::Error as StdError;
use std::io;

use rustls::{
    AlertDescription as Alert, CertificateError, HandshakeType, InvalidMessage, PeerIncompatible, PeerMisbehaved,
};

use super::handshake::Handshakes;
use super::verifier::UNREAD_ROOTS;
use crate::error::{Code, Error, printable};

/// A request that got no whole answer.
#[derive(Debug)]
pub struct Failure {
    pub error: Error,
    /// No connection was made, so the request cannot have been acted upon.
    pub is_unsent: bool,
    /// The same request may succeed a moment later.
    pub may_pass: bool,
}

impl Failure {
    /// A failure that another attempt would not change, of a request that may have been acted upon.
    pub(super) fn lasting(error: Error) -> Self {
        Failure { error, is_unsent: false, may_pass: false }
    }
}

/// The server of a failed request.
#[derive(Clone, Copy)]
pub(super) struct Peer<'a> {
    /// The name in errors: "the IdP at https://idp.example.com/sso".
    pub name: &'a str,
    /// The setting for this server's trust (`saml.ca_bundle`, `AWS_CA_BUNDLE`).
    pub setting: &'static str,
    pub handshakes: &'a Handshakes,
}

/// The fault of a failed request.
enum Fault<'a> {
    Tls(&'a rustls::Error),
    Timeout,
    NameUnknown,
    NotConnected,
    NotMade,
    /// The answer is cut off.
    CutShort,
    /// The body is not what its `Content-Encoding` says.
    Undecodable,
    /// The answer is not HTTP.
    NotHttp,
    Broken,
}

impl<'a> Fault<'a> {
    fn of(error: &'a reqwest::Error) -> Self {
        if let Some(tls) = chain(error).find_map(|e| e.downcast_ref()) {
            return Fault::Tls(tls);
        }
        let hyper = chain(error).find_map(|e| e.downcast_ref::<hyper::Error>());
        if error.is_timeout() {
            Fault::Timeout
        } else if error.is_dns() || is_no_such_name(&innermost(error)) {
            Fault::NameUnknown
        } else if error.is_connect() {
            Fault::NotConnected
        } else if error.is_builder() {
            Fault::NotMade
        } else if is_unexpected_end(error) || hyper.is_some_and(hyper::Error::is_incomplete_message) {
            Fault::CutShort
        } else if hyper.is_some_and(hyper::Error::is_parse) {
            Fault::NotHttp
        } else if error.is_decode() && hyper.is_none() {
            Fault::Undecodable
        } else {
            Fault::Broken
        }
    }
}

/// Returns the error of a failed request, without the URL, whose query may hold a secret.
pub(super) fn classify(error: &reqwest::Error, peer: Peer<'_>) -> Error {
    let name = peer.name;
    let connect = |what: String| Error::new(Code::Connect, what);
    let told = match Fault::of(error) {
        Fault::Tls(fault) => return tls_error(fault, !error.is_connect(), peer),
        Fault::Timeout => return Error::new(Code::Timeout, format!("{name} did not answer in time")),
        Fault::NotConnected if is_unexpected_end(error) => {
            return connect(format!("cannot connect to {name}")).because("the connection was closed while it was made");
        }
        Fault::CutShort => return cut_short(name),
        Fault::NameUnknown => connect(format!("the name of {name} cannot be resolved"))
            .hint("check the spelling of the host name; a name inside a company may need its VPN or DNS server"),
        Fault::NotConnected => connect(format!("cannot connect to {name}")),
        Fault::Broken => connect(format!("the connection to {name} broke")),
        Fault::NotMade => Error::new(Code::InvalidValue, format!("the request to {name} cannot be made")),
        Fault::Undecodable => undecodable(name),
        Fault::NotHttp => Error::new(Code::HttpUnexpected, format!("the answer of {name} is not HTTP"))
            .hint("check the scheme and the port of the URL: a port for https does not answer http"),
    };
    told.because(innermost(error))
}

pub(super) fn too_large(peer: &str, limit: usize) -> Error {
    Error::new(Code::PageTooLarge, format!("the answer of {peer} is larger than {} MiB", limit >> 20))
}

/// The error of an answer that is cut off.
pub(super) fn cut_short(name: &str) -> Error {
    Error::new(Code::Connect, format!("the connection to {name} broke")).because("the answer ended before its end")
}

/// The error of a body that is not what its `Content-Encoding` says.
pub(super) fn undecodable(name: &str) -> Error {
    Error::new(Code::HttpUnexpected, format!("the answer of {name} cannot be decoded"))
        .hint("a proxy on the way may have changed it")
}

/// Whether the same request may succeed a moment later. A certificate that is not trusted stays so.
pub(super) fn worth_a_retry(error: &reqwest::Error) -> bool {
    match Fault::of(error) {
        Fault::NameUnknown => !is_no_such_name(&innermost(error)),
        Fault::Timeout | Fault::NotConnected | Fault::CutShort | Fault::Broken => true,
        Fault::Tls(_) | Fault::NotMade | Fault::Undecodable | Fault::NotHttp => false,
    }
}

/// Whether a cause says that a host name does not exist, and not only that the resolver failed, which may pass.
///
/// The standard library has only the text of the C library: glibc's and musl's, BSD's and macOS's; for Windows the number.
pub(super) fn is_no_such_name(cause: &str) -> bool {
    const WORDS: [&str; 7] = [
        "Name or service not known",
        "No address associated with",
        "Name does not resolve",
        "nodename nor servname provided, or not known",
        "(os error 11001)",
        "(os error 11004)",
        // A text that cannot be a host name.
        "invalid dns name",
    ];
    WORDS.iter().any(|words| cause.contains(words))
}

/// Whether it is a fault of TLS, so that the proxy, if any, has made the connection.
pub(super) fn is_of_tls(error: &reqwest::Error) -> bool {
    matches!(Fault::of(error), Fault::Tls(_))
}

/// Whether the peer closed the connection without TLS's close_notify (RFC 8446 §6.1), as many servers do.
pub(super) fn is_without_close_notify(error: &reqwest::Error) -> bool {
    // rustls has no type for this error; only its text names close_notify.
    is_unexpected_end(error) && chain(error).last().is_some_and(|e| e.to_string().contains("close_notify"))
}

/// Whether the server requires HTTP/1.1 for this request (RFC 9113 §7), upon which it has not acted.
pub(super) fn wants_http1(error: &reqwest::Error) -> bool {
    chain(error)
        .find_map(|e| e.downcast_ref::<h2::Error>())
        .is_some_and(|e| e.is_remote() && e.reason() == Some(h2::Reason::HTTP_1_1_REQUIRED))
}

/// `is_established`: whether requests have been sent over this connection.
fn tls_error(fault: &rustls::Error, is_established: bool, peer: Peer<'_>) -> Error {
    let Peer { name, setting, handshakes } = peer;
    let failed = |cause: &str| Error::new(Code::TlsFailed, format!("no TLS with {name}")).because(cause);
    match fault {
        rustls::Error::InvalidCertificate(_) => untrusted(fault, peer),
        rustls::Error::General(why) if why.starts_with(UNREAD_ROOTS) => {
            not_trusted(name, &why[UNREAD_ROOTS.len()..]).hint("correct or unset SSL_CERT_FILE and SSL_CERT_DIR")
        }
        // The error of the platform's verifier if it finds no store (a minimal container).
        rustls::Error::General(why) if why.contains("No CA certificates") => {
            not_trusted(name, "this machine has no certificate authorities")
                .hint(format!("install the package ca-certificates, or set `{setting}` or SSL_CERT_FILE"))
        }
        rustls::Error::AlertReceived(alert) => alerted(*alert, is_established, peer),
        rustls::Error::PeerMisbehaved(PeerMisbehaved::TooManyRenegotiationRequests)
        | rustls::Error::InappropriateHandshakeMessage { got_type: HandshakeType::CertificateRequest, .. }
            if is_established =>
        {
            late_handshake(name)
        }
        rustls::Error::PeerIncompatible(why) => match why {
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled => too_old(name),
            other => nothing_in_common(name).because(printable(&format!("{other:?}"), 80)),
        },
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion)
            if !is_established && handshakes.chain().is_empty() =>
        {
            Error::new(Code::TlsPlainHttp, format!("no TLS with {name}"))
                .because("the answer is not TLS: the port is not encrypted")
        }
        other => failed(&printable(&other.to_string(), 200)),
    }
}

/// Explains an alert by when it came and by what the server asked for before.
fn alerted(alert: Alert, is_established: bool, peer: Peer<'_>) -> Error {
    let Peer { name, handshakes, .. } = peer;
    let says = format!("it sent the TLS alert {alert:?}");
    match alert {
        Alert::CertificateRequired
        | Alert::NoCertificate
        | Alert::BadCertificate
        | Alert::UnsupportedCertificate
        | Alert::CertificateRevoked
        | Alert::CertificateExpired
        | Alert::CertificateUnknown
        | Alert::UnknownCA => client_certificate(peer, says),
        Alert::HandshakeFailure | Alert::AccessDenied | Alert::DecryptError | Alert::InsufficientSecurity
            if handshakes.wants_certificate() =>
        {
            client_certificate(peer, says)
        }
        Alert::HandshakeFailure | Alert::NoRenegotiation if is_established => late_handshake(name).because(says),
        Alert::HandshakeFailure | Alert::InsufficientSecurity => nothing_in_common(name).because(says),
        Alert::ProtocolVersion | Alert::InappropriateFallback => too_old(name).because(says),
        Alert::NoApplicationProtocol => Error::new(Code::TlsFailed, format!("no TLS with {name}"))
            .because("it speaks neither HTTP/1.1 nor another HTTP that this login can use (Kerberos: only HTTP/1.1)")
            .hint("have HTTP/1.1 enabled on that server"),
        Alert::UnrecognisedName => Error::new(Code::TlsFailed, format!("no TLS with {name}"))
            .because("the server does not know that name")
            .hint("check the host's name in the URL"),
        _ => Error::new(Code::TlsFailed, format!("no TLS with {name}")).because(says),
    }
}

fn too_old(name: &str) -> Error {
    Error::new(Code::TlsVersion, format!("{name} speaks only versions of TLS that are older than TLS 1.2"))
}

fn nothing_in_common(name: &str) -> Error {
    Error::new(Code::TlsCipher, format!("{name} has no TLS cipher or curve in common with fedcred"))
}

/// The error of a server that asks for a client certificate in an established connection, which TLS 1.3 allows only with an
/// extension that rustls does not send (RFC 8446 §4.2.6).
pub(super) fn late_handshake(name: &str) -> Error {
    Error::new(Code::TlsRenegotiation, format!("{name} requires a new TLS handshake in the middle of the connection"))
        .because(
            "servers do so (renegotiation) to ask for a client certificate; fedcred cannot, like most TLS libraries",
        )
}

fn client_certificate(peer: Peer<'_>, says: String) -> Error {
    let name = peer.name;
    if peer.handshakes.has_certificate() {
        Error::new(Code::TlsClientCertificate, format!("{name} refused the client certificate"))
            .because(says)
            .hint("have a certificate issued that the server trusts, and name it: `client_cert`, `client_key`")
    } else {
        Error::new(Code::TlsClientCertificate, format!("{name} requires a client certificate")).because(says)
    }
}

fn not_trusted(name: &str, cause: &str) -> Error {
    Error::new(Code::TlsUntrusted, format!("the certificate of {name} is not trusted")).because(cause)
}

fn untrusted(fault: &rustls::Error, peer: Peer<'_>) -> Error {
    let Peer { name, setting, .. } = peer;
    let why = |cause: &str, hint: &str| not_trusted(name, cause).hint(hint);
    let add = format!("if it is right, put the authority that issued it into a PEM file and name that in `{setting}`");
    let own_name = "use the name in the certificate";
    if super::verifier::is_ca_as_server(fault) {
        let hint = format!("if it is right, put this very certificate into a PEM file and name that in `{setting}`");
        return why("it is an authority's own, self-signed certificate", &hint);
    }
    let rustls::Error::InvalidCertificate(reason) = fault else {
        return why(&printable(&fault.to_string(), 200), &add);
    };
    match reason {
        CertificateError::UnknownIssuer => why("it was issued by an unknown authority", &add),
        CertificateError::BadSignature => why("its authority has the name of a known one, but another key", &add),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            why("it has expired", "have it renewed, or set this machine's clock")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            why("it is not valid yet", "set this machine's clock")
        }
        CertificateError::NotValidForName => why("it is for another name", own_name),
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names = printable(&presented.join(", "), 200);
            let names = if names.is_empty() { "no name at all" } else { &names };
            why(&format!("it is for {names}"), own_name)
        }
        other => why(&printable(&other.to_string(), 200), &add),
    }
}

/// The text of the innermost cause, without the links to manuals that libraries add.
fn innermost(error: &reqwest::Error) -> String {
    let words = chain(error).last().map_or_else(|| "no cause given".to_owned(), |e| e.to_string());
    let words: Vec<&str> = words.split_whitespace().filter(|word| !word.contains("://")).collect();
    printable(words.join(" ").trim_end_matches([':', ',']), 200)
}

fn is_unexpected_end(error: &reqwest::Error) -> bool {
    chain(error).filter_map(|e| e.downcast_ref::<io::Error>()).any(|e| e.kind() == io::ErrorKind::UnexpectedEof)
}

/// The causes below `error`.
pub(super) fn chain(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    std::iter::successors(error.source(), |e| below(*e))
}

/// The next cause. `source()` of an `io::Error` skips the error that it wraps.
fn below<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}
