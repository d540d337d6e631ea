//! `fedcred setup`: opens the identity provider's page, proposes how to log in, tries it, lets one choose a role, and writes the
//! profile and its lines in `~/.aws/config`. Nothing is written before it has worked and been shown.

mod desk;
mod draft;
mod page;
mod siblings;
mod wiring;

use std::path::Path;

use self::desk::Desk;
use self::draft::Draft;
use self::siblings::Sibling;
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
use crate::quote::shell::fedcred;
use crate::region::Region;
use crate::secret::Secret;
use crate::time;

pub fn run(setup: &Setup, global: &Global, env: &Env) -> Result<()> {
    let mut desk = Desk::new(setup.yes);
    let explicit = global.config.as_deref();
    let name = match &setup.profile {
        Some(name) => name.clone(),
        None => desk.ask("Name of the new profile", Some("default"), "PROFILE")?,
    };
    let aws_profile = setup.aws_profile.as_deref().unwrap_or(&name).to_owned();
    if !setup.no_aws_config {
        // What cannot be written there is known before anybody logs in.
        wiring::edit(&aws_profile, &name, None, explicit, env)?;
    }
    let idp_url = match &setup.idp_url {
        Some(url) => url.clone(),
        None => desk.ask("The identity provider's page for AWS (its address in a browser)", None, "--idp-url URL")?,
    };
    let draft = Draft::of(setup, name, idp_url);
    let login = log_in(setup, draft, explicit, &mut desk, env)?;
    let draft = choose_role(setup, &login, &desk)?;

    let siblings = match (&setup.all_roles, &login.proof) {
        (Some(pattern), Proof::Assertion(assertion)) => Sibling::all(&draft, &assertion.response.roles, pattern)?,
        _ => Vec::new(),
    };
    let more: String = siblings.iter().map(Sibling::to_toml).collect();
    let addition = draft.read_with(&more, explicit, env)?;
    let session = proof::redeem(&addition.profile, &addition.cache, &login.proof, env)?;
    let until = time::whole_seconds(session.expiration);
    desk.say(&format!("STS gives a session of account {} until {until}", session.account_id));

    let edit = match setup.no_aws_config {
        true => None,
        false => {
            let region = draft.region.as_ref().map(Region::as_str);
            Some(wiring::edit(&aws_profile, &draft.name, region, explicit, env)?)
        }
    };
    let edit = edit.filter(|edit| !edit.is_empty());
    desk.say(&format!("\n{}:\n{}", addition.path.display(), plus(&format!("{}{more}", draft.to_toml()))));
    if let Some(edit) = &edit {
        desk.say(&format!("{}:\n{}", edit.path.display(), edit.diff()));
    }
    if !desk.confirm("Write this?", setup.yes)? {
        return Err(Error::new(Code::PromptNeeded, "nothing is written").hint("fedcred setup, with other answers"));
    }
    // A password that cannot be kept is known before a profile is there that needs it.
    if let Some((account, secret)) = &login.typed {
        let place = super::login::keep(setup.store, account, secret, env)
            .map_err(|error| error.hint("keep it in a file instead: fedcred setup --store file"))?;
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
    output::write(&desk.into_said())
}

/// A login that has worked.
struct Login {
    draft: Draft,
    proof: Proof,
    /// What a person has typed, and whose it is.
    typed: Option<(Account, Secret)>,
}

fn log_in(setup: &Setup, draft: Draft, explicit: Option<&Path>, desk: &mut Desk, env: &Env) -> Result<Login> {
    let methods = match setup.auth {
        Some(auth) => {
            // A name that is taken is known before anybody is asked for a password.
            Draft { role_arn: None, ..draft.clone() }.read(explicit, env)?;
            vec![auth]
        }
        None => {
            let opened = page::open(&draft, explicit, env).map_err(name_the_flags)?;
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
            outcome => return outcome.map_err(name_the_flags),
        }
    }
    Err(last.unwrap_or_else(|| Error::new(Code::LoginPage, "the page wants a login that is not known here")))
}

fn try_method(setup: &Setup, draft: &Draft, explicit: Option<&Path>, desk: &mut Desk, env: &Env) -> Result<Login> {
    let mut draft = draft.clone();
    desk.say(&format!("logging in by {}", in_words(draft.auth)));
    let mut typed = None;
    if matches!(draft.auth, SetupAuth::Form | SetupAuth::Basic) {
        if draft.username.is_none() {
            draft.username = Some(desk.ask("User name", Some(&whoami::user(env)), "--username USER")?);
        }
        if draft.password.is_none() {
            draft.password = Some("{ keyring = true }".to_owned());
            let trial = Draft { role_arn: None, ..draft.clone() }.read(explicit, env)?;
            typed = typed_secret(setup, &trial.profile, desk, env)?;
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
    Ok(Login { draft, proof, typed })
}

/// The password that a person types; `None`: one is kept already.
fn typed_secret(setup: &Setup, trial: &Profile, desk: &Desk, env: &Env) -> Result<Option<(Account, Secret)>> {
    let Some((_, account)) = super::kept_secret(trial) else { return Ok(None) };
    match kept::place(&account, env) {
        Ok(Some(_)) => return Ok(None),
        Ok(None) => {}
        // Better known before a person has typed it.
        Err(error) if setup.store == SecretStore::Keyring && desk.is_attended() => {
            return Err(error.hint("unlock it, or keep the password in a file: fedcred setup --store file"));
        }
        Err(_) => {}
    }
    let secret =
        desk.secret(&format!("Password of {}", account.in_words()), "--password-env NAME, or --password-file FILE")?;
    Ok(Some((account, secret)))
}

/// The draft with the role that was given, is the only one, or is chosen now; and a region.
fn choose_role(setup: &Setup, login: &Login, desk: &Desk) -> Result<Draft> {
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
        let list: String = offered.iter().enumerate().map(|(n, role)| format!("  {}  {role}\n", n + 1)).collect();
        draft.role_arn = Some(offered[desk.choose(&format!("{list}Role"), &offered)?].clone());
    }
    let wanted = draft.role_arn.as_deref().map(crate::arn::RoleArn::parse).transpose()?;
    let offer = roles::choose(response, wanted.as_ref(), None).map_err(|error| {
        if setup.role_arn.is_none() { error.hint("choose one: fedcred setup --role-arn ARN") } else { error }
    })?;
    if draft.region.is_none() && desk.is_attended() {
        let typed = desk.ask("Region", Some(offer.role_arn.partition.default_region()), "--region REGION")?;
        let region = Region::parse(&typed)
            .map_err(|why| Error::new(Code::InvalidValue, format!("{:?}: {why}", printable(&typed, 60))));
        draft.region = Some(region?);
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
fn name_the_flags(error: Error) -> Error {
    match error.code {
        Code::TlsUntrusted => error.hint("name a PEM file with the right authority: fedcred setup --ca-bundle FILE"),
        Code::LoginPage | Code::NegotiateNotOffered => error.hint("name the method: fedcred setup --auth form"),
        _ => error,
    }
}

fn plus(lines: &str) -> String {
    lines.lines().map(|line| format!("+{line}\n")).collect()
}
