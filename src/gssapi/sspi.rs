//! The same exchange with Windows's own SSPI, as the current user: package Negotiate, limited to Kerberos.
//!
//! Called directly and not through a crate: `cross-krb5` turns statuses into localized text, so that a missing ticket cannot be
//! told from an unknown host, and `sspi` does not know the tickets of the login session.
#![allow(unsafe_code, reason = "SSPI is a C interface")]

use std::ffi::c_void;
use std::io;
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{
    SEC_E_KDC_UNABLE_TO_REFER, SEC_E_LOGON_DENIED, SEC_E_NO_AUTHENTICATING_AUTHORITY, SEC_E_NO_CREDENTIALS, SEC_E_OK,
    SEC_E_TARGET_UNKNOWN, SEC_E_TIME_SKEW, SEC_I_CONTINUE_NEEDED,
};
use windows_sys::Win32::Security::Authentication::Identity::{
    AcquireCredentialsHandleW, DeleteSecurityContext, FreeContextBuffer, FreeCredentialsHandle,
    ISC_REQ_ALLOCATE_MEMORY, ISC_REQ_MUTUAL_AUTH, ISC_RET_MUTUAL_AUTH, InitializeSecurityContextW,
    QueryContextAttributesW, SEC_CHANNEL_BINDINGS, SEC_WINNT_AUTH_IDENTITY_EXW, SEC_WINNT_AUTH_IDENTITY_VERSION,
    SECBUFFER_CHANNEL_BINDINGS, SECBUFFER_TOKEN, SECPKG_ATTR_NEGOTIATION_INFO, SECPKG_CRED_OUTBOUND,
    SECURITY_NATIVE_DREP, SecBuffer, SecBufferDesc, SecPkgContext_NegotiationInfoW,
};
use windows_sys::Win32::Security::Credentials::SecHandle;
use zeroize::Zeroizing;

use super::{CredentialSource, Request, Step, Token};
use crate::error::{Code, Error, Result, printable};

/// Nothing has to be loaded here.
pub struct Library;

impl Library {
    pub fn get() -> Result<&'static Library> {
        Ok(&Library)
    }
}

pub struct Initiator {
    request: Request,
    target: Vec<u16>,
    credential: SecHandle,
    /// `None` before the first step.
    context: Option<SecHandle>,
}

/// SEC_WINNT_AUTH_IDENTITY_UNICODE (rpcdce.h).
const UNICODE: u32 = 2;
/// The first bytes of NTLM's messages, also within SPNEGO ([MS-NLMP] §2.2).
const NTLM: &[u8] = b"NTLMSSP\0";

impl Initiator {
    /// Errors: [`Code::NotYetAvailable`] for a keytab or another principal; [`Code::NoKerberosTicket`].
    pub fn new(_: &'static Library, request: Request) -> Result<Self> {
        if request.credential != CredentialSource::Default {
            return Err(Error::new(Code::NotYetAvailable, "on Windows, Kerberos logs in as the current user")
                .because("SSPI accepts no keytab, and no other user's tickets")
                .hint("leave out `saml.principal` and `saml.keytab`"));
        }
        let mut packages = wide("kerberos");
        let identity = SEC_WINNT_AUTH_IDENTITY_EXW {
            Version: SEC_WINNT_AUTH_IDENTITY_VERSION,
            Length: size_of::<SEC_WINNT_AUTH_IDENTITY_EXW>() as u32,
            Flags: UNICODE,
            PackageList: packages.as_mut_ptr(),
            PackageListLength: (packages.len() - 1) as u32,
            ..Default::default()
        };
        let (package, mut credential, mut until) = (wide("Negotiate"), SecHandle::default(), 0);
        // SAFETY: the texts end in zeros, and all that is pointed to lives until the call has returned.
        let status = unsafe {
            AcquireCredentialsHandleW(
                null(),
                package.as_ptr(),
                SECPKG_CRED_OUTBOUND,
                null(),
                (&raw const identity).cast(),
                None,
                null(),
                &mut credential,
                &mut until,
            )
        };
        if status != SEC_E_OK {
            return Err(before_sending(status, &request));
        }
        let target = wide(&format!("HTTP/{}", request.host));
        Ok(Initiator { request, target, credential, context: None })
    }

    pub fn step(&mut self, received: Option<&[u8]>) -> Result<Step> {
        let (status, token, flags) = self.call(received);
        if status != SEC_E_OK && status != SEC_I_CONTINUE_NEEDED {
            return Err(match received {
                None => before_sending(status, &self.request),
                Some(_) => self.answer_refused(status),
            });
        }
        let complete = status == SEC_E_OK;
        // Checked before the token is sent: no mechanism but Kerberos may send anything.
        let is_ntlm = token.windows(NTLM.len()).any(|part| part == NTLM);
        if is_ntlm || complete && self.package().is_some_and(|name| !name.eq_ignore_ascii_case("Kerberos")) {
            return Err(Error::new(Code::NoKerberosTicket, "Windows would log in by NTLM, and not by Kerberos")
                .because(format!("there is no Kerberos ticket for HTTP/{}", printable(&self.request.host, 255)))
                .hint("log in to Windows with an account of the domain, and reach a domain controller (VPN?): klist"));
        }
        let mutual = complete && flags & ISC_RET_MUTUAL_AUTH != 0;
        Ok(Step { token: (!token.is_empty()).then(|| Token(token)), complete, mutual })
    }

    /// Status, token and what the context offers.
    fn call(&mut self, received: Option<&[u8]>) -> (i32, Zeroizing<Vec<u8>>, u32) {
        let mut binding = self.request.channel_binding.as_deref().map(bindings);
        let mut received = received.map(|token| Zeroizing::new(token.to_vec()));
        let buffer = |kind, bytes: &mut Vec<u8>| SecBuffer {
            cbBuffer: bytes.len() as u32,
            BufferType: kind,
            pvBuffer: bytes.as_mut_ptr().cast(),
        };
        let mut given: Vec<SecBuffer> = Vec::new();
        given.extend(received.as_mut().map(|token| buffer(SECBUFFER_TOKEN, token)));
        given.extend(binding.as_mut().map(|binding| buffer(SECBUFFER_CHANNEL_BINDINGS, binding)));
        let input = SecBufferDesc { ulVersion: 0, cBuffers: given.len() as u32, pBuffers: given.as_mut_ptr() };
        let mut answer = SecBuffer { cbBuffer: 0, BufferType: SECBUFFER_TOKEN, pvBuffer: null_mut() };
        let mut output = SecBufferDesc { ulVersion: 0, cBuffers: 1, pBuffers: &mut answer };
        let (mut made, mut flags, mut until) = (self.context.unwrap_or_default(), 0, 0);
        // SAFETY: the handles are those that the library gave, and all that is pointed to lives until the call has returned. The
        // library makes the answer's memory, which is given back below.
        let status = unsafe {
            InitializeSecurityContextW(
                &self.credential,
                self.context.as_ref().map_or(null(), |context| context),
                self.target.as_ptr(),
                ISC_REQ_MUTUAL_AUTH | ISC_REQ_ALLOCATE_MEMORY,
                0,
                SECURITY_NATIVE_DREP,
                if given.is_empty() { null() } else { &input },
                0,
                &mut made,
                &mut output,
                &mut flags,
                &mut until,
            )
        };
        if status >= 0 {
            self.context = Some(made);
        }
        let mut token = Zeroizing::new(Vec::new());
        if !answer.pvBuffer.is_null() {
            // SAFETY: the library says where the answer is and how long, and wants it given back so, once.
            unsafe {
                let bytes = std::slice::from_raw_parts_mut(answer.pvBuffer.cast::<u8>(), answer.cbBuffer as usize);
                token.extend_from_slice(bytes);
                zeroize::Zeroize::zeroize(bytes);
                FreeContextBuffer(answer.pvBuffer);
            }
        }
        (status, token, flags)
    }

    /// The package that was agreed on.
    fn package(&self) -> Option<String> {
        let mut about = SecPkgContext_NegotiationInfoW::default();
        let context = self.context.as_ref()?;
        // SAFETY: the context is open, and the pointer is to what the attribute is.
        let status = unsafe {
            QueryContextAttributesW(context, SECPKG_ATTR_NEGOTIATION_INFO, (&raw mut about).cast::<c_void>())
        };
        if status != SEC_E_OK || about.PackageInfo.is_null() {
            return None;
        }
        // SAFETY: the name ends in a zero; the memory is given back once, after it was read.
        unsafe {
            let name = (*about.PackageInfo).Name;
            let length = (0..).take_while(|at| *name.add(*at) != 0).count();
            let name = String::from_utf16_lossy(std::slice::from_raw_parts(name, length));
            FreeContextBuffer(about.PackageInfo.cast());
            Some(name)
        }
    }

    fn answer_refused(&self, status: i32) -> Error {
        let host = printable(&self.request.host, 255);
        Error::new(Code::MutualAuthFailed, format!("the Kerberos answer of {host} does not complete the exchange"))
            .because(in_words(status))
            .hint("another server may be answering in its place: check `idp_url`, proxies and the certificate")
    }
}

impl Drop for Initiator {
    fn drop(&mut self) {
        // SAFETY: both are the library's, and are not used again.
        unsafe {
            if let Some(context) = &self.context {
                DeleteSecurityContext(context);
            }
            FreeCredentialsHandle(&self.credential);
        }
    }
}

/// A header, and after it the data that RFC 5056 binds to (SEC_CHANNEL_BINDINGS).
fn bindings(data: &[u8]) -> Vec<u8> {
    const HEADER: u32 = size_of::<SEC_CHANNEL_BINDINGS>() as u32;
    // Types, lengths and offsets of initiator and acceptor are zero; length and offset of the data come last.
    let mut bytes = vec![0; HEADER as usize - 8];
    bytes.extend((data.len() as u32).to_ne_bytes());
    bytes.extend(HEADER.to_ne_bytes());
    bytes.extend(data);
    bytes
}

fn before_sending(status: i32, request: &Request) -> Error {
    let host = printable(&request.host, 255);
    let error = |code, what: String, hint: &str| Error::new(code, what).because(in_words(status)).hint(hint);
    match status {
        SEC_E_NO_CREDENTIALS | SEC_E_LOGON_DENIED => error(
            Code::NoKerberosTicket,
            "there is no Kerberos login for this user".into(),
            "log in to Windows with an account of the domain; klist shows its tickets",
        ),
        SEC_E_TARGET_UNKNOWN | SEC_E_KDC_UNABLE_TO_REFER => error(
            Code::KdcRefused,
            format!("the domain knows no service HTTP/{host}"),
            "check the host of `idp_url`: it must be the name under which the IdP is registered (setspn -Q)",
        ),
        SEC_E_NO_AUTHENTICATING_AUTHORITY => error(
            Code::KdcUnreachable,
            "no domain controller could be reached".into(),
            "check the network (VPN?): nltest /dsgetdc:",
        ),
        SEC_E_TIME_SKEW => error(
            Code::ClockSkew,
            "this machine's clock and the domain's differ too much".into(),
            "set the clock: w32tm /resync",
        ),
        _ => error(
            Code::NoKerberosTicket,
            format!("Windows gives no Kerberos ticket for HTTP/{host}"),
            "klist shows the tickets of this login; klist get HTTP/HOST asks for one",
        ),
    }
}

/// Returns the system's own text for a status.
fn in_words(status: i32) -> String {
    format!("{} ({status:#010x})", io::Error::from_raw_os_error(status))
}

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binding_is_a_header_of_32_bytes_and_the_data() {
        let bytes = bindings(b"tls-server-end-point:xy");
        assert_eq!((bytes.len(), &bytes[24..28], &bytes[28..32]), (32 + 23, &[23, 0, 0, 0][..], &[32, 0, 0, 0][..]));
        assert!(bytes.ends_with(b"tls-server-end-point:xy"));
    }

    /// Without a domain SSPI offers NTLM, if anything: the stand-in of this test is the machine itself.
    #[test]
    fn without_a_domain_nothing_is_sent() {
        let request = Request {
            host: "idp.example.test".into(),
            credential: CredentialSource::Default,
            channel_binding: Some(b"tls-server-end-point:xy".to_vec()),
        };
        let outcome = Initiator::new(&Library, request).and_then(|mut initiator| initiator.step(None));
        let known = [Code::NoKerberosTicket, Code::KdcUnreachable, Code::KdcRefused];
        assert!(outcome.as_ref().is_err_and(|error| known.contains(&error.code)), "{outcome:?}");
    }

    #[test]
    fn nobody_elses_tickets_are_asked_for() {
        let credential = CredentialSource::Principal("alice@EXAMPLE.TEST".into());
        let request = Request { host: "idp.example.test".into(), credential, channel_binding: None };
        assert_eq!(Initiator::new(&Library, request).err().unwrap().code, Code::NotYetAvailable);
    }
}
