//! `config_kwargs`: the settings of botocore's `Config` that affect the STS call. The others are for service clients.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use super::broken::Broken;
use super::fields::Fields;
use super::redact;
use super::session_region::in_extra;
use crate::address::ProxyUrl;
use crate::config::names::Names;
use crate::config::profile::StsHttp;
use crate::region::Region;

/// The settings of the STS call.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct StsClient {
    /// Takes precedence over the session's region, for this call only.
    pub region: Option<Region>,
    /// By the scheme of the requested URL.
    pub proxies: Vec<(String, String)>,
    /// Seconds.
    pub connect_timeout: Option<f64>,
    pub read_timeout: Option<f64>,
    /// Including the first attempt.
    pub max_attempts: Option<u32>,
    /// Certificate chain and key.
    pub client_cert: Option<(PathBuf, Option<PathBuf>)>,
    /// `signature_version = "unsigned"`: AssumeRole is sent without a signature.
    pub unsigned: bool,
    pub use_fips: Option<bool>,
    pub use_dualstack: Option<bool>,
    pub ignore_configured_endpoint_urls: bool,
    /// Known settings that have no effect here.
    pub without_effect: Vec<String>,
}

/// botocore 1.44's `Config.OPTION_DEFAULTS`.
const KEYS: Names = Names(
    "region_name signature_version user_agent user_agent_extra user_agent_appid connect_timeout read_timeout \
     parameter_validation max_pool_connections proxies proxies_config s3 s3_disable_express_session_auth retries \
     client_cert inject_host_prefix endpoint_discovery_enabled use_dualstack_endpoint use_fips_endpoint \
     ignore_configured_endpoint_urls defaults_mode tcp_keepalive request_min_compression_size_bytes \
     disable_request_compression client_context_params sigv4a_signing_region_set request_checksum_calculation \
     response_checksum_validation account_id_endpoint_mode auth_scheme_preference",
);
/// Of these, the settings that affect the STS call.
const HEEDED: Names = Names(
    "region_name signature_version connect_timeout read_timeout proxies retries client_cert \
     use_dualstack_endpoint use_fips_endpoint ignore_configured_endpoint_urls tcp_keepalive",
);

impl StsClient {
    pub fn read(kwargs: &Fields<'_>) -> Result<Self, Broken> {
        if let Some(key) = kwargs.unknown(KEYS) {
            let why = format!("`{}` is not a setting of botocore's Config", kwargs.path_of(&redact::name(key)));
            return Err(Broken::new(why, format!("remove it; Config takes {}", KEYS.listed())));
        }
        let signature = kwargs.text("signature_version")?;
        let unsigned = signature.as_deref() == Some("unsigned");
        let mut without_effect: Vec<String> =
            kwargs.keys().filter(|key| !HEEDED.has(key)).map(|key| kwargs.path_of(key)).collect();
        if signature.is_some_and(|version| !["unsigned", "v4"].contains(&version.as_str())) {
            without_effect.push(kwargs.path_of("signature_version"));
        }
        Ok(StsClient {
            region: kwargs
                .nonempty("region_name")?
                .map(|text| in_extra("config_kwargs.region_name", &text))
                .transpose()?,
            proxies: proxies(kwargs)?,
            connect_timeout: kwargs.number("connect_timeout")?,
            read_timeout: kwargs.number("read_timeout")?,
            max_attempts: attempts(kwargs)?,
            client_cert: client_cert(kwargs)?,
            unsigned,
            use_fips: kwargs.flag("use_fips_endpoint")?,
            use_dualstack: kwargs.flag("use_dualstack_endpoint")?,
            ignore_configured_endpoint_urls: kwargs.flag("ignore_configured_endpoint_urls")?.unwrap_or(false),
            without_effect,
        })
    }
}

impl StsClient {
    /// Returns the settings for requests to the STS at `endpoint`.
    pub fn http(&self, endpoint: &str) -> Result<StsHttp, Broken> {
        let scheme = endpoint.split("://").next().unwrap_or_default();
        let proxy = self.proxies.iter().find(|(of, _)| of == scheme).map(|(_, url)| proxy(url)).transpose()?;
        let client_cert = self.client_cert.clone().map(|(cert, key)| {
            let key = key.unwrap_or_else(|| cert.clone());
            (cert, key)
        });
        let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST).min(LONGEST);
        Ok(StsHttp {
            proxy,
            client_cert,
            connect_timeout: self.connect_timeout.map(seconds),
            read_timeout: self.read_timeout.map(seconds),
            attempts: self.max_attempts,
        })
    }
}

/// Longer than the deadline of any login.
const LONGEST: Duration = Duration::from_secs(3600);

/// Parses a proxy. botocore uses http for an address without a scheme.
fn proxy(text: &str) -> Result<ProxyUrl, Broken> {
    let text = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    ProxyUrl::parse(&text).map_err(|why| {
        Broken::new(
            format!("`config_kwargs.proxies` has one that is not a proxy's URL: it {why}"),
            "write \"https\": \"http://proxy.example.com:8080\"",
        )
    })
}

fn proxies(kwargs: &Fields<'_>) -> Result<Vec<(String, String)>, Broken> {
    let Some(proxies) = kwargs.object("proxies")? else { return Ok(Vec::new()) };
    let keys: Vec<String> = proxies.keys().map(str::to_owned).collect();
    keys.into_iter().filter_map(|key| proxies.nonempty(&key).map(|url| Some((key, url?))).transpose()).collect()
}

/// Reads the number of attempts: `total_max_attempts` counts all of them, `max_attempts` those after the first.
fn attempts(kwargs: &Fields<'_>) -> Result<Option<u32>, Broken> {
    let Some(retries) = kwargs.object("retries")? else { return Ok(None) };
    if let Some(key) = retries.unknown(Names("total_max_attempts max_attempts mode")) {
        let why = format!("`{}` is unknown", retries.path_of(&redact::name(key)));
        return Err(Broken::new(why, "remove it; retries takes max_attempts, total_max_attempts and mode"));
    }
    if let Some(mode) = retries.text("mode")?
        && !["legacy", "standard", "adaptive"].contains(&mode.as_str())
    {
        let why = format!("`{}` is none of legacy, standard and adaptive", retries.path_of("mode"));
        return Err(Broken::new(why, "write \"mode\": \"standard\""));
    }
    let whole = |key: &str, least: u64| match retries.get(key) {
        None => Ok(None),
        Some(Value::Number(n)) if n.as_u64().is_some_and(|n| n >= least) => {
            Ok(n.as_u64().map(|n| u32::try_from(n).unwrap_or(u32::MAX)))
        }
        Some(other) => Err(retries.wrong(key, other, &format!("a whole number of {least} or more"))),
    };
    let more = whole("max_attempts", 0)?.map(|n| n.saturating_add(1));
    Ok(whole("total_max_attempts", 1)?.or(more))
}

fn client_cert(kwargs: &Fields<'_>) -> Result<Option<(PathBuf, Option<PathBuf>)>, Broken> {
    let path = |value: &Value| value.as_str().map(PathBuf::from).filter(|path| path.is_absolute());
    let expected = "the absolute path of a PEM file, or a pair of them";
    match kwargs.get("client_cert") {
        None => Ok(None),
        Some(Value::Array(items)) if items.len() == 2 => match (path(&items[0]), path(&items[1])) {
            (Some(cert), Some(key)) => Ok(Some((cert, Some(key)))),
            _ => Err(kwargs.wrong("client_cert", &items[0], expected)),
        },
        Some(value) => {
            path(value).map(|cert| Some((cert, None))).ok_or_else(|| kwargs.wrong("client_cert", value, expected))
        }
    }
}
