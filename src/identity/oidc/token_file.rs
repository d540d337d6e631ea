//! `source = "file"`: a token that another program renews; the file is read at every login.

use std::path::Path;

use crate::error::{Code, Error, Result};
use crate::file::{self, kind};
use crate::secret::Secret;

pub fn token(path: &Path) -> Result<Secret> {
    let bytes = file::read(path, &kind::TOKEN)
        .map_err(|fault| fault.error(if fault.is_too_large() { Code::TokenInvalid } else { Code::FileUnreadable }))?;
    let place = format!("the token file {}", path.display());
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Error::new(Code::TokenInvalid, format!("{place} does not hold text, so it has no token")))?;
    one_token(text, &place)
}

/// Returns `text` without one line end, if it is one token. Errors name `place`.
pub(super) fn one_token(text: &str, place: &str) -> Result<Secret> {
    let token = text.strip_suffix('\n').map(|t| t.strip_suffix('\r').unwrap_or(t)).unwrap_or(text);
    if token.is_empty() {
        return Err(Error::new(Code::TokenMissing, format!("{place} is empty")).hint("have its issuer write a token"));
    }
    if !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Error::new(Code::TokenInvalid, format!("{place} holds more than a token"))
            .because("it contains white space, or another character that a JWT never has")
            .hint("it must hold only the token; a line end after it is allowed"));
    }
    Ok(Secret::new(token.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_end_is_tolerated_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("token");
        let table = [
            (&b"a.b.c"[..], Ok("a.b.c")),
            (b"a.b.c\n", Ok("a.b.c")),
            (b"a.b.c\r\n", Ok("a.b.c")),
            (b"a.b.c\n\n", Err(Code::TokenInvalid)),
            (b" a.b.c", Err(Code::TokenInvalid)),
            (b"\n", Err(Code::TokenMissing)),
            (b"", Err(Code::TokenMissing)),
            (b"\xff", Err(Code::TokenInvalid)),
        ];
        for (bytes, expected) in table {
            std::fs::write(&path, bytes).unwrap();
            let read = token(&path);
            assert_eq!(read.as_ref().map(Secret::expose).map_err(|e| e.code), expected, "{bytes:?}");
        }
        std::fs::write(&path, vec![b'a'; kind::TOKEN.max as usize + 1]).unwrap();
        assert_eq!(token(&path).unwrap_err().code, Code::TokenInvalid);
        assert_eq!(token(&home.path().join("none")).unwrap_err().code, Code::FileUnreadable);
    }
}
