//! Every recorded case of Airflow's, as a table: what Airflow did is what the plan says, or the difference is listed.
//!
//! `tests/data/airflow/cases.json` was recorded from real Airflow (its `reading` tells how); `differences.json` beside it names
//! each case in which fedcred does something else, and why.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use self::recorded::{Listed, cases, fetched, filled, located, outcome, planned, recorded, same, text, with_login};
use super::compat::Compat;
use super::{export, json as json_form, show, toml, uri};
use crate::config::profile::{self, Auth, Identity, MutualAuthentication, Parser, Retry};
use crate::config::{Config, add};
use crate::error::{Code, Kind};
use crate::process::env::Env;
use crate::secret::Secret;

mod recorded;

const DIFFERENCES: &str = include_str!("../../../tests/data/airflow/differences.json");
const PROVIDER_8: &str = "airflow2.10.5+amazon8.29.0";

#[test]
#[cfg_attr(windows, ignore = "its paths are Unix's")]
fn a_plan_is_what_airflow_did_or_the_difference_is_listed() {
    let listed: BTreeMap<String, Listed> = serde_json::from_str(DIFFERENCES).unwrap();
    let mut names = Vec::new();
    for case in cases() {
        let name = text(&case["name"]);
        let ours = outcome(&case, Compat::Documented);
        let ours_9 = outcome(&case, Compat::Nine);
        let airflow_9 = recorded(&case["expected"]);
        let airflow_8 = recorded(&case["expected_legacy"][PROVIDER_8]);
        let verdict = match (&ours, listed.get(name).map(|l| l.ours.as_str()).filter(|ours| *ours != "run")) {
            (Ok(_), Some("as provider 8")) => {
                same(&ours, &airflow_8) && !same(&ours, &airflow_9) && same(&ours_9, &airflow_9)
            }
            (Ok(_), Some("plan")) => !same(&ours, &airflow_9),
            (Err(error), Some("error")) => error.kind() == Kind::Configuration && airflow_9.is_ok(),
            (Err(error), None) => {
                error.kind() == Kind::Configuration && airflow_9.is_err() && same(&ours_9, &airflow_9)
            }
            (Ok(_), None) => same(&ours, &airflow_9) && same(&ours_9, &airflow_9),
            (_, Some(_)) => false,
        };
        assert!(verdict, "{name}\n   ours {ours:?}\n  at 9 {ours_9:?}\n    is {airflow_9:?}\n   was {airflow_8:?}");
        names.push(name.to_owned());
    }
    for (name, listed) in &listed {
        assert!(names.contains(name), "{name} is listed, and there is no such case");
        assert!(!listed.why.is_empty());
    }
}

#[test]
fn a_broken_connection_never_becomes_other_credentials() {
    for case in cases().iter().filter(|case| case["expected"]["class"] == "silent_fallback") {
        let error = outcome(case, Compat::Documented).unwrap_err();
        assert_eq!(error.code, Code::AirflowConnection, "{}", case["name"]);
        assert!(!error.causes.is_empty() && error.hint.is_some(), "{error:?}");
    }
}

#[test]
fn no_error_and_no_explanation_shows_a_secret() {
    let secrets = ["wJalrXUtnFEMI", "bPxRfiCYEXAMPLEKEY", "K7MDENG", "secretwithoutslash", "se@cret", "my_password"];
    for case in cases() {
        let home = tempfile::tempdir().unwrap();
        let shown = match located(&case, home.path()) {
            Err(error) => format!("{error:?}"),
            Ok((found, env)) => match planned(&found.connection, &case, Compat::Documented, &env) {
                Err(error) => format!("{error:?}"),
                Ok(plan) => {
                    let now = "2026-11-21T10:00:00Z".parse().unwrap();
                    let json = show::to_json(&found.connection, &found.found_in, &found.also_in, &plan, now);
                    format!("{plan:?}{json}{}", show::to_lines(&json).join("\n"))
                }
            },
        };
        for secret in secrets {
            assert!(!shown.contains(secret), "{}: {shown}", case["name"]);
        }
    }
}

/// Plans that are as Airflow's, and of which STS or this version would have nothing.
const NOT_FETCHED: [&str; 5] =
    ["account-id-int", "assume-config-unsigned", "assume-role-rsn-invalid", "role-arn-malformed-long", "webid-kwargs"];

#[test]
#[cfg_attr(windows, ignore = "its paths are Unix's")]
fn a_plan_becomes_a_profile_that_can_be_fetched() {
    let mut not_fetched = Vec::new();
    for case in cases() {
        let home = tempfile::tempdir().unwrap();
        let Ok((found, env)) = located(&case, home.path()) else { continue };
        let Ok(plan) = planned(&found.connection, &case, Compat::Documented, &env) else { continue };
        let (has_call, endpoint) = (plan.last_call().is_some(), plan.endpoint.as_str().to_owned());
        match fetched(plan, &env) {
            Ok(profile) if !matches!(profile.identity, Identity::Base(_)) => {
                let region = profile.sts.region.unwrap();
                let of_region = super::endpoint::sts(Some(&region), Default::default());
                let url = profile.sts.endpoint_url.map_or(of_region, |url| url.to_string());
                assert_eq!(url.trim_end_matches('/'), endpoint);
                assert!(has_call);
            }
            Ok(profile) => {
                assert!(!has_call || matches!(profile.identity, Identity::Base(profile::Base::AwsProfile(_))))
            }
            Err(_) => not_fetched.push(text(&case["name"]).to_owned()),
        }
    }
    not_fetched.sort();
    assert_eq!(not_fetched, NOT_FETCHED);
}

#[test]
fn a_profile_written_as_a_connection_reads_as_the_same_profile() {
    let mut written = 0;
    for case in cases() {
        let home = tempfile::tempdir().unwrap();
        let Some((profile, env)) = with_login(&case, home.path()) else { continue };
        let Ok(connection) = export::connection(&profile, "etl") else { continue };
        let texts = [uri::write(&connection), json_form::write(&connection)];
        let again = [uri::parse("etl", texts[0].expose()), json_form::parse("etl", texts[1].expose())];
        for connection in again {
            let plan = planned(&connection.unwrap(), &case, Compat::Nine, &env).unwrap();
            let again = fetched(plan, &env).unwrap();
            assert_eq!(format!("{again:?}"), format!("{profile:?}"), "{}", case["name"]);
            written += 1;
        }
    }
    assert!(written > 40, "{written}");
}

#[test]
fn an_imported_profile_is_the_connections() {
    let mut imported = 0;
    for case in cases() {
        let home = tempfile::tempdir().unwrap();
        let Some((profile, _)) = with_login(&case, home.path()) else { continue };
        let Ok(lines) = toml::profile(&profile, "etl", &toml::LeftOpen::default()) else { continue };
        let env = Env::fixed([("HOME", home.path())]);
        add::profile(&env, None, "etl", &lines).unwrap_or_else(|error| panic!("{}: {error:?}\n{lines}", case["name"]));
        let again = Config::load(&env, None).unwrap().profile("etl").unwrap().into_profile().unwrap();
        assert_eq!(again.role_arn, profile.role_arn);
        let debug = |identity| format!("{identity:?}");
        assert_eq!(debug(&again.identity), debug(&profile.identity), "{}", case["name"]);
        assert!(add::profile(&env, None, "etl", &lines).is_err(), "it is there already");
        imported += 1;
    }
    assert!(imported > 20, "{imported}");
}

#[test]
fn the_documented_saml_example_becomes_this_profile() {
    let case = cases().into_iter().find(|case| case["name"] == "saml-doc").unwrap();
    let home = tempfile::tempdir().unwrap();
    let (found, env) = located(&case, home.path()).unwrap();
    let plan = planned(&found.connection, &case, Compat::Documented, &env).unwrap();
    let profile = fetched(plan, &env).unwrap();
    let Identity::Saml(saml) = &profile.identity else { panic!("SAML") };
    assert_eq!(profile.role_arn.as_ref().unwrap().as_str(), "arn:aws:iam::112223334444:role/my_role");
    assert_eq!(saml.idp_url.as_str(), "http://localhost:8080/case/neg/upper");
    assert_eq!((saml.xpath.as_str(), saml.parser), ("////INPUT[@NAME='SAMLResponse']/@VALUE", Parser::XmlThenHtml));
    let Auth::Spnego(spnego) = &saml.auth else { panic!("SPNEGO") };
    assert_eq!(spnego.mutual_authentication, MutualAuthentication::Required, "since verify is false");
    let http = &saml.http;
    assert_eq!(
        http.headers,
        [("Accept".to_owned(), "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8".to_owned())]
    );
    assert_eq!((http.verify, http.follow_redirects, http.cookies.len()), (false, true, 0));
    let expected = Retry {
        total: 10,
        connect: None,
        read: None,
        status: Some(10),
        backoff_factor: 1.0,
        backoff_max: std::time::Duration::from_secs(120),
        status_forcelist: vec![400, 429, 500, 502, 503, 504],
        respect_retry_after: true,
    };
    assert_eq!(saml.retry, expected);
}

#[test]
fn a_connection_has_the_fields_that_airflow_reads() {
    for case in cases() {
        let expected = &case["expected"]["parse"]["airflow.sdk"];
        let home = tempfile::tempdir().unwrap();
        let (true, Ok((found, _))) = (expected.is_object(), located(&case, home.path())) else { continue };
        if expected.get("error").is_some() || case.get("secrets").is_some() {
            continue;
        }
        let c = found.connection;
        let ours = json!({
            "conn_type": c.conn_type, "host": c.host, "login": c.login, "password": c.password.as_ref().map(Secret::expose),
            "schema": c.schema, "port": c.port, "extra": c.extra.fields(),
        });
        let text = expected.to_string().replace("${HOME}", home.path().to_str().unwrap());
        let expected: Value = serde_json::from_str(&filled(&text, home.path())).unwrap();
        assert_eq!(ours, expected, "{}", case["name"]);
    }
}
