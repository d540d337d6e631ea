//! What an input is for: by `autocomplete`, by the names that programs give it, by the words that people read at it, and by
//! the page around it. One weighing for all products: their names are in `vocabulary` among those of nobody.

use super::forms::{Form, Input};
use super::vocabulary::{self as v, folded, says};

/// What is to be filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Who logs in.
    User,
    /// The password as it is.
    Password,
    /// A password to be set.
    NewPassword,
    /// A one-time code, or PIN and token.
    Code,
    /// What a picture shows.
    Captcha,
    /// Another line of text.
    Other,
}

/// What the page says besides its inputs, folded.
pub struct Around<'a> {
    /// Title and headings.
    pub headline: &'a str,
    /// All that can be read.
    pub text: &'a str,
}

/// Decides for every input of the form.
pub fn settle(form: &mut Form, around: &Around<'_>) {
    let buttons: Vec<String> = form.buttons().map(|(_, button)| folded(&button.label)).collect();
    let context = Context {
        around,
        buttons: buttons.join(" / "),
        has_user: form.inputs.iter().any(|input| input.takes_text() && asks_for_user(input)),
        passwords: form.inputs.iter().filter(|input| input.takes_password()).count(),
        is_registration: is_registration(form, around, &buttons),
        has_captcha: form.has_captcha,
    };
    for input in &mut form.inputs {
        input.asks = match () {
            () if input.takes_password() => Some(of_password(input, &context)),
            () if input.takes_text() => Some(of_text(input, &context)),
            () => None,
        };
    }
    form.has_captcha |= form.asks_for(Asks::Captcha);
    // Two of a kind set a new one, where nobody is asked who they are.
    let passwords = form.asking(Asks::Password);
    if passwords.len() > 1 && !context.has_user {
        passwords.into_iter().for_each(|at| form.inputs[at].asks = Some(Asks::NewPassword));
    }
}

struct Context<'a> {
    around: &'a Around<'a>,
    buttons: String,
    has_user: bool,
    passwords: usize,
    is_registration: bool,
    has_captcha: bool,
}

fn asks_for_user(input: &Input) -> bool {
    let is_said =
        input.autocomplete.as_deref().is_some_and(|a| a.split_whitespace().any(|w| matches!(w, "username" | "email")));
    is_said || input.is_named(v::USER_NAMES)
}

fn is_registration(form: &Form, around: &Around<'_>, buttons: &[String]) -> bool {
    let says_so = buttons.iter().any(|button| says(button, v::REGISTRATION_WORDS));
    let logs_in = buttons.iter().any(|button| says(button, v::LOG_IN) && !says(button, v::REGISTRATION_WORDS));
    let asks_who_you_are = form.inputs.iter().filter(|input| input.takes_text()).filter(|input| {
        input.is_named((
            &[
                "first", "last", "given", "family", "surname", "birthday", "vorname", "nachname", "prenom", "nombre",
                "apellido",
            ],
            &["firstname", "lastname", "givenname", "fullname", "displayname"],
        ))
    });
    let action = form
        .action
        .as_deref()
        .map(|action| v::is_named(action, &["register", "registration", "signup", "enroll"], &["createaccount"]));
    let points = 2 * i32::from(says_so)
        + 2 * i32::from(asks_who_you_are.count() > 0)
        + 2 * i32::from(action == Some(true))
        + i32::from(says(around.headline, v::REGISTRATION_WORDS))
        - 2 * i32::from(logs_in);
    points >= 2
}

fn of_password(input: &Input, context: &Context<'_>) -> Asks {
    if context.is_registration {
        return Asks::NewPassword;
    }
    let label = folded(&input.label);
    let is_said = |kind: &str| input.autocomplete.as_deref().is_some_and(|a| a.split_whitespace().any(|w| w == kind));
    let points =
        |table: &[(bool, i32)]| table.iter().filter(|(holds, _)| *holds).map(|(_, points)| points).sum::<i32>();
    let is_named_password = input.is_named(v::PASSWORD_NAMES);
    let new = points(&[
        (is_said("new-password"), 2),
        (input.is_named(v::NEW_PASSWORD_NAMES), 2),
        (
            says(&label, v::NEW_PASSWORD_WORDS)
                || says(&label, &["new ", "confirm", "repeat", "again", "neues", "neu "]),
            2,
        ),
        (says(context.around.headline, v::NEW_PASSWORD_WORDS), 2),
        (says(&context.buttons, v::SAVE_BUTTONS), 1),
        (says(&context.buttons, v::LOG_IN), -1),
        (is_said("current-password"), -3),
    ]);
    let code = points(&[
        (is_said("one-time-code"), 4),
        (input.is_named(v::CODE_NAMES), 2),
        (input.is_named(v::MAYBE_CODE_NAMES), 1),
        (says(&label, v::CODE_WORDS), 2),
        (says(context.around.headline, v::CODE_WORDS), 2),
        (says(context.around.text, v::CODE_WORDS), 1),
        (input.is_short, 1),
        (is_named_password, -2),
        (says(&label, v::PASSWORD_WORDS) && !says(&label, v::CODE_WORDS), -1),
        (context.has_user, -2),
        // The other one is for the password, then.
        (context.has_user && context.passwords > 1 && !is_named_password, 3),
        (is_said("current-password"), -3),
    ]);
    match () {
        () if code >= 2 && code >= new => Asks::Code,
        () if new >= 2 => Asks::NewPassword,
        () => Asks::Password,
    }
}

fn of_text(input: &Input, context: &Context<'_>) -> Asks {
    let label = folded(&input.label);
    let is_code_said =
        input.autocomplete.as_deref().is_some_and(|a| a.split_whitespace().any(|word| word == "one-time-code"));
    let is_user = asks_for_user(input);
    match () {
        () if is_code_said => Asks::Code,
        () if input.is_named((&[], v::CAPTCHA_NAMES)) || says(&label, v::CAPTCHA_WORDS) => Asks::Captcha,
        () if input.is_named(v::CODE_NAMES) => Asks::Code,
        () if is_user => Asks::User,
        // Beside a picture that keeps programs out, what is not for the user is for the picture.
        () if context.has_captcha && context.has_user => Asks::Captcha,
        () if input.is_named(v::MAYBE_CODE_NAMES) || says(&label, v::CODE_WORDS) => Asks::Code,
        () if context.passwords == 0 && input.is_short && says(context.around.headline, v::CODE_WORDS) => Asks::Code,
        () if says(&label, v::USER_LABELS) => Asks::User,
        () if context.passwords == 0 && says(context.around.headline, v::CODE_WORDS) => Asks::Code,
        () => Asks::Other,
    }
}
