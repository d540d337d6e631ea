//! `--permissions`: policies for what the profile's role, or the one below it, is used for.

use serde_json::{Map, Value};

use crate::arn::{Partition, RoleArn};
use crate::cli::args::TrustPolicy;
use crate::config::airflow::backend::{Backend, Remote, Service};
use crate::config::airflow::settings::{self, Kwargs};
use crate::config::profile::{Identity, Profile};
use crate::config::written::WrittenProfile;
use crate::error::{Code, Error, Result};
use crate::process::env::Env;
use crate::region::Region;
use crate::trust::chain;
use crate::trust::permissions::{Place, mwaa_login, parameter_store, secrets_manager};

/// The policies with their names, and notes for people.
pub type Permissions = (Vec<(String, Value)>, Vec<String>);

/// Returns the policies that the arguments ask for, of a profile with this role. Errors: [`Code::BadFlag`].
pub fn of(arguments: &TrustPolicy, profile: &Profile, role: &RoleArn, env: &Env) -> Result<Permissions> {
    let region = profile.sts.region.as_ref().map_or(role.partition.default_region(), Region::as_str);
    let place = Place { partition: role.partition, region, account_id: &role.owner };
    let mut permissions = Permissions::default();
    if let Identity::AssumeRole(settings) = &profile.identity {
        permissions.0.push(("caller-assumes-role".to_owned(), chain::permission(settings, role)));
        permissions
            .1
            .push("caller-assumes-role is for the calling role or user, not for the role that it assumes".to_owned());
    }
    collect(arguments, &place, permissions, env)
}

/// Returns the policies of a profile without a role, without a login.
pub fn without_role(arguments: &TrustPolicy, profile: &WrittenProfile, env: &Env) -> Option<Result<Permissions>> {
    let (region, provider) = match profile {
        WrittenProfile::Profile(profile) if profile.role_arn.is_none() => {
            let provider = match &profile.identity {
                Identity::Saml(saml) => saml.principal_arn.as_ref(),
                Identity::WebIdentity(_) | Identity::AssumeRole(_) | Identity::Base(_) => None,
            };
            (profile.sts.region.as_ref(), provider)
        }
        WrittenProfile::Connection(_) => (None, None),
        WrittenProfile::Profile(_) | WrittenProfile::RoleOnConnection(_) => return None,
    };
    let place = Place {
        partition: provider.map_or(Partition::Aws, |provider| provider.partition),
        region: region.map_or(ANY, Region::as_str),
        account_id: provider.map_or(ANY, |provider| &provider.account_id),
    };
    let mut permissions = Permissions::default();
    permissions.1.push("the profile names no role, so there is no trust policy with them".to_owned());
    if place.account_id == ANY || place.region == ANY {
        permissions.1.push("account and region are * in them where the profile does not set them".to_owned());
    }
    Some(collect(arguments, &place, permissions, env))
}

/// Any account or region in an ARN.
const ANY: &str = "*";

fn collect(arguments: &TrustPolicy, place: &Place<'_>, permissions: Permissions, env: &Env) -> Result<Permissions> {
    let (mut policies, mut notes) = permissions;
    for remote in backends(env, &mut notes) {
        let ids = match arguments.connections.as_slice() {
            [] => remote.any_id().into_iter().collect(),
            some => some.iter().filter_map(|id| remote.id(id)).collect::<Vec<_>>(),
        };
        if ids.is_empty() {
            continue;
        }
        policies.push(match remote.service {
            Service::SecretsManager => ("airflow-connections-secrets-manager".to_owned(), secrets_manager(place, &ids)),
            Service::ParameterStore => ("airflow-connections-ssm".to_owned(), parameter_store(place, &ids)),
        });
    }
    notes.push("secrets and parameters under a KMS key of your own need kms:Decrypt on that key, too".to_owned());
    if let Some(environment) = &arguments.mwaa {
        check_environment(environment)?;
        for group in &arguments.airflow_roles {
            check_group(group)?;
            policies.push((format!("mwaa-{}", group.to_ascii_lowercase()), mwaa_login(place, environment, group)));
        }
        notes.push(
            "attach one of the mwaa- policies to each group of people; a person with two of them can \
        choose"
                .to_owned(),
        );
    }
    Ok((policies, notes))
}

/// Returns the backend that Airflow is configured with here, else both of AWS's with Airflow's defaults.
fn backends(env: &Env, notes: &mut Vec<String>) -> Vec<Remote> {
    let defaults = || {
        let classes = ["secrets_manager.SecretsManagerBackend", "systems_manager.SystemsManagerParameterStoreBackend"];
        let remote = |class: &str| match Backend::new(class, Map::new()) {
            Ok(Backend::Remote(remote)) => Some(*remote),
            Ok(Backend::LocalFilesystem { .. } | Backend::BuiltIn) | Err(_) => None,
        };
        classes.into_iter().filter_map(remote).collect::<Vec<_>>()
    };
    let set = settings::read(env).ok().flatten().and_then(|settings| {
        let mut kwargs = match &settings.kwargs {
            Kwargs::Text(text) => serde_json::from_str(text).ok()?,
            Kwargs::None => Map::new(),
            // No command is run for this, and no backend is asked.
            Kwargs::Command(_) | Kwargs::Secret(_) => return None,
        };
        kwargs.extend(settings.single.clone());
        match Backend::new(&settings.class, kwargs) {
            Ok(Backend::Remote(remote)) => Some((*remote, settings.said_in)),
            Ok(Backend::LocalFilesystem { .. } | Backend::BuiltIn) | Err(_) => None,
        }
    });
    match set {
        Some((remote, said_in)) => {
            notes.push(format!("Airflow reads its connections as set in {said_in}"));
            vec![remote]
        }
        None => {
            notes.push(
                "Airflow's secrets backend is not configured here: there is a policy for each of the two; attach \
                the one for yours"
                    .to_owned(),
            );
            defaults()
        }
    }
}

/// Whether CreateWebLoginToken takes this as a `Name`.
fn check_environment(name: &str) -> Result<()> {
    let is_fine = name.len() <= 80
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    match is_fine {
        true => Ok(()),
        false => Err(Error::new(Code::BadFlag, format!("{name:?} is not the name of an MWAA environment"))
            .hint("aws mwaa list-environments")),
    }
}

fn check_group(group: &str) -> Result<()> {
    match ["Admin", "Op", "User", "Viewer", "Public"].contains(&group) {
        true => Ok(()),
        false => {
            Err(Error::new(Code::BadFlag, format!("MWAA has no group {group:?}"))
                .hint("Admin, Op, User, Viewer or Public"))
        }
    }
}
