//! Forms with fields that may be secrets.

use url::form_urlencoded;

use crate::attempt::{self, Carried, CountedSecret, Ledger};
use crate::error::Result;
use crate::secret::Secret;

/// The value of a field.
#[derive(Clone, Copy, Debug)]
pub enum Field<'a> {
    Plain(&'a str),
    Secret(&'a CountedSecret),
}

/// Encodes the fields as `application/x-www-form-urlencoded`. Errors: those of [`attempt::send`].
pub fn encode(fields: &[(&str, Field<'_>)], ledger: &dyn Ledger) -> Result<Carried> {
    let secrets: Vec<&CountedSecret> = fields
        .iter()
        .filter_map(|(_, field)| match field {
            Field::Plain(_) => None,
            Field::Secret(secret) => Some(*secret),
        })
        .collect();
    attempt::send(&secrets, ledger, |texts| {
        let mut texts = texts.iter();
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, field) in fields {
            match field {
                Field::Plain(text) => form.append_pair(name, text),
                Field::Secret(_) => form.append_pair(name, texts.next().copied().unwrap_or_default()),
            };
        }
        Secret::new(form.finish())
    })
}
