//! The metrics, one a row: its name, and its values for a profile.

use prometheus_client::metrics::MetricType;

use super::Measured;
use crate::time::Timestamp;

/// A value, with its labels besides `profile`.
type Sample = (Vec<(&'static str, String)>, f64);

/// A metric.
pub struct Family {
    /// `_total` is added to a counter's name when it is written.
    pub name: &'static str,
    pub help: &'static str,
    pub kind: MetricType,
    pub samples: fn(&Measured, Timestamp) -> Vec<Sample>,
}

const fn family(
    name: &'static str,
    kind: MetricType,
    help: &'static str,
    samples: fn(&Measured, Timestamp) -> Vec<Sample>,
) -> Family {
    Family { name, help, kind, samples }
}

pub const FAMILIES: [Family; 9] = [
    family(
        "fedcred_credentials_expiry_seconds",
        MetricType::Gauge,
        "Seconds until the credentials expire; 0 if there are no valid ones",
        |m, now| m.seconds_left(now).map(plain).into_iter().collect(),
    ),
    family(
        "fedcred_last_success_age_seconds",
        MetricType::Gauge,
        "Seconds since the credentials were last renewed or found fresh",
        |m, now| m.success.map(|at| plain(now.duration_since(at).as_secs_f64().max(0.0))).into_iter().collect(),
    ),
    family("fedcred_failures", MetricType::Counter, "Failed renewals, by error code", |m, _| {
        m.failures.iter().map(|(code, count)| (vec![("code", (*code).to_owned())], count_of(*count))).collect()
    }),
    family("fedcred_logins", MetricType::Counter, "Logins at the identity provider", |m, _| {
        vec![plain(count_of(m.logins))]
    }),
    family("fedcred_sts_calls", MetricType::Counter, "Requests for credentials to STS", |m, _| {
        vec![plain(count_of(m.sts_calls))]
    }),
    family(
        "fedcred_hits",
        MetricType::Counter,
        "Credentials taken from a store without a login: the endpoint's memory, the cache's files, the fleet's Redis",
        |m, _| {
            let of = |store: &str, count| (vec![("store", store.to_owned())], count_of(count));
            let memory = m.answers.as_ref().map(|answers| of("memory", answers.handed_out()));
            memory.into_iter().chain([of("file", m.file_hits), of("redis", m.redis_hits)]).collect()
        },
    ),
    family(
        "fedcred_store_faults",
        MetricType::Counter,
        "Renewals for which the fleet's Redis could not be used, by error code",
        |m, _| m.alone.iter().map(|(code, count)| (vec![("code", code.clone())], count_of(*count))).collect(),
    ),
    family("fedcred_lock_waits", MetricType::Counter, "Waits for the login of another process or machine", |m, _| {
        vec![plain(count_of(m.lock_waits))]
    }),
    family(
        "fedcred_lock_wait_seconds",
        MetricType::Counter,
        "Seconds spent waiting for the login of another process or machine",
        |m, _| vec![plain(m.lock_waited.as_secs_f64())],
    ),
];

pub const INFO: Family = family("fedcred_profile_info", MetricType::Gauge, "Role and account of a profile", |m, _| {
    m.info().map(|labels| (labels.to_vec(), 1.0)).into_iter().collect()
});

fn plain(value: f64) -> Sample {
    (Vec::new(), value)
}

/// Exact up to 2^53.
#[allow(clippy::cast_precision_loss, reason = "samples of Prometheus are floating-point numbers")]
fn count_of(count: u64) -> f64 {
    count as f64
}
