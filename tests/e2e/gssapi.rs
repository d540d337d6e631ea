//! SPNEGO against a real KDC and a real acceptor: what proves the service, what does not, and what each failure is called.
//!
//! The library reads its settings from the process's environment, so each exchange runs in a process of its own: this
//! same test binary, told by variables what to do (`exchange`).

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use fedcred::gssapi::{CredentialSource, Negotiation, Request};
use fedcred::identity::saml::ccache::{self, Owner};
use fedcred::process::env::Env;
use fedcred::time::Deadline;

use crate::support::lab::lab;

const BINDING: &[u8] = b"tls-server-end-point:0123456789abcdef0123456789abcdef";

/// One exchange, to be run in a process of its own.
struct Exchange {
    variables: Vec<(&'static str, String)>,
}

impl Exchange {
    fn with(host: &str) -> Self {
        Exchange { variables: vec![("EXCHANGE_HOST", host.into()), ("KRB5CCNAME", "FILE:/nonexistent".into())] }
    }

    fn set(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.push((name, value.into()));
        self
    }

    fn keytab(self, keytab: &str, principal: &str) -> Self {
        let path = kdc_file(keytab);
        self.set("EXCHANGE_KEYTAB", path).set("EXCHANGE_PRINCIPAL", principal)
    }

    /// `complete mutual` of each step, or the code of the error that ended it.
    fn run(&self) -> String {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["gssapi::exchange", "--exact", "--ignored", "--nocapture"])
            .env("LAB_KDC_DIR", lab().variable("LAB_KDC_DIR"))
            .env("KRB5_CONFIG", lab().variable("KRB5_CONFIG"))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .output()
            .unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout);
        let results: Vec<&str> = stdout.lines().filter_map(|line| line.split("exchange: ").nth(1)).collect();
        assert!(!results.is_empty(), "{stdout}{}", String::from_utf8_lossy(&output.stderr));
        results.join(", ")
    }
}

#[test]
#[ignore = "run by the tests of this file, in a process of its own"]
#[allow(clippy::disallowed_macros, reason = "its result goes to the test that started it")]
fn exchange() {
    let env = Env::process();
    let host = env.text("EXCHANGE_HOST").expect("run by the tests of this file");
    let credential = match (env.path("EXCHANGE_KEYTAB"), env.text("EXCHANGE_PRINCIPAL")) {
        (Some(path), Some(principal)) => CredentialSource::Keytab { path, principal },
        (_, Some(principal)) => CredentialSource::Principal(principal),
        (_, None) => CredentialSource::Default,
    };
    let seconds = env.text("EXCHANGE_DEADLINE").map_or(20, |text| text.parse().unwrap());
    let deadline = Deadline::after(Duration::from_secs(seconds));
    let channel_binding = match env.text("EXCHANGE_BOUND").as_deref() {
        None => None,
        Some("elsewhere") => Some(b"tls-server-end-point:of another certificate".to_vec()),
        Some(_) => Some(BINDING.to_vec()),
    };
    let request = Request { host, credential, channel_binding };
    let told = |error: fedcred::error::Error| println!("exchange: {} {error:?}", error.code.as_str());

    let mut negotiation = match Negotiation::start(request.clone()) {
        Ok(negotiation) => negotiation,
        Err(error) => return told(error),
    };
    let first = match negotiation.step(None, &deadline) {
        Ok(step) => step,
        Err(error) => return told(error),
    };
    println!("exchange: {} {}", first.complete, first.mutual);
    let token = first.token.unwrap();
    let answer = match env.text("EXCHANGE_ANSWER").as_deref() {
        Some("none") => return,
        Some("garbage") => vec![0; 100],
        Some("empty") => Vec::new(),
        // NegTokenResp with negState accept-completed and nothing that proves it.
        Some("accepted") => b"\xa1\x07\x30\x05\xa0\x03\x0a\x01\x00".to_vec(),
        Some("echo") => token.expose().to_vec(),
        Some("foreign") => {
            let mut other = Negotiation::start(request).unwrap();
            let others = other.step(None, &deadline).unwrap().token.unwrap();
            accept(&env, others.expose()).1
        }
        _ => {
            let (words, answer) = accept(&env, token.expose());
            println!("exchange: service {words}");
            answer
        }
    };
    match negotiation.step(Some(&answer), &deadline) {
        Ok(step) => println!("exchange: {} {}", step.complete, step.mutual),
        Err(error) => told(error),
    }
}

/// What the service says to a token: `complete bound`, and its answer.
fn accept(env: &Env, token: &[u8]) -> (String, Vec<u8>) {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/accept.py");
    let keytab = env.text("EXCHANGE_SERVICE_KEYTAB").unwrap_or_else(|| kdc_file("http.keytab"));
    let mut child = Command::new("/usr/bin/python3")
        .arg(script)
        .arg(keytab)
        .args(env.text("EXCHANGE_WANTS_BOUND").map(|_| BINDING.iter().map(|b| format!("{b:02x}")).collect::<String>()))
        .env("KRB5RCACHENAME", "none:")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(BASE64_STANDARD.encode(token).as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (words, answer) = text.trim_end_matches('\n').rsplit_once(' ').unwrap();
    (words.into(), BASE64_STANDARD.decode(answer).unwrap())
}

/// The process of an exchange is told where the lab is; the tests start it.
fn kdc_file(name: &str) -> String {
    let told = Env::process().text("LAB_KDC_DIR");
    let directory = told.unwrap_or_else(|| lab().variable("LAB_KDC_DIR").to_owned());
    format!("{directory}/{name}")
}

/// `kinit` into a cache of the test's own; prints nothing that a test would have to hide.
fn kinit(cache: &str, arguments: &[&str]) {
    let output = Command::new("kinit")
        .env("KRB5_CONFIG", lab().variable("KRB5_CONFIG"))
        .args(["-c", cache])
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_right_answer_proves_the_service_with_a_keytab_and_with_a_ticket() {
    let home = tempfile::tempdir().unwrap();
    let cache = format!("FILE:{}/cc", home.path().display());
    let expected = "false false, service True False, true true";
    let by_keytab = || Exchange::with("localhost").keytab("alice.keytab", "alice");
    assert_eq!(by_keytab().set("KRB5CCNAME", &cache).run(), expected);
    assert!(!home.path().join("cc").exists(), "the user's own cache was touched");

    kinit(&cache, &["-kt", &kdc_file("alice.keytab"), "alice"]);
    let before = std::fs::read(home.path().join("cc")).unwrap();
    assert_eq!(by_keytab().set("KRB5CCNAME", &cache).run(), expected);
    assert_eq!(std::fs::read(home.path().join("cc")).unwrap(), before, "the user's own cache was touched");

    assert_eq!(Exchange::with("localhost").set("KRB5CCNAME", &cache).run(), expected);
    let named =
        |principal: &str| Exchange::with("localhost").set("KRB5CCNAME", &cache).set("EXCHANGE_PRINCIPAL", principal);
    assert_eq!(named("alice@EXAMPLE.TEST").run(), expected);
    assert!(named("bob").run().starts_with("no-kerberos-ticket"), "{}", named("bob").run());
    let owner = ccache::default_cache_owner(&Env::fixed([("KRB5CCNAME", cache.as_str())]));
    assert_eq!(owner, Owner::Known("alice@EXAMPLE.TEST".into()));
}

#[test]
fn no_other_answer_proves_the_service() {
    for answer in ["garbage", "empty", "accepted", "echo", "foreign"] {
        let result = Exchange::with("localhost").keytab("alice.keytab", "alice").set("EXCHANGE_ANSWER", answer).run();
        assert!(result.contains(", mutual-auth-failed") && !result.contains("true"), "{answer}: {result}");
    }
}

#[test]
fn a_service_whose_key_was_rotated_is_told_apart() {
    let stale = kdc_file("http-stale.keytab");
    let result =
        Exchange::with("localhost").keytab("alice.keytab", "alice").set("EXCHANGE_SERVICE_KEYTAB", stale).run();
    assert!(result.contains(", kerberos-rejected"), "{result}");
    assert!(result.contains("the service's key was changed"), "{result}");
}

#[test]
fn a_bound_token_convinces_a_service_that_requires_it() {
    let wants = || Exchange::with("localhost").keytab("alice.keytab", "alice").set("EXCHANGE_WANTS_BOUND", "yes");
    assert_eq!(wants().set("EXCHANGE_BOUND", "yes").run(), "false false, service True True, true true");
    assert_eq!(wants().run(), "false false, service True False, true true");
    let elsewhere = wants().set("EXCHANGE_BOUND", "elsewhere").run();
    assert!(elsewhere.contains("service False False, kerberos-rejected"), "{elsewhere}");
}

#[test]
fn a_refusal_of_the_kdc_names_what_it_refuses() {
    let keytab = |keytab, principal| Exchange::with("localhost").keytab(keytab, principal);
    let home = tempfile::tempdir().unwrap();
    let no_keytab = home.path().join("no.keytab");
    std::fs::write(&no_keytab, "[libdefaults]\n").unwrap();
    std::fs::set_permissions(&no_keytab, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let table = [
        (keytab("locked.keytab", "locked"), "kdc-refused", "locked or disabled"),
        (keytab("alice-outdated.keytab", "alice"), "keytab-refused", "does not accept the key of alice"),
        (keytab("alice.keytab", "bob"), "keytab-unusable", "cannot be used for bob"),
        (keytab("no-such.keytab", "alice"), "keytab-unusable", "cannot read"),
        (keytab("", "alice").set("EXCHANGE_KEYTAB", no_keytab.to_str().unwrap()), "keytab-unusable", "cannot be used"),
        (keytab("krb5.conf", "alice"), "insecure-permissions", "open to other users"),
        (Exchange::with("127.0.0.1").keytab("alice.keytab", "alice"), "kdc-refused", "not an IP address"),
        (Exchange::with("alias.localhost").keytab("alice.keytab", "alice"), "kdc-refused", "HTTP/alias.localhost"),
    ];
    for (exchange, code, says) in table {
        let result = exchange.run();
        assert!(result.starts_with(code) && result.contains(says), "{result}");
    }
}

#[test]
fn a_wrong_key_is_tried_once() {
    let home = tempfile::tempdir().unwrap();
    let keytab = home.path().join("carol.keytab").display().to_string();
    let mut ktutil = Command::new("ktutil").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let commands = format!(
        "add_entry -password -p carol@EXAMPLE.TEST -k 1 -e aes256-cts-hmac-sha1-96\nnot hers\nwrite_kt {keytab}\n"
    );
    ktutil.stdin.take().unwrap().write_all(commands.as_bytes()).unwrap();
    assert!(ktutil.wait().unwrap().success());
    let failures = || {
        let log = std::fs::read_to_string(kdc_file("kdc-requests.log")).unwrap();
        log.lines().filter(|line| line.contains("PREAUTH_FAILED: carol@EXAMPLE.TEST")).count()
    };
    let before = failures();
    let exchange = Exchange::with("localhost").set("EXCHANGE_KEYTAB", keytab).set("EXCHANGE_PRINCIPAL", "carol");
    let result = exchange.run();
    assert!(result.starts_with("keytab-refused"), "{result}");
    assert_eq!(failures() - before, 1, "each counts towards locking the account");
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a ticket of one second has to run out")]
fn a_missing_and_an_expired_ticket_are_told_apart() {
    let result = Exchange::with("localhost").run();
    assert!(result.starts_with("no-kerberos-ticket"), "{result}");

    let home = tempfile::tempdir().unwrap();
    let cache = format!("FILE:{}/cc", home.path().display());
    kinit(&cache, &["-l", "1s", "-kt", &kdc_file("alice.keytab"), "alice"]);
    std::thread::sleep(Duration::from_secs(2));
    let result = Exchange::with("localhost").set("KRB5CCNAME", cache).run();
    assert!(result.starts_with("kerberos-ticket-expired"), "{result}");
}

#[test]
fn a_kdc_that_is_down_and_one_that_never_answers_are_unreachable() {
    let home = tempfile::tempdir().unwrap();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let conf = |kdc: &str| {
        let path = home.path().join(format!("{}.conf", kdc.replace(':', "-")));
        let text = format!(
            "[libdefaults]\ndefault_realm = EXAMPLE.TEST\ndns_lookup_kdc = false\nudp_preference_limit = 1\n\
             [realms]\nEXAMPLE.TEST = {{\n kdc = {kdc}\n}}\n[domain_realm]\nlocalhost = EXAMPLE.TEST\n"
        );
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let cache = format!("FILE:{}/cc", home.path().display());
    kinit(&cache, &["-kt", &kdc_file("alice.keytab"), "alice"]);
    for kdc in ["127.0.0.1:1".to_string(), format!("127.0.0.1:{port}")] {
        let base = || Exchange::with("localhost").set("KRB5_CONFIG", conf(&kdc)).set("EXCHANGE_DEADLINE", "2");
        for exchange in [base().keytab("alice.keytab", "alice"), base().set("KRB5CCNAME", &cache)] {
            let result = exchange.run();
            assert!(result.starts_with("kdc-unreachable"), "{kdc}: {result}");
        }
    }
}
