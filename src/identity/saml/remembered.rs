//! What the next login of the same identity starts with, stored sealed. Of the cookies only those that a browser would keep
//! after its end.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::http::cookies::KeptCookie;
use crate::identity::LoginState;
use crate::secret::Secret;

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Remembered {
    /// Cookies by which the IdP recognises this device.
    pub cookies: Vec<KeptCookie>,
    /// End of the time step of the last one-time code that was sent, in seconds since 1970.
    pub last_step: Option<u64>,
    /// The address that asks for the password of `auth = "basic"`, if it is not the first one.
    pub asks_at: Option<Url>,
}

impl Remembered {
    /// Returns the default if nothing is stored or it cannot be read.
    pub fn load(state: Option<&dyn LoginState>) -> Self {
        let text = state.and_then(LoginState::load);
        text.and_then(|text| serde_json::from_str(text.expose()).ok()).unwrap_or_default()
    }

    pub fn save(&self, state: Option<&dyn LoginState>) {
        if let (Some(state), Ok(text)) = (state, serde_json::to_string(self)) {
            state.store(&Secret::new(text));
        }
    }
}
