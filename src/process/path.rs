//! Finds programs by the names that people use.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::process::env::Env;

/// Returns the file that `program` means: itself if it is a path, else the first one of PATH. On Windows a name need not have
/// its extension (PATHEXT), by which a script (`npm.cmd`) has to be found.
pub fn find(program: &OsStr, env: &Env) -> Option<PathBuf> {
    let path = Path::new(program);
    if path.components().count() > 1 || path.is_absolute() {
        return spellings(path, env).find(|path| path.exists());
    }
    let directories = env.os("PATH")?;
    std::env::split_paths(&directories).flat_map(|dir| spellings(&dir.join(program), env)).find(|path| path.is_file())
}

#[cfg(unix)]
fn spellings(path: &Path, _: &Env) -> impl Iterator<Item = PathBuf> + use<> {
    std::iter::once(path.to_owned())
}

/// Returns the name with each extension of a program; a name that has one is tried as it is first.
#[cfg(windows)]
fn spellings(path: &Path, env: &Env) -> impl Iterator<Item = PathBuf> + use<> {
    let known = env.text("PATHEXT").unwrap_or_else(|| ".COM;.EXE;.BAT;.CMD".to_owned());
    let name = path.as_os_str().to_owned();
    let with = move |extension: &str| {
        let mut name = name.clone();
        name.push(extension);
        PathBuf::from(name)
    };
    let itself = path.extension().is_some().then(|| path.to_owned());
    let extensions: Vec<PathBuf> = known.split(';').filter(|extension| !extension.is_empty()).map(with).collect();
    itself.into_iter().chain(extensions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_for_in_path_and_a_path_is_itself() {
        let home = tempfile::tempdir().unwrap();
        let [first, second] = ["first", "second"].map(|dir| home.path().join(dir));
        let name = if cfg!(windows) { "tool.cmd" } else { "tool" };
        for dir in [&first, &second] {
            std::fs::create_dir(dir).unwrap();
        }
        std::fs::write(second.join(name), "").unwrap();
        let env = Env::fixed([("PATH", std::env::join_paths([&first, &second]).unwrap())]);
        // Windows does not tell the cases of names apart.
        let found = |program: &OsStr| find(program, &env).map(|path| path.to_string_lossy().to_lowercase());
        let expected = Some(second.join(name).to_string_lossy().to_lowercase());
        assert_eq!(found("tool".as_ref()), expected);
        assert_eq!(found(second.join("tool").as_os_str()), expected);
        assert_eq!(found("other".as_ref()), None);
        assert_eq!(found(first.join("tool").as_os_str()), None);
    }
}
