//! What stands below the arguments in each command's help: what is not obvious, and examples. One line is one paragraph; clap
//! wraps it.

pub(super) const ROOT: &str = "\
Begin with:
  fedcred setup                               asks, tries, and writes a profile
  aws --profile NAME sts get-caller-identity  any AWS SDK or tool uses it
  fedcred doctor NAME                         if something is wrong

Environment: FEDCRED_CONFIG, FEDCRED_PROFILE, FEDCRED_CACHE_DIR, FEDCRED_LOG, AWS_REGION, HTTPS_PROXY, NO_COLOR and others: \
fedcred help environment.

Exit status: 0 success, 2 usage, 3 login required, 65 unusable response, 70 internal, 74 storage, 75 unavailable (worth \
another try), 77 refused, 78 configuration.";

pub(super) const GET: &str = "\
Examples:
  fedcred get analytics
  fedcred get analytics --format export
  eval \"$(fedcred get analytics --format export)\"

In ~/.aws/config:
  [profile analytics]
  credential_process = /usr/bin/fedcred get analytics";

pub(super) const EXEC: &str = "\
By default the command is given the address of a container endpoint on loopback, which every AWS SDK asks for credentials, \
and asks again before they expire. The endpoint ends with the command: for programs that continue in the background use \
`fedcred serve`.

Exit status: that of the command; 125 without credentials, 126 if the command cannot be run, 127 if it is not found.

Examples:
  fedcred exec analytics -- python etl.py
  fedcred exec --env analytics -- docker run -e AWS_ACCESS_KEY_ID IMAGE";

pub(super) const SERVE: &str = "\
It prints the variables that tell an AWS SDK where to ask: / is the first profile, /profile/NAME each. /healthz tells whether \
all have valid credentials. When logins begin to fail, and when they work again, a line on stderr says so. For containers \
see `fedcred help containers`.

Examples:
  fedcred serve analytics
  fedcred serve analytics etl --listen 127.0.0.1:8181 --token-file ~/.fedcred-token";

pub(super) const REFRESH: &str = "\
A profile is renewed when less time is left than `fedcred get` wants, and up to a quarter of that earlier, which differs from \
machine to machine. Profiles are renewed side by side; a failure of one does not stop the others. The exit status is that of \
the worst failure: refused (77), login required (3), unusable response (65), storage (74), configuration (78), internal (70), \
and unavailable (75) only if nothing else failed. Expired entries, and entries unused for 30 days, are removed.

With --loop, failures are printed and tried again, a changed configuration is read again, and the exit status is 0.

Examples:
  fedcred refresh --all
  fedcred refresh --all --loop";

pub(super) const CACHE_KEY_NEW: &str = "\
The file is readable by you alone, and nothing that is there is overwritten. Give it to each machine by the way that secrets \
take there (a Kubernetes secret, a systemd credential), and name it in [cache] beside `store`: fedcred help storage.

To exchange a key, list both on all machines: key_file = [\"new.key\", \"old.key\"]. The first one seals, the others read what \
was cached before.

Examples:
  fedcred cache key new /etc/fedcred/fleet.key";

pub(super) const STATUS: &str = "\
States:
  fresh    handed out as it is
  due      handed out after an attempt to renew it
  expired  useless: the next `fedcred get` logs in
  failed   nothing usable, and the last login failed
  none     nothing, and no login is remembered

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
It opens the page, says what it looks like, logs in once, shows the roles, and writes nothing before you have seen it. The \
previous ~/.aws/config is kept beside it. --from reads the files of another tool and leaves them as they are.

Examples:
  fedcred setup
  fedcred setup analytics --idp-url https://idp.example.com/sso --all-roles
  fedcred setup analytics --yes --idp-url https://idp.example.com/sso --auth spnego
  fedcred setup --from saml2aws";

pub(super) const DOCTOR: &str = "\
It logs in once, as `get` would: a secret that was refused before is not sent again. Nothing that it prints is secret. Exit \
status: 0 if the login works, else that of the fault.

Examples:
  fedcred doctor analytics
  fedcred doctor analytics --json
  aws s3 ls 2>&1 | fedcred doctor analytics --explain -";

pub(super) const INSPECT: &str = "\
--from takes what a browser's developer tools show, and contacts no server: a saved page, the form data or the value of \
SAMLResponse, the XML, or a token.

Examples:
  fedcred inspect analytics
  fedcred inspect --from page.html
  fedcred inspect analytics --save page.html";

pub(super) const ROLES: &str = "\
Account aliases are on the page on which AWS lets a person choose a role. It is requested, with the assertion as a browser \
would send it, if the roles belong to several accounts.

Examples:
  fedcred roles analytics
  fedcred roles analytics --json";

pub(super) const TRUST_POLICY: &str = "\
Without a login: a SAML profile with role_arn and principal_arn needs none; a token is described by --subject or \
--service-account (with --issuer if the source does not tell it), a role below by --caller. Otherwise what is needed is read \
from the assertion or token of one login, or from --from.

With --check the exit status is 0 if the policy lets the identity in, or may, and 77 if it does not.

Examples:
  fedcred trust-policy analytics
  fedcred trust-policy analytics --format terraform
  fedcred trust-policy analytics --check policy.json
  fedcred trust-policy etl --service-account 'airflow/airflow-*'";

pub(super) const CONSOLE: &str = "\
The address is as good as the credentials for 15 minutes. With --open it is passed to the browser by a page on loopback, and \
never stands on a command line.

Examples:
  fedcred console analytics --open
  fedcred console analytics --service s3";

pub(super) const AIRFLOW_PUT: &str = "\
Stored is the profile of --profile, else the one named like the connection, else the connection as it is found here.

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
The scheduler runs `fedcred refresh` with these profiles, as this user, and with the present values of the variables that \
decide which credentials are meant (AWS_REGION, KRB5CCNAME, HTTPS_PROXY, FEDCRED_CONFIG and others). auto is a third of the \
time in which the shortest-lived credentials are due, and 5 minutes at most. Another `install` replaces the one before.

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

The script asks fedcred, which must be in PATH, for what can come next.";

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
