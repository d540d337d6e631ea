//! Secrets that others than their owner may read: taken, as Kubernetes' `fsGroup` makes them, and told.

use std::path::Path;

use super::standing::{OTHERS_READ, Standing};

/// What is told of such a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Shared {
    /// How others can read it: "its mode is 0640".
    pub told: String,
    /// It is this user's own, and not of a volume, whose definition says the mode.
    pub may_be_closed: bool,
}

/// Returns how others than its owner may read the file. `None` also where it cannot be looked at: whoever reads it says so.
pub fn shared(path: &Path) -> Option<Shared> {
    let standing = path.is_file().then(|| Standing::at(path).ok()).flatten()?;
    let may_be_closed = standing.is_ours() && !is_projected(path);
    is_shared(&standing).then(|| Shared { told: standing.mode_told(), may_be_closed })
}

pub(super) fn is_shared(standing: &Standing) -> bool {
    standing.mode & OTHERS_READ != 0
}

/// Whether the kubelet made it, in a directory that it exchanges as a whole.
pub(super) fn is_projected(path: &Path) -> bool {
    path.parent().is_some_and(|parent| parent.join("..data").is_symlink())
}
