//! The version of Airflow's provider whose reading of a connection counts.

use crate::config::words::words;

/// Which of Airflow's providers for Amazon is followed where they part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compat {
    /// Every documented field works, as up to 8.29.
    #[default]
    Documented,
    /// What 9.0 dropped is dropped.
    Nine,
}

words!(Compat { Documented = "8", Nine = "9" });
