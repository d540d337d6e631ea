//! Owner and mode of a file, in the terms of Unix. On Windows both are derived from the access control list.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use self::unix::Standing;
#[cfg(windows)]
pub use self::windows::Standing;

/// The bits of a mode that allow a group and everybody to read.
pub const OTHERS_READ: u32 = 0o044;
