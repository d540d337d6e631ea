//! The number of an AWS account, parsed where text enters the program.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

/// Twelve digits, including leading zeros.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct AccountId(String);

impl AccountId {
    /// Returns the account, or `None` for any other text: a tenant's name, an alias, a masked number.
    pub fn parse(text: &str) -> Option<AccountId> {
        let is_id = text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
        is_id.then(|| AccountId(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Parses the messages between fedcred's own processes.
impl TryFrom<String> for AccountId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<AccountId, &'static str> {
        AccountId::parse(&text).ok_or("not an account's twelve digits")
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Deref for AccountId {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_twelve_digits_and_nothing_else() {
        for id in ["112233334444", "000000000012"] {
            assert_eq!(AccountId::parse(id).unwrap().as_str(), id);
        }
        for other in [
            "",
            "11223333444",
            "1122333344445",
            "1122-3333-44",
            "11223333444x",
            " 11223333444",
            "１１２２",
            "************",
            "aws",
        ] {
            assert_eq!(AccountId::parse(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_message_with_another_word_in_its_place_cannot_be_read() {
        let id = AccountId::parse("012345678901").unwrap();
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!((json.as_str(), serde_json::from_str(&json).ok()), ("\"012345678901\"", Some(id)));
        assert!(serde_json::from_str::<AccountId>("\"tenant\"").is_err());
    }
}
