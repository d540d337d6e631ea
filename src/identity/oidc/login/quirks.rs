//! How providers differ in what they require for a refresh token. OpenID Connect Core §11 requires `offline_access` with
//! `prompt=consent`; a needless consent is one page more, or one that only an administrator may answer.

use url::Url;

use crate::config::oidc::{Flow, Oidc, SCOPE_OF_A_PERSON, is_entra};
use crate::host_name::HostName;

/// How a provider is asked for a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quirks {
    /// As in the standard: `offline_access` with `prompt=consent`.
    Standard,
    /// `offline_access` is enough (Okta, Auth0, Keycloak: their pages on `offline_access`).
    ScopeAlone,
    /// The same (Microsoft identity platform, "Refresh tokens"), and only the port of the redirect URI may differ.
    Entra,
    /// Google requires `access_type=offline` with a consent, and knows no `offline_access` ("Using OAuth 2.0 for Web Server
    /// Applications").
    Google,
}

/// The quirks of the provider at this issuer.
pub fn of(issuer: &Url) -> Quirks {
    let is_of = |domains: &[&str]| HostName::of(issuer).is_some_and(|name| name.is_within_any(domains));
    let is_keycloak = issuer.path().contains("/realms/");
    match () {
        () if is_of(&["accounts.google.com"]) => Quirks::Google,
        () if is_entra(issuer) => Quirks::Entra,
        () if is_keycloak || is_of(&["okta.com", "oktapreview.com", "okta-emea.com", "auth0.com"]) => {
            Quirks::ScopeAlone
        }
        () => Quirks::Standard,
    }
}

impl Quirks {
    /// Additional parameters of the authorization request.
    pub fn parameters(self, scope: &str) -> &'static [(&'static str, &'static str)] {
        let is_offline = scope.split_ascii_whitespace().any(|word| word == "offline_access");
        match self {
            Quirks::Google => &[("access_type", "offline"), ("prompt", "consent")],
            Quirks::Standard if is_offline => &[("prompt", "consent")],
            Quirks::Standard | Quirks::ScopeAlone | Quirks::Entra => &[],
        }
    }

    /// The scope for this provider: Google refuses unknown words.
    pub fn scope(self, scope: &str) -> &str {
        match self {
            Quirks::Google if scope == SCOPE_OF_A_PERSON => "openid email",
            Quirks::Google | Quirks::Standard | Quirks::ScopeAlone | Quirks::Entra => scope,
        }
    }

    /// The redirect URI as it was registered: Entra compares everything except the port of localhost, and a URL without a path
    /// has a slash that the registered one has not.
    pub fn redirect_uri(self, uri: &Url) -> &str {
        match self {
            Quirks::Entra if uri.path() == "/" && uri.query().is_none() => uri.as_str().trim_end_matches('/'),
            Quirks::Entra | Quirks::Google | Quirks::Standard | Quirks::ScopeAlone => uri.as_str(),
        }
    }
}

/// Returns what has to be configured at a known provider for this login.
pub fn advice(settings: &Oidc) -> Vec<&'static str> {
    let is_offline = settings.scope.split_ascii_whitespace().any(|word| word == "offline_access");
    let is_local = HostName::of(&settings.redirect_uri).is_some_and(|name| name.as_str() == "localhost");
    let entra = [
        (
            settings.flow == Flow::Browser && is_local,
            "Entra ID: register http://localhost under \"Mobile and desktop applications\"; the port may differ, the path must not",
        ),
        (
            settings.flow == Flow::Browser && !is_local,
            "Entra ID: its pages accept no http redirect URI but http://localhost, and every other must have the registered port: leave `redirect_uri` out, or write http://127.0.0.1 with its port into the application's manifest",
        ),
        (
            settings.flow == Flow::Device || settings.client_secret.is_none(),
            "Entra ID: a client without a secret needs \"Allow public client flows\" (AADSTS7000218 means that it is off)",
        ),
        (
            !is_offline,
            "Entra ID: without offline_access in `scope` it issues no refresh token, so each login lasts as long as its token",
        ),
    ];
    let google = [
        (
            true,
            "Google: fedcred asks for access_type=offline and a consent, which Google requires for a refresh token; it does not know offline_access",
        ),
        (
            settings.flow == Flow::Browser,
            "Google: a client of the type \"Desktop app\" accepts any port of 127.0.0.1, and needs its client secret",
        ),
        (true, "Google: the refresh token of an app in testing expires after seven days"),
    ];
    let said: &[(bool, &'static str)] = match (settings.flow, of(&settings.issuer)) {
        (Flow::ClientCredentials, _) => &[],
        (Flow::Browser | Flow::Device, Quirks::Entra) => &entra,
        (Flow::Browser | Flow::Device, Quirks::Google) => &google,
        (Flow::Browser | Flow::Device, Quirks::Standard | Quirks::ScopeAlone) => &[],
    };
    said.iter().filter(|(is_so, _)| *is_so).map(|(_, text)| *text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_provider_is_asked_in_its_own_words() {
        let table = [
            ("https://idp.example.com", Quirks::Standard),
            ("https://accounts.google.com", Quirks::Google),
            ("https://login.microsoftonline.com/tenant/v2.0", Quirks::Entra),
            ("https://corp.okta.com/oauth2/default", Quirks::ScopeAlone),
            ("https://corp.eu.auth0.com/", Quirks::ScopeAlone),
            ("https://sso.example.com/realms/corp", Quirks::ScopeAlone),
            ("https://login.microsoftonline.com.evil.example", Quirks::Standard),
            ("https://evil-okta.com", Quirks::Standard),
        ];
        for (issuer, expected) in table {
            assert_eq!(of(&Url::parse(issuer).unwrap()), expected, "{issuer}");
        }
        assert_eq!(Quirks::Google.scope("openid offline_access"), "openid email");
        assert_eq!(Quirks::Google.scope("openid profile"), "openid profile");
        assert!(Quirks::Standard.parameters("openid").is_empty());
        assert_eq!(Quirks::Standard.parameters("openid offline_access"), [("prompt", "consent")]);
    }

    #[test]
    fn entra_compares_all_but_the_port() {
        let uri = |text: &str| Url::parse(text).unwrap();
        let table = [
            (Quirks::Entra, "http://localhost:4711/", "http://localhost:4711"),
            (Quirks::Entra, "http://localhost:4711/callback", "http://localhost:4711/callback"),
            (Quirks::Standard, "http://127.0.0.1:4711/", "http://127.0.0.1:4711/"),
        ];
        for (quirks, given, expected) in table {
            assert_eq!(quirks.redirect_uri(&uri(given)), expected, "{given}");
        }
    }

    #[test]
    fn what_has_to_be_set_at_a_provider_is_told_by_its_issuer() {
        let settings = |issuer: &str, flow: Flow, scope: &str, redirect_uri: &str| Oidc {
            issuer: crate::address::IssuerUrl::parse(issuer).unwrap(),
            client_id: "us".into(),
            client_secret: None,
            flow,
            scope: scope.into(),
            resource: None,
            token: crate::config::oidc::Token::Id,
            redirect_uri: Url::parse(redirect_uri).unwrap(),
            auth_params: vec![],
            ca_bundle: None,
        };
        let entra = "https://login.microsoftonline.com/t/v2.0";
        let table = [
            (
                settings(entra, Flow::Browser, "openid offline_access", "http://localhost"),
                vec!["register http://localhost", "public client"],
            ),
            (
                settings(entra, Flow::Browser, "openid", "http://127.0.0.1/callback"),
                vec!["no http redirect URI but", "public client", "no refresh token"],
            ),
            (settings(entra, Flow::Device, "openid offline_access", "http://localhost"), vec!["public client"]),
            (settings(entra, Flow::ClientCredentials, "", "http://localhost"), vec![]),
            (
                settings("https://accounts.google.com", Flow::Browser, "openid email", "http://127.0.0.1"),
                vec!["access_type=offline", "Desktop app", "seven days"],
            ),
            (settings("https://idp.example.com", Flow::Browser, "openid", "http://127.0.0.1"), vec![]),
        ];
        for (settings, expected) in table {
            let said = advice(&settings);
            assert_eq!(said.len(), expected.len(), "{settings:?}: {said:?}");
            assert!(said.iter().zip(expected).all(|(said, words)| said.contains(words)), "{said:?}");
        }
    }
}
