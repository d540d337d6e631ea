//! What outlasts a login for the next one of the same identity, and the person who may be there to help.

use std::path::PathBuf;

use crate::error::Result;
use crate::secret::Secret;

/// The place of one login identity, which nobody else uses while a login goes on.
pub trait Keep {
    /// A directory of its own, for its owner alone: the profile of a browser. Made when it is not there.
    fn directory(&self) -> Result<PathBuf>;

    /// Cookies as they were kept, sealed, by the last login.
    fn cookies(&self) -> Option<Secret>;

    /// Keeps them in place of those. What cannot be kept is not: the next login is a little longer.
    fn keep_cookies(&self, cookies: &Secret);
}

/// Somebody who waits for this login, at a terminal.
pub trait Person {
    /// Shows the question and reads one line, unseen.
    fn ask(&self, question: &str) -> Result<Secret>;

    fn tell(&self, text: &str);
}
