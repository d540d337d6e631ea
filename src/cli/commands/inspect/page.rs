//! A page as lines for people.

use crate::cli::facts::{Facts, listed};
use crate::cli::output::Text;
use crate::identity::trace::{FormSight, Sight};

pub fn text(sight: &Sight) -> Text {
    let mut facts = Facts::default();
    facts.add("page", Some(format!("it {}", sight.in_words)));
    facts.add("title", sight.title.clone());
    facts.add("says", sight.says.clone());
    facts.text() + listed("forms", sight.forms.iter().map(form))
}

/// `POST /login: username (text), password (password), csrf (hidden)`
fn form(form: &FormSight) -> String {
    let action = if form.action.is_empty() { "to the page itself" } else { &form.action };
    let field = |field: &crate::identity::trace::FieldSight| {
        let name = if field.name.is_empty() { "unnamed" } else { &field.name };
        format!("{name} ({})", field.kind)
    };
    let fields: Vec<String> = form.fields.iter().map(field).collect();
    format!("{} {action}: {}", form.method, fields.join(", "))
}
