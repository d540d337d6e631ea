//! Decides what a connection's text may have this machine do; the list of its requests is [`Asked`].
//!
//! The author of a connection need not be the administrator of this machine. Such a text could send a Kerberos ticket
//! to a server that proves nothing, through a proxy of the author's, or to a service on loopback (CWE-918). Everything
//! beyond a plain request over verified TLS needs `[airflow] idp_origins` or `sts_endpoints`.

use url::{Origin, Url};

use super::broken::Broken;
use super::endpoint::is_sts_host;
use super::plan::{Endpoint, Identity, Plan};
use super::policy::Policy;
use super::request_kwargs::Verify;
use super::saml::SamlLogin;
use crate::host_name::HostName;
use crate::host_name::is_loopback;

/// The special requests of a plan, with the origins that must be listed for them.
#[derive(Debug, Default)]
pub struct Asked {
    wishes: Vec<Wish>,
}

#[derive(Debug)]
struct Wish {
    /// The key, and what it asks for.
    what: String,
    origin: Origin,
    list: List,
}

/// A key of `[airflow]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    IdpOrigins,
    StsEndpoints,
}

impl Asked {
    pub fn by(plan: &Plan) -> Asked {
        let mut asked = Asked::default();
        let identity = plan.call.as_ref().map(|call| &call.identity);
        if let Some(Identity::Saml(login)) = identity {
            asked.of_login(login);
        }
        if let Endpoint::OfText { path, url } = &plan.endpoint {
            asked.of_sts(path, url, identity);
        }
        asked
    }

    /// Errors: the first request that the configuration does not list, with the line that lists it.
    pub fn permitted(&self, policy: &Policy) -> Result<(), Broken> {
        let refused = self.wishes.iter().find(|wish| !wish.list.of(policy).contains(&wish.origin));
        refused.map_or(Ok(()), |wish| {
            Err(Broken::refused(
                format!("{}: a connection's text may not ask for that", wish.what),
                format!("if it is right, write into [airflow] of the configuration: {}", wish.line(policy)),
            ))
        })
    }

    fn of_login(&mut self, login: &SamlLogin) {
        let request = &login.request;
        let unusual = |name: &str| !USUAL_HEADERS.iter().any(|usual| name.eq_ignore_ascii_case(usual));
        let verify = match &request.verify {
            Verify::System => None,
            Verify::Off => Some("is false: any server that answers would get the ticket"),
            Verify::Bundle(_) => Some("names an authority of its own"),
        };
        let of_request = [
            ("verify", verify),
            ("cert", request.cert.as_ref().map(|_| "names a client certificate of this machine")),
            ("proxies", request.proxy.as_ref().map(|_| "chooses a proxy")),
            (
                "headers",
                request.headers.iter().any(|(name, _)| unusual(name)).then_some("has more than what is accepted"),
            ),
            ("cookies", (!request.cookies.is_empty()).then_some("sends cookies")),
            ("data", request.body.as_ref().map(|_| "sends a body")),
        ];
        let is_local = login.idp_url.scheme() == "http" && is_loopback(&login.idp_url);
        let local = is_local.then(|| "`assume_role_with_saml.idp_url` is plain http on this machine".to_owned());
        let of_request = of_request
            .into_iter()
            .filter_map(|(key, said)| Some(format!("`assume_role_with_saml.idp_request_kwargs.{key}` {}", said?)));
        let origin = login.idp_url.origin();
        let wish = |what| Wish { what, origin: origin.clone(), list: List::IdpOrigins };
        self.wishes.extend(local.into_iter().chain(of_request).map(wish));
    }

    /// Checks an STS endpoint. AWS's own and VPC endpoints are allowed. On this machine a signature is allowed, which
    /// is good for this call only; assertions and tokens are not sent over plain http, where others could use them.
    fn of_sts(&mut self, path: &str, url: &Url, identity: Option<&Identity>) {
        let is_aws = url.scheme() == "https" && HostName::of(url).as_ref().is_some_and(is_sts_host);
        let is_signed = matches!(identity, None | Some(Identity::Signature));
        let is_here = is_loopback(url) && (is_signed || url.scheme() == "https");
        if is_aws || is_here {
            return;
        }
        let origin = url.origin();
        let shown = origin.ascii_serialization();
        let what = match is_loopback(url) {
            true => format!("`{path}` is {shown}, plain http: others on this machine could read the login"),
            false => {
                format!("`{path}` is {shown}, which is neither AWS's nor on this machine: the login would go there")
            }
        };
        self.wishes.push(Wish { what, origin, list: List::StsEndpoints });
    }
}

impl List {
    fn of(self, policy: &Policy) -> &[Origin] {
        match self {
            List::IdpOrigins => &policy.idp_origins,
            List::StsEndpoints => &policy.sts_endpoints,
        }
    }

    fn key(self) -> &'static str {
        match self {
            List::IdpOrigins => "idp_origins",
            List::StsEndpoints => "sts_endpoints",
        }
    }
}

impl Wish {
    /// Returns the line of TOML, including the origins that are listed already.
    fn line(&self, policy: &Policy) -> String {
        let origins = self.list.of(policy).iter().chain([&self.origin]);
        let origins: Vec<String> = origins.map(|origin| format!("{:?}", origin.ascii_serialization())).collect();
        format!("{} = [{}]", self.list.key(), origins.join(", "))
    }
}

/// Headers that describe the wanted answer and the client.
const USUAL_HEADERS: [&str; 6] =
    ["accept", "accept-language", "accept-encoding", "user-agent", "cache-control", "upgrade-insecure-requests"];

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::aws_profiles::AwsProfiles;
    use super::super::json as json_form;
    use super::super::meaning::{self, Ask};
    use super::*;
    use crate::process::env::Env;

    fn plan(extra: Value) -> Plan {
        let connection = json_form::parse("etl", &json!({"extra": extra}).to_string()).unwrap();
        meaning::plan(&connection, &Ask::default(), &AwsProfiles::default(), &Env::fixed([("HOME", "/h")])).unwrap()
    }

    fn saml(idp_url: &str, kwargs: Value) -> Plan {
        plan(json!({
            "role_arn": "arn:aws:iam::112233334444:role/Etl", "assume_role_method": "assume_role_with_saml",
            "assume_role_with_saml": {
                "principal_arn": "arn:aws:iam::112233334444:saml-provider/corp", "idp_url": idp_url,
                "idp_auth_method": "http_spegno_auth", "saml_response_xpath": "//x", "idp_request_kwargs": kwargs,
            },
        }))
    }

    fn listing(key: &str, origin: &str) -> Policy {
        let origins = vec![Url::parse(origin).unwrap().origin()];
        match key {
            "idp_origins" => Policy { idp_origins: origins, ..Policy::default() },
            _ => Policy { sts_endpoints: origins, ..Policy::default() },
        }
    }

    #[test]
    #[cfg_attr(windows, ignore = "its paths are Unix's")]
    fn what_loosens_a_login_is_for_the_configuration_to_allow() {
        let (idp, local) = ("https://idp.example.com", "http://127.0.0.1:8080");
        let table = [
            (idp, json!({"verify": false}), "verify"),
            (idp, json!({"verify": "/etc/ssl/own.pem"}), "verify"),
            (idp, json!({"cert": "/etc/ssl/me.pem"}), "cert"),
            (idp, json!({"cert": ["/etc/ssl/me.pem", "/etc/ssl/me.key"]}), "cert"),
            (idp, json!({"proxies": {"https": "http://proxy:8080"}}), "proxies"),
            (idp, json!({"proxies": {"all": "socks5://proxy:1080"}}), "proxies"),
            (idp, json!({"proxies": {"https://idp.example.com": "proxy:8080"}}), "proxies"),
            (idp, json!({"headers": {"Authorization": "Basic eDp5"}}), "headers"),
            (idp, json!({"headers": {"Cookie": "a=b"}}), "headers"),
            (idp, json!({"headers": {"X-Forwarded-For": "127.0.0.1"}}), "headers"),
            (idp, json!({"cookies": {"a": "b"}}), "cookies"),
            (idp, json!({"data": {"a": "b"}}), "data"),
            (idp, json!({"json": {"a": "b"}}), "data"),
            (local, json!({}), "idp_url"),
            ("http://localhost:8080", json!({}), "idp_url"),
            ("http://[::1]:8080", json!({}), "idp_url"),
            ("http://127.1:8080", json!({}), "idp_url"),
        ];
        for (origin, kwargs, key) in table {
            let asked = Asked::by(&saml(&format!("{origin}/sso"), kwargs.clone()));
            let broken = asked.permitted(&Policy::default()).unwrap_err();
            assert!(broken.why.contains(key), "{kwargs}: {broken:?}");
            let listed = Url::parse(origin).unwrap().origin().ascii_serialization();
            assert!(broken.mended.ends_with(&format!(": idp_origins = [{listed:?}]")), "{broken:?}");
            let other = listing("idp_origins", "https://other.example.com");
            let broken = asked.permitted(&other).unwrap_err();
            assert!(broken.mended.contains(&format!("[\"https://other.example.com\", {listed:?}]")), "{broken:?}");
            assert_eq!(asked.permitted(&listing("idp_origins", origin)), Ok(()), "{kwargs}");
        }
    }

    #[test]
    fn a_plain_request_over_verified_tls_is_everybodys_to_ask() {
        for kwargs in [
            json!({}),
            json!({"verify": true, "timeout": 5, "allow_redirects": false, "params": {"a": "b"}, "stream": true}),
            json!({"headers": {"Accept": "text/html", "User-Agent": "x", "accept-language": "de"}}),
            json!({"proxies": {}, "cookies": {}, "cert": null}),
        ] {
            assert_eq!(Asked::by(&saml("https://idp.example.com/", kwargs)).permitted(&Policy::default()), Ok(()));
        }
    }

    #[test]
    fn assertions_and_tokens_go_to_awss_sts_alone() {
        let sts = |url: &str, is_token: bool| {
            let mut extra = json!({
                "role_arn": "arn:aws:iam::112233334444:role/Etl", "service_config": {"sts": {"endpoint_url": url}},
            });
            if is_token {
                extra["assume_role_method"] = json!("assume_role_with_web_identity");
                extra["assume_role_with_web_identity_federation"] = json!("google");
            }
            Asked::by(&plan(extra)).permitted(&Policy::default())
        };
        let table = [
            ("https://sts.eu-west-1.amazonaws.com", true, true),
            ("https://vpce-0a1b.sts.eu-west-1.vpce.amazonaws.com", true, true),
            ("http://127.0.0.1:4566", true, false),
            ("https://localhost:4566", true, true),
            ("https://sts.evil.example", false, false),
            ("https://x.elb.amazonaws.com", false, false),
        ];
        for (url, signed, token) in table {
            assert_eq!((sts(url, false).is_ok(), sts(url, true).is_ok()), (signed, token), "{url}");
        }
        let broken = sts("https://sts.evil.example", true).unwrap_err();
        assert!(broken.mended.ends_with(": sts_endpoints = [\"https://sts.evil.example\"]"), "{broken:?}");
    }
}
