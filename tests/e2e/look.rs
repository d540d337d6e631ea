//! The commands that explain an identity, against the IdP that runs here; and the policies they write, against those who
//! know the grammar: parliament with AWS's own list of actions and condition keys, and a parser of HCL.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::profile::{ADMIN, AWS, DEV, OTHER_ACCOUNT, RETIRED, sso_url};
use crate::support::{Home, Profile, lab};

fn with_password() -> Home {
    let mut home = Home::with(&Profile::form("alice"));
    let file = home.secret_file(lab().password("alice"));
    home.configure(&Profile::form("alice").saml(&format!(r#"password = {{ file = "{}" }}"#, file.display())));
    home
}

#[test]
fn inspect_tells_what_simplesamlphp_says_and_by_which_certificate() {
    let home = with_password();
    let shown = home.run(home.fedcred().args(["inspect", "lab", "--json"])).json();
    let roles: Vec<&str> = shown["roles"].as_array().unwrap().iter().map(|r| r["role_arn"].as_str().unwrap()).collect();
    for role in [DEV, ADMIN, RETIRED, OTHER_ACCOUNT] {
        assert!(roles.contains(&role), "{role}: {roles:?}");
    }
    assert_eq!((&shown["status"], &shown["session_duration"]), (&json!(["Success"]), &json!(7200)));
    assert_eq!(shown["role_session_name"], "alice@example.test");
    let certificate = &shown["signatures"][0]["certificate"];
    assert!(certificate["not_after"].as_str().is_some_and(|at| at > "2026"), "{certificate}");
    assert_eq!(shown["signatures"][0]["algorithm"], "rsa-sha256");
    assert_eq!(shown["page"]["in_words"], "is a page with a SAML response of SimpleSAMLphp");
    assert_eq!(home.sts.results("AssumeRoleWithSAML"), [""; 0]);
    home.get().succeeds();
}

#[test]
fn pages_of_simplesamlphp_are_known_for_what_they_are() {
    let mut home = Home::with(&Profile::spnego());
    let unknown = sso_url(lab().idp_origin(), "negotiate", "urn:lab:unknown");
    home.configure(&Profile::spnego().idp_url(&unknown));
    home.kinit("alice");
    let outcome = home.run(home.fedcred().args(["inspect", "lab"]));
    outcome.fails_as("xpath-no-match");
    assert!(outcome.stderr.contains("it is an error page of SimpleSAMLphp"), "{}", outcome.stderr);

    // A cookie that does not come back: SimpleSAMLphp's page about it.
    let elsewhere = sso_url(&format!("{}/to-address", lab().idp_origin()), "form", AWS);
    let file = home.secret_file(lab().password("alice"));
    let password = format!(r#"password = {{ file = "{}" }}"#, file.display());
    home.configure(&Profile::form("alice").idp_url(&elsewhere).saml(&password));
    let kept = home.path("page.html");
    let outcome = home.run(home.fedcred().args(["inspect", "lab", "--save"]).arg(&kept));
    outcome.fails_as("xpath-no-match");
    assert!(outcome.stderr.contains("is an error page of SimpleSAMLphp"), "{}", outcome.stderr);
    let outcome = home.run(home.fedcred().args(["inspect", "--from"]).arg(&kept));
    assert!(outcome.stdout.contains("it is an error page of SimpleSAMLphp"), "{}", outcome.stdout);
}

#[test]
fn roles_are_those_of_the_assertion() {
    let home = with_password();
    let shown = home.run(home.fedcred().args(["roles", "lab", "--json", "--no-aliases"])).json();
    let roles = shown["roles"].as_array().unwrap();
    assert_eq!(roles.len(), 4);
    let configured: Vec<&Value> = roles.iter().filter(|role| role["is_configured"] == true).collect();
    assert_eq!((configured.len(), &configured[0]["role_arn"]), (1, &json!(DEV)));
}

/// Profiles of each kind of identity.
const PROFILES: &str = r#"
[profile.token]
role_arn = "arn:aws:iam::112233334444:role/team/Deploy"
region = "eu-west-1"
web_identity = { source = "github-actions" }
[profile.customer]
role_arn = "arn:aws:iam::999988887777:role/Theirs"
region = "eu-west-1"
[profile.customer.assume_role]
source_profile = "token"
external_id = "acme-42"
source_identity = "alice"
tags = { team = "data" }
[profile.saml]
role_arn = "arn:aws:iam::112233334444:role/Analyst"
region = "eu-west-1"
[profile.saml.saml]
principal_arn = "arn:aws:iam::112233334444:saml-provider/corp"
idp_url = "https://idp.example.test/simplesaml/saml2/idp/SSOService.php"
auth = "none"
"#;

/// A token with these claims.
fn token(claims: &Value) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2ln", part(&json!({ "alg": "RS256" })), part(claims))
}

/// An assertion that carries whatever a policy has to allow.
const ASSERTION: &str = r#"<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" xmlns="urn:oasis:names:tc:SAML:2.0:assertion">
<p:Status><p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></p:Status><Assertion><Subject><SubjectConfirmation>
<SubjectConfirmationData Recipient="https://signin.aws.amazon.com/saml"/></SubjectConfirmation></Subject><AttributeStatement>
<Attribute Name="https://aws.amazon.com/SAML/Attributes/Role"><AttributeValue>arn:aws:iam::112233334444:role/Analyst,arn:aws:iam::112233334444:saml-provider/corp</AttributeValue></Attribute>
<Attribute Name="https://aws.amazon.com/SAML/Attributes/PrincipalTag:Team"><AttributeValue>data</AttributeValue></Attribute>
<Attribute Name="https://aws.amazon.com/SAML/Attributes/SourceIdentity"><AttributeValue>alice</AttributeValue></Attribute>
</AttributeStatement></Assertion></p:Response>"#;

/// A home with these profiles, and what they would show in files.
fn world() -> Home {
    let home = Home::configured(PROFILES);
    let claims = |issuer: &str, more: Value| {
        let mut claims = json!({ "iss": issuer, "sub": "someone", "aud": "sts.amazonaws.com" });
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        token(&claims)
    };
    home.write("assertion.xml", ASSERTION);
    home.write(
        "github.jwt",
        &claims("https://token.actions.githubusercontent.com", json!({ "sub": "repo:o/r:ref:refs/heads/main" })),
    );
    home.write("google.jwt", &claims("https://accounts.google.com", json!({ "azp": "107300000000000000000" })));
    home.write(
        "cognito.jwt",
        &claims("https://cognito-identity.amazonaws.com", json!({ "aud": "eu-west-1:12345678" })),
    );
    let tags = json!({ "https://aws.amazon.com/tags": { "principal_tags": { "Team": ["data"] } }, "https://aws.amazon.com/source_identity": "alice" });
    home.write("tags.jwt", &claims("https://idp.example.test/", tags));
    home
}

/// Every kind of identity, as arguments of `trust-policy`.
const IDENTITIES: [&[&str]; 8] = [
    &["saml", "--from", "assertion.xml"],
    &["token", "--from", "github.jwt"],
    &["token", "--from", "google.jwt"],
    &["token", "--from", "cognito.jwt"],
    &["token", "--from", "tags.jwt"],
    &["token", "--issuer", "https://oidc.eks.eu-west-1.amazonaws.com/id/A", "--service-account", "airflow/airflow-*"],
    &["token", "--pod-identity", "--service-account", "airflow/airflow-worker"],
    &["customer"],
];

#[test]
fn every_policy_passes_a_linter_that_knows_awss_actions_and_condition_keys() {
    let home = world();
    for identity in IDENTITIES {
        let arguments = ["--format", "json", "--permissions", "--mwaa", "prod"];
        let shown = home.run(home.fedcred().arg("trust-policy").args(identity).args(arguments));
        assert_eq!(shown.status, Some(0), "{}", shown.stderr);
        assert!(!shown.stdout.contains("ForAllValues"), "{}", shown.stdout);
        home.write("shown.json", &shown.stdout);
        let findings = home.run(home.python("lint_policies.py").arg("shown.json")).json();
        assert_eq!(findings, json!([]), "{identity:?}: {}", shown.stdout);
    }
    // The linter does find what is wrong.
    home.write("shown.json", r#"{"provider": null, "role": {"arn": "*"}, "trust_policy": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRolle"}]}, "permissions": {}}"#);
    let findings = home.run(home.python("lint_policies.py").arg("shown.json")).json();
    assert!(findings[0].as_str().is_some_and(|text| text.contains("UNKNOWN_ACTION")), "{findings}");
}

#[test]
fn the_terraform_is_read_by_a_parser_of_hcl_and_has_every_document() {
    let home = world();
    for identity in IDENTITIES {
        let show = |format: &str| {
            let arguments = ["--format", format, "--permissions", "--mwaa", "prod"];
            let shown = home.run(home.fedcred().arg("trust-policy").args(identity).args(arguments));
            assert_eq!(shown.status, Some(0), "{}", shown.stderr);
            shown.stdout
        };
        let document: Value = serde_json::from_str(&show("json")).unwrap();
        home.write("main.tf", &show("terraform"));
        let read = home.run(home.python("parse_terraform.py").arg("main.tf")).json();
        let resources = read["resource"].as_array().unwrap();
        let of_kind = |kind: &str| resources.iter().filter(|resource| resource.get(kind).is_some()).count();
        let permissions = document["permissions"].as_object().unwrap();
        assert_eq!(
            (of_kind("aws_iam_role"), of_kind("aws_iam_policy")),
            (1, permissions.len()),
            "{identity:?}: {read}"
        );
        let attached = permissions.keys().filter(|name| name.starts_with("airflow-connections")).count();
        assert_eq!(of_kind("aws_iam_role_policy_attachment"), attached, "{identity:?}: {read}");
        // That each document says what the JSON says, a unit test shows; here a second parser reads them at all.
        let documents = resources.iter().flat_map(|resource| resource.as_object().unwrap().values());
        let documents = documents.flat_map(|labelled| labelled.as_object().unwrap().values());
        let documents: Vec<&str> = documents
            .filter_map(|block| block.get("assume_role_policy").or(block.get("policy")))
            .map(|document| document.as_array().map_or(document, |one| &one[0]).as_str().unwrap())
            .collect();
        assert_eq!(documents.len(), 1 + permissions.len(), "{identity:?}: {read}");
        assert!(documents.iter().all(|document| document.contains("jsonencode(")), "{documents:?}");
    }
}
