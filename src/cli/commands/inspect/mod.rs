//! `fedcred inspect`: shows the assertion or token, decoded, of a login or of a saved file.

mod assertion;
mod page;
mod token;

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::acquire::proof::{self, Proof};
use crate::cli::args::{Global, Inspect};
use crate::cli::output::{self, Text};
use crate::cli::prompt;
use crate::config::Config;
use crate::config::profile::{Profile, Whose};
use crate::error::{Code, Error, Result};
use crate::file::{self, kind};
use crate::identity::oidc::claims::Claims;
use crate::identity::saml::extract::redact;
use crate::identity::saml::paste::{self, Pasted};
use crate::identity::saml::response::Response;
use crate::identity::trace::{LastPage, Sight, Trace};
use crate::process::env::Env;
use crate::secret::Secret;
use crate::time;

/// What is shown.
enum Inspected {
    Assertion {
        response: Box<Response>,
        encoded: Secret,
    },
    Token {
        claims: Box<Claims>,
        token: Secret,
    },
    /// A page without a SAML response.
    Page(Sight),
    /// Credentials of AWS, which name nobody.
    Keys {
        access_key_id: String,
    },
}

/// What a login brought before it ended.
struct Found {
    inspected: Result<Inspected>,
    last_page: Option<LastPage>,
    sight: Option<Sight>,
}

pub fn run(arguments: &Inspect, global: &Global, env: &Env) -> Result<()> {
    let profile = match (&arguments.from, &arguments.profile) {
        (Some(_), None) => None,
        (_, name) => {
            let config = Config::load(env, global.config.as_deref())?;
            Some((super::looked_up(&config, &super::profile_name(name.as_deref(), env), env)?, config.cache()?))
        }
    };
    let found = match (&arguments.from, &profile) {
        (Some(file), _) => pasted(file)?,
        (None, Some((profile, settings))) => {
            let trace = Trace::default();
            let proof = proof::prove(profile, settings, env, &trace);
            let (sight, last_page) = (trace.last_sight(), trace.take_last_page());
            Found { inspected: proof.and_then(of_proof), last_page, sight }
        }
        (None, None) => return Err(Error::new(Code::Bug, "there is nothing to inspect")),
    };
    // The page is saved first, since it is needed most after a failed login.
    let saved = match &arguments.save {
        Some(file) => Some(save(file, found.last_page, profile.as_ref().map(|(profile, _)| profile))?),
        None => None,
    };
    let inspected = found.inspected.map_err(|error| match saved {
        Some(()) => error.because("the last page is saved, without its secrets"),
        None => error,
    })?;
    if arguments.raw {
        return raw(&inspected);
    }
    let sight = found.sight.as_ref();
    if arguments.json {
        return output::json(&as_json(&inspected, sight));
    }
    let mut text = as_text(&inspected, sight);
    if let Some(file) = &arguments.save {
        text.blank();
        text.line(format!("the page is saved in {}, without its secrets", file.display()));
    }
    output::write(&text)
}

fn as_json(inspected: &Inspected, sight: Option<&Sight>) -> Value {
    let now = time::now();
    let mut shown = match inspected {
        Inspected::Assertion { response, .. } => assertion::json(response, now),
        Inspected::Token { claims, .. } => token::json(claims, now),
        Inspected::Page(_) => json!({ "kind": "page" }),
        Inspected::Keys { access_key_id } => json!({ "kind": "keys", "access_key_id": access_key_id }),
    };
    if let (Some(sight), Value::Object(fields)) = (sight, &mut shown) {
        fields.insert("page".to_owned(), json!(sight));
    }
    shown
}

fn as_text(inspected: &Inspected, sight: Option<&Sight>) -> Text {
    let now = time::now();
    let mut text = match inspected {
        Inspected::Assertion { response, .. } => assertion::text(response, now),
        Inspected::Token { claims, .. } => token::text(claims, now),
        Inspected::Page(sight) => page::text(sight),
        Inspected::Keys { access_key_id } => {
            let mut text = Text::of(format!("AWS credentials with the access key id {access_key_id}"));
            text.line("hint: aws sts get-caller-identity shows whose they are");
            text
        }
    };
    if let (Some(sight), Inspected::Assertion { .. }) = (sight, &inspected) {
        text.blank();
        text.line(format!("its page {}", sight.in_words));
    }
    text
}

fn of_proof(proof: Proof) -> Result<Inspected> {
    Ok(match proof {
        Proof::Assertion(assertion) => {
            Inspected::Assertion { response: Box::new(assertion.response), encoded: assertion.encoded }
        }
        Proof::Token(web) => Inspected::Token { claims: Box::new(web.claims), token: web.token },
        Proof::Keys(keys) => Inspected::Keys { access_key_id: keys.access_key_id.clone() },
    })
}

fn pasted(file: &Path) -> Result<Found> {
    let pasted = paste::read(contents(file)?)?;
    Ok(match pasted {
        Pasted::Response { encoded, response } => {
            Found { inspected: Ok(Inspected::Assertion { response, encoded }), last_page: None, sight: None }
        }
        Pasted::Token(token) => {
            let claims = Claims::read(&token).map(Box::new);
            Found { inspected: claims.map(|claims| Inspected::Token { claims, token }), last_page: None, sight: None }
        }
        Pasted::Page { mut page, body } => {
            let sight = Sight::of(&page, None);
            let inspected = match page.saml_response.take() {
                Some(encoded) => Response::decode(&encoded)
                    .map(|response| Inspected::Assertion { response: Box::new(response), encoded }),
                None => Ok(Inspected::Page(sight.clone())),
            };
            Found { inspected, last_page: Some(LastPage { content_type: None, body }), sight: Some(sight) }
        }
    })
}

/// Reads a whole file; `-` is standard input.
pub(super) fn contents(file: &Path) -> Result<Zeroizing<Vec<u8>>> {
    if file.to_str() != Some("-") {
        return file::read(file, &kind::PAGE).map_err(|fault| match fault.is_too_large() {
            true => fault.error(Code::PageTooLarge).hint("save the page alone, without its pictures and scripts"),
            false => fault.error(Code::FileUnreadable),
        });
    }
    let mut bytes = Zeroizing::new(Vec::new());
    std::io::stdin()
        .lock()
        .take(kind::PAGE.max + 1)
        .read_to_end(&mut bytes)
        .map_err(|why| Error::new(Code::FileUnreadable, "cannot read standard input").because(why.to_string()))?;
    if bytes.len() as u64 > kind::PAGE.max {
        return Err(Error::new(Code::PageTooLarge, "standard input is larger than 4 MiB")
            .hint("save the page alone, without its pictures and scripts"));
    }
    Ok(bytes)
}

fn raw(inspected: &Inspected) -> Result<()> {
    let (what, text) = match inspected {
        Inspected::Assertion { encoded, .. } => ("assertion", decoded(encoded)?),
        Inspected::Token { token, .. } => ("token", token.duplicate()),
        Inspected::Page(_) | Inspected::Keys { .. } => {
            return Err(Error::new(Code::BadFlag, "there is no assertion and no token to print")
                .hint("leave `--raw` out; `--save FILE` saves a page"));
        }
    };
    let question = format!(
        "Anyone who sees this {what} can get credentials with it until it expires. Print it? \
    [y/N] "
    );
    if !prompt::confirm(&question)? {
        return Err(Error::new(Code::PromptNeeded, format!("the {what} is not printed"))
            .hint("answer y; without `--raw`, its contents are explained"));
    }
    output::exactly(&format!("{}\n", text.expose().trim_end()))
}

fn decoded(encoded: &Secret) -> Result<Secret> {
    use base64::Engine;
    let xml = base64::engine::general_purpose::STANDARD.decode(encoded.expose()).ok();
    let xml = xml.and_then(|xml| String::from_utf8(xml).ok());
    xml.map(Secret::new).ok_or_else(|| Error::new(Code::Bug, "the assertion was read and cannot be decoded"))
}

/// Writes the page without its secrets, readable by the user only.
fn save(file: &Path, page: Option<LastPage>, profile: Option<&Profile>) -> Result<()> {
    let page = page.ok_or_else(|| {
        Error::new(Code::BadFlag, "there is no page to save")
            .hint("`--save` is for profiles with `saml`, and saved pages")
    })?;
    let names = profile.and_then(user_name).into_iter().collect();
    let redacted = redact::redacted(page.body, page.content_type, names, Duration::from_secs(10))?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).and_then(|mut file| file.write_all(redacted.as_bytes())).map_err(|why| {
        Error::new(Code::OutputWrite, format!("cannot write the page to {}", file.display()))
            .because(why.to_string())
            .hint("name a new file, in a directory of yours")
    })
}

/// Returns the user name that may stand on pages of this profile's logins.
fn user_name(profile: &Profile) -> Option<String> {
    match profile.facts()?.whose {
        Whose::User(name) => Some(name.to_owned()),
        Whose::Principal(spnego) => spnego.principal.as_ref().and_then(|p| p.split('@').next()).map(str::to_owned),
        Whose::Bearer(_) | Whose::Anyone | Whose::Unknown => None,
    }
}
