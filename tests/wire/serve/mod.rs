//! The container endpoint of `serve` and `exec`, and metrics.

#[cfg(unix)]
mod endpoint;
#[cfg(unix)]
pub mod exec;
#[cfg(unix)]
mod exec_programs;
#[cfg(unix)]
mod metrics;
