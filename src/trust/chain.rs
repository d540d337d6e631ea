//! Roles that are assumed with AWS credentials, such as those of another role; the role may be a customer's.

use serde_json::{Value, json};

use super::request::{Context, Principal, Request, SET_SOURCE_IDENTITY, TAG_SESSION};
use super::{Condition, DEFAULT_MAX_SESSION, Grant, Provider, Trust};
use crate::arn::RoleArn;
use crate::config::profile::AssumeRole;

const ACTION: &str = "sts:AssumeRole";

/// Returns the request that the holder of the credentials makes. `caller` is the ARN of its role, session or user.
pub fn request(settings: &AssumeRole, caller: &str) -> Request {
    let session = caller.split_once(":assumed-role/").and_then(|(_, rest)| rest.split('/').nth(1)).map(str::to_owned);
    let caller = &caller_of_session(caller);
    let mut context = Context::default();
    // The key holds the role's path, which the ARN of a session does not.
    if session.is_none() {
        context.set("aws:PrincipalArn", [caller.as_str()]);
    }
    let kinds = [(":role/", "AssumedRole"), (":user/", "User"), (":root", "Account")];
    context.set("aws:PrincipalType", kinds.iter().find(|(part, _)| caller.contains(part)).map(|(_, kind)| *kind));
    context.set("aws:PrincipalIsAWSService", ["false"]);
    context.set("sts:ExternalId", &settings.external_id);
    context.set("sts:SourceIdentity", &settings.source_identity);
    context.tags(&settings.tags, &settings.transitive_tag_keys);
    context.set("aws:PrincipalAccount", caller.split(':').nth(4));
    if settings.serial_number.is_some() {
        context.set("aws:MultiFactorAuthPresent", ["true"]);
    }
    context.set("aws:SecureTransport", ["true"]);
    Request {
        proof: "the call",
        principal: Principal::Aws { arn: caller.to_owned(), session },
        unread: Vec::new(),
        undocumented: Vec::new(),
        doubt: None,
        actions: Request::needs(ACTION, !settings.tags.is_empty(), settings.source_identity.is_some()),
        context,
        known: [
            "sts:ExternalId",
            "sts:SourceIdentity",
            "sts:TransitiveTagKeys",
            "aws:RequestTag/",
            "aws:TagKeys",
            "saml:",
        ]
        .map(str::to_owned)
        .into(),
    }
}

/// Returns what has to exist for it. `duration` is that of the profile, in seconds.
pub fn trust(settings: &AssumeRole, caller: &str, role: &RoleArn, duration: Option<u64>) -> Trust {
    let request = request(settings, caller);
    let caller = request.principal.id();
    let mut notes = Vec::new();
    let account = caller.split(':').nth(4).unwrap_or_default();
    if *account != *role.owner {
        notes.push(format!(
            "the role is in account {}, the caller in {account}: the caller's own policies have to allow it too \
             (--permissions shows how)",
            role.owner
        ));
        if settings.external_id.is_none() {
            notes.push(
                "if the role is a customer's, agree on an external id, so that no other customer can make you use it: \
                 `assume_role.external_id`"
                    .to_owned(),
            );
        }
    }
    if caller.ends_with(":root") {
        notes.push(
            "the caller is not known here, so the whole account is trusted, as far as its own policies allow it; --caller ARN \
             names the role or user"
                .to_owned(),
        );
    }
    if duration.is_some_and(|seconds| seconds > DEFAULT_MAX_SESSION) {
        notes.push("a session from temporary credentials lasts at most an hour, whatever the role allows".to_owned());
    }
    Trust {
        role: role.clone(),
        provider: Provider::None,
        grants: request.actions.iter().map(|action| grant(settings, action)).collect(),
        principal: request.principal.clone(),
        max_session_duration: DEFAULT_MAX_SESSION,
        notes,
    }
}

/// The conditions of an action: all of them for the call, for the others those that AWS sets with them.
fn grant(settings: &AssumeRole, action: &'static str) -> Grant {
    let tag = |(key, value): &(String, String)| Condition::string(format!("aws:RequestTag/{key}"), [value.clone()]);
    let tags = settings.tags.iter().map(tag);
    let identity = settings.source_identity.iter().map(|id| Condition::string("sts:SourceIdentity", [id.clone()]));
    let conditions = match action {
        TAG_SESSION => tags.collect(),
        SET_SOURCE_IDENTITY => identity.collect(),
        _ => {
            let external_id = settings.external_id.iter().map(|id| Condition::string("sts:ExternalId", [id.clone()]));
            let present = Condition {
                operator: "Bool",
                key: "aws:MultiFactorAuthPresent".to_owned(),
                values: vec!["true".to_owned()],
            };
            let mfa = settings.serial_number.iter().map(|_| present.clone());
            external_id.chain(tags).chain(identity).chain(mfa).collect()
        }
    };
    Grant { action, conditions }
}

/// Returns the policy that the caller needs.
pub fn permission(settings: &AssumeRole, role: &RoleArn) -> Value {
    let actions = Request::needs(ACTION, !settings.tags.is_empty(), settings.source_identity.is_some());
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": role.as_str() }],
    })
}

/// Returns the ARN of the role or user for a caller's ARN from STS; that of a session lacks the role's path.
pub fn caller_of_session(arn: &str) -> String {
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    match fields.as_slice() {
        ["arn", partition, "sts", "", account, resource] => match resource.split('/').collect::<Vec<_>>().as_slice() {
            ["assumed-role", name, _] => format!("arn:{partition}:iam::{account}:role/{name}"),
            _ => arn.to_owned(),
        },
        _ => arn.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::profile::{Base, SessionName};

    fn settings() -> AssumeRole {
        AssumeRole {
            base: Base::Environment,
            session_name: SessionName::of_subject(),
            external_id: Some("acme-42".into()),
            tags: vec![("team".into(), "data".into())],
            transitive_tag_keys: vec!["team".into()],
            source_identity: None,
            serial_number: None,
        }
    }

    const CALLER: &str = "arn:aws:iam::112233334444:role/Base";

    #[test]
    fn a_customers_role_trusts_the_role_below_with_what_it_sends() {
        let role = RoleArn::parse("arn:aws:iam::999988887777:role/Theirs").unwrap();
        let trust = trust(&settings(), CALLER, &role, Some(7200));
        assert_eq!(
            trust.policy()["Statement"],
            json!([{
                "Effect": "Allow",
                "Principal": { "AWS": CALLER },
                "Action": "sts:AssumeRole",
                "Condition": { "StringEquals": { "sts:ExternalId": "acme-42", "aws:RequestTag/team": "data" } },
            }, {
                "Effect": "Allow",
                "Principal": { "AWS": CALLER },
                "Action": "sts:TagSession",
                "Condition": { "StringEquals": { "aws:RequestTag/team": "data" } },
            }])
        );
        assert_eq!(trust.notes.len(), 2, "{:?}", trust.notes);
        assert_eq!(
            permission(&settings(), &role)["Statement"][0]["Action"],
            json!(["sts:AssumeRole", "sts:TagSession"])
        );
    }

    #[test]
    fn a_session_is_traced_to_its_role() {
        let table = [
            ("arn:aws:sts::112233334444:assumed-role/Base/alice", CALLER),
            ("arn:aws:iam::112233334444:user/bob", "arn:aws:iam::112233334444:user/bob"),
            ("nonsense", "nonsense"),
        ];
        for (arn, expected) in table {
            assert_eq!(caller_of_session(arn), expected);
        }
    }
}
