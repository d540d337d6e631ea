//! The refresh grant, and what becomes of the refresh token.

use super::*;

/// A provider that rotates, and gives id_tokens with these changes.
fn rotating(changes: Value) -> Stub {
    provider(move |sent, origin| {
        (sent.line == "POST /token").then(|| match sent.field("refresh_token") {
            Some("first") => {
                let id_token = signed(origin, "us", changes.clone());
                (200, json!({ "access_token": "a", "id_token": id_token, "refresh_token": "second" }))
            }
            _ => (400, json!({ "error": "invalid_grant", "error_description": "used" })),
        })
    })
}

#[test]
fn a_refresh_keeps_the_new_token_in_place_of_the_old() {
    let stub = rotating(json!({}));
    let kept = Kept::with("first");
    assert!(silently(&settings(&stub), &kept).is_ok());
    assert_eq!(kept.refresh_token().as_deref(), Some("second"));
    let grants: Vec<Sent> = stub.sent().into_iter().filter(|sent| sent.line == "POST /token").collect();
    assert_eq!(grants.len(), 1);
    assert_eq!((grants[0].field("client_id"), grants[0].field("grant_type")), (Some("us"), Some("refresh_token")));
}

#[test]
fn the_new_refresh_token_is_kept_even_if_the_token_beside_it_is_of_no_use() {
    let table = [
        (json!({ "aud": "them" }), Code::TokenInvalid),
        (json!({ "iss": "https://mallory.example.com" }), Code::TokenInvalid),
        (json!({ "exp": 1 }), Code::TokenExpired),
    ];
    for (changes, code) in table {
        let stub = rotating(changes.clone());
        let kept = Kept::with("first");
        assert_eq!(silently(&settings(&stub), &kept).unwrap_err().code, code, "{changes}");
        assert_eq!(kept.refresh_token().as_deref(), Some("second"));
    }
}

#[test]
fn where_the_new_one_could_not_be_kept_the_old_one_is_not_sent() {
    let stub = rotating(json!({}));
    let kept = Kept { is_full: Cell::new(true), ..Kept::with("first") };
    let error = silently(&settings(&stub), &kept).unwrap_err();
    assert_eq!((error.code, kept.now().as_deref()), (Code::CacheWrite, Some("first")), "{error:?}");
    assert!(stub.sent().iter().all(|sent| !sent.line.starts_with("POST /token")), "{:?}", stub.sent());
}

#[test]
fn where_the_new_one_cannot_be_kept_after_all_the_old_one_is_not_left_to_be_used_twice() {
    let stub = rotating(json!({}));
    let kept = Kept { fills: Cell::new(true), ..Kept::with("first") };
    assert!(silently(&settings(&stub), &kept).is_ok(), "this run has its token");
    assert_eq!(kept.now(), None);
}

/// A provider whose answer to a refresh has no id_token.
fn without_id_token() -> Stub {
    provider(|sent, _| {
        (sent.line == "POST /token").then(|| (200, json!({ "access_token": "a", "refresh_token": "second" })))
    })
}

#[test]
fn a_refresh_without_id_token_goes_on_with_the_last_one_while_it_lives_and_then_asks_for_a_login() {
    let lives = |changes: Value| {
        let stub = without_id_token();
        let last = Secret::new(signed(&stub.url(""), "us", changes));
        let [whole, _] = stored_login::StoredLogin::new(Secret::new("first".into()), Some(last.duplicate())).written();
        let kept = Kept::with(whole.expose());
        (silently(&settings(&stub), &kept), last, kept.now())
    };
    let (token, last, kept) = lives(json!({}));
    assert_eq!(token.unwrap().expose(), last.expose());
    assert!(kept.unwrap().contains("second"), "the new refresh token is kept");
    let (error, _, kept) = lives(json!({ "exp": 1000 }));
    assert_eq!((error.unwrap_err().code, kept), (Code::RefreshTokenGone, None));
    let stub = without_id_token();
    assert_eq!(silently(&settings(&stub), &Kept::with("first")).unwrap_err().code, Code::RefreshTokenGone);
}

#[test]
fn a_refreshed_token_of_somebody_else_is_refused_and_the_login_over() {
    for changes in [json!({ "sub": "mallory" }), json!({ "iss": "https://mallory.example" }), json!({ "aud": "them" })]
    {
        let stub = rotating(changes.clone());
        let last = Secret::new(signed(&stub.url(""), "us", json!({})));
        let [whole, _] = stored_login::StoredLogin::new(Secret::new("first".into()), Some(last)).written();
        let kept = Kept::with(whole.expose());
        assert_eq!(silently(&settings(&stub), &kept).unwrap_err().code, Code::TokenInvalid, "{changes}");
    }
}

#[test]
fn no_refresh_token_is_used_up_where_the_keys_cannot_be_had() {
    let stub = provider(|sent, _| (sent.line == "GET /jwks").then(|| (500, json!({}))));
    let kept = Kept::with("first");
    assert!(silently(&settings(&stub), &kept).is_err());
    assert_eq!(kept.now().as_deref(), Some("first"));
    assert!(!stub.sent().iter().any(|sent| sent.line == "POST /token"));
}

#[test]
fn a_refresh_token_that_is_not_there_or_not_taken_asks_for_a_login() {
    let stub = rotating(json!({}));
    assert_eq!(silently(&settings(&stub), &Kept::default()).unwrap_err().code, Code::RefreshTokenGone);
    assert!(stub.sent().is_empty(), "without one, nobody is asked");
    let kept = Kept::with("stolen");
    let error = silently(&settings(&stub), &kept).unwrap_err();
    assert_eq!((error.code, kept.now()), (Code::RefreshTokenGone, None));
    assert!(error.causes.iter().any(|cause| cause.contains("invalid_grant: used")), "{error:?}");
}

#[test]
fn trouble_at_the_provider_costs_nobody_the_login() {
    let answers = [(503, json!({})), (401, json!({ "error": "invalid_client" })), (200, json!("?")), (302, json!({}))];
    for (status, body) in answers {
        let stub = provider(move |sent, _| (sent.line == "POST /token").then(|| (status, body.clone())));
        let kept = Kept::with("first");
        assert_ne!(silently(&settings(&stub), &kept).unwrap_err().code, Code::RefreshTokenGone);
        assert_eq!(kept.now().as_deref(), Some("first"), "{status}");
        let grants = stub.sent().iter().filter(|sent| sent.line == "POST /token").count();
        assert_eq!(grants, 1, "{status}: a refresh token is not sent twice");
    }
}

#[test]
fn the_answer_of_the_token_endpoint_shows_what_became_of_secret_and_refresh_token() {
    use crate::attempt::Shown::*;
    let said = |error: &str| json!({ "error": error });
    // status, body, WWW-Authenticate; shown of the client's secret, of the refresh token
    let table = [
        (400, said("invalid_grant"), Accepted, Refused),
        (401, said("invalid_client"), Refused, NoVerdict),
        (400, said("invalid_client"), Refused, NoVerdict),
        (400, said("unauthorized_client"), Accepted, NoVerdict),
        (400, said("invalid_request"), NoVerdict, NoVerdict),
        (400, said("temporarily_unavailable"), NoVerdict, NoVerdict),
        (401, json!({}), NoVerdict, NoVerdict),
        (429, json!({}), NoVerdict, NoVerdict),
        (500, json!("<html>"), NoVerdict, NoVerdict),
        (503, json!({}), NoVerdict, NoVerdict),
        (302, json!({}), NoVerdict, NoVerdict),
        (200, json!("<html>"), NoVerdict, NoVerdict),
        (200, json!({}), NoVerdict, NoVerdict),
        (200, json!({ "access_token": null, "token_type": "Bearer" }), NoVerdict, NoVerdict),
        (200, json!({ "access_token": "", "refresh_token": "r" }), NoVerdict, NoVerdict),
        (200, json!([{ "access_token": "a" }]), NoVerdict, NoVerdict),
        (200, said("invalid_client"), Refused, NoVerdict),
        (200, json!({ "access_token": "opaque", "id_token": "no JWT" }), Accepted, Accepted),
    ];
    for (status, body, of_client, of_token) in table {
        for method in ["client_secret_basic", "client_secret_post"] {
            let answer = body.clone();
            let stub = provider(move |sent, origin| match sent.line.as_str() {
                "GET /.well-known/openid-configuration" => {
                    let mut document = discovery(origin);
                    document["token_endpoint_auth_methods_supported"] = json!([method]);
                    Some((200, document))
                }
                "POST /token" => Some((status, answer.clone())),
                _ => None,
            });
            let secret = crate::config::profile::SecretSource::Env("SECRET".into());
            let settings = Oidc { client_secret: Some(secret), ..settings(&stub) };
            let env = Env::fixed([("SECRET", "w")]);
            let ledger = crate::attempt::tests::Lenient::default();
            let outcome =
                run(silent(&settings, &Kept::with("first"), Run::alone(&env, &Deadline::after(LONG), &ledger)));
            assert!(outcome.is_err(), "{status} {body}");
            let shown = |secret: &[u8]| {
                let begun = ledger.0.borrow();
                let attempts: Vec<_> = begun.iter().filter(|(mark, _)| mark == secret).collect();
                assert_eq!(attempts.len(), 1, "sent once: {status} {body}");
                attempts[0].1.shown()
            };
            assert_eq!((shown(b"w"), shown(b"first")), (of_client, of_token), "{status} {body} {method}");
            assert_eq!(stub.sent().iter().filter(|sent| sent.line == "POST /token").count(), 1, "{status} {body}");
        }
    }
}

#[test]
fn a_provider_that_does_not_rotate_keeps_its_token() {
    let stub = provider(|sent, origin| {
        let body = json!({ "access_token": "a", "id_token": signed(origin, "us", json!({})) });
        (sent.line == "POST /token").then_some((200, body))
    });
    let kept = Kept::with("for-ever");
    assert!(silently(&settings(&stub), &kept).is_ok());
    assert_eq!(kept.refresh_token().as_deref(), Some("for-ever"));
}
