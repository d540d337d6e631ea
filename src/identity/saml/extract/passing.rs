//! What a page sends on by itself: which of its forms, and by which of its buttons.

use super::forms::{Form, Input};
use super::script::Submission;
use super::words::{Meaning, is_named};

/// A form without anything for a person to do: the page's script sends it, those without scripts have its only button in
/// `<noscript>`, or it carries a message of SAML.
pub fn own_submission(forms: &[Form], submissions: &[Submission]) -> Option<(usize, Option<usize>)> {
    let carriers = forms.iter().enumerate().filter(|(_, form)| {
        let is_message =
            |input: &&Input| input.name.as_deref().is_some_and(|name| matches!(name, "SAMLRequest" | "SAMLResponse"));
        form.is_post()
            && form.inputs.iter().filter(|i| !i.value.expose().is_empty()).any(|input| is_message(&input))
            && is_bare(form)
    });
    let by_message = carriers.map(|(index, _)| (index, None)).next();
    let by_script = || submissions.iter().find_map(|submission| target(forms, submission));
    let by_noscript = || {
        let mut fitting =
            forms.iter().enumerate().filter(|(_, form)| form.has_noscript_button && is_bare(form) && !leads_out(form));
        let first = fitting.next();
        first
            .filter(|(_, form)| fitting.next().is_none() && form.buttons().next().is_none())
            .map(|(index, _)| (index, None))
    };
    by_message.or_else(by_script).or_else(by_noscript)
}

/// Which form a script's call sends.
fn target(forms: &[Form], submission: &Submission) -> Option<(usize, Option<usize>)> {
    let Submission { receiver, is_press } = submission;
    let words: Vec<&str> = receiver
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '$')))
        .filter(|word| !word.is_empty())
        .collect();
    let names = |name: &Option<String>| name.as_deref().is_some_and(|name| words.contains(&name) && !name.is_empty());
    let fits = |form: &Form| is_bare(form) && !leads_out(form);
    if *is_press {
        return forms.iter().enumerate().find_map(|(index, form)| {
            let button =
                form.inputs.iter().position(|input| input.sends() && (names(&input.id) || names(&input.name)))?;
            fits(form).then_some((index, Some(button)))
        });
    }
    let index = receiver.split_once("forms[").and_then(|(_, rest)| rest.split(']').next()?.parse::<usize>().ok());
    let named = || forms.iter().position(|form| names(&form.id) || names(&form.name));
    if let Some(index) = index.or_else(named) {
        return forms.get(index).filter(|form| fits(form)).map(|_| (index, None));
    }
    // By a variable: the only one that it can be.
    let mut fitting = forms.iter().enumerate().filter(|(_, form)| fits(form)).map(|(index, _)| index);
    let first = fitting.next();
    first.filter(|_| fitting.next().is_none()).map(|index| (index, None))
}

/// Nothing on it is to be filled in or to be chosen.
pub fn is_bare(form: &Form) -> bool {
    form.inputs.iter().all(|input| !input.is_usable() || input.sends() || input.kind == "button")
}

fn leads_out(form: &Form) -> bool {
    let is_message = |input: &Input| input.name.as_deref().is_some_and(|name| name.starts_with("SAML"));
    let action = form.action.as_deref().unwrap_or_default();
    is_named(action, Meaning::LogOut) && !form.inputs.iter().any(is_message)
}
