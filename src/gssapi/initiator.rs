//! One SPNEGO exchange from the initiator's side: its credential, its tokens, and what the server's answer proves.
//!
//! Calls may wait for a KDC; `worker` gives them a thread and a deadline.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use super::handles::{Context, Credential, Name};
use super::library::Library;
use super::status::Status;
use super::{CredentialSource, Request, Step, Token, error_token, ffi};
use crate::error::{Code, Error, Result, printable};
use crate::file::{self, kind};

pub struct Initiator {
    library: &'static Library,
    request: Request,
    target: Name,
    /// For Kerberos and for SPNEGO, which may offer nothing but Kerberos.
    credential: Credential,
    context: Context,
    has_sent: bool,
}

impl Initiator {
    /// Acquires the credential; with a keytab this logs in at the KDC.
    pub fn new(library: &'static Library, request: Request) -> Result<Self> {
        let explain = |status: Status| status.before_sending(&request);
        let service = format!("HTTP@{}", request.host);
        let target = Name::import(library, &service, &ffi::HOSTBASED_SERVICE).map_err(explain)?;
        let credential = acquire(library, &request)?;
        if let Some(set_neg_mechs) = library.set_neg_mechs {
            credential.offer_only_kerberos(set_neg_mechs).map_err(explain)?;
        }
        let context = Context::new(library, &ffi::SPNEGO);
        Ok(Initiator { library, target, credential, context, has_sent: false, request })
    }

    pub fn step(&mut self, received: Option<&[u8]>) -> Result<Step> {
        let binding = self.request.channel_binding.as_deref();
        let progress = match self.context.init(&self.credential, &self.target, binding, received) {
            Ok(progress) => progress,
            Err(status) if self.has_sent => return Err(self.answer_refused(status, received.unwrap_or_default())),
            Err(status) => return Err(self.why_not_begun(status)),
        };
        // Checked before the token is sent: no mechanism but Kerberos may send anything.
        if !is_kerberos(&progress.mechanism, progress.is_complete) {
            return Err(Error::new(Code::Bug, "the GSSAPI library chose another mechanism than Kerberos"));
        }
        self.has_sent = true;
        Ok(Step {
            token: (!progress.token.is_empty()).then(|| Token(progress.token)),
            complete: progress.is_complete,
            mutual: progress.is_complete && progress.flags & ffi::MUTUAL_FLAG != 0,
        })
    }

    /// Returns why no exchange began, from the same request to the Kerberos mechanism, whose error numbers are Kerberos's own (see
    /// `status`). It costs a request to the KDC for the service's ticket; the login, which could lock an account, is not repeated.
    fn why_not_begun(&self, status: Status) -> Error {
        let mut context = Context::new(self.library, &ffi::KRB5);
        let plain = context.init(&self.credential, &self.target, None, None).err();
        plain.unwrap_or(status).before_sending(&self.request)
    }

    fn answer_refused(&self, status: Status, received: &[u8]) -> Error {
        let host = printable(&self.request.host, 255);
        match error_token::refusal(received) {
            Some((why, hint)) => Error::new(Code::KerberosRejected, format!("{host} refused the Kerberos ticket"))
                .because(why)
                .hint(hint),
            None => Error::new(
                Code::MutualAuthFailed,
                format!("the Kerberos answer of {host} does not complete the exchange"),
            )
            .because(status.text)
            .hint("another server may be answering in its place: check `idp_url`, proxies and the certificate"),
        }
    }
}

/// Acquires the credential for Kerberos alone first: a failure then has Kerberos's own number, and a keytab's wrong key is
/// tried once, while SPNEGO would try it twice, which may lock the account.
fn acquire(library: &'static Library, request: &Request) -> Result<Credential> {
    let explain = |status: Status| status.before_sending(request);
    let import = |principal| Name::import(library, principal, &ffi::PRINCIPAL_NAME).map_err(explain);
    let both: [&'static ffi::StaticOid; 2] = [&ffi::KRB5, &ffi::SPNEGO];
    let kerberos = &both[..1];
    let ticket = |name: Option<&Name>| {
        Credential::acquire(library, name, kerberos)
            .and_then(|_| Credential::acquire(library, name, &both))
            .map_err(explain)
    };
    match &request.credential {
        CredentialSource::Default => ticket(None),
        CredentialSource::Principal(principal) => ticket(Some(&import(principal)?)),
        CredentialSource::Keytab { path, principal } => {
            let acquire_cred_from = library.acquire_cred_from.ok_or_else(no_keytab_support)?;
            let (name, store) = (import(principal)?, KeytabStore::new(path)?);
            let store = [(c"client_keytab", &*store.keytab), (c"ccache", &*store.ccache)];
            let acquire = |mechanisms| Credential::acquire_from(library, acquire_cred_from, &name, mechanisms, &store);
            // The login itself; afterwards the ticket is found in the memory cache.
            acquire(kerberos).and_then(|login| login.resolve()).and_then(|()| acquire(&both)).map_err(explain)
        }
    }
}

/// A keytab, and the memory cache for its tickets, so that the user's own cache is neither read nor written.
struct KeytabStore {
    keytab: CString,
    ccache: CString,
}

impl KeytabStore {
    fn new(path: &Path) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // The library reports a missing file as a missing key, and would wait for a pipe.
        file::check(path, &kind::KEYTAB).map_err(|fault| fault.error(Code::KeytabUnusable))?;
        let unusable = |cause: String| {
            Error::new(Code::KeytabUnusable, format!("keytab {} cannot be used", path.display())).because(cause)
        };
        let keytab = [b"FILE:", path.as_os_str().as_bytes()].concat();
        let ccache = format!("MEMORY:fedcred-{}", COUNT.fetch_add(1, Ordering::Relaxed));
        Ok(KeytabStore {
            keytab: CString::new(keytab).map_err(|error| unusable(error.to_string()))?,
            ccache: CString::new(ccache).map_err(|error| unusable(error.to_string()))?,
        })
    }
}

fn no_keytab_support() -> Error {
    // The framework of macOS is Heimdal, and the only library that is looked for there.
    let hint = if cfg!(target_os = "macos") {
        "leave out `keytab`, and run before: kinit -kt KEYTAB PRINCIPAL"
    } else {
        "install MIT's: `apt install libgssapi-krb5-2`; or run `kinit -kt KEYTAB PRINCIPAL` before, without `keytab`"
    };
    Error::new(Code::KeytabUnusable, "this machine's GSSAPI library cannot log in from a keytab (only MIT's can)")
        .hint(hint)
}

/// Whether the mechanism is Kerberos. Before the end, a library may also name no mechanism, or SPNEGO.
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
