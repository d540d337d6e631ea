//! Where a proof of identity comes from.

pub mod aws;
pub mod oidc;
pub mod saml;
pub mod secrets;
