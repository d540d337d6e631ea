//! Any text as a trust policy, for a token and for an assertion: an error or a verdict, never a panic; and any text as a refusal.
#![no_main]

use fedcred::trust::denial;
use fedcred::trust::engine::check;
use fedcred::trust::request::{Context, Principal, Request};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let now = "2026-11-21T10:00:00Z".parse().expect("a time");
    for (provider, action, keys) in [
        (
            "oidc-provider/issuer.example.com",
            "sts:AssumeRoleWithWebIdentity",
            ["issuer.example.com:aud", "issuer.example.com:sub"],
        ),
        ("saml-provider/corp", "sts:AssumeRoleWithSAML", ["SAML:aud", "SAML:sub"]),
    ] {
        let mut context = Context::default();
        keys.iter().for_each(|key| context.set(key, ["a value"]));
        let request = Request {
            proof: "the proof",
            principal: Principal::Federated(format!("arn:aws:iam::111122223333:{provider}")),
            actions: vec![action],
            context,
            known: Vec::new(),
            unread: Vec::new(),
            undocumented: Vec::new(),
            doubt: None,
        };
        if let Ok(report) = check(text, &request, now) {
            let _ = report.reason();
        }
    }
    let _ = denial::read(text);
});
