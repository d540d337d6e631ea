//! `fedcred man`: a manual page for fedcred and for each of its commands, from the definitions of the arguments.

use std::path::Path;

use clap::{Command, CommandFactory};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::cli::args::{Arguments, Global, Man as Arg};
use crate::cli::screen::Screen;
use crate::cli::{output, topics};
use crate::error::{Code, Error, Result, printable};
use crate::process::env::Env;
use crate::process::pager;

pub fn run(man: &Arg, global: &Global, env: &Env) -> Result<()> {
    let root = command();
    match &man.dir {
        Some(dir) => write_all(&root, dir),
        None => show(find(&root, &man.command)?, global, env),
    }
}

/// Shows the page: on a terminal by `man`, or as help in a pager if there is no such program; elsewhere as roff.
fn show(command: &Command, global: &Global, env: &Env) -> Result<()> {
    let page = page(command)?;
    if !output::is_stdout_a_terminal() {
        return output::file(&page);
    }
    if pager::man(&page) {
        return Ok(());
    }
    let screen = Screen::of_stdout(global, env);
    let help = command.clone().term_width(screen.prose()).render_long_help();
    let text = if screen.style.is_coloured() { help.ansi().to_string() } else { help.to_string() };
    match pager::page(&text, env.text("PAGER").as_deref()) {
        true => Ok(()),
        false => output::help(&help, screen.style),
    }
}

fn command() -> Command {
    // `help` has no page, since it prints what stands in the others.
    let mut root = Arguments::command().disable_help_subcommand(true);
    root.build();
    root
}

fn find<'a>(root: &'a Command, names: &[String]) -> Result<&'a Command> {
    names.iter().try_fold(root, |command, name| {
        command.find_subcommand(name).filter(|command| !command.is_hide_set()).ok_or_else(|| {
            Error::new(Code::BadFlag, format!("there is no command {:?}", printable(&names.join(" "), 80)))
                .hint("fedcred --help")
        })
    })
}

fn write_all(root: &Command, dir: &Path) -> Result<()> {
    let unwritable = |path: &Path, why: std::io::Error| {
        Error::new(Code::OutputWrite, format!("cannot write {}", path.display())).because(why.to_string())
    };
    std::fs::create_dir_all(dir).map_err(|why| unwritable(dir, why))?;
    let mut pending = vec![root];
    while let Some(command) = pending.pop() {
        let path = dir.join(format!("{}.1", display_name(command)));
        std::fs::write(&path, page(command)?).map_err(|why| unwritable(&path, why))?;
        pending.extend(visible(command));
    }
    Ok(())
}

fn visible(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|command| !command.is_hide_set())
}

/// `fedcred-config-show`
fn display_name(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

fn page(command: &Command) -> Result<String> {
    let version = concat!("fedcred ", env!("CARGO_PKG_VERSION"));
    let page = Man::new(command.clone()).source(version).manual("fedcred");
    let mut text = Vec::new();
    let mut rendered = Ok(());
    for section in [
        Man::render_title,
        Man::render_name_section,
        Man::render_synopsis_section,
        Man::render_description_section,
        Man::render_options_section,
    ] {
        rendered = rendered.and_then(|()| section(&page, &mut text));
    }
    if visible(command).next().is_some() {
        rendered = rendered.and_then(|()| page.render_subcommands_section(&mut text));
    }
    rendered.map_err(|why| Error::new(Code::Bug, "the page cannot be written").because(why.to_string()))?;
    let mut roff = Roff::new();
    if let Some(notes) = command.get_after_help() {
        section(&mut roff, "NOTES", &notes.to_string());
    }
    section(&mut roff, "EXIT STATUS", &topics::exit_statuses());
    section(&mut roff, "ENVIRONMENT", topics::ENVIRONMENT);
    section(&mut roff, "FILES", topics::FILES);
    let others: Vec<String> = std::iter::once("fedcred".to_owned())
        .chain(visible(command).map(|command| display_name(command).to_owned()))
        .filter(|name| name != display_name(command))
        .map(|name| format!("{name}(1)"))
        .collect();
    if !others.is_empty() {
        section(&mut roff, "SEE ALSO", &others.join(", "));
    }
    Ok(String::from_utf8_lossy(&text).into_owned() + &roff.to_roff())
}

/// Lines without filling, so that tables and examples keep their columns.
fn section(roff: &mut Roff, title: &str, text: &str) {
    roff.control("SH", [title]).control("nf", []);
    for line in text.trim_end().lines() {
        roff.text([roman(line)]);
    }
    roff.control("fi", []);
}
