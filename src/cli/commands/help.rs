//! `fedcred help`: the help of a command, or a topic's page.

use clap::CommandFactory;

use crate::cli::args::{Arguments, Global, Help};
use crate::cli::output::{self, Text};
use crate::cli::screen::Screen;
use crate::cli::table::table;
use crate::cli::topics;
use crate::error::{Code, Error, Result, printable};
use crate::process::env::Env;

pub fn run(help: &Help, global: &Global, env: &Env) -> Result<()> {
    let screen = Screen::of_stdout(global, env);
    if let [name] = help.about.as_slice() {
        if let Some(topic) = topics::find(name) {
            return output::write(&topic.set(screen));
        }
        if name == "environment" {
            return output::file(topics::ENVIRONMENT);
        }
    }
    let mut root = Arguments::command().term_width(screen.prose());
    root.build();
    let mut command = &mut root;
    for name in &help.about {
        command = command.find_subcommand_mut(name).filter(|command| !command.is_hide_set()).ok_or_else(|| {
            let what = printable(&help.about.join(" "), 80);
            Error::new(Code::BadFlag, format!("there is no command and no topic {what:?}"))
                .hint(format!("fedcred --help; the topics are {}", names()))
        })?;
    }
    output::help(&command.render_long_help(), screen.style)?;
    match help.about.is_empty() {
        true => output::write(&list(screen)),
        false => Ok(()),
    }
}

fn list(screen: Screen) -> Text {
    let topics = topics::ALL.iter().map(|topic| [topic.name.to_owned(), topic.title()]);
    let rows: Vec<_> = topics.chain([["environment".to_owned(), "Environment variables".to_owned()]]).collect();
    let mut text = Text::default();
    text.blank();
    text.line("Topics (fedcred help TOPIC):");
    text + table(["TOPIC", "WHAT IT SHOWS"], &rows, screen.width)
}

fn names() -> String {
    topics::ALL.iter().map(|topic| topic.name).chain(["environment"]).collect::<Vec<_>>().join(", ")
}
