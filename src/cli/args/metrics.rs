//! `--metrics` of what stays: `serve` and `refresh --loop`.

use std::net::SocketAddr;

use clap::Args;

// No doc comment: clap would make it the command's own.
#[derive(Debug, Args)]
pub struct Metrics {
    /// Show Prometheus metrics at http://ADDRESS/metrics; port 0 takes a free one
    #[arg(long = "metrics", id = "metrics", value_name = "ADDRESS")]
    pub address: Option<SocketAddr>,
    /// Tell each profile's role and account in the metrics
    #[arg(long = "metrics-labels", requires = "metrics")]
    pub labels: bool,
}
