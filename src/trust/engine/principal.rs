//! Whether a policy's `Principal` includes the caller (IAM User Guide, "AWS JSON policy elements: Principal").

use super::verdict::{Certainty, Verdict};
use crate::error::printable;
use crate::trust::policy::{Principals, Statement};
use crate::trust::request::{Principal, Request, shown};
use crate::trust::{chain, issuer};

pub fn judge(statement: &Statement, request: &Request) -> Verdict {
    let ours = request.principal.id();
    let kind = request.principal.kind();
    let named = match &statement.principals {
        // Nobody has shown that it allows a token or an assertion; a Deny is assumed to apply.
        Principals::All if statement.is_allow && kind == "Federated" => {
            return Verdict::Unknown(
                "it is AWS: *, and it is not documented whether that includes identities of a provider".to_owned(),
            );
        }
        Principals::All => return Verdict::Holds("it is *".to_owned()),
        Principals::Except(others) => {
            let is_ours = others.iter().any(|(of, id)| of == kind && matches!(is(id, request), Verdict::Holds(_)));
            return match is_ours {
                true => Verdict::Fails(format!("it excludes {ours}")),
                false => Verdict::Holds("it excludes others".to_owned()),
            };
        }
        Principals::Named(all) => all.iter().filter(|(of, _)| of == kind).map(|(_, id)| id.clone()).collect::<Vec<_>>(),
    };
    let mut verdicts: Vec<Verdict> = named.iter().map(|id| is(id, request)).collect();
    verdicts.sort_by_key(|verdict| std::cmp::Reverse(Certainty::of(verdict)));
    match verdicts.into_iter().next() {
        None => Verdict::Fails(format!("it names no {kind} principal; it has to be {ours}")),
        Some(Verdict::Fails(why)) if named.len() == 1 => Verdict::Fails(why),
        Some(Verdict::Fails(_)) => Verdict::Fails(format!("it is {}; it has to be {ours}", shown(&named))),
        Some(verdict) => verdict,
    }
}

/// Whether the id of a principal in a policy is the caller.
fn is(id: &str, request: &Request) -> Verdict {
    let ours = request.principal.id();
    if id == ours || id == "*" {
        return Verdict::Holds(format!("it is {}", printable(ours, 300)));
    }
    let other = |why: String| Verdict::Fails(format!("it is {}; {why}", shown(&[id.to_owned()])));
    let (arn, session) = match &request.principal {
        Principal::Aws { arn, session } => (arn, session),
        Principal::Service(_) => return other(format!("it has to be {ours}")),
        Principal::Federated(_) => return other(different_provider(id, ours)),
    };
    if ["AROA", "AIDA"].iter().any(|prefix| id.starts_with(prefix)) {
        return other(format!(
            "that is the id of a role or user that was deleted; one created again has another id: write {ours} again"
        ));
    }
    let account = arn.split(':').nth(4).unwrap_or_default();
    if id == account || id.ends_with(&format!(":iam::{account}:root")) {
        return Verdict::Holds(format!("it is the account {account}: a policy of {ours} has to allow it, too"));
    }
    let role = chain::caller_of_session(id);
    // A session's ARN lacks the path of its role.
    let last = |arn: &str| arn.rsplit('/').next().map(str::to_owned);
    if session.is_some() && id.contains(":role/") && last(id) == last(arn) && id.split(':').nth(4) == Some(account) {
        return Verdict::Holds(format!(
            "it is {}: a session's ARN lacks the role's path, and a role's name is unique in an account",
            printable(id, 300)
        ));
    }
    let is_same_role =
        role != id && arn.contains(":role/") && last(&role) == last(arn) && role.split(':').nth(4) == Some(account);
    match (is_same_role, session, id.rsplit('/').next()) {
        (false, _, _) => other(format!("it has to be {ours}")),
        (true, Some(ours), Some(theirs)) if ours == theirs => Verdict::Holds(format!("it is this session, {theirs}")),
        (true, Some(ours), _) => other(format!("that is only one session of the role, and this one is called {ours}")),
        (true, None, theirs) => Verdict::Unknown(format!(
            "it is {}: that is only one session of the role, and it is not known here whether this one will be called {}",
            shown(&[id.to_owned()]),
            shown(&[theirs.unwrap_or_default().to_owned()])
        )),
    }
}

fn different_provider(id: &str, ours: &str) -> String {
    let (theirs, mine) = (issuer::provider_of(id), issuer::provider_of(ours));
    let slash = theirs.trim_end_matches('/') == mine.trim_end_matches('/') && theirs != mine;
    match () {
        () if theirs.contains("://") => format!("IAM names an issuer without its scheme; it has to be {ours}"),
        () if slash => format!("a slash at the end of an issuer counts; it has to be {ours}"),
        () => format!("it has to be {ours}"),
    }
}
