//! The calls of STS: of one login, for several roles, and of roles on top of other credentials.

mod call;
mod chain;
mod roles;
