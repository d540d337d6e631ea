//! `[cache]` of a fleet: what can be written, and what is said of the rest.

use super::*;
use crate::cache::key_place::KeyPlace;
use crate::cache::redis_server::{Address, Server};
use crate::config::cache::CacheSettings;

const KEY: &str = "key_file = \"fleet.key\"";

fn cache(lines: &str) -> Result<CacheSettings> {
    Home::with(&format!("[cache]\n{lines}\n")).load().unwrap().cache()
}

fn server(lines: &str) -> Server {
    match cache(&format!("{KEY}\n{lines}")).unwrap().store {
        Store::Redis(redis) => redis.server,
        other => panic!("{other:?}"),
    }
}

#[test]
#[cfg_attr(windows, ignore = "its paths are Unix's")]
fn a_url_says_where_as_whom_and_which_database() {
    let table = [
        ("rediss://alice@redis.example.com:6380/3", "rediss://alice@redis.example.com:6380/3"),
        ("rediss://redis.example.com", "rediss://redis.example.com:6379/0"),
        ("valkeys://redis.example.com/", "rediss://redis.example.com:6379/0"),
        ("redis://127.0.0.1", "redis://127.0.0.1:6379/0"),
        ("redis://[::1]:1/", "redis://::1:1/0"),
        ("redis://localhost", "redis://localhost:6379/0"),
        ("unix:///run/redis.sock?user=alice&db=2", "unix:///run/redis.sock"),
    ];
    for (url, expected) in table {
        assert_eq!(server(&format!("store = {url:?}")).to_string(), expected);
    }
    let socket = server("store = \"unix:///run/redis.sock?user=alice&db=2\"");
    assert_eq!((socket.user.as_deref(), socket.database), (Some("alice"), 2));
    let plain = server("store = \"redis://redis.example.com\"\nallow_plain = true");
    assert_eq!(plain.address, Address::Tcp { host: "redis.example.com".into(), port: 6379, is_tls: false });
    let sentinels = server("store = \"rediss://primary\"\nstore_sentinels = [\"a.example.com:26379\", \"[::1]:1\"]");
    assert_eq!(sentinels.sentinels, [("a.example.com".to_owned(), 26379), ("::1".to_owned(), 1)]);
    let rest = server(
        "store = \"rediss://r\"\nstore_timeout_ms = 50\nstore_prefix = \"team-a\"\nstore_cluster = true\n\
         store_client_cert = \"c.pem\"\nstore_client_key = \"k.pem\"",
    );
    assert_eq!((rest.budget, rest.prefix.as_str(), rest.is_cluster), (Duration::from_millis(50), "team-a", true));
    assert!(rest.client.is_some_and(|(certificate, key)| certificate.ends_with("c.pem") && key.ends_with("k.pem")));
}

#[test]
fn the_password_is_read_from_elsewhere_and_known_as_a_secret() {
    let lines = format!("{KEY}\nstore = \"rediss://r\"\nstore_password = {{ env = \"REDIS_PASSWORD\" }}");
    let Store::Redis(redis) = cache(&lines).unwrap().store else { panic!() };
    assert_eq!(redis.password, Some(SecretSource::Env("REDIS_PASSWORD".into())));
    let config = Home::with(&format!("[cache]\n{lines}")).load().unwrap();
    assert_eq!(config.secret_variables(), ["REDIS_PASSWORD"]);
}

#[test]
fn the_first_key_of_a_list_seals_and_a_fleets_key_is_never_made_in_passing() {
    let one = cache(KEY).unwrap();
    assert!(matches!(one.key_place(), Some(KeyPlace::File(path)) if path.ends_with("fleet.key")));
    let several = cache("key_file = [\"new.key\", \"old.key\"]\nstore = \"rediss://r\"").unwrap();
    assert!(matches!(several.key_place(), Some(KeyPlace::Given(path)) if path.ends_with("new.key")));
    assert!(several.old_key_files.len() == 1 && several.old_key_files[0].ends_with("old.key"));
}

#[test]
fn what_is_wrong_is_told_with_the_next_step_and_never_with_the_url() {
    let table = [
        ("store = \"rediss://:hunter2@r\"", Code::InvalidValue, "store_password ="),
        ("store = \"unix:///s?pass=hunter2\"", Code::InvalidValue, "store_password ="),
        ("store = \"redis://hunter2.example.com\"", Code::UrlNotAllowed, "allow_plain = true"),
        ("store = \"https://hunter2.example.com\"", Code::InvalidValue, "rediss://"),
        ("store = \"rediss://\"", Code::InvalidValue, "rediss://"),
        ("store = \"rediss://r/hunter2\"", Code::InvalidValue, "rediss://"),
        ("store = \"rediss://r?hunter2\"", Code::InvalidValue, "rediss://"),
        ("store = \"unix://hunter2\"", Code::InvalidValue, "unix:///"),
        ("store = \"rediss://r\"\nstore_password = \"hunter2\"", Code::InvalidValue, "store_password = {"),
        ("store = \"rediss://r\"\nstore_prefix = \"{hunter2}\"", Code::InvalidValue, ""),
        ("store = \"rediss://r\"\nstore_timeout_ms = 0", Code::InvalidValue, ""),
        ("store = \"rediss://r\"\nstore_sentinels = [\"s\"]", Code::InvalidValue, ""),
        ("store = \"rediss://r\"\nstore_client_cert = \"c.pem\"", Code::MissingKey, ""),
        ("store = \"rediss://r\"\nstore_cluster = true\nstore_sentinels = [\"s:1\"]", Code::ConflictingKeys, ""),
        ("key = \"kernel\"", Code::ConflictingKeys, "remove one"),
    ];
    for (lines, code, hint) in table {
        let error = cache(&format!("{KEY}\n{lines}")).unwrap_err();
        assert_eq!(error.code, code, "{lines}: {error:?}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        assert!(error.hint.as_deref().unwrap_or_default().contains(hint), "{lines}: {error:?}");
    }
    let error = cache("store = \"rediss://r\"").unwrap_err();
    assert_eq!(error.code, Code::MissingKey);
    assert!(error.hint.unwrap().contains("fedcred cache key new"));
}
