//! The conversation: which method is tried, and what follows a mistake. The mistake is explained, and its question asked again
//! with the other answers kept.

use std::path::Path;

use super::certificate::{self, Trusted};
use super::desk::Desk;
use super::draft::Draft;
use super::method::{self, METHODS, Method, Table};
use super::{Login, nothing_is_written, wiring};
use crate::acquire::proof::Proof;
use crate::cli::args::Setup;
use crate::error::{Code, Error, Kind, Result, printable};
use crate::process::env::Env;

/// How the login method is chosen.
#[derive(Clone, Copy)]
pub enum Way {
    /// By what the identity provider's page asks for.
    Page,
    Method(&'static Method),
}

pub struct Conversation<'a> {
    /// The flags, and answers that are not asked for again.
    pub setup: Setup,
    pub name: String,
    pub aws_profile: String,
    /// `--config`
    pub explicit: Option<&'a Path>,
    pub desk: Desk,
    pub env: &'a Env,
    way: Way,
    /// The page that was tried last.
    pub last_url: Option<String>,
    /// Whether the stored password was refused, so that another is asked for.
    pub is_refused: bool,
}

impl<'a> Conversation<'a> {
    /// Asks for the profile's name and the way to log in. What flags say is checked before anybody logs in.
    pub fn begin(setup: &Setup, explicit: Option<&'a Path>, mut desk: Desk, env: &'a Env) -> Result<Self> {
        let name = loop {
            let name = match &setup.profile {
                Some(name) => name.clone(),
                None => desk.ask("Name of the new profile", Some("default"), "PROFILE")?,
            };
            match check(setup, &name, explicit, env) {
                Ok(()) => break name,
                Err(error) if setup.profile.is_some() || error.kind() != Kind::Configuration => return Err(error),
                Err(error) => desk.complain(error)?,
            }
        };
        let aws_profile = setup.aws_profile.clone().unwrap_or_else(|| name.clone());
        let way = first_way(setup, &desk, env)?;
        Ok(Conversation {
            setup: setup.clone(),
            name,
            aws_profile,
            explicit,
            desk,
            env,
            way,
            last_url: None,
            is_refused: false,
        })
    }

    /// Logs in, until it works or the person ends it.
    pub fn converse(&mut self) -> Result<Login> {
        loop {
            let outcome = match self.way {
                Way::Page => self.by_page(),
                Way::Method(method) if method.table == Table::Saml => self.by_saml(method),
                Way::Method(method) => self.by_token(method),
            };
            match outcome {
                Ok(login) => return Ok(login),
                Err(error) => self.after(error)?,
            }
        }
    }

    /// Shows the error, and asks how to go on.
    fn after(&mut self, error: Error) -> Result<()> {
        let (code, kind) = (error.code, error.kind());
        // A person who does not answer is not asked again.
        if code == Code::PromptNeeded {
            return Err(error);
        }
        self.desk.complain(error)?;
        let url = self.last_url.clone();
        // The address is asked for again, with this one as proposal, unless the error shows that it was right.
        self.setup.idp_url = None;
        match code {
            Code::ProfileNotFound | Code::ConfigUnreadable | Code::ConfigSyntax => {
                return Err(nothing_is_written(&self.setup).hint("fedcred config check"));
            }
            Code::TlsUntrusted if url.is_some() => {
                match certificate::settle(url.as_deref().unwrap_or_default(), &mut self.desk, self.env)? {
                    Trusted::By(bundle) => {
                        self.setup.ca_bundle = Some(bundle);
                        self.setup.idp_url = url;
                    }
                    Trusted::NotAtAll => self.setup.ca_bundle = None,
                }
            }
            Code::IdpRejected | Code::IdpForbidden | Code::SecretRefusedBefore => {
                self.setup.idp_url = url;
                self.setup.username = None;
                self.is_refused = true;
                let question = "Try another user name or password? A few more tries may lock the account.";
                if !self.desk.confirm(question, false)? {
                    return Err(nothing_is_written(&self.setup));
                }
            }
            // A wrong answer: all are asked for again.
            _ if kind == Kind::Configuration => self.forget_answers(),
            _ => {
                let choices = ["try again, perhaps with other answers", "log in another way", "end setup"];
                match self.desk.choose("How do you want to continue?", &choices)? {
                    0 => self.forget_answers(),
                    1 => {
                        self.forget_answers();
                        self.way = choose_way(&self.desk, self.env)?;
                    }
                    _ => return Err(nothing_is_written(&self.setup)),
                }
            }
        }
        Ok(())
    }

    /// Shows the error of STS, and asks how to go on. Returns whether this login is used further.
    pub fn after_sts(&mut self, error: Error, login: &mut Login, tried: Draft) -> Result<bool> {
        let offers = match &login.proof {
            Proof::Assertion(assertion) => assertion.response.roles.len(),
            Proof::Token(_) | Proof::Keys(_) => 0,
        };
        self.desk.complain(error)?;
        let other = if offers > 1 { "choose another role" } else { "give other answers" };
        match self.desk.choose("How do you want to continue?", &["ask STS again", other, "end setup"])? {
            0 => login.draft = tried,
            1 if offers > 1 => {
                self.setup.role_arn = None;
                login.draft.role_arn = None;
            }
            1 => {
                self.forget_answers();
                return Ok(false);
            }
            _ => return Err(nothing_is_written(&self.setup)),
        }
        Ok(true)
    }

    /// Has every question asked again, with the last answers as proposals.
    fn forget_answers(&mut self) {
        let Setup { username, command, issuer, client_id, app_id, flow, token_file, token_env, role_arn, .. } =
            &mut self.setup;
        for answer in [username, command, issuer, client_id, app_id, flow, token_env] {
            *answer = None;
        }
        *token_file = None;
        // With SAML, a role is chosen from those on offer later.
        if matches!(self.way, Way::Method(method) if method.table != Table::Saml) {
            *role_arn = None;
        }
    }
}

/// Refuses a name that is taken or invalid, and flags that no answer could correct.
fn check(setup: &Setup, name: &str, explicit: Option<&Path>, env: &Env) -> Result<()> {
    if name.contains("://") {
        let again = Setup { profile: None, ..setup.clone() }.again(&["--idp-url", name]);
        return Err(Error::new(
            Code::InvalidValue,
            format!("{:?} is an address, not the name of a profile", printable(name, 200)),
        )
        .hint(format!("give it as a flag: {again}")));
    }
    Draft::of(setup, name, &METHODS[0], Some("https://idp.example.com/".to_owned())).read(explicit, env)?;
    if !setup.no_aws_config {
        let aws_profile = setup.aws_profile.as_deref().unwrap_or(name);
        wiring::edit(&[(aws_profile, name)], None, explicit, env)?;
    }
    Ok(())
}

fn first_way(setup: &Setup, desk: &Desk, env: &Env) -> Result<Way> {
    match (setup.auth, &setup.idp_url) {
        (Some(method), _) => Ok(Way::Method(method)),
        (None, Some(_)) => Ok(Way::Page),
        (None, None) if desk.is_attended() => choose_way(desk, env),
        (None, None) => Ok(match method::found(env).as_slice() {
            [(method, _)] => Way::Method(method),
            _ => Way::Page,
        }),
    }
}

fn choose_way(desk: &Desk, env: &Env) -> Result<Way> {
    let page = (Way::Page, "open the identity provider's page and see what it asks for".to_owned());
    let found = method::found(env);
    let row = |method: &'static Method, what: &str| (Way::Method(method), format!("{:<15} {what}", method.name));
    let here = found.iter().map(|(method, why)| row(method, &format!("{} ({why})", method.help)));
    let is_here = |method: &&Method| !found.iter().any(|(known, _)| known.name == method.name);
    // Sources that are not on this machine are set up by flags only, for other machines.
    let is_for_people = |method: &&Method| method.table == Table::Saml || method.by_hand || !method.asks.is_empty();
    let others = METHODS.iter().filter(is_here).filter(is_for_people).map(|method| row(method, method.help));
    let ways: Vec<(Way, String)> = here.chain([page]).chain(others).collect();
    let shown: Vec<&str> = ways.iter().map(|(_, text)| text.as_str()).collect();
    Ok(ways[desk.choose("How do you log in?", &shown)?].0)
}
