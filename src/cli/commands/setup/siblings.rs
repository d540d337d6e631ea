//! `setup --all-roles`: a profile for each further role on offer. One login serves all of them.

use super::draft::Draft;
use crate::config::settings::PROFILE;
use crate::config::writer::Writer;
use crate::error::{Code, Error, Result};
use crate::identity::saml::response::Offer;

/// A profile that includes the new one, with a role of its own.
pub struct Sibling {
    pub name: String,
    role_arn: String,
    base: String,
}

impl Sibling {
    /// Makes one for every role on offer but the draft's. `pattern` names them, with `{profile}`, `{role}` and `{account}`.
    pub fn all(draft: &Draft, offers: &[Offer], pattern: &str) -> Result<Vec<Sibling>> {
        let mut siblings: Vec<Sibling> = Vec::new();
        for role in offers.iter().map(|offer| &offer.role_arn) {
            let role_arn = role.to_string();
            if draft.role_arn.as_ref() == Some(&role_arn) || siblings.iter().any(|known| known.role_arn == role_arn) {
                continue;
            }
            let name = pattern.replace("{profile}", &draft.name).replace("{role}", &role.name);
            let name = name.replace("{account}", &role.owner);
            if name == draft.name || siblings.iter().any(|known| known.name == name) {
                return Err(Error::new(Code::ConflictingKeys, format!("two profiles would be called {name:?}"))
                    .because(format!("one of them is for {role_arn}"))
                    .hint("tell them apart: --all-roles '{profile}-{account}-{role}'"));
            }
            siblings.push(Sibling { name, role_arn, base: draft.name.clone() });
        }
        Ok(siblings)
    }

    /// The lines for the file.
    pub fn to_toml(&self) -> String {
        let mut writer = Writer::new(&self.name);
        let mut out = writer.table(&PROFILE);
        out.set("include", &self.base);
        out.set("role_arn", &self.role_arn);
        writer.to_toml()
    }
}
