//! What a person should know about a policy for a token before they use it.

use super::Token;
use crate::error::printable;
use crate::trust::request::Request;

pub(super) fn notes(token: &Token, request: &Request) -> Vec<String> {
    let issuer = token.known();
    let mut notes: Vec<String> = issuer.note.iter().chain(&request.doubt).cloned().collect();
    if ["oidc.eks", "oidc-eks"].iter().any(|host| token.provider().starts_with(host)) {
        notes.push(
            "each EKS cluster has its own issuer: aws eks describe-cluster --name NAME --query cluster.identity.oidc.issuer"
                .to_owned(),
        );
    }
    let is_open = |subject: &&String| !token.are_patterns && issuer.without_run(subject).is_some();
    if let Some(subject) = token.subjects.iter().find(is_open) {
        notes.push(format!(
            "the token's sub is {}: the policy has * in place of each part that differs in the next run of the same job",
            printable(subject, 300)
        ));
    }
    if let Some(party) = &token.authorized_party
        && !issuer.kind.is_built_in()
        && !token.audiences.contains(party)
    {
        notes.push(format!(
            "the token has azp = {party}, which AWS compares in place of aud: it is the client id of the provider"
        ));
    }
    if token.are_patterns && token.subjects.iter().any(|subject| subject.contains(['*', '?'])) {
        notes.push("a pattern in sub allows every matching identity, also those that do not exist yet".to_owned());
    }
    if token.issuer.starts_with("http://") {
        notes.push("the issuer's URL begins with http://: AWS accepts only https://".to_owned());
    }
    if !token.tags.is_empty() {
        let keys: Vec<&str> = token.tags.iter().map(|(key, _)| key.as_str()).collect();
        notes.push(format!(
            "the token sets the session tags {}: every role that it is used for has to allow sts:TagSession",
            keys.join(", ")
        ));
    }
    notes
}
