//! Where this program is installed: alone, or as two, a small one on PATH (`front`) and the complete one behind it.
//!
//! The complete program is looked for only beside the small one, never on PATH or in the working directory; it has to be as
//! trustworthy as the running program.

use std::path::{Path, PathBuf};

use crate::error::{Code, Error, Result};
use crate::process::env::Env;

/// Paths of the complete program from the small one's directory: as packages install it, and side by side.
const COMPLETE: [&str; 2] = match cfg!(windows) {
    true => [r"..\libexec\fedcred\fedcred.exe", "fedcred-full.exe"],
    false => ["../libexec/fedcred/fedcred", "fedcred-full"],
};

/// Paths of the small program from the directory of each of those.
const SMALL: [&str; 2] = match cfg!(windows) {
    true => [r"..\..\bin\fedcred.exe", "fedcred.exe"],
    false => ["../../bin/fedcred", "fedcred"],
};

/// The place that a distribution chose when it built the small program: an absolute path.
const BUILT_IN: Option<&str> = option_env!("FEDCRED_COMPLETE");

/// Returns the path by which people and other programs run fedcred: that of the small program if there is one, as found on
/// PATH, which an upgrade does not change.
pub fn path(env: &Env) -> std::io::Result<PathBuf> {
    let own = own()?;
    let own = small_of(&own).unwrap_or(own);
    let name = own.file_name().unwrap_or_default();
    let on_path = env.os("PATH").unwrap_or_default();
    let mut named = std::env::split_paths(&on_path).filter(|dir| dir.is_absolute()).map(|dir| dir.join(name));
    Ok(named.find(|path| dunce::canonicalize(path).is_ok_and(|found| found == own)).unwrap_or(own))
}

/// Returns the complete program that stands behind this, the small one.
///
/// Errors: [`Code::ProgramMissing`] if there is none, [`Code::InsecurePermissions`] if others can change it.
pub fn complete() -> Result<PathBuf> {
    let own = own().map_err(|why| {
        Error::new(Code::ProgramMissing, "this program cannot tell where its own file is").because(why.to_string())
    })?;
    find(&own, BUILT_IN.map(Path::new))
}

/// Returns this program's own file, without links; after an upgrade during the run, the new one in its place.
fn own() -> std::io::Result<PathBuf> {
    let own = std::env::current_exe()?;
    // Linux marks the path of a file that has been replaced (proc_pid_exe(5)).
    match (dunce::canonicalize(&own), own.to_str().and_then(|own| own.strip_suffix(" (deleted)"))) {
        (Err(_), Some(replaced)) => dunce::canonicalize(replaced),
        (found, _) => found,
    }
}

/// Returns the small program in front of the complete one at `own`.
fn small_of(own: &Path) -> Option<PathBuf> {
    let small = SMALL.iter().filter_map(|place| dunce::canonicalize(own.parent()?.join(place)).ok());
    small.into_iter().find(|small| small != own && find(small, None).is_ok_and(|complete| complete == own))
}

/// Returns the complete program of the small one at `own`, an absolute path without links.
fn find(own: &Path, built_in: Option<&Path>) -> Result<PathBuf> {
    let directory = own.parent().unwrap_or(own);
    let places: Vec<PathBuf> =
        COMPLETE.iter().map(|place| directory.join(place)).chain(built_in.map(Path::to_owned)).collect();
    for place in &places {
        // A link to the small program itself would run it without end.
        if let Ok(found) = dunce::canonicalize(place)
            && found.is_file()
            && found != own
        {
            check_trusted(&found, own)?;
            return Ok(found);
        }
    }
    let missing = Error::new(Code::ProgramMissing, "the complete fedcred is not installed beside this small one");
    Err(places.iter().fold(missing, |error, place| error.because(format!("not there: {}", place.display()))))
}

/// Refuses a file that can be changed by somebody who could not change the running program.
#[cfg(unix)]
fn check_trusted(complete: &Path, own: &Path) -> Result<()> {
    use std::os::unix::fs::MetadataExt;
    let unreadable = |why: std::io::Error| {
        Error::new(Code::ProgramMissing, format!("cannot look at {}", complete.display())).because(why.to_string())
    };
    let metadata = complete.metadata().map_err(unreadable)?;
    let ours = [0, rustix::process::geteuid().as_raw(), own.metadata().map_err(unreadable)?.uid()];
    let why = match metadata.mode() & 0o002 {
        0 if ours.contains(&metadata.uid()) => return Ok(()),
        0 => "it belongs to another user",
        _ => "every user can write it",
    };
    Err(Error::new(Code::InsecurePermissions, format!("the complete fedcred at {} is not run", complete.display()))
        .because(why)
        .hint("reinstall the package"))
}

/// Where packages install it, only administrators and the user can write.
#[cfg(not(unix))]
fn check_trusted(_complete: &Path, _own: &Path) -> Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn tree() -> (tempfile::TempDir, PathBuf) {
        let tree = tempfile::tempdir().unwrap();
        for directory in ["bin", "libexec/fedcred"] {
            fs::create_dir_all(tree.path().join(directory)).unwrap();
        }
        let root = tree.path().canonicalize().unwrap();
        program(&root, "bin/fedcred", 0o755);
        (tree, root)
    }

    fn program(root: &Path, path: &str, mode: u32) -> PathBuf {
        let path = root.join(path);
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn the_package_s_place_comes_first_then_a_copy_beside_it_then_the_one_that_was_built_in() {
        let (_tree, root) = tree();
        let own = root.join("bin/fedcred");
        let error = find(&own, None).unwrap_err();
        assert_eq!((error.code, error.causes.len()), (Code::ProgramMissing, COMPLETE.len()));
        let built_in = program(&root, "elsewhere", 0o755);
        assert_eq!(find(&own, Some(&built_in)).unwrap(), built_in);
        let beside = program(&root, "bin/fedcred-full", 0o755);
        assert_eq!(find(&own, Some(&built_in)).unwrap(), beside);
        let packaged = program(&root, "libexec/fedcred/fedcred", 0o755);
        assert_eq!(find(&own, Some(&built_in)).unwrap(), packaged);
    }

    #[test]
    fn a_link_to_the_small_program_itself_is_not_the_complete_one() {
        let (_tree, root) = tree();
        let own = root.join("bin/fedcred");
        symlink(&own, root.join("libexec/fedcred/fedcred")).unwrap();
        assert_eq!(find(&own, None).unwrap_err().code, Code::ProgramMissing);
    }

    #[test]
    fn one_that_every_user_can_write_is_not_run() {
        let (_tree, root) = tree();
        program(&root, "libexec/fedcred/fedcred", 0o757);
        // Nor is the next place taken: whoever made the first one unsafe could have meant that.
        program(&root, "bin/fedcred-full", 0o755);
        assert_eq!(find(&root.join("bin/fedcred"), None).unwrap_err().code, Code::InsecurePermissions);
    }

    #[test]
    fn the_complete_program_knows_the_small_one_in_front_of_it_and_nothing_else() {
        let (_tree, root) = tree();
        let packaged = program(&root, "libexec/fedcred/fedcred", 0o755);
        assert_eq!(small_of(&packaged), Some(root.join("bin/fedcred")));
        // What belongs to another pair is not in front of this one.
        let beside = program(&root, "bin/fedcred-full", 0o755);
        assert_eq!(small_of(&beside), None);
        fs::remove_file(&packaged).unwrap();
        assert_eq!(small_of(&beside), Some(root.join("bin/fedcred")));
        assert_eq!(small_of(&program(&root, "alone", 0o755)), None);
    }
}
