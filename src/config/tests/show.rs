//! What `config check`, `show` and `path` tell.

use super::*;

#[test]
fn check_tells_everything_that_is_wrong_and_each_thing_once() {
    let text = format!(
        "{}regoin = 1\nverify = 2\n[profile.y]\ninclude = \"x\"\n[profile.z]\nduration = \"1m\"\n[cache]\ndri = 1\n[cash]\n",
        saml("")
    );
    let errors = Home::with(&text).load().unwrap().check();
    let told: Vec<&str> = errors.iter().map(|error| error.what.split(": ").nth(1).unwrap()).collect();
    let expected = [
        "unknown key `dri` in [cache]",
        "unknown key `cash` in the file's top level",
        "unknown key `regoin` in [profile.x.saml]",
        "`verify` in [profile.x.saml] must be true or false, not an integer",
        "`duration` in [profile.z] must be between 15m and 12h",
        "[profile.z] has no `saml`",
    ];
    assert_eq!(told, expected);
}

#[test]
fn what_is_only_there_to_be_included_may_be_incomplete() {
    let text = "[profile.base]\nregion = \"eu-west-1\"\n[profile.base.saml]\nusername = \"alice\"\n\
                [profile.x]\ninclude = \"base\"\n[profile.x.saml]\nauth = \"form\"\nidp_url = \"https://idp.example.com\"\n\
                password = { env = \"PW\" }\n";
    assert_eq!(Home::with(text).load().unwrap().check(), []);
    assert!(!Home::with(&text.replace("include", "#")).load().unwrap().check().is_empty());
}

#[test]
#[cfg_attr(windows, ignore = "its paths are Unix's")]
fn show_tells_every_effective_value_and_where_it_came_from() {
    let text = "[profile.base]\nregion = \"eu-west-1\"\n[profile.base.saml]\ntimeout = 90\n[profile.x]\ninclude = \"base\"\n\
                [profile.x.saml]\nidp_url = \"https://idp.example.com/saml?a=b\"\nauth = \"form\"\nusername = \"al\\\"ice\"\n\
                password = { command = [\"pass\", \"--pin=hunter2\"] }\nheaders = { X-Api-Key = \"hunter2\", Accept = \"text/html\" }\n";
    let home = Home::with(text)
        .machine("[profile.x]\nduration = \"2h\"\n[profile.x.saml.retry]\ntotal = 3\n")
        .env("AWS_ENDPOINT_URL_STS", "http://localhost:4566");
    let config = home.load().unwrap();
    let shown: Vec<String> =
        config.show("x").unwrap().iter().map(|row| format!("{} = {} # {}", row.key, row.value, row.origin)).collect();
    let expected = [
        "role_arn = (with saml, the only offered role) # built-in",
        "region = \"eu-west-1\" # included from profile base, ~/.config/fedcred/config.toml:2",
        "sts_endpoint_url = \"http://localhost:4566/\" # $AWS_ENDPOINT_URL_STS",
        "use_fips_endpoint = false # built-in",
        "use_dualstack_endpoint = false # built-in",
        "aws_ca_bundle = (the system's roots, or $AWS_CA_BUNDLE) # built-in",
        "duration = \"2h\" # ~/etc/config.toml:2",
        "policy = (none) # built-in",
        "policy_arns = [] # built-in",
        "deadline = \"20s\" # built-in",
        "saml.idp_url = \"https://idp.example.com/saml?a=b\" # ~/.config/fedcred/config.toml:8",
        "saml.authn_request = false # built-in",
        "saml.auth = \"form\" # ~/.config/fedcred/config.toml:9",
        "saml.principal_arn = (the one that the assertion pairs with the role) # built-in",
        "saml.username = \"al\\\"ice\" # ~/.config/fedcred/config.toml:10",
        "saml.password = { command = [\"pass\", …] } # ~/.config/fedcred/config.toml:11",
        "saml.username_field = (found on the page) # built-in",
        "saml.password_field = (found on the page) # built-in",
        "saml.otp = (computed from otp_secret, or asked for by `login`) # built-in",
        "saml.otp_field = (found on the page) # built-in",
        "saml.account_field = (found on the page) # built-in",
        "saml.remember_field = (none: the device is not remembered) # built-in",
        "saml.form = (found on the page) # built-in",
        "saml.button = (found on the page) # built-in",
        "saml.xpath = \"//input[@name=\\\"SAMLResponse\\\"]/@value\" # built-in",
        "saml.parser = \"html\" # built-in",
        "saml.ca_bundle = (the system's roots) # built-in",
        "saml.client_cert = (none) # built-in",
        "saml.client_key = (none) # built-in",
        "saml.proxy = (HTTPS_PROXY and NO_PROXY) # built-in",
        "saml.timeout = \"1m30s\" # included from profile base, ~/.config/fedcred/config.toml:4",
        "saml.verify = true # built-in",
        "saml.allow_http = false # built-in",
        "saml.idp_origins = [] # built-in",
        "saml.user_agent = (fedcred's own) # built-in",
        "saml.headers.Accept = \"text/html\" # ~/.config/fedcred/config.toml:12",
        "saml.headers.X-Api-Key = [redacted] # ~/.config/fedcred/config.toml:12",
        "saml.retry.total = 3 # ~/etc/config.toml:4",
        "saml.retry.backoff_factor = 0.5 # built-in",
        "saml.retry.backoff_max = \"5s\" # built-in",
        "saml.retry.status_forcelist = [429, 500, 502, 503, 504] # built-in",
        "saml.retry.respect_retry_after = true # built-in",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn every_key_that_is_written_is_shown_with_its_line() {
    let config_rows = |home: &Home| -> Vec<(String, String)> {
        let config = home.load().unwrap();
        config.show("x").unwrap().iter().map(|row| (row.key.clone(), row.origin.to_string())).collect()
    };
    for (key, origin) in config_rows(&Home::with(WHOLE)) {
        assert_eq!(origin == "built-in", key == "aws_ca_bundle", "{key}: {origin}");
    }
}

#[test]
fn paths_tell_what_was_looked_at_and_what_is_there() {
    let home = Home::with("[cache]\ndir = \"~/kept\"\n");
    let paths = home.load().unwrap().paths();
    let files: Vec<_> = paths.files.iter().map(|file| (file.path.clone(), file.named_by, file.exists)).collect();
    let expected =
        [(home.path(".config/fedcred/config.toml"), "user", true), (home.path("etc/config.toml"), "machine", false)];
    assert_eq!(files, expected);
    assert_eq!(paths.cache_dir, Some(home.path("kept")));
}
