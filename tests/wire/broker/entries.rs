//! What lies in the cache is believed only when it is ours, whole, and for this very profile.

use std::fs;

use super::{age, entry, kept};
use crate::support::assertion::{ADMIN, Assertion};
use crate::support::entries::key_of;
use crate::support::idp::Site;
use crate::world::World;

fn world() -> World {
    World::form(Site::with_login(Assertion::default()))
        .also(&format!("[profile.admin]\ninclude = \"dev\"\nrole_arn = \"{ADMIN}\"\n"))
}

#[test]
fn an_entry_of_another_profile_copied_over_is_a_miss() {
    let world = world();
    let dev = world.get().succeeds();
    let path = entry(&world);
    let admin = world.run(&["get", "admin"]).succeeds();
    let is_entry = |file: &std::path::PathBuf| key_of(file).is_some() && *file != path;
    let admins = world.files().into_iter().find(is_entry).expect("the other entry");
    fs::copy(admins, &path).unwrap();
    let printed = world.get().succeeds();
    assert!(printed["AccessKeyId"] != admin["AccessKeyId"] && printed["AccessKeyId"] != dev["AccessKeyId"]);
    assert_eq!(world.sts.calls().len(), 3);
}

type Damage = fn(&mut Vec<u8>);

#[test]
fn an_entry_that_is_not_as_it_was_written_is_a_miss_and_never_an_error() {
    // Byte 48 begins the time of issue, 56 that of expiry, 64 the generation; the body comes after 96.
    let damages: [(&str, Damage); 8] = [
        ("empty", |file| file.clear()),
        ("cut in the header", |file| file.truncate(50)),
        ("cut in the body", |file| file.truncate(file.len() - 1)),
        ("grown", |file| file.push(0)),
        ("issued later", |file| file[55] ^= 0x40),
        ("expires later", |file| file[63] ^= 0x40),
        ("of another generation", |file| file[71] ^= 1),
        ("one bit of the body", |file| file[120] ^= 1),
    ];
    let world = world();
    for (number, (what, damage)) in damages.into_iter().enumerate() {
        world.get().succeeds();
        let path = entry(&world);
        let mut file = fs::read(&path).unwrap();
        damage(&mut file);
        fs::write(&path, file).unwrap();
        world.get().succeeds();
        assert_eq!(world.sts.calls().len(), number + 2, "{what}");
    }
}

#[test]
fn an_entry_from_the_future_is_refreshed() {
    for minutes in [10, 3 * 60] {
        let world = world();
        let first = world.get().succeeds();
        age(&world, -minutes);
        assert_ne!(world.get().succeeds()["AccessKeyId"], first["AccessKeyId"], "{minutes}");
    }
}

#[test]
fn an_entry_is_of_no_use_without_the_key_that_sealed_it() {
    let world = world();
    world.get().succeeds();
    fs::remove_file(kept(&world, "cache.key").remove(0)).unwrap();
    world.get().succeeds();
    world.get().succeeds();
    assert_eq!(world.sts.calls().len(), 2, "a new key seals a new entry");
}

#[test]
fn a_lost_record_does_not_make_the_old_entry_news() {
    let world = world();
    let first = world.get().succeeds();
    world.get_with(&["--force"]).succeeds();
    fs::write(kept(&world, ".memo.v3").remove(0), "not a record").unwrap();
    let forced = world.get_with(&["--force"]).succeeds();
    assert_ne!(forced, first);
    assert_eq!(world.sts.calls().len(), 3);
}

#[test]
#[cfg(unix)]
fn where_an_entry_cannot_be_read_it_is_kept_elsewhere() {
    // A link that leads to itself: unlike a permission, it stops root, too.
    let world = world();
    let circle = world.path("circle");
    std::os::unix::fs::symlink(&circle, &circle).unwrap();
    let world = world.env("FEDCRED_CACHE_DIR", circle.join("cache").to_str().unwrap());
    world.get().succeeds();
    world.get().succeeds();
    assert_eq!(world.sts.calls().len(), 1);
    fs::remove_file(circle).unwrap();
}
