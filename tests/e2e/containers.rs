//! `fedcred help containers`, tried: a host and a container are two network namespaces with a bridge address between them.

use crate::support::{Home, Profile};

#[test]
fn a_container_with_a_network_of_its_own_is_served_on_the_bridge_and_only_with_the_token() {
    let home = Home::with(&Profile::spnego());
    home.kinit("alice");
    // Neither network leads to the lab: what is served there is kept here.
    let key = home.get().succeeds()["AccessKeyId"].as_str().unwrap().to_owned();
    let mut unshare = home.command("unshare");
    unshare.args(["--map-root-user", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]);
    unshare.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/data/two_networks"));
    unshare.arg(env!("CARGO_BIN_EXE_fedcred")).arg(home.lab_program("python"));
    let outcome = home.run(&mut unshare);
    assert_eq!(outcome.status, Some(0), "{}{}", outcome.stdout, outcome.stderr);
    let tried: Vec<(&str, &str)> = outcome.stdout.lines().filter_map(|line| line.split_once(": ")).collect();
    let result = |what: &str| tried.iter().find(|(name, _)| *name == what).map_or("not tried", |(_, result)| result);
    let refusal = result("without the allowance");
    assert!(refusal.starts_with("2 error[bad-flag]: "), "{refusal}");
    let warning = result("warned");
    assert!(warning.starts_with("warning: everyone who can reach 169.254.170.2 and has the token"), "{warning}");
    let expected = [
        ("told", "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.2:8181/profile/lab"),
        ("told", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=/run/token"),
        ("without a token", "401"),
        ("with another's token", "401"),
        ("by a name", "403"),
        ("with the token", &format!("200 {key}")),
        ("boto3", &key),
        ("exec", "curl ended with 7"),
        ("exec --env", &key),
    ];
    for tried_and_result in expected {
        assert!(tried.contains(&tried_and_result), "{tried_and_result:?}: {}", outcome.stdout);
    }
    assert_eq!(home.sts.results("AssumeRoleWithSAML"), ["ok"]);
}
