//! Where a proof of identity comes from.

pub mod oidc;
pub mod saml;
pub mod secrets;
