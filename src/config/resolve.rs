//! Makes a [`WrittenProfile`] of `[profile.NAME]` and the environment.

use std::path::PathBuf;

use super::airflow::source::AirflowSource;
use super::bases::Bases;
use super::found::Found;
use super::origin::Origin;
use super::profile::{AssumeRole, Identity, Profile, ProfileName, Session, StsHttp, StsTarget};
use super::reader::Section;
use super::sts_home::Home;
use super::written::{ConnectionProfile, WrittenBase, WrittenProfile};
use super::{assume_role, refuse, saml, session_policy, setting, urls, values, web_identity};
use crate::address::StsEndpoint;
use crate::arn::{RoleArn, check_policy_arn};
use crate::error::{Code, Error, Result, printable};
use crate::file::{self, kind};
use crate::process::env::Env;
use crate::quote::shell::{command, export};
use crate::region::Region;

/// The keys of the sources of identity.
const IDENTITIES: [&str; 4] = ["saml", "web_identity", "assume_role", "airflow_conn"];

/// Reads the profile with the layers of `top`; without layers, that of the environment. Faults go into the section's
/// log; the result is then `None` or is not used.
pub fn profile<'c>(top: &Section<'_, 'c>, env: &Env, bases: &Bases<'_, 'c>) -> Option<WrittenProfile> {
    let sts = sts(top, env);
    let home = Home::of(sts.endpoint_url.as_deref());
    let role_arn = if top.is_empty() {
        role_of_env(top, env, home)
    } else {
        top.read("role_arn", |f| values::arn(f, |text| home.role(text)))
    };
    if let (None, Some(role)) = (&sts.region, &role_arn) {
        top.log().otherwise("", "region", || role.partition.default_region().to_owned());
    }
    let session = Session {
        duration: top.get("duration"),
        policy: top.read("policy", policy),
        policy_arns: top.value_by("policy_arns", |f| values::list(f, policy_arn)).unwrap_or_default(),
    };
    if home == Home::Aws {
        session_policy::check(top, role_arn.as_ref(), &session);
    }
    let deadline = top.value("deadline");
    let identity = if top.is_empty() {
        web_identity::of_environment(top.log(), env)
            .map(|identity| Written::Identity(Identity::WebIdentity(Box::new(identity))))
    } else {
        identity(top, env, bases)
    };
    let needs_role = match &identity {
        // MinIO takes the policy from the token's claims, without a role.
        Some(Written::Identity(Identity::WebIdentity(_))) => home == Home::Aws,
        Some(Written::Identity(Identity::AssumeRole(_)) | Written::RoleOnConnection(_)) => true,
        Some(Written::Identity(Identity::Saml(_) | Identity::Base(_)) | Written::Connection(_)) | None => false,
    };
    if needs_role && top.find("role_arn").is_none() && !top.is_empty() {
        top.log().error(top.missing("role_arn"));
    }
    if let Some(Written::Connection(_)) = identity {
        refuse::beside_airflow_conn(top);
    }
    top.finish();
    let name = top.log().keep(ProfileName::parse(bases.name()));
    let (name, identity, deadline) = (name?, identity?, deadline?);
    Some(match identity {
        Written::Identity(identity) => {
            WrittenProfile::Profile(Box::new(Profile { name, role_arn, sts, session, deadline, identity }))
        }
        Written::RoleOnConnection(identity) => {
            let identity = *identity;
            WrittenProfile::RoleOnConnection(Box::new(Profile { name, role_arn, sts, session, deadline, identity }))
        }
        Written::Connection(source) => {
            WrittenProfile::Connection(Box::new(ConnectionProfile { name, deadline, source: *source }))
        }
    })
}

/// The value of one of [`IDENTITIES`].
enum Written {
    Identity(Identity),
    RoleOnConnection(Box<AssumeRole<WrittenProfile>>),
    Connection(Box<AirflowSource>),
}

impl From<AssumeRole<WrittenBase>> for Written {
    fn from(role: AssumeRole<WrittenBase>) -> Self {
        let (role, base) = role.put_on(());
        match base {
            WrittenBase::Base(base) => Written::Identity(Identity::AssumeRole(Box::new(role.put_on(base).0))),
            WrittenBase::Connection(base) => Written::RoleOnConnection(Box::new(role.put_on(base).0)),
        }
    }
}

fn role_of_env(top: &Section<'_, '_>, env: &Env, home: Home) -> Option<RoleArn> {
    let role = home.role(&env.text("AWS_ROLE_ARN")?).map_err(|why| why.hint("correct AWS_ROLE_ARN"));
    top.log().keep(role).inspect(|role| of_env(top, "role_arn", "AWS_ROLE_ARN", role))
}

/// Records that the variable decides the key.
fn of_env<T: setting::Written>(top: &Section<'_, '_>, key: &'static str, variable: &'static str, value: &T) {
    top.log().record("", key, Origin::Env(variable), || Some(value.shown()));
}

fn policy_arn(found: &Found<'_>) -> Result<String> {
    values::arn(found, |text| check_policy_arn(text).map(|()| text.to_owned()))
}

fn identity<'c>(top: &Section<'_, 'c>, env: &Env, bases: &Bases<'_, 'c>) -> Option<Written> {
    let written: Vec<Found<'_>> = IDENTITIES.iter().filter_map(|key| top.find(key)).collect();
    match written.as_slice() {
        [] => {
            top.log().error(top.missing("saml"));
            None
        }
        [found] => {
            let otherwise = format!("the profile has `{}` ({})", found.key, found.place);
            top.check_with(found.key, |key| format!("`{key}`"), Code::ConflictingKeys, &otherwise);
            if found.key == "airflow_conn" {
                return AirflowSource::read(top, bases.airflow(top.log()), bases.locations())
                    .map(|source| Written::Connection(Box::new(source)));
            }
            let table = top.table(found.key);
            match found.key {
                // It is not a table, which was reported.
                _ if table.is_empty() => None,
                "saml" => {
                    let saml = saml::read(&table, bases.name(), env)?;
                    Some(Written::Identity(Identity::Saml(Box::new(saml))))
                }
                "web_identity" => {
                    let identity = web_identity::read(&table, env)?;
                    Some(Written::Identity(Identity::WebIdentity(Box::new(identity))))
                }
                _ => assume_role::read(&table, bases).map(Written::from),
            }
        }
        [first, second, ..] => {
            let said = format!("is a second source of identity, beside `{}` ({})", first.key, first.place);
            top.log()
                .error(second.error(Code::ConflictingKeys, said).hint("keep one of them; a profile has exactly one"));
            None
        }
    }
}

fn sts(top: &Section<'_, '_>, env: &Env) -> StsTarget {
    StsTarget {
        region: region(top, env),
        endpoint_url: endpoint(top, env),
        use_fips: switch(top, env, "use_fips_endpoint", "AWS_USE_FIPS_ENDPOINT"),
        use_dualstack: switch(top, env, "use_dualstack_endpoint", "AWS_USE_DUALSTACK_ENDPOINT"),
        ca_bundle: ca_bundle(top, env),
        http: StsHttp::default(),
    }
}

fn ca_bundle(top: &Section<'_, '_>, env: &Env) -> Option<PathBuf> {
    top.log().ask("", "aws_ca_bundle");
    env.path("AWS_CA_BUNDLE").inspect(|path| of_env(top, "aws_ca_bundle", "AWS_CA_BUNDLE", path))
}

fn region(top: &Section<'_, '_>, env: &Env) -> Option<Region> {
    let written = top.get("region");
    for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
        let Some(text) = env.text(name) else { continue };
        match Region::parse(&text) {
            Ok(region) => {
                of_env(top, "region", name, &region);
                return Some(region);
            }
            Err(why) => {
                let what = format!("${name} must be a region such as \"eu-west-1\", not {:?}", printable(&text, 60));

                let hint = why.meant.map_or_else(|| command(["unset", name]), |meant| export(name, meant));
                top.log().error(Error::new(Code::InvalidValue, what).hint(hint));
            }
        }
    }
    written
}

/// Returns the endpoint, in the order of the AWS SDKs: the service's variable, the service's key, the variable for all
/// services.
fn endpoint(top: &Section<'_, '_>, env: &Env) -> Option<StsEndpoint> {
    let ignored = env.is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    let written = top.find("sts_endpoint_url").is_some();
    let configured = top.get("sts_endpoint_url");
    let from_env = |name: &'static str| {
        let text = env.text(name).filter(|_| !ignored)?;
        let url = top.log().keep(urls::sts_endpoint_of_env(name, &text));
        Some(url.inspect(|url| of_env(top, "sts_endpoint_url", name, url)))
    };
    match from_env("AWS_ENDPOINT_URL_STS") {
        Some(url) => url,
        None if written => configured,
        None => from_env("AWS_ENDPOINT_URL").flatten(),
    }
}

fn switch(top: &Section<'_, '_>, env: &Env, key: &'static str, variable: &'static str) -> bool {
    let written = top.value(key).unwrap_or(false);
    if env.os(variable).is_none() {
        return written;
    }
    let is_set = env.is_true(variable);
    of_env(top, key, variable, &is_set);
    is_set
}

/// Reads a policy: JSON if it begins with a brace, else the path of a file. Returns the content, because a changed
/// policy gives another result.
fn policy(found: &Found<'_>) -> Result<String> {
    let text = values::written(found, "a policy in JSON, or the path of a file")?;
    let policy = if text.trim_start().starts_with('{') {
        text.to_owned()
    } else {
        let path = values::path(found)?;
        file::text(&path, &kind::POLICY).map_err(|fault| match fault.is_absent() {
            true => found
                .error(Code::FileUnreadable, "names a file that is not there")
                .because(format!("no file {}", path.display())),
            false => fault.error(Code::ConfigUnreadable),
        })?
    };
    match serde_json::from_str::<serde::de::IgnoredAny>(&policy) {
        Ok(_) if policy.trim_start().starts_with('{') => Ok(policy),
        Ok(_) => Err(found.error(Code::InvalidValue, "is not a JSON object")),
        Err(why) => Err(found.error(Code::InvalidValue, "is not JSON").because(why.to_string())),
    }
}
