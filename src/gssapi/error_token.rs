//! The reason a service gives when it refuses a ticket: a KRB-ERROR (RFC 4120 §5.9.1) inside its SPNEGO answer.
//!
//! The reason is not authenticated, so it only selects the text of an error that is an error in any case.

use super::ffi;
use crate::der;

/// Returns why the service refuses the ticket, and the next step. `None` if the token is not a refusal.
pub fn refusal(token: &[u8]) -> Option<(&'static str, &'static str)> {
    match number(token) {
        Some(number) => Some(meaning(number)),
        None => is_rejection(token).then_some(UNEXPLAINED),
    }
}

/// The error number of RFC 4120 §7.5.9, if the token carries one.
fn number(token: &[u8]) -> Option<u8> {
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

/// RFC 4178 §4.2.2: a NegTokenResp whose first field is negState reject (2).
fn is_rejection(token: &[u8]) -> bool {
    let first_field = |token| der::content_of(der::SEQUENCE, der::content_of(NEG_TOKEN_RESP, token)?);
    first_field(token).is_some_and(|fields| fields.starts_with(b"\xa0\x03\x0a\x01\x02"))
}

fn meaning(number: u8) -> (&'static str, &'static str) {
    match number {
        AP_ERR_BAD_INTEGRITY | AP_ERR_MODIFIED => (
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
            "try again; if it happens again, two servers answer under one name without a shared replay cache",
        ),
        AP_ERR_NOT_US | AP_ERR_BADMATCH => (
            "the ticket is for another service (KRB_AP_ERR_NOT_US or BADMATCH)",
            "use the name of the service principal in `idp_url`",
        ),
        _ => UNEXPLAINED,
    }
}

const UNEXPLAINED: (&str, &str) = (
    "the service gave no known Kerberos error",
    "ask the IdP's administrator for its log; a proxy that decrypts TLS breaks channel bindings (to test that: \
    `channel_bindings = \"none\"`)",
);

/// [1], the second choice of NegotiationToken
const NEG_TOKEN_RESP: u8 = 0xa1;
/// [APPLICATION 30]
const KRB_ERROR: u8 = 0x7e;
/// [6] error-code
const ERROR_CODE: u8 = 0xa6;

const AP_ERR_BAD_INTEGRITY: u8 = 31;
const AP_ERR_TKT_EXPIRED: u8 = 32;
const AP_ERR_TKT_NYV: u8 = 33;
const AP_ERR_REPEAT: u8 = 34;
const AP_ERR_NOT_US: u8 = 35;
const AP_ERR_BADMATCH: u8 = 36;
const AP_ERR_SKEW: u8 = 37;
const AP_ERR_MODIFIED: u8 = 41;
const AP_ERR_BADKEYVER: u8 = 44;
const AP_ERR_NOKEY: u8 = 45;

#[cfg(test)]
mod tests {
    use super::*;

    /// What MIT's acceptor answered to a ticket of a key version that its keytab does not hold.
    const BADKEYVER: &str = "a1753073a0030a0102a26c046a606806092a864886f71201020203007e593057a003020105a10302011e\
        a411180f32303236313132323031333932385aa505020305748ca60302012ca90e1b0c4558414d504c452e54455354aa1c301aa00302\
        0103a11330111b04485454501b096c6f63616c686f7374";

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn the_service_is_quoted_on_its_own_key() {
        assert_eq!(number(&hex(BADKEYVER)), Some(AP_ERR_BADKEYVER));
        assert!(refusal(&hex(BADKEYVER)).unwrap().1.contains("keytab"));
        let microsoft = BADKEYVER.replace("2a864886f712010202", "2a864882f712010202");
        assert_eq!(number(&hex(&microsoft)), Some(AP_ERR_BADKEYVER));
    }

    #[test]
    fn a_rejection_without_a_reason_is_still_one() {
        assert_eq!(refusal(b"\xa1\x07\x30\x05\xa0\x03\x0a\x01\x02"), Some(UNEXPLAINED));
    }

    #[test]
    fn what_does_not_refuse_is_no_refusal() {
        let accepted = b"\xa1\x07\x30\x05\xa0\x03\x0a\x01\x00";
        for token in [&b""[..], &[0; 100], accepted, ffi::KRB5.der(), &hex(&BADKEYVER[60..100])] {
            assert_eq!(refusal(token), None, "{token:02x?}");
        }
    }
}
