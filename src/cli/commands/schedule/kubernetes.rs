//! Kubernetes: a CronJob, which is printed only, since the cluster is not known here.

use super::job::{Job, fill};
use crate::quote::config;

/// The CronJob as it is published.
const TEMPLATE: &str = include_str!("../../../../packaging/kubernetes/cronjob.yaml");

pub fn cron_job(job: &Job) -> String {
    // Without the paths of this machine, which stand before `refresh`.
    let from = job.arguments.iter().position(|word| word == "refresh").unwrap_or_default();
    let words: Vec<String> = job.arguments[from..].iter().map(|word| config::kubernetes_argument(word)).collect();
    fill(
        TEMPLATE,
        &[
            ("schedule: \"*/5 * * * *\"", format!("schedule: \"{}\"", job.every.as_cron())),
            ("args: [\"refresh\", \"--all\"]", format!("args: [{}]", words.join(", "))),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::super::job::tests::{odd, packaged};
    use super::*;

    const SIDECAR: &str = include_str!("../../../../packaging/kubernetes/sidecar.yaml");

    #[test]
    fn what_a_package_holds_is_what_would_be_printed() {
        assert_eq!(cron_job(&packaged("/usr/bin/fedcred", "/unused")), TEMPLATE);
        let came = cron_job(&odd());
        assert!(came.contains(r#"args: ["refresh", "--", "-50% \"of\" <it's> $$HOME\\"]"#), "{came}");
        assert!(came.contains(r#"schedule: "0 */2 * * *""#));
    }

    #[test]
    fn all_files_are_yaml() {
        for text in [TEMPLATE, SIDECAR, include_str!("../../../../packaging/kubernetes/kustomization.yaml")] {
            for event in saphyr_parser::Parser::new_from_str(text) {
                event.unwrap();
            }
        }
    }

    #[test]
    fn the_configurations_in_them_are_good() {
        use crate::config::Config;
        use crate::process::env::Env;
        for text in [TEMPLATE, SIDECAR] {
            let (_, toml) = text.split_once("config.toml: |\n").unwrap();
            let toml: String = toml.lines().map(|line| format!("{}\n", line.trim_start())).collect();
            let home = tempfile::tempdir().unwrap();
            let path = home.path().join("config.toml");
            std::fs::write(&path, toml).unwrap();
            let config = Config::load(&Env::fixed([("HOME", home.path())]), Some(&path)).unwrap();
            assert_eq!(config.check(), []);
            assert!(config.profile("default").is_ok());
        }
    }
}
