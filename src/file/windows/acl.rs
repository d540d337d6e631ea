//! Access control lists: the owner of a file, those who have access, and the list of a file for this user alone.
#![allow(unsafe_code, reason = "the standard library reads and writes no access control lists")]

use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::os::windows::io::AsRawHandle;
use std::ptr::null_mut;
use std::sync::OnceLock;

use windows_sys::Win32::Foundation::{CloseHandle, ERROR_SUCCESS, HANDLE, LocalFree};
use windows_sys::Win32::Security::Authorization::{
    ConvertSidToStringSidW, ConvertStringSecurityDescriptorToSecurityDescriptorW, GetSecurityInfo, SDDL_REVISION_1,
    SE_FILE_OBJECT,
};
use windows_sys::Win32::Security::{
    ACCESS_ALLOWED_ACE, ACE_HEADER, ACL, DACL_SECURITY_INFORMATION, GetAce, GetTokenInformation, INHERIT_ONLY_ACE,
    OWNER_SECURITY_INFORMATION, PSECURITY_DESCRIPTOR, PSID, SECURITY_ATTRIBUTES, TOKEN_QUERY, TOKEN_USER, TokenUser,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

/// Everybody, also without a login.
pub const EVERYONE: &str = "S-1-1-0";

/// Types of entries that allow access (winnt.h: ACCESS_ALLOWED_ACE_TYPE, ACCESS_ALLOWED_CALLBACK_ACE_TYPE). Both begin
/// alike.
const ADMITTING: [u8; 2] = [0, 9];

/// The owner of a file, and those who have access, with their rights. Entries that deny access are ignored, so the
/// result may have too many rights, never too few.
pub struct AccessList {
    /// A security identifier, `S-1-5-21-…`.
    pub owner: String,
    /// Security identifiers and the rights of each (`ACCESS_MASK`).
    pub admitted: Vec<(String, u32)>,
}

impl AccessList {
    /// Reads those of a file or directory that was opened with the right to read its list, which every reader has.
    pub fn of(file: &File) -> io::Result<AccessList> {
        let (mut owner, mut list): (PSID, *mut ACL) = (null_mut(), null_mut());
        let mut descriptor: PSECURITY_DESCRIPTOR = null_mut();
        let wanted = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
        // SAFETY: the handle is open, and the pointers are to variables of the types that are asked for.
        let status = unsafe {
            GetSecurityInfo(
                file.as_raw_handle(),
                SE_FILE_OBJECT,
                wanted,
                &mut owner,
                null_mut(),
                &mut list,
                null_mut(),
                &mut descriptor,
            )
        };
        if status != ERROR_SUCCESS {
            return Err(io::Error::from_raw_os_error(status.cast_signed()));
        }
        let _descriptor = Local(descriptor);
        // A file without a list admits everybody to everything ("Null DACLs and Empty DACLs").
        if list.is_null() {
            return Ok(AccessList { owner: text(owner)?, admitted: vec![(EVERYONE.to_owned(), u32::MAX)] });
        }
        let mut admitted = Vec::new();
        // SAFETY: the list is part of the descriptor, which lives until the end of this function.
        for index in 0..u32::from(unsafe { (*list).AceCount }) {
            let mut entry: *mut c_void = null_mut();
            // SAFETY: as above; the index is below the count.
            if unsafe { GetAce(list, index, &mut entry) } == 0 {
                return Err(io::Error::last_os_error());
            }
            // SAFETY: each entry begins with a header.
            let header = unsafe { *entry.cast::<ACE_HEADER>() };
            if ADMITTING.contains(&header.AceType) && u32::from(header.AceFlags) & INHERIT_ONLY_ACE == 0 {
                let entry = entry.cast::<ACCESS_ALLOWED_ACE>();
                // SAFETY: an entry of these types is of this form, and its identifier begins at `SidStart`.
                let (rights, whose) = unsafe { ((*entry).Mask, &raw mut (*entry).SidStart) };
                admitted.push((text(whose.cast())?, rights));
            }
        }
        Ok(AccessList { owner: text(owner)?, admitted })
    }
}

/// The security identifier of the user that this process runs as.
pub fn user() -> io::Result<&'static str> {
    static USER: OnceLock<String> = OnceLock::new();
    match USER.get() {
        Some(user) => Ok(user),
        None => read_user().map(|user| USER.get_or_init(|| user).as_str()),
    }
}

fn read_user() -> io::Result<String> {
    let mut token: HANDLE = null_mut();
    // SAFETY: the pseudo handle of this process needs no closing, and the pointer is to a handle.
    if unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &mut token) } == 0 {
        return Err(io::Error::last_os_error());
    }
    // A user and the identifier behind it: at most 8 + 4 * 15 bytes (SECURITY_MAX_SID_SIZE). Words, since it begins with a pointer.
    let mut answer = [0u64; 16];
    let (mut written, size) = (0, size_of_val(&answer) as u32);
    // SAFETY: the buffer is as long as is said.
    let is_told = unsafe { GetTokenInformation(token, TokenUser, answer.as_mut_ptr().cast(), size, &mut written) } != 0;
    let told = if is_told { Ok(()) } else { Err(io::Error::last_os_error()) };
    // SAFETY: it was opened above, and is not used again.
    unsafe { CloseHandle(token) };
    told?;
    // SAFETY: the call has written one, and what it points to lies in the same buffer.
    text(unsafe { (*answer.as_ptr().cast::<TOKEN_USER>()).User.Sid })
}

/// The security attributes of a new file or directory: it belongs to this user, and gives access only to this user, the
/// system and the administrators, who correspond to root. ssh-keygen creates private keys on Windows in this way. It
/// inherits nothing.
pub struct ForUserAlone {
    descriptor: Local,
}

impl ForUserAlone {
    pub fn file() -> io::Result<Self> {
        Self::with("")
    }

    /// Its files inherit the list.
    pub fn directory() -> io::Result<Self> {
        Self::with("OICI")
    }

    fn with(inheritance: &str) -> io::Result<Self> {
        let user = user()?;
        // "Security Descriptor String Format": FA is all access, SY the system, BA the administrators, P no inheritance.
        let admitted = [user, "SY", "BA"].map(|whom| format!("(A;{inheritance};FA;;;{whom})")).concat();
        let written: Vec<u16> = format!("O:{user}D:P{admitted}\0").encode_utf16().collect();
        let mut descriptor: PSECURITY_DESCRIPTOR = null_mut();
        // SAFETY: the text ends in a zero, and the pointer is to a descriptor.
        let is_made = unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                written.as_ptr(),
                SDDL_REVISION_1,
                &mut descriptor,
                null_mut(),
            )
        };
        if is_made == 0 { Err(io::Error::last_os_error()) } else { Ok(ForUserAlone { descriptor: Local(descriptor) }) }
    }

    /// Returns the structure that calls for creating files take. It points into `self`.
    pub fn attributes(&self) -> SECURITY_ATTRIBUTES {
        SECURITY_ATTRIBUTES {
            nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
            lpSecurityDescriptor: self.descriptor.0,
            bInheritHandle: 0,
        }
    }
}

/// Memory that a call of Windows has allocated.
struct Local(*mut c_void);

impl Drop for Local {
    fn drop(&mut self) {
        // SAFETY: it comes from a call that wants it given back so, once.
        unsafe { LocalFree(self.0) };
    }
}

/// A security identifier as text.
fn text(identifier: PSID) -> io::Result<String> {
    let mut written: *mut u16 = null_mut();
    // SAFETY: callers pass what Windows has handed out.
    if identifier.is_null() || unsafe { ConvertSidToStringSidW(identifier, &mut written) } == 0 {
        return Err(io::Error::last_os_error());
    }
    let _written = Local(written.cast());
    // SAFETY: it ends in a zero.
    let characters = unsafe { (0..).take_while(|at| *written.add(*at) != 0).map(|at| *written.add(at)) };
    Ok(char::decode_utf16(characters).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_has_an_identifier_and_files_belong_to_it() {
        let user = user().unwrap();
        assert!(user.starts_with("S-1-5-"), "{user}");
        let list = AccessList::of(&tempfile::tempfile().unwrap()).unwrap();
        assert!(list.owner.starts_with("S-1-5-") && !list.admitted.is_empty());
    }
}
