//! The miss path: proof of identity, then STS. Here the one async runtime begins and ends.

use super::Ask;
use crate::config::cache::CacheSettings;
use crate::config::profile::{AssumeRole, Base, Identity, Profile, Saml, WebIdentity};
use crate::config::session_name::Asker;
use crate::credentials::{Credentials, SigningKeys};
use crate::error::{Code, Error, Result};
use crate::identity::Run;
use crate::identity::saml::conversation;
use crate::identity::saml::roles;
use crate::identity::{aws, oidc};
use crate::process::whoami;
use crate::sts::assume_role::{AssumeRoleCall, assume_role};
use crate::sts::saml::{SamlCall, assume_role_with_saml};
use crate::sts::web_identity::{WebIdentityCall, assume_role_with_web_identity};
use crate::time;

/// Why there are no new credentials.
pub enum Failure {
    /// The profile below gave none, and remembers why.
    Below(Error),
    Own(Error),
}

impl Failure {
    pub fn into_error(self) -> Error {
        match self {
            Failure::Below(error) | Failure::Own(error) => error,
        }
    }
}

/// New credentials from the identity provider and STS. Everything that waits, waits under this one deadline.
///
/// A profile that stands on another takes that one's credentials as anybody would, from its cache entry if they are fresh:
/// ten roles on top of one login cost one login.
pub fn fetch(
    profile: &Profile,
    settings: &CacheSettings,
    ask: &Ask,
    run: Run<'_>,
) -> std::result::Result<Credentials, Failure> {
    match &profile.identity {
        Identity::Saml(saml) => wait_for(of_saml(profile, saml, run)),
        Identity::WebIdentity(identity) => wait_for(of_token(profile, identity, run)),
        Identity::AssumeRole(role) => {
            refuse_prompt(profile, role).map_err(Failure::Own)?;
            let below = match &role.base {
                // Outside the runtime: it begins one of its own where it has to.
                Base::Profile(base) => Some(below(base, settings, ask, run).map_err(Failure::Below)?),
                Base::AwsProfile(_) | Base::Environment | Base::Instance | Base::Container => None,
            };
            wait_for(of_credentials(profile, role, below, run))
        }
    }
    .map_err(Failure::Own)
}

fn wait_for(fetching: impl Future<Output = Result<Credentials>>) -> Result<Credentials> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|e| Error::new(Code::Bug, "no async runtime can be started").because(e.to_string()))?;
    let outcome = runtime.block_on(fetching);
    // A look-up that hangs in the system's resolver must not keep the process.
    runtime.shutdown_background();
    outcome
}

async fn of_saml(profile: &Profile, saml: &Saml, run: Run<'_>) -> Result<Credentials> {
    let assertion = conversation::log_in(saml, run).await?;
    let response = &assertion.response;
    response.preflight(assertion.idp_time.unwrap_or_else(time::now))?;
    let offer = roles::choose(response, profile.role_arn.as_ref(), saml.principal_arn.as_ref())?;
    tracing::info!(role = offer.role_arn.as_str(), provider = offer.principal_arn.as_str(), "assertion in hand");
    let call = SamlCall {
        role_arn: &offer.role_arn,
        principal_arn: &offer.principal_arn,
        assertion: &assertion.encoded,
        session: &profile.session,
    };
    assume_role_with_saml(&profile.sts, call, run.deadline).await
}

async fn of_token(profile: &Profile, identity: &WebIdentity, run: Run<'_>) -> Result<Credentials> {
    let web = oidc::token(&identity.source, run.env, run.deadline).await?;
    let (user, host) = (whoami::user(run.env), whoami::host(run.env));
    let asker = Asker { user: &user, host: &host, profile: &profile.name, subject: web.claims.subject() };
    let call = WebIdentityCall {
        role_arn: profile.role()?,
        role_session_name: &identity.session_name.expand(&asker),
        token: &web.token,
        issuer: web.claims.issuer(),
        subject: web.claims.subject(),
        audiences: web.claims.audiences(),
        session: &profile.session,
    };
    assume_role_with_web_identity(&profile.sts, call, run.deadline).await
}

async fn of_credentials(
    profile: &Profile,
    role: &AssumeRole,
    below: Option<Credentials>,
    run: Run<'_>,
) -> Result<Credentials> {
    let keys: SigningKeys = match (below, &role.base) {
        (Some(credentials), _) => credentials.into(),
        (None, Base::AwsProfile(name)) => aws::of_profile(name, &profile.name, run.env, run.deadline).await?,
        (None, Base::Environment) => aws::of_environment(run.env)?,
        (None, Base::Instance) => aws::of_instance(run.env, run.deadline).await?,
        (None, Base::Container) => aws::of_container(run.env, run.deadline).await?,
        (None, Base::Profile(_)) => return Err(Error::new(Code::Bug, "the profile below was not asked")),
    };
    let (user, host) = (whoami::user(run.env), whoami::host(run.env));
    let asker = Asker { user: &user, host: &host, profile: &profile.name, subject: "" };
    let call = AssumeRoleCall {
        role_arn: profile.role()?,
        role_session_name: &role.session_name.expand(&asker),
        settings: role,
        session: &profile.session,
        keys: &keys,
    };
    assume_role(&profile.sts, call, run.deadline).await
}

/// The credentials of the profile below, within what is left of the deadline.
fn below(base: &Profile, settings: &CacheSettings, ask: &Ask, run: Run<'_>) -> Result<Credentials> {
    let base = Profile { deadline: base.deadline.min(run.deadline.remaining()), ..base.clone() };
    // The window is that of the credentials which were asked for.
    super::credentials(&base, settings, run.env, &Ask { window: None, ..*ask })
}

/// The code of an MFA device can only be asked of a person.
fn refuse_prompt(profile: &Profile, role: &AssumeRole) -> Result<()> {
    let Some(device) = &role.serial_number else { return Ok(()) };
    Err(Error::new(Code::PromptNeeded, format!("the profile {:?} needs a code of the device {device}", profile.name))
        .because("`get` asks nobody anything")
        .hint(format!("fedcred login {}", profile.name)))
}
