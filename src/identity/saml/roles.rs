//! Chooses one of the roles on offer: the configured one, or the only one.

use super::response::{Offer, Response};
use crate::arn::{ProviderArn, RoleArn};
use crate::error::{Code, Error, Result};

/// Most roles that an error lists; more are counted.
const LISTED: usize = 20;

/// Returns the pair for STS. `role` and `provider` are the configured ones; what is not configured is taken from the assertion
/// if it leaves no choice.
pub fn choose(response: &Response, role: Option<&RoleArn>, provider: Option<&ProviderArn>) -> Result<Offer> {
    if response.is_encrypted && response.roles.is_empty() {
        return match (role, provider) {
            (Some(role), Some(provider)) => Ok(Offer { role_arn: role.clone(), principal_arn: provider.clone() }),
            _ => Err(Error::new(Code::MissingKey, "the assertion is encrypted, so its roles cannot be read")
                .hint("set both `role_arn` and `saml.principal_arn` in the profile")),
        };
    }
    if response.roles.is_empty() {
        return Err(Error::new(Code::RoleNotOffered, "the assertion offers no role at all")
            .because("it has no attribute https://aws.amazon.com/SAML/Attributes/Role with a role and a provider")
            .hint("have the IdP's administrator assign you to an AWS role"));
    }
    match role {
        Some(role) => by_role(&response.roles, role, provider),
        None => the_only_one(&response.roles, provider),
    }
}

fn by_role(offers: &[Offer], role: &RoleArn, provider: Option<&ProviderArn>) -> Result<Offer> {
    let of_role: Vec<&Offer> = offers.iter().filter(|o| o.role_arn == *role).collect();
    if of_role.is_empty() {
        return Err(Error::new(Code::RoleNotOffered, format!("the IdP does not offer {role}"))
            .because(format!("on offer: {}", list(offers.iter().map(|o| o.role_arn.as_str()))))
            .hint("set `role_arn` to one of those, or have the IdP's administrator assign you the role"));
    }
    match provider {
        Some(wanted) => of_role.iter().find(|o| o.principal_arn == *wanted).map(|o| (*o).clone()).ok_or_else(|| {
            Error::new(Code::ProviderMismatch, format!("{role} is not offered through {wanted}"))
                .because(format!("it is offered through {}", list(of_role.iter().map(|o| o.principal_arn.as_str()))))
                .hint("set `saml.principal_arn` to that provider, or leave it out")
        }),
        None => only(&of_role).ok_or_else(|| {
            Error::new(Code::RoleNotChosen, format!("{role} is offered through several providers"))
                .because(list(of_role.iter().map(|o| o.principal_arn.as_str())))
                .hint("set `saml.principal_arn` to one of those")
        }),
    }
}

fn the_only_one(offers: &[Offer], provider: Option<&ProviderArn>) -> Result<Offer> {
    let fitting: Vec<&Offer> = offers.iter().filter(|o| provider.is_none_or(|p| o.principal_arn == *p)).collect();
    if let Some(offer) = only(&fitting) {
        return Ok(offer);
    }
    if fitting.is_empty() {
        let through = provider.map(|p| format!(" through {p}")).unwrap_or_default();
        return Err(Error::new(Code::ProviderMismatch, format!("no role is offered{through}"))
            .because(format!("on offer: {}", list(offers.iter().map(|o| o.principal_arn.as_str()))))
            .hint("set `saml.principal_arn` to one of those, or leave it out"));
    }
    Err(Error::new(Code::RoleNotChosen, format!("{} roles are on offer and the profile names none", fitting.len()))
        .because(list(fitting.iter().map(|o| o.role_arn.as_str())))
        .hint("set `role_arn` to one of those"))
}

/// The pair, if all are equal: an IdP may repeat a role.
fn only(offers: &[&Offer]) -> Option<Offer> {
    let first = offers.first()?;
    offers.iter().all(|o| o == first).then(|| (*first).clone())
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    let more = names.len().saturating_sub(LISTED);
    names.truncate(LISTED);
    let mut text = names.join(", ");
    if more > 0 {
        text.push_str(&format!(", and {more} more"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str) -> RoleArn {
        RoleArn::parse(&format!("arn:aws:iam::112233334444:role/{name}")).unwrap()
    }

    fn provider(name: &str) -> ProviderArn {
        ProviderArn::parse(&format!("arn:aws:iam::112233334444:saml-provider/{name}")).unwrap()
    }

    fn offering(pairs: &[(&str, &str)]) -> Response {
        let roles = pairs.iter().map(|(r, p)| Offer { role_arn: role(r), principal_arn: provider(p) }).collect();
        Response { roles, has_assertion: true, ..Response::default() }
    }

    #[test]
    fn the_choice_is_the_configured_role_or_the_only_one() {
        type Case<'a> =
            (&'a [(&'a str, &'a str)], Option<&'a str>, Option<&'a str>, std::result::Result<(&'a str, &'a str), Code>);
        let table: [Case; 12] = [
            (&[("Dev", "corp")], None, None, Ok(("Dev", "corp"))),
            (&[("Dev", "corp"), ("Dev", "corp")], None, None, Ok(("Dev", "corp"))),
            (&[("Dev", "corp"), ("Ops", "corp")], None, None, Err(Code::RoleNotChosen)),
            (&[("Dev", "corp"), ("Ops", "other")], None, Some("other"), Ok(("Ops", "other"))),
            (&[("Dev", "corp"), ("Ops", "corp")], Some("Ops"), None, Ok(("Ops", "corp"))),
            (&[("Dev", "corp"), ("Ops", "corp")], Some("Ops"), Some("corp"), Ok(("Ops", "corp"))),
            (&[("Dev", "corp")], Some("Ops"), None, Err(Code::RoleNotOffered)),
            (&[("Dev", "corp")], Some("Dev"), Some("other"), Err(Code::ProviderMismatch)),
            (&[("Dev", "corp"), ("Dev", "other")], Some("Dev"), None, Err(Code::RoleNotChosen)),
            (&[("Dev", "corp"), ("Dev", "other")], Some("Dev"), Some("other"), Ok(("Dev", "other"))),
            (&[("Dev", "corp")], None, Some("other"), Err(Code::ProviderMismatch)),
            (&[], None, None, Err(Code::RoleNotOffered)),
        ];
        for (offers, wanted, through, expected) in table {
            let got = choose(&offering(offers), wanted.map(role).as_ref(), through.map(provider).as_ref());
            let expected = expected.map(|(r, p)| Offer { role_arn: role(r), principal_arn: provider(p) });
            assert_eq!(got.map_err(|e| e.code), expected, "{offers:?} {wanted:?} {through:?}");
        }
    }

    #[test]
    fn an_encrypted_assertion_needs_both_names() {
        let encrypted = Response { is_encrypted: true, ..Response::default() };
        assert!(choose(&encrypted, Some(&role("Dev")), Some(&provider("corp"))).is_ok());
        assert_eq!(choose(&encrypted, Some(&role("Dev")), None).unwrap_err().code, Code::MissingKey);
    }

    #[test]
    fn a_long_list_is_cut() {
        let names: Vec<String> = (0..30).map(|n| format!("r{n:02}")).collect();
        assert!(list(names.iter().map(String::as_str)).ends_with("r19, and 10 more"));
    }
}
