//! The name of a profile. It is chosen in a configuration, and repeated in hints, logs, units and other programs'
//! files.

use std::fmt;
use std::ops::Deref;

use crate::error::{Code, Error, Result};
use crate::text::redact::looks_like_a_secret;
use crate::text::{is_hidden, printable};

/// A name that can be shown: not empty, of visible characters and blanks, and not a token or key.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ProfileName(String);

impl ProfileName {
    /// Errors: [`Code::InvalidValue`].
    pub fn parse(name: &str) -> Result<ProfileName> {
        let refused = |what: &str, why: &str| {
            Err(Error::new(Code::InvalidValue, what).because(why).hint("give the profile another name"))
        };
        if looks_like_a_secret(name) && !name.contains(is_hidden) {
            return refused(
                "a token or key is in place of the profile's name",
                "the value is not shown: it looks like a secret",
            );
        }
        if name.trim().is_empty() || name.contains(is_hidden) {
            let what = format!("{:?} is not a valid profile name", printable(name, 80));
            return refused(&what, "it is empty, or has a line end or another invisible character");
        }
        Ok(ProfileName(name.to_owned()))
    }

    /// Returns the name of a profile that is made for this one: `NAME: environment`.
    pub fn with(&self, what: &'static str) -> ProfileName {
        ProfileName(format!("{self}: {what}"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for ProfileName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// Writes the name in quotes, for errors.
impl fmt::Debug for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<ProfileName> for String {
    fn from(name: ProfileName) -> String {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_be_shown() {
        for name in ["dev", "two words", "a'b\"c$(d)", "überall 日本", "-x", "team/prod.eu", "AKIA"] {
            assert_eq!(ProfileName::parse(name).as_deref(), Ok(name));
        }
        for name in ["", " ", "a\nb", "a\u{202e}b", "a\u{9b}31m", "\u{200b}", "a\0"] {
            let error = ProfileName::parse(name).unwrap_err();
            assert!(!error.what.contains(is_hidden) && error.what.contains("not a valid profile name"), "{error:?}");
        }
        for name in ["eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln", "ghp_0123456789abcdefghij", &"A".repeat(300)] {
            assert!(!format!("{:?}", ProfileName::parse(name).unwrap_err()).contains(name));
        }
    }
}
