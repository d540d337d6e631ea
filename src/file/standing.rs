//! Whose a file is and what others than its owner may do with it, in the terms of Unix: owner and mode. On Windows both are read
//! from the access control list.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use self::unix::Standing;
#[cfg(windows)]
pub use self::windows::Standing;

/// Bits of a mode that let a group read, and everybody.
pub const OTHERS_READ: u32 = 0o044;
