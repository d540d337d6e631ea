//! `login` at an OpenID provider: as whom the person is logged in, who is asked about it, and what a no leaves behind.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use fedcred::identity::oidc::jws::SigningKey;
use fedcred::secret::Secret;
use fedcred::time;
use ring::rsa::PublicKeyComponents;
use ring::signature::RsaKeyPair;
use serde_json::{Value, json};

use crate::harness::run::Run;
use crate::support::idp::Site;
use crate::support::reply::Reply;
use crate::support::server::Request;
use crate::terminal::{Session, WITH_TERMINAL};
use crate::world::World;

const PEM: &str = include_str!("../../data/keys/rsa.pem");
pub const CLIENT: &str = "us";
const REFRESH: &str = "refresh-token-of-the-tests-1234";
const LOGIN: [&str; 4] = ["login", "dev", "--store", "file"];
const QUESTION: &str = "Continue? [Y/n] ";

/// The public half of the provider's key.
fn jwk() -> Value {
    let base64: String = PEM.lines().filter(|line| !line.starts_with('-')).collect();
    let key = RsaKeyPair::from_pkcs8(&BASE64_STANDARD.decode(base64).unwrap()).unwrap();
    let public: PublicKeyComponents<Vec<u8>> = key.public().into();
    let text = |number: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(number);
    json!({ "kty": "RSA", "kid": "1", "use": "sig", "alg": "RS256", "n": text(&public.n), "e": text(&public.e) })
}

/// A provider at whose page a browser is logged in without a word, as whoever it was before.
pub struct Provider {
    pub world: World,
    /// Who has been at the page; `None`: nobody yet.
    visitor: Arc<Mutex<Option<&'static str>>>,
}

fn json(status: u16, body: &Value) -> Reply {
    Reply::new(status, "application/json", body.to_string())
}

pub fn provider() -> Provider {
    let visitor = Arc::new(Mutex::new(Some("alice")));
    let site = Site::new()
        .get("/.well-known/openid-configuration", |request: &Request| {
            let at = |path: &str| format!("{}{path}", request.origin);
            let document = json!({
                "issuer": request.origin, "token_endpoint": at("/token"), "jwks_uri": at("/keys"),
                "device_authorization_endpoint": at("/device"),
            });
            json(200, &document)
        })
        .get("/keys", |_: &Request| json(200, &json!({ "keys": [jwk()] })))
        .post("/device", |request: &Request| {
            let visit = format!("{}/visit", request.origin);
            let body = json!({ "device_code": "d", "user_code": "AB-CD", "verification_uri": visit, "expires_in": 60, "interval": 1 });
            json(200, &body)
        })
        .post("/token", {
            let visitor = visitor.clone();
            move |request: &Request| granted(request, *visitor.lock().unwrap())
        });
    let world = World::beside(site.start().expect("a provider"));
    let origin = world.idp.origin().to_owned();
    world.sts.trust(&origin, CLIENT);
    let world = world.set("web_identity.source", "oidc").set("web_identity.issuer", origin).secret(REFRESH);
    Provider { world: world.set("web_identity.client_id", CLIENT).set("web_identity.flow", "device"), visitor }
}

/// Tokens of the visitor, or of whose refresh token comes.
fn granted(request: &Request, visitor: Option<&'static str>) -> Reply {
    let kept = request.field("refresh_token").and_then(|token| Some(token.strip_prefix(REFRESH)?.to_owned()));
    let Some(sub) = kept.or(visitor.map(str::to_owned)) else {
        return json(400, &json!({ "error": "authorization_pending" }));
    };
    let now = time::now().as_second();
    let claims = json!({
        "iss": request.origin, "aud": CLIENT, "sub": sub, "email": format!("{sub}@example.com"), "iat": now, "exp": now + 600,
    });
    let token = SigningKey::from_pem(&Secret::new(PEM.into()), "1").unwrap().sign(&claims).unwrap();
    let answer = json!({
        "access_token": "a", "token_type": "Bearer", "id_token": token.expose(), "refresh_token": format!("{REFRESH}{sub}"),
    });
    json(200, &answer)
}

impl Provider {
    /// Starts `login` on a terminal, with the browser at the page as this person, or not there yet.
    fn login(&self, visitor: Option<&'static str>, flags: &[&str]) -> Session {
        *self.visitor.lock().unwrap() = visitor;
        let mut command = self.world.command(WITH_TERMINAL[0]);
        command.args(&WITH_TERMINAL[1..]).arg(env!("CARGO_BIN_EXE_fedcred")).args(LOGIN).args(flags);
        Session::start(&mut command)
    }

    fn end(&self, session: Session) -> (Run, String) {
        let ended = session.end();
        let run = Run { status: ended.status, stdout: ended.stdout, stderr: ended.stderr, peak_kib: 0 };
        self.world.record(&run);
        (run, ended.shown)
    }

    /// Logs in as this person, types `keys` once asked, and ends as that ends; where there are no keys, nobody types.
    fn ends(&self, visitor: &'static str, keys: &str, flags: &[&str]) -> (Run, String) {
        let mut session = self.login(Some(visitor), flags);
        if !keys.is_empty() {
            session.sees(QUESTION);
            session.types(keys);
        }
        self.end(session)
    }

    /// As whom a login without a person goes on; `None`: there is nothing to go on with.
    fn goes_on_as(&self) -> Option<String> {
        let run = self.world.get_with(&["--force"]);
        if run.status != Some(0) {
            // Nothing is in the file, and there is no keyring here.
            run.fails_as("keyring-locked");
            return None;
        }
        let calls = self.world.sts.calls();
        let claims = crate::support::token::claims(&calls.last()?["WebIdentityToken"])?;
        Some(claims["sub"].as_str()?.to_owned())
    }
}

#[test]
fn a_first_login_says_as_whom_and_goes_on_when_nobody_answers() {
    for keys in ["", "\n", "y\n", "yes\n"] {
        let provider = provider();
        let (run, shown) = provider.ends("alice", keys, &[]);
        assert_eq!(run.status, Some(0), "{} {shown}", run.stderr);
        assert!(
            shown.contains("Logged in as alice@example.com (sub alice). Continue? [Y/n] (yes after 5 s) "),
            "{shown}"
        );
        assert!(run.stdout.contains("as alice@example.com (sub alice); if that is not you: "), "{}", run.stdout);
        assert_eq!(provider.goes_on_as().as_deref(), Some("alice"));
    }
}

#[test]
fn a_no_keeps_nothing_and_asks_sts_for_nothing() {
    for keys in ["n\n", "NO\n"] {
        let provider = provider();
        let (run, _) = provider.ends("alice", keys, &[]);
        run.fails_as("login-abandoned")
            .saying("as alice@example.com (sub alice) was refused, and nothing of it is stored");
        run.saying("fedcred login dev");
        assert_eq!((provider.world.sts.calls().len(), provider.goes_on_as()), (0, None));
    }
    let provider = provider();
    let (run, _) = provider.ends("alice", "\u{4}", &[]);
    run.fails_as("prompt-needed");
    assert_eq!((provider.world.sts.calls().len(), provider.goes_on_as()), (0, None), "the terminal's end is not a yes");
}

#[test]
fn the_same_person_is_not_asked_again_and_another_one_always() {
    let provider = provider();
    provider.ends("alice", "y\n", &[]);
    let (run, shown) = provider.ends("alice", "", &[]);
    assert_eq!((run.status, shown.contains(QUESTION)), (Some(0), false), "{shown}");

    // Longer than a first login waits.
    let mut session = provider.login(Some("bob"), &[]);
    session.sees(QUESTION);
    std::thread::sleep(Duration::from_secs(6));
    session.types("n\n");
    let (run, shown) = provider.end(session);
    run.fails_as("login-abandoned").saying("as bob@example.com (sub bob) was refused");
    assert!(
        shown.contains("Logged in as bob@example.com (sub bob), and last time as alice. Continue? [Y/n] "),
        "{shown}"
    );
    assert!(!shown.contains("yes after"), "{shown}");
    assert_eq!(provider.goes_on_as().as_deref(), Some("alice"), "what was kept stays");

    let (run, _) = provider.ends("bob", "\n", &[]);
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert_eq!(provider.goes_on_as().as_deref(), Some("bob"));
}

#[test]
fn what_was_typed_before_the_question_is_no_answer_to_it() {
    let provider = provider();
    provider.ends("alice", "y\n", &[]);
    let mut session = provider.login(None, &[]);
    session.sees("AB-CD");
    session.types("\n");
    *provider.visitor.lock().unwrap() = Some("bob");
    session.sees(QUESTION);
    session.types("n\n");
    provider.end(session).0.fails_as("login-abandoned");
    assert_eq!(provider.goes_on_as().as_deref(), Some("alice"));
}

#[test]
fn nobody_is_asked_where_that_is_said_or_nobody_is_there() {
    let provider = provider();
    for visitor in ["alice", "bob"] {
        let (run, shown) = provider.ends(visitor, "", &["--yes"]);
        assert_eq!((run.status, shown.contains(QUESTION)), (Some(0), false), "{shown}");
        assert_eq!(provider.goes_on_as().as_deref(), Some(visitor));
    }
    let before = provider.world.connections();
    for flags in [&LOGIN[..], &[&LOGIN[..], &["--yes"]].concat()] {
        provider.world.run_unattended(flags).fails_as("prompt-needed");
    }
    assert_eq!(provider.world.connections(), before);
}
