//! Decides what an input is for: by `autocomplete`, by its name and id, by the words that people read at it, and by the rest of
//! the page. One rule for all products: the names that they use are listed in `words` among all others.

use super::forms::{Asks, Form, Input};
use super::words::{Meaning, folded, is_named, says, says_log_in};

/// What the page says outside of its inputs.
pub struct Around<'a> {
    /// Title and headings, folded.
    headline: &'a str,
    /// Whether the visible text speaks of codes, of codes that were sent, of the text of a picture.
    is_about_codes: bool,
    is_about_sent_codes: bool,
    is_about_pictures: bool,
}

impl<'a> Around<'a> {
    /// Takes folded texts: title and headings, and all visible text.
    pub fn new(headline: &'a str, text: &str) -> Self {
        Around {
            headline,
            is_about_codes: says(text, Meaning::Code),
            is_about_sent_codes: says(text, Meaning::SecondFactorText),
            is_about_pictures: says(text, Meaning::Picture),
        }
    }
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
        is_subscription: is_subscription(form, &buttons),
        has_captcha: form.has_captcha,
        has_picture: form.inputs.iter().any(|input| input.has_picture),
    };
    for input in &mut form.inputs {
        input.asks = match () {
            () if input.takes_password() => Some(of_password(input, &context)),
            () if input.takes_text() => Some(of_text(input, &context)),
            () => None,
        };
    }
    form.has_captcha |= form.asks_for(Asks::Captcha);
    // Beside a new password, the other one is the old. Two password inputs set a new password if the form does not ask for a
    // user name; three always do.
    let passwords = form.asking(Asks::Password);
    let most = if context.has_user { 2 } else { 1 };
    if passwords.len() > most || form.asks_for(Asks::NewPassword) {
        passwords.into_iter().for_each(|at| form.inputs[at].asks = Some(Asks::NewPassword));
    }
}

struct Context<'a> {
    around: &'a Around<'a>,
    buttons: String,
    has_user: bool,
    passwords: usize,
    is_registration: bool,
    is_subscription: bool,
    has_captcha: bool,
    /// A generated picture is somewhere in the form.
    has_picture: bool,
}

fn autocompletes(input: &Input, word: &str) -> bool {
    input.autocomplete.as_deref().is_some_and(|words| words.split_whitespace().any(|known| known == word))
}

fn asks_for_user(input: &Input) -> bool {
    autocompletes(input, "username") || autocompletes(input, "email") || input.is_named(Meaning::User)
}

/// The points of the conditions that hold.
pub fn points(conditions: &[(bool, i32)]) -> i32 {
    conditions.iter().filter(|(holds, _)| *holds).map(|(_, points)| points).sum()
}

/// Whether the form subscribes to a newsletter.
fn is_subscription(form: &Form, buttons: &[String]) -> bool {
    let names = [&form.id, &form.name, &form.action];
    names.into_iter().flatten().any(|name| is_named(name, Meaning::Newsletter))
        || buttons.iter().any(|button| says(button, Meaning::Newsletter))
        || form.inputs.iter().filter(|input| input.takes_text()).any(|input| input.is_named(Meaning::Newsletter))
}

fn is_registration(form: &Form, around: &Around<'_>, buttons: &[String]) -> bool {
    let says_so = buttons.iter().any(|button| says(button, Meaning::Register));
    let logs_in = buttons.iter().any(|button| says_log_in(button) && !says(button, Meaning::Register));
    let asks_who_you_are = form.inputs.iter().any(|input| input.takes_text() && input.is_named(Meaning::PersonalName));
    let is_action = form.action.as_deref().is_some_and(|action| is_named(action, Meaning::Register));
    let is_headline = says(around.headline, Meaning::Register);
    points(&[(says_so, 2), (asks_who_you_are, 2), (is_action, 2), (is_headline, 1), (logs_in, -2)]) >= 2
}

fn of_password(input: &Input, context: &Context<'_>) -> Asks {
    if context.is_registration {
        return Asks::NewPassword;
    }
    let label = folded(&input.label);
    let is_said = |word: &str| autocompletes(input, word);
    let is_named_password = input.is_named(Meaning::Password);
    let is_new = says(&label, Meaning::NewPassword) || says(&label, Meaning::New);
    let new = points(&[
        (is_said("new-password"), 2),
        (input.is_named(Meaning::NewPassword), 2),
        (is_new, 2),
        (says(context.around.headline, Meaning::NewPassword), 2),
        (says(&context.buttons, Meaning::Save), 1),
        (says(&context.buttons, Meaning::LogIn) || context.has_user && says(&context.buttons, Meaning::GoOn), -1),
        (is_said("current-password"), -3),
    ]);
    let code = points(&[
        (is_said("one-time-code"), 4),
        (input.is_named(Meaning::Code), 2),
        (input.is_named(Meaning::MaybeCode), 1),
        (says(&label, Meaning::Code), 2),
        (says(context.around.headline, Meaning::Code), 2),
        (context.around.is_about_codes, 1),
        // One point more than a sentence about a password takes away.
        (is_question(input, &label) || says(context.around.headline, Meaning::Question), 3),
        (input.is_short, 1),
        // One character of a grid card, or of a memorable word.
        (input.max_length.is_some_and(|length| length < 3), 4),
        (is_named_password, -2),
        (says(&label, Meaning::Password) && !says(&label, Meaning::Code), -1),
        (context.has_user, -2),
        // The other one is for the password.
        (context.has_user && context.passwords > 1 && !is_named_password, 3),
        (is_said("current-password"), -3),
        // A PIN that is being set.
        (is_new && context.passwords > 1, -4),
    ]);
    match () {
        () if code >= 2 && code >= new => Asks::Code,
        () if new >= 2 => Asks::NewPassword,
        () => Asks::Password,
    }
}

/// A security question.
fn is_question(input: &Input, label: &str) -> bool {
    input.is_named(Meaning::Question)
        || says(label, Meaning::Question)
        || label.ends_with('?') && !says(label, Meaning::Password)
}

fn of_text(input: &Input, context: &Context<'_>) -> Asks {
    let label = folded(&input.label);
    let is_user = asks_for_user(input);
    let is_plain_code = context.passwords == 0
        && says(&label, Meaning::MaybeCode)
        && (input.is_short || context.around.is_about_sent_codes);
    let is_code = input.is_named(Meaning::MaybeCode) || says(&label, Meaning::Code) || is_plain_code;
    match () {
        () if autocompletes(input, "one-time-code") => Asks::Code,
        () if input.is_named(Meaning::Captcha) || says(&label, Meaning::Captcha) || is_sum(&label) => Asks::Captcha,
        () if !is_user && is_of_picture(input, &label, context) => Asks::Captcha,
        () if input.is_named(Meaning::Code) => Asks::Code,
        () if context.is_subscription => Asks::Other,
        () if is_user => Asks::User,
        // Beside a captcha, a text that is not the user name answers the captcha.
        () if context.has_captcha && context.has_user => Asks::Captcha,
        () if is_code => Asks::Code,
        () if context.passwords == 0 && (input.is_short || is_question(input, &label)) && asks_for_proof(context) => {
            Asks::Code
        }
        () if says(&label, Meaning::User) => Asks::User,
        () if context.passwords == 0 && says(context.around.headline, Meaning::Code) => Asks::Code,
        () => Asks::Other,
    }
}

fn asks_for_proof(context: &Context<'_>) -> bool {
    [Meaning::Code, Meaning::Question, Meaning::SecondFactor]
        .into_iter()
        .any(|meaning| says(context.around.headline, meaning))
}

/// Whether the text of a picture has to be typed: the input speaks of it, or the picture is beside the input and either the form
/// has a password or the page speaks of the picture.
fn is_of_picture(input: &Input, label: &str, context: &Context<'_>) -> bool {
    let is_spoken_of = says(label, Meaning::Picture);
    let is_guard = context.passwords > 0 || is_spoken_of || context.around.is_about_pictures;
    is_spoken_of && (context.has_picture || says(label, Meaning::Code)) || input.has_picture && is_guard
}

/// A sum as captcha: "3 + 4 =".
fn is_sum(label: &str) -> bool {
    let is_digit = |c: &char| c.is_ascii_digit();
    label.contains(['=', '?'])
        && label.match_indices(['+', '*', '×']).any(|(at, operator)| {
            let before = label[..at].trim_end().chars().rev().take_while(is_digit).count();
            let after = label[at + operator.len()..].trim_start().chars().take_while(is_digit).count();
            (1..=2).contains(&before) && (1..=2).contains(&after)
        })
}
