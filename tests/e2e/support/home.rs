//! A home of one's own for each test: configuration, ticket cache, credential cache and logs, and an STS for it alone.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::lab;
use super::profile::Profile;
use super::sts::Sts;
use crate::entries::Kept;
use crate::harness;
use crate::harness::home::files_below;
use crate::harness::leaks::Needles;
use crate::harness::run::{Run, Running};
use crate::installed::Installed;

pub const CONFIG: &str = ".config/fedcred/config.toml";
const FEDCRED: &str = env!("CARGO_BIN_EXE_fedcred");

/// Longer than any deadline of fedcred's: what takes longer hangs, and is killed.
const PATIENCE_SECONDS: &str = "120";

pub struct Home {
    home: harness::home::Home,
    pub sts: Sts,
    krb5_config: PathBuf,
    more_secrets: Vec<String>,
    /// Both programs, made when something wants them.
    installed: OnceLock<Installed>,
}

impl Home {
    /// A home with this profile, called `lab`, in its configuration.
    pub fn with(profile: &Profile) -> Home {
        Home::configured(&profile.to_toml())
    }

    /// A home with this configuration.
    pub fn configured(toml: &str) -> Home {
        let home = Home {
            home: harness::home::Home::new(),
            sts: Sts::new(),
            krb5_config: lab().variable("KRB5_CONFIG").into(),
            more_secrets: Vec::new(),
            installed: OnceLock::new(),
        };
        fs::create_dir(home.path("tmp")).expect("a new directory");
        home.write(CONFIG, toml);
        home
    }

    /// Writes the configuration anew.
    pub fn configure(&self, profile: &Profile) {
        self.write(CONFIG, &profile.to_toml());
    }

    /// The same, with lines outside of the profile.
    pub fn configure_with(&self, lines: &str, profile: &Profile) {
        self.write(CONFIG, &format!("{lines}{}", profile.to_toml()));
    }

    /// Writes a file below the home.
    pub fn write(&self, name: &str, text: &str) {
        self.home.write(name, text);
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.home.path(name)
    }

    /// A file with a secret, its owner's alone, which the leak check passes by.
    pub fn secret_file(&mut self, secret: &str) -> PathBuf {
        self.more_secrets.push(secret.to_owned());
        self.home.given("secret", secret)
    }

    /// From here on the KDC's address is one where nobody listens.
    pub fn lose_the_kdc(&mut self) {
        let config = fs::read_to_string(&self.krb5_config).expect("the lab's krb5.conf");
        let (before, after) = config.split_once("kdc = 127.0.0.1:").expect("the KDC's address");
        let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
        self.write("krb5.conf", &format!("{before}kdc = 127.0.0.1:1{after}"));
        self.krb5_config = self.path("krb5.conf");
    }

    /// Gets a ticket with the user's password.
    pub fn kinit(&self, user: &str) {
        self.kinit_for(user, "10m");
    }

    /// Gets a ticket that lives so long.
    pub fn kinit_for(&self, user: &str, lifetime: &str) {
        let mut kinit = self.command("kinit");
        kinit.args(["-l", lifetime, user]).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut kinit = kinit.spawn().expect("kinit can be run");
        let mut stdin = kinit.stdin.take().expect("stdin is piped");
        writeln!(stdin, "{}", lab().password(user)).expect("kinit reads the password");
        assert!(kinit.wait().expect("kinit ends").success());
    }

    /// Whether the ticket cache holds a ticket that is still good.
    pub fn has_ticket(&self) -> bool {
        self.command("klist").arg("-s").status().expect("klist can be run").success()
    }

    /// Where the user's tickets are.
    pub fn ticket_cache(&self) -> PathBuf {
        self.path("tickets")
    }

    /// `fedcred get lab`
    pub fn get(&self) -> Run {
        self.run(self.fedcred().args(["get", "lab"]))
    }

    /// fedcred, in the environment of this home and no other.
    pub fn fedcred(&self) -> Command {
        self.command(FEDCRED)
    }

    /// The same for one that runs beside the test, to be killed by it.
    pub fn fedcred_alone(&self) -> Command {
        self.here(FEDCRED)
    }

    /// Any program, in this environment.
    pub fn program(&self, program: impl AsRef<OsStr>) -> Command {
        self.command(program)
    }

    /// The AWS CLI, whose profile `lab` has fedcred as its credential_process.
    pub fn aws(&self) -> Command {
        self.write_aws_config();
        let mut aws = self.command(self.lab_program("aws"));
        aws.env("AWS_PROFILE", "lab");
        aws
    }

    /// A Python program of `tests/e2e/data`, in the same place as the AWS CLI.
    pub fn python(&self, program: &str) -> Command {
        self.write_aws_config();
        let mut python = self.command(self.lab_program("python"));
        python.arg(format!("{}/tests/e2e/data/{program}", env!("CARGO_MANIFEST_DIR"))).env("AWS_PROFILE", "lab");
        python
    }

    /// Runs a program to its end.
    pub fn run(&self, command: &mut Command) -> Run {
        let child = self.start(command);
        self.end(child)
    }

    /// Starts a program, for [`Home::end`].
    pub fn start(&self, command: &mut Command) -> Running {
        Running::reading(command, Stdio::null())
    }

    /// Waits for the end of a program.
    pub fn end(&self, running: Running) -> Run {
        let run = running.end();
        self.record(&run);
        run
    }

    /// Has the leak check look at what a program printed that was run elsewhere.
    pub fn record(&self, run: &Run) {
        self.home.record(run);
    }

    /// How often a consumer has run fedcred.
    pub fn consumer_runs(&self) -> usize {
        fs::read_to_string(self.path("consumer-runs")).map_or(0, |runs| runs.lines().count())
    }

    /// Makes the kept credentials as old as they will be in so many minutes.
    pub fn age(&self, minutes: i64) {
        Kept::one(&self.home.files()).age(minutes);
    }

    /// The small program, as a package installs it in front of the complete one.
    pub fn small(&self) -> PathBuf {
        self.installed.get_or_init(Installed::new).small()
    }

    /// Between a consumer and fedcred, as a package installs it, stands a script that counts.
    pub fn write_aws_config(&self) {
        let (script, runs) = (self.path("counted-fedcred"), self.path("consumer-runs"));
        let text = format!("#!/bin/sh\necho >>{}\nexec {} get lab\n", runs.display(), self.small().display());
        if !script.exists() {
            self.write("counted-fedcred", &text);
            fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o700))
                .expect("the file is ours");
        }
        self.write(".aws/config", &format!("[profile lab]\ncredential_process = {}\n", script.display()));
    }

    pub fn lab_program(&self, name: &str) -> PathBuf {
        Path::new(lab().variable("LAB_PYTHON")).with_file_name(name)
    }

    /// A program that has only the environment of this home.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.here("timeout");
        command.args(["--signal=KILL", PATIENCE_SECONDS]).arg(program);
        command
    }

    fn here(&self, program: &str) -> Command {
        let mut command = self.home.command(program);
        command
            .env("TMPDIR", self.path("tmp"))
            .env("KRB5_CONFIG", &self.krb5_config)
            .env("KRB5CCNAME", self.ticket_cache())
            .env("AWS_ENDPOINT_URL_STS", &self.sts.url)
            .env("AWS_DEFAULT_REGION", "eu-west-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_SHARED_CREDENTIALS_FILE", self.path("no-credentials"));
        command
    }

    fn check_for_leaks(&self) {
        let (sent, issued) = (self.sts.proofs(), self.sts.issued());
        let sent = Needles::new(lab().passwords().chain(self.more_secrets.iter().chain(&sent).map(String::as_str)));
        let issued = Needles::new(issued.iter().map(String::as_str));
        let logs = files_below(lab().dir());
        for (needles, may_be_printed) in [(sent, false), (issued, true)] {
            self.home.check_for_leaks(&needles, may_be_printed);
            needles.absent_from_files(logs.iter().filter(|path| path.extension() == Some(OsStr::new("log"))));
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.check_for_leaks();
        }
    }
}
