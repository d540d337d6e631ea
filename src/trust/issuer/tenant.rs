//! Whether a value of a policy says whose a token is.

use serde::Deserialize;

use super::Issuer;
use crate::trust::pattern::Pattern;

/// A key that says whose a token is.
#[derive(Debug, Deserialize)]
pub struct Tenant {
    pub key: String,
    pub(super) says: Vec<String>,
    #[serde(default)]
    pub(super) except: Vec<String>,
}

impl Issuer {
    /// Whether a value of this key says whose the token is. `None` if no value of this key does.
    pub fn says_whose(&self, key: &str, value: &Pattern) -> Option<bool> {
        let tenant = self.tenant.iter().find(|tenant| tenant.key.eq_ignore_ascii_case(key))?;
        Some(tenant.says.iter().any(|form| self.names(form, &tenant.except, value)))
    }

    /// Whether a value has text without wildcards in place of the form's braces.
    fn names(&self, form: &str, except: &[String], value: &Pattern) -> bool {
        let Some((lead, tail, digits)) = form
            .split_once("{}")
            .map(|(lead, tail)| (lead, tail, false))
            .or_else(|| form.split_once("{digits}").map(|(lead, tail)| (lead, tail, true)))
        else {
            return false;
        };
        let is_name = |name: &str| {
            !name.is_empty()
                && (!digits || name.bytes().all(|b| b.is_ascii_digit()))
                && !except.iter().any(|none| none.eq_ignore_ascii_case(name))
        };
        let whole = (!value.has_wildcard()).then(|| value.text());
        // The name ends before `tail`, or at the end of a value without wildcards.
        let up_to = |rest: &str, tail: &str, is_whole: bool| match rest.split_once(tail) {
            Some((name, _)) if !tail.is_empty() => is_name(name),
            Some(_) => is_name(rest),
            None => is_whole && is_name(rest),
        };
        match (lead.strip_prefix('…'), tail.strip_suffix('…')) {
            (None, None) => whole.is_some_and(|text| {
                let name = text.strip_prefix(lead).and_then(|rest| rest.strip_suffix(tail));
                name.is_some_and(is_name)
            }),
            (None, Some(tail)) => {
                value.beginning().strip_prefix(lead).is_some_and(|rest| up_to(rest, tail, whole.is_some()))
            }
            (Some(lead), None) => {
                let ending = value.ending();
                ending.rsplit_once(lead).is_some_and(|(_, rest)| rest.strip_suffix(tail).is_some_and(is_name))
            }
            // With an issuer that everybody shares, a stranger's sub may contain the same text, so no wildcard may precede it.
            (Some(lead), Some(tail)) => {
                let texts = if self.shared { vec![value.beginning()] } else { value.texts() };
                let after = |text| lead.split('…').try_fold(text, |rest: &str, part| Some(rest.split_once(part)?.1));
                texts.iter().any(|text| after(text).is_some_and(|rest| up_to(rest, tail, whole.is_some())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::of;
    use crate::trust::pattern::Pattern;

    #[test]
    fn a_value_says_whose_the_token_is_or_leaves_it_open() {
        let table = [
            ("token.actions.githubusercontent.com", "sub", "repo:acme/app:*", Some(true)),
            ("token.actions.githubusercontent.com", "sub", "repo:acme/*", Some(true)),
            ("token.actions.githubusercontent.com", "sub", "repo:acme@12/app@34:*", Some(true)),
            ("token.actions.githubusercontent.com", "sub", "repo:acme*", Some(false)),
            ("token.actions.githubusercontent.com", "sub", "repo:?cme/app:*", Some(false)),
            ("token.actions.githubusercontent.com", "sub", "*/app:*", Some(false)),
            ("token.actions.githubusercontent.com", "sub", "repo:/app:*", Some(false)),
            ("token.actions.githubusercontent.com", "sub", "environment:prod", Some(false)),
            ("token.actions.githubusercontent.com", "sub", "repository_owner_id:65:*", Some(true)),
            ("token.actions.githubusercontent.com", "sub", "environment:prod:repository_owner:acme", Some(true)),
            ("token.actions.githubusercontent.com", "sub", "environment:*:repository_owner:acme", Some(false)),
            ("token.actions.githubusercontent.com", "repository_id", "74", Some(true)),
            ("token.actions.githubusercontent.com", "ref", "refs/heads/main", None),
            ("accounts.google.com", "aud", "107300000000000000001", Some(true)),
            ("accounts.google.com", "aud", "etl@demo.iam.gserviceaccount.com", Some(true)),
            ("accounts.google.com", "aud", "*.gserviceaccount.com", Some(false)),
            ("accounts.google.com", "aud", "1-x.apps.googleusercontent.com", Some(false)),
            ("accounts.google.com", "email", "*@acme.com", Some(true)),
            ("accounts.google.com", "email", "*@gmail.com", Some(false)),
            ("accounts.google.com", "email", "*", Some(false)),
            ("oidc.circleci.com/org/1", "sub", "org/1/project/2/user/*", Some(true)),
            ("oidc.circleci.com/org/1", "sub", "org/1/project/*", Some(false)),
            ("vstoken.dev.azure.com/6", "sub", "sc://acme/web/aws", Some(true)),
            ("vstoken.dev.azure.com/6", "sub", "p://acme/web/*", Some(true)),
            ("vstoken.dev.azure.com/6", "sub", "sc://acme/web*", Some(false)),
            ("vstoken.dev.azure.com/6", "sub", "sc://acme/*", Some(false)),
            ("corp.okta.com", "sub", "*", Some(false)),
            ("corp.okta.com", "sub", "alice", Some(true)),
        ];
        for (provider, key, value, expected) in table {
            let pattern = Pattern::read_open(value, true, false);
            assert_eq!(of(provider).says_whose(key, &pattern), expected, "{provider} {key} {value}");
        }
    }
}
