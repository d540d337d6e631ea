//! `flow = "browser"`: authorization code with PKCE (RFC 7636) and a loopback redirect (RFC 8252).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use url::Url;

use super::callback::{Answered, Callback};
use super::issuer::{Granted, Issuer};
use super::quirks;
use super::{LoginUi, Page};
use crate::attempt::CountedSecret;
use crate::error::{Code, Error, Result};
use crate::http::form::Field;
use crate::random;
use crate::secret::Secret;
use crate::time::Deadline;

/// Random values of one login. Each ties a message to this login.
struct Proofs {
    /// Ties the code to the client that requested it (RFC 7636).
    verifier: Secret,
    /// Ties the browser's answer to our request (RFC 6749 §10.12).
    state: String,
    /// Ties the id_token to this login.
    nonce: String,
}

/// Returns what the provider granted, and the nonce that its id_token has to repeat.
pub async fn log_in(issuer: &Issuer<'_>, ui: &dyn LoginUi, deadline: &Deadline) -> Result<(Granted, String)> {
    let endpoint = issuer.endpoint(&issuer.metadata.authorization_endpoint, "browser", "device")?;
    issuer.page(endpoint)?;
    let proofs = Proofs::new()?;
    let callback = Callback::open(&issuer.settings.redirect_uri)?;
    let redirect_uri = quirks::of(&issuer.settings.issuer).redirect_uri(&callback.redirect_uri);
    ui.visit(&Page {
        url: &authorization_url(issuer, endpoint, redirect_uri, &proofs),
        user_code: None,
        with_code: None,
    });

    let answered = callback.wait(&proofs.state, deadline).await?;
    check_sender(issuer, &answered)?;
    // RFC 6749 §4.1.2: if a code comes twice, the tokens of the first use may be revoked.
    let code = CountedSecret::of_the_moment(answered.code);
    let verifier = CountedSecret::of_the_moment(proofs.verifier);
    let fields = [
        ("grant_type", Field::Plain("authorization_code")),
        ("code", Field::Secret(&code)),
        ("redirect_uri", Field::Plain(redirect_uri)),
        ("code_verifier", Field::Secret(&verifier)),
    ];
    let granted = issuer.token(&fields, deadline).await?.success()?.json()?;
    Ok((granted, proofs.nonce))
}

/// The address that the browser opens.
fn authorization_url(issuer: &Issuer<'_>, endpoint: &Url, redirect_uri: &str, proofs: &Proofs) -> Url {
    let settings = issuer.settings;
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(proofs.verifier.expose()));
    let mut url = endpoint.clone();
    let mut query = url.query_pairs_mut();
    query
        .append_pair("response_type", "code")
        .append_pair("client_id", &settings.client_id)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("scope", issuer.scope())
        .append_pair("state", &proofs.state)
        .append_pair("nonce", &proofs.nonce)
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256");
    if let Some(resource) = &settings.resource {
        query.append_pair("resource", resource);
    }
    for (name, value) in quirks::of(&settings.issuer).parameters(&settings.scope) {
        if !settings.auth_params.iter().any(|(theirs, _)| theirs == name) {
            query.append_pair(name, value);
        }
    }
    for (name, value) in &settings.auth_params {
        query.append_pair(name, value);
    }
    drop(query);
    url
}

/// Refuses the answer of another issuer, which must not receive our code (RFC 9207).
fn check_sender(issuer: &Issuer<'_>, answered: &Answered) -> Result<()> {
    let is_right = match &answered.issuer {
        Some(sender) => *sender == issuer.settings.issuer.as_written(),
        None => !issuer.metadata.authorization_response_iss_parameter_supported,
    };
    if is_right {
        return Ok(());
    }
    Err(Error::new(Code::TokenInvalid, "the browser returned from another issuer")
        .because("the answer's `iss` is not the issuer's (RFC 9207)"))
}

impl Proofs {
    fn new() -> Result<Self> {
        let text = || {
            let bytes = random::bytes::<32>().map_err(|e| {
                Error::new(Code::Bug, "the operating system gives no random bytes").because(e.to_string())
            })?;
            Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
        };
        Ok(Proofs { verifier: Secret::new(text()?), state: text()?, nonce: text()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::oidc::login::tests::{discover, provider, settings};
    use crate::identity::oidc::stub::run;
    use std::collections::BTreeMap;

    #[test]
    fn the_browser_carries_the_challenge_and_never_the_verifier() {
        let stub = provider(|_, _| None);
        let settings = settings(&stub);
        let issuer = run(discover(&settings));
        // The example of RFC 7636, appendix B.
        let proofs = Proofs {
            verifier: Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into()),
            state: "S".into(),
            nonce: "N".into(),
        };
        let redirect_uri = "http://127.0.0.1:4711/callback";
        let endpoint = issuer.metadata.authorization_endpoint.as_ref().unwrap();
        let url = authorization_url(&issuer, endpoint, redirect_uri, &proofs);
        let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        let expected = [
            ("client_id", "us"),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
            ("nonce", "N"),
            ("prompt", "consent"),
            ("redirect_uri", "http://127.0.0.1:4711/callback"),
            ("response_type", "code"),
            ("scope", "openid offline_access"),
            ("state", "S"),
            ("kept", "yes"),
        ];
        assert_eq!(query, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    }

    #[test]
    fn an_answer_of_another_issuer_is_not_redeemed() {
        let stub = provider(|_, _| None);
        let settings = settings(&stub);
        let mut issuer = run(discover(&settings));
        let from = |sender: Option<&str>| Answered { code: Secret::new("c".into()), issuer: sender.map(str::to_owned) };
        assert!(check_sender(&issuer, &from(None)).is_ok());
        assert!(check_sender(&issuer, &from(Some(settings.issuer.as_written()))).is_ok());
        assert!(check_sender(&issuer, &from(Some("https://mallory.example.com"))).is_err());
        issuer.metadata.authorization_response_iss_parameter_supported = true;
        assert!(check_sender(&issuer, &from(None)).is_err());
    }

    #[test]
    fn no_two_logins_share_a_proof() {
        let (one, two) = (Proofs::new().unwrap(), Proofs::new().unwrap());
        let all = [one.verifier.expose(), &one.state, &one.nonce, two.verifier.expose(), &two.state, &two.nonce];
        assert_eq!(all.iter().collect::<std::collections::HashSet<_>>().len(), 6);
        assert!(all.iter().all(|text| text.len() == 43), "RFC 7636 §4.1");
    }
}
