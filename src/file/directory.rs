//! Checks the directory of the configuration and the key: anyone who can write to it can replace its files.

use std::path::Path;

use super::fault::Why;
use super::shared::is_projected;
use super::standing::Standing;
use super::{Access, Fault, Kind};

/// Checks the directory of the file `path`, following links: it has to belong to this user or root, and must not be writable by
/// everybody. A group may write to it, since many systems give each user a group; that is logged at `-v`.
///
/// Also accepts a directory with the sticky bit (`/tmp`), where nobody can remove another's file, and a volume projected by the
/// kubelet, which has the mode 0777 and is mounted read-only.
pub fn check(path: &Path) -> Result<(), Fault> {
    const DIRECTORY: Kind = Kind { noun: "the configuration directory", max: 0, access: Access::Trusted };
    const BY_EVERYBODY: u32 = 0o002;
    const STICKY: u32 = 0o1000;

    let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) else { return Ok(()) };
    // If the directory cannot be read, opening the file reports why.
    let Ok(standing) = Standing::at(dir) else { return Ok(()) };
    if !standing.is_ours() && !standing.is_of_the_system() {
        return Err(Fault::new(&DIRECTORY, dir, Why::Owner(standing)));
    }
    let mode = standing.mode;
    let is_projected = || is_projected(path) && standing.owns(&dir.join("..data"));
    if mode & BY_EVERYBODY != 0 && mode & STICKY == 0 && !is_projected() {
        return Err(Fault::new(&DIRECTORY, dir, Why::Open { standing, forbidden: BY_EVERYBODY }));
    }
    if mode & 0o020 != 0 {
        tracing::info!("{} {} can be written by a group: {}", DIRECTORY.noun, dir.display(), standing.mode_told());
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::error::Code;

    #[test]
    fn a_directory_in_which_everybody_writes_is_refused_with_the_command_that_mends_it() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("config.toml");
        let with_mode = |mode| {
            fs::set_permissions(home.path(), fs::Permissions::from_mode(mode)).unwrap();
            check(&file)
        };
        for mode in [0o700, 0o755, 0o750, 0o775, 0o2770, 0o1777] {
            assert!(with_mode(mode).is_ok(), "{mode:o}");
        }
        for mode in [0o777, 0o707, 0o702, 0o2777] {
            let error = with_mode(mode).unwrap_err().error(Code::ConfigUnreadable);
            assert_eq!(error.code, Code::InsecurePermissions, "{mode:o}");
            assert_eq!(error.hint.as_deref(), Some(&*format!("chmod o-w {}", home.path().display())));
        }
        // As the kubelet makes a volume of a ConfigMap.
        symlink("..2026_11_26", home.path().join("..data")).unwrap();
        assert!(with_mode(0o777).is_ok());
    }

    #[test]
    fn the_directory_behind_a_link_counts() {
        let home = tempfile::tempdir().unwrap();
        let (real, link) = (home.path().join("real"), home.path().join("link"));
        fs::create_dir(&real).unwrap();
        symlink(&real, &link).unwrap();
        assert!(check(&link.join("config.toml")).is_ok());
        fs::set_permissions(&real, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(check(&link.join("config.toml")).is_err());
        assert!(check(Path::new("config.toml")).is_ok() && check(Path::new("/nowhere/config.toml")).is_ok());
    }
}
