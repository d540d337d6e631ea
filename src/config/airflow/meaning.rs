//! From a connection to its [`Plan`], as Airflow's `AwsConnectionWrapper` and `BaseSessionFactory` read it.
//!
//! Fields that provider 9 dropped without a word work as they are documented (provider 8 had them); [`Compat::Nine`] passes
//! them over. What Airflow would turn into other credentials without an error is an error here.

use std::path::PathBuf;

use url::Url;

use super::aws_profiles::{self, AwsProfiles};
use super::base::{Base, Chain, Keys};
use super::broken::Broken;
use super::connection::Connection;
use super::endpoint::{self, Variant};
use super::fields::Fields;
use super::plan::{Call, Endpoint, Identity, Plan, SessionName};
use super::saml::SamlLogin;
use super::session_region::SessionRegion;
use super::sts_client::StsClient;
use super::sts_params::{Action, SessionParams};
use super::{extras, misread, placeholder, redact, s3_config, slug, spelling};
use crate::config::words::words;
use crate::process::env::Env;
use crate::region::Region;
use crate::secret::Secret;

/// Which of Airflow's providers for Amazon is followed where they part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compat {
    /// Every documented field works, as up to 8.29.
    #[default]
    Documented,
    /// What 9.0 dropped is dropped.
    Nine,
}

words!(Compat { Documented = "8", Nine = "9" });

const SESSION_KEYS: [&str; 5] =
    ["aws_access_key_id", "aws_secret_access_key", "aws_session_token", "region_name", "profile_name"];

/// What is not in the connection.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    pub compat: Compat,
    /// The hook's `region_name` argument, which beats the connection's.
    pub region: Option<Region>,
}

/// The plan of a connection. Reads AWS's files and the environment, and nothing else.
pub fn plan(connection: &Connection, ask: &Ask, files: &AwsProfiles, env: &Env) -> Result<Plan, Broken> {
    placeholder::check(connection)?;
    misread::places(connection)?;
    let extra = Fields::top(connection.extra.fields());
    let mut notes = extras::notes(connection, &extra, ask.compat)?;
    let session = extra.object("session_kwargs")?;
    if let Some(session) = &session {
        spelling::check("session_kwargs", session.keys(), &SESSION_KEYS, &extras::SPELLINGS)?;
    }
    let dropped = |key: &str| match (&session, ask.compat) {
        (Some(session), Compat::Documented) => session.nonempty(key),
        (_, _) => Ok(None),
    };
    let keys = keys(connection, &extra, session.as_ref(), ask.compat)?;
    let profile_name = extra.stated("profile_name")?.or(dropped("profile_name")?);
    let federation = federation(&extra, keys.is_some() || profile_name.is_some())?;
    let in_force = profile_name.clone().or_else(|| aws_profiles::named_by(env));
    if let Some(name) = in_force.as_ref().filter(|name| !files.has(name) && (keys.is_none() || profile_name.is_some()))
    {
        return Err(Broken::new(
            format!("there is no profile {:?} in ~/.aws/config and ~/.aws/credentials", redact::value(name)),
            "correct profile_name in the extra, or AWS_PROFILE",
        ));
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
    let base = match keys {
        _ if is_unsigned => Base::Unused,
        Some(keys) => Base::Keys(keys),
        None if federation.is_some() => Base::Federation { profile: federation.unwrap_or_default(), found: None },
        None => Base::Chain(Chain::follow(profile_name, in_force, files, env)?),
    };
    if let (Base::Keys(keys), None) = (&base, &call) {
        notes.warnings.push(format!(
            "{}: {}, printed without an Expiration and never cached; whoever reads the connection has them",
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

/// In Airflow's order: login and password, then the extra's keys, `session_kwargs`, `s3_config_file`. Half of a pair anywhere
/// is an error, since Airflow would take another pair, or credentials of elsewhere.
fn keys(
    connection: &Connection,
    extra: &Fields<'_>,
    session: Option<&Fields<'_>>,
    compat: Compat,
) -> Result<Option<Keys>, Broken> {
    let pair = |fields: &Fields<'_>| {
        Ok((fields.nonempty("aws_access_key_id")?, fields.nonempty("aws_secret_access_key")?.map(Secret::new)))
    };
    let login = connection.login.clone().filter(|login| !login.is_empty());
    let password = connection.password.as_ref().filter(|password| !password.is_empty()).map(Secret::duplicate);
    let (extra_id, extra_secret) = pair(extra)?;
    let (session_id, session_secret) = session.map_or(Ok((None, None)), pair)?;
    let candidates = [
        ("login and password", login, password),
        ("aws_access_key_id and aws_secret_access_key", extra_id, extra_secret),
        ("session_kwargs", session_id, session_secret),
    ];
    let mut found = None;
    for (from, id, secret) in candidates {
        match (id, secret) {
            (None, None) => (),
            (Some(access_key_id), Some(secret_access_key)) => {
                let keys =
                    Keys { from, access_key_id: word(from, access_key_id)?, secret_access_key, session_token: None };
                found = found.or(Some(keys));
            }
            (id, _) => {
                let (there, missing) =
                    if id.is_some() { ("access key id", "secret") } else { ("secret", "access key id") };
                return Err(Broken::new(
                    format!("there is half of a pair, the {there} without the {missing} ({from})"),
                    "write both, in a URI aws://ACCESS_KEY_ID:SECRET@, or neither: a variable may have been empty",
                ));
            }
        }
    }
    let found = match (found, compat) {
        (None, Compat::Documented) => s3_config::read(extra)?,
        (found, _) => found,
    };
    let token = match (extra.nonempty("aws_session_token")?, session) {
        (None, Some(session)) => session.nonempty("aws_session_token")?,
        (token, _) => token,
    };
    match found {
        Some(keys) => Ok(Some(Keys { session_token: token.map(Secret::new), ..keys })),
        None if token.is_some() => Err(Broken::new(
            "the extra has an aws_session_token without the keys that it belongs to",
            "write login and password (access key id and secret access key) beside it",
        )),
        None => Ok(None),
    }
}

/// The profile that fedcred's own session factory for Airflow would run `fedcred get` with.
fn federation(extra: &Fields<'_>, has_other_base: bool) -> Result<Option<String>, Broken> {
    let Some(federation) = extra.object("federation")? else { return Ok(None) };
    if federation.keys().next().is_none() {
        return Ok(None);
    }
    if has_other_base {
        return Err(Broken::new(
            "`federation` stands beside other credentials: the session factory that reads it would pass over those",
            "keep `federation`, or the keys or profile_name beside it",
        ));
    }
    if let Some(key) = federation.unknown(&["profile"]) {
        let why = match key {
            "username" | "password" => "is for the session factory to hand to fedcred, which is asked for itself here",
            _ => "is not a key that fedcred's session factory knows",
        };
        let why = format!("`federation.{}` {why}", redact::name(key));
        return Err(Broken::new(
            why,
            "keep {\"federation\": {\"profile\": \"NAME\"}}, and what the profile needs in the profile",
        ));
    }
    federation.required("profile", "\"NAME\", a profile of fedcred's").map(Some)
}

/// An access key id is word characters (AWS STS API Reference, "Credentials").
fn word(from: &str, id: String) -> Result<String, Broken> {
    if id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Ok(id);
    }
    Err(Broken::new(
        format!("the access key id ({from}) has characters that none has: letters, digits and _ can be in one"),
        "write the access key id there and the secret access key as the password, % escapes for special characters in a URI",
    ))
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
    // A number is taken as it is written, without the zeros that an account may begin with.
    let account = match extra.get("aws_account_id") {
        Some(serde_json::Value::Number(number)) => Some(number.to_string()),
        _ => extra.nonempty("aws_account_id")?,
    };
    let role = extra.nonempty("aws_iam_role")?;
    Ok(account.zip(role).map(|(account, role)| format!("arn:aws:iam::{account}:role/{role}")))
}

/// Errors: a key that is of use with a role alone. Whoever wrote it means to have a role's rights, not the base's.
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
            format!("`{key}` stands without a role: Airflow would take the credentials without one"),
            "write \"role_arn\": \"arn:aws:iam::112233334444:role/NAME\" beside it",
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

/// Everything that decides which STS is asked.
struct Target<'a> {
    extra: &'a Fields<'a>,
    sts: &'a StsClient,
    region: Option<&'a Region>,
    profile: &'a str,
    files: &'a AwsProfiles,
    env: &'a Env,
}

impl Target<'_> {
    fn endpoint(&self) -> Result<Endpoint, Broken> {
        let service_config = self.extra.object("service_config")?;
        let of_sts = service_config.as_ref().map(|config| config.object("sts")).transpose()?.flatten();
        if let Some(config) = of_sts
            && let Some(text) = config.nonempty("endpoint_url")?
        {
            return written_endpoint(&config, &text);
        }
        if let Some(url) = self.configured() {
            return Ok(Endpoint::OfMachine(url));
        }
        let from_profile =
            |key: &str| self.files.get(self.profile, key).is_some_and(|v| v.eq_ignore_ascii_case("true"));
        let switch = |config: Option<bool>, variable: &str, key: &str| {
            config.unwrap_or_else(|| match self.env.os(variable) {
                Some(_) => self.env.is_true(variable),
                None => from_profile(key),
            })
        };
        let regional = self.env.text("AWS_STS_REGIONAL_ENDPOINTS");
        let regional = regional.as_deref().or_else(|| self.files.get(self.profile, "sts_regional_endpoints"));
        let variant = Variant {
            use_fips: switch(self.sts.use_fips, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
            use_dualstack: switch(self.sts.use_dualstack, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"),
            legacy: regional.is_some_and(|mode| mode.eq_ignore_ascii_case("legacy")),
        };
        Ok(Endpoint::OfMachine(endpoint::sts(self.sts.region.as_ref().or(self.region), variant)))
    }

    /// What the user's own environment or AWS profile names.
    fn configured(&self) -> Option<String> {
        if self.sts.ignore_configured_endpoint_urls || self.env.is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") {
            return None;
        }
        let from_env = self.env.text("AWS_ENDPOINT_URL_STS").or_else(|| self.env.text("AWS_ENDPOINT_URL"));
        from_env.or_else(|| self.files.get(self.profile, "endpoint_url").map(str::to_owned))
    }
}

/// Whether logins may go there is for [`super::trust`] to say.
fn written_endpoint(config: &Fields<'_>, text: &str) -> Result<Endpoint, Broken> {
    let path = config.path_of("endpoint_url");
    let is_plain = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    };
    match Url::parse(text).ok().filter(is_plain) {
        Some(url) => Ok(Endpoint::OfText { path, url }),
        None => Err(Broken::new(
            format!("`{path}` is not scheme, host, port and path alone"),
            "write \"endpoint_url\": \"https://…\"",
        )),
    }
}
