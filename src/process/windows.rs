//! The calls of Windows for which the standard library has none: jobs.

pub mod job;
