//! Reads the files of MIT Kerberos: the values that ticket caches and keytabs consist of.
//!
//! Formats: MIT's documentation, "Credential cache file format" (versions 1 to 4) and "Keytab file format" (version 2).

/// A position in a file.
pub(super) struct Cursor<'a> {
    pub rest: &'a [u8],
    /// Numbers are in the byte order of the machine that wrote them, as in ticket caches of versions 1 and 2; else big-endian.
    is_native: bool,
}

/// The components of a principal's name, and its realm.
pub(super) type Principal<'a> = (Vec<&'a [u8]>, &'a [u8]);

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Cursor { rest: bytes, is_native: false }
    }

    /// Reads the header of a ticket cache. Returns the version and the position behind it.
    pub fn of_cache(bytes: &'a [u8]) -> Option<(u8, Self)> {
        let mut cursor = Cursor::new(bytes);
        let [5, version @ 1..=4] = *cursor.take(2)? else { return None };
        cursor.is_native = version <= 2;
        if version == 4 {
            cursor.short_data()?;
        }
        Some((version, cursor))
    }

    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    pub fn u16(&mut self) -> Option<u16> {
        let bytes = self.take(2)?.try_into().ok()?;
        Some(if self.is_native { u16::from_ne_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    }

    pub fn u32(&mut self) -> Option<u32> {
        let bytes = self.take(4)?.try_into().ok()?;
        Some(if self.is_native { u32::from_ne_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    /// Bytes after their length in 32 bits.
    pub fn data(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()?;
        self.take(usize::try_from(length).ok()?)
    }

    /// Bytes after their length in 16 bits.
    pub fn short_data(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }

    /// A principal in a ticket cache of this version.
    pub fn principal(&mut self, version: u8) -> Option<Principal<'a>> {
        if version != 1 {
            self.u32()?; // the name's type
        }
        // Version 1 counts the realm as a component.
        let components = self.u32()?.checked_sub(u32::from(version == 1))?;
        let realm = self.data()?;
        let names = (0..components).map(|_| self.data()).collect::<Option<_>>()?;
        Some((names, realm))
    }
}
