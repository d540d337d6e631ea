//! What is written for other programs, read back by their own readers: botocore, both SDKs for Go, systemd, PyYAML, plistlib,
//! tomllib, a parser of HCL, fish and `sh`.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use fedcred::quote::config::{hcl, kubernetes_argument, schedulable, systemd, toml, toml_key, xml};
use fedcred::quote::{aws_ini, shell};
use fedcred::text::is_hidden;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::support::{Home, lab};

/// How many texts each grammar gets. The same in every run.
const CASES: usize = 400;

/// Signs that some grammar knows, between letters.
const SIGNS: &str = "[a-zA-Zä日\u{1f600} \t'\"`\\\\$%{}()\\[\\]#;=:,!&|<>~*?^/.@+_-]{0,14}";
/// What the SDKs for Go begin numbers, lists, comments and strings with, behind what they begin something new.
const SIGNS_OF_GO: &str = "[a-f0-9xoäé \t'\"\\\\$%=:,\\[\\]#;.+-]{0,9}";
const ANY: &str = "[\u{1}-\u{7f}\u{80}-\u{a0}\u{202e}\u{2028}\u{feff}\u{e0041}ä$%{\"\\\\]{0,10}";

fn texts(pattern: &str) -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    let strategy = proptest::string::string_regex(pattern).unwrap();
    (0..CASES).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// As [`texts`], of which `fits` says which can be written at all: not all, and not none.
fn fitting<T>(pattern: &str, fits: impl Fn(&str) -> Option<T>) -> Vec<(String, T)> {
    let fitting: Vec<_> = texts(pattern).into_iter().filter_map(|text| Some((text.clone(), fits(&text)?))).collect();
    assert!(fitting.len() > CASES / 20, "{pattern}: only {} fit", fitting.len());
    fitting
}

#[test]
fn every_grammar_is_read_back_by_its_own_reader() {
    let mut cases: Vec<Value> = Vec::new();
    let mut case = |grammar: &str, meant: Value, written: String| cases.push(json!([grammar, meant, written]));
    for (name, written) in fitting(SIGNS, |text| aws_ini::heading(text).ok()) {
        case("aws heading", json!([name]), written);
    }
    for (name, written) in fitting("[a-z0-9_./@:+%-]{1,9}", |text| aws_ini::profile_name(text).ok().map(str::to_owned))
    {
        case("aws section", json!([name]), written);
    }
    for (text, written) in fitting(SIGNS, |text| aws_ini::value(text).ok().map(str::to_owned)) {
        case("aws value", json!(text), written);
    }
    for (word, written) in
        fitting(SIGNS, |text| aws_ini::command(&["fedcred".into(), text.to_owned(), "x".into()]).ok())
    {
        case("aws command", json!(["fedcred", word, "x"]), written.clone());
        case("aws command by sh", json!(["fedcred", word, "x"]), written);
    }
    for text in texts(ANY).into_iter().chain(texts(SIGNS)) {
        case("toml", json!([text, text]), format!("{} = {}", toml_key(&text), toml(&text)));
        // This parser takes `$${`, which begins no expression, for the beginning of one; unit tests have HCL's rule.
        if !text.contains("${") && !text.contains("%{") {
            case("hcl", json!(text), hcl(&text));
        }
    }
    for (text, ()) in fitting(SIGNS, |text| schedulable(text).ok().map(drop)) {
        case("yaml", json!(text), kubernetes_argument(&text));
        case("plist", json!(text), xml(&text));
    }
    let home = Home::configured("");
    home.write("cases.json", &Value::Array(cases).to_string());
    let wrong = home.run(home.python("read_quoted.py").arg("cases.json")).json();
    assert_eq!(wrong, json!([]));
}

/// Each name, value and command in a file of its own, whose command tells its words in hexadecimal as the access key id.
#[test]
fn both_sdks_for_go_read_names_values_and_commands_back() {
    let home = Home::configured("");
    home.write("tell", TELLS_ITS_WORDS);
    std::fs::set_permissions(home.path("tell"), Permissions::from_mode(0o700)).unwrap();
    let tell = home.path("tell").display().to_string();
    let command = |word: &str| aws_ini::command(&[tell.clone(), word.to_owned(), "x".into()]).ok();
    let plain = command("").unwrap();
    let (mut asked, mut meant) = (Vec::new(), Vec::new());
    let mut case = |name: &str, heading: &str, region: &str, word: &str, command: &str| {
        let file = format!("{}.ini", asked.len());
        let lines = format!("{heading}\noutput = json\nregion = {region}\ncredential_process = {command}\n");
        home.write(&file, &format!("{lines}[profile other]\nregion = x\n"));
        asked.push(json!([name, home.path(file)]));
        let words = format!("{word}\0x\0").bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
        meant.push((json!([region, words]), lines));
    };
    for signs in [SIGNS, SIGNS_OF_GO] {
        // They find no name with a blank: they take quotes of a heading for letters of the name.
        for (name, heading) in fitting(signs, |text| aws_ini::heading(text).ok().filter(|_| !text.contains(' '))) {
            case(&name, &heading, "x", "", &plain);
        }
        for (value, ()) in fitting(signs, |text| aws_ini::value(text).ok().map(drop)) {
            case("dev", "[profile dev]", &value, "", &plain);
        }
        for (word, command) in fitting(signs, command) {
            case("dev", "[profile dev]", "x", &word, &command);
        }
    }
    home.write("asked.json", &Value::Array(asked).to_string());
    for version in ["v1", "v2"] {
        let mut reader = home.command(lab().consumers().join("go").join(version));
        let told = home.run(reader.args(["read", "asked.json"])).json();
        let read = meant.iter().zip(told.as_array().unwrap());
        let wrong: Vec<String> = read
            .filter(|((meant, _), told)| meant != *told)
            .map(|((_, lines), told)| format!("{lines}{told}"))
            .collect();
        assert!(wrong.is_empty(), "{version}, {} of {}:\n{}", wrong.len(), meant.len(), wrong.join("\n\n"));
    }
}

const TELLS_ITS_WORDS: &str = r#"#!/bin/sh
words=$(printf '%s\0' "$@" | od -An -v -tx1 | tr -d ' \n')
printf '{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"x"}' "$words"
"#;

/// systemd tells no value but one that it cannot use: a variable's name does not begin with a dash.
#[test]
fn systemd_reads_a_units_words_back() {
    let home = Home::configured("");
    let meant: Vec<String> = fitting(SIGNS, |text| schedulable(text).ok().map(drop))
        .into_iter()
        .map(|(text, ())| format!("-{text}"))
        .filter(|text| !text.contains(is_hidden))
        .collect();
    let lines: String = meant.iter().map(|text| format!("Environment={}\n", systemd(text))).collect();
    home.write("quotes.service", &format!("[Service]\nType=oneshot\n{lines}ExecStart=/bin/true\n"));
    let outcome = home.run(home.command("systemd-analyze").args(["verify", "--man=no", "./quotes.service"]));
    let told = outcome.stderr.lines().filter_map(|line| line.split_once("Invalid environment assignment, ignoring: "));
    let read: Vec<&str> = told.map(|(_, text)| text).collect();
    assert_eq!(read, meant, "{}", outcome.stderr);
}

#[test]
fn fish_and_sh_read_values_and_commands_back() {
    let home = Home::configured("");
    for (program, quote) in [("sh", shell::posix as fn(&str) -> _), ("fish", shell::fish)] {
        let meant = texts(SIGNS);
        let words: Vec<String> = meant.iter().map(|text| (*quote(text)).clone()).collect();
        let outcome = home.run(home.command(program).args(["-c", &format!("printf '%s\\n' {}", words.join(" "))]));
        assert_eq!(outcome.stdout.lines().collect::<Vec<_>>(), meant, "{program}: {}", outcome.stderr);
    }
}
