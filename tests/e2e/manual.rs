//! The pages of the manual, as man reads them.

use crate::support::tmux::Terminal;
use crate::support::{Home, Profile};

#[test]
fn man_has_nothing_to_complain_about_in_any_page() {
    let home = Home::with(&Profile::spnego());
    let written = home.run(home.fedcred().args(["man", "--dir", "pages"]));
    assert_eq!((written.status, written.stdout.as_str(), written.stderr.as_str()), (Some(0), "", ""));
    let pages: Vec<_> =
        std::fs::read_dir(home.path("pages")).expect("the pages").flatten().map(|file| file.path()).collect();
    assert!(pages.len() > 15, "{pages:?}");
    for page in &pages {
        for width in ["80", "132"] {
            let shown = home.run(home.program("man").args(["--warnings", "-l"]).arg(page).env("MANWIDTH", width));
            assert_eq!((shown.status, shown.stderr.as_str()), (Some(0), ""), "{}", page.display());
            for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "ENVIRONMENT", "FILES"] {
                assert!(shown.stdout.contains(&format!("\n{section}\n")), "{} has no {section}", page.display());
            }
        }
    }
    let names = |page: &str| pages.iter().any(|path| path.ends_with(page));
    assert!(names("fedcred.1") && names("fedcred-get.1") && names("fedcred-config-show.1"), "{pages:?}");
    assert!(!names("fedcred-fetch-child.1"), "what is hidden has no page");
}

#[test]
fn one_page_is_printed_by_its_commands_name() {
    let home = Home::with(&Profile::spnego());
    let page = home.run(home.fedcred().args(["man", "config", "show"]));
    assert!(page.stdout.contains(".TH fedcred-config-show 1"), "{}", page.stdout);
    home.run(home.fedcred().args(["man", "nothing"])).fails_as("bad-flag");
}

#[test]
fn on_a_terminal_a_page_is_shown_in_the_chosen_pager_with_man_and_without() {
    let home = Home::with(&Profile::spnego());
    let terminal = Terminal::open(&home);
    let fedcred = env!("CARGO_BIN_EXE_fedcred");
    terminal.says(&format!("PAGER='sed s/^/paged:/' {fedcred} man completions"));
    terminal.holds("paged:FILES");
    terminal.says("clear");
    terminal.says(&format!("PATH=/nowhere PAGER='/bin/sed s/^/helped:/' {fedcred} man completions"));
    terminal.holds("helped:The script runs fedcred, which must be in PATH");
}
