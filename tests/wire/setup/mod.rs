//! `setup`: by flags, by answers, and from another tool's files.

pub mod flags;
#[cfg(target_os = "linux")]
mod imports;
#[cfg(target_os = "linux")]
mod methods;
#[cfg(target_os = "linux")]
mod mistakes;
