//! A SAML assertion from an identity provider.

pub mod extract;
pub mod response;
pub mod roles;
