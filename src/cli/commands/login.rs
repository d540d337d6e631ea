//! `fedcred login`: asks for the secret, tries it once, and stores it if the identity provider accepts it.

use std::time::Duration;

pub(super) mod sign_in;

use crate::acquire::login;
use crate::cli::args::{Global, Login, SecretStore};
use crate::cli::output::{self, Text};
use crate::cli::prompt;
use crate::config::Config;
use crate::config::profile::{Account, ByHand, Identity, Profile, SecretSource};
use crate::credentials::Credentials;
use crate::error::{Error, Result};
use crate::identity::Person;
use crate::identity::secret_store::{self, Place};
use crate::keyring::Keyring;
use crate::process::env::Env;
use crate::quote::shell::fedcred;
use crate::secret::Secret;
use crate::time;

/// How long a person may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(600);

pub fn run(arguments: &Login, global: &Global, env: &Env) -> Result<()> {
    let config = Config::load(env, global.config.as_deref())?;
    let mut profile = super::looked_up(&config, &super::profile_name(arguments.profile.as_deref(), env), env)?;
    let settings = config.cache()?;
    if let Identity::Base(_) = profile.identity {
        return output::line(format!("{}: AWS credentials without a login", profile.name));
    }
    if let Some(oidc) = super::person_at(&profile).filter(|_| !arguments.use_stored) {
        check_store(arguments.store, &oidc.account().to_string(), &profile)?;
        return sign_in::run(oidc, &profile, &settings, arguments, env);
    }
    let asked = match super::kept_secret(&profile) {
        Some((setting, account)) if !arguments.use_stored => {
            check_store(arguments.store, &account.to_string(), &profile)?;
            let secret =
                prompt::secret(&question(setting, &account)).map_err(|error| without_terminal(error, &profile))?;
            Some((account, secret))
        }
        _ => None,
    };
    if !arguments.use_stored {
        ask_otp_secret(arguments.store, &profile, env)?;
    }
    let code = match mfa_device(&profile).filter(|_| !arguments.use_stored) {
        Some(device) => {
            Some(prompt::secret(&format!("{device}\nCode: ")).map_err(|error| without_terminal(error, &profile))?)
        }
        None => None,
    };
    let typed = asked.as_ref().map(|(_, secret)| secret).or(code.as_ref());
    if profile.by_hand() != ByHand::Nothing && !arguments.use_stored {
        profile.deadline = profile.deadline.max(PATIENCE);
    }
    // Without a terminal nobody would see the code.
    if profile.by_hand() == ByHand::Code && !arguments.use_stored {
        prompt::terminal().map_err(|error| without_terminal(error, &profile))?;
    }
    let person: Option<&dyn Person> = if arguments.use_stored { None } else { Some(&prompt::Terminal) };
    let credentials = login::log_in(&profile, &settings, env, typed, person)?;
    let mut text = logged_in(&profile, &credentials);
    match &asked {
        Some((account, secret)) => {
            let place = keep(arguments.store, account, secret, env)
                .map_err(|error| error.because("the login succeeded, but its secret is not stored"))?;
            text += kept_where(&place);
        }
        None => text.line(nothing_to_keep(&profile)),
    }
    output::write(&text)
}

/// Asks for the secret of one-time codes, unless it is stored. The login needs it on the way, so it is stored before.
fn ask_otp_secret(store: SecretStore, profile: &Profile, env: &Env) -> Result<()> {
    let Some(account) = super::kept_otp_secret(profile) else { return Ok(()) };
    if secret_store::read(&account, env)?.is_some() {
        return Ok(());
    }
    check_store(store, &account.to_string(), profile)?;
    let question =
        format!("{}\nSecret of the one-time codes (the text beside the IdP's QR code): ", account.in_words());
    let secret = prompt::secret(&question).map_err(|error| without_terminal(error, profile))?;
    keep(store, &account, &secret, env).map(drop)
}

/// Returns the MFA device whose code this profile's call of STS needs.
fn mfa_device(profile: &Profile) -> Option<&str> {
    match &profile.identity {
        Identity::AssumeRole(role) => role.serial_number.as_deref(),
        Identity::Saml(_) | Identity::WebIdentity(_) | Identity::Base(_) => None,
    }
}

pub(super) fn logged_in(profile: &Profile, credentials: &Credentials) -> Text {
    let until = time::whole_seconds(credentials.expiration);
    Text::of(format!("{}: logged in; credentials{} until {until}", profile.name, of_account(credentials)))
}

/// Returns " of account 112233334444"; empty if the account is not known.
pub(super) fn of_account(credentials: &Credentials) -> String {
    credentials.account_id.as_ref().map(|id| format!(" of account {id}")).unwrap_or_default()
}

pub(super) fn keep(store: SecretStore, account: &Account, secret: &Secret, env: &Env) -> Result<Place> {
    match store {
        SecretStore::Keyring => secret_store::store_in_keyring(account, secret, env),
        SecretStore::File => secret_store::store_in_file(account, secret, env),
    }
}

/// Fails before the person types if the keyring cannot be used.
fn check_store(store: SecretStore, account: &str, profile: &Profile) -> Result<()> {
    match store {
        SecretStore::File => Ok(()),
        SecretStore::Keyring => Keyring::System.get(account).map(|_| ()).map_err(|error| {
            error.hint(format!("unlock it, or: {}", fedcred(&["login", "--store", "file"], &profile.name, &[])))
        }),
    }
}

fn question(setting: &str, account: &Account) -> String {
    let what = if setting == "saml.token" { "Token" } else { "Password" };
    format!("{}\n{what}: ", account.in_words())
}

fn without_terminal(error: Error, profile: &Profile) -> Error {
    error.hint(format!(
        "run it in a terminal; to try the stored secret without one: {}",
        fedcred(&["login", "--use-stored"], &profile.name, &[])
    ))
}

pub(super) fn kept_where(place: &Place) -> Text {
    match place {
        Place::Keyring => Text::of("the secret is stored in the keyring"),
        Place::File(path) => {
            let mut text =
                Text::of(format!("the secret is stored in {}, sealed with the key beside it:", path.display()));
            text.line("anyone who can read your files, or a backup of that directory, can read it");
            text
        }
    }
}

fn nothing_to_keep(profile: &Profile) -> &'static str {
    if super::person_at(profile).is_some() {
        return "with the stored refresh token";
    }
    if mfa_device(profile).is_some() {
        return "a code can be used only once, so it is not stored";
    }
    match (profile.facts().and_then(|facts| facts.secret), profile.by_hand()) {
        (None, ByHand::Code) => "the refresh token of this login is stored, sealed",
        (None, ByHand::Browser) => "the browser keeps the session, in a separate profile",
        (None, ByHand::Nothing | ByHand::Answer) => "this login needs no secret, so none is stored",
        (Some((_, SecretSource::Keyring(_))), _) => "with the stored secret",
        (Some(_), _) => "with the configured secret, which stays where it is",
    }
}
