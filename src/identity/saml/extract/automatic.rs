//! Automatic submission: which of its forms a page submits by itself, and by which button.

use super::forms::{Form, Input};
use super::script::Submission;
use super::words::{Meaning, is_named};

/// The form that needs no person, and the button: the page's script submits it, its only button is in `<noscript>`, or it
/// carries a SAML message.
pub fn submission(forms: &[Form], submissions: &[Submission]) -> Option<(usize, Option<usize>)> {
    let carriers = forms.iter().enumerate().filter(|(_, form)| {
        let is_message = |input: &Input| {
            matches!(input.name.as_deref(), Some("SAMLRequest" | "SAMLResponse")) && !input.value.expose().is_empty()
        };
        form.is_post() && form.inputs.iter().any(is_message) && is_bare(form)
    });
    let by_message = carriers.map(|(index, _)| (index, None)).next();
    let by_script = || submissions.iter().find_map(|submission| target(forms, submission));
    let by_noscript = || {
        let index = the_only(forms, |form| form.has_noscript_button && is_submitted(form))?;
        forms[index].buttons().next().is_none().then_some((index, None))
    };
    by_message.or_else(by_script).or_else(by_noscript)
}

/// The form that a script's call submits.
fn target(forms: &[Form], submission: &Submission) -> Option<(usize, Option<usize>)> {
    let Submission { receiver, is_press } = submission;
    let words: Vec<&str> = receiver
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '$')))
        .filter(|word| !word.is_empty())
        .collect();
    let names = |name: &Option<String>| name.as_deref().is_some_and(|name| words.contains(&name));
    if *is_press {
        return forms.iter().enumerate().find_map(|(index, form)| {
            let button =
                form.inputs.iter().position(|input| input.sends() && (names(&input.id) || names(&input.name)))?;
            is_submitted(form).then_some((index, Some(button)))
        });
    }
    let index = receiver.split_once("forms[").and_then(|(_, rest)| rest.split(']').next()?.parse::<usize>().ok());
    let named = || forms.iter().position(|form| names(&form.id) || names(&form.name));
    if let Some(index) = index.or_else(named) {
        return forms.get(index).filter(|form| is_submitted(form)).map(|_| (index, None));
    }
    // The receiver is a variable: it means the only form that it can mean.
    the_only(forms, is_submitted).map(|index| (index, None))
}

/// The index of the form that fits, if there is exactly one.
fn the_only(forms: &[Form], fits: impl Fn(&Form) -> bool) -> Option<usize> {
    let mut fitting = (0..forms.len()).filter(|index| fits(&forms[*index]));
    fitting.next().filter(|_| fitting.next().is_none())
}

fn is_submitted(form: &Form) -> bool {
    is_bare(form) && !leads_out(form)
}

/// Whether nothing in it has to be filled in or chosen.
fn is_bare(form: &Form) -> bool {
    form.inputs.iter().all(|input| !input.is_usable() || input.sends() || input.kind == "button")
}

/// Whether the form logs out.
fn leads_out(form: &Form) -> bool {
    let is_message = |input: &Input| input.name.as_deref().is_some_and(|name| name.starts_with("SAML"));
    let action = form.action.as_deref().unwrap_or_default();
    is_named(action, Meaning::LogOut) && !form.inputs.iter().any(is_message)
}
