//! AssumeRole, with `[profile.NAME.assume_role]`, signed with the profile's base credentials.

use std::time::Duration;

use aws_sdk_sts::types::Tag;

use super::failure::{self, Asked, Call};
use super::{Sts, policies, refuse_reserved, seconds};
use crate::arn::RoleArn;
use crate::config::profile::{AssumeRole, Session, StsTarget};
use crate::credentials::{Credentials, SigningKeys};
use crate::error::{Code, Error, Kind, Result};
use crate::secret::Secret;
use crate::time::Deadline;

/// "Role chaining limits your … session to a maximum of one hour" (IAM User Guide, "Roles terms and concepts").
const LONGEST_CHAINED: Duration = Duration::from_secs(3600);

/// The parameters of the call.
#[derive(Clone, Copy, Debug)]
pub struct AssumeRoleCall<'a> {
    pub role_arn: &'a RoleArn,
    /// `[\w+=,.@-]{2,64}`
    pub role_session_name: &'a str,
    pub settings: &'a AssumeRole,
    pub session: &'a Session,
    pub keys: &'a SigningKeys,
    /// The code of the MFA device in `serial_number`.
    pub token_code: Option<&'a Secret>,
}

/// Returns credentials of the role for the holder of these keys, within `deadline`. Needs a tokio runtime with time and I/O.
pub async fn assume_role(target: &StsTarget, call: AssumeRoleCall<'_>, deadline: &Deadline) -> Result<Credentials> {
    refuse_reserved(call.role_arn)?;
    let duration = duration(call.session.duration, call.keys);
    let sts = Sts::open(target, call.role_arn, Some(call.keys)).await?;
    let signer = Call::AssumeRole { access_key_id: &call.keys.access_key_id };
    let asked = Asked { duration, ..sts.asked(call.role_arn, signer, call.keys.most_secret()) };
    let tags = tags(&call.settings.tags)?;
    // STS may have accepted the code, which is valid for one use (RFC 6238 §5.2), and it counts wrong ones.
    let is_once = call.token_code.is_some();
    let mut retries = if is_once { sts.retries().once() } else { sts.retries() };
    let outcome = retries
        .ask_while(
            deadline,
            &sts.peer,
            || !(is_once && sts.carrier.has_sent()),
            async || {
                let request = sts
                    .client
                    .assume_role()
                    .role_arn(call.role_arn.as_str())
                    .role_session_name(call.role_session_name)
                    .set_external_id(call.settings.external_id.clone())
                    .set_tags(tags.clone())
                    .set_transitive_tag_keys(some(&call.settings.transitive_tag_keys))
                    .set_source_identity(call.settings.source_identity.clone())
                    .set_serial_number(call.settings.serial_number.clone())
                    .set_token_code(call.token_code.map(|code| code.expose().to_owned()))
                    .set_duration_seconds(seconds(duration))
                    .set_policy(call.session.policy.clone())
                    .set_policy_arns(policies(call.session));
                let answer = request.send().await.map_err(|error| failure::explain(&error, &asked))?;
                sts.take(answer.credentials, answer.assumed_role_user, call.role_arn)
            },
        )
        .await;
    outcome.map_err(|error| {
        if is_once && sts.carrier.has_sent() && error.kind() == Kind::Unavailable {
            error.because("the code of the MFA device was sent, and is not sent again: log in with its next one")
        } else {
            error
        }
    })
}

/// Limits the duration: STS refuses more than an hour on temporary credentials, whatever the role allows.
fn duration(wanted: Option<Duration>, keys: &SigningKeys) -> Option<Duration> {
    match wanted {
        Some(wanted) if wanted > LONGEST_CHAINED && keys.session_token.is_some() => {
            tracing::info!(
                wanted = wanted.as_secs(),
                "`duration` is cut to 1h: a session on top of temporary credentials never lasts longer"
            );
            Some(LONGEST_CHAINED)
        }
        wanted => wanted,
    }
}

fn tags(tags: &[(String, String)]) -> Result<Option<Vec<Tag>>> {
    let tag = |(key, value): &(String, String)| {
        let built = Tag::builder().key(key).value(value).build();
        built.map_err(|e| Error::new(Code::Bug, "a session tag cannot be sent").because(e.to_string()))
    };
    Ok(some(&tags.iter().map(tag).collect::<Result<Vec<Tag>>>()?))
}

fn some<T: Clone>(list: &[T]) -> Option<Vec<T>> {
    (!list.is_empty()).then(|| list.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_on_temporary_credentials_is_cut_to_an_hour_and_one_on_long_term_keys_is_not() {
        let keys = |token: Option<&str>| SigningKeys {
            access_key_id: "A".into(),
            secret_access_key: Secret::new("s".into()),
            session_token: token.map(|token| Secret::new(token.into())),
            expiration: None,
        };
        let table = [(None, None), (Some(900), Some(900)), (Some(3600), Some(3600)), (Some(43200), Some(3600))];
        for (wanted, chained) in table {
            let (wanted, chained) = (wanted.map(Duration::from_secs), chained.map(Duration::from_secs));
            assert_eq!(duration(wanted, &keys(Some("t"))), chained);
            assert_eq!(duration(wanted, &keys(None)), wanted);
        }
    }
}
