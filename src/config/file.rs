//! Reading a configuration file: opened once, its owner and mode checked on the descriptor that is then read.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::locations::Locations;
use crate::error::{Code, Error, Result, printable};

/// No configuration is larger; what is was named by mistake.
const MAX_BYTES: u64 = 1 << 20;

/// A configuration file that is there.
pub struct Text {
    pub path: PathBuf,
    /// As people read it, `~/.config/fedcred/config.toml`.
    pub shown: String,
    /// The machine's file, not the user's.
    pub is_machine: bool,
    pub content: String,
}

/// The user's file before the machine's, of those that exist.
pub fn texts(locations: &Locations) -> Result<Vec<Text>> {
    let mut texts = Vec::new();
    let machine = locations.machine.as_ref().filter(|path| Some(*path) != locations.user.as_ref());
    let places = locations.user.iter().map(|path| (path, false)).chain(machine.map(|path| (path, true)));
    for (path, is_machine) in places {
        let shown = printable(&locations.shown(path), 300);
        match (read(path, &shown)?, locations.named_by) {
            (Some(content), _) => texts.push(Text { path: path.clone(), shown, is_machine, content }),
            (None, Some(named_by)) if !is_machine => {
                return Err(Error::new(Code::ConfigUnreadable, format!("there is no file {shown}"))
                    .because(format!("{named_by} names it")));
            }
            (None, _) => (),
        }
    }
    Ok(texts)
}

/// The file's text; `None` when there is no such file. `shown` is its name in an error.
///
/// Symbolic links are followed: dotfile managers, Nix and Kubernetes all place configuration through them. That gives nothing
/// away, since the rule is checked on the descriptor: whatever the link leads to must belong to this user or to root and be
/// writable by nobody else, so a planted link reaches no file that could not have been named anyway.
pub fn read(path: &Path, shown: &str) -> Result<Option<String>> {
    let unreadable = |why: String| Error::new(Code::ConfigUnreadable, format!("cannot read {shown}")).because(why);
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // A FIFO in its place must not hold us up: opened without waiting, then refused as no regular file.
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32);
    }
    let file = match options.open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(unreadable(error.to_string()).hint(format!("ls -l {}", quoted(path)))),
    };
    let metadata = file.metadata().map_err(|error| unreadable(error.to_string()))?;
    if !metadata.is_file() {
        return Err(unreadable("it is not a regular file".into()));
    }
    #[cfg(unix)]
    check_owner(&metadata, path, shown)?;
    // Room for all of it, and the byte that shows there is no more: reading asks the system twice.
    let mut bytes = Vec::with_capacity(metadata.len().min(MAX_BYTES) as usize + 1);
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| unreadable(error.to_string()))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(unreadable("it is larger than 1 MiB".into()));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(unreadable("it is not UTF-8 text".into())),
    }
}

#[cfg(unix)]
fn check_owner(metadata: &std::fs::Metadata, path: &Path, shown: &str) -> Result<()> {
    use std::os::unix::fs::MetadataExt;
    let (owner, user) = (metadata.uid(), rustix::process::geteuid().as_raw());
    if owner != user && owner != 0 {
        return Err(Error::new(Code::ConfigUnreadable, format!("{shown} belongs to neither this user nor root"))
            .because(format!("its owner is user id {owner}; who can write it decides where logins go"))
            .hint(format!("chown {user} {}", quoted(path))));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(Error::new(Code::InsecurePermissions, format!("{shown} can be written by others"))
            .because(format!("its mode is {:04o}; who can write it decides where logins go", metadata.mode() & 0o7777))
            .hint(format!("chmod go-w {}", quoted(path))));
    }
    Ok(())
}

/// A path as a shell takes it, for a command in a hint.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,@%:".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_is_not_an_error_here() {
        let home = tempfile::tempdir().unwrap();
        assert!(read(&home.path().join("config.toml"), "f").unwrap().is_none());
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("config.toml");
        std::fs::write(&path, b"a = \"\xff\"").unwrap();
        assert_eq!(read(&path, "f").unwrap_err().causes, ["it is not UTF-8 text"]);
        std::fs::write(&path, vec![b'#'; (MAX_BYTES + 1) as usize]).unwrap();
        assert_eq!(read(&path, "f").unwrap_err().causes, ["it is larger than 1 MiB"]);
        assert_eq!(read(home.path(), "f").unwrap_err().code, Code::ConfigUnreadable);
    }

    #[cfg(unix)]
    #[test]
    fn what_others_can_write_is_refused_even_behind_a_link() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let home = tempfile::tempdir().unwrap();
        let (path, link) = (home.path().join("the file"), home.path().join("link"));
        std::fs::write(&path, "").unwrap();
        symlink(&path, &link).unwrap();
        for (mode, trusted) in [(0o600, true), (0o644, true), (0o664, false), (0o646, false)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(read(&link, "f").is_ok(), trusted, "{mode:o}");
        }
        let error = read(&path, "f").unwrap_err();
        assert_eq!(error.code, Code::InsecurePermissions);
        assert_eq!(error.hint.unwrap(), format!("chmod go-w '{}'", path.display()));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_pipe_is_refused_without_waiting_for_its_writer() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
        assert_eq!(read(&path, "f").unwrap_err().causes, ["it is not a regular file"]);
    }
}
