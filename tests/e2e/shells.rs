//! The completion scripts in the shells they are for.

use std::path::Path;

use crate::support::tmux::Terminal;
use crate::support::{Home, Profile};

/// A home with the profiles `lab` and `analytics`, and fedcred in its PATH.
fn home() -> (Home, String) {
    let home = Home::configured(&format!("{}[profile.analytics]\ninclude = \"lab\"\n", Profile::spnego().to_toml()));
    let dir = Path::new(env!("CARGO_BIN_EXE_fedcred")).parent().expect("a directory");
    let path = format!("{}:/usr/bin:/bin", dir.display());
    (home, path)
}

fn printed_by(shell: &[&str], script: &str) -> Vec<String> {
    let (home, path) = home();
    let outcome = home.run(home.program(shell[0]).args(&shell[1..]).args(["-c", script]).env("PATH", path));
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""), "{}", outcome.stdout);
    outcome.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_and_profiles() {
    let completed = |words: &str, current: &str| {
        let count = words.split(' ').count();
        printed_by(
            &["bash", "--norc"],
            &format!(
                "source <(fedcred completions bash); COMP_WORDS=({words} {current}); COMP_CWORD={count}; COMP_TYPE=9\n\
                 _clap_complete_fedcred fedcred '{current}' get; printf '%s\\n' \"${{COMPREPLY[@]}}\""
            ),
        )
    };
    assert_eq!(completed("fedcred", "doc"), ["doctor"]);
    assert_eq!(completed("fedcred get", "ana"), ["analytics"]);
    assert_eq!(completed("fedcred config show", "l"), ["lab"]);
    assert_eq!(completed("fedcred get --format", "fi"), ["fish"]);
}

#[test]
fn fish_completes_commands_and_profiles() {
    let completed = |line: &str| {
        let lines =
            printed_by(&["fish", "--no-config"], &format!("fedcred completions fish | source; complete -C '{line}'"));
        lines.iter().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(completed("fedcred doc"), ["doctor"]);
    assert_eq!(completed("fedcred exec ana"), ["analytics"]);
}

#[test]
fn zsh_completes_commands_and_profiles() {
    let (home, path) = home();
    let terminal = Terminal::running(&home, &format!("PATH={path} PS1='%% ' zsh -f"), "%");
    terminal.says("autoload -U compinit; compinit -u; source <(fedcred completions zsh); echo loaded");
    terminal.shows("loaded");
    terminal.says("clear");
    terminal.types("fedcred doct");
    terminal.presses("Tab");
    terminal.types("ana");
    terminal.presses("Tab");
    terminal.shows("% fedcred doctor analytics");
}

#[test]
fn doctor_is_coloured_on_a_terminal_and_not_where_nobody_wants_it() {
    let home = Home::with(&Profile::spnego());
    home.kinit("alice");
    let terminal = Terminal::open(&home);
    let fedcred = env!("CARGO_BIN_EXE_fedcred");
    terminal.says(&format!("{fedcred} doctor lab"));
    terminal.holds("no problem found");
    assert!(terminal.coloured().contains("\x1b[32m✓"), "{:?}", terminal.coloured());
    for variable in ["NO_COLOR=1", "TERM=dumb"] {
        terminal.says("clear");
        terminal.shows("$");
        terminal.says(&format!("{variable} {fedcred} doctor lab"));
        terminal.holds("no problem found");
        assert!(!terminal.coloured().contains("\x1b[32m"), "{:?}", terminal.coloured());
    }
}
