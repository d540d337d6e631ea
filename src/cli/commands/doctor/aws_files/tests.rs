//! What is told of callers, of what goes before them, and of what SDKs read differently.

use super::*;

fn checked(config: &str, credentials: &str, env: &[(&str, &str)]) -> (Result<()>, String) {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join(".aws");
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join("config"), config.replace("FEDCRED", &program(home.path()))).unwrap();
    std::fs::write(dir.join("credentials"), credentials).unwrap();
    let home_variable = ("HOME", home.path().to_str().unwrap());
    let env = Env::fixed(env.iter().copied().chain([home_variable]));
    let mut report = Report::new("dev");
    let outcome = check(&mut report, "dev", &env);
    (outcome, report.json().to_string())
}

fn program(home: &Path) -> String {
    let path = home.join(if cfg!(windows) { "fedcred.exe" } else { "fedcred" });
    std::fs::write(&path, "").unwrap();
    path.display().to_string()
}

#[test]
#[cfg_attr(windows, ignore = "its paths are Unix's")]
fn a_profile_that_runs_us_and_nothing_else_is_well() {
    for config in [
        "[profile a]\ncredential_process = FEDCRED get dev\n",
        "[profile a]\ncredential_process = 'FEDCRED' --config /c.toml credential-process dev\n",
        "  [profile 'a-b']\n  credential_process = FEDCRED get dev\n  region = x\n",
        "[default]\nregion = x\ncredential_process = FEDCRED get dev --window 30m\n",
        "[profile a]\ncredential_process = FEDCRED get dev\n[profile b]\nrole_arn = r\nsource_profile = a\n",
    ] {
        let (outcome, report) = checked(config, "[b]\naws_access_key_id = AKIA\n", &[]);
        assert_eq!(outcome, Ok(()), "{config}");
        assert!(report.contains("\"passed\""), "{report}");
    }
}

#[cfg(windows)]
#[test]
fn lines_of_windows_are_found_and_their_faults_named() {
    let home = tempfile::tempdir().unwrap();
    let ours = |name: &str| home.path().join(name).display().to_string();
    std::fs::create_dir(ours("o'hara & co")).unwrap();
    for name in ["fedcred.exe", r"o'hara & co\fedcred.exe"] {
        std::fs::write(ours(name), "").unwrap();
    }
    let setup = |name: &str| aws_ini::command(&[ours(name), "get".to_owned(), "dev".to_owned()]).unwrap();
    for line in [
        setup("fedcred.exe"),
        setup(r"o'hara & co\fedcred.exe"),
        // As people write it.
        format!("{} get dev", ours("FEDCRED.EXE")),
        format!("{} get dev", ours("fedcred")),
        format!("{} get dev", ours("fedcred.exe").replace('\\', "/")),
    ] {
        let (outcome, report) = checked(&format!("[profile a]\ncredential_process = {line}\n"), "", &[]);
        assert!(outcome.is_ok() && report.contains("called_by"), "{line}: {outcome:?} {report}");
    }
    for (line, hint) in [
        (r"bin\fedcred.exe get dev", "whole path"),
        (r"~\fedcred.exe get dev", "whole path"),
        (r"C:\nowhere\fedcred.exe get dev", "path of fedcred"),
        (r"C:\no where\fedcred.exe get dev", "blank"),
        (r#""C:\no where\fedcred.exe get dev"#, "close it"),
        (r#""C:\nowhere\fedcred.exe get dev""#, r"credential_process = C:\nowhere\fedcred.exe get dev"),
    ] {
        let error = checked(&format!("[profile a]\ncredential_process = {line}\n"), "", &[]).0.unwrap_err();
        assert_eq!(error.code, Code::AwsProfileWrong, "{line}");
        assert!(error.hint.as_deref().unwrap().contains(hint), "{error:?}");
    }
}

#[test]
fn who_does_not_run_us_for_this_profile_is_none_of_our_business() {
    for config in [
        "",
        "[profile a]\ncredential_process = FEDCRED get other\n",
        "[profile a]\ncredential_process = other get dev\n",
    ] {
        let (outcome, report) = checked(config, "[a]\naws_access_key_id = AKIA\n", &[("AWS_PROFILE", "z")]);
        assert_eq!(outcome, Ok(()), "{config}");
        assert!(report.contains("\"skipped\""), "{report}");
    }
}

#[test]
#[cfg_attr(windows, ignore = "its paths are Unix's")]
fn what_goes_before_the_program_is_named() {
    let ours = "[profile a]\ncredential_process = FEDCRED get dev\n";
    let table = [
        (ours.to_owned(), "[a]\naws_access_key_id = AKIA\n", "remove aws_access_key_id"),
        (format!("{ours}aws_access_key_id = AKIA\n"), "", "[profile a] of ~/.aws/config"),
        (format!("{ours}role_arn = r\nsource_profile = b\n"), "", "remove role_arn"),
        (format!("{ours}sso_account_id = 1\n"), "", "sso_"),
    ];
    for (config, credentials, hint) in table {
        let error = checked(&config, credentials, &[]).0.unwrap_err();
        assert_eq!(error.code, Code::AwsProfileShadowed, "{config}");
        assert!(error.hint.as_deref().unwrap().contains(hint), "{error:?}");
    }
}

#[test]
#[cfg_attr(windows, ignore = "its paths are Unix's")]
fn a_command_that_no_sdk_can_run_is_named() {
    let table = [
        ("[a]\ncredential_process = FEDCRED get dev\n", "[profile a]"),
        ("[profile a]\ncredential_process = ~/bin/fedcred get dev\n", "whole path"),
        ("[profile a]\ncredential_process = $HOME/bin/fedcred get dev\n", "whole path"),
        ("[profile a]\ncredential_process = bin/fedcred get dev\n", "whole path"),
        ("[profile a]\ncredential_process = /nowhere/fedcred get dev\n", "path of fedcred"),
        ("[profile a]\ncredential_process = /no where/fedcred get dev\n", "blank"),
        ("[profile a]\ncredential_process = \"/no where/fedcred get dev\n", "close it"),
        ("[profile a]\ncredential_process = \"FEDCRED get dev\"\n", "credential_process = /"),
        ("[profile a]\ncredential_process = 'FEDCRED get dev'\n", "credential_process = /"),
    ];
    for (config, hint) in table {
        let error = checked(config, "", &[]).0.unwrap_err();
        assert_eq!(error.code, Code::AwsProfileWrong, "{config}");
        assert!(error.hint.as_deref().unwrap().contains(hint), "{error:?}");
    }
}

#[test]
#[cfg(unix)]
fn what_some_sdks_read_differently_is_a_warning_with_the_line_that_all_read() {
    let table = [
        ("[profile a]\ncredential_process = \"FEDCRED\" get dev\n", "\"hint\":\"credential_process = /"),
        ("[profile a]\ncredential_process = FEDCRED get dev # mine\n", "boto3"),
        ("[profile 'a b']\ncredential_process = FEDCRED get dev\n", "JavaScript and Go"),
    ];
    for (config, hint) in table {
        let (outcome, report) = checked(config, "", &[]);
        assert_eq!(outcome, Ok(()));
        assert!(report.contains(hint) && report.contains("\"warned\""), "{report}");
    }
}

#[test]
fn each_systems_shell_has_its_own_quirks() {
    let (path, blank) = (r"C:\bin\fedcred.exe", r"C:\Program Files\fedcred.exe");
    let quoted = format!("\"{blank}\" get dev");
    // Command, program, what is told here and on Windows.
    let table: [(&str, &str, &[&str], &[&str]); 5] = [
        (r"C:\bin\fedcred.exe get dev", path, &[], &[]),
        (&quoted, blank, &["double quote"], &["double quote", "whose path has a blank"]),
        (r"C:\bin\fedcred.exe get 'my prof'", path, &[], &["single quote"]),
        (r"C:\bin\fedcred.exe get 50%", path, &[], &["percent sign"]),
        (r"C:\bin\fedcred.exe get dev # mine", path, &["comment"], &["comment"]),
    ];
    for (command, program, here, on_windows) in table {
        for (is_windows, expected) in [(false, here), (true, on_windows)] {
            let told: Vec<&str> = quirks(command, program, is_windows)
                .into_iter()
                .filter(|(is_so, _)| *is_so)
                .map(|(_, what)| what)
                .collect();
            assert_eq!(told.len(), expected.len(), "{command} {told:?}");
            assert!(told.iter().zip(expected).all(|(told, words)| told.contains(words)), "{command} {told:?}");
        }
    }
}

#[test]
fn what_the_environment_puts_before_the_profile_is_a_warning() {
    let config = "[profile a]\ncredential_process = FEDCRED get dev\n";
    let [profile, default] = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"].map(|name| export(name, "a").replace('"', "\\\""));
    let table: [(&[(&str, &str)], &str); 4] = [
        (&[("AWS_ACCESS_KEY_ID", "AKIA")], "unset AWS_ACCESS_KEY_ID"),
        (&[("AWS_PROFILE", "b")], &profile),
        (&[("AWS_DEFAULT_PROFILE", "b")], &default),
        (&[("AWS_WEB_IDENTITY_TOKEN_FILE", "f"), ("AWS_ROLE_ARN", "r")], &profile),
    ];
    for (env, hint) in table {
        let (outcome, report) = checked(config, "", env);
        assert_eq!(outcome, Ok(()));
        assert!(report.contains(hint) && report.contains("\"warned\""), "{report}");
    }
    assert!(checked("[profile a]\ncredential_process = fedcred get dev\n", "", &[]).1.contains("by PATH"));
}
