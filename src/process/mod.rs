//! Other programs, and what this process shows of itself.

pub mod callers;
pub mod command;
pub mod whoami;
