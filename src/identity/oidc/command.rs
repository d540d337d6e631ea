//! `source = "command"`: a program that prints a token.

use super::token_file::one_token;
use crate::error::{Code, Error, Result};
use crate::process::command;
use crate::secret::Secret;
use crate::time::Deadline;

/// Returns what `argv` prints, run without a shell and within the deadline.
pub fn token(argv: &[String], deadline: &Deadline) -> Result<Secret> {
    let output = command::secret_output(argv, "web_identity.command", deadline)?;
    let place = "the output of `web_identity.command`";
    match std::str::from_utf8(&output) {
        Ok(text) => one_token(text, place),
        Err(_) => Err(Error::new(Code::TokenInvalid, format!("{place} is not text, so it is not a token"))),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_it_prints_is_the_token() {
        let run = |script: &str| {
            let argv = ["sh", "-c", script].map(str::to_owned);
            token(&argv, &Deadline::after(Duration::from_secs(20))).map(|t| t.expose().to_owned()).map_err(|e| e.code)
        };
        assert_eq!(run("echo a.b.c"), Ok("a.b.c".to_owned()));
        assert_eq!(run("echo Token: a.b.c"), Err(Code::TokenInvalid));
        assert_eq!(run("true"), Err(Code::TokenMissing));
        assert_eq!(run("exit 1"), Err(Code::SecretCommand));
    }
}
