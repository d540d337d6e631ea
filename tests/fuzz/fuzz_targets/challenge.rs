//! Any bytes as the challenges of a server or a proxy, a header a line, and as the token in one: schemes are found in all headers
//! alike, and a refusal of Kerberos is read without a panic. Also any bytes as the certificate that a token is bound to.
#![no_main]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fedcred::gssapi::refusal;
use fedcred::http::challenge::{challenges, in_words};
use fedcred::identity::saml::channel_binding::tls_server_end_point;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let _ = refusal(input);
    let _ = tls_server_end_point(input);
    let text = String::from_utf8_lossy(input);
    let headers: Vec<&str> = text.lines().collect();
    let all = challenges(headers.iter().copied());
    let each: Vec<_> = headers.iter().flat_map(|header| challenges([*header])).collect();
    assert_eq!(all, each);
    assert!(!in_words(&all).is_empty());
    for challenge in &all {
        assert!(!challenge.scheme.is_empty() && challenge.is(&challenge.scheme.to_ascii_uppercase()));
        if let Ok(token) = STANDARD.decode(challenge.token) {
            let _ = refusal(&token);
        }
    }
});
