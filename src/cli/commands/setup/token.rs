//! A login without a page: a token of a service or an OpenID provider, or AWS credentials of a container. These name no roles, so
//! the role is asked for first.

use std::path::Path;

use super::Login;
use super::conversation::Conversation;
use super::draft::Draft;
use super::method::Method;
use crate::acquire::proof::{self, Proof};
use crate::cli::args::SecretStore;
use crate::cli::commands::login::{PATIENCE, sign_in};
use crate::cli::commands::person_at;
use crate::cli::prompt;
use crate::config::profile::Oidc;
use crate::error::Result;
use crate::identity::oidc::login::stored_login::StoredLogin;
use crate::identity::secret_store;
use crate::identity::trace::Trace;

const ROLE: &str = "ARN of the role (arn:aws:iam::…:role/…)";

impl Conversation<'_> {
    pub fn by_token(&mut self, method: &'static Method) -> Result<Login> {
        let mut draft = Draft::of(&self.setup, &self.name, method, None);
        draft.ask(&self.setup, &mut self.desk, self.env)?;
        draft.role_arn = Some(match draft.role_arn.take() {
            Some(role) => self.desk.given(ROLE, role),
            None => self.desk.ask(ROLE, self.env.text("AWS_ROLE_ARN").as_deref(), "--role-arn ARN")?,
        });
        let addition = draft.read(self.explicit, self.env)?;
        self.desk.say(&format!("logging in by {}", method.in_words));
        if let Some(oidc) = person_at(&addition.profile) {
            return self.at_provider(oidc, &draft, self.explicit);
        }
        let proof = proof::prove(&addition.profile, &addition.cache, self.env, &Trace::default())?;
        Ok(Login { draft, proof, kept: None, store: self.setup.store })
    }

    /// Logs a person in, which gives a refresh token.
    fn at_provider(&mut self, oidc: &Oidc, draft: &Draft, explicit: Option<&Path>) -> Result<Login> {
        prompt::terminal()?;
        let account = oidc.account();
        // Reported before a person has logged in.
        if self.setup.store == SecretStore::Keyring
            && let Err(error) = secret_store::place(&account, self.env)
        {
            self.setup.store = self.another_store(error)?;
        }
        let mut addition = draft.read(explicit, self.env)?;
        addition.profile.deadline = addition.profile.deadline.max(PATIENCE);
        let ui = sign_in::Terminal { env: self.env };
        let (proof, tokens) = proof::prove_signed_in(&addition.profile, oidc, &addition.cache, self.env, &ui)?;
        if let Proof::Token(web) = &proof
            && let Some(who) = sign_in::who(&web.token)
        {
            self.desk.say(&format!("logged in as {who}"));
        }
        let kept =
            tokens.and_then(|tokens| Some(StoredLogin::new(tokens.refresh_token?, Some(tokens.token)).written()));
        if kept.is_none() {
            self.desk.say(
                "the provider issued no refresh token, so you have to log in again when this token expires: \
                see `scope`",
            );
        }
        let kept = kept.map(|texts| (account, Vec::from(texts)));
        Ok(Login { draft: draft.clone(), proof, kept, store: self.setup.store })
    }
}
