//! The C side of GSSAPI, as RFC 2744 and MIT's `gssapi_ext.h` declare it: types, constants and signatures, and no code.

#![allow(unsafe_code, reason = "object identifiers are shared with C by address")]

use std::ffi::{c_char, c_int, c_void};
use std::ptr;

/// The x86_64 headers of macOS wrap everything in `#pragma pack(push, 2)`; those of arm64 and of every Linux do not.
macro_rules! c_structs {
    ($($(#[$doc:meta])* pub struct $name:ident { $(pub $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy)]
        #[cfg_attr(all(target_os = "macos", target_arch = "x86_64"), repr(C, packed(2)))]
        #[cfg_attr(not(all(target_os = "macos", target_arch = "x86_64")), repr(C))]
        pub struct $name { $(pub $field: $type,)* }
    )*};
}

c_structs! {
    /// `gss_buffer_desc`
    pub struct Buffer {
        pub length: usize,
        pub value: *mut c_void,
    }

    /// `gss_OID_desc`
    pub struct Oid {
        pub length: u32,
        pub elements: *mut c_void,
    }

    /// `gss_OID_set_desc`
    pub struct OidSet {
        pub count: usize,
        pub elements: *mut Oid,
    }

    /// `struct gss_channel_bindings_struct`
    pub struct ChannelBindings {
        pub initiator_addrtype: u32,
        pub initiator_address: Buffer,
        pub acceptor_addrtype: u32,
        pub acceptor_address: Buffer,
        pub application_data: Buffer,
    }

    /// `gss_key_value_element_desc`
    pub struct KeyValue {
        pub key: *const c_char,
        pub value: *const c_char,
    }

    /// `gss_key_value_set_desc`
    pub struct KeyValueSet {
        pub count: u32,
        pub elements: *mut KeyValue,
    }
}

impl Buffer {
    pub const EMPTY: Buffer = Buffer { length: 0, value: ptr::null_mut() };

    /// A view of `bytes` for an argument that C only reads. The caller keeps `bytes` alive over the call.
    pub fn view(bytes: &[u8]) -> Buffer {
        Buffer { length: bytes.len(), value: bytes.as_ptr().cast_mut().cast() }
    }
}

/// An object identifier that lives as long as the program, since a library may keep its address.
pub struct StaticOid {
    der: &'static [u8],
    descriptor: Oid,
}

// SAFETY: the descriptor points at constant bytes, and the library only reads through it.
unsafe impl Sync for StaticOid {}

impl StaticOid {
    const fn new(der: &'static [u8]) -> Self {
        StaticOid { der, descriptor: Oid { length: der.len() as u32, elements: der.as_ptr().cast_mut().cast() } }
    }

    /// The address for an argument that the library only reads.
    pub fn as_ptr(&'static self) -> *mut Oid {
        ptr::from_ref(&self.descriptor).cast_mut()
    }

    /// A copy, for a set.
    pub fn descriptor(&self) -> Oid {
        self.descriptor
    }

    /// The identifier's DER, without tag and length.
    pub fn der(&self) -> &'static [u8] {
        self.der
    }
}

/// 1.3.6.1.5.5.2 (RFC 4178)
pub static SPNEGO: StaticOid = StaticOid::new(b"\x2b\x06\x01\x05\x05\x02");
/// 1.2.840.113554.1.2.2 (RFC 4121)
pub static KRB5: StaticOid = StaticOid::new(b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02");
/// 1.2.840.48018.1.2.2: the same mechanism as Windows 2000 misspelled it, and as its successors still answer.
pub static KRB5_MICROSOFT: StaticOid = StaticOid::new(b"\x2a\x86\x48\x82\xf7\x12\x01\x02\x02");
/// `GSS_C_NT_HOSTBASED_SERVICE`, 1.2.840.113554.1.2.1.4: `HTTP@host`
pub static HOSTBASED_SERVICE: StaticOid = StaticOid::new(b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04");
/// `GSS_KRB5_NT_PRINCIPAL_NAME`, 1.2.840.113554.1.2.2.1: `alice@REALM`, or `alice` in the default realm
pub static PRINCIPAL_NAME: StaticOid = StaticOid::new(b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01");

/// `gss_name_t`, `gss_cred_id_t`, `gss_ctx_id_t`: addresses that only the library looks behind.
pub type Handle = *mut c_void;

pub const MUTUAL_FLAG: u32 = 2;
pub const INITIATE: c_int = 1;
pub const GSS_CODE: c_int = 1;
pub const MECH_CODE: c_int = 2;
pub const CONTINUE_NEEDED: u32 = 1;
/// Calling errors and routine errors; the lower half are only notes.
pub const ERROR_MASK: u32 = 0xffff_0000;
pub const CREDENTIALS_EXPIRED: u32 = 11 << 16;

pub type ImportName = unsafe extern "C" fn(*mut u32, *mut Buffer, *mut Oid, *mut Handle) -> u32;
pub type ReleaseHandle = unsafe extern "C" fn(*mut u32, *mut Handle) -> u32;
pub type ReleaseBuffer = unsafe extern "C" fn(*mut u32, *mut Buffer) -> u32;
pub type DisplayStatus = unsafe extern "C" fn(*mut u32, u32, c_int, *mut Oid, *mut u32, *mut Buffer) -> u32;
pub type DeleteSecContext = unsafe extern "C" fn(*mut u32, *mut Handle, *mut Buffer) -> u32;
pub type AcquireCred =
    unsafe extern "C" fn(*mut u32, Handle, u32, *mut OidSet, c_int, *mut Handle, *mut *mut OidSet, *mut u32) -> u32;
pub type AcquireCredFrom = unsafe extern "C" fn(
    *mut u32,
    Handle,
    u32,
    *mut OidSet,
    c_int,
    *const KeyValueSet,
    *mut Handle,
    *mut *mut OidSet,
    *mut u32,
) -> u32;
pub type SetNegMechs = unsafe extern "C" fn(*mut u32, Handle, *const OidSet) -> u32;
pub type InquireCred =
    unsafe extern "C" fn(*mut u32, Handle, *mut Handle, *mut u32, *mut c_int, *mut *mut OidSet) -> u32;
pub type InitSecContext = unsafe extern "C" fn(
    *mut u32,
    Handle,
    *mut Handle,
    Handle,
    *mut Oid,
    u32,
    u32,
    *mut ChannelBindings,
    *mut Buffer,
    *mut *mut Oid,
    *mut Buffer,
    *mut u32,
    *mut u32,
) -> u32;
