//! The only writer of stdout: everything at once, after everything has succeeded.

use std::io::{ErrorKind, Write};

use crate::error::{Code, Error, Result};

/// Writes the whole text. A reader that has gone away is none of our business (it is a success).
pub fn write(text: &str) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(e) => Err(Error::new(Code::OutputWrite, "cannot write to standard output").because(e.to_string())),
    }
}
