//! The container endpoint of `serve` and `exec`, and metrics.

#[cfg(unix)]
mod endpoint;
#[cfg(unix)]
mod endpoint_limits;
#[cfg(unix)]
pub mod exec;
#[cfg(unix)]
pub mod exec_process;
#[cfg(unix)]
mod exec_programs;
#[cfg(unix)]
mod metrics;
