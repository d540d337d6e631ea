//! The environment of `exec`'s command: without variables that would take precedence over its credentials or are not meant for
//! it, and with those that lead to its credentials.
//!
//! Every SDK asks for a container endpoint last but one, before the instance's metadata: keys, a profile, a web identity or
//! an older endpoint in the environment would win.

use std::ffi::{OsStr, OsString};
use std::process::Command;

use crate::credentials::{Credentials, SigningKeys};
use crate::process::env::Env;
use crate::secret::Secret;
use crate::time::whole_seconds;

/// Credentials that SDKs would use instead, or where SDKs would find such.
const CREDENTIALS: [&str; 20] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AMAZON_ACCESS_KEY_ID", // Ruby
    "AMAZON_SECRET_ACCESS_KEY",
    "AMAZON_SESSION_TOKEN",
    "AWS_CREDENTIAL_FILE", // botocore, for the tools that came before it
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
];

/// What a CI job or a service manager gives fedcred to log in with.
const IDENTITY: [&str; 11] = [
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "GITLAB_OIDC_TOKEN",
    "CI_JOB_JWT",
    "CI_JOB_JWT_V1",
    "CI_JOB_JWT_V2",
    "CIRCLE_OIDC_TOKEN",
    "CIRCLE_OIDC_TOKEN_V2",
    "TFC_WORKLOAD_IDENTITY_TOKEN",
    "BITBUCKET_STEP_OIDC_TOKEN",
    "CREDENTIALS_DIRECTORY",
];

/// Airflow's connections have passwords in their URLs.
const AIRFLOW_CONNECTION: &str = "AIRFLOW_CONN_";

/// The differences between the command's environment and this process's.
#[derive(Default)]
pub struct ChildEnvironment {
    removed: Vec<OsString>,
    set: Vec<(String, OsString)>,
}

impl ChildEnvironment {
    /// Returns this process's environment without what the command must not have. `secrets`: the variables that the
    /// configuration reads secrets from.
    pub fn scrubbed(env: &Env, secrets: &[String]) -> Self {
        let mut removed: Vec<OsString> = env.names().into_iter().filter(|name| must_not_stay(name, secrets)).collect();
        removed.sort();
        if !removed.is_empty() {
            tracing::info!("taken out of the command's environment: {}", list(&removed));
        }
        let is_nested = |name: &OsString| name.to_string_lossy().starts_with("AWS_CONTAINER_CREDENTIALS_");
        if removed.iter().any(is_nested) {
            tracing::info!("there is a container endpoint around this one already: the command gets the inner one");
        }
        ChildEnvironment { removed, set: Vec::new() }
    }

    /// Sets the profile's region in both variables: neither is read by all SDKs.
    pub fn region(&mut self, region: &str) {
        for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
            self.set.push((name.into(), region.into()));
        }
    }

    /// Sets the credentials themselves.
    pub fn credentials(&mut self, credentials: Credentials) {
        if let Some(id) = &credentials.account_id {
            self.set.push(("AWS_ACCOUNT_ID".into(), id.as_str().into()));
        }
        self.keys(&credentials.into());
    }

    /// Sets credentials of an unknown account.
    pub fn keys(&mut self, keys: &SigningKeys) {
        let expiration = keys.expiration.map(whole_seconds);
        for (name, value) in [
            ("AWS_ACCESS_KEY_ID", Some(keys.access_key_id.as_str())),
            ("AWS_SECRET_ACCESS_KEY", Some(keys.secret_access_key.expose())),
            ("AWS_SESSION_TOKEN", keys.session_token.as_ref().map(|token| token.expose())),
            ("AWS_CREDENTIAL_EXPIRATION", expiration.as_deref()),
        ] {
            self.set.extend(value.map(|value| (name.into(), value.into())));
        }
    }

    /// Sets the endpoint of the credentials, and exempts it from proxies.
    pub fn endpoint(&mut self, url: &str, token: &Secret, env: &Env) {
        self.set.push(("AWS_CONTAINER_CREDENTIALS_FULL_URI".into(), url.into()));
        self.set.push(("AWS_CONTAINER_AUTHORIZATION_TOKEN".into(), token.expose().into()));
        self.set.extend(no_proxy(env));
    }

    /// Sets variables to the files that replace the user's own.
    pub fn files(&mut self, files: impl IntoIterator<Item = (String, OsString)>) {
        self.set.extend(files);
    }

    pub fn apply(&self, command: &mut Command) {
        for name in &self.removed {
            command.env_remove(name);
        }
        command.envs(self.set.iter().map(|(name, value)| (name, value)));
    }
}

fn must_not_stay(name: &OsStr, secrets: &[String]) -> bool {
    let Some(name) = name.to_str() else { return false };
    CREDENTIALS.contains(&name)
        || IDENTITY.contains(&name)
        || name.starts_with(AIRFLOW_CONNECTION)
        || secrets.iter().any(|secret| secret == name)
}

fn list(names: &[OsString]) -> String {
    names.iter().map(|name| name.to_string_lossy()).collect::<Vec<_>>().join(", ")
}

const LOOPBACK: &str = "127.0.0.1";

/// Extends both spellings, since programs differ in which they read first.
fn no_proxy(env: &Env) -> Vec<(String, OsString)> {
    const NAMES: [&str; 2] = ["NO_PROXY", "no_proxy"];
    // If the system itself has proxy settings, programs ignore these as soon as the variable exists.
    let environment_decides = !cfg!(any(windows, target_os = "macos"));
    let proxies = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy"];
    let is_set = |name: &&str| env.os(name).is_some();
    if !environment_decides && !proxies.iter().chain(&NAMES).any(is_set) {
        return Vec::new();
    }
    let any = NAMES.iter().find_map(|name| env.text(name));
    NAMES
        .into_iter()
        .map(|name| {
            let value = match env.text(name).or_else(|| any.clone()) {
                Some(all) if all.split(',').any(|host| matches!(host.trim(), "*" | LOOPBACK)) => all,
                Some(some) => format!("{some},{LOOPBACK}"),
                None => LOOPBACK.to_owned(),
            };
            (name.into(), value.into())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_win_over_our_credentials_is_taken_out_and_nothing_else() {
        let gone = [
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_PROFILE",
            "AWS_DEFAULT_PROFILE",
            "AWS_ROLE_ARN",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
            "AIRFLOW_CONN_AWS_DEFAULT",
            "CREDENTIALS_DIRECTORY",
            "CORP_PASSWORD",
        ];
        let kept = [
            "PATH",
            "HOME",
            "AWS_REGION",
            "AWS_ENDPOINT_URL",
            "AWS_CONFIG_FILE",
            "FEDCRED_CONFIG",
            "AIRFLOW_HOME",
            // A process that waits for this one waits for the command, too.
            "FEDCRED_WAITING_PROFILES",
        ];
        let env = Env::fixed(gone.iter().chain(&kept).map(|name| (*name, "value")));
        let removed = ChildEnvironment::scrubbed(&env, &["CORP_PASSWORD".to_owned()]).removed;
        let mut expected: Vec<OsString> = gone.iter().map(OsString::from).collect();
        expected.sort();
        assert_eq!(removed, expected);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn no_proxy_gets_the_loopback_address_and_keeps_what_it_has() {
        // NO_PROXY, no_proxy, and what each becomes
        let table = [
            (None, None, "127.0.0.1", "127.0.0.1"),
            (Some("corp"), None, "corp,127.0.0.1", "corp,127.0.0.1"),
            (None, Some("corp"), "corp,127.0.0.1", "corp,127.0.0.1"),
            (Some("a"), Some("b"), "a,127.0.0.1", "b,127.0.0.1"),
            (Some("*"), None, "*", "*"),
            (Some("a, 127.0.0.1"), None, "a, 127.0.0.1", "a, 127.0.0.1"),
        ];
        for (upper, lower, expected_upper, expected_lower) in table {
            let given = [("NO_PROXY", upper), ("no_proxy", lower)];
            let env = Env::fixed(given.into_iter().filter_map(|(name, value)| Some((name, value?))));
            let expected =
                vec![("NO_PROXY".to_owned(), expected_upper.into()), ("no_proxy".to_owned(), expected_lower.into())];
            assert_eq!(no_proxy(&env), expected, "{upper:?} {lower:?}");
        }
    }
}
