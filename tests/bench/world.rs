//! `bench_world COMMAND…`: runs COMMAND in a home of its own, where `fedcred get plain` and `fedcred get tls` work.
//!
//! Behind both profiles are an IdP and an STS in this process, on loopback. A login is three requests: the page with the
//! form, the form, and AssumeRoleWithSAML. COMMAND finds in its home:
//!
//! | file | |
//! |---|---|
//! | `config.toml` | both profiles; `$FEDCRED_CONFIG` names it |
//! | `many.toml` | the same, and thirty others |
//! | `authority.pem` | what the profile `tls` has to trust |
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "an example talks on stderr and reads its own files"
)]

#[allow(dead_code, reason = "the wire tests use all of it")]
#[path = "../support/mod.rs"]
mod support;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use support::assertion::{Assertion, DEV, PROVIDER};
use support::idp::{PASSWORD, Site, USER, assertion_page, login_page, password_check};
use support::server::Server;
use support::sts::Sts;
use support::tls::{Authority, LOOPBACK_NAMES};

/// Other people's profiles in `many.toml`.
const OTHERS: usize = 30;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(program) = arguments.next() else {
        eprintln!("usage: bench_world COMMAND…");
        return ExitCode::from(2);
    };
    match run(Command::new(program).args(arguments)) {
        Ok(status) => status,
        Err(error) => {
            eprintln!("bench_world: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &mut Command) -> Result<ExitCode, Box<dyn Error>> {
    let home = tempfile::tempdir()?;
    let file = |name: &str| home.path().join(name);
    let authority = Authority::new();
    let (idp, sts) = (site().start()?, Sts::start(None)?);
    let (tls_idp, tls_sts) = (site().start_tls(&authority)?, Sts::start(Some(authority.server(LOOPBACK_NAMES)))?);

    let ours = profile("plain", idp.origin(), &sts) + &profile("tls", tls_idp.origin(), &tls_sts);
    let others: String =
        (1..=OTHERS).map(|n| profile(&format!("account-{n}"), "https://idp.example.com", &sts)).collect();
    write(&file("config.toml"), &ours)?;
    write(&file("many.toml"), &(ours + &others))?;
    write(&file("password"), PASSWORD)?;
    write(&file("authority.pem"), &authority.pem())?;

    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let status = command
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", path)
        .env("FEDCRED_CONFIG", file("config.toml"))
        .status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn site() -> Site {
    let page = || login_page("");
    Site::new().get("/sso", page()).post("/sso", password_check(page(), assertion_page(Assertion::default())))
}

fn profile(name: &str, idp: &str, sts: &Sts) -> String {
    let sts = Server::origin(sts.server());
    format!(
        r#"[profile.{name}]
role_arn = "{DEV}"
region = "eu-west-1"
duration = "1h"
sts_endpoint_url = "{sts}"

[profile.{name}.saml]
principal_arn = "{PROVIDER}"
idp_url = "{idp}/sso"
auth = "form"
username = "{USER}"
password = {{ file = "password" }}

"#
    )
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    fs::write(path, text)?;
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(())
}
