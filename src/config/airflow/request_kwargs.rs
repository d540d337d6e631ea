//! `idp_request_kwargs`: keyword arguments of `requests.Session.get`, with their documented meaning. An unknown one is
//! an error, as in requests.

use std::path::PathBuf;

use serde_json::Value;
use url::Url;

use super::broken::Broken;
use super::fields::Fields;
use super::{quote, redact};
use crate::address::ProxyUrl;
use crate::config::names::Names;
use crate::secret::Secret;

/// `idp_request_kwargs`
#[derive(Debug, Default)]
pub struct RequestKwargs {
    pub headers: Vec<(String, Secret)>,
    /// `params`, added to the URL's query.
    pub params: Vec<(String, String)>,
    pub cookies: Vec<(String, Secret)>,
    /// Seconds: to connect, and between two reads.
    pub timeout: Option<(f64, f64)>,
    pub verify: Verify,
    /// Certificate chain, and its key if that is another file.
    pub cert: Option<(PathBuf, Option<PathBuf>)>,
    /// The proxy for URLs with the IdP's scheme.
    pub proxy: Option<ProxyUrl>,
    pub follow_redirects: bool,
    /// Content type and body of the request.
    pub body: Option<(&'static str, Secret)>,
}

/// How the IdP's certificate is verified.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub enum Verify {
    #[default]
    System,
    Off,
    Bundle(PathBuf),
}

const REQUEST_KEYS: Names =
    Names("headers params cookies timeout verify cert proxies allow_redirects data json stream files hooks");

impl RequestKwargs {
    pub fn read(kwargs: &Fields<'_>, idp_url: &Url) -> Result<Self, Broken> {
        if let Some(key) = kwargs.unknown(REQUEST_KEYS) {
            let path = kwargs.path_of(&redact::name(key));
            let why = match key {
                "auth" => format!("`{path}` is given twice: idp_auth_method decides how to log in"),
                _ => format!("`{path}` is not an argument of a request"),
            };
            return Err(Broken::new(why, format!("remove it; a request takes {}", REQUEST_KEYS.listed())));
        }
        for key in ["files", "hooks"] {
            if kwargs.get(key).is_some() {
                let why = format!("`{}` is not supported: it means Python objects", kwargs.path_of(key));
                return Err(Broken::new(why, format!("remove \"{key}\"")));
            }
        }
        Ok(RequestKwargs {
            headers: headers(kwargs)?,
            params: pairs(kwargs, "params")?,
            cookies: secret_pairs(kwargs, "cookies")?,
            timeout: timeout(kwargs)?,
            verify: verify(kwargs)?,
            cert: cert(kwargs)?,
            proxy: proxy(kwargs, idp_url)?,
            follow_redirects: kwargs.flag("allow_redirects")?.unwrap_or(true),
            body: body(kwargs)?,
        })
    }
}

/// Headers that decide where a request ends or whom it is for. A connection's text cannot set them.
const FRAMING: Names =
    Names("host content-length transfer-encoding connection te trailer upgrade expect proxy-authorization");

fn headers(kwargs: &Fields<'_>) -> Result<Vec<(String, Secret)>, Broken> {
    let headers = secret_pairs(kwargs, "headers")?;
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    for (name, value) in &headers {
        let path = kwargs.path_of("headers");
        let shown = redact::name(name);
        if name.is_empty() || !name.chars().all(token) || value.expose().chars().any(|c| c != '\t' && c.is_control()) {
            return Err(Broken::new(format!("`{path}` has {shown:?}, which is not an HTTP header"), "remove it"));
        }
        if FRAMING.has(&name.to_ascii_lowercase()) {
            let why = format!("`{path}` has {shown:?}, which follows from the request itself");
            return Err(Broken::new(why, format!("remove \"{shown}\" from the headers")));
        }
    }
    Ok(headers)
}

/// Reads names and values. A null value leaves its name out, as in requests.
fn pairs(kwargs: &Fields<'_>, key: &str) -> Result<Vec<(String, String)>, Broken> {
    let expected = "an object of names and values";
    match kwargs.get(key) {
        None => Ok(Vec::new()),
        Some(Value::Object(map)) => {
            let mut pairs = Vec::new();
            for (name, value) in map {
                let values = match value {
                    Value::Array(items) => items.as_slice(),
                    other => std::slice::from_ref(other),
                };
                for value in values.iter().filter(|value| !value.is_null()) {
                    let text = scalar(value).ok_or_else(|| kwargs.wrong(key, value, expected))?;
                    pairs.push((name.clone(), text));
                }
            }
            Ok(pairs)
        }
        Some(Value::String(text)) if key == "params" => Ok(quote::parse_query(text)),
        Some(other) => Err(kwargs.wrong(key, other, expected)),
    }
}

fn secret_pairs(kwargs: &Fields<'_>, key: &str) -> Result<Vec<(String, Secret)>, Broken> {
    Ok(pairs(kwargs, key)?.into_iter().map(|(name, value)| (name, Secret::new(value))).collect())
}

/// Returns the value as Python's `str()` writes it.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(true) => Some("True".into()),
        Value::Bool(false) => Some("False".into()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn timeout(kwargs: &Fields<'_>) -> Result<Option<(f64, f64)>, Broken> {
    let seconds = |value: &Value| value.as_f64().filter(|seconds| *seconds > 0.0 && *seconds <= 86400.0);
    match kwargs.get("timeout") {
        None => Ok(None),
        Some(Value::Array(items)) if items.len() == 2 => match (seconds(&items[0]), seconds(&items[1])) {
            (Some(connect), Some(read)) => Ok(Some((connect, read))),
            _ => Err(kwargs.wrong("timeout", &items[0], "a pair of seconds, each above 0")),
        },
        Some(value) => match seconds(value) {
            Some(both) => Ok(Some((both, both))),
            None => Err(kwargs.wrong("timeout", value, "a number of seconds above 0, or a pair of them")),
        },
    }
}

fn verify(kwargs: &Fields<'_>) -> Result<Verify, Broken> {
    match kwargs.get("verify") {
        None | Some(Value::Bool(true)) => Ok(Verify::System),
        Some(Value::Bool(false)) => Ok(Verify::Off),
        Some(Value::String(path)) if !path.is_empty() => Ok(Verify::Bundle(file(kwargs, "verify", path)?)),
        Some(other) => Err(kwargs.wrong("verify", other, "true, false or the path of a PEM file")),
    }
}

fn cert(kwargs: &Fields<'_>) -> Result<Option<(PathBuf, Option<PathBuf>)>, Broken> {
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let expected = "the path of a PEM file, or a pair of them";
    match kwargs.get("cert") {
        None => Ok(None),
        Some(Value::Array(items)) if items.len() == 2 => match (text(&items[0]), text(&items[1])) {
            (Some(cert), Some(key)) => Ok(Some((file(kwargs, "cert", &cert)?, Some(file(kwargs, "cert", &key)?)))),
            _ => Err(kwargs.wrong("cert", &items[0], expected)),
        },
        Some(value) => match text(value) {
            Some(cert) => Ok(Some((file(kwargs, "cert", &cert)?, None))),
            None => Err(kwargs.wrong("cert", value, expected)),
        },
    }
}

/// Checks a path. Nothing is read from the working directory, which is the worker's in Airflow and anybody's here.
fn file(kwargs: &Fields<'_>, key: &str, path: &str) -> Result<PathBuf, Broken> {
    let path = PathBuf::from(path);
    if path.is_absolute() {
        return Ok(path);
    }
    let why = format!("`{}` is a relative path, and nothing is read from the working directory", kwargs.path_of(key));
    Err(Broken::new(why, "write the path from the root: \"/etc/ssl/…\""))
}

/// Returns the proxy by the order of requests: `scheme://host`, `scheme`, `all://host`, `all`.
fn proxy(kwargs: &Fields<'_>, idp_url: &Url) -> Result<Option<ProxyUrl>, Broken> {
    let Some(proxies) = kwargs.object("proxies")? else { return Ok(None) };
    let (scheme, host) = (idp_url.scheme(), idp_url.host_str().unwrap_or_default());
    for key in [format!("{scheme}://{host}"), scheme.to_owned(), format!("all://{host}"), "all".to_owned()] {
        let Some(text) = proxies.nonempty(&key)? else { continue };
        let text = if text.contains("://") { text } else { format!("http://{text}") };
        return ProxyUrl::parse(&text).map(Some).map_err(|why| {
            Broken::new(
                format!("`{}` is not a proxy's URL: it {why}", proxies.path_of(&key)),
                format!("write \"{key}\": \"http://proxy.example.com:8080\""),
            )
        });
    }
    Ok(None)
}

fn body(kwargs: &Fields<'_>) -> Result<Option<(&'static str, Secret)>, Broken> {
    match (kwargs.get("data"), kwargs.get("json")) {
        (Some(Value::String(text)), _) if !text.is_empty() => {
            Ok(Some(("application/x-www-form-urlencoded", Secret::new(text.clone()))))
        }
        (Some(Value::Object(map)), _) if !map.is_empty() => {
            let pairs = pairs(kwargs, "data")?;
            let form = quote::write_query(pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())));
            Ok(Some(("application/x-www-form-urlencoded", Secret::new(form))))
        }
        (Some(Value::Array(_) | Value::Bool(_) | Value::Number(_)), _) => {
            Err(kwargs.wrong("data", &Value::Null, "text or an object of names and values"))
        }
        (_, Some(json)) => Ok(Some(("application/json", Secret::new(json.to_string())))),
        (_, None) => Ok(None),
    }
}
