//! HTTP and TLS: the only room, beside the SDK's own in `sts`, that names the crates behind them.

pub mod fault;
pub mod loopback;
pub mod sdk;
pub mod tls;
mod verifier;
