//! Pages after the login that ask for no secret: which account, whether to stay signed in, and those whose button or inputs the
//! settings name.
//!
//! Serves `account_field`, `remember_field`, `button`, `form_fields`.

use url::Url;

use super::filled::{Filled, Value};
use super::{button, named};
use crate::config::profile::FormLogin;
use crate::error::Result;
use crate::identity::saml::extract::words::{Meaning, folded, says};
use crate::identity::saml::extract::{Form, Input, Page, PageKind};

/// Returns the form on this page that continues the login, with the choice made.
pub fn choose(page: &Page, login: &FormLogin, url: &Url) -> Result<Option<Filled>> {
    if let Some(named) = by_settings(page, login, url)? {
        return Ok(Some(named));
    }
    Ok(match page.summary.kind {
        PageKind::StaySignedIn => account(page, login).or_else(|| stay(page, login)),
        PageKind::AccountChoice | PageKind::UserName | PageKind::Portal | PageKind::Other => account(page, login),
        _ => None,
    })
}

/// The box or button that makes the IdP remember this device, if the settings name it and it is in this form.
pub fn remember(form: &Form, login: &FormLogin) -> Option<usize> {
    let name = login.remember_field.as_deref()?;
    form.inputs.iter().position(|input| input.is_called(name) && !input.is_disabled && is_choice(input))
}

/// The first form with a button or an input that the settings name. Pages that no setting may go on from are excluded.
fn by_settings(page: &Page, login: &FormLogin, url: &Url) -> Result<Option<Filled>> {
    let is_barred = matches!(page.summary.kind, PageKind::Captcha | PageKind::NewPassword | PageKind::Registration);
    for (index, form) in page.forms.iter().enumerate().filter(|_| !is_barred) {
        let button = login
            .choices
            .button
            .as_deref()
            .and_then(|name| form.buttons().find(|(_, b)| button::is_the_button(b, name)));
        let values = named::values(form, login, url)?;
        if button.is_none() && values.is_empty() {
            continue;
        }
        let last = values.iter().map(|(at, _)| *at).max();
        let button = match button {
            Some((at, _)) => Some(at),
            None => button::button(form, login, last, url)?,
        };
        return Ok(Some(Filled::new(page, index, values, button)));
    }
    Ok(None)
}

/// An account chooser: a button or option whose value is the user name, or one form for each account.
fn account(page: &Page, login: &FormLogin) -> Option<Filled> {
    let is_user = |input: &Input| {
        let value = input.value.expose();
        let is_named = login.account_field.as_deref().is_none_or(|name| input.is_called(name));
        is_named && !input.is_disabled && value.eq_ignore_ascii_case(&login.username)
    };
    for (index, form) in page.forms.iter().enumerate() {
        if form.inputs.iter().any(|input| input.takes_text() || input.takes_password()) {
            continue;
        }
        if let Some(chosen) =
            form.inputs.iter().position(|input| is_choice(input) && input.is_visible && is_user(input))
        {
            return Some(pressed(page, index, Some(chosen)));
        }
        if page.forms.len() > 1 && form.inputs.iter().any(|input| input.kind == "hidden" && is_user(input)) {
            return Some(pressed(page, index, None));
        }
    }
    None
}

/// "Stay signed in?", "Trust this device?": declined, unless `remember_field` names the input that accepts.
fn stay(page: &Page, login: &FormLogin) -> Option<Filled> {
    page.forms.iter().enumerate().find_map(|(index, form)| {
        let mut visible = form.inputs.iter().filter(|input| input.is_usable());
        let is_a_question = visible.all(is_choice) && form.buttons().next().is_some();
        (is_a_question && form.is_post()).then(|| pressed(page, index, remember(form, login)))
    })
}

fn is_choice(input: &Input) -> bool {
    input.sends() || matches!(input.kind.as_str(), "radio" | "checkbox")
}

/// The form with this input ticked or pressed; without one, with the button that declines, or the first button.
fn pressed(page: &Page, index: usize, chosen: Option<usize>) -> Filled {
    let form = &page.forms[index];
    let is_button = |at: &usize| form.inputs[*at].sends();
    let declines =
        |button: &Input| says(&folded(&format!("{} {}", button.label, button.value.expose())), Meaning::Decline);
    let default = || {
        let mut buttons = form.buttons().peekable();
        let first = buttons.peek().map(|(at, _)| *at);
        buttons.find(|(_, button)| declines(button)).map(|(at, _)| at).or(first)
    };
    let ticked = chosen.filter(|at| !is_button(at)).map(|at| (at, Value::Plain(form.inputs[at].value.duplicate())));
    let button = chosen.filter(is_button).or_else(default);
    Filled::new(page, index, ticked.into_iter().collect(), button)
}

#[cfg(test)]
mod tests {
    use super::super::filled;
    use super::*;
    use crate::config::profile::{FormChoices, SecretSource};

    /// What is sent for this page as alice, with these settings of `account_field` and `remember_field`.
    fn chosen(html: &str, account_field: Option<&str>, remember_field: Option<&str>) -> Option<String> {
        let login = FormLogin {
            account_field: account_field.map(str::to_owned),
            remember_field: remember_field.map(str::to_owned),
            ..FormLogin::new("alice".into(), SecretSource::Env("PW".into()))
        };
        sent(html, &login)
    }

    fn sent(html: &str, login: &FormLogin) -> Option<String> {
        let filled = choose(&filled::tests::page(html), login, &filled::tests::url()).unwrap()?;
        Some(filled::tests::shown_fields(&filled))
    }

    #[test]
    fn an_account_chooser_is_known_by_the_user_on_it() {
        let buttons =
            "<form method=post><button name=who value=bob>Bob</button><button name=who value=Alice>A</button></form>";
        let radios = "<form method=post><input type=radio name=who value=bob checked><input type=radio name=who value=alice><button>Go</button></form>";
        let forms = "<form method=post><input type=hidden name=u value=bob><button>B</button></form>\
                     <form method=post><input type=hidden name=u value=alice><button>A</button></form>";
        let table = [
            (buttons, None, Some("who=Alice")),
            (radios, None, Some("who=alice")),
            (forms, None, Some("u=alice")),
            (buttons, Some("other"), None),
            ("<form method=post><button name=who value=bob>Bob</button></form>", None, None),
            ("<form method=post><input name=q><button name=who value=alice>A</button></form>", None, None),
        ];
        for (html, field, expected) in table {
            assert_eq!(chosen(html, field, None).as_deref(), expected, "{html}");
        }
    }

    #[test]
    fn a_question_whether_to_stay_is_declined_or_answered_with_the_button_that_is_named() {
        let stay = "<form method=post><input type=hidden name=ctx value=1><input type=checkbox name=DontShowAgain value=true>\
                    <input type=submit name=yes value=Yes><input type=submit name=no value=No></form>";
        let table = [
            (stay, None, Some("ctx=1&no=No")),
            (stay, Some("yes"), Some("ctx=1&yes=Yes")),
            (stay, Some("DontShowAgain"), Some("ctx=1&DontShowAgain=true&no=No")),
            (
                "<form method=post><button name=kmsi value=1>Ja</button><button name=kmsi value=0>Nein</button></form>",
                None,
                Some("kmsi=0"),
            ),
            ("<form method=post><button name=delete>Delete everything</button></form>", None, None),
            ("<form method=post><button name=a>Log out</button></form><a href=/x>Log out</a>", None, None),
            ("<form method=post><input type=checkbox name=rememberMe><input name=code></form>", None, None),
            (
                "<h1>Verify it's you</h1><form method=post><input type=checkbox name=trust><button name=m value=push>Send</button></form>",
                None,
                None,
            ),
        ];
        for (html, field, expected) in table {
            assert_eq!(chosen(html, None, field).as_deref(), expected, "{html}");
        }
    }

    #[test]
    fn what_the_settings_name_is_pressed_and_filled_in() {
        let html = "<h1>Password expires soon</h1><form method=post><select name=domain><option value=''>Choose</option><option value=C>Corp</option></select>\
                    <button name=a value=now>Change now</button><button name=a value=later>Later</button></form>";
        let login = |button: Option<&str>, fields: &[(&str, &str)]| FormLogin {
            choices: Box::new(FormChoices {
                form: None,
                button: button.map(str::to_owned),
                fields: fields.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            }),
            ..FormLogin::new("alice".into(), SecretSource::Env("PW".into()))
        };
        assert_eq!(sent(html, &login(None, &[])), None);
        assert_eq!(sent(html, &login(Some("a=later"), &[("domain", "Corp")])).as_deref(), Some("domain=C&a=later"));
        assert_eq!(sent(html, &login(Some("Later"), &[])).as_deref(), Some("domain=&a=later"));
        assert_eq!(sent(html, &login(Some("other"), &[("other", "x")])), None);
    }
}
