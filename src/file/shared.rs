//! Secrets that others than their owner may read: taken, as Kubernetes' `fsGroup` makes them, and told.

use std::path::Path;

/// What is told of such a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Shared {
    pub mode: u32,
    /// It is this user's own, and not of a volume, whose definition says the mode.
    pub may_be_closed: bool,
}

/// Whether others than its owner may read the file. `None` also where it cannot be looked at: whoever reads it says so.
#[cfg(unix)]
pub fn shared(path: &Path) -> Option<Shared> {
    use std::os::unix::fs::MetadataExt;
    let metadata = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
    let may_be_closed = metadata.uid() == rustix::process::geteuid().as_raw() && !is_projected(path);
    is_shared(metadata.mode()).then_some(Shared { mode: metadata.mode() & 0o7777, may_be_closed })
}

#[cfg(not(unix))]
pub fn shared(_: &Path) -> Option<Shared> {
    None
}

#[cfg(unix)]
pub(super) fn is_shared(mode: u32) -> bool {
    mode & 0o044 != 0
}

/// Whether the kubelet made it, in a directory that it exchanges as a whole.
pub(super) fn is_projected(path: &Path) -> bool {
    path.parent().is_some_and(|parent| parent.join("..data").is_symlink())
}
