//! Files and variables in, profiles and errors out: the configuration as a whole.

use std::path::PathBuf;
use std::time::Duration;

use super::cache::{KeyStore, Store};
use super::profile::*;
use super::*;

mod errors;
mod identities;
mod layers;
mod redis;
mod schema;
mod show;

/// A throw-away home with the user's and the machine's file.
struct Home {
    dir: tempfile::TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Home {
    fn with(user: &str) -> Home {
        let home = Home { dir: tempfile::tempdir().unwrap(), variables: Vec::new() };
        home.write(".config/fedcred/config.toml", user);
        home
    }

    fn machine(self, text: &str) -> Home {
        self.write("etc/config.toml", text);
        self
    }

    fn env(mut self, name: &'static str, value: &str) -> Home {
        self.variables.push((name, value.to_owned()));
        self
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn load(&self) -> Result<Config> {
        let (locations, env) = self.places();
        Config::read(locations, &env)
    }

    fn places(&self) -> (Locations, Env) {
        let mut variables = self.variables.clone();
        variables.push(("HOME", self.dir.path().to_str().unwrap().to_owned()));
        variables.push(("XDG_CONFIG_HOME", self.path(".config").to_str().unwrap().to_owned()));
        let env = Env::fixed(variables);
        let locations = Locations { machine: Some(self.path("etc/config.toml")), ..Locations::of(&env, None) };
        (locations, env)
    }

    fn profile(&self, name: &str) -> Result<Profile> {
        let whole = self.load().and_then(|config| config.profile(name));
        let (locations, env) = self.places();
        let alone = Config::read_profile_of(locations, &env, name).map(|(profile, _)| profile);
        // Every test of a profile is also one of reading no more than it needs.
        assert_eq!(format!("{alone:?}"), format!("{whole:?}"));
        whole.map(|profile| profile.into_profile().expect("no connection"))
    }
}

/// A profile `x` whose `saml` table holds these lines; the first is line 4.
fn saml(lines: &str) -> String {
    format!("[profile.x]\n[profile.x.saml]\nidp_url = \"https://idp.example.com/saml\"\n{lines}\n")
}

fn saml_of(profile: Profile) -> Saml {
    match profile.identity {
        Identity::Saml(saml) => *saml,
        other => panic!("{other:?}"),
    }
}

fn said(error: &Error) -> String {
    format!("{error}\n{}\n{}", error.causes.join("\n"), error.hint.clone().unwrap_or_default())
}

const WHOLE: &str = r#"
[profile.x]
role_arn = "arn:aws:iam::112233334444:role/Analyst"
region = "eu-west-1"
duration = "1h30m"
policy = '{"Version":"2012-10-17","Statement":[]}'
policy_arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
sts_endpoint_url = "http://127.0.0.1:4566"
use_fips_endpoint = true
use_dualstack_endpoint = true
deadline = 30
[profile.x.saml]
principal_arn = "arn:aws:iam::112233334444:saml-provider/corp"
idp_url = "https://idp.example.com/saml2/idp/SSOService.php?spentityid=urn:amazon:webservices"
authn_request = false
auth = "spnego"
mutual_authentication = "required"
xpath = "////INPUT[@NAME='SAMLResponse']/@VALUE"
parser = "xml"
principal = "alice@EXAMPLE.COM"
keytab = "alice.keytab"
headers = { Accept = "text/html" }
ca_bundle = "~/ca.pem"
client_cert = "/c.pem"
client_key = "/k.pem"
proxy = "http://proxy.example.com:3128"
timeout = "5s"
verify = true
idp_origins = ["https://adfs.example.com:8443"]
allow_http = false
user_agent = "Mozilla/5.0"
channel_bindings = "none"
[profile.x.saml.retry]
total = 2
backoff_factor = 1
backoff_max = "10s"
status_forcelist = [503]
respect_retry_after = false
"#;

#[test]
#[cfg_attr(windows, ignore = "its paths are Unix's")]
fn every_key_of_a_profile_arrives_in_its_place() {
    let home = Home::with(WHOLE);
    let profile = home.profile("x").unwrap();
    assert_eq!(&*profile.name, "x");
    assert_eq!(profile.role_arn.as_ref().unwrap().name, "Analyst");
    assert_eq!(profile.deadline, Duration::from_secs(30));
    assert_eq!(profile.session.duration, Some(Duration::from_secs(5400)));
    assert_eq!(profile.session.policy.as_deref(), Some(r#"{"Version":"2012-10-17","Statement":[]}"#));
    assert_eq!(profile.session.policy_arns, ["arn:aws:iam::aws:policy/ReadOnlyAccess"]);
    assert_eq!(profile.sts.region.as_deref(), Some("eu-west-1"));
    assert_eq!(profile.sts.endpoint_url.as_ref().unwrap().as_str(), "http://127.0.0.1:4566/");
    assert!(profile.sts.use_fips && profile.sts.use_dualstack);
    assert_eq!(profile.sts.ca_bundle, None);
    let saml = saml_of(profile);
    assert_eq!(saml.principal_arn.unwrap().name, "corp");
    assert_eq!(saml.idp_url.host_str(), Some("idp.example.com"));
    assert_eq!((saml.xpath.as_str(), saml.parser), ("////INPUT[@NAME='SAMLResponse']/@VALUE", Parser::Xml));
    let Auth::Spnego(spnego) = saml.auth else { panic!() };
    assert_eq!(spnego.principal.as_deref(), Some("alice@EXAMPLE.COM"));
    assert_eq!(spnego.keytab, Some(home.path(".config/fedcred/alice.keytab")));
    assert_eq!(spnego.mutual_authentication, MutualAuthentication::Required);
    assert_eq!(spnego.channel_bindings, ChannelBindings::None);
    assert_eq!(saml.http.ca_bundle, Some(home.path("ca.pem")));
    assert_eq!(saml.http.client_cert, Some(("/c.pem".into(), "/k.pem".into())));
    assert_eq!(saml.http.proxy.unwrap().host_str(), Some("proxy.example.com"));
    assert_eq!(saml.http.timeout, Duration::from_secs(5));
    assert!(saml.http.verify && !saml.http.allow_http);
    assert_eq!(saml.http.idp_origins[0].ascii_serialization(), "https://adfs.example.com:8443");
    assert_eq!(saml.http.headers, [("Accept".to_owned(), "text/html".to_owned())]);
    assert_eq!(saml.http.user_agent.as_deref(), Some("Mozilla/5.0"));
    let retry = Retry {
        connect: None,
        read: None,
        status: None,
        total: 2,
        backoff_factor: 1.0,
        backoff_max: Duration::from_secs(10),
        status_forcelist: vec![503],
        respect_retry_after: false,
    };
    assert_eq!(saml.retry, retry);
}

#[test]
fn what_is_not_written_has_its_built_in_value() {
    let profile = Home::with(&saml("")).profile("x").unwrap();
    assert_eq!(profile.deadline, DEFAULT_DEADLINE);
    assert!(profile.role_arn.is_none() && profile.sts.region.is_none() && profile.sts.endpoint_url.is_none());
    let saml = saml_of(profile);
    assert!(matches!(saml.auth, Auth::None));
    assert_eq!((saml.xpath.as_str(), saml.parser), (DEFAULT_XPATH, Parser::Html));
    assert_eq!((saml.http.timeout, saml.http.verify), (DEFAULT_TIMEOUT, true));
    assert_eq!(saml.retry, Retry::default());
}

#[test]
#[cfg_attr(windows, ignore = "its paths are Unix's")]
fn each_method_takes_its_own_keys() {
    let table = [
        (
            "auth = \"basic\"\nusername = \"a\"\npassword = { env = \"PW\" }",
            "Basic { username: \"a\", password: Env(\"PW\") }",
        ),
        ("auth = \"bearer\"\ntoken = { command = [\"cat\", \"/t\"] }", "Bearer { token: Command([\"cat\", \"/t\"]) }"),
        (
            "auth = \"form\"\nusername = \"a\"\npassword = { credential = \"idp\" }\nusername_field = \"u\"",
            "Form(FormLogin { username: \"a\", password: Credential(\"idp\"), username_field: Some(\"u\"), password_field: None, otp: None, otp_field: None, account_field: None, remember_field: None, choices: FormChoices { form: None, button: None, fields: [] } })",
        ),
        (
            "auth = \"form\"\nusername = \"a\"\npassword = { file = \"/pw\" }\npassword_field = \"p\"",
            "Form(FormLogin { username: \"a\", password: File(\"/pw\"), username_field: None, password_field: Some(\"p\"), otp: None, otp_field: None, account_field: None, remember_field: None, choices: FormChoices { form: None, button: None, fields: [] } })",
        ),
        (
            "auth = \"form\"\nusername = \"a\"\npassword = { file = \"/pw\" }\notp_secret = { file = \"/s\" }\notp_field = \"o\"",
            "Form(FormLogin { username: \"a\", password: File(\"/pw\"), username_field: None, password_field: None, \
             otp: Some(Secret(File(\"/s\"))), otp_field: Some(\"o\"), account_field: None, remember_field: None, choices: FormChoices { form: None, button: None, fields: [] } })",
        ),
        (
            "auth = \"browser\"\nbrowser = \"/opt/chrome\"\nusername = \"a\"",
            "Browser(BrowserLogin { program: Some(\"/opt/chrome\"), is_headless_allowed: false, username: Some(\"a\") })",
        ),
        (
            "auth = \"spnego\"",
            "Spnego(Spnego { principal: None, keytab: None, mutual_authentication: Optional, channel_bindings: Auto })",
        ),
        (
            "auth = \"spnego\"\nverify = false\nmutual_authentication = \"disabled\"",
            "Spnego(Spnego { principal: None, keytab: None, mutual_authentication: Required, channel_bindings: Auto })",
        ),
    ];
    for (lines, expected) in table {
        let auth = saml_of(Home::with(&saml(lines)).profile("x").unwrap()).auth;
        assert_eq!(format!("{auth:?}"), expected, "{lines}");
    }
}

#[test]
fn a_command_with_a_slash_does_not_depend_on_the_working_directory() {
    for (written, resolved) in [("pass", "pass"), ("bin/get", ".config/fedcred/bin/get"), ("~/bin/get", "bin/get")] {
        let home = Home::with(&saml(&format!("auth = \"bearer\"\ntoken = {{ command = [{written:?}, \"~/a\"] }}")));
        let Auth::Bearer { token: SecretSource::Command(argv) } = saml_of(home.profile("x").unwrap()).auth else {
            panic!()
        };
        let expected = if written == "pass" { PathBuf::from(resolved) } else { home.path(resolved) };
        assert_eq!((PathBuf::from(&argv[0]), argv[1].as_str()), (expected, "~/a"));
    }
}

#[test]
fn a_policy_may_be_a_file_beside_the_configuration() {
    let home = Home::with(&format!("profile.x.policy = \"read only.json\"\n{}", saml("").replace("[profile.x]\n", "")));
    home.write(".config/fedcred/read only.json", "{ \"Version\": \"2012-10-17\" }\n");
    assert_eq!(home.profile("x").unwrap().session.policy.unwrap(), "{ \"Version\": \"2012-10-17\" }\n");
    home.write(".config/fedcred/read only.json", "[1]");
    assert!(home.profile("x").unwrap_err().what.contains("is not a JSON object"));
}

#[test]
#[cfg_attr(windows, ignore = "its paths are Unix's")]
fn the_cache_has_a_place_without_being_told() {
    let home = Home::with("").env("XDG_CACHE_HOME", "/c");
    let cache = home.load().unwrap().cache().unwrap();
    assert_eq!(cache.dir, Some("/c/fedcred".into()));
    assert_eq!((cache.key, cache.store), (KeyStore::Auto, Store::File));
    assert_eq!(cache.key_file, Some(home.path(".config/fedcred/cache.key")));
}

#[test]
fn a_kept_secret_is_named_by_origin_and_user_whatever_the_profile() {
    let form = "auth = \"form\"\nusername = \"alice\"\npassword = { keyring = true }";
    let bearer = "auth = \"bearer\"\ntoken = { keyring = true }";
    for (lines, setting, name) in [
        (form, "saml.password", "https://idp.example.com alice"),
        (bearer, "saml.token", "https://idp.example.com  token"),
    ] {
        let auth = saml_of(Home::with(&saml(lines)).profile("x").unwrap()).auth;
        let Some((key, SecretSource::Keyring(account))) = auth.facts().secret else { panic!("{auth:?}") };
        assert_eq!((key, account.to_string().as_str()), (setting, name));
    }
}

#[test]
fn the_facts_of_a_method_are_those_of_the_method_that_is_written() {
    use crate::config::profile::ByHand;
    let password = "username = \"alice\"\npassword = { env = \"PW\" }";
    let code = format!("{password}\notp = {{ env = \"OTP\" }}");
    // Name, further lines, then: secret, ticket, what a person does, reads pages.
    let table = [
        ("none", "", None, false, ByHand::Nothing, true),
        ("basic", password, Some("saml.password"), false, ByHand::Nothing, true),
        ("bearer", "token = { env = \"T\" }", Some("saml.token"), false, ByHand::Nothing, true),
        ("form", password, Some("saml.password"), false, ByHand::Answer, true),
        ("form", &code, Some("saml.password"), false, ByHand::Nothing, true),
        ("spnego", "", None, true, ByHand::Nothing, true),
        ("okta", "client_id = \"c\"\napp_id = \"a\"", None, false, ByHand::Code, false),
        ("ecp", password, Some("saml.password"), false, ByHand::Nothing, false),
        ("ecp", "", None, true, ByHand::Nothing, false),
        ("browser", "", None, false, ByHand::Browser, false),
        ("command", "command = [\"corp-login\"]", None, false, ByHand::Nothing, false),
    ];
    for (name, lines, secret, has_ticket, by_hand, reads_pages) in table {
        let auth = saml_of(Home::with(&saml(&format!("auth = \"{name}\"\n{lines}"))).profile("x").unwrap()).auth;
        let facts = auth.facts();
        assert_eq!((facts.name, facts.secret.map(|(key, _)| key)), (name, secret), "{lines}");
        assert_eq!((facts.ticket.is_some(), facts.by_hand), (has_ticket, by_hand), "{name} {lines}");
        assert_eq!((facts.reads_pages, facts.keeps_cookies), (reads_pages, name == "form"), "{name} {lines}");
        assert_eq!(facts.otp.is_some(), lines == code, "{name} {lines}");
    }
}

#[test]
fn the_sealing_key_lives_where_the_configuration_says() {
    use crate::cache::key_place::KeyPlace;
    use crate::keyring::Keyring;
    for (key, expected) in [("file", None), ("keyring", Some(Keyring::System)), ("kernel", Some(Keyring::Kernel))] {
        let home = Home::with(&format!("[cache]\nkey = \"{key}\""));
        let file = home.path(".config/fedcred/cache.key");
        match (home.load().unwrap().cache().unwrap().key_place(), expected) {
            (Some(KeyPlace::File(path)), None) => assert_eq!(path, file),
            (Some(KeyPlace::Keyring { keyring, lock }), Some(expected)) => {
                assert_eq!((keyring, lock), (expected, Some(file.with_extension("key.lock"))));
            }
            (place, _) => panic!("{key}: {place:?}"),
        }
    }
}
