//! Checks this machine's clock against those of the IdP and of STS, and the connection to both: names, proxy, TLS.

use std::time::Duration;

use url::Url;

use super::report::{Fault, Report, Step, at};
use crate::acquire::fetch::block_on;
use crate::arn::RoleArn;
use crate::cli::table::span;
use crate::config::oidc::Flow;
use crate::config::profile::{Auth, Identity, IdpHttp, Profile};
use crate::config::sts_home::Home;
use crate::error::{Code, Error, Result};
use crate::http::probe::{Peer, Probe, probe};
use crate::http::proxy::Chosen;
use crate::http::tls::Trust;
use crate::quote::shell::command;
use crate::sts;
use crate::sts::maker::{Maker, Marks};
use crate::time::{self, Timestamp};
use crate::x509::Certificate;

/// SigV4 and Kerberos allow five minutes, and so does AWS with assertions.
const TOO_FAR: i64 = 300;
/// Seconds. A synchronised clock differs by less.
const NOTABLE: i64 = 30;
/// A certificate that expires within this time is worth a warning.
const SOON: Duration = Duration::from_secs(14 * 24 * 3600);
/// Time limit of one connection to STS.
const PATIENCE: Duration = Duration::from_secs(10);

/// Checks clock and connections. `base` is the profile that logs in, which `profile` may build on.
pub fn check(report: &mut Report, profile: &Profile, base: &Profile) -> std::result::Result<(), Fault> {
    let idp = match &base.identity {
        // A command connects to its servers by itself.
        Identity::Saml(saml) => (!matches!(saml.auth, Auth::Command(_))).then(|| Side::idp(&saml.idp_url, &saml.http)),
        Identity::WebIdentity(identity) => identity.source.facts().provider.map(|oidc| {
            let bundle = oidc.ca_bundle.as_deref();
            let setting = "web_identity.ca_bundle";
            let trust = Trust { ca_bundle: bundle, setting, verify: true, client_cert: None };
            let name = if oidc.flow == Flow::ClientCredentials { "token issuer" } else { "OpenID provider" };
            Side::new(name, &oidc.issuer.to_url(), trust, None, PATIENCE)
        }),
        Identity::AssumeRole(_) | Identity::Base(_) => None,
    };
    let unnamed = RoleArn::unnamed();
    // Without a role or an endpoint it is not known yet which STS is asked.
    let role = profile.role_arn.as_ref().or(profile.sts.endpoint_url.as_ref().map(|_| &unnamed));
    let sts = match role {
        None => None,
        Some(role) => {
            let (url, region) = block_on(sts::whereabouts(&profile.sts, role)).map_err(at(Step::Sts))?;
            report.fact(Step::Sts, "region", region);
            let bundle = profile.sts.ca_bundle.as_deref();
            let trust = Trust { ca_bundle: bundle, setting: "AWS_CA_BUNDLE", verify: true, client_cert: None };
            Some(Side::new("STS", &url, trust, None, PATIENCE))
        }
    };
    let sides = idp.into_iter().chain(sts).map(Side::look).collect::<Result<Vec<_>>>().map_err(at(Step::Network))?;
    check_clock(report, &sides).map_err(at(Step::Clock))?;
    for side in &sides {
        side.tell(report).map_err(at(Step::Network))?;
        if side.name == "STS" {
            let is_of_saml = matches!(base.identity, Identity::Saml(_));
            let named = if is_of_saml { profile.role_arn.as_ref() } else { role };
            let maker = Maker::of(Home::of(Some(&side.url)), named, &Marks::of(&side.probe.headers));
            report.fact(Step::Sts, "answered_by", maker.in_words());
        }
    }
    if sides.is_empty() {
        report.skip(Step::Network, "no server's address is known before the login");
    } else {
        report.pass(Step::Network);
    }
    Ok(())
}

/// A server that the login needs.
struct Side<'a> {
    /// Its name in facts and messages.
    name: &'static str,
    url: Url,
    trust: Trust<'a>,
    proxy: Option<Chosen>,
    timeout: Duration,
}

impl<'a> Side<'a> {
    fn new(name: &'static str, url: &Url, trust: Trust<'a>, proxy: Option<Chosen>, timeout: Duration) -> Self {
        Side { name, url: url.clone(), trust, proxy, timeout }
    }

    fn idp(url: &Url, http: &'a IdpHttp) -> Self {
        let client_cert = http.client_cert.as_ref().map(|(cert, key)| (cert.as_path(), key.as_path()));
        let bundle = http.ca_bundle.as_deref();
        let trust = Trust { ca_bundle: bundle, setting: "saml.ca_bundle", verify: http.verify, client_cert };
        let proxy = http.proxy.clone().map(|url| Chosen { url, setting: "saml.proxy" });
        Side::new("IdP", url, trust, proxy, http.timeout)
    }

    fn look(self) -> Result<Looked<'a>> {
        let origin = self.url.origin().ascii_serialization();
        let name = format!("the {} at {origin}", self.name).replace("the STS", "STS");
        let look = |trust| {
            let (url, proxy, timeout) = (&self.url, self.proxy.as_ref(), self.timeout);
            block_on(probe(Peer { url, name: &name, trust, proxy, timeout }))
        };
        let mut probe = look(self.trust)?;
        // The time of an untrusted server tells whether this machine's clock makes its certificate invalid.
        // Nothing secret is sent to it, and nothing else of its answer is used.
        if probe.answer.as_ref().is_err_and(|error| error.code == Code::TlsUntrusted) {
            let unverified = look(Trust { verify: false, client_cert: None, ..self.trust });
            probe.clock_ahead = unverified.ok().and_then(|unverified| unverified.clock_ahead);
        }
        Ok(Looked { name: self.name, origin, url: self.url.clone(), trust: self.trust, probe })
    }
}

/// A server, and what the connection to it showed.
struct Looked<'a> {
    name: &'static str,
    origin: String,
    url: Url,
    trust: Trust<'a>,
    probe: Probe,
}

fn check_clock(report: &mut Report, sides: &[Looked<'_>]) -> Result<()> {
    let clocks: Vec<(&Looked<'_>, i64)> =
        sides.iter().filter_map(|side| Some((side, side.probe.clock_ahead?))).collect();
    for (side, ahead) in &clocks {
        let shown = if *ahead == 0 { "in step".to_owned() } else { difference(*ahead) };
        report.fact(Step::Clock, &format!("against_{}", key(side.name)), shown);
    }
    let far: Vec<&(&Looked<'_>, i64)> = clocks.iter().filter(|(_, ahead)| ahead.abs() > TOO_FAR).collect();
    match (far.as_slice(), clocks.len()) {
        ([], 0) => report.skip(Step::Clock, "no server sent its time"),
        ([], _) => {
            if let Some((side, ahead)) = clocks.iter().find(|(_, ahead)| ahead.abs() >= NOTABLE) {
                report.warn(
                    Step::Clock,
                    format!("this machine's clock is {} that of {}", difference(*ahead), side.origin),
                    "timedatectl set-ntp true",
                );
            }
            report.pass(Step::Clock);
        }
        // One of several differs, and the others agree with this machine: that one is wrong.
        ([(side, ahead)], 2..) => {
            return Err(Error::new(Code::ClockSkew, format!("the clock of the {} is wrong", side.name))
                .because(format!("this machine's clock is {} it, and agrees with the others", difference(*ahead)))
                .hint(format!("ask the administrator of {} to set its clock", side.origin)));
        }
        ([(side, ahead), ..], _) => {
            return Err(Error::new(Code::ClockSkew, "this machine's clock is wrong")
                .because(format!("it is {} that of {}", difference(*ahead), side.origin))
                .hint("timedatectl set-ntp true   (or: chronyc makestep)"));
        }
    }
    Ok(())
}

/// Says how this machine's clock differs from one that is `ahead` seconds ahead.
fn difference(ahead: i64) -> String {
    let by = span(jiff::SignedDuration::from_secs(ahead.abs()));
    if ahead > 0 { format!("{by} behind") } else { format!("{by} ahead of") }
}

fn key(name: &str) -> String {
    name.to_ascii_lowercase().replace(' ', "_")
}

impl Looked<'_> {
    fn tell(&self, report: &mut Report) -> Result<()> {
        let key = key(self.name);
        let mut fact = |what: &str, value: String| report.fact(Step::Network, &format!("{key}{what}"), value);
        fact("", self.origin.clone());
        if let Some(proxy) = &self.probe.proxy {
            fact("_proxy", proxy.clone());
        }
        if !self.probe.addresses.is_empty() {
            fact("_addresses", self.probe.addresses.join(", "));
        }
        if let Some(leaf) = self.probe.chain.first() {
            fact("_certificate", in_words(leaf));
            fact("_trusted_by", self.trusted_by());
        }
        match &self.probe.answer {
            Ok(()) => {
                self.warn_of_the_end(report);
                Ok(())
            }
            Err(error) => Err(self.explain(error.clone())),
        }
    }

    fn trusted_by(&self) -> String {
        match self.trust.ca_bundle {
            _ if !self.trust.verify => "verify = false: no check".to_owned(),
            Some(bundle) => format!("{} ({})", bundle.display(), self.trust.setting),
            None => "the system's authorities".to_owned(),
        }
    }

    fn warn_of_the_end(&self, report: &mut Report) {
        let soon = time::after(SOON);
        for certificate in self.probe.chain.iter().filter(|certificate| certificate.not_after < soon) {
            let (subject, until) = (&certificate.subject, time::whole_seconds(certificate.not_after));
            report.warn(
                Step::Network,
                format!("the certificate of {subject} at {} is valid until {until} only", self.origin),
                "ask the server's administrator to renew it",
            );
        }
    }

    /// Adds to an error which certificate is not trusted, and which authority to name.
    fn explain(&self, error: Error) -> Error {
        let (Code::TlsUntrusted, Some(leaf)) = (error.code, self.probe.chain.first()) else { return error };
        let authority = self.probe.chain.last().map_or(&leaf.issuer, |last| &last.issuer);
        let error = error.because(format!("it is {}", in_words(leaf)));
        let now = time::now();
        if !leaf.is_self_issued() && leaf.not_after > now {
            let (Some(host), Some(port)) = (self.url.host_str(), self.url.port_or_known_default()) else {
                return error;
            };
            let setting = self.trust.setting;
            return match error.causes.first() {
                Some(cause) if cause.contains("authority") => error.hint(format!(
                    "ask that server's administrator for the certificate of {authority}, and name its file in `{setting}`; \
                     see what it sends: {}",
                    command(["openssl", "s_client", "-showcerts", "-connect", &format!("{host}:{port}")])
                )),
                _ => error,
            };
        }
        error
    }
}

/// `CN=idp.example.com, issued by CN=Corp CA, valid until …`
fn in_words(certificate: &Certificate) -> String {
    let Certificate { subject, issuer, not_before, not_after, thumbprint: _, fingerprint: _ } = certificate;
    let day = |at: &Timestamp| time::whole_seconds(*at).chars().take(10).collect::<String>();
    let by = if certificate.is_self_issued() { "issued by itself".to_owned() } else { format!("issued by {issuer}") };
    format!("{subject}, {by}, valid from {} until {}", day(not_before), day(not_after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;

    #[test]
    fn whose_clock_is_wrong_is_told_by_the_others() {
        let looked = |name, ahead| Looked {
            name,
            origin: format!("https://{name}"),
            url: Url::parse("https://a/").unwrap(),
            trust: Trust { ca_bundle: None, setting: "s", verify: true, client_cert: None },
            probe: Probe {
                proxy: None,
                addresses: vec![],
                chain: vec![],
                clock_ahead: ahead,
                headers: HeaderMap::new(),
                answer: Ok(()),
            },
        };
        let table = [
            (vec![(Some(0)), Some(0)], None),
            (vec![Some(300), Some(-300)], None),
            (vec![None, None], None),
            (vec![Some(301), Some(0)], Some("the clock of the IdP is wrong")),
            (vec![Some(0), Some(-400)], Some("the clock of the STS is wrong")),
            (vec![Some(400), Some(401)], Some("this machine's clock is wrong")),
            (vec![Some(-400), None], Some("this machine's clock is wrong")),
        ];
        for (ahead, expected) in table {
            let sides: Vec<Looked<'_>> = ["IdP", "STS"].into_iter().zip(&ahead).map(|(n, a)| looked(n, *a)).collect();
            let error = check_clock(&mut Report::new("dev"), &sides).err();
            assert_eq!(error.as_ref().map(|error| error.what.as_str()), expected, "{ahead:?}");
            assert!(error.is_none_or(|error| error.code == Code::ClockSkew));
        }
    }

    #[test]
    fn a_difference_is_told_from_this_machines_side() {
        assert_eq!([difference(90), difference(-3700)], ["1m behind", "1h01m ahead of"]);
    }
}
