//! Checks what is stored on this machine: the cache, its key and permissions, and the keyring.

use super::report::{Fault, Report, Step, at};
use crate::acquire::storage::{self, Choice};
use crate::acquire::{fleet, status};
use crate::cache::key_place::KeyPlace;
use crate::config::cache::{CacheSettings, Store};
use crate::config::profile::Profile;
use crate::error::Code;
use crate::identity::secret_store::{self, Place};
use crate::keyring::Keyring;
use crate::process::env::Env;
use crate::time;

/// Fails on what prevents every login, whatever the profile.
pub fn check_before(settings: &CacheSettings, env: &Env) -> std::result::Result<(), Fault> {
    match status::no_cache(settings, env) {
        Some(error) if error.code == Code::InsecurePermissions => Err(at(Step::Cache)(error)),
        Some(error) if error.code == Code::KeyringLocked => Err(at(Step::Keyring)(error)),
        Some(_) | None => Ok(()),
    }
}

pub fn check(report: &mut Report, profile: &Profile, settings: &CacheSettings, env: &Env) {
    let (used, elsewhere) = match storage::choose(settings, env) {
        Ok(Choice { storage, why }) => (storage, why),
        Err(_) => (storage::configured(settings), None),
    };
    match &settings.store {
        Store::File | Store::Redis(_) => {
            if let Some(used) = &used {
                report.fact(Step::Cache, "directory", used.store.dir().display().to_string());
            }
        }
        Store::None => report.fact(Step::Cache, "store", "none"),
    }
    if let Some(why) = elsewhere.filter(|_| used.is_some()) {
        let causes: String = why.causes.iter().map(|cause| format!(": {cause}")).collect();
        let hint = crate::cli::report::hint(&why).to_owned();
        report.warn(Step::Cache, format!("it is not in the directory that is configured: {}{causes}", why.what), hint);
    }
    let key = match used.map(|used| used.key) {
        None => "nowhere: there is no home directory".to_owned(),
        Some(KeyPlace::File(path) | KeyPlace::Given(path)) => path.display().to_string(),
        Some(KeyPlace::Keyring { keyring: Keyring::System, .. }) => "the keyring".to_owned(),
        Some(KeyPlace::Keyring { keyring: Keyring::Kernel, .. }) => "the kernel's keyring".to_owned(),
    };
    report.fact(Step::Cache, "key", key);
    check_fleet(report, settings, env);
    let known = status::of_profile(profile, settings, env, time::now());
    if let Some(expires) = known.expires {
        report.fact(Step::Cache, "kept_until", time::whole_seconds(expires));
    }
    if let Some(why) = known.unkept {
        let causes: String = why.causes.iter().map(|cause| format!(": {cause}")).collect();
        let hint = crate::cli::report::hint(&why).to_owned();
        report.warn(Step::Cache, format!("{}{causes}", why.what), hint);
    }
    report.pass(Step::Cache);
    check_keyring(report, profile, settings, env);
}

/// Checks the fleet's store. A login works without it, so each problem is a warning.
fn check_fleet(report: &mut Report, settings: &CacheSettings, env: &Env) {
    let Store::Redis(redis) = &settings.store else { return };
    report.fact(Step::Cache, "fleet", redis.server.to_string());
    match fleet::probe(settings, env) {
        Ok(key) => report.fact(Step::Cache, "fleet_key", key.unwrap_or_default()),
        Err(why) => {
            let causes: String = why.causes.iter().map(|cause| format!(": {cause}")).collect();
            let hint = crate::cli::report::hint(&why).to_owned();
            report.warn(
                Step::Cache,
                format!("{}: this machine works alone: {}{causes}", why.code.as_str(), why.what),
                hint,
            );
        }
    }
}

fn check_keyring(report: &mut Report, profile: &Profile, settings: &CacheSettings, env: &Env) {
    let holds_secret = super::super::kept_secret(profile);
    let holds_key = matches!(settings.key_place(), Some(KeyPlace::Keyring { .. }));
    if holds_secret.is_none() && !holds_key {
        report.skip(Step::Keyring, "this profile stores nothing in a keyring");
        return;
    }
    if let Some((setting, account)) = &holds_secret {
        // The login has read it, so it can be read.
        let place = match secret_store::place(account, env) {
            Ok(Some(Place::Keyring)) => "in the keyring".to_owned(),
            Ok(Some(Place::File(path))) => format!("in {}", path.display()),
            Ok(None) | Err(_) => "gone".to_owned(),
        };
        report.fact(Step::Keyring, "secret", format!("`{setting}` of {}, {place}", account.in_words()));
    }
    if holds_key {
        report.fact(Step::Keyring, "key", "of the cache");
    }
    report.pass(Step::Keyring);
}
