//! `fedcred cache`: `key new` makes the sealing key that the machines of a fleet share, and says what to do with it; `password`
//! stores the password of their Redis.

use std::path::{Path, PathBuf};

use super::login::{keep, kept_where};
use crate::cache::key_place;
use crate::cli::args::{CacheKeyNew, CachePassword, Global};
use crate::cli::output::{self, Text};
use crate::cli::prompt;
use crate::config::Config;
use crate::config::cache::Store;
use crate::config::locations::Locations;
use crate::config::profile::SecretSource;
use crate::error::{Code, Error, Result};
use crate::process::env::Env;
use crate::quote::config::toml;

pub fn new_key(arguments: &CacheKeyNew, global: &Global, env: &Env) -> Result<()> {
    let path = match &arguments.file {
        Some(file) => absolute(file)?,
        None => Locations::of(env, global.config.as_deref()).config_dir.map(|dir| dir.join("fleet.key")).ok_or_else(
            || {
                Error::new(
                    Code::CacheWrite,
                    "there is no home directory to store a key \
            in",
                )
                .hint("name a file")
            },
        )?,
    };
    let key = key_place::make_given(&path)?;
    let mut text = Text::of(format!("created {}; the key's id is {}", path.display(), key.id()));
    text.line("copy the file to each machine of the fleet, and add to config.toml on each:");
    text.line("  [cache]");
    text.line("  store = \"rediss://USER@HOST:6379/0\"");
    text.line(format!("  key_file = {}", toml(&path.to_string_lossy())));
    output::write(&text)
}

/// Asks for the password and stores it. `doctor` tries it.
pub fn password(arguments: &CachePassword, global: &Global, env: &Env) -> Result<()> {
    let settings = Config::load(env, global.config.as_deref())?.cache()?;
    let account = match &settings.store {
        Store::Redis(redis) => match &redis.password {
            Some(SecretSource::Keyring(account)) => Ok(account),
            _ => Err("`store_password` in [cache] is not { keyring = true }"),
        },
        Store::File | Store::None => Err("`store` in [cache] is not a URL"),
    };
    let account = account.map_err(|why| {
        Error::new(Code::ConflictingKeys, "there is no password to store").because(why).hint("fedcred help storage")
    })?;
    let question = format!("{}\nPassword: ", account.in_words());
    let secret = prompt::secret(&question).map_err(|error| error.hint("run it in a terminal"))?;
    output::write(&kept_where(&keep(arguments.store, account, &secret, env)?))
}

/// Makes an argument's path absolute by the working directory.
fn absolute(file: &Path) -> Result<PathBuf> {
    std::path::absolute(file).map_err(|why| {
        Error::new(Code::CacheWrite, "the working directory is gone")
            .because(why.to_string())
            .hint("name an absolute path")
    })
}
