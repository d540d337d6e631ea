//! `auth`, and the keys that go with each of its methods.

use url::Url;

use crate::config::env::Env;
use crate::config::origin::Origin;
use crate::config::profile::{
    Account, Auth, BrowserLogin, ChannelBindings, CommandLogin, Ecp, FormChoices, FormLogin, MutualAuthentication,
    Okta, Otp, SecretSource, Spnego,
};
use crate::config::reader::{Found, Section};
use crate::config::tree::Value;
use crate::config::{secrets, values};
use crate::error::{Code, Result};
use crate::file::shape::shown_variable;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
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

const METHODS: [(&str, Method); 9] = [
    ("none", Method::None),
    ("basic", Method::Basic),
    ("bearer", Method::Bearer),
    ("form", Method::Form),
    ("spnego", Method::Spnego),
    ("okta", Method::Okta),
    ("ecp", Method::Ecp),
    ("browser", Method::Browser),
    ("command", Method::Command),
];

/// The keys that mean something to some methods only.
const KEYS_OF_METHODS: [(&str, &[Method]); 22] = [
    ("username", &[Method::Basic, Method::Form, Method::Ecp, Method::Browser, Method::Command]),
    ("password", &[Method::Basic, Method::Form, Method::Ecp]),
    ("token", &[Method::Bearer]),
    ("client_id", &[Method::Okta]),
    ("app_id", &[Method::Okta]),
    ("browser", &[Method::Browser]),
    ("browser_headless", &[Method::Browser]),
    ("command", &[Method::Command]),
    ("username_field", &[Method::Form]),
    ("password_field", &[Method::Form]),
    ("otp", &[Method::Form]),
    ("otp_secret", &[Method::Form]),
    ("otp_field", &[Method::Form]),
    ("account_field", &[Method::Form]),
    ("remember_field", &[Method::Form]),
    ("form", &[Method::Form]),
    ("button", &[Method::Form]),
    ("form_fields", &[Method::Form]),
    ("principal", &[Method::Spnego, Method::Ecp]),
    ("keytab", &[Method::Spnego, Method::Ecp]),
    ("mutual_authentication", &[Method::Spnego, Method::Ecp]),
    ("channel_bindings", &[Method::Spnego, Method::Ecp]),
];

const SECRET_HINT: &str = "{ keyring = true }";

/// `profile` is whose table it is.
pub fn read(saml: &Section<'_, '_>, profile: &str, idp_url: Option<&Url>, verify: bool, env: &Env) -> Option<Auth> {
    let written = saml.find("auth");
    let method = match written {
        Some(_) => saml.read("auth", |f| values::choice(f, &METHODS, &[])),
        None => Some(Method::None),
    };
    // Also when the method is wrong: looking makes these keys known ones.
    let misplaced: Vec<_> = KEYS_OF_METHODS
        .iter()
        .filter_map(|(key, methods)| Some((saml.find(key)?, *methods)))
        .filter(|(_, methods)| method.is_some_and(|method| !methods.contains(&method)))
        .collect();
    for (found, methods) in misplaced {
        let needed: Vec<String> = methods.iter().map(|method| format!("auth = \"{}\"", name(*method))).collect();
        let (code, auth) = match written {
            Some(auth) => (Code::ConflictingKeys, format!("`auth` is \"{}\" ({})", name(method?), auth.place)),
            None => (Code::MissingKey, "no `auth` is written, which means \"none\"".to_owned()),
        };
        let error = found.error(code, format!("goes with {}, but {auth}", needed.join(" or ")));
        saml.log().error(error.hint(format!("write {}, or remove `{}`", needed[0], found.key)));
    }
    // Without a URL there is an error already, and no account that anybody will use.
    let account = |user: Option<&str>| idp_url.map(|url| Account::new(url, user)).unwrap_or_default();
    let username = || saml.required("username", "username = \"alice\"", |f| user(f, env));
    let secret = |key: &'static str, user: Option<&str>| {
        saml.required(key, &format!("{key} = {SECRET_HINT}"), |f| secrets::source(f, &account(user)))
    };
    match method? {
        Method::None => Some(Auth::None),
        Method::Basic => {
            let username = username();
            let password = secret("password", username.as_deref());
            // RFC 7617, section 2: the first colon ends the user-id.
            if let (Some(found), true) = (saml.find("username"), username.as_ref().is_some_and(|u| u.contains(':'))) {
                saml.log().error(found.error(Code::InvalidValue, "has a colon, which auth = \"basic\" cannot send"));
            }
            Some(Auth::Basic { username: username?, password: password? })
        }
        Method::Bearer => Some(Auth::Bearer { token: secret("token", None)? }),
        Method::Form => {
            let username = username();
            let password = secret("password", username.as_deref());
            let otp_account = account(Some(&format!(" otp {}", username.as_deref().unwrap_or_default())));
            let otp = otp(saml, &otp_account);
            let field = |key| saml.read(key, values::text);
            Some(Auth::Form(FormLogin {
                username_field: field("username_field"),
                password_field: field("password_field"),
                otp,
                otp_field: field("otp_field"),
                account_field: field("account_field"),
                remember_field: field("remember_field"),
                choices: Box::new(FormChoices {
                    form: field("form"),
                    button: field("button"),
                    fields: saml
                        .table("form_fields", "saml.form_fields")
                        .map(|table| form_fields(&table))
                        .unwrap_or_default(),
                }),
                ..FormLogin::new(username?, password?)
            }))
        }
        Method::Spnego => Some(Auth::Spnego(spnego(saml, verify))),
        Method::Okta => {
            let client_id = saml.required("client_id", "client_id = \"0oa…\", of the native application", values::text);
            let app_id = saml.required("app_id", "app_id = \"0oa…\", of the application for AWS", values::text);
            Some(Auth::Okta(Okta { client_id: client_id?, app_id: app_id? }))
        }
        // With a user's name it is Basic, without one Kerberos.
        Method::Ecp if saml.find("username").is_some() || saml.find("password").is_some() => {
            let username = username();
            let password = secret("password", username.as_deref());
            Some(Auth::Ecp(Ecp::Basic { username: username?, password: password? }))
        }
        Method::Ecp => Some(Auth::Ecp(Ecp::Kerberos(spnego(saml, verify)))),
        Method::Browser => Some(Auth::Browser(BrowserLogin {
            program: saml.read("browser", secrets::program),
            is_headless_allowed: saml.read("browser_headless", values::boolean).unwrap_or(false),
            username: saml.read("username", values::text),
        })),
        Method::Command => {
            let argv = saml.required("command", "command = [\"corp-login\", \"{idp_url}\"]", secrets::command);
            let username = saml.read("username", values::text);
            let url = idp_url.map(Url::as_str).unwrap_or_default();
            Some(Auth::Command(CommandLogin { argv: expand(argv?, profile, url), username }))
        }
    }
}

/// Inputs by name or id, with what they get.
fn form_fields(table: &Section<'_, '_>) -> Vec<(String, String)> {
    let field = |found: &Found<'_>| Ok((found.key.to_owned(), values::written(found, "a string")?.to_owned()));
    let kept = table.entries().into_iter().filter_map(|found| {
        table.log().record("saml.form_fields", found.key, Origin::File(found.place));
        table.log().keep(field(&found))
    });
    kept.collect()
}

/// `login` keeps the secret of codes, but no code.
fn otp(saml: &Section<'_, '_>, account: &Account) -> Option<Otp> {
    let code = saml.read("otp", |f| match secrets::source(f, account)? {
        SecretSource::Keyring(_) => Err(f
            .error(Code::InvalidValue, "cannot be { keyring = true }: a code is good for once")
            .hint("otp_secret = { keyring = true } keeps the secret that codes are computed from")),
        source => Ok(source),
    });
    let secret = saml.read("otp_secret", |f| secrets::source(f, account));
    if let (Some(code), Some(secret)) = (saml.find("otp"), saml.find("otp_secret")) {
        let said = format!("is a second source of codes, beside `otp` ({})", code.place);
        saml.log().error(secret.error(Code::ConflictingKeys, said).hint("keep one of them"));
    }
    code.map(Otp::Code).or(secret.map(Otp::Secret))
}

/// The arguments for this profile. The program is the one that is written.
fn expand(argv: Vec<String>, profile: &str, idp_url: &str) -> Vec<String> {
    let place = |argument: &String| argument.replace("{idp_url}", idp_url).replace("{profile}", profile);
    let (program, arguments) = argv.split_at(argv.len().min(1));
    program.iter().cloned().chain(arguments.iter().map(place)).collect()
}

/// A name, or `{ env = "NAME" }`, the variable that has it: for a program that logs different people in.
fn user(found: &Found<'_>, env: &Env) -> Result<String> {
    let Value::Table(table) = found.value else { return values::text(found) };
    let variable = match table.iter().collect::<Vec<_>>().as_slice() {
        [("env", node)] => values::text(&found.inner("env", node))?,
        _ => return Err(found.wrong("a string, or { env = \"NAME\" }")),
    };
    env.text(&variable).ok_or_else(|| {
        let variable = shown_variable(&variable);
        found.error(Code::MissingKey, format!("is {variable} that is not set")).hint("set it, or write the name itself")
    })
}

fn spnego(saml: &Section<'_, '_>, verify: bool) -> Spnego {
    let principal = saml.read("principal", values::text);
    let keytab = saml.read("keytab", values::path);
    if keytab.is_some() && saml.find("principal").is_none() {
        saml.log()
            .error(saml.missing("principal", "principal = \"alice@EXAMPLE.COM\" (klist -k lists who is in a keytab)"));
    }
    let modes = [
        ("required", MutualAuthentication::Required),
        ("optional", MutualAuthentication::Optional),
        ("disabled", MutualAuthentication::Disabled),
    ];
    let written = saml.read("mutual_authentication", |f| values::choice(f, &modes, &[]));
    let mutual_authentication = if verify {
        written.unwrap_or(MutualAuthentication::Optional)
    } else {
        // Without a certificate that proves who is there, Kerberos has to.
        saml.log().record("saml", "mutual_authentication", Origin::BuiltIn);
        MutualAuthentication::Required
    };
    let bindings = [("auto", ChannelBindings::Auto), ("none", ChannelBindings::None)];
    let channel_bindings =
        saml.read("channel_bindings", |f| values::choice(f, &bindings, &[])).unwrap_or(ChannelBindings::Auto);
    Spnego { principal, keytab, mutual_authentication, channel_bindings }
}

fn name(method: Method) -> &'static str {
    METHODS.iter().find(|(_, m)| *m == method).map_or("", |(name, _)| name)
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
