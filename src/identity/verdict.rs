//! What an answer shows of the secret that was sent with its request.
//!
//! The step that reads an answer says what it saw ([`Sign`]), [`of`] says what that means, and the step settles the attempt
//! with it. `saml::auth::form` and `saml::conversation` tell the kinds of pages apart.

use super::saml::response::Response;
use crate::attempt::Shown;

/// What the answer to a request with a secret looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// An assertion or a token.
    Proof,
    /// A page that only a right password leads to: a second factor, a new password, a consent, "stay signed in?".
    PageBehindTheLogin,
    /// The form that the secret was filled into, with no sign of a second factor.
    FormAgain,
    /// 401, or 407 of a proxy; whether it offers the scheme with which the secret was sent.
    Challenge { offers_our_scheme: bool },
    /// A fault of authentication: of SOAP, or `invalid_grant` and `invalid_client` of OAuth.
    AuthenticationFault,
    /// Anything else: silence, a broken connection, an error status, a page without a form, JSON.
    Anything,
}

/// Returns what the sign shows of the secret.
pub fn of(sign: Sign) -> Shown {
    match sign {
        Sign::Proof | Sign::PageBehindTheLogin => Shown::Accepted,
        Sign::FormAgain | Sign::Challenge { offers_our_scheme: true } | Sign::AuthenticationFault => Shown::Refused,
        // RFC 9110 §11.6.1: a server lists what it takes. One that does not list our scheme has not looked at the secret.
        Sign::Challenge { offers_our_scheme: false } | Sign::Anything => Shown::NoVerdict,
    }
}

/// Returns the sign in a SAML response. One with an error status may have been made before the secret was checked.
pub fn sign_of_response(response: &Response) -> Sign {
    if response.is_success() {
        Sign::Proof
    } else if response.status.iter().any(|status| status == "AuthnFailed") {
        Sign::AuthenticationFault
    } else {
        Sign::Anything
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sign_has_its_verdict() {
        let table = [
            (Sign::Proof, Shown::Accepted),
            (Sign::PageBehindTheLogin, Shown::Accepted),
            (Sign::FormAgain, Shown::Refused),
            (Sign::Challenge { offers_our_scheme: true }, Shown::Refused),
            (Sign::Challenge { offers_our_scheme: false }, Shown::NoVerdict),
            (Sign::AuthenticationFault, Shown::Refused),
            (Sign::Anything, Shown::NoVerdict),
        ];
        for (sign, expected) in table {
            assert_eq!(of(sign), expected, "{sign:?}");
        }
    }
}
