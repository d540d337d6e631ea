//! A login as it is stored between two runs, in the keyring or in a sealed file.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::RefreshTokenStore;
use crate::config::profile::{Account, Oidc};
use crate::error::{Code, Error, Result, printable};
use crate::identity::oidc::claims::Claims;
use crate::identity::secret_store;
use crate::process::env::Env;
use crate::secret::Secret;

/// A refresh token, and the last token that was issued with it: it says whose the login is, and is used until it expires if a
/// refresh returns none (OpenID Connect Core §12.2).
#[derive(Debug)]
pub struct StoredLogin {
    pub refresh_token: Secret,
    pub token: Option<Secret>,
    /// `sub` and `aud` of that token.
    pub(super) of: Option<Subject>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Subject {
    sub: String,
    aud: Vec<String>,
}

impl StoredLogin {
    pub fn new(refresh_token: Secret, token: Option<Secret>) -> StoredLogin {
        let of = token.as_ref().and_then(subject);
        StoredLogin { refresh_token, token, of }
    }

    /// Reads the stored text: JSON, or a refresh token alone.
    pub fn read(stored: Secret) -> StoredLogin {
        let record = serde_json::from_str::<Value>(stored.expose()).ok().filter(Value::is_object);
        let text = |name: &str| Some(Secret::new(record.as_ref()?.get(name)?.as_str()?.to_owned()));
        match text("refresh_token") {
            Some(refresh_token) => StoredLogin {
                refresh_token,
                token: text("token"),
                of: record.as_ref().and_then(|record| serde_json::from_value(record.get("of")?.clone()).ok()),
            },
            None => StoredLogin { refresh_token: stored, token: None, of: None },
        }
    }

    /// The texts to store, the preferred one first: a keyring may be too small for a token (Windows takes 2,560 bytes).
    pub fn written(&self) -> [Secret; 2] {
        let with = |token: Option<&Secret>| {
            if token.is_none() && self.of.is_none() {
                return self.refresh_token.duplicate();
            }
            let mut record = serde_json::json!({ "refresh_token": self.refresh_token.expose(), "of": self.of });
            if let Some(token) = token {
                record["token"] = token.expose().into();
            }
            Secret::new(record.to_string())
        };
        [with(self.token.as_ref()), with(None)]
    }

    /// Replaces what is stored.
    pub fn write(&self, store: &dyn RefreshTokenStore) -> Result<()> {
        let [whole, short] = self.written();
        store.replace(&whole).or_else(|why| if self.token.is_some() { store.replace(&short) } else { Err(why) })
    }

    /// The subject that logged in. `None` if it was not stored.
    pub fn sub(&self) -> Option<&str> {
        self.of.as_ref().map(|of| of.sub.as_str())
    }

    /// Refuses a token of another subject or for another audience. Errors: [`Code::TokenInvalid`].
    pub fn check_identity(&self, token: &Secret) -> Result<()> {
        let (Some(before), Some(now)) = (&self.of, subject(token)) else { return Ok(()) };
        let other = |claim: &str, now: &str, before: &str| {
            let (now, before) = (printable(now, 100), printable(before, 100));
            Err(Error::new(Code::TokenInvalid, "the refreshed token belongs to a different identity than the login")
                .because(format!(
                    "its `{claim}` is {now:?}, that of the login is {before:?} (OpenID Connect Core §12.2)"
                ))
                .hint("log in again, and report this to the provider's administrator"))
        };
        if now.sub != before.sub {
            return other("sub", &now.sub, &before.sub);
        }
        if !before.aud.iter().all(|audience| now.aud.contains(audience)) {
            return other("aud", &now.aud.join(" "), &before.aud.join(" "));
        }
        Ok(())
    }
}

/// `None` if it is not a JWT, or has no `sub`.
fn subject(token: &Secret) -> Option<Subject> {
    let claims = Claims::read(token).ok()?;
    Some(Subject { sub: claims.subject().to_owned(), aud: claims.audiences().to_vec() })
}

/// The stored login of one client at one issuer, shared by all profiles with both in common.
pub struct InSecretStore<'a> {
    account: Account,
    env: &'a Env,
}

impl<'a> InSecretStore<'a> {
    pub fn of(settings: &Oidc, env: &'a Env) -> Self {
        InSecretStore { account: settings.account(), env }
    }
}

impl RefreshTokenStore for InSecretStore<'_> {
    fn load(&self) -> Result<Option<Secret>> {
        secret_store::read(&self.account, self.env)
    }

    fn replace(&self, token: &Secret) -> Result<()> {
        secret_store::replace(&self.account, token, self.env).map(|_| ())
    }

    fn forget(&self) -> Result<()> {
        secret_store::forget(&self.account, self.env).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;

    fn token(sub: &str, aud: &[&str]) -> Secret {
        let part = |text: String| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        let claims = serde_json::json!({ "iss": "i", "sub": sub, "aud": aud }).to_string();
        Secret::new(format!("{}.{}.c2ln", part(r#"{"alg":"RS256"}"#.into()), part(claims)))
    }

    #[test]
    fn a_login_is_read_as_it_was_stored_and_old_ones_are_read() {
        let login = StoredLogin::new(Secret::new("r".into()), Some(token("alice", &["us"])));
        let [whole, short] = login.written();
        let (whole, short) = (StoredLogin::read(whole), StoredLogin::read(short));
        assert_eq!((whole.refresh_token.expose(), short.refresh_token.expose()), ("r", "r"));
        assert!(whole.token.is_some() && short.token.is_none() && whole.of == short.of && whole.of.is_some());
        for old in ["plain", "{not json", "[1]", "17"] {
            let login = StoredLogin::read(Secret::new(old.into()));
            assert_eq!((login.refresh_token.expose(), login.of.is_none()), (old, true));
        }
    }

    #[test]
    fn another_subject_or_audience_is_refused() {
        let login = StoredLogin::new(Secret::new("r".into()), Some(token("alice", &["us"])));
        let table = [
            (token("alice", &["us"]), true),
            (token("alice", &["us", "them"]), true),
            (token("mallory", &["us"]), false),
            (token("alice", &["them"]), false),
        ];
        for (token, expected) in table {
            assert_eq!(login.check_identity(&token).is_ok(), expected);
        }
        assert!(
            StoredLogin::read(Secret::new("plain".into())).check_identity(&token("alice", &["us"])).is_ok(),
            "of an old one nothing is known"
        );
    }
}
