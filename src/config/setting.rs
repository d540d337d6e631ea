//! The types of settings: how each is read from a value, and how it is written and shown.

use std::path::PathBuf;
use std::time::Duration;

use super::duration::written_duration;
use super::found::Found;
use super::row::list;
use super::urls;
use super::values;
use super::words::Words;
use crate::address::{IdpUrl, IssuerUrl, ProxyUrl, StsEndpoint};
use crate::arn::{ProviderArn, RoleArn};
use crate::error::Result;
use crate::quote::config::toml;
use crate::region::Region;

/// A value that can be written into a file.
pub trait Written {
    /// Returns the value in TOML.
    fn toml(&self) -> String;

    /// Returns the value for people, without possible secrets.
    fn shown(&self) -> String {
        self.toml()
    }
}

/// A value that is read from a file as its row says.
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
}

/// One of a few words, or true or false.
impl<T: Words> Written for T {
    fn toml(&self) -> String {
        match T::YES_AND_NO {
            Some((_, no)) if *self == no => "false".to_owned(),
            _ => toml(self.word()),
        }
    }
}

impl<T: Words> Setting for T {
    fn parse(found: &Found<'_>) -> Result<Self> {
        values::choice(found)
    }
}

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

// Values that cannot be read by their type alone.
written! {
    str: toml;
    &'static str: |word| toml(word);
    IdpUrl: |url| toml(url.as_str());
    RoleArn: |arn| toml(arn.as_str());
    url::Url: |url| toml(url.as_str());
    url::Origin: |origin| toml(&origin.ascii_serialization());
    Vec<PathBuf>: |paths| list(paths.iter().map(Written::toml));
    Vec<String>: |texts| list(texts.iter().map(|text| toml(text)));
    Vec<url::Origin>: |origins| list(origins.iter().map(Written::toml));
}
