//! `idp_request_retry_kwargs`: all keywords of urllib3's `Retry`, with its defaults.

use serde_json::{Value, json};

use super::broken::Broken;
use super::fields::Fields;
use super::redact;
use crate::config::names::Names;

/// How often and for which failures a request is sent again. An absent count is limited only by `total` and the
/// deadline.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryKwargs {
    pub total: Option<u32>,
    pub connect: Option<u32>,
    pub read: Option<u32>,
    pub redirect: Option<u32>,
    pub status: Option<u32>,
    pub other: Option<u32>,
    /// Absent: any method.
    pub allowed_methods: Option<Vec<String>>,
    pub status_forcelist: Vec<u16>,
    /// Seconds: the wait before retry n is `backoff_factor * 2^(n-1)`, with none before the first.
    pub backoff_factor: f64,
    pub backoff_max: f64,
    pub backoff_jitter: f64,
    pub raise_on_redirect: bool,
    pub raise_on_status: bool,
    pub respect_retry_after_header: bool,
    pub remove_headers_on_redirect: Vec<String>,
}

const KEYS: Names = Names(
    "total connect read redirect status other allowed_methods status_forcelist backoff_factor backoff_max \
     backoff_jitter raise_on_redirect raise_on_status history respect_retry_after_header \
     remove_headers_on_redirect retry_after_max",
);

/// urllib3's `Retry.DEFAULT_ALLOWED_METHODS`.
const IDEMPOTENT: [&str; 6] = ["DELETE", "GET", "HEAD", "OPTIONS", "PUT", "TRACE"];

impl RetryKwargs {
    pub fn read(kwargs: &Fields<'_>) -> Result<Self, Broken> {
        if let Some(key) = kwargs.unknown(KEYS) {
            let why = format!("`{}` is not an argument of urllib3's Retry", kwargs.path_of(&redact::name(key)));
            return Err(match key {
                "method_whitelist" => Broken::new(why, "write \"allowed_methods\", its name since urllib3 2"),
                _ => Broken::new(why, format!("remove it; Retry takes {}", KEYS.listed())),
            });
        }
        let flag = |key: &str| kwargs.flag(key).map(|flag| flag.unwrap_or(true));
        Ok(RetryKwargs {
            total: count(kwargs, "total", Some(10))?,
            connect: count(kwargs, "connect", None)?,
            read: count(kwargs, "read", None)?,
            redirect: count(kwargs, "redirect", None)?,
            status: count(kwargs, "status", None)?,
            other: count(kwargs, "other", None)?,
            allowed_methods: methods(kwargs)?,
            status_forcelist: kwargs.list("status_forcelist", "a list of HTTP statuses", |item| {
                item.as_u64().and_then(|status| u16::try_from(status).ok())
            })?,
            backoff_factor: kwargs.number("backoff_factor")?.unwrap_or(0.0),
            backoff_max: kwargs.number("backoff_max")?.unwrap_or(120.0),
            backoff_jitter: kwargs.number("backoff_jitter")?.unwrap_or(0.0),
            raise_on_redirect: flag("raise_on_redirect")?,
            raise_on_status: flag("raise_on_status")?,
            respect_retry_after_header: flag("respect_retry_after_header")?,
            remove_headers_on_redirect: match kwargs.has("remove_headers_on_redirect") {
                true => names(kwargs, "remove_headers_on_redirect")?,
                false => ["Cookie", "Authorization", "Proxy-Authorization"].map(str::to_owned).to_vec(),
            },
        })
    }

    /// Whether GET is among the methods. If not, a request is not sent again after a status or a broken answer.
    pub fn covers_get(&self) -> bool {
        self.allowed_methods.as_ref().is_none_or(|methods| methods.iter().any(|m| m.eq_ignore_ascii_case("GET")))
    }

    /// For `airflow show`.
    pub fn to_json(&self) -> Value {
        json!({
            "total": self.total, "connect": self.connect, "read": self.read, "redirect": self.redirect,
            "status": self.status, "other": self.other, "allowed_methods": self.allowed_methods,
            "status_forcelist": self.status_forcelist, "backoff_factor": self.backoff_factor,
            "backoff_max": self.backoff_max, "backoff_jitter": self.backoff_jitter,
            "raise_on_redirect": self.raise_on_redirect, "raise_on_status": self.raise_on_status,
            "respect_retry_after_header": self.respect_retry_after_header,
            "remove_headers_on_redirect": self.remove_headers_on_redirect,
        })
    }
}

/// Reads a count: null for no limit of its own, false for no retries.
fn count(kwargs: &Fields<'_>, key: &str, default: Option<u32>) -> Result<Option<u32>, Broken> {
    match kwargs.written(key) {
        None => Ok(default),
        Some(Value::Null) => Ok(None),
        Some(Value::Bool(false)) => Ok(Some(0)),
        Some(Value::Number(number)) if number.as_u64().is_some() => {
            Ok(Some(number.as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(u32::MAX)))
        }
        Some(other) => Err(kwargs.wrong(key, other, "a whole number, null or false")),
    }
}

fn methods(kwargs: &Fields<'_>) -> Result<Option<Vec<String>>, Broken> {
    match kwargs.written("allowed_methods") {
        None => Ok(Some(IDEMPOTENT.map(str::to_owned).to_vec())),
        Some(Value::Null | Value::Bool(false)) => Ok(None),
        Some(_) => names(kwargs, "allowed_methods").map(Some),
    }
}

fn names(kwargs: &Fields<'_>, key: &str) -> Result<Vec<String>, Broken> {
    kwargs.list(key, "a list of names", |item| item.as_str().map(str::to_owned))
}
