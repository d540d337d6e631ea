//! Any text as a connection's JSON, and what it means: an error or a plan, never a panic, and no secret in either.
#![no_main]

use fedcred::config::airflow::aws_profiles::AwsProfiles;
use fedcred::config::airflow::meaning::{Ask, plan};
use fedcred::config::airflow::policy::Policy;
use fedcred::config::airflow::{json, show};
use fedcred::process::env::Env;
use fedcred::config::profile::ProfileName;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(connection) = json::parse("fuzz", text) else { return };
    let env = Env::fixed([("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_SECRET_ACCESS_KEY", "secret")]);
    let Ok(plan) = plan(&connection, &Ask::default(), &AwsProfiles::default(), &env) else { return };
    let shown = show::to_json(&connection, "fuzz", &[], &plan, "2026-11-21T10:00:00Z".parse().expect("a time"));
    let password = connection.password.as_ref().map(|password| password.expose()).filter(|text| text.len() > 12);
    if let Some(password) = password {
        assert!(!show::to_lines(&shown).join("\n").contains(password) || text.matches(password).count() > 1);
    }
    let name = ProfileName::parse("fuzz").expect("a name");
    let _ = plan.into_profile(&name, &Policy::default(), &env);
});
