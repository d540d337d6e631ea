//! Whose credentials a role is asked for with: the key of the profile below, or what is known of the place they come from.

use super::{Identified, Unknowable, optional, session_name};
use crate::cache::key::KeyBuilder;
use crate::cache::sealing_key::SealingKey;
use crate::config::aws_files::AwsFiles;
use crate::config::profile::{AssumeRole, Base};
use crate::error::printable;
use crate::process::env::Env;
use crate::process::whoami;

pub fn fields(
    key: KeyBuilder,
    role: &AssumeRole,
    profile: &str,
    env: &Env,
    sealing: &SealingKey,
) -> Result<KeyBuilder, Unknowable> {
    let AssumeRole { base, session_name: name, external_id, tags, transitive_tag_keys, source_identity, serial_number } =
        role;
    let key = session_name(key.field("identity", "assume role"), name, profile, env);
    let key = optional(key, "external_id", external_id.as_ref());
    let key = tags.iter().fold(key, |key, (tag, value)| key.field("tag", tag).field("its value", value));
    let key = transitive_tag_keys.iter().fold(key, |key, tag| key.field("transitive tag", tag));
    let key = optional(key, "source_identity", source_identity.as_ref());
    let key = optional(key, "serial_number", serial_number.as_ref());
    base_fields(key, base, env, sealing)
}

/// Returns who asks for the role, in words for people.
pub fn asker(base: &Base, env: &Env) -> Option<String> {
    match base {
        Base::Profile(base) => super::asker(&base.identity, env),
        Base::AwsProfile(name) => Some(printable(&format!("AWS profile {name}"), 200)),
        Base::Environment => Some("environment".to_owned()),
        Base::Instance => Some("instance".to_owned()),
        Base::Container => Some("container".to_owned()),
        Base::Keys(keys) => Some(printable(&format!("key {}", keys.access_key_id), 200)),
    }
}

/// Adds what is known of the source of the credentials.
pub fn base_fields(key: KeyBuilder, base: &Base, env: &Env, sealing: &SealingKey) -> Result<KeyBuilder, Unknowable> {
    Ok(match base {
        Base::Profile(base) => match super::of(base, env, sealing) {
            Identified { key: below, unknowable: None } => key.field("base", below.as_bytes()),
            Identified { unknowable: Some(why), .. } => return Err(why),
        },
        Base::AwsProfile(name) => {
            let key = key.field("aws_profile", name);
            AwsFiles::read(env).lines_of(name).into_iter().fold(key, |key, line| key.field("its line", line))
        }
        Base::Environment => {
            let key = key.field("credential_source", "environment");
            let key = optional(key, "AWS_ACCESS_KEY_ID", env.text("AWS_ACCESS_KEY_ID"));
            optional(key, "AWS_SESSION_TOKEN", env.text("AWS_SESSION_TOKEN").map(zeroize::Zeroizing::new).as_deref())
        }
        Base::Keys(keys) => {
            let key = key.field("access_key_id", &keys.access_key_id);
            optional(key, "session_token", keys.session_token.as_ref().map(|token| token.expose()))
        }
        // A home directory may be shared by machines that have roles of their own.
        Base::Instance => key.field("credential_source", "instance").field("machine", whoami::host(env)),
        Base::Container => [
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        ]
        .iter()
        .fold(key.field("credential_source", "container").field("machine", whoami::host(env)), |key, name| {
            optional(key, name, env.text(name))
        }),
    })
}
