//! Reads a refusal: the caller, the action, the resource, and the kind of policy.

use super::line::{is_cut, readings};
use super::{Denial, Effect, Policy};

/// Words with which services and programs report a refusal.
const DENIALS: [&str; 13] = [
    "not authorized to perform",
    "not authorized",
    "accessdenied",
    "access denied",
    "unauthorizedoperation",
    "unauthorizedaccess",
    "authorizationerror",
    "explicit deny",
    "(403)",
    "403 forbidden",
    "status code: 403",
    "forbidden",
    "lake formation permission",
];

/// Reads a refusal from a service's answer or a program's log. `None` if the text is not one.
pub fn read(text: &str) -> Option<Denial> {
    let both = readings(text).map(|text| one(&text));
    let known = |denial: &Denial| {
        [&denial.principal, &denial.action, &denial.resource].into_iter().flatten().count()
            + usize::from(!matches!(denial.policy, Policy::Untold))
    };
    // Of the two ways to join wrapped lines, the one that yields more parts; a line more often ends after a whole word.
    both.into_iter().flatten().rev().max_by_key(known)
}

fn one(text: &str) -> Option<Denial> {
    let lower = text.to_ascii_lowercase();
    if !DENIALS.iter().any(|words| lower.contains(words)) {
        return None;
    }
    let principal = after(text, &lower, &["user: ", "principal: "]).map(|id| word(&id)).filter(|id| is_principal(id));
    let principal = principal.or_else(|| before(text, &lower, " is not authorized to perform"));
    let action = after(text, &lower, &["authorized to perform: ", "authorized to perform "])
        .filter(|text| !text.split_whitespace().next().is_some_and(is_cut))
        .map(|text| word(&text))
        .filter(|action| action.contains(':') && !action.ends_with(':'));
    let operation =
        after(text, &lower, &["when calling the ", "operation: ", "calling operation "]).map(|text| word(&text));
    let operation = operation.or_else(|| of_go(text, &lower));
    let operation = operation.filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric()) && !name.is_empty());
    let stated = after(
        text,
        &lower,
        &["on resource: ", "on the resource: ", "on resource(s): ", "on resource ", "on the following resource: "],
    );
    let is_cut = stated.as_deref().is_some_and(|text| resource(text).is_none()) || ends_in_a_reason(&lower);
    let resource = stated.and_then(|text| resource(&text)).or_else(|| of_s3(text));
    let (policy, effect) = policy(&lower, action.as_deref(), principal.is_some());
    let policy_arn = after(text, &lower, &[" policy: ", " boundary: "]).map(|text| word(&text));
    Some(Denial {
        action: action.or_else(|| operation.as_deref().and_then(action_of).map(str::to_owned)),
        principal,
        operation,
        resource,
        is_cut,
        is_of_another_s3: is_of_another_s3(&lower),
        policy,
        effect,
        policy_arn: policy_arn.filter(|arn| arn.starts_with("arn:") && arn.contains("policy/")),
    })
}

/// The text after the first of these phrases that occurs.
fn after(text: &str, lower: &str, words: &[&str]) -> Option<String> {
    let end = words.iter().find_map(|words| lower.find(words).map(|at| at + words.len()))?;
    Some(text.get(end..)?.to_owned())
}

/// The principal before these words, without a label.
fn before(text: &str, lower: &str, words: &str) -> Option<String> {
    let lead = text.get(..lower.find(words)?)?;
    lead.split_whitespace().next_back().map(word).filter(|id| is_principal(id))
}

/// `operation error S3: GetObject, https response error …`, as the SDK for Go writes it.
fn of_go(text: &str, lower: &str) -> Option<String> {
    let named = after(text, lower, &["operation error "])?;
    named.split_once(": ").map(|(_, operation)| word(operation))
}

/// The resource in S3's XML or Hadoop's messages.
fn of_s3(text: &str) -> Option<String> {
    let between =
        |tag: &str| text.split_once(&format!("<{tag}>"))?.1.split_once(&format!("</{tag}>")).map(|(name, _)| name);
    if let Some(bucket) = between("BucketName").filter(|name| !name.is_empty()) {
        let key = between("Key").map(|key| format!("/{key}")).unwrap_or_default();
        return Some(format!("arn:aws:s3:::{bucket}{key}"));
    }
    let (_, path) = ["s3a://", "s3n://", "s3://"].iter().find_map(|scheme| text.split_once(scheme))?;
    let path = word(path);
    let path = path.trim_end_matches([':', '/']);
    (!path.is_empty()).then(|| format!("arn:aws:s3:::{path}"))
}

/// Whether S3's XML has an empty message, or one with a full stop, as Ceph's RADOS Gateway and MinIO write it, and not AWS.
fn is_of_another_s3(lower: &str) -> bool {
    let message = lower.split_once("<message>").and_then(|(_, rest)| rest.split_once("</message>"));
    let is_so = |message: &str| message.trim().is_empty() || message.trim() == "access denied.";
    lower.contains("<error>") && (message.is_some_and(|(message, _)| is_so(message)) || lower.contains("<message/>"))
}

/// Whether the text is cut off within `with an explicit deny`.
fn ends_in_a_reason(lower: &str) -> bool {
    let reason = " with an explicit deny";
    let end = lower.trim_end_matches(['.', '…', ' ']);
    (" with".len()..reason.len()).any(|length| end.ends_with(&reason[..length]))
}

/// The first word, without quotes around it.
fn word(text: &str) -> String {
    let word = text.split_whitespace().next().unwrap_or_default();
    let is_quote = |c: char| matches!(c, '"' | '\'' | '`' | ',' | ';' | ')' | '(' | '“' | '”');
    // XML or JSON may follow without a space. Brackets stay: they may mark a masked part.
    let word = word.trim_start_matches(is_quote).split(['"', '}', '`']).next().unwrap_or_default();
    let word = word.split("</").next().unwrap_or_default();
    word.trim_matches(is_quote).trim_end_matches('.').to_owned()
}

/// A resource: an ARN or a name up to the reason; an ARN may contain spaces.
fn resource(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let end = [" because ", " with an explicit deny", " (", ". ", "; ", "\", ", "\"}", "</"]
        .iter()
        .filter_map(|end| lower.find(end))
        .min()
        .unwrap_or(text.len());
    // Without a closing quote the end is missing.
    let is_quoted = text.starts_with('"');
    let is_closed = is_quoted && text[1..].contains('"');
    let quoted = |c: char| matches!(c, '"' | '\'' | '`' | ',' | ';' | ')' | '}' | '“' | '”') || c.is_whitespace();
    let resource = text[..end].trim_matches(quoted);
    // A name that is not an ARN has no spaces; text after a quote is not part of it.
    let resource = match resource.split_once('"') {
        Some((name, _)) => name,
        None if resource.starts_with("arn:") => resource,
        None => resource.split_whitespace().next().unwrap_or_default(),
    };
    let resource = resource.trim_end_matches('.');
    let is_one = !resource.is_empty()
        && (is_closed || !is_quoted && !is_cut(&text[..end]))
        && !["because", "associated", "with"].contains(&resource);
    is_one.then(|| resource.to_owned())
}

/// An ARN, an id with a session (`AROA…:alice`), or nobody.
fn is_principal(id: &str) -> bool {
    id.starts_with("arn:") || id == "anonymous" || ["AROA", "AIDA"].iter().any(|prefix| id.starts_with(prefix))
}

fn policy(lower: &str, action: Option<&str>, has_principal: bool) -> (Policy, Effect) {
    let table = [
        ("service control polic", Policy::ServiceControl),
        ("resource control polic", Policy::ResourceControl),
        ("permissions boundar", Policy::Boundary),
        ("permission boundar", Policy::Boundary),
        ("session polic", Policy::Session),
        ("vpc endpoint polic", Policy::VpcEndpoint),
        ("role trust polic", Policy::Trust),
        ("resource-based polic", Policy::Resource),
        ("resource based polic", Policy::Resource),
        ("identity-based polic", Policy::Identity),
        ("identity based polic", Policy::Identity),
        ("lake formation permission", Policy::LakeFormation),
        ("encoded authorization failure message", Policy::Encoded),
    ];
    // Only the text after the reason counts: the name of a resource may contain any words.
    let because = ["because no ", "with an explicit deny", "explicit deny in ", "because the resource does not exist"];
    let from = because.iter().filter_map(|words| lower.rfind(words)).max().unwrap_or(0);
    let told = table.iter().find(|(words, _)| lower[from..].contains(words)).map(|(_, policy)| *policy);
    let effect = match () {
        () if lower.contains("explicit deny") || ends_in_a_reason(lower) => Effect::Denied,
        // The message of KMS leaves both open.
        () if lower.contains("explicitly denies") => Effect::Either,
        () => Effect::NotAllowed,
    };
    let is_federated = action.is_some_and(|action| action.starts_with("sts:AssumeRoleWith"));
    let of_sts = !has_principal && action.is_some_and(|action| action.starts_with("sts:"));
    (told.unwrap_or(if is_federated || of_sts { Policy::Trust } else { Policy::Untold }), effect)
}

/// The action for an operation, if the message names no action.
fn action_of(operation: &str) -> Option<&'static str> {
    Some(match operation {
        "HeadObject" | "GetObject" => "s3:GetObject",
        "PutObject" | "CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload" | "CopyObject" => {
            "s3:PutObject"
        }
        "DeleteObject" | "DeleteObjects" => "s3:DeleteObject",
        "HeadBucket" | "ListObjects" | "ListObjectsV2" => "s3:ListBucket",
        "ListBuckets" => "s3:ListAllMyBuckets",
        "GetBucketLocation" => "s3:GetBucketLocation",
        "GetSecretValue" => "secretsmanager:GetSecretValue",
        "GetParameter" => "ssm:GetParameter",
        "AssumeRole" => "sts:AssumeRole",
        "AssumeRoleWithWebIdentity" => "sts:AssumeRoleWithWebIdentity",
        "AssumeRoleWithSAML" => "sts:AssumeRoleWithSAML",
        _ => return None,
    })
}
