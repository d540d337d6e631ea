//! `fedcred console`: the address that signs a browser in to the AWS console.

use std::time::Duration;

use crate::acquire::{self, Ask};
use crate::cli::args::{Console, Global};
use crate::cli::output;
use crate::config::Config;
use crate::error::Result;
use crate::identity::oidc::login::opener;
use crate::process::env::Env;
use crate::process::loopback_redirect::LoopbackRedirect;
use crate::time::Deadline;

/// Time limit for the browser's request: after it, the browser was closed or never started.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn run(arguments: &Console, global: &Global, env: &Env) -> Result<()> {
    let config = Config::load(env, global.config.as_deref())?;
    let profile = super::looked_up(&config, &super::profile_name(arguments.profile.as_deref(), env), env)?;
    let ask = Ask { window: None, force: false, use_cache: true };
    let credentials = acquire::given(&profile, &config.cache()?, env, &ask, acquire::EARLY)?.into_entry().credentials;
    let url = acquire::console::url(&profile, &credentials, arguments.service.as_deref(), env)?;
    if arguments.open
        && let Some(dir) = &config.cache()?.dir
    {
        let page = LoopbackRedirect::open(dir)?;
        let is_open = page.entrance().is_some_and(|entrance| opener::open(&entrance, env));
        if is_open && page.redirect(&url, &Deadline::after(PATIENCE)) {
            return output::line("signed in, in your browser");
        }
    }
    output::exactly(&format!("{}\n", url.expose()))
}
