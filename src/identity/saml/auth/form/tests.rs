//! What is sent for a page before and after the password, and what each page that comes then is worth.

use std::time::Duration;

use super::super::filled;
use super::super::filled::tests::{page, url};
use super::*;
use crate::attempt::Shown;
use crate::attempt::tests::Lenient;
use crate::config::profile::SecretSource;
use crate::process::env::Env;
use crate::time::Deadline;

pub fn auth(username_field: Option<&str>, password_field: Option<&str>) -> FormAuth<'static> {
    let login = FormLogin {
        username_field: username_field.map(str::to_owned),
        password_field: password_field.map(str::to_owned),
        ..FormLogin::new("alice".into(), SecretSource::Env("PW".into()))
    };
    let env = Box::leak(Box::new(Env::fixed([("PW", "s3cret")])));
    let deadline = Box::leak(Box::new(Deadline::after(Duration::from_secs(10))));
    let ledger = Box::leak(Box::<Lenient>::default());
    FormAuth::new(login, Run::alone(env, deadline, ledger))
}

/// What would be sent for this page: `name=value` of each field, or the code of the error.
fn filled(auth: &mut FormAuth, html: &str) -> std::result::Result<Option<String>, Code> {
    let filled = auth.fill(&page(html), &url()).map_err(|e| e.code)?;
    Ok(filled.map(|filled| filled::tests::shown_fields(&filled)))
}

const USER: &str = "<input name=user>";
const PASSWORD: &str = "<input type=password name=pw>";

#[test]
fn user_and_password_go_where_they_belong_and_nothing_else_changes() {
    let table = [
        (format!("<form method=post>{USER}{PASSWORD}</form>"), "user=alice&pw=s3cret"),
        (
            format!(
                "<form method=post><input type=hidden name=csrf value=x>{USER}{PASSWORD}<input type=submit name=go value=In></form>"
            ),
            "csrf=x&user=alice&pw=s3cret&go=In",
        ),
        (
            format!("<form><input type=search name=q></form><form method=post>{USER}{PASSWORD}</form>"),
            "user=alice&pw=s3cret",
        ),
        (
            format!("<form method=post><input name=tenant><input type=email name=login>{PASSWORD}</form>"),
            "tenant=&login=alice&pw=s3cret",
        ),
        (
            format!(
                "<form method=post>{USER}{PASSWORD}<input type=checkbox name=stay value=1><input type=checkbox name=ok value=1 checked></form>"
            ),
            "user=alice&pw=s3cret&ok=1",
        ),
        (
            format!("<form method=post>{USER}{PASSWORD}<input type=password name=trap style='display:none'></form>"),
            "user=alice&pw=s3cret&trap=",
        ),
        (
            format!("<form method=post><input type=hidden name=user value=alice>{PASSWORD}</form>"),
            "user=alice&pw=s3cret",
        ),
    ];
    for (html, expected) in table {
        assert_eq!(filled(&mut auth(None, None), &html), Ok(Some(expected.into())), "{html}");
    }
}

#[test]
fn what_would_be_a_guess_is_an_error() {
    let two = format!("<form method=post>{PASSWORD}</form><form method=post>{PASSWORD}</form>");
    let table = [
        (two, Code::LoginFormUnclear),
        (format!("<form method=post><input name=a><input name=b>{PASSWORD}</form>"), Code::LoginFormUnclear),
        (format!("<form method=get>{USER}{PASSWORD}</form>"), Code::LoginFormUnclear),
        (
            format!("<form method=post>{USER}{PASSWORD}<input type=password name=passwd2></form>"),
            Code::LoginFormUnclear,
        ),
        (format!("<form method=post>{USER}{PASSWORD}<input type=password name=passcode></form>"), Code::MfaNeeded),
        (format!("<form method=post>{USER}{PASSWORD}<input name=token required></form>"), Code::MfaNeeded),
        (format!("<form method=post>{USER}{PASSWORD}<img src=/captcha.png><input name=x></form>"), Code::CaptchaNeeded),
        (format!("<form method=post>{USER}{PASSWORD}<div class=g-recaptcha></div></form>"), Code::CaptchaNeeded),
        (format!("<form method=post>{USER}<input type=password name=new></form>"), Code::PasswordChangeRequired),
    ];
    for (html, code) in table {
        assert_eq!(filled(&mut auth(None, None), &html), Err(code), "{html}");
    }
}

#[test]
fn named_fields_end_the_guessing() {
    let html = "<form method=post><input name=a id=who><input name=b><input type=password name=old><input type=password name=pin></form>";
    assert_eq!(filled(&mut auth(Some("who"), Some("pin")), html), Ok(Some("a=alice&b=&old=&pin=s3cret".into())));
    assert_eq!(filled(&mut auth(Some("nobody"), Some("pin")), html), Err(Code::LoginFormUnclear));
    assert_eq!(filled(&mut auth(Some("who"), Some("nothing")), html), Err(Code::LoginFormUnclear));
}

#[test]
fn the_user_first_and_then_the_password() {
    let mut auth = auth(None, None);
    let first = "<form method=post><input type=email name=loginfmt></form>";
    assert_eq!(filled(&mut auth, first), Ok(Some("loginfmt=alice".into())));
    let second = format!("<form method=post><input type=hidden name=login value=alice>{PASSWORD}</form>");
    assert_eq!(filled(&mut auth, &second), Ok(Some("login=alice&pw=s3cret".into())));
}

#[test]
fn after_the_password_each_page_has_its_own_meaning() {
    let login = format!("<form method=post>{USER}{PASSWORD}</form>");
    let table = [
        (login.clone(), Err(Code::IdpRejected)),
        ("<form method=post><input name=otp autocomplete=one-time-code></form>".into(), Err(Code::MfaNeeded)),
        (format!("<form method=post>{PASSWORD}{PASSWORD}</form>"), Err(Code::PasswordChangeRequired)),
        ("<p>hello</p>".into(), Ok(None)),
    ];
    for (html, expected) in table {
        let mut auth = auth(None, None);
        assert!(filled(&mut auth, &login).is_ok());
        assert_eq!(filled(&mut auth, &html), expected, "{html}");
    }
}

#[test]
fn what_comes_after_the_password_shows_what_became_of_it() {
    let login = format!("<form method=post>{USER}{PASSWORD}</form>");
    let table = [
        (login.as_str(), Shown::Refused),
        (
            "<form method=post><input type=password name=pw><p>Enter the code of the authenticator app</form>",
            Shown::Refused,
        ),
        ("<form method=post><input name=otp autocomplete=one-time-code></form>", Shown::Accepted),
        ("<form method=post><input type=password name=a><input type=password name=b></form>", Shown::Accepted),
        ("<form method=post><button name=kmsi value=1>Yes</button></form>", Shown::Accepted),
        ("<iframe id=duo_iframe></iframe><form method=post><input type=password name=p></form>", Shown::Accepted),
        ("<h1>Approve sign in</h1><p>We have sent a notification to your phone", Shown::Accepted),
        (
            "<p role=alert>Your password has expired.<form method=post><input name=user><input type=password name=pw></form>",
            Shown::Accepted,
        ),
        (
            "<p role=alert>Login failed. If your password has expired, change it.<form method=post><input name=user><input type=password name=pw></form>",
            Shown::Refused,
        ),
        (
            "<p role=alert>Your account is locked.<form method=post><input name=user><input type=password name=pw></form>",
            Shown::Refused,
        ),
        ("<form method=post><input type=email name=loginfmt></form>", Shown::NoVerdict),
        (
            "<form method=post><input name=user><input type=password name=pw><img src=captcha.png><input name=c></form>",
            Shown::NoVerdict,
        ),
        ("<h1>My applications</h1><a href=/logout>Log out</a>", Shown::NoVerdict),
        ("<title>Error</title><p>Wrong password</p>", Shown::NoVerdict),
        ("{\"error\": \"wrong password\"}", Shown::NoVerdict),
        ("", Shown::NoVerdict),
    ];
    for (html, expected) in table {
        let mut auth = auth(None, None);
        let form = auth.fill(&page(&login), &url()).unwrap().unwrap();
        let sent = form.body(auth.run.ledger).unwrap();
        auth.sent(sent.attempts());
        let _ = auth.fill(&page(html), &url());
        assert_eq!(sent.attempts()[0].shown(), expected, "{html}");
    }
}

#[test]
fn a_login_form_that_comes_after_another_page_is_a_refusal_only_if_it_says_so() {
    let login = format!("<form method=post>{USER}{PASSWORD}</form>");
    let between = "<form method=post action=/poll><input type=hidden name=a></form>";
    for (html, code, shown) in [
        (login.clone(), Code::LoginPage, Shown::NoVerdict),
        (format!("<p>Your session has begun anew</p>{login}"), Code::LoginPage, Shown::NoVerdict),
        (format!("<p>The password is wrong</p>{login}"), Code::IdpRejected, Shown::Refused),
        (format!("<p>Your account is locked</p>{login}"), Code::IdpRejected, Shown::Refused),
    ] {
        let mut auth = auth(None, None);
        let form = auth.fill(&page(&login), &url()).unwrap().unwrap();
        let sent = form.body(auth.run.ledger).unwrap();
        auth.sent(sent.attempts());
        assert!(matches!(auth.fill(&page(between), &url()), Ok(None)));
        auth.sent(&[]);
        let error = auth.fill(&page(&html), &url()).err().unwrap();
        assert_eq!((error.code, sent.attempts()[0].shown()), (code, shown), "{html}");
    }
}

#[test]
fn what_the_page_says_after_the_password_is_known_in_any_language() {
    let form = format!("<form method=post><label>Salasana{USER}{PASSWORD}</label><button>Kirjaudu</button></form>");
    let before = format!("<h1>Kirjaudu</h1><p>Kello 10:01<p>Tervetuloa {form}");
    for (after, expected) in [
        (
            format!("<h1>Kirjaudu</h1><p>Kello 10:02<p>Tervetuloa Virheellinen salasana {form}"),
            "it says: Tervetuloa Virheellinen salasana",
        ),
        (
            format!("<h1>Kirjaudu</h1><p>Kello 10:02<p>Tervetuloa <div>Tunnus <b>lukittu</b></div>{form}"),
            "it says: Tunnus lukittu",
        ),
        (
            format!("<h1>Kirjaudu</h1><p>Tervetuloa Your account is locked{form}"),
            "it says: Tervetuloa Your account is locked",
        ),
        (format!("<h1>Kirjaudu</h1><p>Kello 10:02<p>Tervetuloa {form}"), ""),
    ] {
        let mut auth = auth(None, None);
        auth.fill(&page(&before), &url()).unwrap();
        let error = auth.fill(&page(&after), &url()).err().unwrap();
        let said = error.causes.iter().find(|cause| cause.starts_with("it says")).cloned().unwrap_or_default();
        assert_eq!((error.code, said.as_str()), (Code::IdpRejected, expected), "{after}");
    }
}

/// What is sent for this saved page at the beginning of a login, and for this one after the password.
fn met(name: &str) -> [std::result::Result<Option<String>, Code>; 2] {
    let path = format!("{}/tests/data/pages/{name}.html", env!("CARGO_MANIFEST_DIR"));
    let html = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let first = filled(&mut auth(None, None), &html);
    let mut later = auth(None, None);
    assert!(filled(&mut later, &format!("<form method=post>{USER}{PASSWORD}</form>")).is_ok());
    [first, filled(&mut later, &html)]
}

#[test]
fn saved_pages_of_every_kind_get_what_is_theirs_and_nothing_else() {
    let (person, change) = (Err(Code::MfaNeeded), Err(Code::PasswordChangeRequired));
    let captcha = Err(Code::CaptchaNeeded);
    for (name, expected) in [
        ("cas-change-password", &change),
        ("change-password-japanese", &change),
        ("siteminder-change-password", &change),
        ("rsa-new-pin", &change),
        ("captcha-code-german", &captcha),
        ("captcha-image-chinese", &captcha),
        ("captcha-image-russian", &captcha),
        ("captcha-sum", &captcha),
        ("captcha-widget-alone", &captcha),
        ("captcha-without-form", &captcha),
        ("captcha-after-login", &captcha),
        ("enrol-totp", &person),
        ("backup-code", &person),
        ("grid-card", &person),
        ("rsa-next-tokencode", &person),
        ("security-question", &person),
        ("security-question-text", &person),
        ("keycloak-otp-choice", &person),
        ("keycloak-webauthn", &person),
        ("duo-universal-prompt", &person),
        ("pingid-device", &person),
        ("sms-code-french", &person),
        ("code-named-password", &person),
        ("more-information-required", &person),
        ("logout-that-submits-itself", &Ok(None)),
        ("consent-banner", &Err(Code::ConsentNeeded)),
        ("keycloak-update-profile", &Ok(None)),
        ("session-limit", &Ok(None)),
        ("password-expires-soon", &Ok(None)),
    ] {
        let [first, later] = met(name);
        assert_eq!((&first, &later), (expected, expected), "{name}");
    }
    for (name, sent) in [
        ("login-with-pictures", Ok(Some("username=alice&password=s3cret&domain=CORP"))),
        ("login-beside-newsletter", Ok(Some("username=alice&password=s3cret"))),
        ("decoys-by-class", Ok(Some("email=&pw0=&username=alice&password=s3cret"))),
        ("identifier-after-newsletter", Ok(Some("identifier=alice"))),
        ("register-beside-login", Ok(Some("username=alice&password=s3cret"))),
        ("two-logins", Err(Code::LoginFormUnclear)),
        ("citrix-two-passwords", Err(Code::LoginFormUnclear)),
        (
            "pingfederate-login",
            Ok(Some("pf.username=alice&pf.pass=s3cret&pf.ok=clicked&pf.cancel=&pf.adapterId=HTMLFormAdapter")),
        ),
    ] {
        let [first, _] = met(name);
        assert_eq!(first, sent.map(|fields| fields.map(str::to_owned)), "{name}");
    }
}

#[test]
fn a_password_that_only_a_script_shows_is_filled_in_where_it_is_named() {
    let html = "<form method=post><input name=UserName type=email><div style='display:none'><input name=Password type=password></div></form>";
    assert_eq!(filled(&mut auth(None, Some("Password")), html), Ok(Some("UserName=alice&Password=s3cret".into())));
    let mut auth = auth(None, None);
    assert_eq!(filled(&mut auth, html), Ok(Some("UserName=alice&Password=".into())));
    let error = auth.fill(&page(html), &url()).err().unwrap();
    assert_eq!(error.code, Code::LoginFormUnclear);
    assert!(error.hint.as_deref().unwrap().contains("saml.password_field = \"Password\""), "{error:?}");
}

#[test]
fn a_change_of_password_is_no_refusal_even_where_the_old_one_has_the_name_of_the_password() {
    let login = format!("<form method=post>{USER}{PASSWORD}</form>");
    let change = format!(
        "<h1>Expired</h1><form method=post>{USER}{PASSWORD}<input type=password name=new1><input type=password name=new2></form>"
    );
    // Which input is set, which page came first, which later, and what that shows.
    let table = [
        (None, &login, &change, Code::PasswordChangeRequired, Shown::Accepted),
        (Some("pw"), &login, &change, Code::PasswordChangeRequired, Shown::Accepted),
        // The same page again: it was filled in as the settings say, and came back.
        (Some("pw"), &change, &change, Code::IdpRejected, Shown::Refused),
        (Some("pw"), &login, &login, Code::IdpRejected, Shown::Refused),
    ];
    for (field, first, later, code, shown) in table {
        let mut auth = auth(None, field);
        let form = auth.fill(&page(first), &url()).unwrap().unwrap();
        let sent = form.body(auth.run.ledger).unwrap();
        auth.sent(sent.attempts());
        let error = auth.fill(&page(later), &url()).err().unwrap();
        assert_eq!((error.code, sent.attempts()[0].shown()), (code, shown), "{field:?} {later}");
    }
}
