//! A list of names, written as one text with blanks between them.

#[derive(Clone, Copy, Debug)]
pub struct Names(pub &'static str);

impl Names {
    pub fn iter(self) -> impl Iterator<Item = &'static str> {
        self.0.split_ascii_whitespace()
    }

    pub fn has(self, name: &str) -> bool {
        self.iter().any(|known| known == name)
    }

    /// Returns the names with commas between them.
    pub fn listed(self) -> String {
        self.iter().collect::<Vec<_>>().join(", ")
    }
}
