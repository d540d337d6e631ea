//! SAML assertions: who the bearer of an assertion is to AWS, and what has to exist for it.

use url::Url;

use super::request::{Context, Principal, Request, SET_SOURCE_IDENTITY};
use super::{Condition, DEFAULT_MAX_SESSION, Grant, Provider, Trust, issuer};
use crate::identity::saml::extract::product::Product;
use crate::identity::saml::response::{Offer, Response};

const ACTION: &str = "sts:AssumeRoleWithSAML";

/// Returns the request that the bearer of this assertion makes.
pub fn request(response: &Response, offer: &Offer) -> Request {
    let mut context = Context::default();
    let provider = &offer.principal_arn;
    // AWS takes `aud` from the recipient, not from the audience.
    context.set("SAML:aud", &response.recipients);
    context.set("SAML:iss", &response.issuer);
    context.set("SAML:sub", &response.subject);
    context.set("SAML:sub_type", &response.subject_format);
    context.set("SAML:doc", [format!("{}/{}", provider.account_id, provider.name)]);
    for attribute in &response.attributes {
        for key in issuer::saml_keys_of(&attribute.name) {
            context.set(format!("SAML:{key}"), &attribute.values);
        }
    }
    let tags = tags(response);
    let source_identity = response.aws_attribute("SourceIdentity");
    let transitive = response.aws_attributes("TransitiveTagKeys");
    context.tags(&tags, transitive);
    context.set("sts:SourceIdentity", source_identity);
    context.set("sts:RoleSessionName", &response.role_session_name);
    context.set("aws:SecureTransport", ["true"]);
    Request {
        proof: "the assertion",
        principal: Principal::Federated(provider.to_string()),
        actions: Request::needs(ACTION, !tags.is_empty(), source_identity.is_some()),
        context,
        unread: Vec::new(),
        // The reference lists this key without saying what it holds.
        undocumented: vec!["sts:roleauthorizedbyidp".to_owned()],
        doubt: None,
        known: if response.is_encrypted { Vec::new() } else { Request::known_unsigned(&["sts:"], !tags.is_empty()) },
    }
}

/// Returns what has to exist for the assertion. `duration` is that of the profile, in seconds.
pub fn trust(response: &Response, offer: &Offer, idp_url: Option<&Url>, duration: Option<u64>) -> Trust {
    let request = request(response, offer);
    let mut notes = Vec::new();
    let sign_in = format!("https://{}/saml", offer.role_arn.partition.sign_in_domain());
    let audiences = match response.recipients.is_empty() {
        true => vec![sign_in],
        false => response.recipients.clone(),
    };
    if !response.has_assertion && !response.is_encrypted {
        notes.push(
            "made from the settings, without a login: --from FILE with an assertion shows whether it carries session tags or a \
             source identity, which the role has to allow"
                .to_owned(),
        );
    }
    if response.is_encrypted {
        notes.push("the assertion is encrypted for AWS: it is not known here whether it carries session tags or a source identity".to_owned());
    }
    let tags = tags(response);
    if !tags.is_empty() {
        let keys: Vec<&str> = tags.iter().map(|(key, _)| key.as_str()).collect();
        notes.push(format!(
            "the assertion sets the session tags {}: every role that this IdP offers has to allow sts:TagSession",
            keys.join(", ")
        ));
    }
    let console = response.session_duration.unwrap_or(0);
    let wanted = duration.unwrap_or(0).max(console);
    if console > duration.unwrap_or(DEFAULT_MAX_SESSION) {
        notes.push(format!(
            "the assertion asks for console sessions of {console} s (SessionDuration): AWS refuses the sign-in if the role allows less"
        ));
    }
    if *offer.principal_arn.account_id != *offer.role_arn.owner {
        notes.push(format!(
            "the provider is in account {}, the role in {}: IAM requires both in one account",
            offer.principal_arn.account_id, offer.role_arn.owner
        ));
    }
    Trust {
        role: offer.role_arn.clone(),
        provider: Provider::Saml {
            arn: offer.principal_arn.to_string(),
            name: offer.principal_arn.name.clone(),
            issuer: response.issuer.clone(),
            metadata: idp_url.and_then(metadata),
        },
        principal: request.principal.clone(),
        grants: grants(&request, &Condition::string("SAML:aud", audiences)),
        max_session_duration: wanted.clamp(DEFAULT_MAX_SESSION, 43200),
        notes,
    }
}

/// The actions with their conditions. AWS sets `SAML:aud` for the call and its tags, but not for sts:SetSourceIdentity.
fn grants(request: &Request, audience: &Condition) -> Vec<Grant> {
    let grant = |action: &&'static str| {
        let conditions = if *action == SET_SOURCE_IDENTITY { Vec::new() } else { vec![audience.clone()] };
        Grant { action, conditions }
    };
    request.actions.iter().map(grant).collect()
}

fn tags(response: &Response) -> Vec<(String, String)> {
    response.session_tags().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// The URL of the metadata, by the documentation of the product at this address.
fn metadata(idp_url: &Url) -> Option<String> {
    let origin = idp_url.origin().ascii_serialization();
    let path = idp_url.path();
    Some(match Product::of_address(idp_url)? {
        Product::AdFs => format!("{origin}/FederationMetadata/2007-06/FederationMetadata.xml"),
        Product::Keycloak => {
            let realm = path.split("/realms/").nth(1)?.split('/').next()?;
            let base = path.split("/realms/").next()?;
            format!("{origin}{base}/realms/{realm}/protocol/saml/descriptor")
        }
        Product::SimpleSamlPhp => {
            let base = path.split("/saml2/idp/").next()?;
            format!("{origin}{base}/saml2/idp/metadata.php")
        }
        Product::Shibboleth => format!("{origin}/idp/shibboleth"),
        Product::PingFederate => format!("{origin}/pf/federation_metadata.ping?PartnerSpId=urn:amazon:webservices"),
        Product::Entra => {
            let tenant = path.split('/').nth(1)?;
            format!("{origin}/{tenant}/federationmetadata/2007-06/federationmetadata.xml")
        }
        Product::Okta | Product::Google => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arn::{ProviderArn, RoleArn};
    use crate::identity::saml::response::{AWS_ATTRIBUTE, Attribute};
    use serde_json::json;

    fn offer(partition: &str) -> Offer {
        Offer {
            role_arn: RoleArn::parse(&format!("arn:{partition}:iam::112233334444:role/Dev")).unwrap(),
            principal_arn: ProviderArn::parse(&format!("arn:{partition}:iam::112233334444:saml-provider/corp"))
                .unwrap(),
        }
    }

    fn response() -> Response {
        Response { recipients: vec!["https://signin.aws.amazon.com/saml".into()], ..Response::default() }
    }

    fn with(name: &str, value: &str) -> Response {
        let attributes = vec![Attribute { name: format!("{AWS_ATTRIBUTE}{name}"), values: vec![value.into()] }];
        Response { attributes, ..response() }
    }

    #[test]
    fn the_policy_names_the_provider_and_where_the_assertion_goes() {
        let policy = trust(&response(), &offer("aws"), None, None).policy();
        assert_eq!(
            policy,
            json!({ "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow",
                "Principal": { "Federated": "arn:aws:iam::112233334444:saml-provider/corp" },
                "Action": "sts:AssumeRoleWithSAML",
                "Condition": { "StringEquals": { "SAML:aud": "https://signin.aws.amazon.com/saml" } },
            }] })
        );
        let unknown = trust(&Response::default(), &offer("aws-cn"), None, None);
        assert_eq!(unknown.grants[0].conditions[0].values, ["https://signin.amazonaws.cn/saml"], "the partition's own");
    }

    #[test]
    fn what_the_assertion_carries_has_to_be_allowed() {
        let table = [
            (response(), vec![ACTION]),
            (with("PrincipalTag:Team", "data"), vec![ACTION, "sts:TagSession"]),
            (with("SourceIdentity", "alice"), vec![ACTION, "sts:SetSourceIdentity"]),
        ];
        for (response, expected) in table {
            let grants = trust(&response, &offer("aws"), None, None).grants;
            assert_eq!(grants.iter().map(|grant| grant.action).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn the_role_allows_what_is_asked_for_and_no_less_than_iam_does() {
        let asking = |console| Response { session_duration: console, ..response() };
        let table = [
            (None, None, 3600),
            (Some(900), None, 3600),
            (Some(7200), None, 7200),
            (Some(7200), Some(28800), 28800),
            (None, Some(90000), 43200),
        ];
        for (duration, console, expected) in table {
            assert_eq!(trust(&asking(console), &offer("aws"), None, duration).max_session_duration, expected);
        }
    }

    #[test]
    fn metadata_is_where_the_product_serves_it() {
        let table = [
            (
                "https://fs.example.com/adfs/ls/IdpInitiatedSignOn.aspx",
                Some("https://fs.example.com/FederationMetadata/2007-06/FederationMetadata.xml"),
            ),
            (
                "https://sso.example.com/auth/realms/corp/protocol/saml/clients/aws",
                Some("https://sso.example.com/auth/realms/corp/protocol/saml/descriptor"),
            ),
            (
                "https://idp.example.com/simplesaml/saml2/idp/SSOService.php?x=y",
                Some("https://idp.example.com/simplesaml/saml2/idp/metadata.php"),
            ),
            (
                "https://login.microsoftonline.com/tenant/saml2",
                Some("https://login.microsoftonline.com/tenant/federationmetadata/2007-06/federationmetadata.xml"),
            ),
            ("https://corp.okta.com/app/aws/sso/saml", None),
            ("https://idp.example.com/", None),
        ];
        for (url, expected) in table {
            assert_eq!(metadata(&Url::parse(url).unwrap()).as_deref(), expected);
        }
    }
}
