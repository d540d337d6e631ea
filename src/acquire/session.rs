//! What a login leaves for the next one of its identity: cookies, sealed beside its lock, and the profile of a browser.

use std::fs;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::guard::SecretMark;
use super::place::LoginPlace;
use crate::cache::file_store::FileStore;
use crate::cache::key::{FileName, Kind, LoginKey};
use crate::cache::record::{self, Record};
use crate::error::{Code, Error, Result};
use crate::file::private::Dir;
use crate::hex;
use crate::identity::LoginState;
use crate::identity::saml::Assertion;
use crate::secret::Secret;
use crate::time::Timestamp;

/// The directory in a store that holds a browser profile for each login identity.
const BROWSERS: &str = "browser";

/// What is kept of an identity provider's session.
#[derive(Default)]
struct Session {
    /// Cookies, as the login wrote them.
    cookies: Option<Secret>,
    /// The mark of the person who logged in last, in a browser or by a code.
    person: Option<[u8; 32]>,
}

impl Record for Session {
    const KIND: Kind = Kind::Session;
    type Key = LoginKey;

    fn body(&self) -> Result<Zeroizing<Vec<u8>>> {
        let person = self.person.as_ref().map_or(&[][..], |mark| mark);
        match &self.cookies {
            Some(cookies) => Ok(record::join(&[person, cookies.expose().as_bytes()])),
            None => Ok(record::join(&[person])),
        }
    }

    fn of_body(body: &[u8], _: Timestamp) -> Option<Self> {
        let (person, cookies) = match record::split::<2>(body) {
            Some([person, cookies]) => (person, Some(Secret::new(std::str::from_utf8(cookies).ok()?.to_owned()))),
            None => (record::split::<1>(body)?[0], None),
        };
        Some(Session { cookies, person: person.try_into().ok() })
    }
}

impl LoginState for LoginPlace {
    fn directory(&self) -> Result<PathBuf> {
        let dir = self.browser_dir();
        Dir::ours_alone(&self.store.dir().join(BROWSERS))?;
        Dir::ours_alone(&dir)?;
        Ok(dir)
    }

    fn load(&self) -> Option<Secret> {
        self.session().ok()?.cookies
    }

    fn store(&self, cookies: &Secret) {
        let kept = self.session().and_then(|session| {
            let session = Session { cookies: Some(cookies.duplicate()), ..session };
            self.store.put(&self.login, &self.login, &session)
        });
        if let Err(why) = kept {
            tracing::info!(%why, "cookies are not stored");
        }
    }
}

impl LoginPlace {
    fn session(&self) -> Result<Session> {
        Ok(self.store.get(&self.login)?.unwrap_or_default())
    }

    /// Notes who logged in in this identity's browser. If it was another person before, removes what is cached of this
    /// identity: no result tells which person it belongs to.
    pub(super) fn note_person(&self, assertion: &Assertion) -> Result<()> {
        let Some(name) = assertion.response.role_session_name.as_deref().or(assertion.response.subject.as_deref())
        else {
            return Ok(());
        };
        let session = self.session()?;
        let person = Some(SecretMark::new(&self.store.sealing, &self.login, name.as_bytes()).to_bytes());
        if session.person == person {
            return Ok(());
        }
        for name in self.store.files.of_login(&self.login)? {
            if matches!(name, FileName::Sealed(Kind::Entry | Kind::Assertion, _)) {
                self.store.files.remove(&name)?;
            }
        }
        self.store.put(&self.login, &self.login, &Session { person, ..session })
    }

    /// Removes the browser's profile. Returns whether there was one.
    pub(super) fn forget_browser(&self) -> Result<bool> {
        remove(&self.browser_dir())
    }

    fn browser_dir(&self) -> PathBuf {
        self.store.dir().join(BROWSERS).join(hex::encode(self.login.as_bytes()))
    }
}

/// Removes the browser profiles of all identities. Returns whether there were any.
pub(super) fn forget_browsers(store: &FileStore) -> Result<bool> {
    remove(&store.dir().join(BROWSERS))
}

fn remove(dir: &Path) -> Result<bool> {
    match fs::remove_dir_all(dir) {
        Ok(()) => Ok(true),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(why) => Err(unwritable(dir, &why)),
    }
}

fn unwritable(path: &Path, why: &std::io::Error) -> Error {
    Error::new(Code::CacheWrite, format!("cannot write {}", path.display())).because(why.to_string())
}
