//! The recorded cases of Airflow that call STS, run: the call on the wire is the one that Airflow made, or why it is not is
//! in `tests/data/airflow/differences.json`.
//!
//! The IdP here asks for no ticket, and the STS is one server for all; which endpoint is asked, the plans say. Assertions and
//! tokens are well-formed ones in place of the recorded, which are none.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::harness::run::Run;
use crate::support::assertion::Assertion;
use crate::support::idp::Site;
use crate::support::reply::Reply;
use crate::support::server::{Request, Server};
use crate::support::token::token;
use crate::world::World;

const CASES: &str = include_str!("../../data/airflow/cases.json");
const DIFFERENCES: &str = include_str!("../../data/airflow/differences.json");
const PROVIDER_8: &str = "airflow2.10.5+amazon8.29.0";
/// The assertion of the recorded pages.
const RECORDED: &str = "PHNhbWxwOlJlc3BvbnNlPkZBS0U8L3NhbWxwOlJlc3BvbnNlPg==";

/// What cannot happen without a KDC: the IdP has to prove itself. The end-to-end tests have one.
const OF_KERBEROS: [&str; 2] = ["saml-doc", "saml-mutual-required"];

#[test]
#[cfg_attr(windows, ignore = "Airflow runs on Unix alone, and these cases have its paths")]
fn the_call_that_goes_out_is_airflows_or_the_difference_is_listed() {
    let all: Value = serde_json::from_str(CASES).unwrap();
    let listed: BTreeMap<String, Value> = serde_json::from_str(DIFFERENCES).unwrap();
    let (mut run, mut wrong) = (0, Vec::new());
    for case in all["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let difference = listed.get(name);
        let recorded = match difference.map(|listed| listed["ours"].as_str().unwrap()) {
            Some("as provider 8") => &case["expected_legacy"][PROVIDER_8],
            _ => &case["expected"],
        };
        if recorded["sts_action"].is_null() || OF_KERBEROS.contains(&name) {
            continue;
        }
        let (world, ended) = ran(case, &all["idp_documents"]);
        let calls = world.sts.calls();
        let is_airflows = calls.last().is_some_and(|call| {
            let is_signed = world.sts.server().journal().last().unwrap().header("authorization").is_some();
            told(call) == expected(recorded) && is_signed == (call["Action"] == "AssumeRole")
        });
        // What is listed for the run is the code with which it ends before STS is asked.
        let is_right = match difference.and_then(|listed| listed["run"].as_str()) {
            None => is_airflows,
            Some(code) => calls.is_empty() && ended.stderr.starts_with(&format!("error[{code}]: ")),
        };
        if !is_right {
            wrong.push(format!("{name}: {:?}, not {:?}\n{}", calls.last().map(told), expected(recorded), ended.stderr));
        }
        run += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(run > 50, "{run}");
}

/// The case in a world of its own.
fn ran(case: &Value, pages: &Value) -> (World, Run) {
    let (idp, backend) = (idp(case, pages.clone()), backend(case));
    let world = World::beside(idp);
    let listed = [("idp_origins", world.idp.origin()), ("sts_endpoints", world.sts.server().origin())];
    let listed = listed.map(|(key, origin)| format!("{key} = [{origin:?}]\n")).concat();
    let world = world.also(&format!("[airflow]\n{listed}"));
    world.given("nothing", "");
    let home = world.path("given").to_str().unwrap().to_owned();
    let sts = world.sts.server().origin().to_owned();
    let idp = format!("{}/{}", world.idp.origin(), case["name"].as_str().unwrap());
    let meta = world.idp.origin().trim_start_matches("http://").to_owned();
    let filled = |text: &str| {
        let places = [("${HOME}", home.as_str()), ("${LAB}", &home), ("${IDP}", &idp), ("${META}", &meta)];
        let text = places.iter().fold(text.to_owned(), |text, (place, value)| text.replace(place, value));
        text.replace("http://localhost:4567", &sts)
    };
    let mut env = BTreeMap::from([
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER".to_owned(), backend.origin().to_owned()),
        ("AWS_ENDPOINT_URL_SSM".to_owned(), backend.origin().to_owned()),
        ("KRB5CCNAME".to_owned(), format!("{home}/no-tickets")),
        ("AWS_CONFIG_FILE".to_owned(), format!("{home}/.aws/config")),
        ("AWS_SHARED_CREDENTIALS_FILE".to_owned(), format!("{home}/.aws/credentials")),
    ]);
    for (name, value) in case["env"].as_object().into_iter().flatten() {
        env.insert(name.clone(), filled(value.as_str().unwrap()));
    }
    env.insert("AWS_ENDPOINT_URL_STS".to_owned(), sts.clone());
    if let (Some(variable), Some(value)) = (case["env_var"].as_str(), case["conn"]["value"].as_str()) {
        env.insert(variable.to_owned(), filled(value));
    }
    for (name, content) in case["files"].as_object().into_iter().flatten() {
        let content = if name == "tok" { token() } else { filled(content.as_str().unwrap()) };
        std::fs::create_dir_all(world.path(&format!("given/{name}")).parent().unwrap()).unwrap();
        world.given(name, &content);
    }
    let id = case["hook_conn_id"].as_str().unwrap_or_else(|| case["conn_id"].as_str().unwrap());
    let mut command = world.command(env!("CARGO_BIN_EXE_fedcred"));
    let ended = Run::of(command.args(["get", "--no-cache", "--airflow-conn", id]).envs(env));
    world.record(&ended);
    (world, ended)
}

/// Answers each path of `${IDP}` as its name says, without asking for a ticket; and Google's metadata server.
fn idp(case: &Value, pages: Value) -> Server {
    let extra = case["conn"]["value"].as_str().unwrap_or_default().to_owned();
    let arn = |key: &str| {
        let after = extra.split_once(&format!("\"{key}\": \"")).map_or("", |(_, after)| after);
        after.split('"').next().unwrap_or_default().to_owned()
    };
    let offer = format!("{},{}", arn("role_arn"), arn("principal_arn"));
    let assertion = Assertion::offering(&[&offer]).base64();
    Server::start(None, move |request: &Request| {
        if request.path().contains("/computeMetadata/") && request.path().ends_with("/identity") {
            return Reply::new(200, "text/plain", token()).with("Metadata-Flavor", "Google");
        }
        let mut steps = request.path().rsplit('/');
        let (document, kind) = (steps.next().unwrap_or_default(), steps.next().unwrap_or_default());
        match (kind, pages[document].as_str()) {
            ("redirect", Some(_)) => Reply::redirect(302, request.path().replace("/redirect/", "/neg/")),
            (_, Some(page)) => {
                // The wrapped one has it over two lines.
                let wrapped = ["PHNhbWxw&#xD;&#xA;OlJlc3BvbnNl\n", "PHNhbWxw"].iter().any(|cut| page.contains(cut));
                let page = page.replace(RECORDED, &assertion);
                let page = if wrapped && !page.contains(&assertion) { rewrapped(&page, &assertion) } else { page };
                Reply::html(page)
            }
            (_, None) => Reply::status(404).with("Metadata-Flavor", "Google"),
        }
    })
    .unwrap()
}

/// The value of the page's one input that holds an assertion, replaced.
fn rewrapped(page: &str, assertion: &str) -> String {
    let start = page.find("PHNhbWxw").unwrap();
    let end = start + page[start..].find('"').unwrap();
    let (first, second) = assertion.split_at(64);
    format!("{}{first}&#xD;&#xA;{second}{}", &page[..start], &page[end..])
}

/// Secrets Manager and the Parameter Store, as the case fills them.
fn backend(case: &Value) -> Server {
    let (secrets, parameters) = (case["secrets"].clone(), case["ssm"].clone());
    let absent = |kind: &str| Reply::new(400, "application/x-amz-json-1.1", json!({"__type": kind}).to_string());
    let respond = move |request: &Request| {
        let asked: Value = serde_json::from_slice(&request.body).unwrap();
        let given = |answer: Value| Reply::new(200, "application/x-amz-json-1.1", answer.to_string());
        match request.header("x-amz-target").unwrap().starts_with("secretsmanager") {
            true => match secrets[asked["SecretId"].as_str().unwrap()].as_str() {
                Some(text) => given(json!({"Name": "x", "SecretString": text})),
                None => absent("ResourceNotFoundException"),
            },
            false => match parameters[asked["Name"].as_str().unwrap()].as_str() {
                Some(text) => given(json!({"Parameter": {"Name": "x", "Value": text}})),
                None => absent("ParameterNotFound"),
            },
        }
    };
    Site::new().post("/", respond).start().unwrap()
}

/// The call without its proof and its time.
fn told(call: &BTreeMap<String, String>) -> (String, BTreeMap<String, String>) {
    let mut params = call.clone();
    let action = params.remove("Action").unwrap();
    params.retain(|name, _| !["Version", "SAMLAssertion", "WebIdentityToken"].contains(&name.as_str()));
    if let Some(name) = params.get_mut("RoleSessionName").filter(|name| name.starts_with("botocore-session-")) {
        *name = "botocore-session-${UNIX}".to_owned();
    }
    (action, params)
}

fn expected(recorded: &Value) -> (String, BTreeMap<String, String>) {
    let mut params: BTreeMap<String, String> = serde_json::from_value(recorded["sts_params"].clone()).unwrap();
    params.retain(|name, _| !["SAMLAssertion", "WebIdentityToken"].contains(&name.as_str()));
    (recorded["sts_action"].as_str().unwrap().to_owned(), params)
}
