//! What a login leaves for the next one of its identity: cookies, sealed beside its lock, and the profile of a browser.

use std::fs;
use std::path::{Path, PathBuf};

use super::guard::SecretMark;
use super::place::LoginPlace;
use crate::cache::file_store::FileStore;
use crate::cache::key::{FileName, hex};
use crate::cache::private::{self, Dir};
use crate::cache::seal::{self, Kind};
use crate::error::{Code, Error, Result};
use crate::identity::keep::Keep;
use crate::identity::saml::Assertion;
use crate::secret::Secret;

const COOKIES: Kind = *b"fc-cook\x01";

/// In the directory of a store: a directory for each login identity.
const BROWSERS: &str = "browser";

/// In a browser's directory: a mark of who logged in there last.
const PERSON: &str = "person";

impl Keep for LoginPlace {
    fn directory(&self) -> Result<PathBuf> {
        let dir = self.browser_dir();
        Dir::ours_alone(&self.store.dir().join(BROWSERS))?;
        Dir::ours_alone(&dir)?;
        Ok(dir)
    }

    fn cookies(&self) -> Option<Secret> {
        let file = self.store.read(&FileName::Cookies(self.login)).ok()??;
        match seal::open::<0>(&self.sealing, &COOKIES, self.login.as_bytes(), &file) {
            Ok((_, text)) => std::str::from_utf8(&text).ok().map(|text| Secret::new(text.to_owned())),
            Err(miss) => {
                tracing::info!(%miss, "kept cookies are passed over");
                None
            }
        }
    }

    fn keep_cookies(&self, cookies: &Secret) {
        let sealed = seal::seal(&self.sealing, &COOKIES, self.login.as_bytes(), &[], cookies.expose().as_bytes());
        if let Err(why) = sealed.and_then(|file| self.store.write(&FileName::Cookies(self.login), &file)) {
            tracing::info!(%why, "cookies are not kept");
        }
    }
}

impl LoginPlace {
    /// Who logged in in this identity's browser. Where it was somebody else before, what was cached of this identity goes: no
    /// result says which person it is of.
    pub(super) fn note_person(&self, assertion: &Assertion) -> Result<()> {
        let Some(name) = assertion.response.role_session_name.as_deref().or(assertion.response.subject.as_deref())
        else {
            return Ok(());
        };
        let file = self.directory()?.join(PERSON);
        let mark = SecretMark::new(&self.sealing, &self.login, name.as_bytes()).to_hex();
        let before = private::read(&file, 256)?.unwrap_or_default();
        if before == mark.as_bytes() {
            return Ok(());
        }
        for name in self.store.of_login(&self.login)? {
            if matches!(name, FileName::Entry(_) | FileName::Assertion(_)) {
                self.store.remove(&name)?;
            }
        }
        Dir::ours_alone(&self.browser_dir())?.replace(PERSON, mark.as_bytes())
    }

    /// Removes cookies and browser profile. Whether there were any.
    pub(super) fn forget_session(&self) -> Result<bool> {
        let had_cookies = self.store.remove(&FileName::Cookies(self.login))?;
        Ok(remove(&self.browser_dir())? || had_cookies)
    }

    fn browser_dir(&self) -> PathBuf {
        self.store.dir().join(BROWSERS).join(hex(self.login.as_bytes()))
    }
}

/// Removes the browser profiles of all identities. Whether there were any.
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
