//! Files and variables in, profiles and errors out: the configuration as a whole.

use std::path::PathBuf;
use std::time::Duration;

use super::cache::{KeyStore, Store};
use super::profile::*;
use super::*;

/// A throw-away home with the user's and the machine's file.
pub(super) struct Home {
    dir: tempfile::TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Home {
    pub fn with(user: &str) -> Home {
        let home = Home { dir: tempfile::tempdir().unwrap(), variables: Vec::new() };
        home.write(".config/fedcred/config.toml", user);
        home
    }

    pub fn machine(self, text: &str) -> Home {
        self.write("etc/config.toml", text);
        self
    }

    pub fn env(mut self, name: &'static str, value: &str) -> Home {
        self.variables.push((name, value.to_owned()));
        self
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub fn load(&self) -> Result<Config> {
        let mut variables = self.variables.clone();
        variables.push(("HOME", self.dir.path().to_str().unwrap().to_owned()));
        variables.push(("XDG_CONFIG_HOME", self.path(".config").to_str().unwrap().to_owned()));
        let env = Env::fixed(variables);
        let locations = Locations { machine: Some(self.path("etc/config.toml")), ..Locations::of(&env, None) };
        Config::read(locations, &env)
    }

    pub fn profile(&self, name: &str) -> Result<Profile> {
        self.load()?.profile(name)
    }
}

/// A profile `x` whose `saml` table holds these lines; the first is line 4.
fn saml(lines: &str) -> String {
    format!("[profile.x]\n[profile.x.saml]\nidp_url = \"https://idp.example.com/saml\"\n{lines}\n")
}

fn saml_of(profile: Profile) -> Saml {
    let Identity::Saml(saml) = profile.identity;
    *saml
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
fn every_key_of_a_profile_arrives_in_its_place() {
    let home = Home::with(WHOLE);
    let profile = home.profile("x").unwrap();
    assert_eq!(profile.name, "x");
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
fn each_method_takes_its_own_keys() {
    let password = SecretSource::Env("PW".into());
    let table: [(&str, Box<dyn Fn(&Auth) -> bool>); 6] = [
        (
            "auth = \"basic\"\nusername = \"a\"\npassword = { env = \"PW\" }",
            Box::new(|auth| matches!(auth, Auth::Basic { username, password: p } if username == "a" && *p == password)),
        ),
        (
            "auth = \"bearer\"\ntoken = { command = [\"cat\", \"/t\"] }",
            Box::new(
                |auth| matches!(auth, Auth::Bearer { token: SecretSource::Command(argv) } if argv == &["cat", "/t"]),
            ),
        ),
        (
            "auth = \"form\"\nusername = \"a\"\npassword = { credential = \"idp\" }\nusername_field = \"u\"",
            Box::new(|auth| {
                matches!(auth, Auth::Form(form) if form.username_field.as_deref() == Some("u")
                    && form.password == SecretSource::Credential("idp".into()))
            }),
        ),
        (
            "auth = \"form\"\nusername = \"a\"\npassword = { file = \"/pw\" }",
            Box::new(|auth| matches!(auth, Auth::Form(form) if form.password == SecretSource::File("/pw".into()))),
        ),
        (
            "auth = \"spnego\"",
            Box::new(|auth| {
                matches!(auth, Auth::Spnego(s) if s.mutual_authentication == MutualAuthentication::Optional
                    && s.channel_bindings == ChannelBindings::Auto)
            }),
        ),
        (
            "auth = \"spnego\"\nverify = false\nmutual_authentication = \"disabled\"",
            Box::new(
                |auth| matches!(auth, Auth::Spnego(s) if s.mutual_authentication == MutualAuthentication::Required),
            ),
        ),
    ];
    for (lines, fits) in table {
        let auth = saml_of(Home::with(&saml(lines)).profile("x").unwrap()).auth;
        assert!(fits(&auth), "{lines}: {auth:?}");
    }
}

#[test]
fn what_is_wrong_in_a_saml_table_is_told_with_its_place_and_remedy() {
    use Code::*;
    let table: &[(&str, Code, &[&str])] = &[
        (
            "idp_ulr = \"x\"",
            UnknownKey,
            &["config.toml:4: unknown key `idp_ulr` in [profile.x.saml]", "did you mean `idp_url`?"],
        ),
        ("zzz = 1", UnknownKey, &["config.toml:4", "keys that can stand there: allow_http, auth,"]),
        (
            "timeout = [1]",
            InvalidValue,
            &["config.toml:4: `timeout` in [profile.x.saml] must be a duration", "not an array"],
        ),
        ("timeout = 0", InvalidValue, &["must be between 1s and 10m"]),
        ("timeout = -5", InvalidValue, &["must be a duration"]),
        ("timeout = \"fast\"", InvalidValue, &["not \"fast\""]),
        ("verify = \"yes\"", InvalidValue, &["must be true or false, not a string"]),
        ("auth = \"kerberos\"", InvalidValue, &["one of none, basic, bearer, form, spnego, not \"kerberos\""]),
        ("auth = \"spnigo\"", InvalidValue, &["did you mean \"spnego\"?"]),
        ("auth = \"browser\"", NotYetAvailable, &["cannot be \"browser\" in this version yet"]),
        ("auth = \"ecp\"", NotYetAvailable, &["\"ecp\""]),
        ("auth = \"command\"", NotYetAvailable, &["\"command\""]),
        ("auth = \"form\"", MissingKey, &["config.toml:2: [profile.x.saml] has no `username`", "username = \"alice\""]),
        ("auth = \"form\"\nusername = \"a\"", MissingKey, &["has no `password`", "{ file ="]),
        ("auth = \"bearer\"", MissingKey, &["has no `token`"]),
        ("auth = \"spnego\"\nkeytab = \"/k\"", MissingKey, &["has no `principal`"]),
        ("client_cert = \"/c\"", MissingKey, &["has no `client_key`"]),
        ("client_key = \"/c\"", MissingKey, &["has no `client_cert`"]),
        (
            "auth = \"form\"\nusername = \"a\"\npassword = { file = \"/p\" }\nkeytab = \"/k\"",
            ConflictingKeys,
            &["config.toml:7: `keytab`", "goes with auth = \"spnego\", but `auth` is \"form\" (", "config.toml:4)"],
        ),
        (
            "username = \"a\"",
            ConflictingKeys,
            &["no `auth` is written", "write auth = \"basic\", or remove `username`"],
        ),
        ("auth = \"basic\"\nusername = \"a:b\"\npassword = { env = \"P\" }", InvalidValue, &["colon"]),
        ("auth = \"bearer\"\ntoken = { keyring = true }", NotYetAvailable, &["cannot be { keyring = … }"]),
        ("auth = \"bearer\"\ntoken = \"hunter2\"", InvalidValue, &["written into the file", "token = { file ="]),
        ("auth = \"bearer\"\ntoken = 12345", InvalidValue, &["must be a table", "not an integer"]),
        (
            "auth = \"bearer\"\ntoken = { fiel = \"hunter2\" }",
            UnknownKey,
            &["unknown key `fiel`", "did you mean `file`?"],
        ),
        ("auth = \"bearer\"\ntoken = { file = \"/a\", env = \"B\" }", ConflictingKeys, &["exactly one"]),
        ("auth = \"bearer\"\ntoken = {}", ConflictingKeys, &["exactly one"]),
        ("auth = \"bearer\"\ntoken = { command = [] }", InvalidValue, &["`command`", "is empty"]),
        ("auth = \"bearer\"\ntoken = { command = \"cat /t\" }", InvalidValue, &["must be an array, not a string"]),
        ("auth = \"bearer\"\ntoken = { credential = \"../t\" }", InvalidValue, &["not a name"]),
        (
            "headers = { Authorization = \"hunter2\" }",
            InvalidValue,
            &["`Authorization` in [profile.x.saml.headers]", "auth = \"bearer\""],
        ),
        ("headers = { cookie = \"hunter2\" }", InvalidValue, &["written by fedcred itself"]),
        ("headers = { \"a b\" = \"c\" }", InvalidValue, &["not the name of an HTTP header"]),
        ("headers = { a = \"b\\r\\nhunter2: c\" }", InvalidValue, &["not the value of an HTTP header"]),
        ("headers = [1]", InvalidValue, &["`headers` in [profile.x.saml] must be a table, not an array"]),
        (
            "idp_origins = [\"https://a.example.com/sso\"]",
            InvalidValue,
            &["without a path", "\"https://a.example.com\""],
        ),
        ("idp_origins = [\"https://*.example.com\"]", InvalidValue, &["named in full"]),
        ("idp_origins = [\n\"https://a.example.com\",\n\"http://b.example.com\"]", UrlNotAllowed, &["config.toml:6"]),
        ("proxy = \"http://alice:hunter2@proxy\"", InvalidValue, &["HTTPS_PROXY"]),
        ("proxy = \"ftp://proxy\"", InvalidValue, &["http:// or https:// or socks5://"]),
        (
            "principal_arn = \"arn:aws:iam::1:saml-provider/c\"",
            InvalidArn,
            &["config.toml:4: `principal_arn`", "twelve digits"],
        ),
        ("retry = { totl = 1 }", UnknownKey, &["unknown key `totl` in [profile.x.saml.retry]", "`total`"]),
        ("retry = { total = 1000 }", InvalidValue, &["between 0 and 100"]),
        ("retry = { backoff_factor = nan }", InvalidValue, &["between 0 and 120"]),
        ("retry = { status_forcelist = [42] }", InvalidValue, &["between 100 and 599"]),
        ("user_agent = \"\"", InvalidValue, &["value of an HTTP header"]),
        ("xpath = \" \"", InvalidValue, &["is empty"]),
        ("ca_bundle = \"~bob/ca.pem\"", InvalidValue, &["another user's home"]),
    ];
    for (lines, code, words) in table {
        let error = Home::with(&saml(lines)).profile("x").unwrap_err();
        let said = said(&error);
        assert_eq!(error.code, *code, "{lines}: {said}");
        for word in *words {
            assert!(said.contains(word), "{lines}: {word:?} is not in {said}");
        }
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn what_is_wrong_beside_the_identity_is_told_with_its_place_and_remedy() {
    use Code::*;
    let table: &[(&str, Code, &[&str])] = &[
        ("role_arn = \"Analyst\"", InvalidArn, &["config.toml:1: `role_arn` in [profile.x]", "\"Analyst\""]),
        ("role_arn = 1", InvalidValue, &["must be a string, not an integer"]),
        ("duration = \"10m\"", InvalidValue, &["between 15m and 12h"]),
        ("duration = 43201", InvalidValue, &["between 15m and 12h"]),
        ("deadline = \"1h\"", InvalidValue, &["between 1s and 10m"]),
        ("region = \"eu-west-1.evil.com\"", InvalidValue, &["a region such as"]),
        ("regoin = \"eu-west-1\"", UnknownKey, &["did you mean `region`?"]),
        ("policy = \"{\"", InvalidValue, &["is not JSON"]),
        ("policy = \"missing.json\"", FileUnreadable, &["config.toml:1: `policy`", "missing.json"]),
        ("policy_arns = [\"arn:aws:iam::112233334444:role/A\"]", InvalidArn, &["managed policy"]),
        ("policy_arns = \"arn:aws:iam::aws:policy/A\"", InvalidValue, &["must be an array"]),
        ("sts_endpoint_url = \"http://sts.example.com\"", UrlNotAllowed, &["plain http"]),
        ("web_identity = { source = \"file\" }", ConflictingKeys, &["beside `saml`", "config.toml:3"]),
        ("include = \"bsae\"", ProfileNotFound, &["config.toml:1: `include` in [profile.x] names no profile"]),
        ("include = \"x\"", ConflictingKeys, &["x → x"]),
        ("include = [\"x\"]", InvalidValue, &["the name of a profile, not an array"]),
    ];
    for (lines, code, words) in table {
        let lines = lines.replace("= ", "= ");
        let text = format!(
            "profile.x.{lines}\nprofile.base.region = \"eu-west-1\"\n[profile.x.saml]\nidp_url = \"https://idp.example.com\"\n"
        );
        let error = Home::with(&text).profile("x").unwrap_err();
        let said = said(&error);
        assert_eq!(error.code, *code, "{lines}: {said}");
        for word in *words {
            assert!(said.contains(word), "{lines}: {word:?} is not in {said}");
        }
    }
}

#[test]
fn identities_of_later_versions_are_refused_by_name() {
    let table = [
        ("[profile.x.web_identity]\nsource = \"google\"", "`web_identity`"),
        ("[profile.x.assume_role]\nsource_profile = \"y\"", "`assume_role`"),
        ("[profile.x]\nairflow_conn = \"aws_default\"", "`airflow_conn`"),
        ("[airflow]\nidp_origins = []\n[profile.x]", "`airflow`"),
    ];
    for (text, name) in table {
        let error = Home::with(text).profile("x").unwrap_err();
        assert_eq!(error.code, Code::NotYetAvailable, "{text}");
        assert!(error.what.contains(name), "{}", error.what);
    }
}

#[test]
fn an_idp_is_reached_over_https_or_on_this_machine_or_by_consent() {
    let table = [
        ("idp_url = \"https://idp.example.com\"", None),
        ("idp_url = \"http://127.0.0.1:8080/\"", None),
        ("idp_url = \"http://[::1]:8080/\"", None),
        ("idp_url = \"http://localhost:8080/\"", None),
        ("idp_url = \"http://idp.example.com\"\nallow_http = true", None),
        ("idp_url = \"http://idp.example.com\"", Some(Code::UrlNotAllowed)),
        ("idp_url = \"https://alice:hunter2@idp.example.com\"", Some(Code::InvalidValue)),
        ("idp_url = \"ldap://idp.example.com\"", Some(Code::InvalidValue)),
        ("idp_url = \"idp.example.com\"", Some(Code::InvalidValue)),
        ("", Some(Code::MissingKey)),
    ];
    for (lines, expected) in table {
        let result = Home::with(&format!("[profile.x.saml]\n{lines}\n")).profile("x");
        assert_eq!(result.as_ref().err().map(|e| e.code), expected, "{lines}");
        assert!(!format!("{:?}", result.err()).contains("hunter2"));
    }
}

#[test]
fn a_profile_without_an_identity_is_incomplete() {
    let error = Home::with("[profile.x]\nregion = \"eu-west-1\"").profile("x").unwrap_err();
    assert_eq!(error.code, Code::MissingKey);
    assert!(error.what.contains("[profile.x] has no `saml`"), "{}", error.what);
}

#[test]
fn a_broken_neighbour_does_not_stop_a_profile() {
    let home = Home::with(&format!("{}[profile.y]\nregoin = 1\n[profile.z]\ninclude = \"z\"\n", saml("")));
    assert!(home.profile("x").is_ok());
    assert_eq!(home.profile("y").unwrap_err().code, Code::UnknownKey);
}

#[test]
fn a_profile_that_is_nowhere_is_told_with_the_nearest_and_where_was_looked() {
    let error = Home::with(&saml("")).profile("xx").unwrap_err();
    assert_eq!(error.code, Code::ProfileNotFound);
    let said = said(&error);
    for word in [
        "\"xx\"",
        "profiles: x",
        "~/.config/fedcred/config.toml and ~/etc/config.toml (not there)",
        "did you mean \"x\"?",
    ] {
        assert!(said.contains(word), "{word} is not in {said}");
    }
}

#[test]
fn without_any_file_the_error_says_where_to_write_one() {
    let home = Home::with("");
    std::fs::remove_file(home.path(".config/fedcred/config.toml")).unwrap();
    let error = home.profile("default").unwrap_err();
    assert_eq!(error.code, Code::ProfileNotFound);
    assert!(error.hint.unwrap().ends_with("into ~/.config/fedcred/config.toml"));
}

#[test]
fn a_file_named_by_flag_or_variable_must_be_there() {
    let home = Home::with("");
    let missing = home.path("missing.toml");
    let env = Env::fixed([("FEDCRED_CONFIG", missing.as_os_str())]);
    let error = Config::load(&env, None).err().unwrap();
    assert_eq!((error.code, error.causes[0].as_str()), (Code::ConfigUnreadable, "$FEDCRED_CONFIG names it"));
    let error = Config::load(&Env::fixed([("A", "b")]), Some(&missing)).err().unwrap();
    assert_eq!(error.causes[0], "--config names it");
}

#[test]
fn the_users_keys_win_over_the_machines_one_by_one() {
    let user = "[profile.x]\nregion = \"eu-west-1\"\n[profile.x.saml]\nheaders = { B = \"user\" }\nretry.total = 1\n";
    let machine = "[profile.x]\nregion = \"us-east-1\"\nduration = 900\n[profile.x.saml]\nidp_url = \"https://idp.example.com\"\n\
                   headers = { A = \"machine\", b = \"machine\" }\nretry.backoff_factor = 2\n[profile.y]\n";
    let home = Home::with(user).machine(machine);
    let profile = home.profile("x").unwrap();
    assert_eq!(profile.sts.region.as_deref(), Some("eu-west-1"));
    assert_eq!(profile.session.duration, Some(Duration::from_secs(900)));
    let saml = saml_of(profile);
    assert_eq!((saml.retry.total, saml.retry.backoff_factor), (1, 2.0));
    assert_eq!(saml.http.headers, [("B".into(), "user".into()), ("A".into(), "machine".into())]);
    assert_eq!(home.load().unwrap().profile_names(), ["x", "y"]);
}

#[test]
fn an_include_lends_the_keys_that_are_not_written() {
    let text = "[profile.base]\nregion = \"eu-west-1\"\nduration = 900\n[profile.base.saml]\nauth = \"basic\"\nusername = \"alice\"\n\
                password = { env = \"PW\" }\n[profile.mid]\ninclude = \"base\"\nduration = 1800\n[profile.mid.saml]\n\
                idp_url = \"https://idp.example.com/a\"\n[profile.x]\ninclude = \"mid\"\n[profile.x.saml]\npassword = { file = \"/p\" }\n";
    let profile = Home::with(text).profile("x").unwrap();
    assert_eq!(profile.sts.region.as_deref(), Some("eu-west-1"));
    assert_eq!(profile.session.duration, Some(Duration::from_secs(1800)));
    let Auth::Basic { username, password } = saml_of(profile).auth else { panic!() };
    // A source of a secret is replaced as a whole, not merged.
    assert_eq!((username.as_str(), password), ("alice", SecretSource::File("/p".into())));
}

#[test]
fn a_circle_of_includes_is_shown() {
    let text = "[profile.x]\ninclude = \"y\"\n[profile.y]\ninclude = \"z\"\n[profile.z]\ninclude = \"y\"\n";
    let error = Home::with(text).profile("x").unwrap_err();
    assert_eq!(error.code, Code::ConflictingKeys);
    assert!(error.what.contains("config.toml:6: `include` in [profile.z]"), "{}", error.what);
    assert_eq!(error.causes, ["y → z → y include one another"]);
}

#[test]
fn an_include_carries_no_secret_and_no_header_to_another_origin() {
    let basic = "auth = \"basic\"\nusername = \"alice\"\npassword = { env = \"PW\" }\n";
    let home = "idp_url = \"https://idp.example.com/a\"\n";
    let table = [
        // The keys of the included profile, those of the including one, and the key that may not be carried.
        (format!("{home}{basic}"), "idp_url = \"https://idp.example.com:443/b\"\n", None),
        (format!("{home}{basic}"), "idp_url = \"https://other.example.com/a\"\n", Some("`password`")),
        (format!("{home}{basic}"), "idp_url = \"https://idp.example.com:8443/a\"\n", Some("`password`")),
        (format!("{home}{basic}"), "idp_url = \"http://idp.example.com/a\"\nallow_http = true\n", Some("`password`")),
        (format!("{home}{basic}"), "idp_url = \"https://other.example.com\"\npassword = { env = \"PW2\" }\n", None),
        (format!("{home}{basic}"), "idp_origins = [\"https://other.example.com\"]\n", Some("`password`")),
        (
            format!("{home}{basic}idp_origins = [\"https://other.example.com\"]\n"),
            "idp_url = \"https://other.example.com\"\n",
            None,
        ),
        // Nothing says yet where this password goes: the profile that includes it does.
        (basic.to_owned(), "idp_url = \"https://other.example.com/a\"\n", None),
        (
            format!("{home}headers = {{ X-Key = \"1\" }}\n"),
            "idp_url = \"https://other.example.com/a\"\n",
            Some("`X-Key`"),
        ),
        (
            format!("{home}headers = {{ X-Key = \"1\" }}\n"),
            "idp_url = \"https://other.example.com/a\"\nheaders = { x-key = \"2\" }\n",
            None,
        ),
        (
            format!("{home}client_cert = \"/c\"\nclient_key = \"/k\"\n"),
            "idp_url = \"https://other.example.com/a\"\n",
            Some("`client_cert`"),
        ),
        (
            format!("{home}auth = \"spnego\"\nprincipal = \"a\"\nkeytab = \"/k\"\n"),
            "idp_url = \"https://other.example.com/a\"\n",
            Some("`keytab`"),
        ),
        (format!("{home}auth = \"spnego\"\n"), "idp_url = \"https://other.example.com/a\"\n", None),
    ];
    for (base, own, carried) in table {
        let text = format!("[profile.base.saml]\n{base}[profile.x]\ninclude = \"base\"\n[profile.x.saml]\n{own}");
        let error = Home::with(&text).profile("x").err();
        assert_eq!(error.as_ref().map(|e| e.code), carried.map(|_| Code::ConflictingKeys), "{text}: {error:?}");
        if let (Some(error), Some(carried)) = (error, carried) {
            assert!(error.what.contains(carried) && error.causes[0].contains("another origin"), "{error:?}");
        }
        // The same between the machine's file and the user's.
        let layered = Home::with(&format!("[profile.x.saml]\n{own}")).machine(&format!("[profile.x.saml]\n{base}"));
        assert_eq!(layered.profile("x").err().map(|e| e.code), carried.map(|_| Code::ConflictingKeys), "{text}");
    }
}

#[test]
fn a_secret_is_bound_to_the_first_origin_put_above_it() {
    let text = "[profile.base.saml]\nauth = \"basic\"\nusername = \"alice\"\npassword = { env = \"PW\" }\n\
                [profile.mid]\ninclude = \"base\"\n[profile.mid.saml]\nidp_url = \"https://a.example.com\"\n\
                [profile.x]\ninclude = \"mid\"\n[profile.x.saml]\nidp_url = \"https://b.example.com\"\n";
    let home = Home::with(text);
    assert!(home.profile("mid").is_ok());
    assert_eq!(home.profile("x").unwrap_err().code, Code::ConflictingKeys);
}

#[test]
fn a_command_is_taken_from_the_users_own_file_only() {
    let text = saml("auth = \"bearer\"\ntoken = { command = [\"cat\", \"/t\"] }");
    assert!(Home::with(&text).profile("x").is_ok());
    let error = Home::with("").machine(&text).profile("x").unwrap_err();
    assert_eq!(error.code, Code::InvalidValue);
    assert!(error.what.contains("a user's own configuration only"), "{}", error.what);
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
fn variables_override_the_profile() {
    let text = format!(
        "profile.x.region = \"eu-west-1\"\nprofile.x.use_fips_endpoint = true\n{}",
        saml("").replace("[profile.x]\n", "")
    );
    let region = |home: Home| home.profile("x").unwrap().sts.region.unwrap();
    assert_eq!(region(Home::with(&text)), "eu-west-1");
    assert_eq!(region(Home::with(&text).env("AWS_DEFAULT_REGION", "eu-west-2")), "eu-west-2");
    let both = Home::with(&text).env("AWS_DEFAULT_REGION", "eu-west-2").env("AWS_REGION", "eu-west-3");
    assert_eq!(region(both), "eu-west-3");
    let error = Home::with(&text).env("AWS_REGION", "evil.com/").profile("x").unwrap_err();
    assert!(error.what.starts_with("$AWS_REGION must be a region"), "{}", error.what);
    let sts =
        Home::with(&text).env("AWS_USE_FIPS_ENDPOINT", "false").env("AWS_CA_BUNDLE", "/ca").profile("x").unwrap().sts;
    assert_eq!((sts.use_fips, sts.ca_bundle), (false, Some("/ca".into())));
}

#[test]
fn the_endpoint_follows_the_order_of_the_aws_sdks() {
    let (own, all) =
        (("AWS_ENDPOINT_URL_STS", "https://own.example.com"), ("AWS_ENDPOINT_URL", "https://all.example.com"));
    let ignore = ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    let table: [(bool, &[(&'static str, &str)], Option<&str>); 8] = [
        (false, &[], None),
        (true, &[], Some("key.example.com")),
        (true, &[own, all], Some("own.example.com")),
        (true, &[all], Some("key.example.com")),
        (false, &[all], Some("all.example.com")),
        (false, &[own, all], Some("own.example.com")),
        (true, &[own, all, ignore], Some("key.example.com")),
        (false, &[own, all, ignore], None),
    ];
    for (written, variables, host) in table {
        let key = if written { "profile.x.sts_endpoint_url = \"https://key.example.com\"\n" } else { "" };
        let mut home = Home::with(&format!("{key}{}", saml("").replace("[profile.x]\n", "")));
        for (name, value) in variables {
            home = home.env(name, value);
        }
        let url = home.profile("x").unwrap().sts.endpoint_url;
        assert_eq!(url.as_ref().and_then(|url| url.host_str()), host, "{written} {variables:?}");
    }
    let error = Home::with(&saml("")).env("AWS_ENDPOINT_URL_STS", "http://sts.example.com").profile("x").unwrap_err();
    assert_eq!(error.code, Code::UrlNotAllowed);
    assert!(error.what.starts_with("$AWS_ENDPOINT_URL_STS is plain http"), "{}", error.what);
}

#[test]
fn the_cache_has_a_place_without_being_told() {
    let home = Home::with("").env("XDG_CACHE_HOME", "/c");
    let cache = home.load().unwrap().cache().unwrap();
    assert_eq!(cache.dir, Some("/c/fedcred".into()));
    assert_eq!((cache.key, cache.store), (KeyStore::Auto, Store::File));
    assert_eq!(cache.key_file, Some(home.path(".config/fedcred/cache.key")));
}

#[test]
fn the_cache_is_where_the_variable_then_the_user_then_the_machine_says() {
    let home = || {
        Home::with("[cache]\ndir = \"~/kept\"\nkey = \"file\"\n").machine("[cache]\ndir = \"/m\"\nstore = \"none\"\n")
    };
    let cache = home().load().unwrap().cache().unwrap();
    assert!(cache.dir.unwrap().ends_with("kept"));
    assert_eq!((cache.key, cache.store), (KeyStore::File, Store::None));
    let cache = home().env("FEDCRED_CACHE_DIR", "/elsewhere").load().unwrap().cache().unwrap();
    assert_eq!(cache.dir, Some("/elsewhere".into()));
}

#[test]
fn what_is_wrong_with_the_cache_is_told() {
    let table = [
        ("[cache]\nkey = \"keyring\"", Code::NotYetAvailable),
        ("[cache]\nkey = \"kernel\"", Code::NotYetAvailable),
        ("[cache]\nstore = \"rediss://:hunter2@redis\"", Code::NotYetAvailable),
        ("[cache]\nstore = \"memory\"", Code::InvalidValue),
        ("[cache]\ndri = \"/c\"", Code::UnknownKey),
        ("cache = 1", Code::InvalidValue),
    ];
    for (text, code) in table {
        let error = Home::with(text).load().unwrap().cache().unwrap_err();
        assert_eq!(error.code, code, "{text}");
        assert!(error.what.contains("config.toml:") && !said(&error).contains("hunter2"), "{error:?}");
    }
}

#[test]
fn a_misspelt_table_is_told_before_the_profile_is_missed() {
    let error = Home::with("[profiles.x]\n").profile("x").unwrap_err();
    assert_eq!(error.code, Code::UnknownKey);
    assert!(error.what.contains("unknown key `profiles` in the file's top level"), "{}", error.what);
    assert_eq!(error.hint.as_deref(), Some("did you mean `profile`?"));
}
