//! The miss path: proof of identity, then STS. The one async runtime begins and ends here.

use super::proxies;
use crate::config::profile::{AssumeRole, Base, Identity, Oidc, Profile, Saml, WebIdentity};
use crate::config::session_name::Asker;
use crate::credentials::{Credentials, SigningKeys};
use crate::error::{Code, Error, Kind, Result, Step};
use crate::identity::Run;
use crate::identity::oidc::WebToken;
use crate::identity::oidc::login::{self, LoginUi, Tokens, quirks};
use crate::identity::saml::{self, Assertion, roles};
use crate::identity::{aws, oidc};
use crate::process::env::Env;
use crate::process::whoami;
use crate::sts::assume_role::{AssumeRoleCall, assume_role};
use crate::sts::saml::{SamlCall, assume_role_with_saml};
use crate::sts::web_identity::{WebIdentityCall, assume_role_with_web_identity};
use crate::tally;
use crate::time::{self, Deadline};
use crate::trust::oidc::Token;
use crate::trust::{self, denial};

/// The proof of who asks: what STS is given.
#[derive(Debug)]
pub enum Proof {
    Assertion(Box<Assertion>),
    Token(Box<WebToken>),
    /// AWS credentials that exist already.
    Keys(Box<SigningKeys>),
}

/// Gets new credentials from the identity provider and STS. Everything that waits, waits under the one deadline of `run`.
///
/// `below`: the credentials of the profile that this one is based on, which were fetched before, since that may begin a runtime of
/// its own. `found`: the assertion of an earlier login; that of a new login goes to `keep`.
pub fn fetch(
    profile: &Profile,
    below: Option<SigningKeys>,
    found: Option<Assertion>,
    keep: impl FnOnce(&Assertion),
    run: Run<'_>,
) -> Result<Credentials> {
    block_on(proxies::counting(profile, run, async {
        let mut objection = None;
        if let Some(found) = found {
            match exchange(profile, &Proof::Assertion(Box::new(found)), run).await {
                Err(why) if is_of_the_assertion(why.code) => objection = Some(why),
                outcome => return outcome,
            }
        }
        tally::note(|tally| tally.logins += u32::from(!matches!(profile.identity, Identity::AssumeRole(_))));
        let proof = proof(profile, below, run).await.map_err(|error| match objection {
            Some(why) => error.because(format!("the assertion of an earlier login was not accepted: {}", why.what)),
            None => error,
        })?;
        if let Proof::Assertion(assertion) = &proof
            && assertion.preflight().is_ok()
        {
            // STS may accept it for another role, whatever it says of this one.
            keep(assertion);
        }
        exchange(profile, &proof, run).await
    }))
}

/// Whether a new login may help: the assertion was made before the IdP knew of a role, or STS does not accept it any more.
fn is_of_the_assertion(code: Code) -> bool {
    matches!(
        code,
        Code::RoleNotOffered
            | Code::ProviderMismatch
            | Code::AssertionExpired
            | Code::StsInvalidIdentity
            | Code::IdpDeniedClaim
    )
}

/// Gets the proof alone; STS is not asked.
pub fn prove(profile: &Profile, below: Option<SigningKeys>, run: Run<'_>) -> Result<Proof> {
    block_on(proxies::counting(profile, run, proof(profile, below, run)))
}

/// Gets the credentials that STS gives for `proof`.
pub fn redeem(profile: &Profile, proof: &Proof, run: Run<'_>) -> Result<Credentials> {
    block_on(proxies::counting(profile, run, exchange(profile, proof, run)))
}

/// Reads existing AWS credentials, for the profile `name`.
pub fn base(base: &Base, name: &str, env: &Env, deadline: &Deadline) -> Result<SigningKeys> {
    block_on(signing_keys(base, name, env, deadline))
}

/// Has a person log in at the provider now, and returns the tokens.
pub fn interactive(settings: &Oidc, profile: &Profile, ui: &dyn LoginUi, run: Run<'_>) -> Result<Tokens> {
    let asking = async {
        let advise = |error: Error| quirks::advice(settings).into_iter().fold(error, Error::because);
        login::interactive(settings, ui, run).await.map_err(of_login).map_err(advise)
    };
    block_on(proxies::counting(profile, run, asking))
}

/// Runs a future to its end, on a runtime of its own.
pub fn block_on<T>(fetching: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|e| Error::new(Code::Bug, "no async runtime can be started").because(e.to_string()))?;
    let outcome = runtime.block_on(fetching);
    // A look-up that hangs in the system's resolver must not keep the process alive.
    runtime.shutdown_background();
    outcome
}

async fn proof(profile: &Profile, below: Option<SigningKeys>, run: Run<'_>) -> Result<Proof> {
    Ok(match &profile.identity {
        Identity::Saml(saml) => Proof::Assertion(Box::new(saml::log_in(saml, run).await.map_err(of_login)?)),
        Identity::WebIdentity(identity) => {
            Proof::Token(Box::new(oidc::token(&identity.source, run).await.map_err(of_login)?))
        }
        Identity::AssumeRole(role) => Proof::Keys(Box::new(keys(profile, role, below, run).await?)),
        Identity::Base(base) => Proof::Keys(Box::new(signing_keys(base, &profile.name, run.env, run.deadline).await?)),
    })
}

/// Names the step of a login's failure, unless the login has named it: wrong settings and files are this machine's, everything else
/// happened at the identity provider.
fn of_login(error: Error) -> Error {
    match error.kind() {
        Kind::Usage | Kind::Configuration | Kind::Storage | Kind::Internal => error.at(Step::Local),
        Kind::LoginRequired | Kind::Unusable | Kind::Unavailable | Kind::Refused => error.at(Step::IdentityProvider),
    }
}

async fn exchange(profile: &Profile, proof: &Proof, run: Run<'_>) -> Result<Credentials> {
    tally::note(|tally| tally.sts_calls += 1);
    at_sts(profile, proof, run).await.map_err(|error| error.at(Step::Sts))
}

async fn at_sts(profile: &Profile, proof: &Proof, run: Run<'_>) -> Result<Credentials> {
    match (&profile.identity, proof) {
        (Identity::Saml(saml), Proof::Assertion(assertion)) => of_assertion(profile, saml, assertion, run).await,
        (Identity::WebIdentity(identity), Proof::Token(web)) => of_token(profile, identity, web, run).await,
        (Identity::AssumeRole(role), Proof::Keys(keys)) => of_keys(profile, role, keys, run).await,
        (Identity::Base(_), _) => {
            Err(Error::new(Code::Bug, format!("the profile {:?} asks STS for nothing", profile.name)))
        }
        (Identity::Saml(_) | Identity::WebIdentity(_) | Identity::AssumeRole(_), _) => {
            Err(Error::new(Code::Bug, "the proof is another identity's"))
        }
    }
}

async fn of_assertion(profile: &Profile, saml: &Saml, assertion: &Assertion, run: Run<'_>) -> Result<Credentials> {
    assertion.preflight().map_err(of_login)?;
    let offer = roles::choose(&assertion.response, profile.role_arn.as_ref(), saml.principal_arn.as_ref())?;
    tracing::info!(role = offer.role_arn.as_str(), provider = offer.principal_arn.as_str(), "assertion in hand");
    let call = SamlCall {
        role_arn: &offer.role_arn,
        principal_arn: &offer.principal_arn,
        assertion: &assertion.encoded,
        session: &profile.session,
    };
    let outcome = assume_role_with_saml(&profile.sts, call, run.deadline).await;
    outcome.map_err(|error| {
        denial::enrich(error, &trust::saml::request(&assertion.response, &offer), &profile.name, &offer.role_arn)
    })
}

async fn of_token(profile: &Profile, identity: &WebIdentity, web: &WebToken, run: Run<'_>) -> Result<Credentials> {
    let env = run.env;
    let (user, host, time) = (whoami::user(env), whoami::host(env), time::now().as_second().to_string());
    let asker = Asker { user: &user, host: &host, profile: &profile.name, subject: web.claims.subject(), time: &time };
    let call = WebIdentityCall {
        // `config` leaves it out only where STS is not AWS's.
        role_arn: profile.role_arn.as_ref(),
        role_session_name: &identity.session_name.expand(&asker),
        token: &web.token,
        issuer: web.claims.issuer(),
        subject: web.claims.subject(),
        audiences: web.claims.audiences(),
        session: &profile.session,
    };
    let outcome = assume_role_with_web_identity(&profile.sts, call, run.deadline).await;
    outcome.map_err(|error| {
        let Some(role) = call.role_arn else { return error };
        let request = trust::oidc::request(&Token::of(&web.claims), role);
        denial::enrich(error, &request, &profile.name, role)
    })
}

async fn keys(profile: &Profile, role: &AssumeRole, below: Option<SigningKeys>, run: Run<'_>) -> Result<SigningKeys> {
    match below {
        Some(keys) => Ok(keys),
        None => signing_keys(&role.base, &profile.name, run.env, run.deadline).await,
    }
}

async fn of_keys(profile: &Profile, role: &AssumeRole, keys: &SigningKeys, run: Run<'_>) -> Result<Credentials> {
    let Run { env, deadline, .. } = run;
    let (user, host, time) = (whoami::user(env), whoami::host(env), time::now().as_second().to_string());
    let asker = Asker { user: &user, host: &host, profile: &profile.name, subject: "", time: &time };
    let call = AssumeRoleCall {
        role_arn: profile.role()?,
        role_session_name: &role.session_name.expand(&asker),
        settings: role,
        session: &profile.session,
        keys,
        token_code: run.typed.filter(|_| role.serial_number.is_some()),
    };
    assume_role(&profile.sts, call, deadline).await
}

/// Reads the credentials of a place that is not a profile of fedcred. `caller`: the profile that needs them.
async fn signing_keys(base: &Base, caller: &str, env: &Env, deadline: &Deadline) -> Result<SigningKeys> {
    let keys = match base {
        Base::AwsProfile(name) => aws::of_profile(name, caller, env, deadline).await,
        Base::Environment => aws::of_environment(env),
        Base::Instance => aws::of_instance(env, deadline).await,
        Base::Container => aws::of_container(env, deadline).await,
        Base::Keys(keys) => Ok(keys.duplicate()),
        Base::Profile(_) => Err(Error::new(Code::Bug, "the profile below was not asked")),
    };
    keys.map_err(|error| error.at(Step::Base))
}
