//! How requests travel: TLS, proxies, encodings, retries.

mod answers;
mod proxy;
mod retry;
mod tls;
