//! The names of the user and of the machine, for the name of a session.

use std::path::PathBuf;

use crate::config::env::Env;

/// The home directory that the password database has for this user. `None`: it does not know the user, as in many containers.
#[cfg(unix)]
#[allow(unsafe_code, reason = "the database (files, LDAP, SSSD) is the C library's, and has no safe call")]
pub fn home() -> Option<PathBuf> {
    use std::ffi::{CStr, OsStr};
    use std::os::unix::ffi::OsStrExt;
    let mut buffer = vec![0; 16 << 10];
    // SAFETY: all zeroes is a valid passwd, whose pointers are read only after the call has set them.
    let mut entry: libc::passwd = unsafe { std::mem::zeroed() };
    let mut found = std::ptr::null_mut();
    let user = rustix::process::geteuid().as_raw();
    // SAFETY: entry, buffer (with its length) and found live through the call, which writes to nothing else.
    let status = unsafe { libc::getpwuid_r(user, &mut entry, buffer.as_mut_ptr(), buffer.len(), &mut found) };
    if status != 0 || found.is_null() || entry.pw_dir.is_null() {
        return None;
    }
    // SAFETY: the call was successful, so this is a string with its end in `buffer`, which still lives.
    let home = unsafe { CStr::from_ptr(entry.pw_dir) };
    Some(PathBuf::from(OsStr::from_bytes(home.to_bytes())))
}

#[cfg(not(unix))]
pub fn home() -> Option<PathBuf> {
    None
}

/// `USER`, `LOGNAME` or `USERNAME`, else the number of the user id: a container often has no more.
pub fn user(env: &Env) -> String {
    ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| env.text(name)).unwrap_or_else(nameless)
}

#[cfg(unix)]
fn nameless() -> String {
    format!("uid-{}", rustix::process::geteuid().as_raw())
}

#[cfg(not(unix))]
fn nameless() -> String {
    "unknown".to_owned()
}

/// The machine's name without its domain.
#[cfg(unix)]
pub fn host(_env: &Env) -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// The machine's name.
#[cfg(not(unix))]
pub fn host(env: &Env) -> String {
    env.text("COMPUTERNAME").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_without_a_name_has_a_number() {
        assert_eq!(user(&Env::fixed([("LOGNAME", "alice")])), "alice");
        assert!(!user(&Env::fixed::<&str, &str>([])).is_empty());
        assert!(!host(&Env::process()).contains('.'));
    }
}
