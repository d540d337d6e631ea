//! One SPNEGO exchange from the initiator's side: who we are, what we send, and what the server's answer proves.
//!
//! Calls that may wait for a KDC; `worker` gives them a thread and a deadline.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use super::handles::{Context, Credential, Name};
use super::library::Library;
use super::status::Status;
use super::{CredentialSource, Request, Step, Token, error_token, ffi};
use crate::error::{Code, Error, Result, printable};

pub struct Initiator {
    library: &'static Library,
    request: Request,
    target: Name,
    /// For the Kerberos mechanism itself: its failures carry numbers that can be told apart.
    kerberos: Credential,
    /// For SPNEGO, restricted to Kerberos. Absent where a Kerberos credential is what restricts SPNEGO (Heimdal).
    spnego: Option<Credential>,
    context: Context,
    has_sent: bool,
}

impl Initiator {
    /// Finds the credential; with a keytab this logs in at the KDC.
    pub fn new(library: &'static Library, request: Request) -> Result<Self> {
        let acquire = Acquire::new(library, &request)?;
        let explain = |status: Status| status.before_sending(&request);
        let target =
            Name::import(library, &format!("HTTP@{}", request.host), &ffi::HOSTBASED_SERVICE).map_err(explain)?;
        let kerberos = acquire.credential(&ffi::KRB5).map_err(explain)?;
        if let CredentialSource::Keytab { .. } = request.credential {
            // One login, here, where a refusal can be told apart; SPNEGO's credential finds the ticket in the memory
            // cache. A second try with a wrong key would count twice towards locking the account.
            kerberos.resolve().map_err(explain)?;
        }
        let spnego = match library.set_neg_mechs {
            Some(set_neg_mechs) => {
                let credential = acquire.credential(&ffi::SPNEGO).map_err(explain)?;
                credential.offer_only(set_neg_mechs, &ffi::KRB5).map_err(explain)?;
                Some(credential)
            }
            None => None,
        };
        let context = Context::new(library, &ffi::SPNEGO);
        Ok(Initiator { library, target, kerberos, spnego, context, has_sent: false, request })
    }

    pub fn step(&mut self, received: Option<&[u8]>) -> Result<Step> {
        let credential = self.spnego.as_ref().unwrap_or(&self.kerberos);
        let binding = self.request.channel_binding.as_deref();
        let progress = match self.context.init(credential, &self.target, binding, received) {
            Ok(progress) => progress,
            Err(status) if self.has_sent => return Err(self.answer_refused(status, received.unwrap_or_default())),
            Err(status) => return Err(self.why_not_begun(status)),
        };
        // Before the token leaves: another mechanism than Kerberos must not say a word.
        if !is_kerberos(&progress.mechanism, progress.is_complete) {
            return Err(Error::new(Code::Bug, "the GSSAPI library chose another mechanism than Kerberos"));
        }
        self.has_sent = true;
        Ok(Step {
            token: (!progress.token.is_empty()).then(|| Token::new(progress.token)),
            complete: progress.is_complete,
            mutual: progress.is_complete && progress.flags & ffi::MUTUAL_FLAG != 0,
        })
    }

    /// The same request to the Kerberos mechanism, whose numbers are Kerberos's own: see `status`. It costs a round trip
    /// to the KDC, and asks for a ticket, not for a login, so it brings no account nearer to being locked.
    fn why_not_begun(&self, status: Status) -> Error {
        let mut context = Context::new(self.library, &ffi::KRB5);
        let plain = context.init(&self.kerberos, &self.target, None, None).err();
        plain.unwrap_or(status).before_sending(&self.request)
    }

    fn answer_refused(&self, status: Status, received: &[u8]) -> Error {
        let host = printable(&self.request.host, 255);
        match error_token::number(received) {
            Some(number) => {
                let (meaning, hint) = error_token::meaning(number);
                Error::new(Code::KerberosRejected, format!("{host} refused the Kerberos ticket"))
                    .because(meaning)
                    .hint(hint)
            }
            None => Error::new(
                Code::MutualAuthFailed,
                format!("the Kerberos answer of {host} does not complete the exchange"),
            )
            .because(status.text)
            .hint("somebody else may be answering in its place: check `idp_url`, proxies and the certificate"),
        }
    }
}

/// How to come to a credential for either mechanism.
struct Acquire {
    library: &'static Library,
    name: Option<Name>,
    keytab: Option<(ffi::AcquireCredFrom, KeytabStore)>,
}

impl Acquire {
    fn new(library: &'static Library, request: &Request) -> Result<Self> {
        let name = match &request.credential {
            CredentialSource::Default => None,
            CredentialSource::Principal(principal) | CredentialSource::Keytab { principal, .. } => Some(
                Name::import(library, principal, &ffi::PRINCIPAL_NAME)
                    .map_err(|status| status.before_sending(request))?,
            ),
        };
        let keytab = match &request.credential {
            CredentialSource::Keytab { path, .. } => {
                let acquire_cred_from = library.acquire_cred_from.ok_or_else(no_keytab_support)?;
                Some((acquire_cred_from, KeytabStore::new(path)?))
            }
            CredentialSource::Default | CredentialSource::Principal(_) => None,
        };
        Ok(Acquire { library, name, keytab })
    }

    fn credential(&self, mechanism: &'static ffi::StaticOid) -> std::result::Result<Credential, Status> {
        match (&self.keytab, &self.name) {
            (Some((acquire_cred_from, store)), Some(name)) => {
                let store = [(c"client_keytab", &*store.keytab), (c"ccache", &*store.ccache)];
                Credential::acquire_from(self.library, *acquire_cred_from, name, mechanism, &store)
            }
            (_, name) => Credential::acquire(self.library, name.as_ref(), mechanism),
        }
    }
}

/// A keytab, and the memory cache that takes its tickets, so that the user's own cache is neither read nor written.
struct KeytabStore {
    keytab: CString,
    ccache: CString,
}

impl KeytabStore {
    fn new(path: &Path) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // The library words a missing file as a missing key; opening it here says which.
        let unusable = |cause: String| {
            Error::new(Code::KeytabUnusable, format!("keytab {} cannot be read", path.display()))
                .because(cause)
                .hint("check `keytab`, and that this user may read the file")
        };
        std::fs::File::open(path).map_err(|error| unusable(error.to_string()))?;
        let keytab = [b"FILE:", path.as_os_str().as_bytes()].concat();
        let ccache = format!("MEMORY:fedcred-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        Ok(KeytabStore {
            keytab: CString::new(keytab).map_err(|error| unusable(error.to_string()))?,
            ccache: CString::new(ccache).map_err(|error| unusable(error.to_string()))?,
        })
    }
}

fn no_keytab_support() -> Error {
    Error::new(Code::KeytabUnusable, "this machine's GSSAPI library cannot log in from a keytab (only MIT's can)").hint(
        "install MIT's: `apt install libgssapi-krb5-2`; or run `kinit -kt KEYTAB PRINCIPAL` before, without `keytab`",
    )
}

/// While it is under way a library may name no mechanism, or SPNEGO; at the end it must be Kerberos.
fn is_kerberos(mechanism: &[u8], is_complete: bool) -> bool {
    mechanism == ffi::KRB5.der()
        || mechanism == ffi::KRB5_MICROSOFT.der()
        || !is_complete && (mechanism.is_empty() || mechanism == ffi::SPNEGO.der())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_kerberos_may_begin_and_only_kerberos_may_complete() {
        let ntlmssp = b"\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a";
        let table: [(&[u8], bool, bool); 6] = [
            (ffi::KRB5.der(), true, true),
            (ffi::KRB5_MICROSOFT.der(), true, true),
            (ffi::SPNEGO.der(), false, true),
            (&[], false, true),
            (ntlmssp, false, false),
            (ffi::SPNEGO.der(), true, false),
        ];
        for (mechanism, is_complete, expected) in table {
            assert_eq!(is_kerberos(mechanism, is_complete), expected, "{mechanism:02x?} {is_complete}");
        }
    }
}
