//! The notes below the arguments in each command's help, and its examples. One line is one paragraph; clap wraps it.

use crate::error::Kind;

/// Returns the notes of `fedcred --help`.
pub(super) fn root() -> String {
    let status = |kind: Kind| {
        let later = if kind == Kind::Unavailable { " (try again later)" } else { "" };
        format!("{} {}{later}", kind.status(), kind.name())
    };
    let statuses: Vec<String> = Kind::by_status().into_iter().map(status).collect();
    format!("{ROOT}\n\nExit status: 0 success, {}.", statuses.join(", "))
}

const ROOT: &str = "\
Begin with:
  fedcred setup                               asks, logs in once, and writes a profile
  aws --profile NAME sts get-caller-identity  any AWS SDK or tool uses it
  fedcred doctor NAME                         if something is wrong

Environment: FEDCRED_CONFIG, FEDCRED_PROFILE, FEDCRED_CACHE_DIR, FEDCRED_LOG, AWS_REGION, HTTPS_PROXY, NO_COLOR and others: \
fedcred help environment.";

pub(super) const GET: &str = "\
Examples:
  fedcred get analytics
  fedcred get analytics --format export
  eval \"$(fedcred get analytics --format export)\"

In ~/.aws/config:
  [profile analytics]
  credential_process = /usr/bin/fedcred get analytics";

pub(super) const EXEC: &str = "\
By default the command gets the address of a container endpoint on loopback. Every AWS SDK requests credentials \
there, and requests new ones before they expire. The endpoint ends with the command. For programs that continue \
in the background, use `fedcred serve`.

Exit status: that of the command; 125 without credentials, 126 if the command cannot be run, 127 if it is not found.

Examples:
  fedcred exec analytics -- python etl.py
  fedcred exec --env analytics -- docker run -e AWS_ACCESS_KEY_ID IMAGE";

pub(super) const SERVE: &str = "\
It prints the variables by which an AWS SDK finds the endpoint: / serves the first profile, /profile/NAME each of \
them. /healthz shows whether all profiles have valid credentials. When logins begin to fail, and when they work \
again, a line on stderr says so. For containers \
see `fedcred help containers`.

Examples:
  fedcred serve analytics
  fedcred serve analytics etl --listen 127.0.0.1:8181 --token-file ~/.fedcred-token";

/// Returns the notes of `fedcred refresh`.
pub(super) fn refresh() -> String {
    let worst: Vec<String> = Kind::ALL.iter().map(|kind| format!("{} ({})", kind.name(), kind.status())).collect();
    format!(
        "\
A profile is renewed when less time is left than `fedcred get` requires. Each machine renews up to a quarter of that time \
earlier, so that not all machines renew at once. Profiles are renewed side by side; a failure of one does not stop the others. \
The exit status is that of the worst failure, in this order: {}. Expired entries, and entries unused for 30 days, are removed.

With --loop, failed renewals are printed and retried, a changed configuration is read again, and the exit status is 0.

Examples:
  fedcred refresh --all
  fedcred refresh --all --loop",
        worst.join(", ")
    )
}

pub(super) const CACHE_KEY_NEW: &str = "\
Only you can read the file. An existing file is not overwritten. Copy the file to each machine as you copy other \
secrets (a Kubernetes secret, a systemd credential), and set its path as `key_file` in [cache], beside `store`: \
fedcred help storage.

To exchange a key, list both on all machines: key_file = [\"new.key\", \"old.key\"]. The first one seals, the others read what \
was cached before.

Examples:
  fedcred cache key new /etc/fedcred/fleet.key";

pub(super) const STATUS: &str = "\
States:
  fresh    used without a login
  due      renewed at the next use; used as it is if that fails
  expired  the next `fedcred get` logs in
  failed   no valid credentials, and the last login failed
  none     no credentials, and no earlier login is recorded

Examples:
  fedcred status
  fedcred status analytics --json";

pub(super) const LOGIN: &str = "\
Examples:
  fedcred login analytics
  fedcred login analytics --store file
  fedcred login analytics --use-stored";

pub(super) const LOGOUT: &str = "\
Examples:
  fedcred logout analytics
  fedcred logout --all";

pub(super) const SETUP: &str = "\
It opens the page, tells what kind of page it is, logs in once, and shows the roles. It shows what it is going to \
write, and asks before it writes. A copy of the previous ~/.aws/config stays beside it. --from reads the files of \
another tool and does not change them.

Examples:
  fedcred setup
  fedcred setup analytics --idp-url https://idp.example.com/sso --all-roles
  fedcred setup analytics --yes --idp-url https://idp.example.com/sso --auth spnego
  fedcred setup --from saml2aws";

pub(super) const DOCTOR: &str = "\
It logs in once, as `get` would: a secret that was refused before is not sent again. Its output contains no \
secret. Exit status: 0 if the login works, else that of the fault.

Examples:
  fedcred doctor analytics
  fedcred doctor analytics --json
  aws s3 ls 2>&1 | fedcred doctor analytics --explain -";

pub(super) const INSPECT: &str = "\
--from accepts what a browser's developer tools show: a saved page, the form data or the value of SAMLResponse, \
the XML, or a token. It contacts no server.

Examples:
  fedcred inspect analytics
  fedcred inspect --from page.html
  fedcred inspect analytics --save page.html";

pub(super) const ROLES: &str = "\
If the roles belong to several accounts, their aliases are shown, too. AWS shows them on the page where a person \
chooses a role: fedcred requests that page with the assertion, as a browser does.

Examples:
  fedcred roles analytics
  fedcred roles analytics --json";

pub(super) const TRUST_POLICY: &str = "\
A SAML profile with role_arn and principal_arn needs no login. To describe a token without a login, use --subject \
or --service-account (with --issuer if the source does not determine it); to describe the caller of a role, use \
--caller. Otherwise fedcred logs in once and reads the assertion or token, or reads it from --from.

With --check the exit status is 0 if the policy lets the identity in, or may, and 77 if it does not.

Examples:
  fedcred trust-policy analytics
  fedcred trust-policy analytics --format terraform
  fedcred trust-policy analytics --check policy.json
  fedcred trust-policy etl --service-account 'airflow/airflow-*'";

pub(super) const CONSOLE: &str = "\
For 15 minutes, anyone who has the address can sign in to the console with this role. With --open, a page on loopback \
passes it to the browser, so that it is never on a command line.

Examples:
  fedcred console analytics --open
  fedcred console analytics --service s3";

pub(super) const AIRFLOW_PUT: &str = "\
It stores the profile of --profile; without --profile, the profile with the name of the connection; if there is \
none, the connection that is found on this machine.

Examples:
  fedcred airflow put aws_default --secret-prefix airflow/connections
  fedcred airflow put aws_default --secret-prefix airflow/connections --print-policy";

pub(super) const AIRFLOW_SHOW: &str = "\
Examples:
  fedcred airflow show aws_default
  fedcred airflow show aws_default --airflow-connections connections.json";

pub(super) const AIRFLOW_IMPORT: &str = "\
Examples:
  fedcred airflow import aws_default --as analytics";

pub(super) const AIRFLOW_EXPORT: &str = "\
Examples:
  fedcred airflow uri analytics
  fedcred airflow json analytics";

pub(super) const SCHEDULE_INSTALL: &str = "\
The scheduler runs `fedcred refresh` with these profiles, as this user, and with the current values of the \
variables that affect logins (AWS_REGION, KRB5CCNAME, HTTPS_PROXY, FEDCRED_CONFIG and others). auto is a third of \
the time in which the shortest-lived credentials are due, and at most 5 minutes. A second `install` replaces the \
first.

For a profile with `password = { credential = \"NAME\" }`, systemd loads ~/.config/credstore/NAME.

Examples:
  fedcred schedule install --all
  fedcred schedule install analytics --every 10m
  fedcred schedule install --all --print --with kubernetes";

pub(super) const COMPLETIONS: &str = "\
Where the script goes:
  bash        fedcred completions bash > ~/.local/share/bash-completion/completions/fedcred
  zsh         fedcred completions zsh > ~/.zfunc/_fedcred    (fpath+=~/.zfunc before compinit)
  fish        fedcred completions fish > ~/.config/fish/completions/fedcred.fish
  PowerShell  fedcred completions powershell >> $PROFILE
  elvish      fedcred completions elvish >> ~/.config/elvish/rc.elv

The script runs fedcred, which must be in PATH, to list the possible words.";

pub(super) const CONFIG_CHECK: &str = "\
Examples:
  fedcred config check
  fedcred --config ./config.toml config check --json";

pub(super) const CONFIG_SHOW: &str = "\
Examples:
  fedcred config show analytics
  fedcred config show analytics --json";

pub(super) const HELP: &str = "\
Examples:
  fedcred help kerberos
  fedcred help settings
  fedcred help config show";

pub(super) const MAN: &str = "\
On a terminal the page is shown by man.

Examples:
  fedcred man
  fedcred man config show
  fedcred man --dir ~/.local/share/man/man1";

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory};

    /// Every command's examples, with the command.
    fn examples(command: &Command, all: &mut Vec<(String, String)>) {
        let name = command.get_display_name().unwrap_or_else(|| command.get_name()).replace('-', " ");
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let lines = help.split("Examples:\n").nth(1).unwrap_or_default().lines();
        all.extend(lines.take_while(|line| !line.is_empty()).map(|line| (name.clone(), line.trim().to_owned())));
        command.get_subcommands().for_each(|below| examples(below, all));
    }

    #[test]
    fn every_example_is_a_command_line_that_is_understood() {
        let mut root = super::super::Arguments::command();
        root.build();
        let mut all = Vec::new();
        examples(&root, &mut all);
        assert!(all.len() > 40, "{}", all.len());
        for (of, line) in all {
            let line = line.split("fedcred ").nth(1).map(|rest| format!("fedcred {}", rest.trim_end_matches(")\"")));
            let words = shlex::split(&line.unwrap()).unwrap();
            let parsed = super::super::Arguments::parse(&words.into_iter().map(Into::into).collect::<Vec<_>>(), 100);
            assert!(parsed.is_ok(), "{of}: {:?}", parsed.err());
        }
    }
}
