//! Turns a connection into its [`Plan`], as Airflow's `AwsConnectionWrapper` and `BaseSessionFactory` do.
//!
//! Fields that provider 9 ignores without a warning work as documented, as in provider 8; [`Compat::Nine`] ignores them
//! too. What would give other credentials in Airflow without an error is an error here.

use std::path::PathBuf;

use super::aws_profiles::{self, AwsProfiles};
use super::base::{Base, Chain};
use super::broken::Broken;
use super::compat::Compat;
use super::connection::Connection;
use super::fields::Fields;
use super::plan::{Call, Identity, Plan, SessionName};
use super::saml::SamlLogin;
use super::session_region::SessionRegion;
use super::sts_client::StsClient;
use super::sts_params::{Action, SessionParams};
use super::sts_target::Target;
use super::{extras, keys, misread, placeholder, redact, slug, spelling};
use crate::config::names::Names;
use crate::process::env::Env;
use crate::region::Region;

const SESSION_KEYS: Names = Names("aws_access_key_id aws_secret_access_key aws_session_token region_name profile_name");

/// Settings that are not in the connection.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    pub compat: Compat,
    /// The hook's `region_name` argument, which takes precedence.
    pub region: Option<Region>,
}

/// Returns the plan of a connection. Reads AWS's files and the environment only.
pub fn plan(connection: &Connection, ask: &Ask, files: &AwsProfiles, env: &Env) -> Result<Plan, Broken> {
    placeholder::check(connection)?;
    misread::places(connection)?;
    let extra = Fields::top(connection.extra.fields());
    let mut notes = extras::notes(connection, &extra, ask.compat)?;
    let session = extra.object("session_kwargs")?;
    if let Some(session) = &session {
        spelling::check("session_kwargs", session.keys(), SESSION_KEYS, &extras::SPELLINGS)?;
    }
    let dropped = |key: &str| match (&session, ask.compat) {
        (Some(session), Compat::Documented) => session.nonempty(key),
        (_, _) => Ok(None),
    };
    let keys = keys::read(connection, &extra, session.as_ref(), ask.compat)?;
    let profile_name = extra.stated("profile_name")?.or(dropped("profile_name")?);
    let federation = federation(&extra, keys.is_some() || profile_name.is_some())?;
    let in_force = profile_name.clone().or_else(|| aws_profiles::named_by(env));
    if let Some(name) = in_force.as_ref().filter(|name| !files.has(name) && (keys.is_none() || profile_name.is_some()))
    {
        return Err(unknown_profile(name));
    }
    let in_force = in_force.as_deref().unwrap_or("default");
    let written = extra.text("region_name")?.or(dropped("region_name")?);
    let region = SessionRegion::of(ask.region.as_ref(), written, in_force, files, env)?;
    let kwargs = extra.object("config_kwargs")?;
    let sts = kwargs.as_ref().map(StsClient::read).transpose()?.unwrap_or_default();
    notes.warnings.extend(sts.without_effect.iter().map(|key| format!("{key} has no effect on the credentials")));
    let call = call(connection, &extra, ask.compat, env)?;
    if let Some(Identity::Saml(saml)) = call.as_ref().map(|call| &call.identity) {
        notes.warnings.extend(saml.warnings.iter().cloned());
        notes.differs.extend(saml.differences.iter().cloned());
    }
    let is_unsigned = call.as_ref().is_some_and(|call| !matches!(call.identity, Identity::Signature));
    let base = match (keys, federation) {
        _ if is_unsigned => Base::Unused,
        (Some(keys), _) => Base::Keys(keys),
        (None, Some(profile)) => Base::Federation { profile, found: None },
        (None, None) => Base::Chain(Chain::follow(profile_name, in_force, files, env)?),
    };
    if let (Base::Keys(keys), None) = (&base, &call) {
        notes.warnings.push(format!(
            "{}: {}, printed without an Expiration and never cached; everyone who can read the connection has them",
            keys.from,
            if keys.session_token.is_some() { "a session of unknown expiry" } else { "a long-term access key" }
        ));
    }
    let target = Target { extra: &extra, sts: &sts, region: region.named(), profile: in_force, files, env };
    Ok(Plan {
        conn_id: connection.conn_id.clone(),
        endpoint: target.endpoint()?,
        call,
        base,
        region,
        sts,
        warnings: notes.warnings,
        differs_from_airflow: notes.differs,
    })
}

fn unknown_profile(name: &str) -> Broken {
    Broken::new(
        format!("there is no profile {:?} in ~/.aws/config and ~/.aws/credentials", redact::value(name)),
        "correct profile_name in the extra, or AWS_PROFILE",
    )
}

/// Returns the profile for which fedcred's session factory for Airflow would run `fedcred get`.
fn federation(extra: &Fields<'_>, has_other_base: bool) -> Result<Option<String>, Broken> {
    let Some(federation) = extra.object("federation")? else { return Ok(None) };
    if federation.keys().next().is_none() {
        return Ok(None);
    }
    if has_other_base {
        return Err(Broken::new(
            "the connection has `federation` and other credentials, which the session factory would ignore",
            "keep either `federation`, or the keys or profile_name",
        ));
    }
    if let Some(key) = federation.unknown(Names("profile")) {
        let why = match key {
            "username" | "password" => "is only for the session factory",
            _ => "is not a key that fedcred's session factory knows",
        };
        let why = format!("`federation.{}` {why}", redact::name(key));
        return Err(Broken::new(
            why,
            "keep {\"federation\": {\"profile\": \"NAME\"}}, and what the profile needs in the profile",
        ));
    }
    federation.required("profile", "\"NAME\", a profile of fedcred").map(Some)
}

fn call(connection: &Connection, extra: &Fields<'_>, compat: Compat, env: &Env) -> Result<Option<Call>, Broken> {
    let Some(role_arn) = role_arn(extra, compat)? else { return without_role(extra, compat).map(|()| None) };
    if role_arn.chars().count() < 20 {
        return Err(Broken::new(
            "`role_arn` is shorter than the 20 characters that STS takes at least",
            "write \"role_arn\": \"arn:aws:iam::112233334444:role/NAME\"",
        ));
    }
    let action = action(extra)?;
    let kwargs = extra.object("assume_role_kwargs")?;
    let mut params = kwargs.as_ref().map(|kwargs| SessionParams::read(kwargs, action)).transpose()?.unwrap_or_default();
    let given = params.role_session_name.take().map(SessionName::Given);
    let (identity, session_name) = match action {
        Action::AssumeRole => {
            if compat == Compat::Documented && params.external_id.is_none() {
                params.external_id = extra.nonempty("external_id")?;
            }
            let default = || SessionName::Given(slug::role_session_name(&connection.conn_id));
            (Identity::Signature, Some(given.unwrap_or_else(default)))
        }
        Action::AssumeRoleWithSaml => {
            let example = "{\"principal_arn\": \"…\", \"idp_url\": \"…\", \"idp_auth_method\": \"http_spegno_auth\", \"saml_response_xpath\": \"…\"}";
            let block = extra
                .object("assume_role_with_saml")?
                .ok_or_else(|| extra.missing("assume_role_with_saml", example))?;
            (Identity::Saml(Box::new(SamlLogin::read(&block)?)), None)
        }
        Action::AssumeRoleWithWebIdentity => (web_identity(extra, env)?, Some(given.unwrap_or(SessionName::Generated))),
    };
    Ok(Some(Call { identity, role_arn, session_name, params }))
}

fn role_arn(extra: &Fields<'_>, compat: Compat) -> Result<Option<String>, Broken> {
    let written = extra.stated("role_arn")?;
    if written.is_some() || compat == Compat::Nine {
        return Ok(written);
    }
    // A number has lost the leading zeros of an account id.
    let account = match extra.get("aws_account_id") {
        Some(serde_json::Value::Number(number)) => Some(number.to_string()),
        _ => extra.nonempty("aws_account_id")?,
    };
    let role = extra.nonempty("aws_iam_role")?;
    Ok(account.zip(role).map(|(account, role)| format!("arn:aws:iam::{account}:role/{role}")))
}

/// Checks a connection without a role.
///
/// Errors: a key that has an effect only with a role. Whoever wrote it expects the rights of a role.
fn without_role(extra: &Fields<'_>, compat: Compat) -> Result<(), Broken> {
    const OF_A_ROLE: [&str; 6] = [
        "assume_role_method",
        "assume_role_with_saml",
        "assume_role_with_web_identity_federation",
        "assume_role_with_web_identity_federation_audience",
        "assume_role_with_web_identity_token_file",
        "assume_role_kwargs",
    ];
    const DROPPED: [&str; 3] = ["aws_account_id", "aws_iam_role", "external_id"];
    let is_there = |key: &&&str| match extra.get(key) {
        Some(serde_json::Value::String(text)) => !text.is_empty(),
        Some(serde_json::Value::Object(map)) => !map.is_empty(),
        other => other.is_some(),
    };
    let dropped = DROPPED.iter().filter(|_| compat == Compat::Documented);
    match OF_A_ROLE.iter().chain(dropped).find(is_there) {
        None => Ok(()),
        Some(key) => Err(Broken::new(
            format!("`{key}` needs a role: Airflow would use the credentials without one"),
            "write \"role_arn\": \"arn:aws:iam::112233334444:role/NAME\" too",
        )),
    }
}

fn action(extra: &Fields<'_>) -> Result<Action, Broken> {
    let actions = [Action::AssumeRole, Action::AssumeRoleWithSaml, Action::AssumeRoleWithWebIdentity];
    let methods = ["assume_role", "assume_role_with_saml", "assume_role_with_web_identity"];
    let found = match extra.written("assume_role_method") {
        None => return Ok(Action::AssumeRole),
        Some(value) => methods.iter().position(|method| value.as_str() == Some(method)),
    };
    found.map(|at| actions[at]).ok_or_else(|| {
        let why = format!("`assume_role_method` is none of {}", methods.join(", "));
        Broken::new(why, "write one of them, or remove it (assume_role is meant then)")
    })
}

fn web_identity(extra: &Fields<'_>, env: &Env) -> Result<Identity, Broken> {
    let key = "assume_role_with_web_identity_federation";
    match extra.text(key)?.as_deref() {
        Some("google") => {
            Ok(Identity::Google { audience: extra.text("assume_role_with_web_identity_federation_audience")? })
        }
        Some("file") => {
            let written = extra.nonempty("assume_role_with_web_identity_token_file")?.map(PathBuf::from);
            let path = written.or_else(|| env.path("AWS_WEB_IDENTITY_TOKEN_FILE")).ok_or_else(|| {
                extra.missing(
                    "assume_role_with_web_identity_token_file",
                    "\"/path/to/token\", or set AWS_WEB_IDENTITY_TOKEN_FILE",
                )
            })?;
            match path.is_absolute() {
                true => Ok(Identity::TokenFile(path)),
                false => Err(Broken::new(
                    "`assume_role_with_web_identity_token_file` is a relative path, and nothing is read from the working directory",
                    "write the path from the root: \"/var/run/…\"",
                )),
            }
        }
        None => Err(extra.missing(key, "\"file\" or \"google\"")),
        Some(other) => Err(Broken::new(
            format!("`{key}` is {:?}; Airflow knows file and google, in lower case", redact::value(other)),
            format!("write \"{key}\": \"file\" or \"google\""),
        )),
    }
}
