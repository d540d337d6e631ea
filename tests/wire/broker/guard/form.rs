//! The same for a password in a form: every page, status and end of a connection that may come for it.

use super::{NoVerdict, Person, Refused, check, form, remembered_ago, times, without_a_verdict};
use crate::support::idp::{Site, at_first, login_page};
use crate::support::pages;
use crate::support::reply::Reply;
use crate::world::World;

#[test]
fn a_password_in_a_form() {
    for (what, reply, code) in without_a_verdict() {
        check(what, form(reply), NoVerdict, code);
    }
    let login = || pages::login_form("/login");
    let identifier = pages::identifier_form("/name");
    let refresh = "<meta http-equiv=refresh content='0; url=/sso'><p>One moment</p>";
    let table = [
        ("the form again", Reply::html(login()), Refused, "idp-rejected"),
        ("the form again with 400", Reply::new(400, "text/html", login()), Refused, "idp-rejected"),
        ("the form again with 401", Reply::new(401, "text/html", login()), Refused, "idp-rejected"),
        ("the form again with 403", Reply::new(403, "text/html", login()), Refused, "idp-rejected"),
        ("the first page again", Reply::html(identifier), NoVerdict, "login-page"),
        ("401", Reply::status(401), NoVerdict, "http-unexpected"),
        ("401 with a page", Reply::new(401, "text/html", "<p>Sign in failed</p>"), NoVerdict, "http-unexpected"),
        ("401 with JSON", Reply::new(401, "application/json", r#"{"error":"no"}"#), NoVerdict, "http-unexpected"),
        ("401 for Kerberos", Reply::status(401).with("WWW-Authenticate", "Negotiate"), NoVerdict, "login-page"),
        ("401 for Basic", Reply::status(401).with("WWW-Authenticate", "Basic realm=x"), NoVerdict, "login-page"),
        ("401 after a redirect", Reply::redirect(303, "/denied"), NoVerdict, "http-unexpected"),
        ("407", Reply::status(407).with("Proxy-Authenticate", "Basic realm=x"), NoVerdict, "http-unexpected"),
        ("elsewhere", Reply::redirect(302, "/elsewhere"), NoVerdict, "xpath-no-match"),
        ("in circles", Reply::redirect(302, "/round"), NoVerdict, "too-many-redirects"),
        ("the form by a refresh", Reply::html(refresh), Refused, "idp-rejected"),
        ("the form with another action", Reply::html(pages::login_form("/other")), Refused, "idp-rejected"),
        ("a German form", Reply::html(in_german(true)), Refused, "idp-rejected"),
        ("a German page", Reply::html(in_german(false)), NoVerdict, "xpath-no-match"),
        ("a Japanese form", Reply::html(in_japanese(true)), Refused, "idp-rejected"),
        ("a Japanese page", Reply::html(in_japanese(false)), NoVerdict, "xpath-no-match"),
        ("a fault in XML", Reply::new(500, "text/xml", FAULT), NoVerdict, "http-5xx"),
        ("a fault in XML with 200", Reply::new(200, "text/xml", FAULT), NoVerdict, "xpath-no-match"),
        ("a new password", Reply::html(pages::change_password_form("/new", 3)), Person, "password-change-required"),
        (
            "a code",
            Reply::html("<form method=post><input name=otp autocomplete=one-time-code></form>"),
            Person,
            "mfa-needed",
        ),
    ];
    for (what, reply, worth, code) in table {
        check(what, form(reply), worth, code);
    }
}

const FAULT: &str = "<S:Envelope xmlns:S='http://schemas.xmlsoap.org/soap/envelope/'><S:Body><S:Fault><faultcode>S:Server\
    </faultcode><faultstring>Login failed</faultstring></S:Fault></S:Body></S:Envelope>";

/// A page that says that the login failed, with the form or without.
fn in_german(has_form: bool) -> String {
    let form = "<form method=post action=/login><label>Benutzer <input name=benutzer></label><label>Kennwort \
        <input type=password name=kennwort></label><button>Anmelden</button></form>";
    let form = if has_form { form } else { "" };
    pages::page(&format!("<h1>Anmeldung</h1><p role=alert>Benutzername oder Kennwort ist falsch.</p>{form}"))
}

fn in_japanese(has_form: bool) -> String {
    let form = "<form method=post action=/login><label>ユーザー名 <input name=uid></label><label>パスワード \
        <input type=password name=pwd></label><button>サインイン</button></form>";
    let form = if has_form { form } else { "" };
    pages::page(&format!("<h1>サインイン</h1><p role=alert>ユーザー名またはパスワードが正しくありません。</p>{form}"))
}

#[test]
fn an_outage_before_a_refusal_is_the_one_more_that_is_allowed() {
    let site = Site::new().get("/sso", login_page("/login"));
    let world = World::form(site.post("/login", at_first(1, Reply::status(503), login_page("/login"))));
    world.get().fails_as("http-5xx");
    for _ in 0..5 {
        world.get_with(&["--force"]).fails_as("idp-rejected");
    }
    remembered_ago(&world, 61);
    world.get_with(&["--force"]).fails_as("secret-refused-before");
    assert_eq!(times(&world), 2);
}
