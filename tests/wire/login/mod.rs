//! Logging in at a SAML identity provider: the methods of `saml.auth`, the pages, and what an assertion offers.

mod assertion;
mod auth;
#[cfg(unix)]
mod command;
pub mod ecp;
mod form;
mod form_pages;
mod hostile;
#[cfg(target_os = "linux")]
pub mod okta;
mod origins;
mod pages;
mod places;
mod second_pages;
mod sp_initiated;
