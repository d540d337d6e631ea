//! What a person should know of a policy for a token before they paste it.

use super::Token;
use crate::error::printable;
use crate::trust::issuer::Kind;
use crate::trust::request::Request;

pub(super) fn notes(token: &Token, request: &Request) -> Vec<String> {
    let mut notes = Vec::new();
    let special = match token.kind() {
        Kind::Google => {
            "AWS knows Google by itself: no provider is made in IAM. Its key `aud` reads the claim azp, which is the \
             numeric id with a token of the metadata server and the e-mail address with one of a key file; `oaud` reads aud"
        }
        Kind::Cognito => {
            "AWS knows Cognito's identity pools by themselves: `aud` is the pool's id, and `amr` keeps guests out. A user \
             pool is another issuer, and wants a provider in IAM"
        }
        Kind::Amazon => "AWS knows Login with Amazon by itself: the keys are `app_id` and `user_id`",
        Kind::Facebook => "AWS knows Facebook by itself: the keys are `app_id` and `id`",
        Kind::GitHub | Kind::GitHubEnterprise | Kind::GitHubServer => {
            "GitHub has changed the format of sub, which may hold names or ids and what the repository was customised to: \
             this policy has the token's own, so a job on another branch, tag or environment is another subject. AWS \
             refuses policies for GitHub that do not look at sub"
        }
        Kind::Kubernetes if token.provider().starts_with("oidc.eks") || token.provider().starts_with("oidc-eks") => {
            "each EKS cluster is an issuer of its own: aws eks describe-cluster --name NAME --query cluster.identity.oidc.issuer"
        }
        Kind::GitLab
        | Kind::GitLabSelfManaged
        | Kind::Buildkite
        | Kind::Terraform
        | Kind::CircleCi
        | Kind::Bitbucket
        | Kind::Kubernetes
        | Kind::Entra
        | Kind::Other => "",
    };
    notes.extend(Some(special.to_owned()).filter(|note| !note.is_empty()));
    notes.extend(request.doubt.clone());
    let open = |subject: &&String| !token.are_patterns && token.known().without_run(subject).is_some();
    if let Some(subject) = token.subjects.iter().find(open) {
        notes.push(format!(
            "the token's sub is {}: parts that differ in the next run of the same job are * in the policy",
            printable(subject, 300)
        ));
    }
    if let Some(party) = &token.authorized_party
        && !token.kind().is_built_in()
        && !token.audiences.contains(party)
    {
        notes.push(format!(
            "the token has azp = {party}, which is what AWS compares in place of aud: it is the client id here"
        ));
    }
    if token.are_patterns && token.subjects.iter().any(|subject| subject.contains(['*', '?'])) {
        notes.push("a pattern in sub allows every matching identity, also those that do not exist yet".to_owned());
    }
    if token.issuer.starts_with("http://") {
        notes.push("the issuer is plain http: AWS takes none that is not https".to_owned());
    }
    if !token.tags.is_empty() {
        let keys: Vec<&str> = token.tags.iter().map(|(key, _)| key.as_str()).collect();
        notes.push(format!(
            "the token sets the session tags {}: every role it is for has to allow sts:TagSession",
            keys.join(", ")
        ));
    }
    notes
}
