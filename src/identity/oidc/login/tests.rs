//! Whole logins against a provider on loopback.

mod refresh;

use std::cell::{Cell, RefCell};
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::address::IssuerUrl;
use crate::identity::oidc::jws;
use crate::identity::oidc::stub::{Sent, Stub, run};
use crate::process::env::Env;

const LONG: Duration = Duration::from_secs(20);

/// Nobody: counts how often it was asked.
#[derive(Default)]
pub struct Silent(Cell<usize>);

impl Silent {
    pub fn visits(&self) -> usize {
        self.0.get()
    }
}

impl LoginUi for Silent {
    fn visit(&self, _: &Page<'_>) {
        self.0.set(self.0.get() + 1);
    }
}

/// An OpenID provider. `answer` may decide for itself; it is given the provider's origin.
pub fn provider(answer: impl Fn(&Sent, &str) -> Option<(u16, Value)> + Send + 'static) -> Stub {
    Stub::start(move |sent| {
        let origin = format!("http://{}", sent.header("host").unwrap());
        answer(sent, &origin).unwrap_or_else(|| match sent.line.as_str() {
            "GET /.well-known/openid-configuration" => (200, discovery(&origin)),
            "GET /jwks" => (200, json!({ "keys": [jws::tests::rsa_jwk()] })),
            _ => (404, json!({})),
        })
    })
}

fn discovery(origin: &str) -> Value {
    json!({
        "issuer": origin, "token_endpoint": format!("{origin}/token"), "jwks_uri": format!("{origin}/jwks"),
        "authorization_endpoint": format!("{origin}/authorize?kept=yes"),
        "device_authorization_endpoint": format!("{origin}/device"),
    })
}

/// The client `us` of the stub.
pub fn settings(stub: &Stub) -> Oidc {
    Oidc {
        issuer: IssuerUrl::parse(&stub.url("")).unwrap(),
        client_id: "us".into(),
        client_secret: None,
        flow: Flow::Browser,
        scope: "openid offline_access".into(),
        resource: None,
        token: Token::Id,
        redirect_uri: Url::parse("http://127.0.0.1/callback").unwrap(),
        auth_params: vec![],
        ca_bundle: None,
    }
}

pub async fn discover(settings: &Oidc) -> Issuer<'_> {
    Issuer::discover(settings, a_run(no_env())).await.map_err(|e| format!("{e:?}")).unwrap()
}

fn lenient() -> &'static dyn crate::attempt::Ledger {
    Box::leak(Box::<crate::attempt::tests::Lenient>::default())
}

fn a_run(env: Env) -> Run<'static> {
    Run::alone(Box::leak(Box::new(env)), Box::leak(Box::new(Deadline::after(LONG))), lenient())
}

fn no_env() -> Env {
    Env::fixed::<String, String>([])
}

/// A token of the stub's for `audience`, with these changes.
fn signed(origin: &str, audience: &str, changes: Value) -> String {
    let now = crate::time::now().as_second();
    let mut claims = json!({ "iss": origin, "sub": "alice", "aud": audience, "iat": now, "exp": now + 600 });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    jws::tests::rsa().sign(&claims).unwrap().expose().to_owned()
}

/// A keyring of one, and what was done with it.
#[derive(Default)]
struct Kept {
    token: RefCell<Option<String>>,
    is_full: Cell<bool>,
    /// Whether the next write is the last that there is room for.
    fills: Cell<bool>,
}

impl Kept {
    fn with(token: &str) -> Kept {
        Kept { token: RefCell::new(Some(token.into())), is_full: Cell::new(false), fills: Cell::new(false) }
    }

    fn now(&self) -> Option<String> {
        self.token.borrow().clone()
    }

    /// The refresh token in it.
    fn refresh_token(&self) -> Option<String> {
        Some(stored_login::StoredLogin::read(Secret::new(self.now()?)).refresh_token.expose().to_owned())
    }
}

impl RefreshTokenStore for Kept {
    fn load(&self) -> Result<Option<Secret>> {
        Ok(self.now().map(Secret::new))
    }

    fn replace(&self, token: &Secret) -> Result<()> {
        if self.is_full.get() {
            return Err(Error::new(Code::CacheWrite, "full"));
        }
        *self.token.borrow_mut() = Some(token.expose().to_owned());
        self.is_full.set(self.fills.get());
        Ok(())
    }

    fn forget(&self) -> Result<()> {
        *self.token.borrow_mut() = None;
        Ok(())
    }
}

fn silently(settings: &Oidc, kept: &Kept) -> Result<Secret> {
    run(silent(settings, kept, a_run(no_env())))
}

#[test]
fn a_provider_that_calls_itself_otherwise_is_not_believed() {
    for other in ["https://mallory.example.com", "SELF/"] {
        let stub = provider(move |_, origin| {
            let mut document = discovery(origin);
            document["issuer"] = other.replace("SELF", origin).into();
            Some((200, document))
        });
        let error = silently(&settings(&stub), &Kept::with("first")).unwrap_err();
        assert_eq!(error.code, Code::TokenInvalid);
        assert_eq!(stub.sent().len(), 1, "the refresh token went nowhere");
    }
}

#[test]
fn an_issuer_may_end_in_a_slash() {
    let stub = provider(|sent, origin| {
        let mut document = discovery(origin);
        document["issuer"] = format!("{origin}/").into();
        (sent.line == "GET /.well-known/openid-configuration").then_some((200, document))
    });
    let settings = Oidc { issuer: IssuerUrl::parse(&stub.url("/")).unwrap(), ..settings(&stub) };
    assert_eq!(run(discover(&settings)).settings.issuer.as_written(), stub.url("/"));
}

#[test]
fn a_machine_logs_in_with_its_secret_as_the_provider_takes_it() {
    let table =
        [(json!(null), Some("Basic dXMrJTI2Kzp3ZSUzQWxs"), None), (json!(["client_secret_post"]), None, Some("we:ll"))];
    for (methods, header, field) in table {
        let stub = provider(move |sent, origin| match sent.line.as_str() {
            "POST /token" => Some((200, json!({ "access_token": signed(origin, "urn:aws", json!({})) }))),
            "GET /.well-known/openid-configuration" => {
                let mut document = discovery(origin);
                document["token_endpoint_auth_methods_supported"] = methods.clone();
                Some((200, document))
            }
            _ => None,
        });
        let settings = Oidc {
            client_id: "us & ".into(),
            client_secret: Some(crate::config::profile::SecretSource::Env("SECRET".into())),
            flow: Flow::ClientCredentials,
            scope: "api".into(),
            resource: Some("urn:aws".into()),
            token: Token::Access,
            ..settings(&stub)
        };
        let env = Env::fixed([("SECRET", "we:ll")]);
        run(silent(&settings, &Kept::default(), a_run(env))).unwrap();
        let sent = stub.sent().into_iter().find(|sent| sent.line == "POST /token").unwrap();
        assert_eq!((sent.header("authorization"), sent.field("client_secret")), (header, field));
        for (name, value) in [("grant_type", "client_credentials"), ("scope", "api"), ("resource", "urn:aws")] {
            assert_eq!(sent.field(name), Some(value));
        }
    }
}

#[test]
fn a_token_that_is_not_there_or_no_jwt_is_told_with_the_setting_that_helps() {
    let table =
        [(Token::Id, "gave no id_token", "token = \"access\""), (Token::Access, "cannot be trusted", "`resource`")];
    for (token, what, hint) in table {
        let stub = provider(|sent, _| (sent.line == "POST /token").then(|| (200, json!({ "access_token": "opaque" }))));
        let settings = Oidc { flow: Flow::ClientCredentials, token, ..settings(&stub) };
        let error = silently(&settings, &Kept::default()).unwrap_err();
        assert_eq!(error.code, Code::TokenInvalid);
        assert!(error.what.contains(what) && error.hint.as_deref().unwrap().contains(hint), "{error:?}");
    }
}

/// A browser that logs in at once, at a provider that says so by redirecting.
struct Browser {
    nonce: std::sync::Arc<std::sync::Mutex<String>>,
}

impl LoginUi for Browser {
    fn visit(&self, page: &Page<'_>) {
        let query: std::collections::HashMap<String, String> = page.url.query_pairs().into_owned().collect();
        self.nonce.lock().unwrap().clone_from(&query["nonce"]);
        let back = Url::parse(&query["redirect_uri"]).unwrap();
        let state = query["state"].clone();
        std::thread::spawn(move || {
            use std::io::Write;
            let mut stream = std::net::TcpStream::connect(("127.0.0.1", back.port().unwrap())).unwrap();
            write!(stream, "GET {}?code=the-code&state={state} HTTP/1.1\r\n\r\n", back.path()).unwrap();
        });
    }
}

#[test]
fn a_login_in_the_browser_ends_with_a_token_for_this_very_login() {
    for (is_replayed, expected) in [(false, None), (true, Some(Code::TokenInvalid))] {
        let nonce = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
        let known = nonce.clone();
        let stub = provider(move |sent, origin| {
            let nonce = if is_replayed { "of-another-login".into() } else { known.lock().unwrap().clone() };
            let id_token = signed(origin, "us", json!({ "nonce": nonce }));
            let body = json!({ "access_token": "a", "id_token": id_token, "refresh_token": "first" });
            (sent.line == "POST /token").then_some((200, body))
        });
        let settings = settings(&stub);
        let outcome = run(interactive(&settings, &Browser { nonce }, a_run(no_env())));
        assert_eq!(outcome.as_ref().err().map(|e| e.code), expected);
        let sent = stub.sent().into_iter().find(|sent| sent.line == "POST /token").unwrap();
        assert_eq!(sent.field("code"), Some("the-code"));
        assert_eq!(sent.field("code_verifier").map(str::len), Some(43));
        assert!(sent.field("redirect_uri").unwrap().starts_with("http://127.0.0.1:"));
        if let Ok(tokens) = outcome {
            assert_eq!(tokens.refresh_token.unwrap().expose(), "first");
        }
    }
}
