//! `fedcred help`: the help of a command, or a topic's page.

use clap::CommandFactory;

use crate::cli::args::{Arguments, Help};
use crate::cli::{output, topics};
use crate::error::{Code, Error, Result, printable};

pub fn run(help: &Help) -> Result<()> {
    if let [name] = help.about.as_slice()
        && let Some(topic) = topics::find(name)
    {
        return output::file(&format!("{}\n\n{}", topic.title, topic.text()));
    }
    let mut root = Arguments::command();
    root.build();
    let mut command = &mut root;
    for name in &help.about {
        command = command.find_subcommand_mut(name).filter(|command| !command.is_hide_set()).ok_or_else(|| {
            let what = printable(&help.about.join(" "), 80);
            Error::new(Code::BadFlag, format!("there is no command and no topic {what:?}"))
                .hint(format!("fedcred --help; the topics are {}", names()))
        })?;
    }
    let mut text = command.render_long_help().to_string();
    if help.about.is_empty() {
        text.push_str("\nTopics (fedcred help TOPIC):\n");
        text.extend(topics::all().iter().map(|topic| format!("  {:12} {}\n", topic.name, topic.title)));
    }
    output::file(&text)
}

fn names() -> String {
    topics::all().map(|topic| topic.name).join(", ")
}
