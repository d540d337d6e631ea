//! Secrets that others than their owner can read. They are accepted, since Kubernetes' `fsGroup` creates such files,
//! and reported.

use std::path::Path;

use super::standing::{OTHERS_READ, Standing};

/// The report on such a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Shared {
    /// How others can read it: "its mode is 0640".
    pub told: String,
    /// Whether the user can close it: it is this user's own, and not in a volume, whose definition sets the mode.
    pub may_be_closed: bool,
}

/// Returns how others than its owner may read the file. `None` if they may not, or if the file cannot be examined.
pub fn shared(path: &Path) -> Option<Shared> {
    let standing = path.is_file().then(|| Standing::at(path).ok()).flatten()?;
    let may_be_closed = standing.is_ours() && !is_projected(path);
    is_shared(&standing).then(|| Shared { told: standing.mode_told(), may_be_closed })
}

pub(super) fn is_shared(standing: &Standing) -> bool {
    standing.mode & OTHERS_READ != 0
}

/// Whether the kubelet made it, in a directory that it replaces as a whole.
pub(super) fn is_projected(path: &Path) -> bool {
    path.parent().is_some_and(|parent| parent.join("..data").is_symlink())
}
