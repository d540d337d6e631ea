//! Least-privilege policies for what Airflow does in AWS: reading its connections, and letting people into MWAA's web pages.

use serde_json::{Value, json};

use crate::arn::Partition;

/// Where things are.
#[derive(Clone, Debug)]
pub struct Place<'a> {
    pub partition: Partition,
    pub region: &'a str,
    pub account_id: &'a str,
}

/// Reading these secrets, and nothing else; a `*` stands for any text.
pub fn secrets_manager(place: &Place<'_>, ids: &[String]) -> Value {
    let Place { partition, region, account_id } = place;
    let resource = |id: &String| {
        // A secret's ARN ends in a dash and six characters of AWS's own.
        let end = if id.ends_with('*') { "" } else { "-??????" };
        format!("arn:{partition}:secretsmanager:{region}:{account_id}:secret:{id}{end}")
    };
    policy("ReadAirflowConnections", &["secretsmanager:GetSecretValue"], ids.iter().map(resource).collect())
}

/// Reading these parameters, and nothing else; a `*` stands for any text.
pub fn parameter_store(place: &Place<'_>, ids: &[String]) -> Value {
    let Place { partition, region, account_id } = place;
    let resource =
        |id: &String| format!("arn:{partition}:ssm:{region}:{account_id}:parameter/{}", id.trim_start_matches('/'));
    policy("ReadAirflowConnections", &["ssm:GetParameter"], ids.iter().map(resource).collect())
}

/// Entering an environment's web pages with this role of Airflow's: `Admin`, `Op`, `User`, `Viewer`, `Public`.
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
