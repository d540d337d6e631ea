//! Names, credentials and contexts of the library as values that are released when dropped, and its statuses as errors.
//!
//! Each value stays on the thread that made it: the library keeps a status's text per thread, and a context may be used by
//! one thread at a time. The raw pointers in the types make the compiler enforce that.

#![allow(unsafe_code, reason = "the calls into the C library")]

use std::ffi::{CStr, c_int};
use std::ptr;

use zeroize::Zeroizing;

use super::ffi::{self, Buffer, ChannelBindings, Handle, KeyValue, KeyValueSet, Oid, OidSet, StaticOid};
use super::library::Library;
use super::status::Status;
use crate::error::printable;

type Result<T> = std::result::Result<T, Status>;

/// A `gss_name_t`.
pub struct Name {
    library: &'static Library,
    handle: Handle,
}

impl Name {
    pub fn import(library: &'static Library, text: &str, kind: &'static StaticOid) -> Result<Self> {
        let mut name = Name { library, handle: ptr::null_mut() };
        let (mut minor, mut buffer) = (0, Buffer::view(text.as_bytes()));
        // SAFETY: `text` outlives the call, which copies it.
        let major = unsafe { (library.import_name)(&mut minor, &mut buffer, kind.as_ptr(), &mut name.handle) };
        check(library, major, minor, &ffi::KRB5).map(|_| name)
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        // SAFETY: the handle is null or came from this library; either may be released.
        unsafe { (self.library.release_name)(&mut 0, &mut self.handle) };
    }
}

/// A `gss_cred_id_t` for initiating, for each of the mechanisms it was acquired for.
pub struct Credential {
    library: &'static Library,
    handle: Handle,
}

impl Credential {
    /// Acquires the named principal's credential, or the default one, from where the library keeps them.
    pub fn acquire(library: &'static Library, name: Option<&Name>, mechanisms: &[&'static StaticOid]) -> Result<Self> {
        let mut credential = Credential { library, handle: ptr::null_mut() };
        let (mut minor, mut mechanisms) = (0, descriptors(mechanisms));
        let mut mechanisms = set(&mut mechanisms);
        // SAFETY: all arguments outlive the call; null asks for nothing more than the credential.
        let major = unsafe {
            (library.acquire_cred)(
                &mut minor,
                name.map_or(ptr::null_mut(), |name| name.handle),
                INDEFINITE,
                &mut mechanisms,
                ffi::INITIATE,
                &mut credential.handle,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        check(library, major, minor, &ffi::KRB5).map(|_| credential)
    }

    /// Acquires a credential from this store (keys as in MIT's `gss_acquire_cred_from`).
    pub fn acquire_from(
        library: &'static Library,
        acquire_cred_from: ffi::AcquireCredFrom,
        name: &Name,
        mechanisms: &[&'static StaticOid],
        store: &[(&CStr, &CStr)],
    ) -> Result<Self> {
        let mut credential = Credential { library, handle: ptr::null_mut() };
        let (mut minor, mut mechanisms) = (0, descriptors(mechanisms));
        let mut mechanisms = set(&mut mechanisms);
        let mut elements: Vec<KeyValue> =
            store.iter().map(|(key, value)| KeyValue { key: key.as_ptr(), value: value.as_ptr() }).collect();
        let store = KeyValueSet { count: elements.len() as u32, elements: elements.as_mut_ptr() };
        // SAFETY: all arguments outlive the call, which copies what it keeps.
        let major = unsafe {
            acquire_cred_from(
                &mut minor,
                name.handle,
                INDEFINITE,
                &mut mechanisms,
                ffi::INITIATE,
                &store,
                &mut credential.handle,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        check(library, major, minor, &ffi::KRB5).map(|_| credential)
    }

    /// Makes the library determine the principal. A login by keytab, which the library defers, happens here.
    pub fn resolve(&self) -> Result<()> {
        let (mut minor, mut lifetime): (u32, u32) = (0, 0);
        // SAFETY: null for what is not wanted; the request for the lifetime is what makes the library log in.
        let major = unsafe {
            (self.library.inquire_cred)(
                &mut minor,
                self.handle,
                ptr::null_mut(),
                &mut lifetime,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        check(self.library, major, minor, &ffi::KRB5).map(|_| ())
    }

    /// Makes SPNEGO offer no mechanism but Kerberos.
    pub fn offer_only_kerberos(&self, set_neg_mechs: ffi::SetNegMechs) -> Result<()> {
        let (mut minor, mut kerberos) = (0, descriptors(&[&ffi::KRB5]));
        // SAFETY: the set outlives the call, which copies it.
        let major = unsafe { set_neg_mechs(&mut minor, self.handle, &set(&mut kerberos)) };
        check(self.library, major, minor, &ffi::SPNEGO).map(|_| ())
    }
}

impl Drop for Credential {
    fn drop(&mut self) {
        // SAFETY: the handle is null or came from this library; either may be released.
        unsafe { (self.library.release_cred)(&mut 0, &mut self.handle) };
    }
}

/// A `gss_ctx_id_t` of an initiator.
pub struct Context {
    library: &'static Library,
    handle: Handle,
    mechanism: &'static StaticOid,
}

/// The result of one call of `gss_init_sec_context`.
pub struct Progress {
    /// The token to send; empty if there is none.
    pub token: Zeroizing<Vec<u8>>,
    pub is_complete: bool,
    pub flags: u32,
    /// DER of the mechanism in use; empty while the library does not report it.
    pub mechanism: Vec<u8>,
}

impl Context {
    pub fn new(library: &'static Library, mechanism: &'static StaticOid) -> Self {
        Context { library, handle: ptr::null_mut(), mechanism }
    }

    /// Makes one step. `channel_binding` is the application data of the bindings, the same in every step.
    pub fn init(
        &mut self,
        credential: &Credential,
        target: &Name,
        channel_binding: Option<&[u8]>,
        received: Option<&[u8]>,
    ) -> Result<Progress> {
        let (mut minor, mut flags) = (0, 0);
        let mut bindings = channel_binding.map(|data| ChannelBindings {
            initiator_addrtype: 0,
            initiator_address: Buffer::EMPTY,
            acceptor_addrtype: 0,
            acceptor_address: Buffer::EMPTY,
            application_data: Buffer::view(data),
        });
        let mut received = received.map(Buffer::view);
        let mut mechanism: *mut Oid = ptr::null_mut();
        let mut token = Token { library: self.library, buffer: Buffer::EMPTY };
        // SAFETY: all arguments outlive the call. A null handle begins a context; afterwards the library owns it.
        let major = unsafe {
            (self.library.init_sec_context)(
                &mut minor,
                credential.handle,
                &mut self.handle,
                target.handle,
                self.mechanism.as_ptr(),
                ffi::MUTUAL_FLAG,
                0,
                as_ptr(&mut bindings),
                as_ptr(&mut received),
                &mut mechanism,
                &mut token.buffer,
                &mut flags,
                ptr::null_mut(),
            )
        };
        let major = check(self.library, major, minor, self.mechanism)?;
        Ok(Progress {
            token: Zeroizing::new(token.bytes().to_vec()),
            is_complete: major & ffi::CONTINUE_NEEDED == 0,
            flags,
            // SAFETY: null, or an identifier that lives as long as the library.
            mechanism: unsafe { mechanism.as_ref() }.map(oid_bytes).unwrap_or_default(),
        })
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: the handle is null or came from this library; the null buffer asks for no token.
        unsafe { (self.library.delete_sec_context)(&mut 0, &mut self.handle, ptr::null_mut()) };
    }
}

/// A buffer that the library allocated, and frees.
struct Token {
    library: &'static Library,
    buffer: Buffer,
}

impl Token {
    fn bytes(&self) -> &[u8] {
        // SAFETY: the library gave address and length together.
        unsafe { bytes_at(self.buffer.value.cast(), self.buffer.length) }
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        // SAFETY: the buffer is empty or came from this library; either may be released.
        unsafe { (self.library.release_buffer)(&mut 0, &mut self.buffer) };
    }
}

/// `GSS_C_INDEFINITE`: as long as the ticket lasts.
const INDEFINITE: u32 = u32::MAX;

fn descriptors(mechanisms: &[&'static StaticOid]) -> Vec<Oid> {
    mechanisms.iter().map(|mechanism| mechanism.descriptor()).collect()
}

fn set(mechanisms: &mut [Oid]) -> OidSet {
    OidSet { count: mechanisms.len(), elements: mechanisms.as_mut_ptr() }
}

fn as_ptr<T>(value: &mut Option<T>) -> *mut T {
    value.as_mut().map_or(ptr::null_mut(), ptr::from_mut)
}

fn oid_bytes(oid: &Oid) -> Vec<u8> {
    // SAFETY: the library gave address and length together.
    unsafe { bytes_at(oid.elements.cast(), oid.length as usize) }.to_vec()
}

/// # Safety
/// `address` is null, or `length` bytes are readable there for as long as the result is used.
unsafe fn bytes_at<'a>(address: *const u8, length: usize) -> &'a [u8] {
    if address.is_null() || length == 0 {
        return &[];
    }
    // SAFETY: by the caller's word.
    unsafe { std::slice::from_raw_parts(address, length) }
}

/// Returns the major status if it is not an error. The text is fetched at once, on this thread: the library keeps only the last.
fn check(library: &'static Library, major: u32, minor: u32, mechanism: &'static StaticOid) -> Result<u32> {
    if major & ffi::ERROR_MASK == 0 {
        return Ok(major);
    }
    let text = match minor {
        0 => display(library, major, ffi::GSS_CODE, mechanism),
        _ => display(library, minor, ffi::MECH_CODE, mechanism),
    };
    Err(Status { major, minor, text })
}

/// The most lines of text that are fetched for a status.
const MAX_LINES: usize = 4;

fn display(library: &'static Library, code: u32, kind: c_int, mechanism: &'static StaticOid) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut more = 0;
    while lines.len() < MAX_LINES {
        let mut line = Token { library, buffer: Buffer::EMPTY };
        // SAFETY: all arguments outlive the call; `more` is where the library goes on.
        let major =
            unsafe { (library.display_status)(&mut 0, code, kind, mechanism.as_ptr(), &mut more, &mut line.buffer) };
        if major & ffi::ERROR_MASK != 0 {
            break;
        }
        lines.push(printable(&String::from_utf8_lossy(line.bytes()), 300));
        if more == 0 {
            break;
        }
    }
    lines.join("; ")
}
