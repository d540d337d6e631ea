//! What an answer shows of the secret that was sent for it: the one place that decides.
//!
//! The step that reads an answer says what it saw ([`Sign`]), [`shown`] says what that is worth, and the step settles the
//! attempt of its request with it. Kinds of pages are told apart in `saml::auth::form` and `saml::conversation`.

use super::saml::response::Response;
use crate::attempt::Shown;

/// What a peer's answer to a request with a secret looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// An assertion or a token.
    Proof,
    /// A page that only a right password leads to: a second factor, a new password, a consent, "stay signed in?".
    PageBehindTheLogin,
    /// The form that the secret was filled into, with no sign of a second factor.
    FormAgain,
    /// 401, or 407 of a proxy; whether it offers the scheme by which the secret was sent.
    Challenge { offers_our_scheme: bool },
    /// A fault that names the authentication: of SOAP, or OAuth's `invalid_grant` and `invalid_client`.
    AuthenticationFault,
    /// Anything else: silence, a broken connection, an error's status, a page without a form, JSON.
    Anything,
}

/// What the answer says of the secret.
pub fn shown(sign: Sign) -> Shown {
    match sign {
        Sign::Proof | Sign::PageBehindTheLogin => Shown::Accepted,
        Sign::FormAgain | Sign::Challenge { offers_our_scheme: true } | Sign::AuthenticationFault => Shown::Refused,
        // RFC 9110 §11.6.1: a server lists what it takes. One that does not take our scheme has not looked at the secret.
        Sign::Challenge { offers_our_scheme: false } | Sign::Anything => Shown::NoVerdict,
    }
}

/// What a SAML response shows, whatever carried it. One with an error's status may have come before anybody looked at the secret.
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
    fn each_sign_has_its_worth() {
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
            assert_eq!(shown(sign), expected, "{sign:?}");
        }
    }
}
