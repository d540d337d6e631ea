//! `fedcred setup`: opens the identity provider's page, proposes how to log in, tries it, lets one choose a role, and writes the
//! profile and its lines in `~/.aws/config`. Nothing is written before it has worked and been shown.

mod desk;
mod draft;
mod import;
mod page;
mod siblings;
mod wiring;

use std::path::Path;

use self::desk::Desk;
use self::draft::Draft;
use self::siblings::Sibling;
use super::login::of_account;
use crate::acquire::proof::{self, Proof};
use crate::cli::args::{Global, SecretStore, Setup, SetupAuth};
use crate::cli::output;
use crate::config::env::Env;
use crate::config::profile::{Account, Profile};
use crate::error::{Code, Error, Result, printable};
use crate::identity::kept;
use crate::identity::saml::response::Response;
use crate::identity::saml::roles;
use crate::identity::trace::Trace;
use crate::process::whoami;
use crate::quote::shell::{self, fedcred};
use crate::region::Region;
use crate::secret::Secret;
use crate::time;

pub fn run(setup: &Setup, global: &Global, env: &Env) -> Result<()> {
    let mut desk = Desk::new(setup.yes);
    if !setup.yes && !desk.is_attended() {
        return Err(Error::new(Code::PromptNeeded, "there is no terminal to ask on")
            .hint(format!("to be asked nothing, pass --yes: {}", setup.again(&["--yes"]))));
    }
    if let Some(tool) = setup.from {
        return import::run(tool, setup, desk, global, env);
    }
    let explicit = global.config.as_deref();
    let name = match &setup.profile {
        Some(name) => name.clone(),
        None => desk.ask("Name of the new profile", Some("default"), "PROFILE")?,
    };
    let aws_profile = setup.aws_profile.as_deref().unwrap_or(&name).to_owned();
    if !setup.no_aws_config {
        // What cannot be written there is known before anybody logs in.
        wiring::edit(&[(&aws_profile, &name)], None, explicit, env)?;
    }
    let login = converse(setup, &name, explicit, &mut desk, env)?;
    let draft = choose_role(setup, &login, &mut desk, env)?;

    let siblings = match (&setup.all_roles, &login.proof) {
        (Some(pattern), Proof::Assertion(assertion)) => Sibling::all(&draft, &assertion.response.roles, pattern)?,
        _ => Vec::new(),
    };
    let more: String = siblings.iter().map(Sibling::to_toml).collect();
    let addition = draft.read_with(&more, explicit, env)?;
    let session = loop {
        match proof::redeem(&addition.profile, &addition.cache, &login.proof, env) {
            Ok(session) => break session,
            Err(error) => {
                desk.complain(error)?;
                if !desk.confirm("Ask STS again?", false)? {
                    return Err(Error::new(Code::PromptNeeded, "nothing is written").hint(setup.again(&[])));
                }
            }
        }
    };
    let until = time::whole_seconds(session.expiration);
    desk.say(&format!("STS gives a session{} until {until}", of_account(&session)));

    let edit = match setup.no_aws_config {
        true => None,
        false => {
            let region = draft.region.as_ref().map(Region::as_str);
            let others = siblings.iter().map(|sibling| (sibling.name.as_str(), sibling.name.as_str()));
            let all: Vec<(&str, &str)> = std::iter::once((&*aws_profile, &*draft.name)).chain(others).collect();
            Some(wiring::edit(&all, region, explicit, env)?)
        }
    };
    let edit = edit.filter(|edit| !edit.is_empty());
    desk.say(&format!("\n{}:\n{}", addition.path.display(), plus(&format!("{}{more}", draft.to_toml()))));
    if let Some(edit) = &edit {
        desk.say(&format!("{}:\n{}", edit.path.display(), edit.diff()));
    }
    if !desk.confirm("Write this?", setup.yes)? {
        return Err(Error::new(Code::PromptNeeded, "nothing is written").hint(setup.again(&[])));
    }
    // A password that cannot be kept is known before a profile is there that needs it.
    if let Some((account, secret)) = &login.typed {
        let place = match super::login::keep(login.store, account, secret, env) {
            Ok(place) => place,
            Err(error) => {
                let hint = format!("keep it in a file instead: {}", setup.again(&["--store", "file"]));
                desk.complain(error.hint(hint))?;
                if !desk.confirm("Keep the password in a sealed file instead?", false)? {
                    return Err(Error::new(Code::PromptNeeded, "nothing is written").hint(setup.again(&[])));
                }
                super::login::keep(SecretStore::File, account, secret, env)?
            }
        };
        desk.say(super::login::kept_where(&place).trim_end());
    }
    let path = addition.write()?;
    desk.say(&format!("profile {} written into {}", draft.name, path.display()));
    if !siblings.is_empty() {
        let names: Vec<&str> = siblings.iter().map(|sibling| sibling.name.as_str()).collect();
        desk.say(&format!("and {} for the other roles, which one login serves: {}", siblings.len(), names.join(", ")));
    }
    if let Some(edit) = edit {
        let path = edit.path.display().to_string();
        match edit.write()? {
            Some(backup) => {
                desk.say(&format!("profile {aws_profile} written into {path}; what it was: {}", backup.display()))
            }
            None => desk.say(&format!("profile {aws_profile} written into {path}")),
        }
    }
    if !setup.no_aws_config
        && let Some(said) = wiring::ask_aws_cli(&aws_profile, env)
    {
        desk.say(&said);
    }
    desk.say(&format!("try it: {}", fedcred(&["get"], &draft.name, &[])));
    if !setup.no_aws_config {
        let words = ["aws", "--profile", &aws_profile, "sts", "get-caller-identity"];
        desk.say(&format!("        {}", shell::command(words)));
    }
    desk.say(&format!("        {}", fedcred(&["doctor"], &draft.name, &[])));
    output::write(&desk.take_said())
}

/// A login that has worked.
struct Login {
    draft: Draft,
    proof: Proof,
    /// What a person has typed, and whose it is.
    typed: Option<(Account, Secret)>,
    /// Where that is to be kept.
    store: SecretStore,
}

/// Asks for the page and logs in there. What goes wrong is told, and asked again with the other answers kept.
fn converse(setup: &Setup, name: &str, explicit: Option<&Path>, desk: &mut Desk, env: &Env) -> Result<Login> {
    let (mut setup, mut proposal) = (setup.clone(), None::<String>);
    loop {
        let idp_url = match &setup.idp_url {
            Some(url) => url.clone(),
            None => {
                let question = "The identity provider's page for AWS (its address in a browser)";
                desk.ask(question, proposal.as_deref(), "--idp-url URL")?
            }
        };
        let draft = Draft::of(&setup, name.to_owned(), idp_url.clone());
        let error = match log_in(&setup, draft, explicit, desk, env) {
            Ok(login) => return Ok(login),
            Err(error) => error,
        };
        let code = error.code;
        desk.complain(error)?;
        match code {
            Code::ConflictingKeys | Code::ProfileNotFound | Code::ConfigUnreadable | Code::ConfigSyntax => {
                return Err(Error::new(Code::PromptNeeded, "nothing is written").hint("fedcred config check"));
            }
            Code::TlsUntrusted => {
                let question = "PEM file with the authority to trust (- for another address)";
                let file = desk.ask(question, Some("-"), "--ca-bundle FILE")?;
                setup.ca_bundle = (file != "-").then(|| file.into());
                // The address was not wrong.
                setup.idp_url = setup.ca_bundle.is_some().then_some(idp_url.clone());
            }
            Code::IdpRejected | Code::IdpForbidden | Code::SecretRefusedBefore => {
                setup.idp_url = Some(idp_url.clone());
                setup.username = None;
                if !desk.confirm("Try another user name or password? A few more tries may lock the account.", false)? {
                    return Err(Error::new(Code::PromptNeeded, "nothing is written").hint(setup.again(&[])));
                }
            }
            _ => {
                setup.idp_url = None;
                desk.say("  Enter tries the same again, Ctrl-C ends setup.");
            }
        }
        proposal = Some(idp_url);
    }
}

fn log_in(setup: &Setup, draft: Draft, explicit: Option<&Path>, desk: &mut Desk, env: &Env) -> Result<Login> {
    let methods = match setup.auth {
        Some(auth) => {
            // A name that is taken is known before anybody is asked for a password.
            Draft { role_arn: None, ..draft.clone() }.read(explicit, env)?;
            vec![auth]
        }
        None => {
            let opened = page::open(&draft, explicit, env).map_err(|error| name_the_flags(error, setup))?;
            desk.say(&format!("the page {}", opened.in_words));
            opened.methods
        }
    };
    let mut last = None;
    for (index, auth) in methods.iter().enumerate() {
        match try_method(setup, &Draft { auth: *auth, ..draft.clone() }, explicit, desk, env) {
            Err(error) if page::is_worth_another(&error) && index + 1 < methods.len() => {
                desk.say(&format!("not by {}: {}", in_words(*auth), error.what));
                last = Some(error);
            }
            outcome => return outcome.map_err(|error| name_the_flags(error, setup)),
        }
    }
    Err(last.unwrap_or_else(|| Error::new(Code::LoginPage, "the page wants a login that is not known here")))
}

fn try_method(setup: &Setup, draft: &Draft, explicit: Option<&Path>, desk: &mut Desk, env: &Env) -> Result<Login> {
    let mut draft = draft.clone();
    desk.say(&format!("logging in by {}", in_words(draft.auth)));
    let (mut typed, mut store) = (None, setup.store);
    if matches!(draft.auth, SetupAuth::Form | SetupAuth::Basic) {
        if draft.username.is_none() {
            let proposal = desk.user.clone().unwrap_or_else(|| whoami::user(env));
            let user = desk.ask("User name", Some(&proposal), "--username USER")?;
            desk.user = Some(user.clone());
            draft.username = Some(user);
        }
        if draft.password.is_none() {
            draft.password = Some("{ keyring = true }".to_owned());
            let trial = Draft { role_arn: None, ..draft.clone() }.read(explicit, env)?;
            typed = typed_secret(setup, &trial.profile, &mut store, desk, env)?;
        }
    }
    // Whatever role it will be: the login is the same.
    let trial = |draft: &Draft| Draft { role_arn: None, ..draft.clone() }.read(explicit, env);
    let prove = |draft: &Draft, trace: &Trace| {
        let trial = trial(draft)?;
        match &typed {
            Some((_, secret)) => proof::prove_typed(&trial.profile, &trial.cache, env, secret, trace),
            None => proof::prove(&trial.profile, &trial.cache, env, trace),
        }
    };
    let trace = Trace::default();
    let proof = match prove(&draft, &trace) {
        Err(error) if error.code == Code::XpathNoMatch => {
            let Some(xpath) = trace.take_last_page().and_then(page::xpath) else { return Err(error) };
            desk.say(&format!("the SAML response is in another place: {xpath}"));
            draft.xpath = Some(xpath);
            prove(&draft, &Trace::default())?
        }
        outcome => outcome?,
    };
    // Only what a person typed here has to be kept from now on.
    let typed = typed.filter(|_| setup.password_env.is_none() && setup.password_file.is_none());
    Ok(Login { draft, proof, typed, store })
}

/// The password that a person types; `None`: one is kept already.
fn typed_secret(
    setup: &Setup,
    trial: &Profile,
    store: &mut SecretStore,
    desk: &mut Desk,
    env: &Env,
) -> Result<Option<(Account, Secret)>> {
    let Some((_, account)) = super::kept_secret(trial) else { return Ok(None) };
    match kept::place(&account, env) {
        Ok(Some(_)) => return Ok(None),
        Ok(None) => {}
        // Better known before a person has typed it.
        Err(error) if setup.store == SecretStore::Keyring && desk.is_attended() => {
            let hint = format!("unlock it, or keep the password in a file: {}", setup.again(&["--store", "file"]));
            desk.complain(error.hint(hint))?;
            if !desk.confirm("Keep the password in a sealed file instead?", false)? {
                return Err(Error::new(Code::KeyringLocked, "there is no place for the password")
                    .hint(setup.again(&["--store", "file"])));
            }
            *store = SecretStore::File;
        }
        Err(_) => {}
    }
    let secret =
        desk.secret(&format!("Password of {}", account.in_words()), "--password-env NAME, or --password-file FILE")?;
    Ok(Some((account, secret)))
}

/// The draft with the role that was given, is the only one, or is chosen now; and a region.
fn choose_role(setup: &Setup, login: &Login, desk: &mut Desk, env: &Env) -> Result<Draft> {
    let mut draft = login.draft.clone();
    let Proof::Assertion(assertion) = &login.proof else { return Ok(draft) };
    let response: &Response = &assertion.response;
    response.preflight(assertion.idp_time.unwrap_or_else(time::now))?;
    let offered: Vec<String> = {
        let mut roles: Vec<String> = response.roles.iter().map(|offer| offer.role_arn.to_string()).collect();
        roles.sort_unstable();
        roles.dedup();
        roles
    };
    if draft.role_arn.is_none() && setup.all_roles.is_some() {
        draft.role_arn = offered.first().cloned();
    } else if draft.role_arn.is_none() && offered.len() > 1 && desk.is_attended() {
        draft.role_arn = Some(offered[desk.choose("Role", &offered)?].clone());
    }
    let wanted = draft.role_arn.as_deref().map(crate::arn::RoleArn::parse).transpose()?;
    let offer = roles::choose(response, wanted.as_ref(), None).map_err(|error| {
        if setup.role_arn.is_none() {
            error.hint(format!("choose one: {}", setup.again(&["--role-arn", "ARN"])))
        } else {
            error
        }
    })?;
    while draft.region.is_none() && desk.is_attended() {
        let proposal = wiring::default_region(env).map(|region| region.to_string());
        let proposal = proposal.unwrap_or_else(|| offer.role_arn.partition.default_region().to_owned());
        let typed = desk.ask("Region", Some(&proposal), "--region REGION")?;
        match Region::parse(&typed) {
            Ok(region) => draft.region = Some(region),
            Err(why) => desk.complain(
                Error::new(Code::InvalidValue, format!("{:?}: {why}", printable(&typed, 60)))
                    .hint(format!("a region such as {}", why.example())),
            )?,
        }
    }
    if draft.region.is_none() {
        draft.region = wiring::default_region(env);
    }
    draft.role_arn = Some(offer.role_arn.to_string());
    Ok(draft)
}

fn in_words(auth: SetupAuth) -> &'static str {
    match auth {
        SetupAuth::None => "nothing at all",
        SetupAuth::Basic => "HTTP Basic",
        SetupAuth::Form => "the form",
        SetupAuth::Spnego => "Kerberos",
    }
}

/// The remedy, in terms of this command.
fn name_the_flags(error: Error, setup: &Setup) -> Error {
    match error.code {
        Code::TlsUntrusted => {
            error.hint(format!("name a PEM file with the right authority: {}", setup.again(&["--ca-bundle", "FILE"])))
        }
        Code::LoginPage | Code::NegotiateNotOffered => {
            error.hint(format!("name the method: {}", setup.again(&["--auth", "form"])))
        }
        _ => error,
    }
}

fn plus(lines: &str) -> String {
    lines.lines().map(|line| format!("+{line}\n")).collect()
}
