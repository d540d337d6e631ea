//! A connection that cannot be read: the reason, and the corrected text.
//!
//! Airflow logs a warning and continues with any credentials it finds; fedcred stops. In the text that is shown, `…`
//! stands for all that could be a secret.

use crate::error::{Code, Error, printable};

/// The reason why a text is not a usable connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub why: String,
    /// The next step, with the corrected text.
    pub mended: String,
    /// The text is readable, but asks for what only the configuration of this machine may allow.
    is_refused: bool,
}

impl Broken {
    pub fn new(why: impl Into<String>, mended: impl Into<String>) -> Self {
        Broken { why: why.into(), mended: mended.into(), is_refused: false }
    }

    /// Creates the fault of a text that can be read but is not allowed.
    pub fn refused(why: impl Into<String>, mended: impl Into<String>) -> Self {
        Broken { is_refused: true, ..Broken::new(why, mended) }
    }

    /// Returns the error for the connection `conn_id`, which was found in `place`.
    pub fn at(self, conn_id: &str, place: &str) -> Error {
        let failed = if self.is_refused { "asks for what is not allowed here" } else { "cannot be read" };
        let what = format!("the Airflow connection {:?} in {place} {failed}", printable(conn_id, 100));
        Error::new(Code::AirflowConnection, what).because(self.why).hint(self.mended)
    }
}
