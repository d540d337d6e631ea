//! The reason of a verdict: the line that keeps somebody out, with what differs.

use super::*;

#[test]
fn the_line_that_keeps_somebody_out_is_named_with_both_sides() {
    let table: Value = serde_json::from_str(VERDICTS).unwrap();
    let reasons = [
        ("GitHub: another environment", "it has to be \"repo:acme/app:environment:test\""),
        ("GitHub: iss is no key", "it does not read this claim"),
        ("GitHub: nonesuch is no key", "AWS has no condition key"),
        ("GitHub: a key of another issuer", "is not a key of the token"),
        ("another issuer: without the slash at its end", "a slash at the end of an issuer counts"),
        ("another issuer: with the scheme in the provider", "without its scheme"),
        ("policy: effect in the wrong case", "IAM accepts only Allow and Deny"),
        ("policy: an explicit denial", "denies it"),
        ("policy: Principal *", "STAR"),
        ("another issuer: tags without TagSession", "no statement allows sts:TagSession"),
        ("another issuer: TagSession for another tag", "statement 2, StringEquals aws:RequestTag/Team"),
        ("policy: every action of every service", "may only specify STS AssumeRole actions"),
        ("policy: a denial unless a claim fits that AWS does not read", "denies it"),
        ("role: an id of a role that is gone", "deleted"),
        ("role: another session of the role", "only one session of the role"),
    ];
    for (what, words) in reasons {
        let row = table["rows"].as_array().unwrap().iter().find(|row| row["what"] == what).unwrap();
        let (policy, request) = case(row, &table["tokens"]);
        let reason = check(&policy, &request, now()).unwrap().reason();
        assert!(reason.contains(words), "{what}: {reason}");
    }
}

/// The verdict on the line `what` of a statement with these elements, which allows the call of `request`.
fn line(request: &Request, what: &str, elements: Value) -> Verdict {
    let mut statement = json!({ "Effect": "Allow", "Action": request.actions[0] });
    statement.as_object_mut().unwrap().extend(elements.as_object().unwrap().clone());
    let report = check(&json!({ "Statement": statement }).to_string(), request, now()).unwrap();
    report.statements[0].lines.iter().find(|line| line.what.starts_with(what)).unwrap().verdict.clone()
}

#[test]
fn of_several_values_one_has_to_match_and_none_may_match_a_negation() {
    for (operator, value, holds) in [
        ("StringEquals", "member", true),
        ("StringEquals", "guest", false),
        ("StringNotEquals", "member", false),
        ("StringNotEquals", "guest", true),
    ] {
        let condition = json!({ "Condition": { operator: { "SAML:edupersonaffiliation": value } }, "Principal": "*" });
        let verdict = line(&assertion(), "String", condition);
        assert_eq!(matches!(verdict, Verdict::Holds(_)), holds, "{operator} {value}: {verdict:?}");
    }
}

#[test]
fn a_principal_is_compared_by_kind_and_id_and_the_reason_names_what_differs() {
    let ours = "arn:aws:iam::112233334444:saml-provider/corp";
    for (kind, id, holds) in [("Federated", ours, false), ("Federated", "cognito", true), ("AWS", ours, true)] {
        let verdict = line(&assertion(), "Principal", json!({ "NotPrincipal": { kind: id } }));
        assert_eq!(matches!(verdict, Verdict::Holds(_)), holds, "{kind} {id}: {verdict:?}");
    }
    let token = oidc::request(&token(&json!({ "iss": "https://idp.example.com/", "sub": "a", "aud": "c" })), &role());
    let provider = |name: &str| format!("arn:aws:iam::112233334444:oidc-provider/{name}");
    let fails = |names: &[&str]| {
        let ids: Vec<String> = names.iter().map(|name| provider(name)).collect();
        match line(&token, "Principal", json!({ "Principal": { "Federated": ids } })) {
            Verdict::Fails(why) => why,
            other => panic!("{other:?}"),
        }
    };
    let several = fails(&["one.example", "two.example"]);
    assert!(several.contains("one.example") && several.contains("two.example"), "{several}");
    assert!(fails(&["idp.example.com"]).contains("a slash at the end"));
    assert!(!fails(&["one.example"]).contains("slash"));
}

#[test]
fn a_statement_for_another_action_is_named_with_its_action() {
    let verdict = line(&assertion(), "Action", json!({ "Action": "sts:AssumeRole", "Principal": "*" }));
    assert!(matches!(&verdict, Verdict::Fails(why) if why.starts_with("it is \"sts:AssumeRole\"")), "{verdict:?}");
}
