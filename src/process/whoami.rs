//! The names of the user and of the machine, for the name of a session.

use crate::process::env::Env;

/// Returns `USER`, `LOGNAME` or `USERNAME`, else the user id, since a container often has no name.
pub fn user(env: &Env) -> String {
    ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| env.text(name)).unwrap_or_else(nameless)
}

#[cfg(unix)]
fn nameless() -> String {
    format!("uid-{}", rustix::process::geteuid().as_raw())
}

#[cfg(not(unix))]
fn nameless() -> String {
    "unknown".to_owned()
}

/// Returns the machine's name without its domain.
#[cfg(unix)]
pub fn host(_env: &Env) -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// Returns the machine's name.
#[cfg(not(unix))]
pub fn host(env: &Env) -> String {
    env.text("COMPUTERNAME").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_without_a_name_has_a_number() {
        assert_eq!(user(&Env::fixed([("LOGNAME", "alice")])), "alice");
        assert!(!user(&Env::fixed::<&str, &str>([])).is_empty());
        assert!(!host(&Env::process()).contains('.'));
    }
}
