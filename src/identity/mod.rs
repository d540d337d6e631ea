//! Where a proof of identity comes from.

pub mod kept;
pub mod saml;
pub mod secrets;
