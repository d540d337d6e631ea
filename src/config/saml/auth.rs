//! `auth`, and the keys of each method.

use url::Url;

use super::login::{
    Auth, BrowserLogin, CommandLogin, Ecp, FormChoices, FormLogin, MutualAuthentication, Okta, Otp, Spnego,
};
use crate::config::found::Found;
use crate::config::reader::Section;
use crate::config::secrets::{self, Account, SECRET, SecretSource};
use crate::config::tree::Value;
use crate::config::values;
use crate::config::words::{Words, words};
use crate::error::{Code, Result};
use crate::process::env::Env;
use crate::text::redact::shown_variable;

/// The values of `auth`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    None,
    Basic,
    Bearer,
    Form,
    Spnego,
    Okta,
    Ecp,
    Browser,
    Command,
}

words!(Method {
    None = "none",
    Basic = "basic",
    Bearer = "bearer",
    Form = "form",
    Spnego = "spnego",
    Okta = "okta",
    Ecp = "ecp",
    Browser = "browser",
    Command = "command",
});

/// Reads the method of authentication of the profile `profile`.
pub fn read(saml: &Section<'_, '_>, profile: &str, idp_url: Option<&Url>, verify: bool, env: &Env) -> Option<Auth> {
    let written = saml.find("auth");
    let method = match written {
        Some(_) => saml.get("auth"),
        None => saml.value("auth"),
    };
    let method: Method = method?;
    let (code, auth) = match written {
        Some(auth) => (Code::ConflictingKeys, format!("`auth` is \"{}\" ({})", method.word(), auth.place)),
        None => (Code::MissingKey, format!("no `auth` is written, which means \"{}\"", method.word())),
    };
    saml.check_with(method.word(), |word| format!("auth = \"{word}\""), code, &auth);
    // Without a URL there is an error already, and the account is not used.
    let account = |user: Option<&str>| idp_url.map(|url| Account::new(url, user)).unwrap_or_default();
    let secret = |key: &'static str, user: Option<&str>| saml.required(key, |f| secrets::source(f, &account(user)));
    let password_login = || {
        let username = saml.required("username", |f| user(f, env));
        let password = secret("password", username.as_deref());
        Some((username?, password?))
    };
    Some(match method {
        Method::None => Auth::None,
        Method::Basic => {
            let (username, password) = password_login()?;
            // RFC 7617, section 2: the first colon ends the user-id.
            if let Some(found) = saml.find("username").filter(|_| username.contains(':')) {
                saml.log().error(found.error(Code::InvalidValue, "has a colon, which auth = \"basic\" cannot send"));
            }
            Auth::Basic { username, password }
        }
        Method::Bearer => Auth::Bearer { token: secret("token", None)? },
        Method::Form => Auth::Form(form(saml, password_login(), account)?),
        Method::Spnego => Auth::Spnego(spnego(saml, verify)?),
        Method::Okta => {
            let (client_id, app_id) = (saml.needed("client_id"), saml.needed("app_id"));
            Auth::Okta(Okta { client_id: client_id?, app_id: app_id? })
        }
        // With a user name it is Basic, without one Kerberos.
        Method::Ecp if saml.find("username").is_some() || saml.find("password").is_some() => {
            let (username, password) = password_login()?;
            Auth::Ecp(Ecp::Basic { username, password })
        }
        Method::Ecp => Auth::Ecp(Ecp::Kerberos(spnego(saml, verify)?)),
        Method::Browser => Auth::Browser(BrowserLogin {
            program: saml.read("browser", secrets::program),
            is_headless_allowed: saml.value("browser_headless")?,
            username: saml.get("username"),
        }),
        Method::Command => {
            let argv = saml.required("command", secrets::command);
            let username = saml.get("username");
            let url = idp_url.map(Url::as_str).unwrap_or_default();
            Auth::Command(CommandLogin { argv: expand(argv?.0, profile, url), username })
        }
    })
}

fn form(
    saml: &Section<'_, '_>,
    login: Option<(String, SecretSource)>,
    account: impl Fn(Option<&str>) -> Account,
) -> Option<FormLogin> {
    let username = login.as_ref().map(|(username, _)| username.as_str()).unwrap_or_default();
    let otp_account = account(Some(&format!(" otp {username}")));
    let (username_field, password_field) = (saml.get("username_field"), saml.get("password_field"));
    let otp = otp(saml, &otp_account);
    let (otp_field, account_field, remember_field) =
        (saml.get("otp_field"), saml.get("account_field"), saml.get("remember_field"));
    let choices =
        FormChoices { form: saml.get("form"), button: saml.get("button"), fields: saml.map("form_fields", form_field) };
    let (username, password) = login?;
    let choices = Box::new(choices);
    Some(FormLogin {
        username,
        password,
        username_field,
        password_field,
        otp,
        otp_field,
        account_field,
        remember_field,
        choices,
    })
}

/// Reads an input by name or id, and its value.
fn form_field(found: &Found<'_>) -> Result<(String, String)> {
    Ok((found.key.to_owned(), values::written(found, "a string")?.to_owned()))
}

/// Reads the source of one-time codes. `login` stores their secret, but no code.
fn otp(saml: &Section<'_, '_>, account: &Account) -> Option<Otp> {
    let code = saml.read("otp", |f| match secrets::source(f, account)? {
        SecretSource::Keyring(_) => Err(f
            .error(Code::InvalidValue, "cannot be { keyring = true }: a code is good for one login")
            .hint("otp_secret = { keyring = true } stores the secret that codes are computed from")),
        source => Ok(source),
    });
    let secret = saml.read("otp_secret", |f| secrets::source(f, account));
    if let (Some(code), Some(secret)) = (saml.find("otp"), saml.find("otp_secret")) {
        let said = format!("is a second source of codes, beside `otp` ({})", code.place);
        saml.log().error(secret.error(Code::ConflictingKeys, said).hint("keep one of them"));
    }
    code.map(Otp::Code).or(secret.map(Otp::Secret))
}

/// Replaces placeholders in the arguments, but not in the program.
fn expand(argv: Vec<String>, profile: &str, idp_url: &str) -> Vec<String> {
    let place = |argument: &String| argument.replace("{idp_url}", idp_url).replace("{profile}", profile);
    let (program, arguments) = argv.split_at(argv.len().min(1));
    program.iter().cloned().chain(arguments.iter().map(place)).collect()
}

/// Reads a user name, or `{ env = "NAME" }` for the name of a variable, for programs that log in different people.
fn user(found: &Found<'_>, env: &Env) -> Result<String> {
    let Value::Table(table) = found.value else { return values::text(found) };
    let variable = match table.iter().collect::<Vec<_>>().as_slice() {
        [("env", node)] => values::text(&found.inner(&SECRET, "env", node))?,
        _ => return Err(found.wrong("a string, or { env = \"NAME\" }")),
    };
    env.text(&variable).ok_or_else(|| {
        let variable = shown_variable(&variable);
        found.error(Code::MissingKey, format!("is {variable} that is not set")).hint("set it, or write the name itself")
    })
}

fn spnego(saml: &Section<'_, '_>, verify: bool) -> Option<Spnego> {
    let (principal, keytab) = (saml.get("principal"), saml.get("keytab"));
    if keytab.is_some() && saml.find("principal").is_none() {
        saml.log().error(saml.missing("principal"));
    }
    let mutual_authentication = saml.value("mutual_authentication")?;
    Some(Spnego {
        principal,
        keytab,
        mutual_authentication: if verify {
            mutual_authentication
        } else {
            // Without a verified certificate, Kerberos has to prove the server.
            saml.instead("mutual_authentication", MutualAuthentication::Required)
        },
        channel_bindings: saml.value("channel_bindings")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_told_the_profile_and_the_address_in_its_arguments_only() {
        let argv = ["/opt/{profile}", "-p{profile}", "{idp_url}", "{other}"].map(str::to_owned).to_vec();
        let expected = ["/opt/{profile}", "-pdev", "https://i/?a={b}", "{other}"];
        assert_eq!(expand(argv, "dev", "https://i/?a={b}"), expected);
        assert!(expand(Vec::new(), "dev", "https://i/").is_empty());
    }
}
