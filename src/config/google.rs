//! `[profile.NAME.web_identity]` with `source = "google"`.

use super::reader::Section;

/// Whose token is asked for is Google's to decide, by Application Default Credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Google {
    /// What the token is for; absent only where Google takes none, with a person's own credentials.
    pub audience: Option<String>,
}

/// The keys of this source.
pub fn read(table: &Section<'_, '_>) -> Google {
    Google { audience: table.get("audience") }
}
