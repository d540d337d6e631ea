//! Prometheus metrics of a long-lived process: the results of its keeper for each profile, as text (`--metrics`).
//!
//! Each row of `families` is a metric. All values come from the keeper, except the number of answers that an endpoint gave from
//! memory. They contain no secret, and role and account only with `--metrics-labels`.

mod families;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::request::Parts;
use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet, prometheus_text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use self::families::{FAMILIES, INFO};
use super::answers::Answers;
use super::child_protocol::Fetched;
use super::listener::{Listener, Purpose, Service, of_type, problem, refused};
use super::request;
use crate::acquire::refresh::Outcome;
use crate::arn::RoleArn;
use crate::error::{Code, Error, Result};
use crate::tally::Store;
use crate::time::{self, Timestamp};

pub const PURPOSE: Purpose = Purpose {
    flag: "--metrics",
    of_networks: "metrics may be served on one network, by its address, and not on all",
    why_loopback: "everyone who can reach it can read the names and the failures of the profiles",
    hint: "--metrics 127.0.0.1:9464, or name one address of a network with --allow-non-loopback: fedcred help metrics",
};

const PATH: &str = "/metrics";

/// The counts of every profile that is kept.
#[derive(Debug)]
pub struct Metrics {
    /// Whether role and account are shown.
    labels: bool,
    profiles: Mutex<BTreeMap<String, Measured>>,
}

/// The counts of one profile.
#[derive(Debug, Default)]
struct Measured {
    /// When its credentials expire. Outer `None`: unknown yet, or they have no end; inner `None`: there are none.
    until: Option<Option<Timestamp>>,
    success: Option<Timestamp>,
    /// Failures by error code.
    failures: BTreeMap<&'static str, u64>,
    logins: u64,
    sts_calls: u64,
    file_hits: u64,
    redis_hits: u64,
    /// Renewals without the store of the fleet, by error code.
    alone: BTreeMap<String, u64>,
    lock_waits: u64,
    lock_waited: Duration,
    role: Option<String>,
    /// The endpoint's answers, if there is an endpoint.
    answers: Option<Arc<Answers>>,
}

impl Metrics {
    pub fn new(labels: bool) -> Arc<Metrics> {
        Arc::new(Metrics { labels, profiles: Mutex::default() })
    }

    /// Keeps the counts of these profiles only from now on.
    pub fn keep<'a>(&self, names: impl Iterator<Item = &'a String>) {
        self.change(|profiles| {
            let mut known = std::mem::take(profiles);
            profiles.extend(names.map(|name| (name.clone(), known.remove(name).unwrap_or_default())));
        });
    }

    /// Notes the answers of an endpoint.
    pub fn answers(&self, answers: &Arc<Answers>) {
        self.change(|profiles| profiles.entry(answers.profile.clone()).or_default().answers = Some(answers.clone()));
    }

    /// Counts the result of a renewal.
    pub fn fetched(&self, profile: &str, fetched: &Fetched, now: Timestamp) {
        self.change(|profiles| {
            // A renewal of a profile that is not kept any more may end late.
            if let Some(measured) = profiles.get_mut(profile) {
                measured.add(fetched, now);
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, Measured>)) {
        change(&mut self.profiles.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Returns the counts in the text exposition format, version 0.0.4.
    fn text(self: &Arc<Self>) -> std::result::Result<String, fmt::Error> {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self.clone()));
        let mut text = String::new();
        prometheus_text::encode(&mut text, &registry)?;
        Ok(text)
    }
}

impl Measured {
    fn add(&mut self, fetched: &Fetched, now: Timestamp) {
        let Fetched { refreshed, tally, .. } = fetched;
        if let Outcome::Failed(error) = &refreshed.outcome {
            *self.failures.entry(error.code.as_str()).or_default() += 1;
        } else {
            self.success = Some(now);
        }
        let Some(tally) = tally else { return }; // Nothing is known but that the child failed.
        let failed = matches!(refreshed.outcome, Outcome::Failed(_));
        self.until = (failed || refreshed.until.is_some()).then_some(refreshed.until);
        self.logins += u64::from(tally.logins);
        self.sts_calls += u64::from(tally.sts_calls);
        self.lock_waits += u64::from(tally.lock_waits);
        self.lock_waited += tally.lock_waited;
        if tally.role.is_some() {
            self.role.clone_from(&tally.role);
        }
        match tally.store.filter(|_| !failed && tally.sts_calls == 0) {
            Some(Store::File) => self.file_hits += 1,
            Some(Store::Redis) => self.redis_hits += 1,
            None => {}
        }
        if let Some(code) = &tally.alone {
            *self.alone.entry(code.clone()).or_default() += 1;
        }
    }

    fn seconds_left(&self, now: Timestamp) -> Option<f64> {
        let held = self.answers.as_ref().and_then(|answers| answers.good_until());
        let until = held.map_or(self.until?, Some);
        Some(until.map_or(0.0, |until| until.duration_since(now).as_secs_f64().max(0.0)))
    }

    fn info(&self) -> Option<[(&'static str, String); 2]> {
        let role = self.role.as_ref()?;
        let account =
            RoleArn::parse(role).ok().and_then(|role| Some(role.owner.account()?.to_string())).unwrap_or_default();
        Some([("role_arn", role.clone()), ("account_id", account)])
    }
}

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let now = time::now();
        let profiles = self.profiles.lock().unwrap_or_else(PoisonError::into_inner);
        let build = "Version of fedcred";
        encoder
            .encode_descriptor("fedcred_build_info", build, None, MetricType::Gauge)?
            .encode_family(&[("version", env!("CARGO_PKG_VERSION"))])?
            .encode_gauge(&1u64)?;
        for family in FAMILIES.iter().chain(self.labels.then_some(&INFO)) {
            let mut metric = encoder.encode_descriptor(family.name, family.help, None, family.kind)?;
            for (name, measured) in profiles.iter() {
                for (mut labels, value) in (family.samples)(measured, now) {
                    labels.insert(0, ("profile", name.clone()));
                    let mut sample = metric.encode_family(&labels)?;
                    match family.kind {
                        MetricType::Counter => sample.encode_counter::<NoLabelSet, f64, f64>(&value, None)?,
                        _ => sample.encode_gauge(&value)?,
                    }
                }
            }
        }
        Ok(())
    }
}

/// Serves the metrics at `listener`, on a thread that ends with the process.
pub fn start(listener: Listener, metrics: Arc<Metrics>) -> Result<()> {
    let page = Page { address: listener.address, metrics };
    std::thread::Builder::new()
        .name("metrics".into())
        .stack_size(256 << 10)
        .spawn(move || listener.run(page, std::future::pending))
        .map(drop)
        .map_err(|e| Error::new(Code::Bug, "no thread can be started").because(e.to_string()))
}

/// Returns the URL of the metrics: `http://127.0.0.1:PORT/metrics`.
pub fn url(listener: &Listener) -> String {
    format!("http://{}{PATH}", listener.address)
}

struct Page {
    address: SocketAddr,
    metrics: Arc<Metrics>,
}

impl Service for Page {
    /// Admits all: Prometheus runs as a user of its own.
    fn admits(&self, _: SocketAddr, _: SocketAddr) -> bool {
        true
    }

    async fn answer(&self, head: Parts) -> Response<Full<Bytes>> {
        match request::readable(&head, self.address) {
            Ok(PATH) => match self.metrics.text() {
                Ok(text) => of_type(prometheus_text::CONTENT_TYPE, StatusCode::OK, Full::new(text.into())),
                Err(why) => problem(StatusCode::INTERNAL_SERVER_ERROR, "bug", &why.to_string()),
            },
            Ok(_) => problem(StatusCode::NOT_FOUND, "not-found", "the metrics are at /metrics"),
            Err(refusal) => refused(refusal),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::answers::tests::entry;
    use super::*;
    use crate::acquire::refresh::Refreshed;
    use crate::tally::Tally;

    const ROLE: &str = "arn:aws:iam::112233334444:role/Dev";

    fn now() -> Timestamp {
        let now = "2026-11-26T12:00:00Z".parse().unwrap();
        time::stopped_clock::set(now);
        now
    }

    fn tally() -> Tally {
        let lock_waited = Duration::from_millis(1500);
        Tally { logins: 1, sts_calls: 1, lock_waits: 1, lock_waited, role: Some(ROLE.into()), store: None, alone: None }
    }

    fn note(metrics: &Metrics, profile: &str, outcome: Outcome, until: Option<i64>, tally: Option<Tally>) {
        let until = until.map(|seconds| now() + jiff::SignedDuration::from_secs(seconds));
        let refreshed = Refreshed { outcome, until, next: now() };
        metrics.fetched(profile, &Fetched { refreshed, entry: None, tally }, now());
    }

    fn failed(code: Code) -> Outcome {
        Outcome::Failed(Error::new(code, "https://idp.example.com/secret"))
    }

    fn samples(metrics: &Arc<Metrics>) -> Vec<String> {
        let text = metrics.text().unwrap();
        text.lines().filter(|line| !line.starts_with('#')).skip(1).map(str::to_owned).collect()
    }

    #[test]
    fn what_a_keeper_learns_is_counted_by_profile() {
        let (metrics, names) = (Metrics::new(false), ["dev".to_owned(), "q\"\\\n".to_owned()]);
        metrics.keep(names.iter());
        note(&metrics, "dev", Outcome::Refreshed, Some(3600), Some(tally()));
        let hit = Tally { store: Some(Store::File), ..Tally::default() };
        note(&metrics, "dev", Outcome::Fresh, Some(3600), Some(hit.clone()));
        let shared = Tally { store: Some(Store::Redis), ..hit };
        note(&metrics, "dev", Outcome::Refreshed, Some(3600), Some(shared));
        note(
            &metrics,
            "q\"\\\n",
            failed(Code::Connect),
            None,
            Some(Tally { sts_calls: 0, alone: Some("fleet-full".into()), ..tally() }),
        );
        note(&metrics, "q\"\\\n", failed(Code::Connect), None, None);
        note(&metrics, "gone", Outcome::Refreshed, Some(1), Some(tally()));
        assert_eq!(
            samples(&metrics),
            [
                r#"fedcred_credentials_expiry_seconds{profile="dev"} 3600.0"#,
                r#"fedcred_credentials_expiry_seconds{profile="q\"\\\n"} 0.0"#,
                r#"fedcred_last_success_age_seconds{profile="dev"} 0.0"#,
                r#"fedcred_failures_total{profile="q\"\\\n",code="connect"} 2.0"#,
                r#"fedcred_logins_total{profile="dev"} 1.0"#,
                r#"fedcred_logins_total{profile="q\"\\\n"} 1.0"#,
                r#"fedcred_sts_calls_total{profile="dev"} 1.0"#,
                r#"fedcred_sts_calls_total{profile="q\"\\\n"} 0.0"#,
                r#"fedcred_hits_total{profile="dev",store="file"} 1.0"#,
                r#"fedcred_hits_total{profile="dev",store="redis"} 1.0"#,
                r#"fedcred_hits_total{profile="q\"\\\n",store="file"} 0.0"#,
                r#"fedcred_hits_total{profile="q\"\\\n",store="redis"} 0.0"#,
                r#"fedcred_store_faults_total{profile="q\"\\\n",code="fleet-full"} 1.0"#,
                r#"fedcred_lock_waits_total{profile="dev"} 1.0"#,
                r#"fedcred_lock_waits_total{profile="q\"\\\n"} 1.0"#,
                r#"fedcred_lock_wait_seconds_total{profile="dev"} 1.5"#,
                r#"fedcred_lock_wait_seconds_total{profile="q\"\\\n"} 1.5"#,
            ]
        );
    }

    #[test]
    fn a_role_is_told_only_where_it_is_asked_for_and_an_error_never() {
        for labels in [false, true] {
            let (metrics, names) = (Metrics::new(labels), ["dev".to_owned()]);
            metrics.keep(names.iter());
            note(&metrics, "dev", failed(Code::Connect), None, Some(tally()));
            let text = metrics.text().unwrap();
            let info =
                format!(r#"fedcred_profile_info{{profile="dev",role_arn="{ROLE}",account_id="112233334444"}} 1"#);
            assert_eq!((text.contains(&info), text.contains("112233334444")), (labels, labels), "{text}");
            assert!(!text.contains("idp.example.com"), "{text}");
        }
    }

    #[test]
    fn a_profile_without_an_end_or_an_outcome_has_no_expiry_and_one_that_is_not_kept_has_nothing() {
        let (metrics, names) = (Metrics::new(false), ["keys".to_owned(), "new".to_owned()]);
        metrics.keep(names.iter());
        note(&metrics, "keys", Outcome::Fresh, None, Some(Tally::default()));
        assert!(!samples(&metrics).iter().any(|line| line.contains("expiry")));
        metrics.keep(names[1..].iter());
        assert!(!metrics.text().unwrap().contains("keys"));
        metrics.keep(names.iter());
        assert!(!samples(&metrics).iter().any(|line| line.contains("success")), "it begins anew");
    }

    #[test]
    fn an_endpoint_tells_what_it_holds_and_what_it_handed_out() {
        let metrics = Metrics::new(false);
        let answers = Arc::new(Answers::new("dev".into(), || {}));
        metrics.answers(&answers);
        now();
        answers.put(&entry(60)).unwrap();
        note(&metrics, "dev", failed(Code::Connect), None, None);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(answers.take()).unwrap();
        let lines = samples(&metrics);
        assert!(lines.contains(&r#"fedcred_hits_total{profile="dev",store="memory"} 1.0"#.to_owned()), "{lines:?}");
    }
}
