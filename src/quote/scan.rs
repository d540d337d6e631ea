//! Tests the sources: no command for people is built with string formatting, because that would not quote its values
//! (CWE-78).

use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use regex_lite::Regex;

/// Words that begin a command in a text.
const PROGRAMS: &str = "fedcred|aws|airflow|kinit|klist|kdestroy|kvno|chmod|chown|icacls|ls|rm|mv|cp|cat|kill|ps|mkdir|rmdir|ln|touch|systemctl|journalctl|\
    launchctl|crontab|schtasks|export|unset|setx|sudo|gcloud|az|kubectl|docker|podman|curl|wget|openssl|ssh|sh|bash|git|pip|npm|apt|apt-get|\
    brew|dnf|yum|setspn|ktpass|getfattr|nslookup|dig|ping|redis-cli|secret-tool|certutil|update-ca-certificates|xdg-open";

/// Texts that look like a command but are not for people: parsed, written for a shell or a program, or errors of the grammar.
const OTHERS: [(&str, &str); 18] = [
    ("setup/siblings.rs", "tell them apart: --all-roles '{profile}-{account}-{role}'"),
    ("commands/man.rs", "fedcred "),
    ("commands/serve.rs", "AWS_CONTAINER_AUTHORIZATION_TOKEN={}"),
    ("commands/serve.rs", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE={path}"),
    ("schedule/systemd.rs", "--property={properties}"),
    ("setup/wiring.rs", "the AWS CLI, with --profile {name}, is {}"),
    ("setup/wiring.rs", "the AWS CLI fails with --profile {name}{causes}"),
    ("import/okta.rs", "--factor {factor}: the browser asks for the factor"),
    ("cli/args.rs", "--profile {named}: {why}"),
    ("identity/aws.rs", "export {VARIABLE}={waiting}&& {command}"),
    ("saml/browser/program.rs", "--user-data-dir={}"),
    ("saml/browser/program.rs", "--proxy-server={proxy}"),
    ("process/browser.rs", "--remote-debugging-io-pipes={input},{output}"),
    ("airflow/misread.rs", "export "),
    ("airflow/misread.rs", "setx "),
    ("airflow/files.rs", "export "),
    ("config/syntax.rs", "export "),
    ("cli/format.rs", "export "),
];

struct Rules {
    /// Each finds a value in a command, or a command that waits for one.
    patterns: Vec<Regex>,
}

impl Rules {
    fn new() -> Rules {
        // A constant of ours in capitals is not a value.
        let value = r"\{(?:[^A-Z}{][^}{]*)?\}";
        let patterns = [
            format!(r#"(?:^|[:;|&`"'(,] ?|\b(?:run|with|by|and|or|then) )(?:sudo )?(?:{PROGRAMS}) [^`;,]*?{value}"#),
            // A value behind a flag, whatever the program.
            format!(r"(?:^|\s)--?[a-zA-Z][\w-]*[ =]'?{value}"),
            // Code between backquotes that is more than a word and no setting.
            format!(r"`[a-z][\w./-]* [^`=]*{value}[^`]*`"),
            // A variable of a shell.
            format!(r"(?:^|[\s`(])[A-Z][A-Z0-9_]+={value}"),
            // Text that is built with `+` or `push_str`.
            format!(r"(?:^|[:;|&`(] ?)(?:sudo )?(?:{PROGRAMS})(?: [a-z-]+)* $"),
        ];
        Rules { patterns: patterns.iter().map(|pattern| Regex::new(pattern).unwrap()).collect() }
    }

    /// The strings of this source that break a rule, with their lines.
    fn broken_in(&self, source: &str) -> Vec<(usize, String)> {
        let mut strings = Vec::new();
        collect(source.parse().unwrap(), &mut strings);
        strings.retain(|(_, text)| self.patterns.iter().any(|pattern| pattern.is_match(text)));
        strings
    }
}

/// The strings of the code, without those of attributes (and so of comments) and of tests.
fn collect(tokens: TokenStream, strings: &mut Vec<(usize, String)>) {
    let mut is_of_tests = false;
    let mut tokens = tokens.into_iter().peekable();
    let mut is_made_of_words = false;
    while let Some(token) = tokens.next() {
        // What `command` and its like are given is quoted by them.
        let is_maker =
            matches!(&token, TokenTree::Ident(name) if ["command", "on_path"].iter().any(|maker| name == maker));
        if matches!(token, TokenTree::Group(_)) && std::mem::replace(&mut is_made_of_words, false) {
            continue;
        }
        is_made_of_words = is_maker;
        match token {
            TokenTree::Punct(sign) if sign.as_char() == '#' => {
                let _ = tokens.next_if(|next| matches!(next, TokenTree::Punct(sign) if sign.as_char() == '!'));
                if let Some(TokenTree::Group(attribute)) = tokens.next_if(|next| matches!(next, TokenTree::Group(_))) {
                    let text = attribute.stream().to_string();
                    is_of_tests |=
                        text == "test" || text.starts_with("cfg") && text.contains("test") && !text.contains("not");
                }
            }
            TokenTree::Group(group) if is_of_tests => is_of_tests = group.delimiter() != Delimiter::Brace,
            TokenTree::Punct(sign) if sign.as_char() == ';' => is_of_tests = false,
            TokenTree::Group(group) => collect(group.stream(), strings),
            TokenTree::Literal(literal) if !is_of_tests => {
                let line = literal.span().start().line;
                strings.extend(text_of(&literal.to_string()).map(|text| (line, text)));
            }
            TokenTree::Literal(_) | TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
    }
}

/// Returns the text of a literal, as far as these rules need it; `None` if it is not a string.
fn text_of(literal: &str) -> Option<String> {
    if let Some(raw) = literal.strip_prefix('r') {
        return Some(raw.trim_matches('#').trim_matches('"').to_owned());
    }
    let inner = literal.strip_prefix('"')?.strip_suffix('"')?;
    let joined = Regex::new(r"\\\r?\n\s*").unwrap().replace_all(inner, "").into_owned();
    Some(joined.replace("\\\"", "\"").replace("\\n", "\n").replace("\\t", "\t").replace("{{", "").replace("}}", ""))
}

/// The sources, but those of tests, and those whose commands a shell runs, not a person; their words are quoted by `posix`.
fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    const RUN: [&str; 3] = ["quote/shell.rs", "quote/scan.rs", "schedule/shell.rs"];
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tests") {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("tests.rs")
            && !RUN.iter().any(|own| path.ends_with(own))
        {
            found.push(path);
        }
    }
}

#[test]
fn every_command_for_people_is_made_of_words() {
    let rules = Rules::new();
    let mut files = Vec::new();
    sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut files);
    let mut found = Vec::new();
    for file in &files {
        let broken = rules.broken_in(&std::fs::read_to_string(file).unwrap());
        let is_other = |text: &str| OTHERS.iter().any(|(own, known)| file.ends_with(own) && text == *known);
        let broken = broken.into_iter().filter(|(_, text)| !is_other(text));
        found.extend(broken.map(|(line, text)| format!("{}:{line}: {text}", file.display())));
    }
    assert!(files.len() > 300, "{}", files.len());
    assert!(found.is_empty(), "make these with quote::shell::command:\n{}", found.join("\n"));
}

#[test]
fn a_command_made_by_hand_is_found_however_it_is_written() {
    let rules = Rules::new();
    let by_hand = [
        r#"error.hint(format!("fedcred login {name}"))"#,
        r#"error.hint(format!("try again: aws iam get-role --role-name {}", name))"#,
        r#"error.hint(format!("if it is right, {0}: kinit {0}", name))"#,
        r#"error.because(format!("ask: `klist -c {path:?}`"))"#,
        "error.hint(format!(\n    \"get the certificate; \\\n     see what it sends: openssl s_client -connect \
        {host}:{port}\"\n))",
        r##"error.hint(format!(r#"sudo chmod 600 "{path}""#))"##,
        r#"error.hint(format!("mystery-tool --name {name}"))"#,
        r#"error.hint(format!("mystery-tool --name={name}"))"#,
        r#"error.hint(format!("look at it: `mystery-tool {name}`"))"#,
        r#"error.hint(format!("reach it without: NO_PROXY={host}"))"#,
        r#"let mut hint = "fedcred logout ".to_owned(); hint.push_str(name);"#,
        r#"let hint = String::from("export ") + name;"#,
        r#"write!(out, "run rm {path}")?;"#,
        "#[cfg(test)]\nuse x::y;\nfn hint() -> String { format!(\"fedcred get {name}\") }",
        "#[cfg(test)]\nmod tests { fn a() {} }\nfn hint() -> String { format!(\"fedcred get {name}\") }",
    ];
    for source in by_hand {
        assert_eq!(rules.broken_in(source).len(), 1, "{source}");
    }
    let right = [
        r#"error.hint(command(["fedcred", "login", name]))"#,
        r#"error.hint(format!("log in again: {}", command(["kinit", name])))"#,
        r#"error.hint("fedcred config check")"#,
        r#"error.hint(format!("go round it: {}", command([format!("NO_PROXY={host}")])))"#,
        r#"error.hint(format!("export {OPT_IN}=1"))"#,
        r#"error.hint(format!("set `saml.auth = \"{auth}\"`"))"#,
        r#"error.because(format!("the IdP at {host} says {words}"))"#,
        "#[cfg(test)]\nmod tests { fn a() { format!(\"fedcred get {name}\") } }",
        "/// `fedcred get {name}`\nfn a() {}",
    ];
    for source in right {
        assert_eq!(rules.broken_in(source), [], "{source}");
    }
}
