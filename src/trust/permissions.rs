//! Least-privilege policies for what Airflow does in AWS: reading its connections, and logging people in to MWAA's web pages.

use serde_json::{Value, json};

use crate::arn::Partition;

/// Where resources are; `*` where that is not known.
#[derive(Clone, Debug)]
pub struct Place<'a> {
    pub partition: Partition,
    pub region: &'a str,
    pub account_id: &'a str,
}

impl Place<'_> {
    /// Returns the pattern for the ARN of a secret, which ends in a dash and six characters that AWS chooses.
    pub fn secret(&self, id: &str) -> String {
        let Place { partition, region, account_id } = self;
        let end = if id.ends_with('*') { "" } else { "-??????" };
        format!("arn:{partition}:secretsmanager:{region}:{account_id}:secret:{id}{end}")
    }

    /// Returns the ARN of a parameter.
    pub fn parameter(&self, id: &str) -> String {
        let Place { partition, region, account_id } = self;
        format!("arn:{partition}:ssm:{region}:{account_id}:parameter/{}", id.trim_start_matches('/'))
    }
}

/// Allows reading these secrets; `*` in an id stands for any text.
pub fn secrets_manager(place: &Place<'_>, ids: &[String]) -> Value {
    let secrets = ids.iter().map(|id| place.secret(id)).collect();
    policy("ReadAirflowConnections", &["secretsmanager:GetSecretValue"], secrets)
}

/// Allows reading these parameters; `*` in an id stands for any text.
pub fn parameter_store(place: &Place<'_>, ids: &[String]) -> Value {
    let parameters = ids.iter().map(|id| place.parameter(id)).collect();
    policy("ReadAirflowConnections", &["ssm:GetParameter"], parameters)
}

/// Allows logging in to the web pages of an MWAA environment with this Airflow role: `Admin`, `Op`, `User`, `Viewer`, `Public`.
pub fn mwaa_login(place: &Place<'_>, environment: &str, airflow_role: &str) -> Value {
    let Place { partition, region, account_id } = place;
    let resource = format!("arn:{partition}:airflow:{region}:{account_id}:role/{environment}/{airflow_role}");
    policy("EnterAirflow", &["airflow:CreateWebLoginToken"], vec![resource])
}

fn policy(sid: &str, actions: &[&str], resources: Vec<String>) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_policy_reaches_what_it_is_for_and_nothing_else() {
        let place = Place { partition: Partition::AwsCn, region: "cn-north-1", account_id: "112233334444" };
        let table = [
            (
                secrets_manager(&place, &["airflow/connections/*".into()]),
                "arn:aws-cn:secretsmanager:cn-north-1:112233334444:secret:airflow/connections/*",
            ),
            (
                secrets_manager(&place, &["airflow/connections/aws_default".into()]),
                "arn:aws-cn:secretsmanager:cn-north-1:112233334444:secret:airflow/connections/aws_default-??????",
            ),
            (
                parameter_store(&place, &["/airflow/connections/*".into()]),
                "arn:aws-cn:ssm:cn-north-1:112233334444:parameter/airflow/connections/*",
            ),
            (mwaa_login(&place, "prod", "User"), "arn:aws-cn:airflow:cn-north-1:112233334444:role/prod/User"),
        ];
        for (policy, resource) in table {
            assert_eq!(policy["Statement"][0]["Resource"], json!([resource]));
            assert_eq!(policy["Statement"][0]["Action"].as_array().map(Vec::len), Some(1));
        }
    }
}
