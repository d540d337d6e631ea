use std::time::Duration;

use super::*;
use crate::attempt::tests::Lenient;
use crate::config::profile::{DEFAULT_XPATH, FormChoices, FormLogin, Parser, SecretSource};
use crate::identity::saml::extract::{self, XPath};

pub fn page(html: impl AsRef<str>) -> Page {
    let xpath = XPath::parse(DEFAULT_XPATH, Parser::Html).unwrap();
    extract::read(html.as_ref().as_bytes().to_vec(), None, &xpath, Duration::from_secs(10)).unwrap()
}

fn login(button: Option<&str>) -> FormLogin {
    with_choices(FormChoices { button: button.map(str::to_owned), ..FormChoices::default() })
}

pub fn with_choices(choices: FormChoices) -> FormLogin {
    FormLogin { choices: Box::new(choices), ..FormLogin::new("alice".into(), SecretSource::Env("PW".into())) }
}

/// What is sent, not encoded.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Plain(text) => text.expose().to_owned(),
        Value::Counted(secret) => {
            let sent = attempt::send(&[secret], &Lenient::default(), |texts| Secret::new(texts.concat()));
            sent.unwrap().expose().to_owned()
        }
    }
}

/// The fields as `name=value`.
pub fn shown_fields(filled: &Filled) -> String {
    filled.fields.iter().map(|(name, value)| format!("{name}={}", shown(value))).collect::<Vec<_>>().join("&")
}

pub fn url() -> Url {
    Url::parse("https://idp.example.com/login").unwrap()
}

pub const INPUTS: &str = "<input name=user><input type=password name=pw>";

/// What is sent, and where, when the form is filled in up to its password.
pub fn sent(html: &str, named: Option<&str>) -> std::result::Result<String, Vec<String>> {
    let page = page(html);
    let form = &page.forms[0];
    let last = form.inputs.iter().position(|input| input.kind == "password");
    let button = super::super::button::button(form, &login(named), last, &url()).map_err(|error| error.causes)?;
    let filled = Filled::new(&page, 0, Vec::new(), button);
    let target = format!("{:?} {}", filled.method, filled.action.as_deref().unwrap_or_default());
    Ok(format!("{target}: {}", filled.body(&Lenient::default()).unwrap().expose()))
}

#[test]
fn a_button_says_where_and_how_its_form_goes() {
    let html = format!(
        "<form method=get action=/search>{INPUTS}<button formaction=/login formmethod=post name=go value=1>Log in</button></form>"
    );
    assert_eq!(sent(&html, None), Ok("Post /login: user=&pw=&go=1".into()));
    let html = format!("<form method=post action=/a>{INPUTS}<button formmethod=dialog>Log in</button></form>");
    assert_eq!(sent(&html, None), Ok("Dialog /a: user=&pw=".into()));
}

#[test]
fn forms_are_sent_in_the_encoding_that_they_ask_for() {
    let form = |attributes: &str| {
        format!(
            "<meta charset=utf-8><form method=post {attributes}><input name=stadt value='München €'><input type=hidden name=_charset_></form>"
        )
    };
    let table = [
        ("", "stadt=M%C3%BCnchen+%E2%82%AC&_charset_=UTF-8"),
        ("accept-charset='unknown, windows-1252'", "stadt=M%FCnchen+%80&_charset_=windows-1252"),
        ("accept-charset='ISO-8859-1'", "stadt=M%FCnchen+%80&_charset_=windows-1252"),
    ];
    for (attributes, expected) in table {
        let page = page(form(attributes));
        assert_eq!(
            Filled::new(&page, 0, Vec::new(), None).body(&Lenient::default()).unwrap().expose(),
            expected,
            "{attributes}"
        );
    }
    let greek = page("<meta charset=windows-1252><form method=post><input name=a value='&alpha;'></form>");
    assert_eq!(
        Filled::new(&greek, 0, Vec::new(), None).body(&Lenient::default()).unwrap().expose(),
        "a=%26%23945%3B",
        "as browsers do"
    );
}

#[test]
fn a_form_is_sent_in_parts_where_it_asks_for_that() {
    let html = "<meta charset=utf-8><form method=post enctype=Multipart/form-data><input name='a&quot;b' value='é\n1'>\
                <input type=password name=pw><input type=file name=f></form>";
    let secret = Value::Counted(CountedSecret::new(Secret::new("p&w".into())));
    let filled = Filled::new(&page(html), 0, vec![(1, secret)], None);
    assert!(filled.check(&url()).is_ok());
    let kind = filled.media_type();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let part = |name: &str, value: &str| {
        format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    // A browser takes the line end out of the value of a text input; here it shows how one is written.
    let expected = [part("a%22b", "é\r\n1"), part("pw", "p&w"), format!("--{boundary}--\r\n")].concat();
    assert_eq!(filled.body(&Lenient::default()).unwrap().expose(), expected);
    assert_ne!(Filled::new(&page(html), 0, Vec::new(), None).media_type(), kind);
}

#[test]
fn what_is_sent_in_another_way_is_refused_by_name() {
    for (attributes, why) in [
        ("method=get", "GET"),
        ("", "GET"),
        ("method=dialog", "dialog"),
        ("method=post accept-charset=latin1 enctype=multipart/form-data", "multipart/form-data"),
        ("method=post enctype='text/plain; charset=x'", "text/plain"),
    ] {
        let page = page(format!("<form {attributes}>{INPUTS}</form>"));
        let error = Filled::new(&page, 0, vec![(1, Value::Counted(CountedSecret::new(Secret::new("ä".into()))))], None)
            .check(&url())
            .unwrap_err();
        assert!(error.causes[0].contains(why), "{attributes}: {error:?}");
    }
}
