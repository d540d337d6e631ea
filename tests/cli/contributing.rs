//! `.github/CONTRIBUTING.md`: the edits of its worked example can be made in these sources, and what they make builds and works.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use fedcred::process::env::Env;

use super::read;

/// An edit that the page describes.
enum Edit {
    /// A new file.
    New,
    /// Lines below the one line that reads so.
    Below(String),
    /// Text in place of the one that reads so.
    InPlaceOf(String),
}

/// The edits, each with its file and its text, in the order of the page.
fn edits() -> Vec<(String, Edit, String)> {
    let page = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/CONTRIBUTING.md"));
    let example = page.split("\n## Add a source of tokens\n").nth(1).expect("the worked example");
    let mut edits = Vec::new();
    for (before, block) in blocks(example) {
        let sentence = before.lines().rev().find(|line| !line.is_empty()).expect("a sentence before a block");
        let quoted: Vec<&str> = sentence.split('`').skip(1).step_by(2).collect();
        let edit = match (sentence.split('`').next().unwrap(), &quoted[..]) {
            ("New file ", [_]) => Edit::New,
            ("In ", [_, anchor]) if sentence.contains("`, below `") => Edit::Below((*anchor).to_owned()),
            ("In ", [_, old]) if sentence.contains("`, in place of `") => Edit::InPlaceOf((*old).to_owned()),
            _ => panic!("no edit: {sentence}"),
        };
        edits.push((quoted[0].to_owned(), edit, block.to_owned()));
    }
    edits
}

/// Each fenced block, after the text before it.
fn blocks(text: &str) -> Vec<(&str, &str)> {
    let parts: Vec<&str> = text.split("```").collect();
    let (pairs, _) = parts.as_chunks::<2>();
    pairs.iter().map(|[before, block]| (*before, block.split_once('\n').expect("a language").1)).collect()
}

/// Makes the edits in the sources below `root`. `written` gets each file that changes, and its new text.
fn follow(root: &Path, mut written: impl FnMut(&Path, &str)) {
    let mut texts: Vec<(PathBuf, String)> = Vec::new();
    for (file, edit, block) in edits() {
        let path = root.join(&file);
        if !texts.iter().any(|(known, _)| *known == path) {
            let text = if matches!(edit, Edit::New) { String::new() } else { read(&path) };
            assert!(!(matches!(edit, Edit::New) && path.exists()), "{file} is there already");
            texts.push((path.clone(), text));
        }
        let (_, text) = texts.iter_mut().find(|(known, _)| *known == path).unwrap();
        *text = made(text, &edit, &block).unwrap_or_else(|why| panic!("{file}: {why}"));
    }
    for (path, text) in &texts {
        written(path, text);
    }
}

fn made(text: &str, edit: &Edit, block: &str) -> Result<String, String> {
    let once = |found: Vec<usize>, what: &str| match found[..] {
        [at] => Ok(at),
        _ => Err(format!("{what:?} is there {} times", found.len())),
    };
    Ok(match edit {
        Edit::New => block.to_owned(),
        Edit::Below(line) => {
            let lines: Vec<&str> = text.lines().collect();
            let at = once((0..lines.len()).filter(|at| lines[*at].trim() == line).collect(), line)?;
            [lines[..=at].join("\n").as_str(), "\n", block, &lines[at + 1..].join("\n"), "\n"].concat()
        }
        Edit::InPlaceOf(old) => {
            let at = once(text.match_indices(old.as_str()).map(|(at, _)| at).collect(), old)?;
            [&text[..at], block.trim(), &text[at + old.len()..]].concat()
        }
    })
}

#[test]
fn every_edit_of_the_worked_example_can_be_made() {
    let mut files = Vec::new();
    follow(Path::new(env!("CARGO_MANIFEST_DIR")), |path, _| files.push(path.to_owned()));
    assert!(files.len() >= 8, "{files:?}");
}

/// Builds fedcred once more, from a copy in which the edits were made.
#[test]
#[ignore = "takes a minute: tests/run names it"]
#[cfg(unix)]
fn the_source_of_the_worked_example_builds_and_fetches_a_token() {
    const PROGRAM: &str = "fedcred-by-the-page";
    let copy = tempfile::tempdir().unwrap();
    for name in ["Cargo.toml", "Cargo.lock", "README.md", "src", "packaging", "tests"] {
        copy_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join(name), &copy.path().join(name));
    }
    follow(copy.path(), |path, text| fs::write(path, text).unwrap());
    // A program of another name: other tests run the one that is there.
    let manifest = read(&copy.path().join("Cargo.toml"));
    let manifest = manifest.replace("name = \"fedcred\"\npath", &format!("name = {PROGRAM:?}\npath"));
    let manifest = manifest.replace("default-run = \"fedcred\"", &format!("default-run = {PROGRAM:?}"));
    fs::write(copy.path().join("Cargo.toml"), manifest).unwrap();

    let profile = Path::new(env!("CARGO_BIN_EXE_fedcred")).parent().unwrap();
    let mut cargo = Command::new(Env::process().os("CARGO").unwrap_or_else(|| "cargo".into()));
    // The dependencies are those that these tests were built with; an example has the tests' features of them chosen.
    cargo.args(["build", "--locked", "--offline", "--bin", PROGRAM, "--example", "bench_world"]);
    cargo.arg("--target-dir").arg(profile.parent().unwrap()).current_dir(copy.path());
    let built = cargo.output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    assert!(!String::from_utf8_lossy(&built.stderr).contains("warning"), "{}", String::from_utf8_lossy(&built.stderr));
    fetches_a_token(&profile.join(PROGRAM), copy.path());
}

/// A stand-in for the agent prints a token; `inspect` shows what it says.
fn fetches_a_token(program: &Path, home: &Path) {
    let part = |json: &str| base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, json);
    let claims = r#"{"iss":"https://agent.buildkite.com","sub":"organization:o:pipeline:p","aud":"sts.amazonaws.com","exp":4102444800}"#;
    let token = format!("{}.{}.x", part(r#"{"alg":"RS256"}"#), part(claims));
    let agent = home.join("buildkite-agent");
    fs::write(
        &agent,
        format!("#!/bin/sh\n[ \"$*\" = 'oidc request-token --audience sts.amazonaws.com' ] && echo {token}\n"),
    )
    .unwrap();
    fs::set_permissions(&agent, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let config = home.join("config.toml");
    super::write_private(
        &config,
        "[profile.ci]\nrole_arn = \"arn:aws:iam::112233334444:role/Deploy\"\nweb_identity = { source = \"buildkite\" }\n",
    );
    let path = format!("{}:/usr/bin:/bin", home.display());
    let mut inspect = Command::new(program);
    inspect
        .args(["inspect", "ci", "--json"])
        .env_clear()
        .env("HOME", home)
        .env("PATH", path)
        .env("FEDCRED_CONFIG", config);
    let output = inspect.output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains("organization:o:pipeline:p"), "{shown}{}", String::from_utf8_lossy(&output.stderr));
}

/// Without what begins with a dot: the lab's own files, which are large.
fn copy_of(from: &Path, to: &Path) {
    if !from.is_dir() {
        fs::copy(from, to).unwrap();
        return;
    }
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let name = entry.unwrap().file_name();
        if !name.to_string_lossy().starts_with('.')
            && !["target", "corpus", "corpora"].map(std::ffi::OsStr::new).contains(&name.as_os_str())
        {
            copy_of(&from.join(&name), &to.join(&name));
        }
    }
}
