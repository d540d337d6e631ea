//! Kerberos by SPNEGO (RFC 4178, RFC 4559), for `auth = "spnego"`: makes the tokens of `Negotiate` from a ticket or keytab.
//!
//! Uses the machine's own GSSAPI, loaded at run time (`library`). With `process/`, this is the only room with
//! unsafe code, and it stays in three files: `ffi` declares the C interface, `library` loads it, `handles` calls it.
//! `initiator` is the exchange, `worker` its thread and deadline, `status` and `error_token` the meaning of its failures. On
//! Windows `sspi` takes the place of all but the worker.
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

// This one file takes the place of two on Unix.
#[cfg(windows)]
mod sspi;
#[cfg(windows)]
use self::{sspi as initiator, sspi as library};

/// The next step if no KDC answers.
const KDC_HINT: &str = "check the network (VPN?) and `kdc =` in krb5.conf; `KRB5_TRACE=/dev/stderr kinit` shows which servers \
                        are contacted";

/// The server to authenticate to, and the credential.
#[derive(Clone, Debug)]
pub struct Request {
    /// Host of the URL; the service is `HTTP/host`.
    pub host: String,
    pub credential: CredentialSource,
    /// Identifies the connection that this exchange is bound to, as in RFC 5056 §2.1: the binding's name, a colon, its data.
    pub channel_binding: Option<Vec<u8>>,
}

/// Where the ticket comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialSource {
    /// The ticket in the default cache.
    Default,
    /// The ticket of this principal, `alice` or `alice@REALM`.
    Principal(String),
    /// A login by keytab into a memory cache of this process; the user's caches are neither read nor written. MIT only.
    Keytab { path: PathBuf, principal: String },
}

/// The result of a step of the exchange.
#[derive(Debug)]
pub struct Step {
    /// The token to send to the server; absent if there is nothing left to send.
    pub token: Option<Token>,
    /// The context is established: the server's last token was accepted.
    pub complete: bool,
    /// The server has proved that it holds the service's key. Only true if `complete` is.
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
