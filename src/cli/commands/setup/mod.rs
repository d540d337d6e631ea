//! `fedcred setup`: opens the identity provider's page, proposes a login method, tries it, asks for a role, and writes the profile
//! and its lines in `~/.aws/config`. Nothing is written before the login has worked and the lines have been shown.

mod certificate;
mod conversation;
mod desk;
mod draft;
mod ending;
mod import;
pub mod method;
mod page;
mod question;
mod role;
mod saml;
mod siblings;
mod token;
mod wiring;

use self::conversation::Conversation;
use self::desk::Desk;
use self::draft::Draft;
use self::siblings::Sibling;
use super::login::of_account;
use crate::acquire::proof::{self, Proof};
use crate::cli::args::{Global, SecretStore, Setup};
use crate::config::profile::Account;
use crate::error::{Code, Error, Result};
use crate::process::env::Env;
use crate::secret::Secret;
use crate::time;

pub fn run(setup: &Setup, global: &Global, env: &Env) -> Result<()> {
    let desk = Desk::new(setup.yes);
    if !setup.yes && !desk.is_attended() {
        return Err(Error::new(Code::PromptNeeded, "there is no terminal to ask on")
            .hint(format!("to be asked nothing, pass --yes: {}", setup.again(&["--yes"]))));
    }
    if let Some(tool) = setup.from {
        return import::run(tool, setup, desk, global, env);
    }
    let mut conversation = Conversation::begin(setup, global.config.as_deref(), desk, env)?;
    let mut login = conversation.converse()?;
    loop {
        let draft = conversation.choose_role(&login)?;
        let siblings = match (&setup.all_roles, &login.proof) {
            (Some(pattern), Proof::Assertion(assertion)) => Sibling::all(&draft, &assertion.response.roles, pattern)?,
            _ => Vec::new(),
        };
        let more: String = siblings.iter().map(Sibling::to_toml).collect();
        let addition = draft.read_with(&more, conversation.explicit, env)?;
        match proof::redeem(&addition.profile, &addition.cache, &login.proof, env) {
            Ok(session) => {
                let until = time::whole_seconds(session.expiration);
                conversation.desk.say(&format!("STS gives a session{} until {until}", of_account(&session)));
                return ending::write(conversation, &login, &draft, &siblings, addition);
            }
            Err(error) => {
                if !conversation.after_sts(error, &mut login, draft)? {
                    login = conversation.converse()?;
                }
            }
        }
    }
}

/// A successful login.
struct Login {
    draft: Draft,
    proof: Proof,
    /// The secret to store, and its account: a typed password or a refresh token. Of several texts, the first that fits is stored.
    kept: Option<(Account, Vec<Secret>)>,
    /// Where to store it.
    store: SecretStore,
}

fn nothing_is_written(setup: &Setup) -> Error {
    Error::new(Code::PromptNeeded, "nothing is written").hint(setup.again(&[]))
}
