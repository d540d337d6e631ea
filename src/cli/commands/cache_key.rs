//! `fedcred cache key new`: makes the sealing key that the machines of a fleet share, and says what to do with it.

use std::path::{Path, PathBuf};

use crate::cache::master_key;
use crate::cli::args::{CacheKeyNew, Global};
use crate::cli::output::{self, Text};
use crate::config::env::Env;
use crate::config::locations::Locations;
use crate::error::{Code, Error, Result};
use crate::quote::config::toml;

pub fn new(arguments: &CacheKeyNew, global: &Global, env: &Env) -> Result<()> {
    let path = match &arguments.file {
        Some(file) => absolute(file)?,
        None => Locations::of(env, global.config.as_deref())
            .config_dir
            .map(|dir| dir.join("fleet.key"))
            .ok_or_else(|| Error::new(Code::CacheWrite, "there is no home directory for a key").hint("name a file"))?,
    };
    let key = master_key::make_given(&path)?;
    let mut text = Text::of(format!("made {}; the id of the key is {}", path.display(), key.id()));
    text.line("give the file to each machine of the fleet, and write on each, in config.toml:");
    text.line("  [cache]");
    text.line("  store = \"rediss://USER@HOST:6379/0\"");
    text.line(format!("  key_file = {}", toml(&path.to_string_lossy())));
    output::write(&text)
}

/// An argument is relative to where it was typed.
fn absolute(file: &Path) -> Result<PathBuf> {
    std::path::absolute(file).map_err(|why| {
        Error::new(Code::CacheWrite, "the working directory is gone")
            .because(why.to_string())
            .hint("name an absolute path")
    })
}
