//! `fedcred help TOPIC`: short pages for people, kept beside this file; README shows the same texts.

use crate::cli::report;
use crate::error::{Code, Kind};

/// A page: its name, one line on it, its text.
pub struct Topic {
    pub name: &'static str,
    pub title: &'static str,
    text: &'static str,
}

pub const EXIT_STATUS: &str = include_str!("topics/exit-status.txt");
pub const ENVIRONMENT: &str = include_str!("topics/environment.txt");
pub const FILES: &str = include_str!("topics/files.txt");

/// All of them, in the order of a reader's questions.
pub fn all() -> [Topic; 13] {
    let topic = |name, title, text| Topic { name, title, text };
    [
        topic("kerberos", "SAML with Kerberos", include_str!("topics/kerberos.md")),
        topic("form", "SAML with a login form", include_str!("topics/form.md")),
        topic("eks", "EKS", include_str!("topics/eks.md")),
        topic("google", "GKE and Google", include_str!("topics/google.md")),
        topic("github", "GitHub Actions", include_str!("topics/github.md")),
        topic("mwaa", "Airflow and MWAA", include_str!("topics/mwaa.md")),
        topic("fleet", "A fleet of machines", include_str!("topics/fleet.md")),
        topic("containers", "Containers and other network namespaces", include_str!("topics/containers.md")),
        topic("compatibility", "Clients that were tried, and how", include_str!("topics/compatibility.md")),
        topic("errors", "Error codes, their causes and what to do", ""),
        topic("storage", "What is stored where, and who can read it", include_str!("topics/storage.md")),
        topic("security", "What is protected, against whom, and what is not", include_str!("topics/security.md")),
        topic("environment", "Environment variables", ENVIRONMENT),
    ]
}

/// The topic of this name.
pub fn find(name: &str) -> Option<Topic> {
    all().into_iter().find(|topic| topic.name == name)
}

impl Topic {
    pub fn text(&self) -> String {
        if self.name == "errors" { errors() } else { self.text.to_owned() }
    }
}

const KINDS: [(Kind, &str); 8] = [
    (Kind::Usage, "usage"),
    (Kind::LoginRequired, "login required"),
    (Kind::Unusable, "unusable response"),
    (Kind::Internal, "internal"),
    (Kind::Storage, "storage"),
    (Kind::Unavailable, "unavailable"),
    (Kind::Refused, "refused"),
    (Kind::Configuration, "configuration"),
];

fn codes_of(kind: Kind) -> impl Iterator<Item = Code> {
    Code::ALL.iter().copied().filter(move |code| code.kind() == kind)
}

/// All codes, for a terminal.
fn errors() -> String {
    let mut text = String::new();
    for (kind, name) in KINDS {
        text.push_str(&format!("exit status {}: {name}\n", report::status(kind)));
        for code in codes_of(kind) {
            let hint = report::usual_hint(code);
            text.push_str(&format!("  {}\n      {}\n      hint: {hint}\n", code.as_str(), code.meaning()));
        }
    }
    text
}

/// All codes, as README shows them.
pub fn errors_table() -> String {
    let mut text = String::from("| status | code | cause | what to do |\n|---|---|---|---|\n");
    for (kind, name) in KINDS {
        for code in codes_of(kind) {
            let (status, hint) = (report::status(kind), report::usual_hint(code).replace('|', "\\|"));
            let cause = code.meaning().replace('|', "\\|");
            text.push_str(&format!("| {status} {name} | `{}` | {cause} | {hint} |\n", code.as_str()));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_in_the_table_with_its_cause_and_what_to_do() {
        let table = errors_table();
        for code in Code::ALL {
            let line = table.lines().find(|line| line.contains(&format!("`{}`", code.as_str())));
            let line = line.unwrap_or_else(|| panic!("{} is missing", code.as_str()));
            let cells: Vec<&str> = line.split(" | ").collect();
            assert!(
                cells.len() == 4 && cells[2].len() > 10 && cells[3].len() > 4 && errors().contains(cells[2]),
                "{line}"
            );
        }
    }

    /// The lines of each indented block.
    fn blocks(text: &str) -> Vec<Vec<&str>> {
        let mut blocks = vec![Vec::new()];
        for line in text.lines() {
            match line.strip_prefix("    ") {
                Some(line) => blocks.last_mut().unwrap().push(line),
                None if line.is_empty() => blocks.last_mut().unwrap().push(line),
                None => blocks.push(Vec::new()),
            }
        }
        blocks
    }

    #[test]
    fn the_commands_on_the_pages_are_commands() {
        let mut tried = 0;
        for topic in all() {
            let text = topic.text();
            for line in text.lines().filter_map(|line| line.trim_start().strip_prefix("$ fedcred ")) {
                let words = line.split('#').next().unwrap_or_default().split_whitespace();
                let arguments: Vec<_> = std::iter::once("fedcred").chain(words).map(Into::into).collect();
                let parsed = crate::cli::args::Arguments::parse(&arguments);
                assert!(parsed.is_ok(), "{}: {line}: {:?}", topic.name, parsed.err());
                tried += 1;
            }
        }
        assert!(tried >= 7, "{tried}");
    }

    #[test]
    fn the_profiles_on_the_pages_are_profiles() {
        let mut read = 0;
        for topic in all() {
            let text = topic.text();
            for block in blocks(&text).iter().filter(|block| block.iter().any(|line| line.starts_with("[profile."))) {
                // Shell lines may follow in the same block.
                let toml: Vec<&str> =
                    block.iter().copied().filter(|line| !line.starts_with("$ ") && !line.starts_with("- ")).collect();
                let toml = toml.join("\n").replace("permissions:\n  id-token: write\n", "");
                let home = tempfile::tempdir().unwrap();
                let path = home.path().join("config.toml");
                std::fs::write(&path, &toml).unwrap();
                #[cfg(unix)]
                std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
                let env = crate::config::env::Env::fixed([("HOME", home.path())]);
                let config = crate::config::Config::load(&env, Some(&path)).unwrap();
                assert_eq!(config.check(), [], "{}:\n{toml}", topic.name);
                read += config.profile_names().len();
            }
        }
        assert!(read >= 8, "{read}");
    }

    #[test]
    fn a_page_has_no_line_that_a_terminal_breaks() {
        for topic in all() {
            for line in topic.text().lines().filter(|line| !line.starts_with('|')) {
                assert!(line.chars().count() <= 140, "{}: {line}", topic.name);
            }
        }
    }
}
