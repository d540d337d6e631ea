//! Keys of a profile that its Airflow connection has instead.

use super::reader::Section;
use crate::error::Code;

/// Reports such keys of a profile with `airflow_conn`.
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
            let error = found.error(Code::ConflictingKeys, "is set by the connection in `airflow_conn`");
            top.log().error(error.hint(format!("write {instead}")));
        }
    }
}
