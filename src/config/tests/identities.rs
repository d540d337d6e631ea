//! `web_identity` and `assume_role`: what each source takes, what stands on what, and what has no place where.

use super::*;

const ROLE: &str = "role_arn = \"arn:aws:iam::112233334444:role/Analyst\"\n";

/// A profile `x` with a role whose `web_identity` table holds these lines; the first is line 4.
fn web_identity(lines: &str) -> String {
    format!("[profile.x]\n{ROLE}[profile.x.web_identity]\n{lines}\n")
}

/// The same with an `assume_role` table, on top of nothing that is written here.
fn assume_role(lines: &str) -> String {
    format!("[profile.x]\n{ROLE}[profile.x.assume_role]\n{lines}\n")
}

fn web_identity_of(profile: Profile) -> WebIdentity {
    match profile.identity {
        Identity::WebIdentity(identity) => *identity,
        other => panic!("{other:?}"),
    }
}

fn assume_role_of(profile: Profile) -> AssumeRole {
    match profile.identity {
        Identity::AssumeRole(role) => *role,
        other => panic!("{other:?}"),
    }
}

#[test]
#[cfg_attr(windows, ignore = "its paths are Unix's")]
fn each_source_of_a_token_takes_its_own_keys() {
    let table = [
        ("source = \"file\"\ntoken_file = \"/t\"", "File(\"/t\")"),
        ("source = \"env\"\ntoken_env = \"CI_JOB_JWT\"", "Env(\"CI_JOB_JWT\")"),
        ("source = \"command\"\ncommand = [\"vault\", \"token\"]", "Command([\"vault\", \"token\"])"),
        ("source = \"github-actions\"", "GithubActions { audience: \"sts.amazonaws.com\" }"),
        ("source = \"google\"", "Google(Google { audience: None })"),
        ("source = \"google\"\naudience = \"a\"", "Google(Google { audience: Some(\"a\") })"),
        ("source = \"azure\"", "Azure(Azure { audience: None, client_id: None })"),
        (
            "source = \"azure\"\naudience = \"api://aws\"\nclient_id = \"c\"",
            "Azure(Azure { audience: Some(\"api://aws\"), client_id: Some(\"c\") })",
        ),
        (
            "source = \"kubernetes\"\ntoken_lifetime = \"1h\"",
            "Kubernetes(Kubernetes { audience: \"sts.amazonaws.com\", namespace: None, service_account: None, \
             token_lifetime: 3600s, credentials_dir: \"/var/run/secrets/kubernetes.io/serviceaccount\" })",
        ),
    ];
    for (lines, expected) in table {
        let identity = web_identity_of(Home::with(&web_identity(lines)).profile("x").unwrap());
        assert_eq!(format!("{:?}", identity.source), expected, "{lines}");
        assert_eq!(identity.session_name, SessionName::of_subject());
    }
}

#[test]
fn services_with_variables_of_their_own_are_known_by_name() {
    for name in ["gitlab", "circleci", "terraform", "bitbucket"] {
        let lines = format!("source = \"{name}\"");
        let TokenSource::Service(service) =
            web_identity_of(Home::with(&web_identity(&lines)).profile("x").unwrap()).source
        else {
            panic!("{name}")
        };
        assert_eq!(service.name, name);
    }
}

#[test]
fn what_is_wrong_in_a_web_identity_table_is_told_with_its_place_and_remedy() {
    use Code::*;
    let table: &[(&str, Code, &[&str])] = &[
        ("", MissingKey, &["config.toml:3", "has no `source`", "source = \"file\""]),
        ("source = \"file\"", MissingKey, &["has no `token_file`", "AWS_WEB_IDENTITY_TOKEN_FILE is not set either"]),
        ("source = \"env\"", MissingKey, &["has no `token_env`"]),
        ("source = \"command\"", MissingKey, &["has no `command`"]),
        ("source = \"githb-actions\"", InvalidValue, &["did you mean \"github-actions\"?"]),
        (
            "source = \"env\"\ntoken_env = \"A\"\ntoken_file = \"/t\"",
            ConflictingKeys,
            &["config.toml:6: `token_file`", "goes with source = \"file\", but `source` is \"env\""],
        ),
        ("source = \"gitlab\"\ntags = { a = \"b\" }", InvalidValue, &["`tags`", "AssumeRoleWithWebIdentity", "claim"]),
        ("source = \"gitlab\"\nsource_identity = \"a\"", InvalidValue, &["`source_identity`", "is not a parameter of"]),
        ("source = \"gitlab\"\nexternal_id = \"ab\"", InvalidValue, &["`external_id`", "`assume_role` table"]),
        ("source = \"gitlab\"\nrole_session_name = \"a b\"", InvalidValue, &["cannot contain ' '"]),
        (
            "source = \"gitlab\"\nrole_session_name = \"{usr}\"",
            InvalidValue,
            &["unknown placeholder; use {user}, {host}"],
        ),
        ("source = \"kubernetes\"\ntoken_lifetime = \"5m\"", InvalidValue, &["between 10m and 24h"]),
        ("source = \"gitlab\"\nzzz = 1", UnknownKey, &["unknown key `zzz` in [profile.x.web_identity]"]),
    ];
    for (lines, code, words) in table {
        let error = Home::with(&web_identity(lines)).profile("x").unwrap_err();
        let said = said(&error);
        assert_eq!(error.code, *code, "{lines}: {said}");
        for word in *words {
            assert!(said.contains(word), "{lines}: {word:?} is not in {said}");
        }
    }
}

#[test]
fn a_saml_table_takes_nothing_that_only_the_assertion_can_say() {
    for line in ["role_session_name = \"a\"", "tags = { a = \"b\" }", "source_identity = \"ab\""] {
        let error = Home::with(&saml(line)).profile("x").unwrap_err();
        assert!(said(&error).contains("is not a parameter of AssumeRoleWithSAML"), "{}", said(&error));
        assert!(said(&error).contains("https://aws.amazon.com/SAML/Attributes/"), "{}", said(&error));
    }
    let beside =
        web_identity("source = \"gitlab\"").replace("[profile.x]\n", "[profile.x]\nrole_session_name = \"a\"\n");
    let error = Home::with(&beside).profile("x").unwrap_err();
    assert!(said(&error).contains("is not a key of the profile itself"), "{}", said(&error));
}

#[test]
fn every_key_of_an_assumed_role_arrives_in_its_place() {
    let lines = "aws_profile = \"corp\"\nexternal_id = \"ab/12:x\"\ntags = { team = \"data\", Cost = \"1 2\" }\n\
        transitive_tag_keys = [\"team\"]\nsource_identity = \"alice\"\nrole_session_name = \"{user}@{host}\"\n\
        serial_number = \"arn:aws:iam::112233334444:mfa/alice\"";
    let role = assume_role_of(Home::with(&assume_role(lines)).profile("x").unwrap());
    assert!(matches!(&role.base, Base::AwsProfile(name) if name == "corp"));
    assert_eq!(role.external_id.as_deref(), Some("ab/12:x"));
    assert_eq!(role.tags, [("Cost", "1 2"), ("team", "data")].map(|(k, v)| (k.to_owned(), v.to_owned())));
    assert_eq!((role.transitive_tag_keys, role.source_identity), (vec!["team".to_owned()], Some("alice".to_owned())));
    assert_eq!(role.session_name.to_string(), "{user}@{host}");
    assert_eq!(role.serial_number.as_deref(), Some("arn:aws:iam::112233334444:mfa/alice"));
    for (source, expected) in [("environment", "Environment"), ("instance", "Instance"), ("container", "Container")] {
        let lines = format!("credential_source = \"{source}\"");
        let role = assume_role_of(Home::with(&assume_role(&lines)).profile("x").unwrap());
        assert_eq!(format!("{:?}", role.base), expected);
        assert_eq!(role.session_name, SessionName::of_user());
    }
}

#[test]
fn what_is_wrong_in_an_assume_role_table_is_told_with_its_place_and_remedy() {
    use Code::*;
    let table: &[(&str, Code, &[&str])] = &[
        ("", MissingKey, &["has no `source_profile`", "credential_source = \"environment\""]),
        (
            "source_profile = \"a\"\naws_profile = \"b\"",
            ConflictingKeys,
            &["second source of credentials, beside `source_profile`", "keep one"],
        ),
        ("source_profile = \"y\"", ProfileNotFound, &["`source_profile`", "names no profile", "\"y\""]),
        ("source_profile = \"x\"", ConflictingKeys, &["is circular", "x → x"]),
        ("credential_source = \"Ec2InstanceMetadata\"", InvalidValue, &["one of environment, instance, container"]),
        ("aws_profile = \"a\"\nexternal_id = \"a b\"", InvalidValue, &["cannot contain ' '"]),
        ("aws_profile = \"a\"\nsource_identity = \"a\"", InvalidValue, &["between 2 and 64"]),
        ("aws_profile = \"a\"\ntags = { \"a!\" = \"b\" }", InvalidValue, &["not the key of a session tag"]),
        ("aws_profile = \"a\"\ntags = { a = \"b!\" }", InvalidValue, &["not the value of a session tag"]),
        ("aws_profile = \"a\"\ntags = { a = 1 }", InvalidValue, &["must be a string"]),
        ("aws_profile = \"a\"\nrole_session_name = \"{sub}\"", InvalidValue, &["{sub}", "use {user}"]),
        ("aws_profile = \"a\"\nzzz = 1", UnknownKey, &["unknown key `zzz` in [profile.x.assume_role]"]),
    ];
    for (lines, code, words) in table {
        let error = Home::with(&assume_role(lines)).profile("x").unwrap_err();
        let said = said(&error);
        assert_eq!(error.code, *code, "{lines}: {said}");
        for word in *words {
            assert!(said.contains(word), "{lines}: {word:?} is not in {said}");
        }
    }
    let error = Home::with(&assume_role("aws_profile = \"a\"").replace(ROLE, "")).profile("x").unwrap_err();
    assert!(error.what.contains("has no `role_arn`"), "{}", error.what);
}

/// Profiles `a` on `b` on `c`, and so on, each with a role; the last stands on `last`.
fn chain(names: &[&str], last: &str) -> String {
    let table = |(name, below): (&&str, &str)| {
        format!("[profile.{name}]\n{ROLE}[profile.{name}.assume_role]\nsource_profile = \"{below}\"\n")
    };
    names.iter().zip(names.iter().skip(1).copied().chain([last])).map(table).collect()
}

#[test]
fn a_profile_stands_on_others_to_any_depth() {
    let text = chain(&["a", "b", "c"], "x") + &web_identity("source = \"gitlab\"");
    let mut profile = Home::with(&text).profile("a").unwrap();
    for name in ["b", "c", "x"] {
        let Base::Profile(base) = assume_role_of(profile).base else { panic!() };
        profile = *base;
        assert_eq!(&*profile.name, name);
    }
    assert!(matches!(profile.identity, Identity::WebIdentity(_)));
}

#[test]
fn profiles_that_stand_on_each_other_are_a_configuration_error() {
    let home = Home::with(&chain(&["a", "b", "c"], "b"));
    let error = home.profile("a").unwrap_err();
    assert_eq!((error.code, error.code.kind()), (Code::ConflictingKeys, crate::error::Kind::Configuration));
    assert!(said(&error).contains("b → c → b need each other's credentials"), "{}", said(&error));
    assert!(home.load().unwrap().check().iter().all(|error| error.code == Code::ConflictingKeys));
}

#[test]
fn what_is_wrong_below_is_told_by_whoever_stands_on_it() {
    let text = chain(&["a"], "x") + &web_identity("source = \"env\"");
    let home = Home::with(&text);
    assert!(home.profile("a").unwrap_err().what.contains("[profile.x.web_identity] has no `token_env`"));
    assert_eq!(home.load().unwrap().check().len(), 1, "and once by a check");
}

#[test]
fn a_profile_that_is_only_included_is_not_among_the_usable_ones() {
    let written = "[profile.base]\nregion = \"eu-west-1\"\n[profile.wrong]\ninclude = \"base\"\n";
    let home = Home::with(written);
    assert_eq!(home.load().unwrap().usable_profile_names(), ["wrong"], "what is wrong is to be seen");
    let role = "arn:aws:iam::112233334444:role/Pod";
    let home = home.env("AWS_ROLE_ARN", role).env("AWS_WEB_IDENTITY_TOKEN_FILE", "/t");
    assert_eq!(home.load().unwrap().usable_profile_names(), ["default", "wrong"]);
}

#[test]
fn the_environment_alone_is_the_default_profile() {
    let irsa = |home: Home| {
        home.env("AWS_ROLE_ARN", "arn:aws:iam::112233334444:role/Pod").env("AWS_WEB_IDENTITY_TOKEN_FILE", "/t")
    };
    let profile = irsa(Home::with("")).profile("default").unwrap();
    assert_eq!(profile.role().unwrap().name, "Pod");
    let identity = web_identity_of(profile);
    assert!(matches!(&identity.source, TokenSource::File(path) if path == Path::new("/t")));
    assert_eq!(identity.session_name, SessionName::of_subject());

    let named = irsa(Home::with("")).env("AWS_ROLE_SESSION_NAME", "my pod");
    let identity = web_identity_of(named.profile("default").unwrap());
    assert_eq!(identity.session_name.to_string(), "my pod");

    assert_eq!(irsa(Home::with("")).profile("typo").unwrap_err().code, Code::ProfileNotFound);
    let written = irsa(Home::with(&saml("").replace("profile.x", "profile.default")));
    assert!(matches!(written.profile("default").unwrap().identity, Identity::Saml(_)));
    let half = Home::with("").env("AWS_ROLE_ARN", "arn:aws:iam::112233334444:role/Pod");
    assert_eq!(half.profile("default").unwrap_err().code, Code::ProfileNotFound);

    let base = |home: Home| match assume_role_of(home.profile("a").unwrap()).base {
        Base::Profile(base) => base.identity,
        other => panic!("{other:?}"),
    };
    assert!(matches!(base(irsa(Home::with(&chain(&["a"], "default")))), Identity::WebIdentity(_)));
    let written = chain(&["a"], "default") + &saml("").replace("profile.x", "profile.default");
    assert!(matches!(base(irsa(Home::with(&written))), Identity::Saml(_)), "what is written goes first");
}

#[test]
fn the_session_name_of_the_environment_goes_with_its_token_file_only() {
    let of = |lines: &str| {
        let home = Home::with(&web_identity(lines)).env("AWS_WEB_IDENTITY_TOKEN_FILE", "/t");
        let home = home.env("AWS_ROLE_SESSION_NAME", "pod");
        web_identity_of(home.profile("x").unwrap()).session_name.to_string()
    };
    assert_eq!(of("source = \"file\""), "pod");
    assert_eq!(of("source = \"file\"\ntoken_file = \"/other\""), "{sub}");
    assert_eq!(of("source = \"file\"\nrole_session_name = \"mine\""), "mine");
    assert_eq!(of("source = \"gitlab\""), "{sub}");
}

#[test]
#[cfg_attr(windows, ignore = "its paths are Unix's")]
fn show_tells_the_settings_of_both() {
    let rows = |home: Home, name: &str| -> Vec<String> {
        let config = home.load().unwrap();
        let shown = config.show(name).unwrap();
        shown
            .iter()
            .filter(|row| row.key.contains('.'))
            .map(|row| format!("{} = {} # {}", row.key, row.value, row.origin))
            .collect()
    };
    let implicit = Home::with("").env("AWS_ROLE_ARN", "arn:aws:iam::112233334444:role/Pod");
    let expected = [
        "web_identity.source = \"file\" # built-in",
        "web_identity.token_file = \"/t\" # $AWS_WEB_IDENTITY_TOKEN_FILE",
        "web_identity.role_session_name = \"{sub}\" # built-in",
    ];
    assert_eq!(rows(implicit.env("AWS_WEB_IDENTITY_TOKEN_FILE", "/t"), "default"), expected);
    let lines = "source_profile = \"y\"\ntags = { team = \"data\" }";
    let text = assume_role(lines) + &web_identity("source = \"gitlab\"").replace("profile.x", "profile.y");
    let expected = [
        "assume_role.source_profile = \"y\" # ~/.config/fedcred/config.toml:4",
        "assume_role.role_session_name = \"{user}\" # built-in",
        "assume_role.external_id = (none) # built-in",
        "assume_role.transitive_tag_keys = [] # built-in",
        "assume_role.source_identity = (none) # built-in",
        "assume_role.serial_number = (none) # built-in",
        "assume_role.tags.team = \"data\" # ~/.config/fedcred/config.toml:5",
    ];
    assert_eq!(rows(Home::with(&text), "x"), expected);
}
