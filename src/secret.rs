//! The type of all secrets: wiped when dropped, without a readable `Debug`, without `Display`, `Serialize` or `Clone`.
//!
//! A secret is wrapped where it is read and exposed where it is written; searching for `expose` finds every use.

use std::fmt;
use zeroize::Zeroizing;

/// Secret text: a password, a token, an assertion, a secret access key.
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(text: String) -> Self {
        Secret(Zeroizing::new(text))
    }

    /// Returns the text. Keep the call next to the write that it is for.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns a copy, which is wiped on its own. Not `Clone`, so that each copy is deliberate.
    pub fn duplicate(&self) -> Self {
        Secret(self.0.clone())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_says_nothing_not_even_the_length() {
        assert_eq!(format!("{:?}", Secret::new("hunter2".into())), "[redacted]");
        assert_eq!(format!("{:?}", Secret::new(String::new())), "[redacted]");
    }
}
