//! Any bytes as a SAML response: as XML, as what a form's field or an address holds, and as what somebody pasted. An error or a
//! response, never a panic; and what is read of a response does not depend on how its base64 is written.
#![no_main]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fedcred::error::Code;
use fedcred::identity::saml::paste;
use fedcred::identity::saml::response::{Response, canonical};
use fedcred::secret::Secret;
use libfuzzer_sys::fuzz_target;
use zeroize::Zeroizing;

fuzz_target!(|input: &[u8]| {
    let now = "2026-11-21T10:00:00Z".parse().expect("a time");
    let encoded = STANDARD.encode(input);
    let plain = Response::decode(&Secret::new(encoded.clone()));
    let broken: String = encoded.trim_end_matches('=').chars().flat_map(|c| [c, '\n']).collect();
    let again = Response::decode(&canonical(Secret::new(broken)));
    match (&plain, &again) {
        (Ok(one), Ok(other)) => {
            assert_eq!(format!("{one:?}"), format!("{other:?}"));
            if let Err(error) = one.preflight(now) {
                assert_ne!(error.code, Code::Bug, "{error}");
            }
            let _ = (one.is_for_aws(), one.session_tags().count(), one.aws_attribute("RoleSessionName"));
        }
        (Err(one), Err(other)) => assert_eq!(one.code, other.code),
        (one, other) => panic!("{one:?} is not {other:?}"),
    }
    if let Ok(text) = std::str::from_utf8(input) {
        let _ = Response::decode(&Secret::new(text.to_owned()));
        if let Ok((encoded, response)) = Response::decode_redirected(text) {
            let again = Response::decode(&encoded).expect("what it gives is read again");
            assert_eq!(format!("{response:?}"), format!("{again:?}"));
        }
    }
    if let Err(error) = paste::read(Zeroizing::new(input.to_vec())) {
        assert_ne!(error.code, Code::Bug, "{error}");
    }
});
