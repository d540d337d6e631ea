//! Keys of an extra that Airflow ignores and that can only mean keys it knows: `roleArn`, `aws_role_arn`, `region`.
//!
//! Whoever names a role expects its rights. Without the key Airflow would use the base credentials, which may have
//! more.

use super::broken::Broken;
use super::redact;
use crate::config::mistakes::nearest;
use crate::config::names::Names;

/// Known keys, each with other spellings of it, in lower case and without signs.
pub type Spellings = [(&'static str, Names)];

/// Checks the spelling of the keys of the object at `path`.
///
/// Errors: a key that is none of `known` and looks like one, or like one of `more`.
pub fn check<'k>(
    path: &str,
    keys: impl Iterator<Item = &'k str>,
    known: Names,
    more: &Spellings,
) -> Result<(), Broken> {
    let known: Vec<&str> = known.iter().collect();
    for key in keys.filter(|key| !known.contains(key)) {
        let is_name = key.len() <= 80 && key.chars().all(|c| c.is_alphanumeric() || "_-. /:".contains(c));
        if !is_name || redact::is_secret(key) {
            return Err(Broken::new(
                "the extra has a key that is not a name: a part of a login or URL may have got there",
                "write keys as Airflow's documentation has them, and special characters of a URI percent-encoded",
            ));
        }
        if let Some(meant) = meant(key, &known, more) {
            let inside = if path.is_empty() { String::new() } else { format!("{path}.") };
            return Err(Broken::new(
                format!("`{inside}{key}` is not a field that Airflow knows: it would ignore it"),
                format!("write \"{meant}\" for \"{key}\""),
            ));
        }
    }
    Ok(())
}

/// Returns the known key that `key` is another spelling of.
pub fn meant(key: &str, known: &[&'static str], more: &Spellings) -> Option<&'static str> {
    let more: Vec<(&str, &str)> =
        more.iter().flat_map(|(meant, spellings)| spellings.iter().map(|spelling| (spelling, *meant))).collect();
    let whole = letters(key);
    // Airflow's own form once stored `extra__aws__role_arn`.
    let core = ["extraaws", "aws", "amazon", "airflow"].iter().find_map(|prefix| whole.strip_prefix(prefix));
    let spelled = |text: &str| {
        let other = more.iter().find(|(spelling, _)| *spelling == text).map(|(_, meant)| *meant);
        other.or_else(|| known.iter().copied().find(|name| letters(name) == text))
    };
    let exact = [Some(whole.as_str()), core].into_iter().flatten().find_map(spelled);
    let close = || {
        let spellings = known.iter().map(|name| (letters(name), *name));
        let spellings = spellings.chain(more.iter().map(|(spelling, meant)| ((*spelling).to_owned(), *meant)));
        // One changed letter in a word of four or five makes another word.
        let spellings: Vec<(String, &str)> = spellings.filter(|(spelling, _)| spelling.len() > 5).collect();
        let near = |text: &str| {
            let found = nearest(text, spellings.iter().map(|(spelling, _)| spelling.as_str()))?;
            let slips = strsim::osa_distance(text, found);
            let meant = spellings.iter().find(|(spelling, _)| spelling == found).map(|(_, meant)| *meant);
            meant.filter(|_| slips <= 2 && slips * 5 <= found.len().max(5))
        };
        [Some(whole.as_str()), core].into_iter().flatten().find_map(near)
    };
    exact.or_else(close)
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::super::extras::{KNOWN, SPELLINGS};
    use super::*;

    #[test]
    fn other_spellings_of_a_key_name_the_key() {
        let table = [
            (
                "role_arn",
                "roleArn RoleArn role-arn ROLE_ARN rolearn role.arn aws_role_arn awsRoleArn AWS_ROLE_ARN role_arm rol_arn \
                role_arns arn aws_arn role iam_role iam_role_arn assume_role_arn assumeRoleArn extra__aws__role_arn assume_role",
            ),
            (
                "region_name",
                "region regionName aws_region AWS_REGION aws_default_region default_region region-name regoin_name",
            ),
            (
                "aws_access_key_id",
                "access_key access_key_id accessKeyId AccessKeyId aws_access_key AWS_ACCESS_KEY_ID aws_acess_key_id",
            ),
            (
                "aws_secret_access_key",
                "secret_key secret_access_key secretAccessKey aws_secret_key aws_secret_acces_key",
            ),
            ("aws_session_token", "session_token sessionToken security_token token aws_session_tokne"),
            ("profile_name", "profileName aws_profile AWS_PROFILE profile_nam profilename"),
            ("external_id", "externalId ExternalId aws_external_id external-id"),
            ("assume_role_method", "assumeRoleMethod assume_role_metod"),
            (
                "assume_role_kwargs",
                "assume_role_kwarg assumeRoleKwargs session_policy role_session_name RoleSessionName duration_seconds",
            ),
            ("assume_role_with_saml", "assume_role_saml assumeRoleWithSaml principal_arn idp_url"),
            ("aws_account_id", "account_id accountId account"),
            ("aws_iam_role", "role_name roleName"),
            ("federation", "federaton Federation"),
            ("config_kwargs", "config_kwarg configKwargs"),
        ];
        for (meant, spellings) in table {
            for key in spellings.split_whitespace() {
                let broken = check("", [key].into_iter(), KNOWN, &SPELLINGS).unwrap_err();
                assert!(broken.why.contains(&format!("`{key}`")), "{broken:?}");
                assert_eq!(broken.mended, format!("write \"{meant}\" for \"{key}\""));
            }
        }
        for key in ["AK:wJalrX@/", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "<script>", "a\nb"] {
            let broken = check("", [key].into_iter(), KNOWN, &SPELLINGS).unwrap_err();
            assert!(broken.why.contains("not a name") && !format!("{broken:?}").contains("wJal"), "{broken:?}");
        }
    }

    #[test]
    fn what_means_something_else_is_passed_over_as_airflow_does() {
        let others = Names("botocore_config partition delegate bucket_name use_ssl team note");
        for key in KNOWN.iter().chain(others.iter()) {
            assert_eq!(check("", [key].into_iter(), KNOWN, &SPELLINGS), Ok(()), "{key}");
        }
    }
}
