//! Where a proof of identity comes from.

pub mod saml;
pub mod secrets;
