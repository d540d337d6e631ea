//! Trust policies for EKS Pod Identity, whose agent assumes the role for pods of certain service accounts (EKS User Guide,
//! "Create IAM role with trust policy required by EKS Pod Identity").

use super::request::{Principal, TAG_SESSION};
use super::{Condition, DEFAULT_MAX_SESSION, Grant, Provider, Trust};
use crate::arn::RoleArn;
use crate::error::{Code, Error, Result};

const SERVICE: &str = "pods.eks.amazonaws.com";

/// A Kubernetes service account; each part may be a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceAccount {
    pub namespace: String,
    pub name: String,
}

impl ServiceAccount {
    /// Parses `NAMESPACE/NAME`. Errors: [`Code::BadFlag`].
    pub fn parse(text: &str) -> Result<ServiceAccount> {
        let is_name = |part: &str| {
            let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.' | '*' | '?');
            !part.is_empty() && part.chars().all(is_part)
        };
        match text.split_once('/') {
            Some((namespace, name)) if is_name(namespace) && is_name(name) => {
                Ok(ServiceAccount { namespace: namespace.to_owned(), name: name.to_owned() })
            }
            _ => Err(Error::new(Code::BadFlag, format!("{text:?} is not a service account"))
                .hint("write NAMESPACE/NAME, such as airflow/airflow-worker or 'airflow/airflow-*'")),
        }
    }

    /// Returns the `sub` of its tokens.
    pub fn subject(&self) -> String {
        format!("system:serviceaccount:{}:{}", self.namespace, self.name)
    }
}

/// Returns what has to exist for pods of these accounts. `duration` is that of the profile, in seconds.
pub fn trust(accounts: &[ServiceAccount], role: &RoleArn, duration: Option<u64>) -> Trust {
    let mut namespaces: Vec<String> = accounts.iter().map(|account| account.namespace.clone()).collect();
    namespaces.dedup();
    let names = accounts.iter().map(|account| account.name.clone());
    let mut notes = vec![
        "associate each service account with the role: aws eks create-pod-identity-association --cluster-name NAME \
         --namespace NAMESPACE --service-account NAME --role-arn ROLE"
            .to_owned(),
        "in the pod fedcred needs no web identity: assume_role.credential_source = \"container\" assumes a further role"
            .to_owned(),
    ];
    let mut conditions = Vec::new();
    if accounts.is_empty() {
        notes.push(
            "without --service-account every pod of every cluster in the account can be given this role".to_owned(),
        );
    } else {
        conditions.push(Condition::string("aws:RequestTag/kubernetes-namespace", namespaces.clone()));
        conditions.push(Condition::string("aws:RequestTag/kubernetes-service-account", names));
    }
    if namespaces.len() > 1 {
        notes.push("each of the names is allowed in each of the namespaces".to_owned());
    }
    Trust {
        role: role.clone(),
        provider: Provider::None,
        principal: Principal::Service(SERVICE),
        // The agent tags each session with cluster, namespace and service account.
        grants: ["sts:AssumeRole", TAG_SESSION].map(|action| Grant { action, conditions: conditions.clone() }).into(),
        max_session_duration: duration.unwrap_or(0).clamp(DEFAULT_MAX_SESSION, 43200),
        notes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pods_are_known_by_namespace_and_service_account() {
        let role = RoleArn::parse("arn:aws:iam::112233334444:role/Airflow").unwrap();
        let accounts = ["airflow/worker", "airflow/sched*"].map(|text| ServiceAccount::parse(text).unwrap());
        assert_eq!(
            trust(&accounts, &role, None).policy()["Statement"][0],
            json!({
                "Effect": "Allow",
                "Principal": { "Service": "pods.eks.amazonaws.com" },
                "Action": ["sts:AssumeRole", "sts:TagSession"],
                "Condition": {
                    "StringEquals": { "aws:RequestTag/kubernetes-namespace": "airflow" },
                    "StringLike": { "aws:RequestTag/kubernetes-service-account": ["worker", "sched*"] },
                },
            })
        );
    }

    #[test]
    fn a_service_account_is_a_namespace_and_a_name() {
        assert_eq!(ServiceAccount::parse("a/b-*").unwrap().subject(), "system:serviceaccount:a:b-*");
        for text in ["", "a", "a/", "/b", "A/b", "a/b/c", "a b/c"] {
            assert_eq!(ServiceAccount::parse(text).unwrap_err().code, Code::BadFlag, "{text}");
        }
    }
}
