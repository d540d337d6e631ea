//! Keys that STS takes in one of its calls and not in another: refused by name where they have no place, so that nobody
//! believes a session tagged that is not.

use super::reader::Section;
use crate::error::Code;

/// What the IdP's assertion says, and nothing in the call can.
pub fn in_saml(table: &Section<'_, '_>) {
    let attribute =
        |name: &str| format!("have the IdP send the attribute https://aws.amazon.com/SAML/Attributes/{name}");
    refuse(
        table,
        "AssumeRoleWithSAML",
        &[
            ("role_session_name", attribute("RoleSessionName")),
            ("tags", attribute("PrincipalTag:KEY")),
            ("transitive_tag_keys", attribute("TransitiveTagKeys")),
            ("source_identity", attribute("SourceIdentity")),
            ("external_id", ASSUME_ROLE.into()),
            ("serial_number", ASSUME_ROLE.into()),
        ],
    );
}

/// What the token's claims say, and nothing in the call can.
pub fn in_web_identity(table: &Section<'_, '_>) {
    let claim = |name: &str| format!("have the issuer put the claim https://aws.amazon.com/{name} into the token");
    refuse(
        table,
        "AssumeRoleWithWebIdentity",
        &[
            ("tags", claim("tags")),
            ("transitive_tag_keys", claim("tags")),
            ("source_identity", claim("source_identity")),
            ("external_id", ASSUME_ROLE.into()),
            ("serial_number", ASSUME_ROLE.into()),
        ],
    );
}

/// Of the profile itself: each call has its own.
pub fn beside_the_identity(top: &Section<'_, '_>) {
    for key in ["role_session_name", "tags", "transitive_tag_keys", "source_identity", "external_id", "serial_number"] {
        if let Some(found) = top.find(key) {
            let error = found.error(Code::InvalidValue, "has no place beside the identity");
            let tables = if key == "role_session_name" { "`assume_role` or `web_identity`" } else { "`assume_role`" };
            top.log().error(error.hint(format!("write it into the table {tables} of the profile")));
        }
    }
}

/// Of a profile with `airflow_conn`: the connection says it.
pub fn beside_airflow_conn(top: &Section<'_, '_>) {
    let fields = [
        ("role_arn", "\"role_arn\" in the connection's extra"),
        ("duration", "\"assume_role_kwargs\": {\"DurationSeconds\": …} in the connection's extra"),
        ("policy", "\"assume_role_kwargs\": {\"Policy\": …} in the connection's extra"),
        ("policy_arns", "\"assume_role_kwargs\": {\"PolicyArns\": […]} in the connection's extra"),
        ("sts_endpoint_url", "\"service_config\": {\"sts\": {\"endpoint_url\": …}} in the connection's extra"),
        ("use_fips_endpoint", "\"config_kwargs\": {\"use_fips_endpoint\": true} in the connection's extra"),
        ("use_dualstack_endpoint", "\"config_kwargs\": {\"use_dualstack_endpoint\": true} in the connection's extra"),
    ];
    for (key, instead) in fields {
        if let Some(found) = top.find(key) {
            let error = found.error(Code::ConflictingKeys, "is for the connection in `airflow_conn` to say");
            top.log().error(error.hint(format!("write {instead}")));
        }
    }
}

const ASSUME_ROLE: &str = "remove it, or use it in an `assume_role` table on top of this profile";

fn refuse(table: &Section<'_, '_>, call: &str, keys: &[(&'static str, String)]) {
    for (key, instead) in keys {
        if let Some(found) = table.find(key) {
            let said = format!("has no place in {call}, which STS offers for this identity");
            table.log().error(found.error(Code::InvalidValue, said).hint(instead.clone()));
        }
    }
}
