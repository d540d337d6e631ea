//! A SAML assertion from an identity provider.

pub mod extract;
