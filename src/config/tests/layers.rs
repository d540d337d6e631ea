//! What decides a value: variables, the two files, includes, and what may not be carried between them.

use super::*;

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
#[cfg_attr(windows, ignore = "its paths are Unix's")]
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
            basic.to_owned(),
            "idp_url = \"https://other.example.com/a\"\nidp_origins = [\"https://third.example.com\"]\n",
            None,
        ),
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
fn variables_override_the_profile() {
    let text = format!(
        "profile.x.region = \"eu-west-1\"\nprofile.x.use_fips_endpoint = true\n{}",
        saml("").replace("[profile.x]\n", "")
    );
    let region = |home: Home| home.profile("x").unwrap().sts.region.unwrap();
    assert_eq!(region(Home::with(&text)).as_str(), "eu-west-1");
    assert_eq!(region(Home::with(&text).env("AWS_DEFAULT_REGION", "eu-west-2")).as_str(), "eu-west-2");
    let both = Home::with(&text).env("AWS_DEFAULT_REGION", "eu-west-2").env("AWS_REGION", "eu-west-3");
    assert_eq!(region(both).as_str(), "eu-west-3");
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
    let table = [
        (false, &[][..], None),
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
