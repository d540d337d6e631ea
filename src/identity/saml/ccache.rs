//! The owner of the default ticket cache, read from the cache itself: part of the cache key of `auth = "spnego"`.
//!
//! It is read on the path of a cache hit: GSSAPI is not loaded, no other process is asked, and a few KiB are read. A cache
//! elsewhere (kernel keyring, KCM, macOS's API) cannot be read this way.

use std::path::{Path, PathBuf};

use super::krb5_conf;
use super::krb5_file::Cursor;
use crate::file::{self, kind};
use crate::process::env::Env;

/// The principal of the default ticket cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// `alice@REALM`, as `klist` writes it.
    Known(String),
    /// There is no cache. A login may still succeed with a client keytab that the library finds. Its principal is not known
    /// here, so nothing may be stored for the next process.
    Absent,
    /// Why it cannot be known; fit for a log.
    Unknowable(String),
}

/// Returns the owner of the ticket that GSSAPI would use: of `KRB5CCNAME`, else `default_ccache_name` of krb5.conf, else
/// `FILE:/tmp/krb5cc_UID`. On Windows, where SSPI uses none of these, the user that is logged in.
pub fn default_cache_owner(env: &Env) -> Owner {
    if cfg!(windows) && env.os("KRB5CCNAME").is_none() {
        return match (env.text("USERNAME"), env.text("USERDNSDOMAIN").or_else(|| env.text("USERDOMAIN"))) {
            (Some(user), Some(domain)) => Owner::Known(format!("{user}@{domain}")),
            _ => Owner::Unknowable("neither USERNAME nor USERDOMAIN is set".into()),
        };
    }
    match cache_name(env).and_then(|name| owner_of(&name)) {
        Ok(Some(principal)) => Owner::Known(principal),
        Ok(None) => Owner::Absent,
        Err(why) => Owner::Unknowable(why),
    }
}

/// Returns the file of the ticket cache that a login would use. With `principal` (`alice` or `alice@REALM`) it is looked for in
/// a collection, as GSSAPI does. `None` if the cache is no file, or there is none of this principal.
pub fn cache_file(env: &Env, principal: Option<&str>) -> Option<PathBuf> {
    let is_wanted = |file: &PathBuf| match principal {
        None => true,
        Some(wanted) => owner_of_file(file).is_ok_and(|owner| owner.is_some_and(|owner| is_same(&owner, wanted))),
    };
    files(&cache_name(env).ok()?).ok()?.into_iter().rev().find(is_wanted)
}

/// Whether `owner` is the principal `wanted`, which may be without its realm.
fn is_same(owner: &str, wanted: &str) -> bool {
    owner == wanted || !wanted.contains('@') && owner.rsplit_once('@').is_some_and(|(name, _)| name == wanted)
}

type Result<T> = std::result::Result<T, String>;

/// The name of the default cache as `klist` prints it: `TYPE:residual` or a path.
fn cache_name(env: &Env) -> Result<String> {
    if let Some(name) = env.os("KRB5CCNAME") {
        return name.into_string().map_err(|_| "KRB5CCNAME is not Unicode".into());
    }
    match krb5_conf::default_ccache_name(env)? {
        Some(name) => expand(&name),
        None if cfg!(target_os = "macos") => Err("the ticket cache is macOS's own (API:)".into()),
        None => expand("FILE:/tmp/krb5cc_%{uid}"),
    }
}

/// Expands the tokens of krb5.conf(5), "Parameter expansion", that need no database of the machine.
fn expand(name: &str) -> Result<String> {
    let mut expanded = String::new();
    let mut rest = name;
    while let Some((before, after)) = rest.split_once("%{") {
        let (token, after) = after.split_once('}').unwrap_or((after, ""));
        expanded.push_str(before);
        expanded.push_str(&match token {
            "uid" => user_id(),
            "euid" => effective_user_id(),
            "null" => String::new(),
            _ => {
                return Err(format!("default_ccache_name holds %{{{token}}}, which only the Kerberos library expands"));
            }
        });
        rest = after;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

#[cfg(unix)]
fn user_id() -> String {
    rustix::process::getuid().as_raw().to_string()
}

#[cfg(unix)]
fn effective_user_id() -> String {
    rustix::process::geteuid().as_raw().to_string()
}

#[cfg(not(unix))]
fn user_id() -> String {
    String::new()
}

#[cfg(not(unix))]
use user_id as effective_user_id;

/// Out of several caches the library picks one by the service (k5identity, realm), so the owner is known only of one.
fn owner_of(name: &str) -> Result<Option<String>> {
    match files(name)?.as_slice() {
        [] => Ok(None),
        [file] => owner_of_file(file),
        _ => Err(format!("{name} holds several ticket caches")),
    }
}

/// The files that a cache name means. `DIR:` names a collection, `DIR::` one cache in it. As in libkrb5, a name that begins with
/// a slash, or has no colon, is a path.
fn files(name: &str) -> Result<Vec<PathBuf>> {
    let is_path = |kind: &str| name.starts_with('/') || cfg!(windows) && kind.len() == 1;
    let Some((kind, residual)) = name.split_once(':').filter(|(kind, _)| !is_path(kind)) else {
        return Ok(vec![name.into()]);
    };
    match (kind, residual.strip_prefix(':')) {
        ("FILE" | "WRFILE", _) => Ok(vec![residual.into()]),
        ("DIR", Some(path)) => Ok(vec![path.into()]),
        ("DIR", None) => Ok(caches_in(residual)),
        _ => Err(format!("a ticket cache of type {kind} can be read by the Kerberos library only")),
    }
}

fn caches_in(directory: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let caches = entries.flatten().filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b"tkt"));
    caches.map(|entry| entry.path()).collect()
}

/// Does not wait: somebody else's pipe at the well-known name in /tmp must not delay a cache hit.
fn owner_of_file(path: &Path) -> Result<Option<String>> {
    let head = match file::head(path, &kind::TICKETS_HEAD) {
        Ok(head) => head,
        Err(fault) if fault.is_absent() => return Ok(None),
        Err(fault) => return Err(fault.in_a_sentence()),
    };
    principal(&head).map(Some).ok_or_else(|| format!("ticket cache {} is not in a format known here", path.display()))
}

/// The default principal, from the beginning of a FILE cache.
fn principal(cache: &[u8]) -> Option<String> {
    let (version, mut cursor) = Cursor::of_cache(cache)?;
    let (names, realm) = cursor.principal(version)?;
    let names: Vec<String> = names.into_iter().map(quoted).collect::<Option<_>>()?;
    let (name, realm) = (names.join("/"), quoted(realm)?);
    (!name.is_empty()).then(|| format!("{name}@{realm}"))
}

/// Quotes as `krb5_unparse_name` does, so that no two principals look alike. `None` if it holds a control character.
fn quoted(part: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(part).ok()?;
    let mut quoted = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '/' | '@' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => return None,
            c => quoted.push(c),
        }
    }
    Some(quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The beginning of a cache of this version.
    fn cache(version: u8, realm: &str, components: &[&str]) -> Vec<u8> {
        let word = |number: usize| {
            let number = number as u32;
            if version <= 2 { number.to_ne_bytes() } else { number.to_be_bytes() }
        };
        let mut bytes = vec![5, version];
        if version == 4 {
            // KDC time offset, as MIT's kinit writes it
            bytes.extend([0, 12, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0]);
        }
        if version != 1 {
            bytes.extend(word(1));
        }
        bytes.extend(word(components.len() + usize::from(version == 1)));
        for part in [&[realm], components].concat() {
            bytes.extend(word(part.len()));
            bytes.extend(part.as_bytes());
        }
        bytes
    }

    fn owner(name: impl Into<std::ffi::OsString>) -> Owner {
        default_cache_owner(&Env::fixed([("KRB5CCNAME", name)]))
    }

    #[test]
    fn every_version_of_the_format_names_its_principal() {
        for version in 1..=4 {
            assert_eq!(principal(&cache(version, "EXAMPLE.TEST", &["alice"])).as_deref(), Some("alice@EXAMPLE.TEST"));
            let service = cache(version, "EXAMPLE.TEST", &["HTTP", "idp.example.test"]);
            assert_eq!(principal(&service).as_deref(), Some("HTTP/idp.example.test@EXAMPLE.TEST"));
        }
    }

    #[test]
    fn the_cache_of_a_named_principal_is_found_in_a_collection() {
        let dir = tempfile::tempdir().unwrap();
        for (name, owner) in [("tkt1", "alice"), ("tkt2", "bob"), ("primary", "x")] {
            std::fs::write(dir.path().join(name), cache(4, "EXAMPLE.TEST", &[owner])).unwrap();
        }
        let at = |name: &str| Some(dir.path().join(name));
        let collection = format!("DIR:{}", dir.path().display());
        let one = format!("FILE:{}", dir.path().join("tkt1").display());
        let table = [
            (&collection, "alice", at("tkt1")),
            (&collection, "bob@EXAMPLE.TEST", at("tkt2")),
            (&collection, "bob@ELSEWHERE.TEST", None),
            (&one, "alice@EXAMPLE.TEST", at("tkt1")),
            (&one, "bob", None),
        ];
        for (name, principal, expected) in table {
            let env = Env::fixed([("KRB5CCNAME", name.as_str())]);
            assert_eq!(cache_file(&env, Some(principal)), expected, "{name} {principal}");
        }
        assert_eq!(cache_file(&Env::fixed([("KRB5CCNAME", one.as_str())]), None), at("tkt1"));
    }

    #[test]
    fn no_two_principals_look_alike() {
        let table = [
            (cache(4, "R", &["a/b"]), r"a\/b@R"),
            (cache(4, "R", &["a", "b"]), "a/b@R"),
            (cache(4, "R", &["a@B"]), r"a\@B@R"),
            (cache(4, "R", &[r"a\"]), r"a\\@R"),
        ];
        for (bytes, expected) in table {
            assert_eq!(principal(&bytes).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_cache_that_is_cut_short_or_lies_about_its_lengths_names_nobody() {
        let whole = cache(4, "EXAMPLE.TEST", &["alice"]);
        for length in 0..whole.len() {
            assert_eq!(principal(&whole[..length]), None, "{length}");
        }
        for bytes in [
            &b"\x05\x05\x00\x00"[..],
            b"\x04\x04\x00\x00",
            b"\x05\x04\xff\xff",
            b"\x05\x03\x00\x00\x00\x01\xff\xff\xff\xff\x00\x00\x00\x00",
            b"\x05\x03\x00\x00\x00\x01\x00\x00\x00\x01\xff\xff\xff\xff",
            &cache(4, "R", &[]),
            &cache(4, "R", &["a\nb"]),
        ] {
            assert_eq!(principal(bytes), None, "{bytes:02x?}");
        }
    }

    #[test]
    fn file_caches_and_directories_with_one_cache_are_read_and_others_named() {
        let home = tempfile::tempdir().unwrap();
        let path = |name: &str| home.path().join(name).display().to_string();
        std::fs::create_dir_all(path("one")).unwrap();
        std::fs::create_dir_all(path("two")).unwrap();
        std::fs::create_dir_all(path("none")).unwrap();
        let alice = cache(4, "EXAMPLE.TEST", &["alice"]);
        std::fs::write(path("one/tkt"), &alice).unwrap();
        std::fs::write(path("one/primary"), "tkt\n").unwrap();
        std::fs::write(path("two/tkt"), &alice).unwrap();
        std::fs::write(path("two/tktBob"), cache(4, "EXAMPLE.TEST", &["bob"])).unwrap();
        std::fs::write(path("empty"), "").unwrap();
        let known = |name: &str| Some(Owner::Known(format!("{name}@EXAMPLE.TEST")));
        let table = [
            (path("one/tkt"), known("alice")),
            (format!("FILE:{}", path("one/tkt")), known("alice")),
            (format!("DIR:{}", path("one")), known("alice")),
            (format!("DIR::{}", path("two/tktBob")), known("bob")),
            (format!("DIR:{}", path("two")), None),
            (format!("DIR:{}", path("none")), Some(Owner::Absent)),
            (format!("FILE:{}", path("nowhere")), Some(Owner::Absent)),
            (format!("FILE:{}", path("empty")), None),
            (format!("FILE:{}", path("one")), None),
            ("KEYRING:persistent:0".into(), None),
            ("KCM:".into(), None),
            ("API:1".into(), None),
            ("MEMORY:a".into(), None),
        ];
        for (name, expected) in table {
            let found = owner(&name);
            match expected {
                Some(expected) => assert_eq!(found, expected, "{name}"),
                None => assert!(matches!(found, Owner::Unknowable(_)), "{name}: {found:?}"),
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_setting_of_krb5_conf_counts_when_the_variable_is_not_set() {
        let home = tempfile::tempdir().unwrap();
        let cache_path = home.path().join(format!("cc_{}", user_id()));
        std::fs::write(&cache_path, cache(3, "EXAMPLE.TEST", &["carol"])).unwrap();
        let conf = home.path().join("krb5.conf");
        let name = format!("FILE:{}/cc_%{{uid}}", home.path().display());
        std::fs::write(&conf, format!("[libdefaults]\n default_ccache_name = {name}\n")).unwrap();
        let env = Env::fixed([("KRB5_CONFIG", &conf)]);
        assert_eq!(default_cache_owner(&env), Owner::Known("carol@EXAMPLE.TEST".into()));

        std::fs::write(&conf, "[libdefaults]\n default_ccache_name = FILE:/tmp/%{username}\n").unwrap();
        assert!(matches!(default_cache_owner(&env), Owner::Unknowable(why) if why.contains("%{username}")));
    }
}
