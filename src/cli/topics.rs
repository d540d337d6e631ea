//! `fedcred help TOPIC`: the reference pages, Markdown files beside this one. README links to the same files.
//!
//! `errors.md` and `settings.md` are written by `tests/cli/pages.rs`, from the codes in `error` and the rows in `config::settings`.

/// A page: its name, and its text, whose first line is its title.
pub struct Topic {
    pub name: &'static str,
    pub text: &'static str,
}

pub const EXIT_STATUS: &str = include_str!("topics/exit-status.txt");
pub const ENVIRONMENT: &str = include_str!("topics/environment.txt");
pub const FILES: &str = include_str!("topics/files.txt");

macro_rules! topics {
    ($($name:literal)*) => { [$(Topic { name: $name, text: include_str!(concat!("topics/", $name, ".md")) }),*] };
}

/// All of them, in the order of a reader's questions.
pub const ALL: [Topic; 21] = topics!(
    "kerberos" "form" "browser" "eks" "google" "github" "sources" "chains" "mwaa" "airflow-connections" "fleet" "endpoint"
    "metrics" "containers" "compatibility" "cache" "trust" "settings" "errors" "storage" "security"
);

impl Topic {
    pub fn title(&self) -> &'static str {
        self.text.lines().next().unwrap_or_default().trim_start_matches("# ")
    }
}

/// The topic of this name.
pub fn find(name: &str) -> Option<&'static Topic> {
    const { &ALL }.iter().find(|topic| topic.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::markdown;
    use crate::cli::screen::Screen;

    #[test]
    fn every_page_has_a_title_and_fits_a_narrow_screen() {
        let screen = Screen { width: Some(60), ..Screen::plain() };
        for topic in &ALL {
            assert!(topic.text.starts_with("# ") && topic.title().len() <= 70, "{}", topic.name);
            for line in markdown::render(topic.text, screen).lines().filter(|line| !line.starts_with("    ")) {
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
