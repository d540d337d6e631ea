//! What outlives a process: results, remembered failures and the lock, in the user's own files.
//!
//! Everything is sealed with one key of the machine ([`sealing_key`], kept in a [`key_place`]) that lies apart from the cache: a
//! copied or backed-up cache is of no use. It is no protection from the user's own account, which can read both.
//!
//! - [`key`]: the digest of every input of a result, and the names of files.
//! - [`seal`]: the sealed file: a header in the clear, bound to the body by an AEAD.
//! - [`record`]: what is kept in one, of whatever kind: the only way in and out.
//! - [`entry`]: credentials as a record.
//! - [`assertion`]: an assertion as one, for a few minutes.
//! - [`file_store`]: sealed files in a directory, replaced atomically.
//! - [`lock`]: one login at a time, also if a process dies.
//! - [`redis_store`]: what a fleet shares, and the lease of its logins, in a [`redis_server`].
//! - [`obstacle`]: the reason why nothing can be stored, for commands that only look.
//!
//! A hit opens two files, the key and the entry, and checks both on the opened descriptors: no directory listing, no lock.

pub mod assertion;
pub mod entry;
pub mod file_store;
pub mod key;
pub mod key_place;
pub mod lock;
pub mod obstacle;
pub mod record;
pub mod redis_scripts;
pub mod redis_server;
pub mod redis_store;
pub mod seal;
pub mod sealing_key;
