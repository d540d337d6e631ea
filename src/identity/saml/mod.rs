//! A SAML assertion from an identity provider.

pub mod ccache;
pub mod channel_binding;
pub mod extract;
mod krb5_conf;
