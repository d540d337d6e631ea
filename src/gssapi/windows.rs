//! Windows has no GSSAPI, and its SSPI is not served yet: said at once, instead of half working.

use super::{Request, Step};
use crate::error::{Code, Error, Result};
use crate::time::Deadline;

/// An exchange that cannot begin.
pub enum Negotiation {}

impl Negotiation {
    /// Errors: always [`Code::NotYetAvailable`].
    pub fn start(_request: Request) -> Result<Self> {
        Err(Error::new(Code::NotYetAvailable, "SPNEGO is not supported on Windows yet")
            .hint("set `auth = \"form\"` with `username` and `password`"))
    }

    pub fn step(&mut self, _received: Option<&[u8]>, _deadline: &Deadline) -> Result<Step> {
        match *self {}
    }
}
