//! The form, inputs and values that the settings name. Serves `saml.form` and `saml.form_fields`.

use url::Url;

use super::filled::{Value, unclear};
use crate::config::profile::FormLogin;
use crate::error::{Error, Result, printable};
use crate::http::shown_path;
use crate::identity::saml::extract::words::{Meaning, folded};
use crate::identity::saml::extract::{Asks, Form, Input, Page};

/// The forms that `saml.form` names: by id, name, path of the action, or number from 1.
pub fn forms(page: &Page, name: &str) -> Vec<usize> {
    let bare = name.trim_start_matches('#');
    let is_it = |(index, form): &(usize, &Form)| {
        let action = shown_path(form.action.as_deref().unwrap_or_default());
        form.id.as_deref() == Some(bare)
            || form.name.as_deref() == Some(bare)
            || !action.is_empty() && (action == name || action.ends_with(&format!("/{}", name.trim_start_matches('/'))))
            || name.parse() == Ok(index + 1)
    };
    page.forms.iter().enumerate().filter(is_it).map(|(index, _)| index).collect()
}

/// Names these forms for an error.
pub fn listed(page: &Page, indices: &[usize]) -> String {
    let one = |index: &usize| {
        let form = &page.forms[*index];
        let name = form.id.as_deref().or(form.name.as_deref()).filter(|name| !name.is_empty());
        let action = shown_path(form.action.as_deref().unwrap_or_default());
        match name {
            Some(name) => printable(name, 60),
            None if !action.is_empty() => printable(&action, 100),
            None => format!("{}", index + 1),
        }
    };
    indices.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// The values that `saml.form_fields` names, for the inputs of this form.
///
/// Errors: `LoginFormUnclear` if a choice does not have the value.
pub fn values(form: &Form, login: &FormLogin, url: &Url) -> Result<Vec<(usize, Value)>> {
    let mut values = Vec::new();
    for (name, value) in &login.choices.fields {
        let fitting =
            || form.inputs.iter().enumerate().filter(|(_, i)| i.is_called(name) && !i.is_disabled && !i.sends());
        let Some((first, input)) = fitting().next() else { continue };
        let is_meant = |text: &str| text == value || folded(text) == folded(value);
        match input.kind.as_str() {
            "select" => {
                let option = input.options.iter().find(|(own, text)| is_meant(own) || is_meant(text));
                let (own, _) = option.ok_or_else(|| no_such_choice(input, value, url))?;
                values.push((first, Value::text(own)));
            }
            "radio" | "checkbox" => {
                let chosen = fitting().find(|(_, i)| is_meant(i.value.expose()) || is_meant(&i.label));
                match chosen {
                    Some((at, chosen)) => values.push((at, Value::Plain(chosen.value.duplicate()))),
                    None if input.kind == "checkbox" && is_meant("true") => {
                        values.push((first, Value::Plain(input.value.duplicate())))
                    }
                    None => return Err(no_such_choice(input, value, url)),
                }
            }
            _ => values.push((first, Value::text(value))),
        }
    }
    Ok(values)
}

/// Refuses a form with an open choice that the user has to make: a domain, a realm.
pub fn check(form: &Form, values: &[(usize, Value)], url: &Url) -> Result<()> {
    let open = form.inputs.iter().enumerate().find(|(at, input)| {
        let is_choice = input.kind == "select" && input.options.len() > 1 || input.asks == Some(Asks::Other);
        let is_empty = input.value.expose().trim().is_empty();
        let matters = input.is_required || input.kind == "select" && input.is_named(Meaning::Domain);
        is_choice && is_empty && matters && input.is_usable() && !values.iter().any(|(filled, _)| filled == at)
    });
    match open {
        None => Ok(()),
        Some((_, input)) => {
            let error = unclear(url).because(format!("it leaves {:?} open{}", input.called(), choices(input)));
            Err(error.hint(format!("set it: `saml.form_fields = {{ \"{}\" = \"…\" }}`", input.called())))
        }
    }
}

fn no_such_choice(input: &Input, value: &str, url: &Url) -> Error {
    unclear(url)
        .because(format!("{:?} cannot be {:?}{}", input.called(), printable(value, 60), choices(input)))
        .hint("set `saml.form_fields` to one of its choices")
}

fn choices(input: &Input) -> String {
    let all: Vec<String> = input
        .options
        .iter()
        .filter(|(value, _)| !value.is_empty())
        .map(|(value, text)| {
            if value == text || text.is_empty() {
                printable(value, 40)
            } else {
                format!("{} ({})", printable(value, 40), printable(text, 40))
            }
        })
        .collect();
    if all.is_empty() { String::new() } else { format!("; its choices: {}", printable(&all.join(", "), 300)) }
}

#[cfg(test)]
mod tests {
    use super::super::filled::tests::{page, shown, url, with_choices};
    use super::*;
    use crate::config::profile::FormChoices;

    #[test]
    fn choices_are_made_by_the_settings_and_listed_where_they_are_not() {
        let page = page(
            "<form method=post><select name=domain required><option value=''>Choose</option><option value=A>Corp A</option><option>B</option></select></form>",
        );
        let with = |value: &str| {
            with_choices(FormChoices { fields: vec![("domain".into(), value.into())], ..FormChoices::default() })
        };
        let form = &page.forms[0];
        let error = check(form, &[], &url()).unwrap_err();
        assert!(
            error.causes[0].contains("A (Corp A), B") && error.hint.unwrap().contains("form_fields"),
            "{:?}",
            error.causes
        );
        for (value, expected) in [("A", "A"), ("corp a", "A"), ("B", "B")] {
            assert_eq!(shown(&values(form, &with(value), &url()).unwrap()[0].1), expected);
        }
        let error = values(form, &with("C"), &url()).unwrap_err();
        assert!(error.causes[0].contains("A (Corp A), B"), "{:?}", error.causes);
    }
}
