//! Chooses the button of a form. Serves `saml.button`.

use url::Url;

use super::filled::unclear;
use crate::config::profile::FormLogin;
use crate::error::{Result, printable};
use crate::identity::saml::extract::words::{Meaning, folded, says, says_log_in, words};
use crate::identity::saml::extract::{Form, Input, points};

/// Points of a button that says that it logs in, at the expected place.
const SURE: i32 = 5;

/// The button that a person would press to log in: the configured one, else the one that says so, comes after the last input
/// that was filled in, and leads to no other login.
///
/// Errors: [`Code::LoginFormUnclear`](crate::error::Code::LoginFormUnclear) if two fit equally and the server could tell them
/// apart.
pub fn button(form: &Form, login: &FormLogin, last_filled: Option<usize>, url: &Url) -> Result<Option<usize>> {
    if let Some(name) = &login.choices.button
        && let Some((at, _)) = form.buttons().find(|(_, button)| is_the_button(button, name))
    {
        return Ok(Some(at));
    }
    let rate = |at: usize, button: &Input| {
        let names = [&button.name, &button.id].into_iter().flatten().map(String::as_str).collect::<Vec<_>>();
        let on_it = folded(&button.label);
        let programs = format!(
            "{} {} {}",
            names.join(" "),
            button.value.expose(),
            button.form_action.as_deref().unwrap_or_default()
        );
        let programs = folded(&words(&programs).join(" "));
        points(&[
            (says_log_in(&on_it), 3),
            (says_log_in(&programs), 2),
            (last_filled.is_some_and(|last| at > last), 2),
            (says(&on_it, Meaning::OtherWayIn) || says(&programs, Meaning::OtherWayIn), -5),
            (says(&on_it, Meaning::NotThis) || says(&programs, Meaning::NotThis), -5),
            (says(&on_it, Meaning::SendFactor), -2),
        ])
    };
    let mut rated: Vec<(i32, usize)> = form.buttons().map(|(at, button)| (rate(at, button), at)).collect();
    rated.sort_by_key(|(points, at)| (-points, *at));
    match rated.as_slice() {
        [] => Ok(None),
        [(_, only)] => Ok(Some(*only)),
        [(best, at), (next, other), ..] => {
            let [a, b] = [&form.inputs[*at], &form.inputs[*other]];
            let is_same = a.name.as_deref().unwrap_or_default() == b.name.as_deref().unwrap_or_default()
                && a.value.expose() == b.value.expose()
                && a.form_action == b.form_action;
            if best == next && *best < SURE && !is_same {
                let all = form.buttons().map(|(_, button)| described(button)).collect::<Vec<_>>().join(", ");
                return Err(unclear(url)
                    .because(format!("it is not clear which button logs in: {}", printable(&all, 300)))
                    .hint("set `saml.button` to the name, value or text of the right one"));
            }
            Ok(Some(*at))
        }
    }
}

/// Whether `saml.button` names this button: by name, id, value, text, or `name=value`.
pub fn is_the_button(button: &Input, name: &str) -> bool {
    let value = button.value.expose();
    let both = format!("{}={value}", button.name.as_deref().unwrap_or_default());
    button.is_called(name)
        || !value.is_empty() && (value == name || both == name)
        || folded(&button.label) == folded(name)
}

fn described(button: &Input) -> String {
    let name = button.name.as_deref().unwrap_or_default();
    let pair =
        if name.is_empty() { button.called() } else { format!("{name}={}", printable(button.value.expose(), 40)) };
    match button.label.is_empty() {
        true => pair,
        false => format!("{pair} ({:?})", printable(&button.label, 40)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::filled::tests::{INPUTS, sent};

    #[test]
    fn the_button_that_a_person_would_press_is_pressed() {
        let table = [
            (
                "<button name=provider value=google>Google</button>",
                "<button name=action value=login>Log in</button>",
                "action=login",
            ),
            ("", "<button name=a value=1>Mit Google anmelden</button><button name=a value=2>Anmelden</button>", "a=2"),
            ("", "<button name=a value=1>Forgot password?</button><button name=a value=2>Go</button>", "a=2"),
            ("", "<button name=a value=1>Passkey</button><button name=a value=2>S'identifier</button>", "a=2"),
            ("<button name=a value=1>Show password</button>", "<button name=b>Connexion</button>", "b="),
            (
                "",
                "<button>Cancel</button><input type=submit name=_eventId_proceed value=Login>",
                "_eventId_proceed=Login",
            ),
            ("", "<input type=image name=go src=x.png alt='Log in'>", "go.x=0&go.y=0"),
            ("", "<input type=image src=x.png>", "x=0&y=0"),
            ("", "<input type=submit name=only value='?'>", "only=%3F"),
        ];
        for (before, after, expected) in table {
            let html = format!("<form method=post action=/x>{before}{INPUTS}{after}</form>");
            assert_eq!(sent(&html, None), Ok(format!("Post /x: user=&pw=&{expected}")), "{html}");
        }
    }

    #[test]
    fn buttons_that_nobody_can_tell_apart_are_asked_about() {
        let html = format!(
            "<form method=post><button name=a value=1>Foo</button><button name=a value=2>Bar</button>{INPUTS}</form>"
        );
        let causes = sent(&html, None).unwrap_err();
        assert!(causes[0].contains("a=1 (\"Foo\"), a=2 (\"Bar\")"), "{causes:?}");
        for name in ["2", "Bar", "a=2"] {
            assert_eq!(sent(&html, Some(name)), Ok("Post : a=2&user=&pw=".into()), "{name}");
        }
    }
}
