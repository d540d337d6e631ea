//! What the tests stand on: the lab, a home of one's own for each test, and the profiles they log in with.

pub mod home;
pub mod lab;
pub mod leaks;
pub mod outcome;
pub mod profile;
pub mod sts;

pub use home::Home;
pub use lab::lab;
pub use profile::Profile;
