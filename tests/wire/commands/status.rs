//! `fedcred status`: every state, told without a request and without a file.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::assertion::{Assertion, DEV};
use crate::support::idp::Site;
use crate::world::World;

fn world() -> World {
    World::form(Site::with_login(Assertion::default()))
}

/// What it tells in JSON. It must leave everything as it was.
fn status(world: &World) -> Value {
    let before = (world.connections(), everything(world));
    let run = world.run(&["status", "--json"]);
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    assert_eq!((world.connections(), everything(world)), before, "it only looks");
    serde_json::from_str(&run.stdout).unwrap()
}

/// The one profile's.
fn dev(world: &World) -> Value {
    status(world)["profiles"][0].clone()
}

/// Every file and directory at home, with its time; the configuration is written for each command.
fn everything(world: &World) -> Vec<(PathBuf, std::time::SystemTime)> {
    fn below(directory: PathBuf) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path());
        entries
            .flat_map(|path| if path.is_dir() { [vec![path.clone()], below(path)].concat() } else { vec![path] })
            .collect()
    }
    world.command("true");
    let paths = below(world.path("")).into_iter().filter(|path| !path.ends_with("config.toml"));
    paths.map(|path| (path.clone(), path.metadata().unwrap().modified().unwrap())).collect()
}

#[test]
fn before_the_first_login_there_is_nothing_and_nothing_is_made() {
    let world = world();
    let row = dev(&world);
    assert_eq!((&row["profile"], &row["state"], &row["who"]), (&"dev".into(), &"none".into(), &"alice".into()));
    assert_eq!(row["role_arn"], DEV);
    for key in ["expires", "expires_in_seconds", "last_failure", "not_kept"] {
        assert!(row[key].is_null(), "{key}: {row}");
    }
    assert_eq!(everything(&world), []);
}

#[test]
fn what_is_cached_is_fresh_then_due_then_expired() {
    let world = world();
    world.sts.lifetime(12);
    let printed = world.get().succeeds();
    let row = dev(&world);
    assert_eq!((&row["state"], &row["expires"]), (&"fresh".into(), &printed["Expiration"]));
    assert!((1..=12).contains(&row["expires_in_seconds"].as_i64().unwrap()), "{row}");
    let (mut states, started) = (vec!["fresh".to_owned()], Instant::now());
    while states.last().unwrap() != "expired" && started.elapsed() < Duration::from_secs(60) {
        let state = dev(&world)["state"].as_str().unwrap().to_owned();
        if states.last() != Some(&state) {
            states.push(state);
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(states, ["fresh", "due", "expired"]);
}

#[test]
fn a_refused_password_waits_for_another_one() {
    let world = world().env("IDP_PASSWORD", "wrong");
    world.get().fails_as("idp-rejected");
    let row = dev(&world);
    assert_eq!((&row["state"], &row["last_failure"]["code"]), (&"failed".into(), &"idp-rejected".into()));
    assert!(row["last_failure"]["at"].is_string() && row["last_failure"]["hint"].is_string(), "{row}");
    assert!(row["next_login"].is_null(), "{row}");
}

#[test]
fn after_an_outage_it_says_when_the_next_try_is() {
    let world =
        World::open(Site::new().get("/sso", crate::support::reply::Reply::status(503))).set("saml.retry.total", 0);
    world.get().fails_as("http-5xx");
    let row = dev(&world);
    assert_eq!((&row["state"], &row["last_failure"]["code"]), (&"failed".into(), &"http-5xx".into()));
    assert!(row["next_login"].is_string(), "{row}");
}

#[test]
fn why_nothing_is_kept_is_told() {
    let below_a_file = |world: World| {
        let below = world.write("a-file", "").join("below");
        let places = ["FEDCRED_CACHE_DIR", "XDG_RUNTIME_DIR", "TMPDIR", "TEMP"];
        places.into_iter().fold(world, |world, place| world.env(place, below.to_str().unwrap()))
    };
    let spnego = |world: World| {
        let nowhere = format!("FILE:{}", world.path("no-tickets").display());
        world.set("saml.auth", "spnego").unset("saml.username").unset("saml.password.env").env("KRB5CCNAME", nowhere)
    };
    #[cfg(unix)]
    let open_to_others = |world: World| {
        let cache = world.path("open");
        std::fs::create_dir(&cache).unwrap();
        std::fs::set_permissions(&cache, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        world.env("FEDCRED_CACHE_DIR", cache.to_str().unwrap())
    };
    // is it so for every profile, code, what stands in the causes or the hint
    let table = [
        (world().also("[cache]\nstore = \"none\""), true, "cache-write", "cache.store"),
        (below_a_file(world()), true, "cache-write", "a-file"),
        #[cfg(unix)]
        (open_to_others(world()), true, "insecure-permissions", "chmod 700"),
        (spnego(world()), false, "cache-write", "no Kerberos ticket cache"),
    ];
    for (world, is_general, code, text) in table {
        let told = status(&world);
        let error = &told["profiles"][0]["not_kept"];
        assert_eq!(error["code"], code, "{told}");
        assert!(error.to_string().contains(text), "{text:?}: {error}");
        let general = &told["cache"]["not_kept"];
        assert!(if is_general { general == error } else { general.is_null() }, "{told}");
    }
}

#[test]
fn people_get_a_table_and_what_is_the_matter_below() {
    let world = world().also("[profile.wrong]\ninclude = \"dev\"\nduration = \"13h\"");
    world.get().succeeds();
    let run = world.run(&["status"]);
    let rows: Vec<Vec<&str>> =
        run.stdout.lines().map(|line| line.split("  ").filter(|c| !c.is_empty()).map(str::trim).collect()).collect();
    assert_eq!(rows[0], ["PROFILE", "STATE", "EXPIRES IN", "NEXT LOGIN", "LAST FAILURE", "WHO", "ROLE"]);
    assert_eq!((rows[1][0], rows[1][1], &rows[1][4..]), ("dev", "fresh", &["-", "alice", DEV][..]), "{}", run.stdout);
    assert_eq!(rows[2], ["wrong", "failed", "-", "-", "invalid-value", "-", "-"]);
    for text in ["store: file ", "key: file ", "wrong: ", "hint: "] {
        assert!(run.stdout.contains(text), "{text:?} is not in:\n{}", run.stdout);
    }
    world.run(&["status", "wrong"]).fails_as("invalid-value");
    world.run(&["status", "nobody"]).fails_as("profile-not-found");
}
