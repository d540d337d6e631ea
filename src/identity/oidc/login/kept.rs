//! What a login leaves, and where it lies between two runs: in the keyring, or in a sealed file.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::RefreshTokens;
use crate::config::env::Env;
use crate::config::profile::{Account, Oidc};
use crate::error::{Code, Error, Result, printable};
use crate::identity::kept;
use crate::identity::oidc::claims::Claims;
use crate::secret::Secret;

/// A refresh token, and the last token that it or the login brought: whose the login is, and what goes on as long as it
/// lives where a refresh brings none (OpenID Connect Core §12.2).
#[derive(Debug)]
pub struct Login {
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

impl Login {
    pub fn new(refresh_token: Secret, token: Option<Secret>) -> Login {
        let of = token.as_ref().and_then(subject);
        Login { refresh_token, token, of }
    }

    /// As it was kept: JSON, or a refresh token alone.
    pub fn read(kept: Secret) -> Login {
        let record = serde_json::from_str::<Value>(kept.expose()).ok().filter(Value::is_object);
        let text = |name: &str| Some(Secret::new(record.as_ref()?.get(name)?.as_str()?.to_owned()));
        match text("refresh_token") {
            Some(refresh_token) => Login {
                refresh_token,
                token: text("token"),
                of: record.as_ref().and_then(|record| serde_json::from_value(record.get("of")?.clone()).ok()),
            },
            None => Login { refresh_token: kept, token: None, of: None },
        }
    }

    /// The texts to keep, the best first: a keyring may be too small for a token (Windows takes 2,560 bytes).
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

    /// Keeps it in place of what was kept.
    pub fn keep(&self, kept: &dyn RefreshTokens) -> Result<()> {
        let [whole, short] = self.written();
        kept.replace(&whole).or_else(|why| if self.token.is_some() { kept.replace(&short) } else { Err(why) })
    }

    /// Whose it is; `None` where that was not kept.
    pub fn sub(&self) -> Option<&str> {
        self.of.as_ref().map(|of| of.sub.as_str())
    }

    /// Refuses a token of somebody else, or for somebody else. Errors: [`Code::TokenInvalid`].
    pub fn is_of(&self, token: &Secret) -> Result<()> {
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

/// `None`: it is not a JWT, or has no `sub`.
fn subject(token: &Secret) -> Option<Subject> {
    let claims = Claims::read(token).ok()?;
    Some(Subject { sub: claims.subject().to_owned(), aud: claims.audiences().to_vec() })
}

/// The login of one client at one issuer; profiles with both in common share it.
pub struct KeptToken<'a> {
    account: Account,
    env: &'a Env,
}

impl<'a> KeptToken<'a> {
    pub fn of(settings: &Oidc, env: &'a Env) -> Self {
        KeptToken { account: settings.account(), env }
    }
}

impl RefreshTokens for KeptToken<'_> {
    fn load(&self) -> Result<Option<Secret>> {
        kept::read(&self.account, self.env)
    }

    fn replace(&self, token: &Secret) -> Result<()> {
        kept::replace(&self.account, token, self.env).map(|_| ())
    }

    fn forget(&self) -> Result<()> {
        kept::forget(&self.account, self.env).map(|_| ())
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
    fn a_login_comes_back_as_it_was_kept_and_old_ones_are_read() {
        let login = Login::new(Secret::new("r".into()), Some(token("alice", &["us"])));
        let [whole, short] = login.written();
        let (whole, short) = (Login::read(whole), Login::read(short));
        assert_eq!((whole.refresh_token.expose(), short.refresh_token.expose()), ("r", "r"));
        assert!(whole.token.is_some() && short.token.is_none() && whole.of == short.of && whole.of.is_some());
        for old in ["plain", "{not json", "[1]", "17"] {
            let login = Login::read(Secret::new(old.into()));
            assert_eq!((login.refresh_token.expose(), login.of.is_none()), (old, true));
        }
    }

    #[test]
    fn another_subject_or_audience_is_refused() {
        let login = Login::new(Secret::new("r".into()), Some(token("alice", &["us"])));
        let table = [
            (token("alice", &["us"]), true),
            (token("alice", &["us", "them"]), true),
            (token("mallory", &["us"]), false),
            (token("alice", &["them"]), false),
        ];
        for (token, expected) in table {
            assert_eq!(login.is_of(&token).is_ok(), expected);
        }
        assert!(
            Login::read(Secret::new("plain".into())).is_of(&token("alice", &["us"])).is_ok(),
            "of an old one nothing is known"
        );
    }
}
