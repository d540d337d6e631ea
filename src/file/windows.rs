//! The calls of Windows that the standard library does not have: access control lists, links and locks of files.

pub mod acl;
pub mod files;
