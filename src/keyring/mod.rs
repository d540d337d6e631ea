//! The operating system's keyrings; the only room that names their crates.
//!
//! They hold the sealing key of the cache (`cache.key = "keyring"` or `"kernel"`) and the secrets that `fedcred login`
//! stores. Never credentials: Credential Manager takes 2,560 bytes, the kernel 20,000 for all of a user's keys
//! together.
//!
//! A keyring behind D-Bus may be locked, absent, or never answer. Each call runs on its own thread and is abandoned
//! after a second, so that nothing hangs and no dialog opens.

mod kernel;
mod system;

use std::time::Duration;

use zeroize::Zeroizing;

use crate::error::{Code, Error, Result, printable};
use crate::process::fence::{self, Broken};

/// The first half of every item's name; the second is its account.
const SERVICE: &str = "fedcred";

/// How long a keyring may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

const STACK: usize = 2 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keyring {
    /// Keychain, Credential Manager or, elsewhere, the Secret Service on the session's D-Bus.
    System,
    /// The user's persistent keyring in the Linux kernel. It is lost at a reboot, and after three days without use.
    Kernel,
}

impl Keyring {
    /// Reads the secret of `account`. Errors: [`Code::KeyringLocked`], for any keyring that cannot be read.
    pub fn get(self, account: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let account = account.to_owned();
        match self {
            Keyring::System => within(PATIENCE, move || system::get(&account)),
            Keyring::Kernel => kernel::get(&account),
        }
    }

    /// Stores `secret` for `account`, in place of an earlier one. Errors: [`Code::KeyringLocked`].
    pub fn set(self, account: &str, secret: &[u8]) -> Result<()> {
        let (account, secret) = (account.to_owned(), Zeroizing::new(secret.to_vec()));
        match self {
            Keyring::System => within(PATIENCE, move || system::set(&account, &secret)),
            Keyring::Kernel => kernel::set(&account, &secret),
        }
    }

    /// Removes the secret of `account`. Returns whether there was anything. Errors: [`Code::KeyringLocked`].
    pub fn delete(self, account: &str) -> Result<bool> {
        let account = account.to_owned();
        match self {
            Keyring::System => within(PATIENCE, move || system::delete(&account)),
            Keyring::Kernel => kernel::delete(&account),
        }
    }
}

/// Runs `work` on a thread that is abandoned when it takes longer than `limit`: a call into D-Bus cannot be cancelled, and the
/// process ends soon.
fn within<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    fence::run(STACK, limit, work).unwrap_or_else(|broken| {
        Err(unusable(&match broken {
            Broken::NotStarted(why) => why.to_string(),
            Broken::TooLong => {
                format!("it did not answer within {} s; it may be waiting for a person", limit.as_secs_f32())
            }
            Broken::Panicked => "the library that talks to it failed".to_owned(),
        }))
    })
}

/// Returns what the keyring crate found; `None` if there is no such item.
fn found<T>(outcome: keyring::Result<T>) -> Result<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(keyring::Error::NoEntry) => Ok(None),
        Err(error) => Err(told(error)),
    }
}

fn told(error: keyring::Error) -> Error {
    unusable(&error.to_string())
}

/// Returns the error of a locked keyring, which only the Secret Service reports without opening a dialog.
#[cfg(any(target_os = "linux", test))]
fn locked() -> Error {
    Error::new(Code::KeyringLocked, "the keyring is locked")
}

fn unusable(why: &str) -> Error {
    Error::new(Code::KeyringLocked, "the keyring cannot be used").because(printable(why, 200))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyring_that_never_answers_is_given_up() {
        let (_never, waits) = std::sync::mpsc::sync_channel::<()>(1);
        let error = within(Duration::from_millis(20), move || waits.recv().map_err(|_| locked())).unwrap_err();
        assert_eq!(error.code, Code::KeyringLocked);
        assert!(error.causes[0].contains("did not answer"), "{error:?}");
    }

    #[test]
    fn an_answer_in_time_is_handed_on() {
        assert_eq!(within(Duration::from_secs(60), || Ok(7)).unwrap(), 7);
        assert_eq!(within(Duration::from_secs(60), || Err::<(), _>(locked())).unwrap_err(), locked());
    }
}
