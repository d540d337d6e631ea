use super::*;

const SESSION: &str = "arn:aws:sts::112233334444:assumed-role/Dev/alice";

fn role(arn: &str) -> RoleArn {
    RoleArn::parse(arn).unwrap()
}

/// The sentences of a line, for the profile dev.
fn said(line: &str) -> String {
    let dev = role("arn:aws:iam::112233334444:role/team/Dev");
    let own = Own { profile: "dev", role: Some(&dev), base: None, region: Some("eu-west-1") };
    explain(&read(line).unwrap_or_else(|| panic!("no refusal: {line}")), own).join("\n")
}

type Parts<'a> = (Option<&'a str>, Option<&'a str>, Option<&'a str>, Policy, Effect);

fn parts(denial: &Denial) -> Parts<'_> {
    (denial.principal.as_deref(), denial.action.as_deref(), denial.resource.as_deref(), denial.policy, denial.effect)
}

#[test]
fn refusals_are_taken_apart_as_services_write_them() {
    use Effect::{Denied, Either, NotAllowed};
    // As the IAM User Guide and public reports show them.
    let table: Vec<(String, Parts<'_>)> = vec![
        (
            format!("An error occurred (AccessDenied) when calling the GetObject operation: User: {SESSION} is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::bucket/key\" because no identity-based policy allows the s3:GetObject action"),
            (Some(SESSION), Some("s3:GetObject"), Some("arn:aws:s3:::bucket/key"), Policy::Identity, NotAllowed),
        ),
        (
            format!("User: {SESSION} is not authorized to perform: ec2:RunInstances with an explicit deny in a service control policy"),
            (Some(SESSION), Some("ec2:RunInstances"), None, Policy::ServiceControl, Denied),
        ),
        (
            format!("User: {SESSION} is not authorized to perform: s3:PutObject on resource: \"arn:aws:s3:::b/service control policy/k\" with an explicit deny in a resource-based policy"),
            (Some(SESSION), Some("s3:PutObject"), Some("arn:aws:s3:::b/service control policy/k"), Policy::Resource, Denied),
        ),
        (
            format!("User: {SESSION} is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-west-1:1:key/x because no resource-based policy allows the kms:Decrypt action"),
            (Some(SESSION), Some("kms:Decrypt"), Some("arn:aws:kms:eu-west-1:1:key/x"), Policy::Resource, NotAllowed),
        ),
        (
            format!("User: {SESSION} is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access"),
            (Some(SESSION), Some("kms:Decrypt"), None, Policy::Resource, Either),
        ),
        (
            format!("User: {SESSION} is not authorized to perform: s3:ListBucket because no session policy allows the s3:ListBucket action"),
            (Some(SESSION), Some("s3:ListBucket"), None, Policy::Session, NotAllowed),
        ),
        (
            format!("com.amazonaws.services.s3.model.AmazonS3Exception: User: {SESSION} is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::1:role/x (Service: AWSSecurityTokenService; Status Code: 403; Error Code: AccessDenied)"),
            (Some(SESSION), Some("sts:AssumeRole"), Some("arn:aws:iam::1:role/x"), Policy::Untold, NotAllowed),
        ),
        (
            "An error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: Not authorized to perform sts:AssumeRoleWithWebIdentity".to_owned(),
            (None, Some("sts:AssumeRoleWithWebIdentity"), None, Policy::Trust, NotAllowed),
        ),
        (
            "An error occurred (UnauthorizedOperation) when calling the RunInstances operation: You are not authorized to perform this operation. Encoded authorization failure message: AbC".to_owned(),
            (None, None, None, Policy::Encoded, NotAllowed),
        ),
        (
            "botocore.exceptions.ClientError: An error occurred (AccessDenied) when calling the ListBuckets operation: Access Denied".to_owned(),
            (None, Some("s3:ListAllMyBuckets"), None, Policy::Untold, NotAllowed),
        ),
        (
            "fatal error: An error occurred (403) when calling the HeadObject operation: Forbidden".to_owned(),
            (None, Some("s3:GetObject"), None, Policy::Untold, NotAllowed),
        ),
        (
            "User: anonymous is not authorized to perform: es:ESHttpGet because no resource-based policy allows the es:ESHttpGet action".to_owned(),
            (Some("anonymous"), Some("es:ESHttpGet"), None, Policy::Resource, NotAllowed),
        ),
    ];
    for (text, expected) in table {
        let denial = read(&text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(parts(&denial), expected, "{text}");
    }
    assert_eq!(read("Segmentation fault"), None);
}

#[test]
fn however_it_is_wrapped_quoted_or_escaped_it_says_the_same() {
    let line = format!(
        "User: {SESSION} is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::bkt/some/key\" because no identity-based policy allows the s3:GetObject action"
    );
    let expected =
        (Some(SESSION), Some("s3:GetObject"), Some("arn:aws:s3:::bkt/some/key"), Policy::Identity, Effect::NotAllowed);
    let json = serde_json::json!({ "errorMessage": line, "requestId": "1" }).to_string();
    let words = line.split(' ').collect::<Vec<_>>();
    let hard: String =
        line.chars().collect::<Vec<_>>().chunks(40).map(|chunk| chunk.iter().collect::<String>() + "\n").collect();
    let carriers = [
        line.clone(),
        json.clone(),
        serde_json::json!({ "log": json }).to_string(),
        words.join("\n"),
        words.chunks(4).map(|words| format!("> {}\r\n", words.join(" "))).collect::<String>(),
        words.chunks(5).map(|words| format!("│ {} │\n", words.join(" "))).collect::<String>(),
        hard,
        format!("\u{1b}[31m{line}\u{1b}[0m"),
        format!("<Error><Code>AccessDenied</Code><Message>{}</Message></Error>", line.replace('"', "&quot;")),
        format!("\"{}\"", line.replace('"', "'")),
        format!("2026-11-26T12:00:00Z ERROR task-1 | {line}."),
    ];
    for text in carriers {
        let denial = read(&text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(parts(&denial), expected, "{text}");
    }
}

#[test]
fn a_deny_is_never_answered_with_an_allow() {
    let policies = [
        ("an identity-based policy", Policy::Identity, "list-attached-role-policies --role-name Dev"),
        ("a resource-based policy", Policy::Resource, "the resource's owner"),
        ("a service control policy", Policy::ServiceControl, "organization"),
        ("a resource control policy", Policy::ResourceControl, "organization"),
        ("a permissions boundary", Policy::Boundary, "PermissionsBoundary"),
        ("a session policy", Policy::Session, "`policy_arns`"),
        ("a VPC endpoint policy", Policy::VpcEndpoint, "describe-vpc-endpoints"),
        ("a role trust policy", Policy::Trust, "trust policy"),
    ];
    for (words, policy, step) in policies {
        let line = format!(
            "User: {SESSION} is not authorized to perform: s3:PutObject on resource: \"arn:aws:s3:::bkt/key\" with an explicit deny in {words}"
        );
        let denial = read(&line).unwrap();
        assert_eq!((denial.policy, denial.effect), (policy, Effect::Denied), "{words}");
        let said = said(&line);
        assert!(said.contains("denies it") && said.contains(step), "{said}");
        assert!(!said.contains("\"Allow\"") && !said.contains("does not allow"), "{said}");
    }
    let line = format!(
        "User: {SESSION} is not authorized to perform: s3:PutObject with an explicit deny in a service control policy: arn:aws:organizations::1:policy/o-1/service_control_policy/p-1"
    );
    assert!(said(&line).contains("policy/o-1/service_control_policy/p-1"));
    assert!(
        said(&format!("User: {SESSION} is not authorized to perform: s3:PutObject with an explicit deny"))
            .contains("does not say which")
    );
}

#[test]
fn a_missing_allow_has_its_own_next_step_for_each_policy() {
    let steps = [
        ("no identity-based policy", "\"Action\":\"s3:PutObject\""),
        ("no resource-based policy", "get-bucket-policy --bucket bkt"),
        ("no session policy", "fedcred config show dev"),
        ("no permissions boundary", "get-role --role-name Dev --query Role.PermissionsBoundary"),
        ("no service control policy", "organization"),
        ("no resource control policy", "organization"),
        ("no VPC endpoint policy", "describe-vpc-endpoints"),
    ];
    for (words, step) in steps {
        let said = said(&format!(
            "User: {SESSION} is not authorized to perform: s3:PutObject on resource: \"arn:aws:s3:::bkt/key\" because {words} allows the s3:PutObject action"
        ));
        assert!(said.contains(step), "{words}: {said}");
    }
}

#[test]
fn who_asked_is_told_by_kind() {
    let line = |principal: &str| {
        said(&format!(
            "User: {principal} is not authorized to perform: s3:GetObject because no identity-based policy allows the s3:GetObject action"
        ))
    };
    let table = [
        (SESSION, "it is the role of the profile", "a policy of Dev"),
        ("arn:aws:sts::***:assumed-role/Dev/alice", "it is the role of the profile", "a policy of Dev"),
        (
            "arn:aws:sts::999988887777:assumed-role/Dev/alice",
            "of the same name, but of account 999988887777",
            "a policy of Dev",
        ),
        (
            "arn:aws:iam::112233334444:user/team/bob",
            "other credentials were used",
            "the user bob, or of a group it is in",
        ),
        ("arn:aws:sts::112233334444:federated-user/bob", "other credentials were used", "the federated user bob"),
        ("arn:aws:iam::112233334444:root", "other credentials were used", "the account's root user"),
        ("arn:aws:iam::112233334444:role/Other", "other credentials were used", "a policy of Other"),
    ];
    for (principal, who, whom) in table {
        let said = line(principal);
        assert!(said.contains(who) && said.contains(whom), "{said}");
    }
}

#[test]
fn a_chains_own_base_is_no_stranger_and_the_asked_role_has_the_trust_policy() {
    let (own_role, base) =
        (role("arn:aws:iam::210987654321:role/Customer"), role("arn:aws:iam::112233334444:role/Base"));
    let own = Own { profile: "cust", role: Some(&own_role), base: Some(&base), region: None };
    for reason in [" because no role trust policy allows the sts:AssumeRole action", ""] {
        let line = format!(
            "User: arn:aws:sts::112233334444:assumed-role/Base/s is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::210987654321:role/Customer{reason}"
        );
        let said = explain(&read(&line).unwrap(), own).join("\n");
        assert!(said.contains("the base role of the profile") && !said.contains("other credentials"), "{said}");
        assert!(said.contains("--role-name Customer") && !said.contains("--role-name Base"), "{said}");
    }
}

#[test]
fn what_is_offered_is_a_statement_that_iam_takes() {
    let table = [
        (
            "secretsmanager:GetSecretValue",
            "airflow/connections/x",
            "arn:aws:secretsmanager:eu-west-1:112233334444:secret:airflow/connections/x-??????",
        ),
        ("ssm:GetParameter", "/airflow/x", "arn:aws:ssm:eu-west-1:112233334444:parameter/airflow/x"),
        ("s3:GetObject", "arn:aws:s3:::b/k", "arn:aws:s3:::b/k"),
        (
            "airflow:CreateWebLoginToken",
            "arn:aws:airflow:eu-west-1:***:role/env/Admin",
            "arn:aws:airflow:eu-west-1:*:role/env/Admin",
        ),
        ("athena:GetWorkGroup", "primary", "*"),
    ];
    for (action, resource, expected) in table {
        let said = said(&format!(
            "User: {SESSION} is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the {action} action"
        ));
        let at = said.find("{\"Effect\"").unwrap_or_else(|| panic!("{said}"));
        let offered: serde_json::Value = serde_json::from_str(&said[at..]).unwrap();
        assert_eq!((offered["Action"].as_str(), offered["Resource"].as_str()), (Some(action), Some(expected)));
    }
    // Nothing is made up of a line that is cut off.
    for line in [
        format!("User: {SESSION} is not authorized to perform: s3:GetOb…"),
        format!("User: {SESSION} is not authorized to perform: s3:GetOb..."),
        "AccessDenied".to_owned(),
    ] {
        assert!(!said(&line).contains("\"Effect\""), "{}", said(&line));
    }
}

const REFUSALS: &str = include_str!("../../../tests/data/trust/refusals.json");

#[test]
fn lines_as_strangers_bring_them_are_read_and_never_answered_with_too_much() {
    let table: serde_json::Value = serde_json::from_str(REFUSALS).unwrap();
    let rows = table["rows"].as_array().unwrap();
    assert!(rows.len() >= 45, "{}", rows.len());
    let mut wrong = Vec::new();
    for row in rows {
        let line = row["line"].as_str().unwrap();
        let Some(denial) = read(line) else {
            wrong.push(format!("{}: no refusal", row["what"]));
            continue;
        };
        let found = serde_json::json!([denial.policy.id(), denial.effect.id(), denial.action, denial.resource]);
        let expected = serde_json::json!([row["policy"], row["effect"], row["action"], row["resource"]]);
        if found != expected {
            wrong.push(format!("{}: {found}, not {expected}", row["what"]));
        }
        let said = said(line);
        let has = |words: &serde_json::Value| said.contains(words.as_str().unwrap());
        for words in row["says"].as_array().unwrap().iter().filter(|words| !has(words)) {
            wrong.push(format!("{}: {words} is not in {said}", row["what"]));
        }
        for words in row["never"].as_array().unwrap().iter().filter(|words| has(words)) {
            wrong.push(format!("{}: {words} is in {said}", row["what"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}
