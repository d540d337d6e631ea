//! The STS endpoint of a connection's call: named by the connection, the environment or the AWS profile, else AWS's
//! own.

use url::Url;

use super::aws_profiles::AwsProfiles;
use super::broken::Broken;
use super::endpoint::{self, Variant};
use super::fields::Fields;
use super::plan::Endpoint;
use super::sts_client::StsClient;
use crate::process::env::Env;
use crate::region::Region;

/// The settings that decide the endpoint.
pub struct Target<'a> {
    pub extra: &'a Fields<'a>,
    pub sts: &'a StsClient,
    pub region: Option<&'a Region>,
    pub profile: &'a str,
    pub files: &'a AwsProfiles,
    pub env: &'a Env,
}

impl Target<'_> {
    pub fn endpoint(&self) -> Result<Endpoint, Broken> {
        let service_config = self.extra.object("service_config")?;
        let of_sts = service_config.as_ref().map(|config| config.object("sts")).transpose()?.flatten();
        if let Some(config) = of_sts
            && let Some(text) = config.nonempty("endpoint_url")?
        {
            return written_endpoint(&config, &text);
        }
        if let Some(url) = self.configured() {
            return Ok(Endpoint::OfMachine(url));
        }
        let from_profile =
            |key: &str| self.files.get(self.profile, key).is_some_and(|v| v.eq_ignore_ascii_case("true"));
        let switch = |config: Option<bool>, variable: &str, key: &str| {
            config.unwrap_or_else(|| match self.env.os(variable) {
                Some(_) => self.env.is_true(variable),
                None => from_profile(key),
            })
        };
        let regional = self.env.text("AWS_STS_REGIONAL_ENDPOINTS");
        let regional = regional.as_deref().or_else(|| self.files.get(self.profile, "sts_regional_endpoints"));
        let variant = Variant {
            use_fips: switch(self.sts.use_fips, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
            use_dualstack: switch(self.sts.use_dualstack, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"),
            legacy: regional.is_some_and(|mode| mode.eq_ignore_ascii_case("legacy")),
        };
        Ok(Endpoint::OfMachine(endpoint::sts(self.sts.region.as_ref().or(self.region), variant)))
    }

    /// Returns the endpoint that the environment or the AWS profile names.
    fn configured(&self) -> Option<String> {
        if self.sts.ignore_configured_endpoint_urls || self.env.is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") {
            return None;
        }
        let from_env = self.env.text("AWS_ENDPOINT_URL_STS").or_else(|| self.env.text("AWS_ENDPOINT_URL"));
        from_env.or_else(|| self.files.get(self.profile, "endpoint_url").map(str::to_owned))
    }
}

/// Parses the endpoint of a connection. Whether it may be used is decided in [`super::trust`].
fn written_endpoint(config: &Fields<'_>, text: &str) -> Result<Endpoint, Broken> {
    let path = config.path_of("endpoint_url");
    let is_plain = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    };
    match Url::parse(text).ok().filter(is_plain) {
        Some(url) => Ok(Endpoint::OfText { path, url }),
        None => Err(Broken::new(
            format!("`{path}` is not only scheme, host, port and path"),
            "write \"endpoint_url\": \"https://…\"",
        )),
    }
}
