//! A login at a SAML page: by the methods that the page accepts, or by the one that is named.

use super::conversation::Conversation;
use super::draft::Draft;
use super::method::{METHODS, Method};
use super::{Login, page};
use crate::acquire::proof::{self, Proof};
use crate::cli::args::SecretStore;
use crate::cli::commands::login::PATIENCE;
use crate::cli::prompt;
use crate::config::profile::{Account, Profile};
use crate::config::setting::Written;
use crate::error::{Code, Error, Result};
use crate::identity::Person;
use crate::identity::secret_store;
use crate::identity::trace::Trace;
use crate::secret::Secret;

const URL: &str = "The identity provider's page for AWS (its address in a browser)";

impl Conversation<'_> {
    /// Opens the page, and tries the methods that it accepts.
    pub fn by_page(&mut self) -> Result<Login> {
        let url = self.url()?;
        let opened = page::open(self, &url).map_err(|error| self.name_the_flags(error))?;
        self.desk.say(&format!("the page {}", opened.in_words));
        let mut last = None;
        for (index, method) in opened.methods.iter().enumerate() {
            match self.by(method, &url) {
                Err(error) if page::is_worth_another(&error) && index + 1 < opened.methods.len() => {
                    self.desk.say(&format!("not by {}: {}", method.in_words, error.what));
                    last = Some(error);
                }
                outcome => return outcome.map_err(|error| self.name_the_flags(error)),
            }
        }
        Err(last.unwrap_or_else(|| Error::new(Code::LoginPage, "the page requires a login of an unknown kind")))
    }

    pub fn by_saml(&mut self, method: &'static Method) -> Result<Login> {
        let url = self.url()?;
        self.by(method, &url).map_err(|error| self.name_the_flags(error))
    }

    fn url(&mut self) -> Result<String> {
        let url = match self.setup.idp_url.clone() {
            Some(url) => self.desk.given(URL, url),
            None => self.desk.ask(URL, None, "--idp-url URL")?,
        };
        self.last_url = Some(url.clone());
        Ok(url)
    }

    fn by(&mut self, method: &'static Method, url: &str) -> Result<Login> {
        let mut draft = Draft::of(&self.setup, &self.name, method, Some(url.to_owned()));
        // An invalid address is reported before more is asked.
        Draft::of(&self.setup, &self.name, &METHODS[0], Some(url.to_owned()))
            .read_without_role(self.explicit, self.env)?;
        self.desk.say(&format!("logging in by {}", method.in_words));
        draft.ask(&self.setup, &mut self.desk, self.env)?;
        let trial = draft.read_without_role(self.explicit, self.env)?;
        let (typed, store) = self.typed_secret(&trial.profile)?;
        let secret = typed.as_ref().map(|(_, secret)| secret);
        let trace = Trace::default();
        let proof = match self.prove(&draft, secret, &trace) {
            Err(error) if error.code == Code::XpathNoMatch => {
                let Some(xpath) = trace.take_last_page().and_then(page::xpath) else { return Err(error) };
                self.desk.say(&format!("the SAML response is in another place: {xpath}"));
                draft.set("xpath", xpath.toml());
                self.prove(&draft, secret, &Trace::default())?
            }
            outcome => outcome?,
        };
        Ok(Login { draft, proof, kept: typed.map(|(account, secret)| (account, vec![secret])), store })
    }

    fn prove(&self, draft: &Draft, typed: Option<&Secret>, trace: &Trace) -> Result<Proof> {
        let mut trial = draft.read_without_role(self.explicit, self.env)?;
        // A browser window or a code needs a person, also with --yes.
        let at_browser = draft.method.by_hand && prompt::terminal().is_ok();
        let person = if at_browser { Some(&prompt::Terminal as &dyn Person) } else { self.desk.person() };
        if person.is_some() {
            trial.profile.deadline = trial.profile.deadline.max(PATIENCE);
        }
        proof::prove_attended(&trial.profile, &trial.cache, self.env, (typed, person), trace)
    }

    /// Asks for the password and where to store it. `None` if one is stored already, or none is needed.
    fn typed_secret(&mut self, trial: &Profile) -> Result<(Option<(Account, Secret)>, SecretStore)> {
        let mut store = self.setup.store;
        let Some((_, account)) = crate::cli::commands::kept_secret(trial) else { return Ok((None, store)) };
        match secret_store::place(&account, self.env) {
            Ok(Some(_)) if !self.is_refused => return Ok((None, store)),
            Ok(_) => {}
            // Reported before a person has typed it.
            Err(error) if store == SecretStore::Keyring && self.desk.is_attended() => {
                store = self.another_store(error)?;
                self.setup.store = store;
            }
            Err(_) => {}
        }
        let question = format!("Password of {}", account.in_words());
        let secret = self.desk.secret(&question, "--password-env NAME, or --password-file FILE")?;
        Ok((Some((account, secret)), store))
    }

    /// Asks where to store a secret that the keyring does not take.
    pub fn another_store(&mut self, error: Error) -> Result<SecretStore> {
        let again = self.setup.again(&["--store", "file"]);
        self.desk.complain(error.hint(format!("unlock it, or store it in a file: {again}")))?;
        if self.desk.confirm("Store it in a sealed file instead?", false)? {
            return Ok(SecretStore::File);
        }
        Err(Error::new(Code::KeyringLocked, "there is no place for the secret").hint(again))
    }

    /// Replaces the hint of an error by flags of this command.
    fn name_the_flags(&self, error: Error) -> Error {
        let again = |more: &[&str]| self.setup.again(more);
        match error.code {
            Code::TlsUntrusted => {
                let flags = again(&["--ca-bundle", "FILE"]);
                error.hint(format!("name a PEM file with the right authority: {flags}"))
            }
            Code::LoginPage | Code::NegotiateNotOffered => {
                error.hint(format!("name the method: {}", again(&["--auth", "form"])))
            }
            _ => error,
        }
    }
}
