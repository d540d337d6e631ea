//! Other programs, and what this process shows of itself.

pub mod command;
