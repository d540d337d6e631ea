//! What a login tells before and after a secret of the user leaves this process, so that somebody can keep count.

use crate::error::Result;

/// Somebody who counts how often a secret was sent, and may refuse to have it sent again.
pub trait SecretWatch {
    /// The secret is about to leave. An error keeps it here, and ends the login.
    fn spend(&self, secret: &[u8]) -> Result<()>;
    /// It did not leave after all: no connection was made.
    fn unsent(&self);
    /// The peer took it and let us in; whatever fails now is not its fault.
    fn accepted(&self);
}
