//! What providers want in order to give a refresh token. OpenID Connect Core §11 asks for `offline_access` with
//! `prompt=consent`; the large ones differ, and a consent that nobody needs is a page more, or one that only an administrator
//! may answer.

use url::Url;

use crate::config::oidc::SCOPE_OF_A_PERSON;

/// How a provider takes the wish for a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habits {
    /// By the book: `offline_access`, with `prompt=consent`.
    Standard,
    /// `offline_access` is enough, and a forced consent disturbs (Microsoft identity platform, "Refresh tokens"; Okta, Auth0,
    /// Keycloak, their pages on `offline_access`).
    ScopeAlone,
    /// Google knows no `offline_access`: `access_type=offline`, and a consent, since it gives the token with that alone
    /// ("Using OAuth 2.0 for Web Server Applications").
    Google,
}

/// The habits of the provider at this issuer.
pub fn of(issuer: &str) -> Habits {
    let Ok(url) = Url::parse(issuer) else { return Habits::Standard };
    let host = url.host_str().unwrap_or_default();
    let is_of =
        |domains: &[&str]| domains.iter().any(|domain| host == *domain || host.ends_with(&format!(".{domain}")));
    let entra = [
        "login.microsoftonline.com",
        "login.microsoftonline.us",
        "login.partner.microsoftonline.cn",
        "sts.windows.net",
    ];
    if host == "accounts.google.com" {
        return Habits::Google;
    }
    let is_keycloak = url.path().contains("/realms/");
    match is_of(&entra)
        || is_of(&["okta.com", "oktapreview.com", "okta-emea.com", "auth0.com", "ciamlogin.com"])
        || is_keycloak
    {
        true => Habits::ScopeAlone,
        false => Habits::Standard,
    }
}

impl Habits {
    /// Parameters of the authorization request beside those of every login.
    pub fn parameters(self, scope: &str) -> &'static [(&'static str, &'static str)] {
        let is_offline = scope.split_ascii_whitespace().any(|word| word == "offline_access");
        match self {
            Habits::Google => &[("access_type", "offline"), ("prompt", "consent")],
            Habits::Standard if is_offline => &[("prompt", "consent")],
            Habits::Standard | Habits::ScopeAlone => &[],
        }
    }

    /// The scope as this provider knows it: Google refuses a word that it does not know.
    pub fn scope(self, scope: &str) -> &str {
        match self {
            Habits::Google if scope == SCOPE_OF_A_PERSON => "openid email",
            Habits::Google | Habits::Standard | Habits::ScopeAlone => scope,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_provider_is_asked_in_its_own_words() {
        let table = [
            ("https://idp.example.com", Habits::Standard),
            ("https://accounts.google.com", Habits::Google),
            ("https://login.microsoftonline.com/tenant/v2.0", Habits::ScopeAlone),
            ("https://corp.okta.com/oauth2/default", Habits::ScopeAlone),
            ("https://corp.eu.auth0.com/", Habits::ScopeAlone),
            ("https://sso.example.com/realms/corp", Habits::ScopeAlone),
            ("https://login.microsoftonline.com.evil.example", Habits::Standard),
        ];
        for (issuer, expected) in table {
            assert_eq!(of(issuer), expected, "{issuer}");
        }
        assert_eq!(Habits::Google.scope("openid offline_access"), "openid email");
        assert_eq!(Habits::Google.scope("openid profile"), "openid profile");
        assert!(Habits::Standard.parameters("openid").is_empty());
        assert_eq!(Habits::Standard.parameters("openid offline_access"), [("prompt", "consent")]);
    }
}
