use std::fs;

use super::*;
use crate::process::env::HOME;

const BOTO: Kind = KINDS[3];

fn replacement(kind: &Kind, text: &[u8]) -> Option<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    kind.replacement(file.path()).map(|(text, _)| text.to_string())
}

/// A kind of file, its text, and what the command gets in its place.
const OF_A_DEFAULT_SECTION: &[(Kind, &str, Option<&str>)] = &[
    (
        CREDENTIALS,
        "[default]\naws_access_key_id = A\naws_secret_access_key = S\n[dev]\naws_access_key_id = D\n",
        Some("[default]\n[dev]\naws_access_key_id = D\n"),
    ),
    (CREDENTIALS, "[dev]\naws_access_key_id = D\n", None),
    (CREDENTIALS, "[default]\nregion = eu-west-1\n", None),
    (CREDENTIALS, "", None),
    (CREDENTIALS, "\u{feff}[default]\naws_access_key_id=A", Some("\u{feff}[default]\n")),
    (CREDENTIALS, "[default]\n    aws_access_key_id = A\n", Some("[default]\n")),
    (CREDENTIALS, " [ default ]\r\n\taws_access_key_id = A ; x\r\n\tr = s\r\n", Some(" [ default ]\r\n\tr = s\r\n")),
    (CREDENTIALS, "[default]\rregion = r\raws_access_key_id = A\r", Some("[default]\rregion = r\r")),
    (CREDENTIALS, "[default]\nregion = r\n  aws_access_key_id = A\n", Some("[default]\nregion = r\n")),
    // The first is Python's section whose values all others have; Go's SDKs look for the second in this file too.
    (CREDENTIALS, "[DEFAULT]\naws_access_key_id = A\n[default]\n", Some("[DEFAULT]\n[default]\n")),
    (CREDENTIALS, "[profile default]\naws_access_key_id = A\n", Some("[profile default]\n")),
    (CREDENTIALS, "[\tdefault\t]#c\nAWS_Access_Key_Id\t=\tA\nr = s\n", Some("[\tdefault\t]#c\nr = s\n")),
    (CREDENTIALS, "[\"default\"]\naws_access_key_id:A\n", Some("[\"default\"]\n")),
    (CREDENTIALS, "['profile' 'default'] ; c\n\u{a0}aws_session_token=T\n", Some("['profile' 'default'] ; c\n")),
    (CREDENTIALS, "[default]\n\u{c}aws_secret_access_key = S ; c\n# end", Some("[default]\n# end")),
    (CREDENTIALS, "[default]\n# aws_access_key_id = A\n;aws_secret_access_key = S\n", None),
    (
        CREDENTIALS,
        "[default]\r\naws_access_key_id = A\r\n\r\n[default]\r\naws_access_key_id = B\r\n",
        Some("[default]\r\n\r\n[default]\r\n"),
    ),
    (CONFIG, "[default]\ncredential_process =\n  /bin/x\nregion = r\n", Some("[default]\nregion = r\n")),
    (
        CONFIG,
        "[default]\ncredential_process = '/opt/my idp/x' # a = b\n\tgoes on\nregion = r\n",
        Some("[default]\nregion = r\n"),
    ),
    (
        CONFIG,
        "[default]\nsso_account_id = 1\nsso_role_name = R\nlogin_session = arn\n[dev]\nsso_session = c\n",
        Some("[default]\n[dev]\nsso_session = c\n"),
    ),
    (CONFIG, "[services default]\ncredential_process = x\n[default x]\nrole_arn = a\n", None),
    (
        CREDENTIALS,
        "[default]\na = b\n[x]\n[default]\naws_access_key_id = A\n",
        Some("[default]\na = b\n[x]\n[default]\n"),
    ),
    (
        CONFIG,
        "[default]\nregion = eu-west-1\ncredential_process = /bin/x\ns3 =\n  max_queue_size = 10\n",
        Some("[default]\nregion = eu-west-1\ns3 =\n  max_queue_size = 10\n"),
    ),
    (
        CONFIG,
        "[ profile \"default\" ] # mine\nSSO_Session : corp\noutput = json\n",
        Some("[ profile \"default\" ] # mine\noutput = json\n"),
    ),
    (CONFIG, "[default]\nrole_arn = a\n  b\n# c\nregion = r\n", Some("[default]\n# c\nregion = r\n")),
    (CONFIG, "[profile default-2]\nrole_arn = a\n[sso-session default]\nsso_region = r\n", None),
    (
        BOTO,
        "[Credentials]\naws_access_key_id = A\ngs_key = G\n[default]\nrole_arn = r\n",
        Some("[Credentials]\ngs_key = G\n[default]\nrole_arn = r\n"),
    ),
];

#[test]
fn only_the_default_sections_credentials_go() {
    for &(kind, text, expected) in OF_A_DEFAULT_SECTION {
        assert_eq!(replacement(&kind, text.as_bytes()).as_deref(), expected, "{text:?}");
    }
}

#[test]
fn what_cannot_be_judged_is_replaced_by_nothing() {
    let many = "[other]\naws_access_key_id = A\n".repeat(300_000);
    assert_eq!(replacement(&CREDENTIALS, many.as_bytes()), None, "8 MB are judged");
    let large = format!("{many}[default]\naws_access_key_id = B\n");
    assert_eq!(replacement(&CREDENTIALS, large.as_bytes()), Some(format!("{many}[default]\n")));
    for odd in
        ["[default]\nregion = r\n  [other]\naws_access_key_id = A\n", "[default\naws_access_key_id = A\n", "[a]\0"]
    {
        assert_eq!(replacement(&CREDENTIALS, odd.as_bytes()).as_deref(), Some(""), "{odd:?}");
    }
    let home = tempfile::tempdir().unwrap();
    let file = fs::File::create(home.path().join("sparse")).unwrap();
    file.set_len(AWS.max + 1).unwrap();
    let of = |path: &Path| CREDENTIALS.replacement(path).map(|(text, _)| text.to_string());
    assert_eq!(of(&home.path().join("sparse")).as_deref(), Some(""));
    assert_eq!(of(home.path()).as_deref(), Some(""), "a directory");
    assert_eq!(of(&home.path().join("absent")), None);
    assert_eq!(of(&home.path().join("sparse/below")), None);
}

#[test]
#[cfg(unix)]
fn a_pipe_is_replaced_and_not_waited_for() {
    let home = tempfile::tempdir().unwrap();
    let pipe = home.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    for path in [pipe.as_path(), Path::new("/dev/null")] {
        assert_eq!(CONFIG.replacement(path).map(|(text, _)| text.len()), Some(0), "{}", path.display());
    }
}

#[test]
fn files_are_named_by_their_variables_and_gone_at_the_end() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".aws")).unwrap();
    fs::write(home.path().join(".aws/credentials"), "[default]\naws_access_key_id = A\n[dev]\nx = y\n").unwrap();
    fs::write(home.path().join(".aws/config"), "[default]\nregion = eu-west-1\n").unwrap();
    let env = Env::fixed([(HOME, home.path()), ("TMPDIR", home.path())]);
    let mut files = PrivateFiles::of(&env).unwrap();
    files.token(&Secret::new("token".into()), &env);
    let all: Vec<(&str, String)> =
        files.variables().map(|(name, path)| (name, fs::read_to_string(path).unwrap_or_default())).collect();
    let copy = "[default]\n[dev]\nx = y\n".to_owned();
    let expected = [
        ("AWS_SHARED_CREDENTIALS_FILE", copy.clone()),
        ("AWS_CREDENTIAL_PROFILES_FILE", copy.clone()),
        ("CPL_AWS_CREDENTIALS_FILE", copy),
        (READ_NAMED_FILES, String::new()),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "token".to_owned()),
    ];
    assert_eq!(all, expected);
    let path = PathBuf::from(files.variables().next().unwrap().1);
    drop(files);
    assert!(!path.exists());
}

#[test]
#[cfg(unix)]
fn a_file_is_looked_for_wherever_an_sdk_finds_it() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".aws")).unwrap();
    let usual = home.path().join(".aws/credentials");
    let variables = |named: Option<&str>| {
        let home = [("HOME", home.path()), ("TMPDIR", home.path())];
        let named = named.map(|named| ("AWS_SHARED_CREDENTIALS_FILE", Path::new(named)));
        let env = Env::fixed(home.into_iter().chain(named));
        let files = PrivateFiles::of(&env).unwrap();
        let names: Vec<&str> = files.variables().map(|(name, _)| name).collect();
        names.join(" ")
    };
    assert_eq!(variables(Some("~/.aws/credentials")), "");
    assert_eq!(variables(Some("~other/credentials")), "AWS_SHARED_CREDENTIALS_FILE");
    fs::write(usual, "[default]\naws_access_key_id = A\n").unwrap();
    let unset = "AWS_SHARED_CREDENTIALS_FILE AWS_CREDENTIAL_PROFILES_FILE CPL_AWS_CREDENTIALS_FILE AWS_SDK_LOAD_CONFIG AWS_CONFIG_FILE";
    assert_eq!(variables(None), unset);
    for named in ["~/.aws/credentials", "$HOME/.aws/credentials", "${HOME}/.aws/../.aws/credentials"] {
        assert_eq!(variables(Some(named)), unset, "{named}");
    }
    // The SDK for JavaScript 2 reads the usual file all the same, if nothing tells it not to.
    let unread = "AWS_CREDENTIAL_PROFILES_FILE CPL_AWS_CREDENTIALS_FILE AWS_SDK_LOAD_CONFIG AWS_CONFIG_FILE";
    assert_eq!(variables(Some("/nowhere/credentials")), unread);
}
