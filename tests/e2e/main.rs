//! fedcred against real parts: an MIT KDC, Apache with mod_auth_gssapi, SimpleSAMLphp, panva's oidc-provider, an STS
//! stand-in that verifies signatures, gnome-keyring, and the AWS CLI and boto3 as its callers; and against a stub of Google's
//! side. All of it is started by `tests/lab`.
//!
//! Every test ends with the leak check: see [`support::leaks`].

mod consumers;
mod form;
mod google;
mod gssapi;
mod idp_answers;
mod kerberos;
mod keyring;
mod oidc;
mod sts_answers;
mod support;
#[path = "../support/terminal.rs"]
mod terminal;
