//! What the next login of the same identity starts with: cookies by which the IdP knows this device, the time step of the last
//! one-time code, and the address that asks for the password. Kept sealed; only cookies that a browser would keep beyond its end
//! are.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::http::cookies::KeptCookie;
use crate::identity::keep::Keep;
use crate::secret::Secret;

#[derive(Default, Serialize, Deserialize)]
pub struct Remembered {
    #[serde(default)]
    pub cookies: Vec<KeptCookie>,
    /// When the step of the last code that was sent ends, in seconds since 1970.
    #[serde(default)]
    pub last_step: Option<u64>,
    /// Where the password of `auth = "basic"` goes, if not to the first address.
    #[serde(default)]
    pub asks_at: Option<Url>,
}

impl Remembered {
    /// Nothing where nothing is kept, or nobody understands it.
    pub fn load(keep: Option<&dyn Keep>) -> Self {
        let text = keep.and_then(Keep::cookies);
        text.and_then(|text| serde_json::from_str(text.expose()).ok()).unwrap_or_default()
    }

    pub fn save(&self, keep: Option<&dyn Keep>) {
        if let (Some(keep), Ok(text)) = (keep, serde_json::to_string(self)) {
            keep.keep_cookies(&Secret::new(text));
        }
    }
}
