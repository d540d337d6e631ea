//! What the tests stand on: the lab, a home of one's own for each test, and the profiles they log in with.

pub mod google;
pub mod home;
pub mod lab;
pub mod moto;
pub mod person;
pub mod profile;
pub mod remote;
pub mod sts;
pub mod tmux;

pub use google::Google;
pub use home::{CONFIG, Home};
pub use lab::lab;
pub use profile::Profile;

/// Runs one of fedcred's futures, as its miss path does.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(future)
}
