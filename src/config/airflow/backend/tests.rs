use super::*;
use serde_json::json;

fn remote(service: Service, kwargs: Value) -> Remote {
    Remote::new(service, kwargs.as_object().unwrap().clone()).unwrap()
}

#[test]
fn the_secrets_name_is_built_as_airflow_builds_it() {
    use Service::{ParameterStore, SecretsManager};
    let table = [
        (SecretsManager, json!({}), Some("airflow/connections/my")),
        (SecretsManager, json!({"connections_prefix": "a/b//"}), Some("a/b/my")),
        (SecretsManager, json!({"connections_prefix": "a-", "sep": "-"}), Some("a-my")),
        (SecretsManager, json!({"connections_prefix": ""}), Some("my")),
        (SecretsManager, json!({"connections_prefix": null}), None),
        (SecretsManager, json!({"connections_lookup_pattern": "^M"}), Some("airflow/connections/my")),
        (SecretsManager, json!({"connections_lookup_pattern": "y"}), None),
        (ParameterStore, json!({}), Some("/airflow/connections/my")),
        (ParameterStore, json!({"connections_prefix": "a/b/"}), Some("/a/b/my")),
        (ParameterStore, json!({"connections_prefix": ""}), Some("/my")),
    ];
    for (service, kwargs, expected) in table {
        assert_eq!(remote(service, kwargs.clone()).id("my").as_deref(), expected, "{kwargs}");
    }
}

#[test]
fn the_first_word_in_the_secret_counts() {
    let table = [
        (json!({}), json!({"user": "a", "login": "b", "pass": "s"}), (Some("a"), None, 0)),
        (json!({}), json!({"conn_id": "x", "conn_type": "aws"}), (None, Some("x"), 0)),
        (json!({}), json!({"login": "a", "team": "data"}), (Some("a"), None, 1)),
        (json!({"extra_conn_words": {"user": ["who"]}}), json!({"who": "a"}), (Some("a"), None, 0)),
    ];
    for (kwargs, secret, (login, conn_type, warnings)) in table {
        let backend = remote(Service::SecretsManager, kwargs);
        let (connection, warned) = backend.connection("my", &secret.to_string()).unwrap();
        assert_eq!(
            (connection.login.as_deref(), connection.conn_type.as_deref(), warned.len()),
            (login, conn_type, warnings),
            "{secret}"
        );
    }
}

#[test]
fn what_is_left_of_the_arguments_is_what_the_backend_is_asked_with() {
    let kwargs =
        json!({"connections_prefix": "x", "variables_prefix": "y", "region_name": "eu-west-1", "full_url_mode": false});
    let remote = remote(Service::SecretsManager, kwargs);
    assert_eq!(remote.connection.extra.fields(), json!({"region_name": "eu-west-1"}).as_object().unwrap());
}

#[test]
fn a_prefix_that_nobody_expanded_leads_to_no_secret() {
    let class = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend";
    for text in [
        "$PREFIX",
        "${PREFIX}",
        "airflow/$ENV",
        "airflow/{{ env }}",
        "%(prefix)s",
        "%PREFIX%",
        "a b",
        "<prefix>",
        "a\n",
    ] {
        for kwargs in [json!({"connections_prefix": text}), json!({"config_prefix": text})] {
            let broken = Backend::new(class, kwargs.as_object().unwrap().clone()).unwrap_err();
            assert!(broken.mended.contains("expand") || broken.why.contains("expand"), "{text}: {broken:?}");
        }
    }
    for kwargs in
        [json!({"region_name": "$REGION"}), json!({"profile_name": "{{ p }}"}), json!({"role_arn": "${ROLE}"})]
    {
        let broken = Backend::new(class, kwargs.as_object().unwrap().clone()).unwrap_err();
        assert!(broken.why.contains("was not expanded"), "{broken:?}");
    }
    let files = "airflow.secrets.local_filesystem.LocalFilesystemBackend";
    let kwargs = json!({"connections_file_path": "$AIRFLOW_HOME/c.json"});
    assert!(Backend::new(files, kwargs.as_object().unwrap().clone()).unwrap_err().why.contains("was not expanded"));
}

#[test]
fn an_unknown_backend_is_an_error_since_airflow_would_ask_it_first() {
    assert!(Backend::new("corp.Vault", Map::new()).unwrap_err().why.contains("corp.Vault"));
}

#[test]
fn an_argument_that_the_backend_does_not_know_is_no_reason_for_its_default() {
    let amazon = "airflow.providers.amazon.aws.secrets.";
    let secrets_manager = &format!("{amazon}secrets_manager.SecretsManagerBackend");
    let parameter_store = &format!("{amazon}systems_manager.SystemsManagerParameterStoreBackend");
    let files = "airflow.secrets.local_filesystem.LocalFilesystemBackend";
    let table = [
        (secrets_manager.as_str(), json!({"connection_prefix": "data"}), "did you mean \"connections_prefix\"?"),
        (secrets_manager, json!({"connections_prefx": "data"}), "did you mean \"connections_prefix\"?"),
        (secrets_manager, json!({"Connections_Prefix": "data"}), "did you mean \"connections_prefix\"?"),
        (secrets_manager, json!({"region": "eu-west-1"}), "did you mean \"region_name\"?"),
        (secrets_manager, json!({"profile": "x"}), "did you mean \"profile_name\"?"),
        (secrets_manager, json!({"vault_url": "x"}), "remove \"vault_url\""),
        (secrets_manager, json!({"connections_prefix": 5}), "write \"connections_prefix\": \"…\""),
        (secrets_manager, json!({"sep": false}), "write \"sep\": \"…\""),
        (parameter_store, json!({"sep": "-"}), "remove \"sep\""),
        (parameter_store, json!({"connections_lookup_patern": "x"}), "\"connections_lookup_pattern\""),
        (files, json!({"connection_file_path": "/x.json"}), "\"connections_file_path\""),
        (files, json!({"connections_file_path": ["/x.json"]}), "write \"connections_file_path\": \"…\""),
        ("airflow.secrets.environment_variables.EnvironmentVariablesBackend", json!({"x": 1}), "remove \"x\""),
    ];
    for (class, kwargs, mended) in table {
        let broken = Backend::new(class, kwargs.as_object().unwrap().clone()).unwrap_err();
        assert!(broken.mended.contains(mended), "{kwargs}: {broken:?}");
    }
}

#[test]
fn what_the_backend_would_drop_of_a_secret_and_decides_is_an_error() {
    let remote = remote(Service::SecretsManager, json!({}));
    for key in ["role_arn", "region_name", "roleArn", "profile_name", "aws_secret_access_key"] {
        let secret = json!({"conn_type": "aws", key: "x"}).to_string();
        assert!(remote.connection("my", &secret).unwrap_err().why.contains(key), "{key}");
    }
}
