//! A SAML assertion from an identity provider.

pub mod auth;
pub mod ccache;
pub mod channel_binding;
pub mod conversation;
pub mod extract;
mod krb5_conf;
pub mod paste;
mod reading;
pub mod response;
pub mod roles;
