//! The types of settings: how each is read from a value, and how it is written and shown.

use std::path::PathBuf;
use std::time::Duration;

use super::cache::LocalStore;
use super::reader::Found;
use super::tree::Value;
use super::urls;
use super::values::{self, written_duration};
use super::words::Words;
use crate::address::{IdpUrl, IssuerUrl, ProxyUrl, StsEndpoint};
use crate::arn::{ProviderArn, RoleArn};
use crate::config::profile::{AuthnRequest, SecretSource};
use crate::config::session_name::SessionName;
use crate::error::Result;
use crate::quote::config::toml;
use crate::region::Region;

/// A value that can be written into a file.
pub trait Written {
    /// As TOML writes it.
    fn toml(&self) -> String;

    /// The same for people, without what may be a secret.
    fn shown(&self) -> String {
        self.toml()
    }
}

/// A value that a file can have, read as its row says.
pub trait Setting: Written + Sized {
    fn parse(found: &Found<'_>) -> Result<Self>;
}

macro_rules! settings {
    ($($type:ty: $parse:expr, $write:expr;)*) => { $(
        impl Written for $type {
            fn toml(&self) -> String {
                let write: fn(&$type) -> String = $write;
                write(self)
            }
        }
        impl Setting for $type {
            fn parse(found: &Found<'_>) -> Result<Self> {
                $parse(found)
            }
        }
    )* };
}

settings! {
    bool: values::boolean, bool::to_string;
    u32: values::integer, u32::to_string;
    u16: values::integer, u16::to_string;
    f64: values::number, |number| format!("{number:?}");
    String: values::text, |text| toml(text);
    PathBuf: values::path, |path| toml(&path.display().to_string());
    Duration: values::duration, |duration| toml(&written_duration(*duration));
    Region: values::region, |region| toml(region.as_str());
    ProviderArn: |found| values::arn(found, ProviderArn::parse), |arn| toml(arn.as_str());
    ProxyUrl: urls::proxy, |url| toml(url.as_str());
    StsEndpoint: urls::sts_endpoint, |url| toml(url.as_str());
    IssuerUrl: urls::issuer, |url| toml(url.as_written());
    Vec<u16>: |found| values::list(found, values::integer), |statuses| list(statuses.iter().map(u16::to_string));
    AuthnRequest: authn_request, |request| match request {
        AuthnRequest::None => "false".to_owned(),
        AuthnRequest::Redirect | AuthnRequest::Post => toml(request.word()),
    };
}

/// `true` is the first of the words.
fn authn_request(found: &Found<'_>) -> Result<AuthnRequest> {
    match found.value {
        Value::Boolean(true) => Ok(AuthnRequest::Redirect),
        Value::Boolean(false) => Ok(AuthnRequest::None),
        _ => values::choice(found),
    }
}

macro_rules! choices {
    ($($type:ty),*) => { settings! { $($type: values::choice, |choice| toml(choice.word());)* } };
}

choices!(
    super::profile::Parser,
    super::profile::MutualAuthentication,
    super::profile::ChannelBindings,
    super::saml::auth::Method,
    super::oidc::Flow,
    super::oidc::Token,
    super::assume_role::Source,
    super::cache::KeyStore,
    LocalStore,
    super::airflow::meaning::Compat
);

macro_rules! written {
    ($($type:ty: $write:expr;)*) => { $(
        impl Written for $type {
            fn toml(&self) -> String {
                let write: fn(&$type) -> String = $write;
                write(self)
            }
        }
    )* };
}

// What cannot be read without knowing more than the value.
written! {
    str: toml;
    &'static str: |word| toml(word);
    IdpUrl: |url| toml(url.as_str());
    RoleArn: |arn| toml(arn.as_str());
    SessionName: |name| toml(&name.to_string());
    url::Url: |url| toml(url.as_str());
    url::Origin: |origin| toml(&origin.ascii_serialization());
    Vec<PathBuf>: |paths| list(paths.iter().map(Written::toml));
    Vec<String>: |texts| list(texts.iter().map(|text| toml(text)));
    Vec<url::Origin>: |origins| list(origins.iter().map(Written::toml));
}

impl Written for super::written::WrittenProfile {
    fn toml(&self) -> String {
        toml(self.name())
    }
}

/// A program and its arguments, in which people put secrets: only the program is shown.
pub struct Argv(pub Vec<String>);

impl Written for Argv {
    fn toml(&self) -> String {
        self.0.toml()
    }

    fn shown(&self) -> String {
        let rest = if self.0.len() > 1 { ", …" } else { "" };
        format!("[{}{rest}]", toml(self.0.first().map_or("", String::as_str)))
    }
}

impl Written for SecretSource {
    fn toml(&self) -> String {
        match self {
            SecretSource::Command(argv) => format!("{{ command = {} }}", argv.toml()),
            SecretSource::File(file) => format!("{{ file = {} }}", file.toml()),
            SecretSource::Env(name) => format!("{{ env = {} }}", toml(name)),
            SecretSource::Credential(name) => format!("{{ credential = {} }}", toml(name)),
            SecretSource::Keyring(_) => "{ keyring = true }".to_owned(),
        }
    }

    fn shown(&self) -> String {
        match self {
            SecretSource::Command(argv) => format!("{{ command = {} }}", Argv(argv.clone()).shown()),
            SecretSource::File(_) | SecretSource::Env(_) | SecretSource::Credential(_) | SecretSource::Keyring(_) => {
                self.toml()
            }
        }
    }
}

/// An array of TOML.
pub fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}
