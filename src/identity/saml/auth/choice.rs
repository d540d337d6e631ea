//! Pages between the login and its end that ask for no secret: which account, and whether to stay signed in.
//!
//! Serves `account_field`, `remember_field`, which name an input where its looks do not tell.

use super::Filled;
use super::form::{Value, fields, is_called};
use crate::config::profile::FormLogin;
use crate::identity::saml::extract::{Form, Input, Page};

/// The form on this page that goes on, as its place among the page's forms, with the choice made.
pub fn choose(page: &Page, login: &FormLogin) -> Option<(usize, Filled)> {
    account(page, login).or_else(|| stay(page, login))
}

/// The box or button that has the IdP remember this device, if it is named and in this form.
pub fn remember(form: &Form, login: &FormLogin) -> Option<usize> {
    let name = login.remember_field.as_deref()?;
    form.inputs.iter().position(|input| is_called(input, name) && !input.is_disabled && is_choice(input))
}

/// An account chooser: a button or option whose value is the user, or a form for each account with the user in it.
fn account(page: &Page, login: &FormLogin) -> Option<(usize, Filled)> {
    let is_user = |input: &Input| {
        let value = input.value.expose();
        let is_named = login.account_field.as_deref().is_none_or(|name| is_called(input, name));
        is_named && !input.is_disabled && value.eq_ignore_ascii_case(&login.username)
    };
    for (index, form) in page.forms.iter().enumerate() {
        if form.inputs.iter().any(|input| input.takes_text() || input.takes_password()) {
            continue;
        }
        if let Some(chosen) =
            form.inputs.iter().position(|input| is_choice(input) && input.is_visible && is_user(input))
        {
            return Some((index, filled(form, Some(chosen))));
        }
        if page.forms.len() > 1 && form.inputs.iter().any(|input| input.kind == "hidden" && is_user(input)) {
            return Some((index, filled(form, None)));
        }
    }
    None
}

/// "Stay signed in?", "Trust this device?": nothing to fill in, and a name that tells.
fn stay(page: &Page, login: &FormLogin) -> Option<(usize, Filled)> {
    page.forms.iter().enumerate().find_map(|(index, form)| {
        let mut visible = form.inputs.iter().filter(|input| input.is_visible && !input.is_disabled);
        let is_a_question = visible.clone().all(is_choice) && visible.clone().any(|input| input.kind == "submit");
        let tells = visible.any(|input| input.is_named_like(&["kmsi", "stay", "remember", "trust", "dontshow"]));
        let named = remember(form, login);
        (is_a_question && form.is_post && (named.is_some() || tells)).then(|| (index, filled(form, named)))
    })
}

fn is_choice(input: &Input) -> bool {
    matches!(input.kind.as_str(), "submit" | "radio" | "checkbox")
}

/// The form with this one of its inputs ticked or pressed.
fn filled(form: &Form, chosen: Option<usize>) -> Filled {
    let values = chosen.map(|chosen| (chosen, Value::Plain(form.inputs[chosen].value.duplicate())));
    Filled { fields: fields(form, values.into_iter().collect()) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::profile::{DEFAULT_XPATH, Parser, SecretSource};
    use crate::identity::saml::extract::{self, XPath};

    /// What is sent for a page with these forms, for alice, with the inputs for account and memory named so.
    fn chosen(html: &str, account_field: Option<&str>, remember_field: Option<&str>) -> Option<String> {
        let xpath = XPath::parse(DEFAULT_XPATH, Parser::Html).unwrap();
        let page = extract::read(html.as_bytes().to_vec(), None, &xpath, Duration::from_secs(10)).unwrap();
        let login = FormLogin {
            account_field: account_field.map(str::to_owned),
            remember_field: remember_field.map(str::to_owned),
            ..FormLogin::new("alice".into(), SecretSource::Env("PW".into()))
        };
        let (_, filled) = choose(&page, &login)?;
        Some(super::super::form::tests::shown(&filled))
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
    fn a_question_whether_to_stay_is_answered_with_its_first_button_or_the_one_that_is_named() {
        let stay = "<form method=post><input type=hidden name=ctx value=1><input type=checkbox name=DontShowAgain value=true>\
                    <input type=submit name=no value=No><input type=submit name=yes value=Yes></form>";
        let table = [
            (stay, None, Some("ctx=1&no=No")),
            (stay, Some("yes"), Some("ctx=1&yes=Yes")),
            (stay, Some("DontShowAgain"), Some("ctx=1&DontShowAgain=true&no=No")),
            ("<form method=post><button name=delete>Delete everything</button></form>", None, None),
            ("<form method=post><input type=checkbox name=rememberMe><input name=code></form>", None, None),
        ];
        for (html, field, expected) in table {
            assert_eq!(chosen(html, None, field).as_deref(), expected, "{html}");
        }
    }
}
