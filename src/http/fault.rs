//! A request that got no answer: which fault it was, in words a person can act on, and whether another try may help.

use std::error::Error as StdError;
use std::io;

use rustls::{AlertDescription, CertificateError, InvalidMessage};

use crate::error::{Code, Error, printable};

/// The error of a request that failed. `peer` says whom it was for ("the IdP idp.example.com"); `bundle` is the setting
/// that holds this peer's trust (`ca_bundle`, `AWS_CA_BUNDLE`). The URL, whose query may hold a secret, stays out.
pub fn classify(error: &reqwest::Error, peer: &str, bundle: &str) -> Error {
    if let Some(tls) = tls_fault(error) {
        return tls_error(tls, peer, bundle);
    }
    if error.is_timeout() {
        return Error::new(Code::Timeout, format!("{peer} did not answer in time"));
    }
    let cause = printable(&innermost(error), 200);
    if error.is_dns() {
        return Error::new(Code::Connect, format!("the name of {peer} cannot be resolved")).because(cause);
    }
    if error.is_connect() {
        return Error::new(Code::Connect, format!("cannot connect to {peer}")).because(cause);
    }
    if error.is_builder() {
        return Error::new(Code::InvalidValue, format!("the request to {peer} cannot be made")).because(cause);
    }
    if error.is_decode() {
        return Error::new(Code::HttpUnexpected, format!("the answer of {peer} cannot be decoded")).because(cause);
    }
    Error::new(Code::Connect, format!("the connection to {peer} broke")).because(cause)
}

/// Whether the same request may succeed a moment later. A certificate does not become trusted by asking again.
pub fn worth_a_retry(error: &reqwest::Error) -> bool {
    tls_fault(error).is_none() && !error.is_builder() && !error.is_decode()
}

/// Whether the request cannot have reached the peer, so that sending it again cannot do anything twice.
pub fn never_sent(error: &reqwest::Error) -> bool {
    error.is_connect()
}

fn tls_error(fault: &rustls::Error, peer: &str, bundle: &str) -> Error {
    let untrusted = |cause: String, hint: String| {
        Error::new(Code::TlsUntrusted, format!("the certificate of {peer} is not trusted")).because(cause).hint(hint)
    };
    let failed = |cause: String| Error::new(Code::TlsFailed, format!("no TLS with {peer}")).because(cause);
    let add = format!("if it is right, put the authority that issued it into a PEM file and name that in `{bundle}`");
    match fault {
        fault if super::verifier::is_ca_as_server(fault) => untrusted(
            "it is an authority's own, self-signed certificate".into(),
            format!("if it is right, put this very certificate into a PEM file and name that in `{bundle}`"),
        ),
        rustls::Error::InvalidCertificate(why) => match why {
            CertificateError::UnknownIssuer => untrusted("it was issued by an unknown authority".into(), add),
            CertificateError::BadSignature => {
                untrusted("its authority has the name of a known one, but another key".into(), add)
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                untrusted("it has expired".into(), "have it renewed, or set this machine's clock".into())
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                untrusted("it is not valid yet".into(), "set this machine's clock".into())
            }
            CertificateError::NotValidForName => untrusted("it is for another name".into(), name_hint()),
            CertificateError::NotValidForNameContext { presented, .. } => {
                let names = printable(&presented.join(", "), 200);
                let names = if names.is_empty() { "no name at all".into() } else { names };
                untrusted(format!("it is for {names}"), name_hint())
            }
            other => untrusted(printable(&other.to_string(), 200), add),
        },
        // What the platform's verifier says when it finds no store (a bare container).
        rustls::Error::General(why) if why.contains("No CA certificates") => untrusted(
            "this machine has no certificate authorities".into(),
            format!("install the package ca-certificates, or set `{bundle}` or SSL_CERT_FILE"),
        ),
        rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA,
        ) => failed("the server wants a client certificate that it knows".into())
            .hint("set `client_cert` and `client_key`"),
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion) => {
            failed("what came back is not TLS".into()).hint("check scheme and port of the URL")
        }
        other => failed(printable(&other.to_string(), 200)),
    }
}

fn name_hint() -> String {
    "use the name that stands in the certificate".into()
}

/// The TLS fault below `error`, if there is one.
fn tls_fault(error: &reqwest::Error) -> Option<&rustls::Error> {
    chain(error).find_map(|e| e.downcast_ref())
}

fn innermost(error: &reqwest::Error) -> String {
    chain(error).last().map_or_else(|| "no cause given".to_owned(), |e| e.to_string())
}

/// The causes below `error`.
fn chain(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    std::iter::successors(error.source(), |e| below(*e))
}

/// An `io::Error` around another error hides that one from `source()`.
fn below<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}
