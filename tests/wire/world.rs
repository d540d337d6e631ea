//! A hermetic place to run the binary in: home, configuration, IdP, STS, and the leak check at its end.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::harness::home::Home;
use crate::harness::leaks::Needles;
use crate::harness::run::{Run, Running};
use crate::support::assertion::{ACCOUNT, DEV, OPENING, OPENING_BASE64, PROVIDER};
use crate::support::entries::Kept;
use crate::support::idp::{PASSWORD, Site, USER};
use crate::support::server::Server;
use crate::support::sts::Sts;
use crate::support::sts::chain::LONG_TERM_KEY;
use crate::support::token;

/// The profile that every world has.
const PROFILE: &str = "dev";

const FEDCRED: &str = env!("CARGO_BIN_EXE_fedcred");

pub struct World {
    pub idp: Server,
    pub sts: Sts,
    home: Home,
    /// Dotted key below `[profile.dev]`, and its value.
    settings: BTreeMap<String, Value>,
    /// TOML beside that profile: others, and `[cache]`.
    more: String,
    env: BTreeMap<String, String>,
    secrets: Vec<String>,
}

impl World {
    /// An IdP of these routes, at which the user logs in by form.
    pub fn form(site: Site) -> World {
        World::form_at(site.start().expect("an IdP"))
    }

    pub fn form_at(idp: Server) -> World {
        World::at(idp, "form")
            .set("saml.username", USER)
            .set("saml.password.env", "IDP_PASSWORD")
            .env("IDP_PASSWORD", PASSWORD)
    }

    /// An IdP of these routes that is sent no credentials.
    pub fn open(site: Site) -> World {
        World::at(site.start().expect("an IdP"), "none")
    }

    pub fn at(idp: Server, auth: &str) -> World {
        let idp_url = idp.url("/sso");
        World::beside(idp)
            .set("saml.principal_arn", PROVIDER)
            .set("saml.idp_url", idp_url)
            .set("saml.auth", auth)
            .set("saml.retry.backoff_factor", 0.01)
    }

    /// Without an identity yet: `idp` is whatever issues one.
    pub fn beside(idp: Server) -> World {
        let sts = Sts::start(None).expect("an STS");
        let sts_url = sts.server().origin().to_string();
        let world = World {
            idp,
            sts,
            home: Home::new(),
            settings: BTreeMap::new(),
            more: String::new(),
            env: BTreeMap::new(),
            secrets: vec![PASSWORD.to_string()],
        };
        world.set("role_arn", DEV).set("region", "eu-west-1").set("sts_endpoint_url", sts_url)
    }

    /// Another profile that stands on `below`: `lines` are keys of the profile or, dotted, of its `assume_role` table.
    pub fn role_on(mut self, below: &str, name: &str, lines: &str) -> World {
        let arn = role_named(name);
        self.sts.role(&arn, 43200);
        let sts = self.sts.server().origin();
        self.more += &format!(
            "[profile.{name}]\nrole_arn = \"{arn}\"\nregion = \"eu-west-1\"\nsts_endpoint_url = \"{sts}\"\nassume_role.source_profile = \"{below}\"\n{lines}\n"
        );
        self
    }

    /// Sets a key of the profile: `set("saml.retry.total", 0)`.
    pub fn set(mut self, key: &str, value: impl Into<Value>) -> World {
        self.settings.insert(key.to_string(), value.into());
        self
    }

    pub fn unset(mut self, key: &str) -> World {
        self.settings.remove(key);
        self
    }

    /// TOML beside the profile: others, and `[cache]`.
    pub fn also(mut self, toml: &str) -> World {
        self.more.push_str(toml);
        self.more.push('\n');
        self
    }

    /// Without what [`World::also`] added.
    #[cfg_attr(windows, allow(dead_code, reason = "for tests with shells"))]
    pub fn without_more(mut self) -> World {
        self.more.clear();
        self
    }

    pub fn env(mut self, name: &str, value: impl Into<String>) -> World {
        self.env.insert(name.to_string(), value.into());
        self
    }

    /// Trusts what `pem` signed, for the IdP.
    pub fn trusting(self, pem: &str) -> World {
        let path = self.write("idp-ca.pem", pem);
        self.set("saml.ca_bundle", path.to_str().expect("a UTF-8 path"))
    }

    /// Another STS than the plain one.
    pub fn with_sts(mut self, sts: Sts) -> World {
        let url = sts.server().origin().to_string();
        self.sts = sts;
        self.set("sts_endpoint_url", url)
    }

    /// One more text that must turn up nowhere.
    pub fn secret(mut self, text: &str) -> World {
        self.secrets.push(text.to_string());
        self
    }

    /// `fedcred get dev`, with a log file, which gets everything there is to tell.
    pub fn get(&self) -> Run {
        self.get_with(&[])
    }

    pub fn get_with(&self, flags: &[&str]) -> Run {
        self.end(self.start(flags))
    }

    /// The same for another profile.
    pub fn get_profile(&self, profile: &str, flags: &[&str]) -> Run {
        let log = self.path("fedcred.log");
        let log = ["--log-file", log.to_str().expect("a UTF-8 path")];
        self.run(&[&log, &["get", profile][..], flags].concat())
    }

    /// The same, not waited for.
    pub fn start(&self, flags: &[&str]) -> Running {
        Running::start(&mut self.get_command(flags))
    }

    /// So many of the same at once.
    pub fn crowd(&self, size: usize, flags: &[&str]) -> Vec<Running> {
        let mut command = self.get_command(flags);
        (0..size).map(|_| Running::start(&mut command)).collect()
    }

    /// Waits for the end of what was started.
    pub fn end(&self, running: Running) -> Run {
        let run = running.end();
        self.home.record(&run);
        run
    }

    /// Adds the output of a run to the search for leaks.
    pub fn record(&self, run: &Run) {
        self.home.record(run);
    }

    /// The same on a terminal, where somebody types `line` when asked. Also what stood on the terminal.
    #[cfg(target_os = "linux")]
    pub fn run_typing(&self, arguments: &[&str], line: &str) -> (Run, String) {
        use crate::terminal::{WITH_TERMINAL, type_into};
        let mut command = self.command(WITH_TERMINAL[0]);
        let ended =
            type_into(command.args(&WITH_TERMINAL[1..]).arg(env!("CARGO_BIN_EXE_fedcred")).args(arguments), line);
        let run = Run::ended(ended.status, ended.stdout, ended.stderr);
        self.home.record(&run);
        (run, ended.shown)
    }

    /// The same where there is no terminal, not even the one that the tests may have been started from.
    #[cfg(target_os = "linux")]
    pub fn run_unattended(&self, arguments: &[&str]) -> Run {
        let mut command = self.command("/usr/bin/setsid");
        let run = Run::of(command.arg("--wait").arg(env!("CARGO_BIN_EXE_fedcred")).args(arguments));
        self.home.record(&run);
        run
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        self.end(Running::start(self.command(FEDCRED).args(arguments)))
    }

    fn get_command(&self, flags: &[&str]) -> Command {
        let mut command = self.command(FEDCRED);
        command.arg("--log-file").arg(self.path("fedcred.log")).args(["get", PROFILE]).args(flags);
        command
    }

    /// A command that sees this world only. The configuration is written anew when it has changed.
    pub fn command(&self, program: &str) -> Command {
        let (config, text) = (self.path("config.toml"), self.config());
        if !fs::read_to_string(&config).is_ok_and(|written| written == text) {
            self.write("config.toml", &text);
        }
        let mut command = self.home.command(program);
        command.env("FEDCRED_CONFIG", config).envs(&self.env);
        command
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path(name)
    }

    /// A file of the user's own, for nobody else to read.
    pub fn write(&self, name: &str, content: &str) -> PathBuf {
        self.home.write(name, content)
    }

    /// A file that somebody else provides, with secrets in it.
    pub fn given(&self, name: &str, content: &str) -> PathBuf {
        self.home.given(name, content)
    }

    /// Every file at home.
    pub fn files(&self) -> Vec<PathBuf> {
        self.home.files()
    }

    /// Makes the one cached result so many minutes older.
    pub fn age(&self, minutes: i64) {
        Kept::one(&self.files()).age(minutes);
    }

    /// How many connections either server has seen.
    pub fn connections(&self) -> usize {
        self.idp.connections() + self.sts.server().connections()
    }

    fn config(&self) -> String {
        // JSON's strings, numbers, booleans and arrays are TOML's.
        let lines = self.settings.iter().map(|(key, value)| format!("{key} = {value}\n"));
        let text = format!("[profile.{PROFILE}]\n{}{}", lines.collect::<String>(), self.more);
        if cfg!(windows) { with_key_file(text) } else { text }
    }

    fn check_for_leaks(&self) {
        let mut secrets = self.secrets.clone();
        secrets.extend(self.sts.issued().into_iter().flat_map(|one| [one.secret_access_key, one.session_token]));
        secrets.extend([OPENING, OPENING_BASE64, token::OPENING, LONG_TERM_KEY.1].map(String::from));
        self.home.check_for_leaks(&Needles::new(secrets.iter().map(String::as_str)), true);
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.check_for_leaks();
        }
    }
}

/// The sealing key in a file, as it is on Linux: the Credential Manager is the user's, not this world's.
fn with_key_file(text: String) -> String {
    match (text.contains("[cache]\n"), text.contains("\nkey = ") || text.contains("cache.key")) {
        (_, true) => text,
        (true, false) => text.replacen("[cache]\n", "[cache]\nkey = \"file\"\n", 1),
        (false, false) => format!("{text}[cache]\nkey = \"file\"\n"),
    }
}

/// A role of the tests' account.
pub fn role_named(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{name}")
}
