//! What is wrong in a file: code, place, what was expected, the nearest spelling, and never a secret.

use super::*;

/// Lines of a table `saml`, the code of what is wrong in them, and what is told.
const IN_SAML: &[(&str, Code, &[&str])] = {
    use Code::*;
    &[
        (
            "idp_ulr = \"x\"",
            UnknownKey,
            &["config.toml:4: unknown key `idp_ulr` in [profile.x.saml]", "did you mean `idp_url`?"],
        ),
        ("zzz = 1", UnknownKey, &["config.toml:4", "keys that are allowed there: account_field, allow_http, app_id,"]),
        (
            "timeout = [1]",
            InvalidValue,
            &["config.toml:4: `timeout` in [profile.x.saml] must be a duration", "not an array"],
        ),
        ("timeout = 0", InvalidValue, &["must be between 1s and 10m"]),
        ("timeout = -5", InvalidValue, &["must be a duration"]),
        ("timeout = \"fast\"", InvalidValue, &["not \"fast\""]),
        ("verify = \"yes\"", InvalidValue, &["must be true or false, not a string"]),
        (
            "auth = \"kerberos\"",
            InvalidValue,
            &["one of none, basic, bearer, form, spnego, okta, ecp, browser, command, not \"kerberos\""],
        ),
        ("auth = \"spnigo\"", InvalidValue, &["did you mean \"spnego\"?"]),
        (
            "auth = \"form\"\nusername = \"a\"\npassword = { env = \"P\" }\notp = { keyring = true }",
            InvalidValue,
            &["good for one login", "otp_secret"],
        ),
        (
            "auth = \"form\"\nusername = \"a\"\npassword = { env = \"P\" }\notp = { env = \"O\" }\notp_secret = { env = \"S\" }",
            ConflictingKeys,
            &["second source of codes"],
        ),
        ("auth = \"ecp\"\nusername = \"a\"", MissingKey, &["has no `password`"]),
        ("auth = \"browser\"\nbrowser = \" \"", InvalidValue, &["names no program"]),
        ("auth = \"command\"", MissingKey, &["has no `command`", "{idp_url}"]),
        ("auth = \"form\"", MissingKey, &["config.toml:2: [profile.x.saml] has no `username`", "username = \"alice\""]),
        ("auth = \"form\"\nusername = \"a\"", MissingKey, &["has no `password`", "{ keyring ="]),
        ("auth = \"bearer\"", MissingKey, &["has no `token`"]),
        ("auth = \"spnego\"\nkeytab = \"/k\"", MissingKey, &["has no `principal`"]),
        ("client_cert = \"/c\"", MissingKey, &["has no `client_key`"]),
        ("client_key = \"/c\"", MissingKey, &["has no `client_cert`"]),
        (
            "auth = \"form\"\nusername = \"a\"\npassword = { file = \"/p\" }\nkeytab = \"/k\"",
            ConflictingKeys,
            &[
                "config.toml:7: `keytab`",
                "goes with auth = \"spnego\" or auth = \"ecp\", but `auth` is \"form\" (",
                "config.toml:4)",
            ],
        ),
        ("username = \"a\"", MissingKey, &["no `auth` is written", "write auth = \"basic\", or remove `username`"]),
        ("auth = \"basic\"\nusername = \"a:b\"\npassword = { env = \"P\" }", InvalidValue, &["colon"]),
        ("auth = \"bearer\"\ntoken = { keyring = false }", InvalidValue, &["`keyring`", "can only be true"]),
        ("auth = \"bearer\"\ntoken = { keyring = \"corp\" }", InvalidValue, &["`keyring`", "not a string"]),
        ("auth = \"bearer\"\ntoken = \"hunter2\"", InvalidValue, &["in the file itself", "token = { keyring ="]),
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
        ("auth = \"bearer\"\ntoken = { credential = \"../t\" }", InvalidValue, &["not a valid name"]),
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
    ]
};

#[test]
fn what_is_wrong_in_a_saml_table_is_told_with_its_place_and_remedy() {
    for (lines, code, words) in IN_SAML {
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
fn session_policies_are_checked_by_the_rules_of_sts() {
    let own = |count: usize| {
        let one = |n: usize| format!("\"arn:aws:iam::112233334444:policy/{}{n:02}\"", "p".repeat(175));
        format!("policy_arns = [{}]", (0..count).map(one).collect::<Vec<_>>().join(", "))
    };
    let long = format!("policy = '{{\"a\": \"{}\"}}'", "x".repeat(2048));
    let table: Vec<(String, Option<(Code, &str)>)> = vec![
        ("policy_arns = [\"arn:aws:iam::aws:policy/ReadOnlyAccess\"]".into(), None),
        ("policy_arns = [\"arn:aws:iam::112233334444:policy/team/A\"]".into(), None),
        ("policy_arns = [\"arn:aws-cn:iam::aws:policy/A\"]".into(), Some((Code::InvalidArn, "partition aws"))),
        ("policy_arns = [\"arn:aws:iam::999988887777:policy/A\"]".into(), Some((Code::InvalidArn, "role's account"))),
        ("policy_arns = [\"arn:aws:iam::112233334444:role/A\"]".into(), Some((Code::InvalidArn, "managed policy"))),
        (own(9), None),
        (own(10), Some((Code::InvalidValue, "STS takes 2048"))),
        (own(11), Some((Code::InvalidValue, "at most 10"))),
        (long, Some((Code::InvalidValue, "STS takes 2048"))),
        ("policy = '{\"Sid\": \"Größe\"}'".into(), None),
        ("policy = '{\"Sid\": \"→\"}'".into(), Some((Code::InvalidValue, "U+2192"))),
    ];
    for (line, expected) in table {
        let text = format!(
            "profile.x.role_arn = \"arn:aws:iam::112233334444:role/A\"\nprofile.x.{line}\n[profile.x.saml]\nidp_url = \"https://idp.example.com\"\n"
        );
        match (Home::with(&text).profile("x"), expected) {
            (Ok(_), None) => {}
            (Err(error), Some((code, words))) => {
                assert_eq!(error.code, code, "{line}: {error:?}");
                assert!(said(&error).contains(words), "{line}: {}", said(&error));
            }
            (result, _) => panic!("{line}: {:?}", result.map(|_| ())),
        }
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
fn beside_an_airflow_connection_nothing_stands_that_the_connection_says() {
    for key in ["role_arn = \"arn:aws:iam::112233334444:role/a\"", "duration = \"1h\"", "policy_arns = []"] {
        let error = Home::with(&format!("[profile.x]\nairflow_conn = \"etl\"\n{key}")).profile("x").unwrap_err();
        assert_eq!(error.code, Code::ConflictingKeys);
        assert!(error.hint.unwrap().contains("in the connection's extra"), "{key}");
    }
    let both = Home::with("[profile.x]\nairflow_conn = \"etl\"\n[profile.x.saml]\n").profile("x").unwrap_err();
    assert!(both.what.contains("second source of identity"), "{}", both.what);
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
#[cfg_attr(windows, ignore = "its paths are Unix's")]
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
#[cfg_attr(windows, ignore = "its paths are Unix's")]
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
fn what_is_wrong_with_the_cache_is_told() {
    let table = [
        ("[cache]\nkey = \"keyrign\"", Code::InvalidValue),
        ("[cache]\nstore = \"rediss://:hunter2@redis\"", Code::InvalidValue),
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
