//! README shows the pages of `fedcred help`, between comments that name them, and the table of all error codes.
//!
//! `FEDCRED_CASES=write cargo test --test cli` writes them there.

use std::fs;
use std::path::Path;

use fedcred::cli::topics;

#[test]
fn readme_shows_the_pages_of_help_as_they_are() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let (mut expected, mut shown) = (readme.clone(), 0);
    for topic in topics::all() {
        let (begin, end) = (format!("<!-- {} -->\n", topic.name), format!("<!-- /{} -->", topic.name));
        let Some((before, rest)) = expected.split_once(&begin) else { continue };
        let (_, after) = rest.split_once(&end).expect("the comment at the end");
        let text = if topic.name == "errors" { topics::errors_table() } else { topic.text() };
        expected = format!("{before}{begin}{}{end}{after}", text);
        shown += 1;
    }
    assert_eq!(shown, 12, "every topic but the environment");
    if fedcred::config::env::Env::process().text("FEDCRED_CASES").as_deref() == Some("write") {
        fs::write(path, expected).unwrap();
    } else {
        assert!(
            readme == expected,
            "README is not what `fedcred help` says: FEDCRED_CASES=write cargo test --test cli"
        );
    }
}
