//! `fedcred status`: shows what is cached, what failed and what comes next. It contacts no server and writes nothing.

use std::path::PathBuf;

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::acquire::fleet;
use crate::acquire::status::{self, Next, State, Status};
use crate::acquire::storage::{self, Choice, Storage};
use crate::cache::key_place::KeyPlace;
use crate::cli::args::{Global, Status as Command};
use crate::cli::output::{self, Text};
use crate::cli::report;
use crate::cli::screen::Screen;
use crate::cli::table::{span, table};
use crate::config::Config;
use crate::config::cache::{CacheSettings, KeyStore, Store};
use crate::error::{Error, Result, printable};
use crate::keyring::Keyring;
use crate::process::env::Env;
use crate::time::{self, Timestamp, whole_seconds};

pub fn run(command: &Command, global: &Global, env: &Env) -> Result<()> {
    let config = Config::load(env, global.config.as_deref())?;
    let settings = config.cache()?;
    let now = time::now();
    let row = |name: &str| Row::of(&config, name, &settings, env, now);
    let rows = if command.profiles.is_empty() {
        // A profile with an error does not hide the others.
        let names = config.usable_profile_names().into_iter();
        names.map(|name| row(name).unwrap_or_else(|error| Row::wrong(name, error))).collect()
    } else {
        command.profiles.iter().map(|name| row(name)).collect::<Result<Vec<Row>>>()?
    };
    match command.json {
        true => output::json(&as_json(&rows, &settings, env, now)),
        false => output::write(&as_text(&rows, &settings, env, now, Screen::of_stdout(global, env))),
    }
}

/// Added to times until the next login, which are rounded up to whole seconds.
const ALMOST_A_SECOND: SignedDuration = SignedDuration::from_millis(999);

struct Row {
    profile: String,
    role_arn: Option<String>,
    /// The error of its settings, if they have one.
    known: Result<Status>,
}

impl Row {
    fn of(config: &Config, name: &str, settings: &CacheSettings, env: &Env, now: Timestamp) -> Result<Row> {
        let profile = config.profile(name)?;
        let known = status::of(&profile, settings, env, now);
        let role_arn = known.as_ref().ok().and_then(|known| known.role_arn.clone());
        Ok(Row { profile: name.to_owned(), role_arn, known })
    }

    fn wrong(name: &str, error: Error) -> Row {
        Row { profile: name.to_owned(), role_arn: None, known: Err(error) }
    }

    fn json(&self, now: Timestamp) -> Value {
        let (profile, role_arn) = (&self.profile, &self.role_arn);
        match &self.known {
            Ok(known) => json!({
                "profile": profile,
                "role_arn": role_arn,
                "state": word(known.state),
                "expires": known.expires.map(whole_seconds),
                "expires_in_seconds": known.expires.map(|expires| expires.duration_since(now).as_secs()),
                "next_login": match known.next {
                    Next::From(from) => Some(whole_seconds(from)),
                    Next::WhenAsked => Some(whole_seconds(now)),
                    Next::WithNewSecret | Next::WithPerson => None,
                },
                "who": known.who,
                "last_failure": known.failure.as_ref().map(|failure| error_json(&failure.error, Some(failure.last.at))),
                "not_kept": known.unkept.as_ref().map(|error| error_json(error, None)),
                "connection_read": known.connection_since.map(whole_seconds),
            }),
            Err(error) => json!({
                "profile": profile,
                "role_arn": role_arn,
                "state": word(State::Failed),
                "expires": null,
                "expires_in_seconds": null,
                "next_login": null,
                "who": null,
                "last_failure": error_json(error, None),
                "not_kept": null,
                "connection_read": null,
            }),
        }
    }

    fn cells(&self, now: Timestamp) -> [String; 7] {
        let profile = printable(&self.profile, 100);
        let role = self.role_arn.clone().unwrap_or_default();
        match &self.known {
            Ok(Status { state, expires, next, failure, who, .. }) => [
                profile,
                word(*state).to_owned(),
                expires.filter(|at| *at > now).map(|at| span(at.duration_since(now))).unwrap_or_default(),
                match next {
                    Next::From(from) => format!("in {}", span(from.duration_since(now) + ALMOST_A_SECOND)),
                    Next::WhenAsked => "when asked".to_owned(),
                    Next::WithNewSecret => "with a new secret".to_owned(),
                    Next::WithPerson => "by hand".to_owned(),
                },
                failure
                    .as_ref()
                    .map(|failure| {
                        let ago = span(now.duration_since(failure.last.at));
                        format!("{}, {ago} ago", failure.error.code.as_str())
                    })
                    .unwrap_or_default(),
                who.clone().unwrap_or_default(),
                role,
            ],
            Err(error) => {
                let (state, failure) = (word(State::Failed).to_owned(), error.code.as_str().to_owned());
                [profile, state, String::new(), String::new(), failure, String::new(), role]
            }
        }
    }

    /// Returns lines for what the table does not show. `general`: why nothing at all is cached, which is shown once.
    fn notes(&self, general: Option<&Error>, now: Timestamp) -> Text {
        let profile = printable(&self.profile, 100);
        match &self.known {
            Ok(Status { unkept, failure, connection_since, .. }) => {
                let unkept = unkept.as_ref().filter(|error| Some(*error) != general);
                let unkept = unkept.map(|error| note(&profile, error));
                let failure = failure.as_ref().map(|failure| note(&profile, &failure.error));
                let connection = connection_since.map(|since| {
                    let age = span(now.duration_since(since));
                    Text::of(format!("{profile}: its Airflow connection was read from the secrets backend {age} ago"))
                });
                [connection, unkept, failure].into_iter().flatten().collect()
            }
            Err(error) => note(&profile, error),
        }
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::Fresh => "fresh",
        State::Due => "due",
        State::Expired => "expired",
        State::Failed => "failed",
        State::None => "none",
    }
}

fn as_json(rows: &[Row], settings: &CacheSettings, env: &Env, now: Timestamp) -> Value {
    let (used, elsewhere) = used(settings, env);
    let ((store, directory), (key, key_file, why)) = (store(&used), key(&used));
    let fleet = match &settings.store {
        Store::File | Store::None => Value::Null,
        Store::Redis(redis) => json!({
            "server": redis.server.to_string(),
            "prefix": redis.server.prefix,
            "key_id": key_id(settings),
            "alone_because": fleet::away(settings, env).map(|away| error_json(&away.error, Some(away.at))),
        }),
    };
    json!({
        "cache": {
            "store": store,
            "directory": directory,
            "key": key,
            "key_because": why,
            "key_file": key_file,
            "elsewhere_because": elsewhere.map(|error| error_json(&error, None)),
            "not_kept": status::no_cache(settings, env).map(|error| error_json(&error, None)),
            "fleet": fleet,
        },
        "profiles": rows.iter().map(|row| row.json(now)).collect::<Vec<Value>>(),
    })
}

fn as_text(rows: &[Row], settings: &CacheSettings, env: &Env, now: Timestamp, screen: Screen) -> Text {
    let head = ["PROFILE", "STATE", "EXPIRES IN", "NEXT LOGIN", "LAST FAILURE", "WHO", "ROLE"];
    let mut text = match rows {
        [] => Text::of("no profile; write one with: fedcred setup"),
        rows => table(head, &rows.iter().map(|row| row.cells(now)).collect::<Vec<_>>(), screen.width),
    };
    let (used, elsewhere) = used(settings, env);
    let (key, key_file, why) = key(&used);
    let (store, dir) = store(&used);
    let at = |path: Option<String>| path.map(|path| format!(" {path}")).unwrap_or_default();
    text.blank();
    text.line(format!("store: {store}{}", at(dir)));
    text.line(format!("key: {key}{} ({why})", at(key_file)));
    if let Store::Redis(redis) = &settings.store {
        let key = key_id(settings).map(|id| format!(", key {id}")).unwrap_or_default();
        text.line(format!("fleet: {}, names {}:…{key}", redis.server, redis.server.prefix));
        text += fleet::away(settings, env).iter().map(|away| alone(away, now)).collect();
    }
    text += elsewhere
        .iter()
        .map(|error| note("it is stored there because the intended directory cannot be used", error))
        .collect();
    let general = status::no_cache(settings, env);
    text += general.iter().map(|error| note("cache", error)).collect();
    text += rows.iter().map(|row| row.notes(general.as_ref(), now)).collect();
    text.fit(screen.width)
}

/// Says why this machine last worked without the fleet's store.
fn alone(away: &fleet::Away, now: Timestamp) -> Text {
    let ago = span(now.duration_since(away.at).max(SignedDuration::ZERO));
    note(&format!("working alone since {ago} ago, {}", away.error.code.as_str()), &away.error)
}

/// Returns the id of the fleet's key on this machine.
fn key_id(settings: &CacheSettings) -> Option<String> {
    Some(settings.key_place()?.read().ok()??.id().to_string())
}

/// Returns the error on one line, and its hint on the next.
fn note(about: &str, error: &Error) -> Text {
    let causes: String = error.causes.iter().map(|cause| format!(": {cause}")).collect();
    let mut text = Text::of(format!("{about}: {}{causes}", error.what));
    text.line(format!("  hint: {}", report::hint(error)));
    text
}

fn error_json(error: &Error, at: Option<Timestamp>) -> Value {
    json!({
        "at": at.map(whole_seconds),
        "code": error.code,
        "what": error.what,
        "causes": error.causes,
        "hint": report::hint(error),
    })
}

fn shown(path: &Option<PathBuf>) -> Option<String> {
    path.as_ref().map(|path| path.display().to_string())
}

/// Returns the cache settings in effect, and the error that made another place necessary.
fn used(settings: &CacheSettings, env: &Env) -> (CacheSettings, Option<Error>) {
    match storage::choose(settings, env) {
        Ok(Choice {
            storage: Some(Storage { store, key: KeyPlace::File(key_file) | KeyPlace::Given(key_file) }),
            why,
        }) => (CacheSettings { dir: Some(store.dir().to_owned()), key_file: Some(key_file), ..settings.clone() }, why),
        // As configured; why nothing is cached is shown elsewhere.
        Ok(_) | Err(_) => (settings.clone(), None),
    }
}

/// Returns the kind of store, and its directory if it has one.
fn store(settings: &CacheSettings) -> (&'static str, Option<String>) {
    match settings.store {
        Store::File => ("file", shown(&settings.dir)),
        Store::None => ("none", None),
        // The directory of the file cache in front of Redis.
        Store::Redis(_) => ("redis", shown(&settings.dir)),
    }
}

/// Returns the kind of place of the sealing key, its file, and the setting that decides.
fn key(settings: &CacheSettings) -> (&'static str, Option<String>, &'static str) {
    let (kind, file) = match settings.key_place() {
        None | Some(KeyPlace::File(_) | KeyPlace::Given(_)) => ("file", shown(&settings.key_file)),
        Some(KeyPlace::Keyring { keyring: Keyring::System, .. }) => ("keyring", None),
        Some(KeyPlace::Keyring { keyring: Keyring::Kernel, .. }) => ("kernel", None),
    };
    let why = match settings.key {
        _ if matches!(settings.store, Store::Redis(_)) => "`cache.key_file`, shared by the fleet",
        KeyStore::Auto => "`cache.key = \"auto\"`, which never asks D-Bus",
        KeyStore::File => "`cache.key = \"file\"`",
        KeyStore::Keyring => "`cache.key = \"keyring\"`",
        KeyStore::Kernel => "`cache.key = \"kernel\"`",
    };
    (kind, file, why)
}
