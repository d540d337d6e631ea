use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

use super::*;
use crate::error::Code;

const ANY: Kind = Kind { noun: "the test's file", max: 100, access: Access::Any };

fn of(access: Access) -> Kind {
    Kind { access, ..ANY }
}

fn written(dir: &Path, mode: u32) -> PathBuf {
    let path = dir.join(format!("{mode:o}"));
    fs::write(&path, "text").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    path
}

fn why(path: &Path, kind: &Kind) -> String {
    let error = read(path, kind).unwrap_err().error(Code::FileUnreadable);
    format!("{}: {} {:?}", error.code.as_str(), error.what, error.causes)
}

#[test]
fn whatever_is_no_regular_file_is_refused_at_once() {
    let home = tempfile::tempdir().unwrap();
    let pipe = home.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let socket = home.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let link = home.path().join("link");
    symlink(&pipe, &link).unwrap();
    let table = [
        (pipe.as_path(), "a named pipe"),
        (&link, "a named pipe"),
        (&socket, "a socket"),
        (home.path(), "a directory"),
        (Path::new("/dev/zero"), "a device"),
        (Path::new("/dev/null"), "a device"),
    ];
    for (path, expected) in table {
        for access in [Access::Any, Access::Trusted, Access::Secret, Access::Guard] {
            let told = why(path, &of(access));
            assert!(told.contains(expected) && told.starts_with("file-unreadable"), "{told}");
            assert!(head(path, &of(access)).is_err() && check(path, &of(access)).is_err(), "{}", path.display());
        }
    }
}

#[test]
fn a_file_without_a_size_is_not_read() {
    // One that never ends, or waits, looks like this one to the system.
    assert_eq!(read(Path::new("/proc/self/status"), &ANY).unwrap().len(), 0);
}

#[test]
fn a_file_is_read_to_its_limit_and_not_beyond() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("file");
    for (len, is_read) in [(0, true), (100, true), (101, false), (1 << 20, false)] {
        fs::write(&path, vec![b'a'; len]).unwrap();
        assert_eq!(read(&path, &ANY).is_ok_and(|bytes| bytes.len() == len), is_read, "{len}");
        assert_eq!(head(&path, &ANY).unwrap().len(), len.min(100));
    }
    assert!(why(&path, &ANY).contains("larger than 100 bytes"), "{}", why(&path, &ANY));
    fs::write(&path, b"\xff").unwrap();
    assert!(text(&path, &ANY).unwrap_err().error(Code::FileUnreadable).causes[0].contains("UTF-8"));
}

#[test]
fn the_mode_has_to_suit_what_the_file_is_for() {
    let home = tempfile::tempdir().unwrap();
    // what Any, Trusted, Secret, Guard and OursAlone say of a file of this user's
    let table = [
        (0o600, [true, true, true, true, true]),
        (0o400, [true, true, true, true, true]),
        (0o640, [true, true, true, true, false]),
        (0o644, [true, true, false, false, false]),
        (0o660, [true, false, true, true, false]),
        (0o604, [true, true, false, false, false]),
        (0o602, [true, false, false, false, false]),
        (0o666, [true, false, false, false, false]),
    ];
    for (mode, expected) in table {
        let path = written(home.path(), mode);
        let all = [Access::Any, Access::Trusted, Access::Secret, Access::Guard, Access::OursAlone];
        assert_eq!(all.map(|access| read(&path, &of(access)).is_ok()), expected, "{mode:o}");
    }
    let open = why(&written(home.path(), 0o644), &of(Access::Secret));
    assert!(open.starts_with("insecure-permissions: ") && open.contains("0644"), "{open}");
}

#[test]
fn links_are_followed_as_kubernetes_makes_them_but_not_to_what_is_ours_alone() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("..2026_11_26")).unwrap();
    fs::rename(written(home.path(), 0o640), home.path().join("..2026_11_26/token")).unwrap();
    symlink("..2026_11_26", home.path().join("..data")).unwrap();
    let token = home.path().join("token");
    symlink("..data/token", &token).unwrap();
    assert_eq!(text(&token, &of(Access::Guard)).unwrap(), "text");
    assert!(why(&token, &of(Access::OursAlone)).contains("a symbolic link"));
    fs::remove_file(home.path().join("..data")).unwrap();
    assert!(read(&token, &ANY).unwrap_err().is_absent());
}

#[test]
fn a_secret_in_place_of_a_path_is_not_repeated() {
    for secret in ["eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln", "{\"private_key\": \"x\"}", "a\nb", &"x".repeat(5000)] {
        for error in [why(Path::new(secret), &ANY), why(&Path::new("/etc/fedcred").join(secret), &ANY)] {
            assert!(error.starts_with("invalid-value: ") && !error.contains(secret), "{error}");
        }
    }
}
