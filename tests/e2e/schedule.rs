//! What `schedule` writes, read by those for whom it is written. No service manager runs here: `systemd-analyze` reads units as
//! one does, and Python's plistlib property lists as launchd does.

use std::fs;

use crate::harness::run::Run;
use crate::support::{Home, Profile};

const FEDCRED: &str = env!("CARGO_BIN_EXE_fedcred");

/// `systemd-analyze verify` of these units, each a file's name and text.
fn verify(home: &Home, units: &[(String, String)]) -> Run {
    for (name, text) in units {
        home.write(&format!("units/{name}"), text);
    }
    let mut analyze = home.command("systemd-analyze");
    analyze.args(["verify", "--user"]).args(units.iter().map(|(name, _)| home.path("units").join(name)));
    home.run(analyze.env("XDG_RUNTIME_DIR", home.path("tmp")))
}

fn home() -> Home {
    Home::with(&Profile::form("alice").saml(r#"password = { credential = "corp" }"#))
}

/// What `schedule install --print` says of this profile.
fn printed(home: &Home, scheduler: &str) -> String {
    let mut fedcred = home.fedcred();
    fedcred.args(["schedule", "install", "lab", "--every", "90m", "--print", "--with", scheduler]);
    let outcome = home.run(fedcred.env("KRB5CCNAME", "FILE:/tmp/a \"b\" 100%"));
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""));
    outcome.stdout
}

fn units(printed: &str) -> Vec<(String, String)> {
    let parts = printed.split("# ~/.config/systemd/user/").skip(1);
    parts.map(|part| part.split_once('\n').unwrap()).map(|(name, text)| (name.to_owned(), text.to_owned())).collect()
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    let home = home();
    let units = units(&printed(&home, "systemd"));
    assert_eq!(units.len(), 2);
    let outcome = verify(&home, &units);
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""));
    // So it would say if something were.
    let misspelt: Vec<_> =
        units.iter().map(|(name, text)| (name.clone(), text.replace("Persistent", "Persistant"))).collect();
    assert!(verify(&home, &misspelt).stderr.contains("Persistant"));
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units_of_packages() {
    let home = home();
    let unit = |name: &str| {
        let text = fs::read_to_string(format!("{}/packaging/systemd/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        (name.to_owned(), text.replace("/usr/bin/fedcred", FEDCRED))
    };
    let outcome = verify(&home, &[unit("fedcred-refresh.service"), unit("fedcred-refresh.timer")]);
    assert_eq!((outcome.status, outcome.stderr.as_str()), (Some(0), ""));
}

#[test]
fn the_agent_is_a_property_list_whose_command_a_shell_reads() {
    let home = home();
    home.write("agent.plist", &printed(&home, "launchd"));
    let script = "import json, plistlib; print(json.dumps(plistlib.load(open('agent.plist', 'rb'))))";
    let agent = home.run(home.command("python3").args(["-c", script])).json();
    assert_eq!((agent["Label"].as_str(), agent["StartInterval"].as_u64()), (Some("fedcred.refresh"), Some(3600)));
    assert_eq!(agent["EnvironmentVariables"]["KRB5CCNAME"], "FILE:/tmp/a \"b\" 100%");
    let arguments: Vec<&str> =
        agent["ProgramArguments"].as_array().unwrap().iter().filter_map(|a| a.as_str()).collect();
    let [shell, "-c", command] = arguments[..] else { panic!("{arguments:?}") };
    // The secret is not there, which fedcred says where the output of the last run is.
    assert_eq!(home.run(home.command(shell).args(["-c", command])).status, Some(78));
    let log = fs::read_to_string(home.path(".cache/fedcred/refresh.log")).unwrap();
    assert!(log.contains("error[missing-key]") && log.contains("CREDENTIALS_DIRECTORY"), "{log}");
}
