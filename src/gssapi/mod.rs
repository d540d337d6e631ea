//! Kerberos by SPNEGO (RFC 4178, RFC 4559), for `auth = "spnego"`: from a ticket or keytab to the tokens of `Negotiate`.
//!
//! The machine's own GSSAPI does the work, loaded at run time (`library`). With `process/`, this is the only room with
//! unsafe code, and it stays in three files: `ffi` says what C looks like, `library` loads it, `handles` calls it.
//! `initiator` is the exchange, `worker` its thread and deadline, `status` and `error_token` its failures in our words. On Windows
//! `sspi` stands for all but the worker.
//!
//! Settings served: `principal`, `keytab`, `mutual_authentication`, `channel_bindings`. The library itself reads
//! `KRB5CCNAME`, `KRB5_CONFIG` and `KRB5_CLIENT_KTNAME`.

use std::fmt;
use std::path::PathBuf;

use zeroize::Zeroizing;

#[cfg(unix)]
mod error_token;
#[cfg(unix)]
mod ffi;
#[cfg(unix)]
mod handles;
#[cfg(unix)]
mod initiator;
#[cfg(unix)]
mod library;
#[cfg(unix)]
mod status;
mod worker;
#[cfg(unix)]
pub use error_token::refusal;
pub use worker::Negotiation;

// One file is what two are on Unix.
#[cfg(windows)]
mod sspi;
#[cfg(windows)]
use self::{sspi as initiator, sspi as library};

/// Whom to authenticate to, and as whom.
#[derive(Clone, Debug)]
pub struct Request {
    /// The host of the URL; its service is `HTTP/host`.
    pub host: String,
    pub credential: CredentialSource,
    /// The connection this exchange is bound to, as RFC 5056 §2.1 writes it: the binding's name, a colon, its data.
    pub channel_binding: Option<Vec<u8>>,
}

/// Where the ticket comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialSource {
    /// Whatever the ticket cache holds.
    Default,
    /// The cache that belongs to this principal, `alice` or `alice@REALM`.
    Principal(String),
    /// A login of our own into a private memory cache; the user's caches are neither read nor written. MIT only.
    Keytab { path: PathBuf, principal: String },
}

/// What a step of the exchange came to.
#[derive(Debug)]
pub struct Step {
    /// To be sent to the server; absent when there is nothing left to say.
    pub token: Option<Token>,
    /// The context stands: the server's last token was the right one.
    pub complete: bool,
    /// The server has proved that it holds the service's key. Never true before `complete`.
    pub mutual: bool,
}

/// A token for the server. It lets its holder log in once, so it is wiped and has no readable `Debug`.
pub struct Token(Zeroizing<Vec<u8>>);

impl Token {
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}
