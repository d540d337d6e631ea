//! The least IAM policy for reading a connection out of Secrets Manager, as for an MWAA environment's execution role.

use serde_json::{Value, json};

use crate::arn::Partition;

/// The place of the secret. What is unknown is `*`.
pub struct SecretPlace<'a> {
    pub partition: Partition,
    pub region: &'a str,
    pub account_id: &'a str,
    /// `PREFIX/ID`
    pub name: &'a str,
    /// The ARN of the encryption key. Absent: the account's own key for Secrets Manager, which needs no permission.
    pub kms_key: Option<&'a str>,
}

/// Returns the policy. Secrets Manager adds six characters to a secret's name, which `-??????` matches; it matches no
/// longer name.
pub fn policy(place: &SecretPlace<'_>) -> Value {
    let SecretPlace { partition, region, account_id, name, kms_key } = place;
    let read = json!({
        "Effect": "Allow",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": format!("arn:{partition}:secretsmanager:{region}:{account_id}:secret:{name}-??????"),
    });
    let decrypt = kms_key.map(|key| {
        json!({
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": key,
            "Condition": {"StringLike": {"kms:ViaService": format!("secretsmanager.{region}.{}", partition.service_domain())}},
        })
    });
    let statements: Vec<Value> = std::iter::once(read).chain(decrypt).collect();
    json!({"Version": "2012-10-17", "Statement": statements})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_allows_one_secret_and_the_key_through_secrets_manager_alone() {
        let key = "arn:aws:kms:eu-west-1:112233334444:key/1234";
        let place = SecretPlace {
            partition: Partition::Aws,
            region: "eu-west-1",
            account_id: "112233334444",
            name: "airflow/connections/etl",
            kms_key: Some(key),
        };
        let allowed = policy(&place);
        assert_eq!(
            allowed["Statement"][0]["Resource"],
            "arn:aws:secretsmanager:eu-west-1:112233334444:secret:airflow/connections/etl-??????"
        );
        assert_eq!(allowed["Statement"][1]["Resource"], key);
        let through = &allowed["Statement"][1]["Condition"]["StringLike"]["kms:ViaService"];
        assert_eq!(through, "secretsmanager.eu-west-1.amazonaws.com");
        let without = policy(&SecretPlace { kms_key: None, ..place });
        assert_eq!(without["Statement"].as_array().unwrap().len(), 1);
    }
}
