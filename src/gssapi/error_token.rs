//! The reason a service gives when it refuses a ticket: a KRB-ERROR (RFC 4120 §5.9.1) inside its SPNEGO answer.
//!
//! Nothing vouches for it, so it only chooses the words of an error that is an error anyway.

use super::ffi;
use crate::der;

/// The error number of RFC 4120 §7.5.9, if the token carries one.
pub fn number(token: &[u8]) -> Option<u8> {
    // RFC 4121 §4.1: the mechanism's identifier, then 03 00 for KRB_ERROR.
    let after = |oid: &'static ffi::StaticOid| {
        let mark = oid.der();
        let at = token.windows(mark.len() + 2).position(|w| w.starts_with(mark) && w.ends_with(&[3, 0]))?;
        token.get(at + mark.len() + 2..)
    };
    let krb_error = after(&ffi::KRB5).or_else(|| after(&ffi::KRB5_MICROSOFT))?;
    let fields = der::content_of(der::SEQUENCE, der::content_of(KRB_ERROR, krb_error)?)?;
    let error_code = der::elements(fields).find(|field| field.tag == ERROR_CODE)?;
    match der::content_of(der::INTEGER, error_code.content)? {
        &[number] => Some(number),
        _ => None,
    }
}

/// What the number says about a service that was sent a ticket, and who can mend it.
pub fn meaning(number: u8) -> (&'static str, &'static str) {
    match number {
        AP_ERR_MODIFIED => (
            "the service could not read the ticket: its key is not the one the KDC has (KRB_AP_ERR_MODIFIED)",
            "the service's key was changed: have the IdP's keytab renewed, then fetch a fresh ticket with `kinit`",
        ),
        AP_ERR_BADKEYVER | AP_ERR_NOKEY => (
            "the service has no key of the version the ticket was made for (KRB_AP_ERR_BADKEYVER or NOKEY)",
            "the service's key was changed: have the IdP's keytab renewed, then fetch a fresh ticket with `kinit`",
        ),
        AP_ERR_TKT_EXPIRED => (
            "the ticket has expired by the service's clock (KRB_AP_ERR_TKT_EXPIRED)",
            "run `kinit`, and compare the clocks of both machines",
        ),
        AP_ERR_TKT_NYV | AP_ERR_SKEW => (
            "this machine's clock and the service's differ too much (KRB_AP_ERR_SKEW)",
            "set the clocks of both machines: `timedatectl set-ntp true`",
        ),
        AP_ERR_REPEAT => (
            "the service has seen this authenticator before (KRB_AP_ERR_REPEAT)",
            "try again; if it comes back, two servers answer under one name without sharing what they saw",
        ),
        AP_ERR_NOT_US | AP_ERR_BADMATCH => (
            "the ticket is for another service (KRB_AP_ERR_NOT_US or BADMATCH)",
            "write `idp_url` with the name its service principal has",
        ),
        _ => ("the service refused the ticket", "ask who runs the IdP what its log says about this login"),
    }
}

/// [APPLICATION 30]
const KRB_ERROR: u8 = 0x7e;
/// [6] error-code
const ERROR_CODE: u8 = 0xa6;

const AP_ERR_TKT_EXPIRED: u8 = 32;
const AP_ERR_TKT_NYV: u8 = 33;
const AP_ERR_REPEAT: u8 = 34;
const AP_ERR_NOT_US: u8 = 35;
const AP_ERR_BADMATCH: u8 = 36;
const AP_ERR_SKEW: u8 = 37;
const AP_ERR_MODIFIED: u8 = 41;
const AP_ERR_BADKEYVER: u8 = 44;
const AP_ERR_NOKEY: u8 = 45;
