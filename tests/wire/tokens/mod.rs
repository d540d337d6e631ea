//! OIDC tokens: every source, and a person's login at an OpenID provider.

mod other_makers;
#[cfg(target_os = "linux")]
pub mod sign_in;
mod web_identity;
