//! fedcred's binary against real parts: an MIT KDC, Apache with mod_auth_gssapi, SimpleSAMLphp, LemonLDAP::NG,
//! djangosaml2idp, Squid, panva's oidc-provider, an STS
//! stand-in that verifies signatures, Chromium, gnome-keyring, and the AWS CLI, boto3 and the SDK for JavaScript as its callers; and against a stub of Google's
//! side. All of it is started by `tests/lab`.
//!
//! Every test ends with the leak check: see [`harness::leaks`].
#![allow(clippy::disallowed_methods, reason = "a test reads files of its own")]

#[path = "../support/entries.rs"]
mod entries;
#[path = "../harness/mod.rs"]
mod harness;

mod airflow;
mod broker;
mod browser;
mod consumers;
mod containers;
mod doctor;
mod ecp;
mod expiries;
mod fleet;
mod form;
mod full_disk;
mod google;
mod gssapi;
mod hit;
mod idp_answers;
mod idps;
mod imports;
#[path = "../support/installed.rs"]
mod installed;
mod job_control;
mod kerberos;
mod keyring;
mod look;
mod manual;
mod metrics;
mod oidc;
mod quotes;
mod schedule;
mod setup;
mod shells;
mod sts_answers;
mod support;
#[path = "../support/terminal.rs"]
mod terminal;
mod transport;
mod words;
