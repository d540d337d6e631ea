//! What cli, wire and e2e share: a home of one's own ([`home`]), a run of a program and the rules for every run
//! ([`run`]), the search for leaked secrets ([`leaks`]), and the report on tests that a machine cannot run
//! ([`left_out`]).
#![allow(dead_code, reason = "none of the three needs all of it")]
#![allow(clippy::disallowed_methods, reason = "a test waits for processes and reads its own machine")]

pub mod home;
pub mod leaks;
pub mod left_out;
pub mod run;
