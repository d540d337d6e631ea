//! A home of one's own for each test: configuration, ticket cache, credential cache and logs, and an STS for it alone.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use tempfile::TempDir;

use super::lab;
use super::leaks::Needles;
use super::outcome::Outcome;
use super::profile::Profile;
use super::sts::Sts;
use crate::entries::Kept;
use crate::installed::Installed;

pub const CONFIG: &str = ".config/fedcred/config.toml";
const FEDCRED: &str = env!("CARGO_BIN_EXE_fedcred");

/// Longer than any deadline of fedcred's: what takes longer hangs, and is killed.
const PATIENCE_SECONDS: &str = "120";

pub struct Home {
    dir: TempDir,
    /// Where secrets may lie, as a user's password file may: the leak check leaves it out.
    vault: TempDir,
    pub sts: Sts,
    krb5_config: PathBuf,
    outcomes: Mutex<Vec<Outcome>>,
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
            dir: TempDir::new().expect("a temporary directory"),
            vault: TempDir::new().expect("a temporary directory"),
            sts: Sts::new(),
            krb5_config: lab().variable("KRB5_CONFIG").into(),
            outcomes: Mutex::default(),
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
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a file has a directory")).expect("the directory can be made");
        fs::write(path, text).expect("the file can be written");
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A file with a secret, outside of what the leak check looks at; its owner's alone.
    pub fn secret_file(&mut self, secret: &str) -> PathBuf {
        let path = self.vault.path().join("secret");
        fs::write(&path, secret).expect("the file can be written");
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("the file is ours");
        self.more_secrets.push(secret.to_owned());
        path
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
    pub fn get(&self) -> Outcome {
        self.run(self.fedcred().args(["get", "lab"]))
    }

    /// fedcred, in the environment of this home and no other.
    pub fn fedcred(&self) -> Command {
        self.command(FEDCRED)
    }

    /// The same for one that runs beside the test, to be killed by it.
    pub fn fedcred_alone(&self) -> Command {
        self.in_this_home(Command::new(FEDCRED))
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
    pub fn run(&self, command: &mut Command) -> Outcome {
        let child = self.start(command);
        self.end(child)
    }

    /// Starts a program, for [`Home::end`].
    pub fn start(&self, command: &mut Command) -> Child {
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the program can be run")
    }

    /// Waits for the end of a program.
    pub fn end(&self, child: Child) -> Outcome {
        let output = child.wait_with_output().expect("the program ends");
        let text = |bytes| String::from_utf8(bytes).expect("programs print UTF-8");
        let outcome =
            Outcome { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) };
        self.note(&outcome);
        outcome
    }

    /// Has the leak check look at what a program printed that was run elsewhere.
    pub fn note(&self, outcome: &Outcome) {
        self.outcomes.lock().expect("no test panics here").push(outcome.clone());
    }

    /// How often a consumer has run fedcred.
    pub fn consumer_runs(&self) -> usize {
        fs::read_to_string(self.path("consumer-runs")).map_or(0, |runs| runs.lines().count())
    }

    /// Makes the kept credentials as old as they will be in so many minutes.
    pub fn age(&self, minutes: i64) {
        Kept::one(&files_below(self.dir.path())).age(minutes);
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

    /// A program in the environment of this home and no other.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("timeout");
        command.args(["--signal=KILL", PATIENCE_SECONDS]).arg(program);
        self.in_this_home(command)
    }

    fn in_this_home(&self, mut command: Command) -> Command {
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LANG", "C.UTF-8")
            .env("HOME", self.dir.path())
            .env("TMPDIR", self.path("tmp"))
            .env("KRB5_CONFIG", &self.krb5_config)
            .env("KRB5CCNAME", self.ticket_cache())
            .env("AWS_ENDPOINT_URL_STS", &self.sts.url)
            .env("AWS_DEFAULT_REGION", "eu-west-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_SHARED_CREDENTIALS_FILE", self.path("no-credentials"))
            .current_dir(self.dir.path());
        command
    }

    fn check_for_leaks(&self) {
        let (sent, issued) = (self.sts.proofs(), self.sts.issued());
        let sent = Needles::new(lab().passwords().chain(self.more_secrets.iter().chain(&sent).map(String::as_str)));
        let issued = Needles::new(issued.iter().map(String::as_str));
        for outcome in self.outcomes.lock().expect("no test panics here").iter() {
            // Issued credentials are what stdout is for.
            sent.absent_from("stdout", outcome.stdout.as_bytes());
            sent.absent_from("stderr", outcome.stderr.as_bytes());
            issued.absent_from("stderr", outcome.stderr.as_bytes());
        }
        for needles in [sent, issued] {
            needles.absent_below(self.dir.path(), |_| true);
            needles.absent_below(lab().dir(), |path| path.extension() == Some(OsStr::new("log")));
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

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory at home");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}
