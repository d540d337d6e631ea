//! The command line as text: arguments and files in; stdout, stderr and status out.
//!
//! Each file of `cases/` is a case: lines of explanation (`# …`), the command (`$ fedcred …`, with `NAME=value` words before
//! it for its environment), then sections. `--- file NAME` is written into the case's own home (0600); `--- file-of FILE NAME`
//! is the same with a text of `files/` that several cases have; `--- stdout`,
//! `--- stderr` and `--- status` are what must come. `[HOME]` stands for the home. Nothing else of the environment is there.
//!
//! `FEDCRED_CASES=write cargo test --test cli` writes what came into the files, to be read in the diff.

#[cfg(unix)]
mod contributing;
#[path = "../harness/mod.rs"]
mod harness;
#[path = "../support/installed.rs"]
mod installed;
#[cfg(unix)]
mod lanes;
mod pages;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use harness::home::Home;
use harness::run::Running;
use installed::Installed;

#[test]
#[cfg_attr(windows, ignore = "its texts have the paths and commands of Unix")]
fn every_case_comes_out_as_written() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/cases");
    let mut paths: Vec<PathBuf> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() > 10, "the cases are missing");
    let is_writing = fedcred::process::env::Env::process().text("FEDCRED_CASES").as_deref() == Some("write");
    let mut wrong = Vec::new();
    for path in paths {
        let text = read(&path);
        let case = Case::parse(&text);
        let came = case.run(env!("CARGO_BIN_EXE_fedcred").as_ref());
        if is_writing {
            fs::write(&path, case.with(&came)).unwrap();
        } else if case.expected != came {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            wrong.push(format!("=== {name}\nexpected: {:#?}\ncame: {came:#?}", case.expected));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[cfg_attr(windows, ignore = "its texts have the paths and commands of Unix")]
fn every_case_of_get_comes_out_the_same_through_the_small_program() {
    let installed = Installed::new();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/cases");
    let texts = fs::read_dir(&directory).unwrap().map(|entry| read(&entry.unwrap().path()));
    let mut tried = 0;
    for text in texts {
        let case = Case::parse(&text);
        if case.command.contains("fedcred get") {
            assert_eq!(case.run(&installed.small()), case.expected, "{}", case.command);
            tried += 1;
        }
    }
    assert!(tried > 3, "{tried}");
}

/// A file for nobody else to read. On Windows a new one in this user's directory is.
fn write_private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

/// A file of this repository.
#[expect(clippy::disallowed_methods, reason = "a test reads files of its own")]
fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// What a command leaves: the sections `stdout`, `stderr` and `status`.
type Came = BTreeMap<&'static str, String>;

struct Case<'a> {
    /// Everything before the expectations, as it stands.
    head: &'a str,
    command: &'a str,
    files: Vec<(&'a str, String)>,
    expected: Came,
}

impl<'a> Case<'a> {
    fn parse(text: &'a str) -> Self {
        let head_end = text.find("--- stdout").unwrap_or(text.len());
        let command = text.lines().find_map(|line| line.strip_prefix("$ ")).expect("a line with `$ `");
        let mut case = Case { head: &text[..head_end], command, files: Vec::new(), expected: Came::new() };
        for section in text.split("\n--- ").skip(1) {
            let (title, body) = section.split_once('\n').unwrap_or((section, ""));
            match title.split_once(' ') {
                Some(("file", name)) => case.files.push((name, body.to_owned())),
                Some(("file-of", names)) => {
                    let (file, name) = names.split_once(' ').expect("a file, and its name at home");
                    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/files").join(file);
                    case.files.push((name, read(&path)));
                }
                _ => {
                    let title = ["stdout", "stderr", "status"].into_iter().find(|t| *t == title).expect(title);
                    case.expected.insert(title, body.trim_end().to_owned());
                }
            }
        }
        case
    }

    fn run(&self, program: &Path) -> Came {
        let home = Home::new();
        for (name, body) in &self.files {
            home.write(name, &format!("{}\n", body.trim_end()));
        }
        let place = home.dir().to_str().unwrap();
        let mut words = self.command.split(' ').map(|word| word.replace("[HOME]", place));
        let mut command = home.command(program);
        command.env_remove("LANG");
        for word in words.by_ref().take_while(|word| word != "fedcred") {
            let (name, value) = word.split_once('=').expect("NAME=value before the command");
            command.env(name, value);
        }
        let run = Running::reading(command.args(words), Stdio::null()).end();
        let text = |text: &str| text.replace(place, "[HOME]").trim_end().to_owned();
        Came::from([
            ("stdout", text(&run.stdout)),
            ("stderr", text(&run.stderr)),
            ("status", run.status.expect("an exit, not a signal").to_string()),
        ])
    }

    fn with(&self, came: &Came) -> String {
        let mut text = self.head.to_owned();
        for title in ["stdout", "stderr", "status"] {
            text.push_str(&format!("--- {title}\n"));
            if !came[title].is_empty() {
                text.push_str(&format!("{}\n", came[title]));
            }
        }
        text
    }
}
