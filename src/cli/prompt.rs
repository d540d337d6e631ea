//! Asks a person, on the terminal device only: standard input and output belong to others.

use crate::error::{Code, Error, Result};
use crate::secret::Secret;

/// Shows `what` and reads one line, unseen.
///
/// Errors: [`Code::PromptNeeded`], at once, where there is no terminal, and where nothing was typed.
pub fn secret(what: &str) -> Result<Secret> {
    let typed = rpassword::prompt_password(what)
        .map(Secret::new)
        .map_err(|e| Error::new(Code::PromptNeeded, "there is no terminal to ask on").because(e.to_string()))?;
    if typed.is_empty() {
        return Err(Error::new(Code::PromptNeeded, "nothing was typed, so nothing was tried"));
    }
    Ok(typed)
}
