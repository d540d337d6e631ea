//! `fedcred help TOPIC`: the reference pages. They are Markdown files beside this one, parsed at build time; README links to them.
//!
//! `errors.md` and `settings.md` are written by `tests/cli/pages.rs`, from the codes in `error` and the rows in `config::settings`.

use super::output::Text;
use super::page;
use super::screen::Screen;
use crate::error::Kind;
use crate::packed;

/// A page.
pub struct Topic {
    pub name: &'static str,
    /// Its lines, which begin with its title.
    deflated: &'static [u8],
}

pub const ENVIRONMENT: &str = include_str!("topics/environment.txt");
pub const FILES: &str = include_str!("topics/files.txt");

macro_rules! topics {
    ($($name:literal)*) => { [$(Topic { name: $name, deflated: include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".deflate")) }),*] };
}

/// All topics, in the order of a reader's questions.
pub const ALL: [Topic; 21] = topics!(
    "kerberos" "form" "browser" "eks" "google" "github" "sources" "chains" "mwaa" "airflow-connections" "fleet" "endpoint"
    "metrics" "containers" "compatibility" "freshness" "trust" "settings" "errors" "storage" "security"
);

/// Returns the table of exit statuses, for the manual.
pub fn exit_statuses() -> String {
    let line = |kind: Kind| format!("{:<3} {}: {}\n", kind.status(), kind.name(), kind.meaning());
    let kinds: String = Kind::by_status().into_iter().map(line).collect();
    format!("0   success\n{kinds}`exec` exits with the status of its command; 125, 126 and 127 as env(1).")
}

impl Topic {
    pub fn title(&self) -> String {
        self.lines().lines().next().unwrap_or_default().trim_start_matches('#').to_owned()
    }

    pub fn set(&self, screen: Screen) -> Text {
        page::set(&self.lines(), screen)
    }

    fn lines(&self) -> String {
        packed::text(self.deflated)
    }
}

/// Returns the topic of this name.
pub fn find(name: &str) -> Option<&'static Topic> {
    const { &ALL }.iter().find(|topic| topic.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_a_title_and_fits_a_narrow_screen() {
        let screen = Screen { width: Some(60), ..Screen::plain() };
        for topic in &ALL {
            assert!(topic.lines().starts_with('#') && topic.title().len() <= 70, "{}", topic.name);
            for line in topic.set(screen).lines().filter(|line| !line.starts_with("    ")) {
                // A word that is longer stays whole.
                assert!(
                    line.chars().count() <= 60 || line.trim_start().split(' ').count() <= 2,
                    "{}: {line}",
                    topic.name
                );
            }
        }
    }

    #[test]
    fn no_page_has_the_name_of_a_command() {
        use clap::CommandFactory;
        let root = crate::cli::args::Arguments::command();
        for topic in &ALL {
            assert!(root.find_subcommand(topic.name).is_none(), "{}", topic.name);
        }
    }
}
