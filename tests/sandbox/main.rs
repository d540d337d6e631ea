//! `cargo run --example sandbox`: fedcred at work, with an identity provider and an STS that live in this process.
//!
//! Everything is on loopback and in one temporary directory. With `-- --keep` the two servers go on until Ctrl-C, for
//! an AWS CLI or SDK of your own. Nothing is written outside of `target/` and that directory.
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "an example talks on stdout and reads its own files"
)]

#[allow(dead_code, reason = "the wire tests use all of it")]
#[path = "../support/mod.rs"]
mod support;

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use fedcred::process::env::Env;
use support::assertion::{Assertion, DEV, PROVIDER};
use support::idp::{PASSWORD, Site, USER};
use support::server::Server;
use support::sts::Sts;
use tempfile::TempDir;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let keep = match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => false,
        [flag] if flag == "--keep" => true,
        _ => {
            eprintln!("usage: cargo run --example sandbox [-- --keep]");
            return ExitCode::from(2);
        }
    };
    match run(keep) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(keep: bool) -> Result<()> {
    println!("Building fedcred; what is built already is used again:");
    let fedcred = build_fedcred()?;
    let idp = Site::with_login(Assertion::default()).start()?;
    let sts = Sts::start(None)?;
    let home = Home::write(&idp, &sts, &fedcred)?;

    println!("\nAn identity provider and an STS now run in this process, on loopback only:");
    println!("  IdP  {}   SAML, with a login form for the user {USER}", idp.url("/sso"));
    println!("  STS  {}       trusts that IdP for the role {DEV}", sts.server().origin());
    println!("\nThe profile `sandbox` in {}:", home.config.display());
    for line in profile(&idp, &sts).lines() {
        println!("  {line}");
    }

    println!("\n$ fedcred get sandbox");
    println!("{}", get(&fedcred, &home)?);
    println!("What happened, as the two servers saw it:");
    println!("  IdP: {}", idp.lines().join(", "));
    println!("  STS: AssumeRoleWithSAML, {} time(s)", sts.calls().len());
    let before = idp.connections() + sts.server().connections();
    get(&fedcred, &home)?;
    let after = idp.connections() + sts.server().connections();
    println!("  A second `fedcred get sandbox` was answered from the cache: {} connections.", after - before);

    println!("\nFor AWS SDKs and the AWS CLI it is one setting, in ~/.aws/config:");
    for line in aws_profile(&fedcred, &home).lines() {
        println!("  {line}");
    }
    if !keep {
        println!("\nAll of it ends here. `cargo run --example sandbox -- --keep` lets it run for your own AWS CLI.");
        return Ok(());
    }
    println!("\nThat setting is also in {}. In another terminal:", home.aws_config.display());
    println!("  export AWS_CONFIG_FILE={}", home.aws_config.display());
    println!("  aws --profile sandbox --endpoint-url {} sts get-caller-identity", sts.server().origin());
    println!("This STS looks up the key and the token it gave out; unlike AWS's it verifies no signature.");
    println!("Ctrl-C ends it and removes {}.", home.directory.path().display());
    wait_for_the_end()
}

/// The throw-away configuration, and AWS's beside it.
struct Home {
    directory: TempDir,
    config: PathBuf,
    aws_config: PathBuf,
}

impl Home {
    fn write(idp: &Server, sts: &Sts, fedcred: &Path) -> Result<Home> {
        let directory = private_directory()?;
        let file = |name: &str| directory.path().join(name);
        let home = Home { config: file("config.toml"), aws_config: file("aws-config"), directory };
        fs::write(&home.config, format!("{}[cache]\ndir = \"cache\"\n", profile(idp, sts)))?;
        write_secret(&home.directory.path().join("password"), PASSWORD)?;
        fs::write(&home.aws_config, aws_profile(fedcred, &home))?;
        Ok(home)
    }
}

fn private_directory() -> Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("fedcred-sandbox-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    Ok(builder.tempdir()?)
}

/// fedcred reads a secret only from a file that is closed to others.
fn write_secret(path: &Path, secret: &str) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    Ok(options.open(path)?.write_all(secret.as_bytes())?)
}

fn profile(idp: &Server, sts: &Sts) -> String {
    format!(
        r#"[profile.sandbox]
role_arn = "{DEV}"
region = "eu-west-1"
sts_endpoint_url = "{}"
[profile.sandbox.saml]
principal_arn = "{PROVIDER}"
idp_url = "{}"
auth = "form"
username = "{USER}"
password = {{ file = "password" }}
"#,
        sts.server().origin(),
        idp.url("/sso")
    )
}

fn aws_profile(fedcred: &Path, home: &Home) -> String {
    let (fedcred, config) = (quoted(fedcred), quoted(&home.config));
    // What fedcred keeps beside its cache, such as the sealing key, goes into the sandbox and not into this user's home.
    let home = quoted(home.directory.path());
    let command = format!("/usr/bin/env HOME={home} XDG_CONFIG_HOME= {fedcred} --config {config} get sandbox");
    format!("[profile sandbox]\nregion = eu-west-1\ncredential_process = {command}\n")
}

/// A path as SDKs split a command line.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    if text.contains(char::is_whitespace) { format!("\"{text}\"") } else { text }
}

fn get(fedcred: &Path, home: &Home) -> Result<String> {
    let mut command = Command::new(fedcred);
    for variable in ["FEDCRED_CACHE_DIR", "FEDCRED_LOG", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"] {
        command.env_remove(variable); // a sandbox shows what its own configuration does
    }
    command.env("HOME", home.directory.path()).env_remove("XDG_CONFIG_HOME").env_remove("XDG_CACHE_HOME");
    let output = command.arg("--config").arg(&home.config).args(["get", "sandbox"]).output()?;
    if !output.status.success() {
        return Err(format!("`fedcred get sandbox` failed\n{}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// Cargo builds no binary for an example, so the example asks for it. Asking for the example as well gives the binary
/// the very dependencies that are built already; alone it would have them built again, without the tests' features.
fn build_fedcred() -> Result<PathBuf> {
    let this = std::env::current_exe()?;
    let profile = this.parent().and_then(Path::parent).ok_or("run me with cargo")?;
    let target = profile.parent().ok_or("run me with cargo")?;
    let name = match profile.file_name().and_then(|name| name.to_str()) {
        None | Some("debug") => "dev",
        Some(name) => name,
    };
    let cargo = Env::process().os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    for name in variables_of_cargo() {
        build.env_remove(name);
    }
    let status = build
        .args(["build", "--locked", "--bin", "fedcred", "--example", "sandbox", "--profile", name])
        .arg("--manifest-path")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .arg("--target-dir")
        .arg(target)
        .status()?;
    let fedcred = profile.join(format!("fedcred{}", std::env::consts::EXE_SUFFIX));
    if status.success() && fedcred.exists() {
        Ok(fedcred)
    } else {
        Err("the binary `fedcred` could not be built; `cargo build --bin fedcred` tells why".into())
    }
}

/// What `cargo run` set for this program. A build script that reads one of them would be run again, and all that needs it
/// built anew.
fn variables_of_cargo() -> Vec<std::ffi::OsString> {
    let is_set_by_cargo = |name: &str| {
        let prefixes = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
        prefixes.iter().any(|prefix| name.starts_with(prefix)) || matches!(name, "CARGO" | "OUT_DIR")
    };
    std::env::vars_os().map(|(name, _)| name).filter(|name| name.to_str().is_some_and(is_set_by_cargo)).collect()
}

/// Until Ctrl-C, SIGTERM or SIGHUP; the temporary directory goes with the caller's `Home`.
fn wait_for_the_end() -> Result<()> {
    let (sender, end) = std::sync::mpsc::channel();
    ctrlc::set_handler(move || sender.send(()).unwrap_or_default())?;
    Ok(end.recv()?)
}
