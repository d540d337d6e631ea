//! Randomness of the operating system, and waits that differ from process to process by it.

use std::io;
use std::time::Duration;

use chacha20poly1305::aead::Generate;

/// Returns random bytes that cannot be predicted.
pub fn bytes<const N: usize>() -> io::Result<[u8; N]> {
    <[u8; N]>::try_generate().map_err(|e| io::Error::other(e.to_string()))
}

/// Returns any byte, to spread retries; the middle one where the system has no randomness.
pub fn jitter() -> u8 {
    bytes().map_or(128, |[byte]| byte)
}

/// Returns between half of `pause` and all of it, so that processes that wait for the same thing do not retry at the
/// same moment.
pub fn jittered(pause: Duration) -> Duration {
    pause / 2 + pause / 2 * u32::from(jitter()) / 255
}
