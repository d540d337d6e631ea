//! The token that a client of the endpoint must show: a new one, or the content of a file.
//!
//! A file may be replaced at any time, as a service account's token in Kubernetes is; its current content counts.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;

use crate::error::{Code, Error, Result};
use crate::file::private::Dir;
use crate::file::standing::{OTHERS_READ, Standing};
use crate::file::{self, kind};
use crate::random;
use crate::secret::Secret;
use crate::time::Deadline;

pub enum Token {
    Fresh(Secret),
    File(TokenFile),
}

pub struct TokenFile {
    path: PathBuf,
    known: Mutex<Known>,
}

struct Known {
    token: Secret,
    until: Deadline,
}

/// How long the content of a file is cached.
const TRUSTED: Duration = Duration::from_secs(1);

/// A shorter token could be guessed over loopback.
const MIN_TOKEN: usize = 16;

impl Token {
    /// Returns a token of 128 random bits.
    pub fn fresh() -> Result<Token> {
        let random: [u8; 16] =
            random::bytes().map_err(|e| Error::new(Code::Bug, "no randomness").because(e.to_string()))?;
        Ok(Token::Fresh(Secret::new(BASE64_URL_SAFE_NO_PAD.encode(random))))
    }

    /// Returns the content of the file at `path`, without the white space around it. A missing file is made, for its owner
    /// alone.
    ///
    /// Errors: [`Code::TokenUnusable`], and [`Code::InsecurePermissions`] if others can read it.
    pub fn of_file(path: &Path) -> Result<Token> {
        file::check_name(path, &kind::ENDPOINT_TOKEN).map_err(|fault| fault.error(Code::TokenUnusable))?;
        if !path.try_exists().unwrap_or(true) {
            let token = Token::fresh()?.text();
            let (Some(dir), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
                return Err(unusable(path, "it has no name that a file can have"));
            };
            let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
            // No line end: SDKs send the file as it is. If another process was faster, its file counts.
            Dir::shared(dir)
                .and_then(|dir| dir.create(name, token.expose().as_bytes()))
                .map_err(|e| e.causes.iter().fold(unusable(path, &e.what), |error, cause| error.because(cause)))?;
        }
        let token = read(path)?;
        let known = Mutex::new(Known { token, until: Deadline::after(TRUSTED) });
        Ok(Token::File(TokenFile { path: path.to_owned(), known }))
    }

    /// Whether its file lets a group read it, so that other users may ask, too.
    pub fn is_shared(&self) -> bool {
        match self {
            Token::Fresh(_) => false,
            Token::File(file) => Standing::at(&file.path).is_ok_and(|standing| standing.mode & OTHERS_READ != 0),
        }
    }

    /// Returns the current token, for a client.
    pub fn text(&self) -> Secret {
        match self {
            Token::Fresh(token) => token.duplicate(),
            Token::File(file) => file.known().token.duplicate(),
        }
    }

    /// Whether this is the token. Takes the same time for any text of the same length.
    pub fn is(&self, shown: &[u8]) -> bool {
        match self {
            Token::Fresh(token) => is_same(token, shown),
            Token::File(file) => {
                let mut known = file.known();
                if known.until.has_passed() {
                    match read(&file.path) {
                        Ok(token) => *known = Known { token, until: Deadline::after(TRUSTED) },
                        // It is being replaced at this moment, or was removed by mistake: the last one stays valid.
                        Err(error) => tracing::warn!(%error, "the token is not read again"),
                    }
                }
                is_same(&known.token, shown)
            }
        }
    }
}

impl TokenFile {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_same(token: &Secret, shown: &[u8]) -> bool {
    token.expose().as_bytes().ct_eq(shown).into()
}

fn read(path: &Path) -> Result<Secret> {
    let text = file::text(path, &kind::ENDPOINT_TOKEN).map(Secret::new);
    let text = text.map_err(|fault| fault.error(Code::TokenUnusable))?;
    let token = Secret::new(text.expose().trim().to_owned());
    // A header cannot carry other characters (RFC 9110 §5.5).
    if !token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(unusable(path, "it holds more than one word"));
    }
    if token.expose().len() < MIN_TOKEN {
        return Err(unusable(path, "a token has at least 16 characters"));
    }
    Ok(token)
}

fn unusable(path: &Path, why: &str) -> Error {
    Error::new(Code::TokenUnusable, format!("no token can be had from {}", path.display())).because(why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time;

    fn write(path: &Path, text: &str) {
        std::fs::write(path, text).unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }

    #[test]
    fn fresh_tokens_differ_and_fit_a_header() {
        let [a, b] = [(), ()].map(|()| Token::fresh().unwrap().text().expose().to_owned());
        assert!(a != b && a.len() == 22 && a.bytes().all(|byte| byte.is_ascii_graphic()));
    }

    #[test]
    fn only_the_whole_token_is_the_token() {
        let token = Token::Fresh(Secret::new("abcdefghijklmnop".into()));
        assert!(token.is(b"abcdefghijklmnop"));
        for other in ["", "abcdefghijklmno", "abcdefghijklmnopq", "abcdefghijklmnoP", "Bearer abcdefghijklmnop"] {
            assert!(!token.is(other.as_bytes()), "{other:?}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_is_not_there_is_made_for_its_owner_alone_and_used_again() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("token");
        let token = Token::of_file(&path).unwrap();
        let written = std::fs::read(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(token.is(&written) && Token::of_file(&path).unwrap().is(&written));
    }

    #[test]
    fn a_file_that_is_replaced_counts_as_it_is_now() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("token");
        write(&path, "first-token-of-many\n");
        let token = Token::of_file(&path).unwrap();
        assert!(token.is(b"first-token-of-many"));
        write(&path, "second-token-of-many");
        while !token.is(b"second-token-of-many") {
            time::pause(Duration::from_millis(20));
        }
        assert!(!token.is(b"first-token-of-many"));
        std::fs::remove_file(&path).unwrap();
        time::pause(TRUSTED);
        assert!(token.is(b"second-token-of-many"));
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("token");
        for text in ["", "short", "two words of a token", "line\r\nof-another-one", &"a".repeat(20_000)] {
            write(&path, text);
            assert_eq!(Token::of_file(&path).err().map(|e| e.code), Some(Code::TokenUnusable), "{text:.20}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_token_that_others_can_read_guards_nothing() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("token");
        write(&path, "a-token-of-some-length");
        for (mode, is_taken) in
            [(0o600, true), (0o440, true), (0o640, true), (0o644, false), (0o666, false), (0o604, false)]
        {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(Token::of_file(&path).is_ok(), is_taken, "{mode:o}");
        }
        std::fs::remove_file(&path).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert_eq!(Token::of_file(&path).err().map(|e| e.code), Some(Code::TokenUnusable));
    }
}
