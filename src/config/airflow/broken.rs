//! A connection that cannot be read: the place in its text, why, and how it would be right.
//!
//! Airflow logs a warning and goes on with whatever credentials lie around; fedcred stops here. The text that is shown is a
//! sketch of the connection's: what could be a secret in it is `…`.

use crate::error::{Code, Error, printable};

/// Why a text is not a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub why: String,
    /// The next step, with the text mended.
    pub mended: String,
    /// It can be read, and asks for what only the configuration of this machine may allow.
    is_refused: bool,
}

impl Broken {
    pub fn new(why: impl Into<String>, mended: impl Into<String>) -> Self {
        Broken { why: why.into(), mended: mended.into(), is_refused: false }
    }

    /// The same of a text that can be read, and is not followed.
    pub fn refused(why: impl Into<String>, mended: impl Into<String>) -> Self {
        Broken { is_refused: true, ..Broken::new(why, mended) }
    }

    /// The error, of the connection `conn_id` that stands at `place`.
    pub fn at(self, conn_id: &str, place: &str) -> Error {
        let failed = if self.is_refused { "asks for what is not allowed here" } else { "cannot be read" };
        let what = format!("the Airflow connection {:?} in {place} {failed}", printable(conn_id, 100));
        Error::new(Code::AirflowConnection, what).because(self.why).hint(self.mended)
    }
}
