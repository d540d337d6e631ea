//! Checks the credentials that STS issued: complete, for the requested role, and not expired.

use aws_sdk_sts::types;

use crate::arn::RoleArn;
use crate::credentials::Credentials;
use crate::error::{Code, Error, Result, printable};
use crate::secret::Secret;
use crate::time::Timestamp;

/// The time by this machine and by STS when the answer came.
#[derive(Clone, Copy)]
pub(super) struct Clocks {
    pub ours: Timestamp,
    /// The answer's `Date`, if it has one.
    pub theirs: Option<Timestamp>,
}

/// Checks an answer. Errors: [`Code::StsBadAnswer`], [`Code::StsWrongRole`], [`Code::ClockSkew`].
pub(super) fn credentials(
    given: Option<types::Credentials>,
    user: Option<types::AssumedRoleUser>,
    asked: &RoleArn,
    clocks: Clocks,
    peer: &str,
) -> Result<Credentials> {
    let incomplete = |what: &str| {
        Error::new(Code::StsBadAnswer, format!("the answer of {peer} has no {what}"))
            .hint("check that `sts_endpoint_url` and AWS_ENDPOINT_URL_STS name an STS")
    };
    match user {
        Some(user) => check_role(&user.arn, asked, peer)?,
        None if asked.is_of_aws() => return Err(incomplete("AssumedRoleUser")),
        None => {}
    }

    let given = given.ok_or_else(|| incomplete("Credentials"))?;
    for (value, name) in [
        (&given.access_key_id, "AccessKeyId"),
        (&given.secret_access_key, "SecretAccessKey"),
        (&given.session_token, "SessionToken"),
    ] {
        if value.is_empty() {
            return Err(incomplete(name));
        }
    }
    // Whole seconds: some readers of a `credential_process` accept no fractions.
    let expiration = Timestamp::from_second(given.expiration.secs()).map_err(|_| incomplete("usable Expiration"))?;
    let credentials = Credentials {
        access_key_id: given.access_key_id,
        secret_access_key: Secret::new(given.secret_access_key),
        session_token: Secret::new(given.session_token),
        expiration,
        // Another maker's tenant is not an AWS account.
        account_id: asked.owner.account().cloned(),
    };
    check_clock(expiration, clocks)?;
    Ok(credentials)
}

/// Checks `arn:aws:sts::112233334444:assumed-role/Analyst/SESSION`, which has the role's name without its path.
///
/// Another maker's STS may leave it empty, as MinIO does, or write another partition and tenant; then only the name is checked.
fn check_role(got: &str, asked: &RoleArn, peer: &str) -> Result<()> {
    let expected = format!("arn:{}:sts::{}:assumed-role/{}/", asked.partition, asked.owner, asked.name);
    let is_it = if asked.is_of_aws() {
        got.strip_prefix(&expected).is_some_and(|session| !session.is_empty())
    } else {
        let session = got.splitn(6, ':').nth(5).and_then(|resource| resource.strip_prefix("assumed-role/"));
        let name = session.and_then(|session| session.split('/').next());
        asked.name.is_empty() || name.is_none_or(|name| name == asked.name)
    };
    match is_it {
        true => Ok(()),
        false => {
            Err(Error::new(Code::StsWrongRole, format!("{peer} answered for another role than the one asked for"))
                .because(format!("asked for {asked}, got {}", printable(got, 200)))
                .hint("check that `sts_endpoint_url` and AWS_ENDPOINT_URL_STS name an STS"))
        }
    }
}

fn check_clock(expiration: Timestamp, clocks: Clocks) -> Result<()> {
    if expiration > clocks.ours {
        return Ok(());
    }
    let why = match clocks.theirs {
        Some(theirs) if theirs < clocks.ours => {
            format!("this machine's clock is {:#} ahead of STS's", whole(clocks.ours, theirs))
        }
        _ => format!("by this machine's clock they expired {:#} ago", whole(clocks.ours, expiration)),
    };
    Err(Error::new(Code::ClockSkew, "the credentials that STS just issued have expired already")
        .because(why)
        .hint("set this machine's clock, for example with: timedatectl set-ntp true"))
}

fn whole(later: Timestamp, earlier: Timestamp) -> jiff::SignedDuration {
    jiff::SignedDuration::from_secs(later.as_second() - earlier.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_types::DateTime;

    const NOW: i64 = 1_800_000_000;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn role() -> RoleArn {
        RoleArn::parse("arn:aws:iam::112233334444:role/team/Analyst").unwrap()
    }

    fn given(key: &str, secret: &str, token: &str) -> types::Credentials {
        types::Credentials::builder()
            .access_key_id(key)
            .secret_access_key(secret)
            .session_token(token)
            .expiration(DateTime::from_secs_and_nanos(NOW + 3600, 999_000_000))
            .build()
            .unwrap()
    }

    fn user(arn: &str) -> types::AssumedRoleUser {
        types::AssumedRoleUser::builder().assumed_role_id("AROA1:me").arn(arn).build().unwrap()
    }

    const RIGHT: &str = "arn:aws:sts::112233334444:assumed-role/Analyst/me";

    fn take(given: Option<types::Credentials>, arn: &str, clocks: Clocks) -> Result<Credentials> {
        credentials(given, Some(user(arn)), &role(), clocks, "STS at test")
    }

    #[test]
    fn an_answer_for_the_role_asked_for_is_taken_with_whole_seconds() {
        let clocks = Clocks { ours: at(NOW), theirs: None };
        let credentials = take(Some(given("ASIA1", "s", "t")), RIGHT, clocks).unwrap();
        assert_eq!(credentials.expiration, at(NOW + 3600));
        assert_eq!(credentials.account_id.as_deref(), Some("112233334444"));
        assert_eq!((credentials.secret_access_key.expose(), credentials.session_token.expose()), ("s", "t"));
    }

    #[test]
    fn an_answer_for_any_other_role_is_refused() {
        let clocks = Clocks { ours: at(NOW), theirs: None };
        for arn in [
            "arn:aws:sts::112233334444:assumed-role/Admin/me",
            "arn:aws:sts::112233334444:assumed-role/Analyst2/me",
            "arn:aws:sts::112233334444:assumed-role/Analyst/",
            "arn:aws:sts::999999999999:assumed-role/Analyst/me",
            "arn:aws-cn:sts::112233334444:assumed-role/Analyst/me",
            "arn:aws:iam::112233334444:role/team/Analyst",
            "",
        ] {
            assert_eq!(take(Some(given("A", "s", "t")), arn, clocks).unwrap_err().code, Code::StsWrongRole, "{arn}");
        }
    }

    #[test]
    fn another_makers_answer_may_name_nobody_but_no_other_role() {
        let clocks = Clocks { ours: at(NOW), theirs: None };
        let take = |asked: &RoleArn, arn: &str| {
            credentials(Some(given("A", "s", "t")), Some(user(arn)), asked, clocks, "STS at test")
        };
        let ceph = RoleArn::parse_of_any_maker("arn:aws:iam::tenant:role/S3Access").unwrap();
        for arn in ["arn:aws:sts::tenant:assumed-role/S3Access/me", "arn:aws:sts:::assumed-role/S3Access/me", ""] {
            assert_eq!(take(&ceph, arn).unwrap().account_id, None, "{arn}");
            assert!(take(&RoleArn::unnamed(), arn).is_ok());
        }
        let error = take(&ceph, "arn:aws:sts::tenant:assumed-role/Admin/me").unwrap_err();
        assert_eq!(error.code, Code::StsWrongRole);
    }

    #[test]
    fn an_answer_with_a_hole_is_no_answer() {
        let clocks = Clocks { ours: at(NOW), theirs: None };
        for (given, hole) in [
            (None, "Credentials"),
            (Some(given("", "s", "t")), "AccessKeyId"),
            (Some(given("A", "", "t")), "SecretAccessKey"),
            (Some(given("A", "s", "")), "SessionToken"),
        ] {
            let error = take(given, RIGHT, clocks).unwrap_err();
            assert_eq!(error.code, Code::StsBadAnswer);
            assert!(error.what.ends_with(hole), "{}", error.what);
        }
    }

    #[test]
    fn credentials_that_arrive_expired_tell_how_far_the_clock_is_off() {
        let late = at(NOW + 7200);
        for (theirs, why) in [
            (Some(at(NOW)), "clock is 2h ahead of STS's"),
            (None, "they expired 1h ago"),
            (Some(late), "they expired 1h ago"),
        ] {
            let error = take(Some(given("A", "s", "t")), RIGHT, Clocks { ours: late, theirs }).unwrap_err();
            assert_eq!(error.code, Code::ClockSkew);
            assert!(error.causes[0].contains(why), "{:?}", error.causes);
        }
    }
}
