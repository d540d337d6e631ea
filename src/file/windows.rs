//! The calls of Windows for which the standard library has none: access control lists, links and locks of files.

pub mod acl;
pub mod files;
