//! An untrusted certificate: shows what the server sends, and asks for a file with the authority to trust.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::desk::Desk;
use super::question::whole;
use crate::acquire::fetch::block_on;
use crate::error::{Code, Error, Result};
use crate::http::probe::{Peer, Probe, probe};
use crate::http::tls::Trust;
use crate::process::env::Env;
use crate::time;
use crate::x509::Certificate;

pub enum Trusted {
    /// By the authorities in this file.
    By(PathBuf),
    /// The address was wrong.
    NotAtAll,
}

const PATIENCE: Duration = Duration::from_secs(10);

/// Asks until a file is named with which the server of `url` is trusted, or the person wants to give another address.
pub fn settle(url: &str, desk: &mut Desk, env: &Env) -> Result<Trusted> {
    let choices = [
        "show the certificates that the server sends",
        "name a PEM file with the authority to trust",
        "give another address",
        "end setup",
    ];
    loop {
        match desk.choose("The server's certificate is not trusted. How do you want to continue?", &choices)? {
            0 => show(url, desk)?,
            1 => {
                let file = desk.ask("PEM file with the authority to trust", None, "--ca-bundle FILE")?;
                let file = whole(&file, env);
                match look(url, Some(&file)).and_then(vouched) {
                    Ok(()) => return Ok(Trusted::By(file)),
                    Err(error) => desk.complain(error)?,
                }
            }
            2 => return Ok(Trusted::NotAtAll),
            _ => return Err(Error::new(Code::PromptNeeded, "nothing is written").hint("fedcred setup")),
        }
    }
}

fn look(url: &str, bundle: Option<&PathBuf>) -> Result<Probe> {
    let url = Url::parse(url).map_err(|why| Error::new(Code::InvalidValue, why.to_string()))?;
    let name = format!("the IdP at {}", url.origin().ascii_serialization());
    let trust =
        Trust { ca_bundle: bundle.map(PathBuf::as_path), setting: "--ca-bundle", verify: true, client_cert: None };
    block_on(probe(Peer { url: &url, name: &name, trust, proxy: None, timeout: PATIENCE }))
}

/// Fails if the certificate is still untrusted; other errors do not count here.
fn vouched(probe: Probe) -> Result<()> {
    match probe.answer {
        Err(error) if error.code == Code::TlsUntrusted => Err(error.hint("name the file of another authority")),
        _ => Ok(()),
    }
}

fn show(url: &str, desk: &mut Desk) -> Result<()> {
    let chain = match look(url, None) {
        Ok(probe) => probe.chain,
        Err(error) => return desk.complain(error),
    };
    for certificate in &chain {
        desk.say(&in_words(certificate));
    }
    match chain.last() {
        None => desk.say("  it sends none"),
        Some(last) if !last.is_self_issued() => desk.say(&format!(
            "  The authority itself is not sent: ask the server's administrator for the certificate of {}.",
            last.issuer
        )),
        Some(_) => desk
            .say("  Ask the server's administrator for the last fingerprint, by telephone for example, and compare."),
    }
    Ok(())
}

fn in_words(certificate: &Certificate) -> String {
    let Certificate { subject, issuer, not_before, not_after, thumbprint: _, fingerprint } = certificate;
    let (from, until) = (time::whole_seconds(*not_before), time::whole_seconds(*not_after));
    format!("  {subject}\n    issued by {issuer}\n    valid from {from} until {until}\n    SHA-256 {fingerprint}")
}
