//! `assume_role_with_saml`: Airflow's login at an identity provider.

use serde_json::Value;

use super::broken::Broken;
use super::fields::Fields;
use super::request_kwargs::{RequestKwargs, Verify};
use super::retry::RetryKwargs;
use super::{quote, redact, spelling};
use crate::address::{IdpUrl, NotAnAddress};
use crate::config::names::Names;
use crate::config::profile::MutualAuthentication;

/// Airflow's name for SPNEGO.
const SPNEGO: &str = "http_spegno_auth";

/// The keys that Airflow reads.
const BLOCK_KEYS: Names = Names(
    "principal_arn idp_url idp_auth_method mutual_authentication idp_request_kwargs idp_request_retry_kwargs \
     saml_response_xpath log_idp_response",
);

/// The checked block.
#[derive(Debug)]
pub struct SamlLogin {
    pub principal_arn: String,
    pub idp_url: IdpUrl,
    pub mutual_authentication: MutualAuthentication,
    pub xpath: String,
    pub log_idp_response: bool,
    pub request: RequestKwargs,
    /// Absent: no retries.
    pub retry: Option<RetryKwargs>,
    /// What fedcred accepts and Airflow does not.
    pub differences: Vec<String>,
    pub warnings: Vec<String>,
}

impl SamlLogin {
    pub fn read(block: &Fields<'_>) -> Result<Self, Broken> {
        spelling::check("assume_role_with_saml", block.keys(), BLOCK_KEYS, &[])?;
        let mut differences = Vec::new();
        let mut warnings = Vec::new();
        let principal_arn = block.required("principal_arn", "\"arn:aws:iam::112233334444:saml-provider/corp\"")?;
        match block.required("idp_auth_method", &format!("\"{SPNEGO}\""))?.as_str() {
            SPNEGO => (),
            "http_spnego_auth" => differences.push(format!(
                "idp_auth_method is spelled http_spnego_auth, which Airflow rejects: it knows only \"{SPNEGO}\""
            )),
            other => {
                return Err(Broken::new(
                    format!(
                        "`{}` is {:?}, which is not a method",
                        block.path_of("idp_auth_method"),
                        redact::value(other)
                    ),
                    format!("write \"idp_auth_method\": \"{SPNEGO}\""),
                ));
            }
        }
        let mutual_authentication = mutual(block)?;
        let idp_url = url(block, "idp_url", &block.required("idp_url", "\"https://idp.example.com/…\"")?)?;
        let kwargs = block.object("idp_request_kwargs")?;
        let request = kwargs.as_ref().map(|kwargs| RequestKwargs::read(kwargs, &idp_url)).transpose()?;
        let retry = match block.has("idp_request_retry_kwargs") {
            true => block.object("idp_request_retry_kwargs")?.as_ref().map(RetryKwargs::read).transpose()?,
            false => None,
        };
        let xpath = block.required("saml_response_xpath", "\"//input[@name='SAMLResponse']/@value\"")?;
        let log_idp_response = block.flag("log_idp_response")?.unwrap_or(false);
        if log_idp_response {
            warnings.push("log_idp_response: the log has the size of an answer, never the answer itself".into());
        }
        let request = request.unwrap_or_else(|| RequestKwargs { follow_redirects: true, ..RequestKwargs::default() });
        if request.verify == Verify::Off && mutual_authentication != MutualAuthentication::Required {
            differences.push(
                "idp_request_kwargs.verify is false, so the IdP has to prove itself by Kerberos: mutual_authentication is REQUIRED"
                    .to_owned(),
            );
        }
        Ok(SamlLogin {
            principal_arn,
            idp_url,
            mutual_authentication,
            xpath,
            log_idp_response,
            request,
            retry,
            differences,
            warnings,
        })
    }

    /// Returns `idp_url` with `params` after its own query, as requests builds it.
    pub fn url(&self) -> IdpUrl {
        let url = self.idp_url.clone();
        let params = quote::write_query(self.request.params.iter().map(|(n, v)| (n.as_str(), v.as_str())));
        if params.is_empty() {
            return url;
        }
        let query = url.query().filter(|query| !query.is_empty()).map(|query| format!("{query}&{params}"));
        url.with_query(&query.unwrap_or(params))
    }
}

/// Reads the setting. Absent means `HTTPSPNEGOAuth()`, whose default is DISABLED since requests_gssapi 1.1.
fn mutual(block: &Fields<'_>) -> Result<MutualAuthentication, Broken> {
    let key = "mutual_authentication";
    match block.written(key) {
        None => Ok(MutualAuthentication::Disabled),
        Some(Value::String(text)) if text == "REQUIRED" => Ok(MutualAuthentication::Required),
        Some(Value::String(text)) if text == "OPTIONAL" => Ok(MutualAuthentication::Optional),
        Some(Value::String(text)) if text == "DISABLED" => Ok(MutualAuthentication::Disabled),
        Some(_) => Err(Broken::new(
            format!("`{}` is none of REQUIRED, OPTIONAL and DISABLED, in capitals", block.path_of(key)),
            "write \"mutual_authentication\": \"REQUIRED\"",
        )),
    }
}

/// Reads a URL to which a ticket may be sent: https, or loopback. A user name in it would be a password in a log.
fn url(block: &Fields<'_>, key: &str, text: &str) -> Result<IdpUrl, Broken> {
    IdpUrl::parse(text).map_err(|why| {
        let mended = match why {
            NotAnAddress::Login => "remove the text before the @",
            NotAnAddress::PlainHttp { .. } => "write https:// for http://",
            _ => "write it in full: \"https://idp.example.com/…\"",
        };
        Broken::new(format!("`{}` {why}", block.path_of(key)), mended)
    })
}
