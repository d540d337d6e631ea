//! `source = "file"`: a token that somebody else keeps fresh, read anew at every fetch.

use std::io::Read;
use std::path::Path;

use zeroize::Zeroizing;

use crate::error::{Code, Error, Result};
use crate::secret::Secret;

/// STS takes a token of 20,000 characters.
const MAX_TOKEN: u64 = 64 << 10;

/// The token in the file. Its mode is not looked at: kubelets and CI runners choose it, and mount it for whole groups.
pub fn token(path: &Path) -> Result<Secret> {
    let unreadable = |why: String| {
        Error::new(Code::FileUnreadable, format!("cannot read the token file {}", path.display()))
            .because(why)
            .hint(format!("ls -l '{}'", path.display()))
    };
    let file = std::fs::File::open(path).map_err(|e| unreadable(e.to_string()))?;
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(MAX_TOKEN + 1).read_to_end(&mut bytes).map_err(|e| unreadable(e.to_string()))?;
    let place = format!("the token file {}", path.display());
    if bytes.len() as u64 > MAX_TOKEN {
        return Err(Error::new(Code::TokenInvalid, format!("{place} is too large to hold a token")));
    }
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Error::new(Code::TokenInvalid, format!("{place} does not hold text, so no token")))?;
    one_token(text, &place)
}

/// The token that `text` is, but for one line end. `place` is whom an error names.
pub(super) fn one_token(text: &str, place: &str) -> Result<Secret> {
    let token = text.strip_suffix('\n').map(|t| t.strip_suffix('\r').unwrap_or(t)).unwrap_or(text);
    if token.is_empty() {
        return Err(Error::new(Code::TokenMissing, format!("{place} is empty")).hint("have its issuer write a token"));
    }
    if !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Error::new(Code::TokenInvalid, format!("{place} holds more than a token"))
            .because("there is white space, or another character that no JWT has, in it")
            .hint("it has to hold the token alone; one line end behind it does no harm"));
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
        std::fs::write(&path, vec![b'a'; MAX_TOKEN as usize + 1]).unwrap();
        assert_eq!(token(&path).unwrap_err().code, Code::TokenInvalid);
        assert_eq!(token(&home.path().join("none")).unwrap_err().code, Code::FileUnreadable);
    }
}
