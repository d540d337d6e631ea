//! An Airflow connection that logs in by SAML: the request that it describes, its retries, and how the page is read.

use serde_json::{Value, json};

use super::connection::connected;
use crate::support::assertion::{DEV, PROVIDER};
use crate::support::idp::{Site, saml_page};
use crate::support::server::Server;

/// `[airflow]` of a configuration that lists the IdP.
fn listing(idp: &Server) -> String {
    format!("[airflow]\nidp_origins = [{:?}]", idp.origin())
}

/// The documented block, for this IdP.
fn saml(idp_url: &str, more: Value) -> Value {
    let mut block = json!({
        "principal_arn": PROVIDER, "idp_url": idp_url, "idp_auth_method": "http_spegno_auth",
        "saml_response_xpath": "////INPUT[@NAME='SAMLResponse']/@VALUE",
    });
    block.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"role_arn": DEV, "assume_role_method": "assume_role_with_saml", "assume_role_with_saml": block})
}

#[test]
fn a_page_for_browsers_is_read_as_one_where_the_strict_reading_finds_nothing() {
    // Lower case, and unclosed as HTML is: Airflow's reading stops at the first tag.
    let assertion = crate::support::assertion::Assertion::default();
    let page = saml_page("https://signin.aws.amazon.com/saml", &assertion.base64());
    let idp = Site::new().get("/sso", page).start().unwrap();
    let world = connected(saml(&idp.url("/sso"), json!({"log_idp_response": true}))).also(&listing(&idp));
    let run = world.run(&["-v", "get", "etl"]);
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains("the strict reading of the page found no SAML response"), "{}", run.stderr);
    assert!(run.stderr.contains("log_idp_response"), "{}", run.stderr);
    let call = world.sts.calls().remove(0);
    assert_eq!((call["RoleArn"].as_str(), call["PrincipalArn"].as_str()), (DEV, PROVIDER));
}

#[test]
fn the_request_to_the_idp_is_the_one_that_the_connection_describes() {
    let assertion = crate::support::assertion::Assertion::default();
    let page = saml_page("https://signin.aws.amazon.com/saml", &assertion.base64());
    let idp = Site::new().get("/sso", page).start().unwrap();
    let kwargs = json!({
        "headers": {"X-Team": "data", "User-Agent": "curl/8"}, "params": {"a": ["1", "2"]}, "cookies": {"c": "d"},
        "data": {"k": "v w"}, "timeout": [3, 9],
    });
    let world = connected(saml(&idp.url("/sso?x=y"), json!({"idp_request_kwargs": kwargs})));
    let line = format!("write into [airflow] of the configuration: idp_origins = [{:?}]", idp.origin());
    for command in [&["get", "etl"][..], &["exec", "etl", "--", "true"], &["console", "etl"], &["roles", "etl"]] {
        let run = world.run(command);
        assert!(run.stderr.contains("error[airflow-connection]") && run.stderr.contains(&line), "{command:?} {run:?}");
    }
    let shown = world.run(&["airflow", "show", "etl"]);
    assert!(shown.stdout.contains(&line), "{shown:?}");
    world.run(&["airflow", "import", "etl", "--as", "own"]).fails_as("airflow-connection").saying(&line);
    assert_eq!((idp.connections(), world.connections()), (0, 0), "nothing leaves before");
    let world = world.also(&listing(&idp));
    world.get_profile("etl", &[]).succeeds();
    let request = idp.journal().remove(0);
    assert_eq!(request.uri.to_string(), "/sso?x=y&a=1&a=2");
    for (name, value) in [
        ("x-team", "data"),
        ("user-agent", "curl/8"),
        ("cookie", "c=d"),
        ("content-type", "application/x-www-form-urlencoded"),
    ] {
        assert_eq!(request.header(name), Some(value), "{name}");
    }
    assert_eq!(&request.body[..], b"k=v+w");
}

#[test]
fn retries_are_urllib3s() {
    use crate::support::idp::{assertion_page, at_first};
    use crate::support::reply::Reply;
    let assertion = crate::support::assertion::Assertion::default;
    let idp = Site::new().get("/sso", at_first(2, Reply::status(503), assertion_page(assertion()))).start().unwrap();
    let retry = json!({"idp_request_retry_kwargs": {"total": 2, "backoff_factor": 0, "status_forcelist": [503]}});
    connected(saml(&idp.url("/sso"), retry)).also(&listing(&idp)).get_profile("etl", &[]).succeeds();
    assert_eq!(idp.lines().len(), 3);
    // Without them requests retries nothing.
    let idp = Site::new().get("/sso", at_first(1, Reply::status(503), assertion_page(assertion()))).start().unwrap();
    connected(saml(&idp.url("/sso"), json!({}))).also(&listing(&idp)).get_profile("etl", &[]).fails_as("http-5xx");
    assert_eq!(idp.lines().len(), 1);
}
