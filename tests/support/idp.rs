//! An identity provider as a set of routes, each of which answers as some real product does.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::Method;

use super::assertion::{AWS_ACS, Assertion};
use super::pages;
use super::reply::{Gate, Reply};
use super::server::{Request, Server};
use super::tls::{Authority, LOOPBACK_NAMES};

/// The one account. The password has what form encoding, HTML and shells trip over.
pub const USER: &str = "alice";
pub const PASSWORD: &str = "corr&ct=h+rse %41 \"battery\" 'st<ple";

/// The cookie set with the login form; it must come back with the post.
const SESSION: (&str, &str) = ("session", "s-1");

/// Something that answers a request: a closure, or one reply for all.
pub trait Respond: Send + Sync + 'static {
    fn respond(&self, request: &Request) -> Reply;
}

impl<F: Fn(&Request) -> Reply + Send + Sync + 'static> Respond for F {
    fn respond(&self, request: &Request) -> Reply {
        self(request)
    }
}

impl Respond for Reply {
    fn respond(&self, _: &Request) -> Reply {
        self.clone()
    }
}

/// Routes by method and path; everything else is 404.
#[derive(Default)]
pub struct Site {
    routes: HashMap<(Method, String), Box<dyn Respond>>,
}

impl Site {
    pub fn new() -> Site {
        Site::default()
    }

    pub fn get(self, path: &str, respond: impl Respond) -> Site {
        self.route(Method::GET, path, respond)
    }

    pub fn post(self, path: &str, respond: impl Respond) -> Site {
        self.route(Method::POST, path, respond)
    }

    /// The whole login of a plain product: a redirect to the form, and behind the form the assertion.
    pub fn with_login(assertion: Assertion) -> Site {
        Site::with_login_from("/sso", assertion)
    }

    /// The same, entered by another path.
    pub fn with_login_from(path: &str, assertion: Assertion) -> Site {
        Site::new()
            .get(path, |_: &Request| Reply::redirect(302, "/login?from=sso"))
            .get("/login", login_page("?from=sso"))
            .post("/login", password_check(login_page("?from=sso"), assertion_page(assertion)))
    }

    /// An IdP that already knows who asks.
    pub fn without_login(assertion: Assertion) -> Site {
        Site::new().get("/sso", assertion_page(assertion))
    }

    pub fn start(self) -> io::Result<Server> {
        Server::start(None, move |request| self.respond(request))
    }

    pub fn start_tls(self, authority: &Authority) -> io::Result<Server> {
        Server::start(Some(authority.server(LOOPBACK_NAMES)), move |request| self.respond(request))
    }

    pub fn respond(&self, request: &Request) -> Reply {
        match self.routes.get(&(request.method.clone(), request.path().to_string())) {
            Some(route) => route.respond(request),
            None => Reply::status(404),
        }
    }

    fn route(mut self, method: Method, path: &str, respond: impl Respond) -> Site {
        self.routes.insert((method, path.to_string()), Box::new(respond));
        self
    }
}

/// The login form, with the cookie that must come back.
pub fn login_page(action: &str) -> impl Respond + use<> {
    let page = pages::login_form(action);
    move |_: &Request| {
        Reply::html(page.clone()).with("Set-Cookie", format!("{}={}; Path=/; HttpOnly", SESSION.0, SESSION.1))
    }
}

/// Takes a posted [`login_page`]: `then` for the right password, `again` for a wrong one, 400 where the cookie or the
/// hidden field did not come back.
pub fn password_check(again: impl Respond, then: impl Respond) -> impl Respond {
    move |request: &Request| {
        let fields = request.fields();
        let field = |name: &str| fields.get(name).map(String::as_str);
        if request.cookie(SESSION.0) != Some(SESSION.1) || field("csrf") != Some(pages::CSRF) {
            Reply::status(400)
        } else if field("username") == Some(USER) && field("password") == Some(PASSWORD) {
            then.respond(request)
        } else {
            again.respond(request)
        }
    }
}

/// The page that carries the assertion to AWS.
pub fn assertion_page(assertion: Assertion) -> impl Respond {
    move |_: &Request| saml_page(AWS_ACS, &assertion.base64())
}

/// The HTTP POST binding of any SAML response, to any place.
pub fn saml_page(action: &str, saml_response: &str) -> Reply {
    Reply::html(pages::auto_submit(action, &[("SAMLResponse", saml_response), ("RelayState", "")]))
}

/// 401 with this challenge until the request's `Authorization` is exactly `expected`.
pub fn authorization_check(challenge: &str, expected: &str, then: impl Respond) -> impl Respond {
    let (challenge, expected) = (challenge.to_string(), expected.to_string());
    move |request: &Request| match request.header("authorization") {
        Some(value) if value == expected => then.respond(request),
        _ => Reply::status(401).with("WWW-Authenticate", challenge.clone()),
    }
}

/// What `then` says, when the gate opens.
pub fn held(gate: &Gate, then: impl Respond) -> impl Respond {
    let gate = gate.clone();
    move |request: &Request| Reply::Held(gate.clone(), Box::new(then.respond(request)))
}

/// What `first` says to so many requests, then what `then` says.
pub fn at_first(times: usize, first: impl Respond, then: impl Respond) -> impl Respond {
    let asked = AtomicUsize::new(0);
    move |request: &Request| {
        if asked.fetch_add(1, Ordering::SeqCst) < times { first.respond(request) } else { then.respond(request) }
    }
}
