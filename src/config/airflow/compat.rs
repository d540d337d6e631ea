//! The version of Airflow's provider whose reading of a connection counts.

use crate::config::words::words;

/// The version of Airflow's Amazon provider whose behaviour is followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compat {
    /// Every documented field works, as up to 8.29.
    #[default]
    Documented,
    /// Fields that 9.0 ignores are ignored.
    Nine,
}

words!(Compat { Documented = "8", Nine = "9" });
