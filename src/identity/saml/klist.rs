//! Lists a ticket cache and a keytab, as `klist -e` and `klist -kte` do, for the explanations of `doctor`. Tickets and keys
//! themselves are skipped.

use std::path::Path;

use super::krb5_file::{Cursor, Principal};
use crate::der;
use crate::error::printable;
use crate::file::{self, kind};
use crate::time::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// `krbtgt/EXAMPLE.COM@EXAMPLE.COM`
    pub service: String,
    pub ends: Timestamp,
    /// Number of the encryption type of the ticket (RFC 3961).
    pub enctype: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub principal: String,
    pub version: u32,
    pub enctype: u32,
}

impl Ticket {
    /// Whether it is the ticket-granting ticket.
    pub fn is_granting(&self) -> bool {
        self.service.starts_with("krbtgt/")
    }
}

/// The tickets in the cache at `path`. `None` if it cannot be read, or its version is unknown.
pub fn tickets(path: &Path) -> Option<Vec<Ticket>> {
    tickets_in(&file::read(path, &kind::TICKETS).ok()?)
}

/// The keys in the keytab at `path`. `None` if it cannot be read, or its version is unknown.
pub fn keys(path: &Path) -> Option<Vec<Key>> {
    keys_in(&file::read(path, &kind::KEYTAB).ok()?)
}

/// The name of an encryption type, as krb5.conf writes it.
pub fn enctype_name(number: u32) -> String {
    let name = match number {
        1..=3 => "des",
        16 => "des3-cbc-sha1",
        17 => "aes128-cts-hmac-sha1-96",
        18 => "aes256-cts-hmac-sha1-96",
        19 => "aes128-cts-hmac-sha256-128",
        20 => "aes256-cts-hmac-sha384-192",
        23 => "arcfour-hmac",
        25 => "camellia128-cts-cmac",
        26 => "camellia256-cts-cmac",
        other => return format!("encryption type {other}"),
    };
    name.to_owned()
}

/// Whether Microsoft and MIT are disabling this encryption type.
pub fn is_weak(enctype: u32) -> bool {
    matches!(enctype, 1..=3 | 16 | 23 | 24)
}

fn tickets_in(bytes: &[u8]) -> Option<Vec<Ticket>> {
    let (version, mut cursor) = Cursor::of_cache(bytes).filter(|(version, _)| *version >= 3)?;
    cursor.principal(version)?;
    let mut tickets = Vec::new();
    while !cursor.rest.is_empty() {
        cursor.principal(version)?;
        let service = name(cursor.principal(version)?);
        cursor.u16()?; // the session key's type, twice in version 3
        if version == 3 {
            cursor.u16()?;
        }
        cursor.data()?;
        let [_authenticated, _starts, ends, _renewable] = [cursor.u32()?, cursor.u32()?, cursor.u32()?, cursor.u32()?];
        cursor.take(1 + 4)?; // whether a session key encrypts it, and flags
        for _lists in ["addresses", "authorization data"] {
            for _ in 0..cursor.u32()? {
                cursor.u16()?;
                cursor.data()?;
            }
        }
        let ticket = cursor.data()?;
        cursor.data()?; // the second ticket
        // The cache's own configuration is stored as tickets of an impossible service.
        if let (false, Some(enctype)) = (service.contains("X-CACHECONF:"), enctype_of(ticket)) {
            tickets.push(Ticket { service, ends: Timestamp::from_second(i64::from(ends)).ok()?, enctype });
        }
    }
    Some(tickets)
}

/// RFC 4120 §5.3: `Ticket ::= [APPLICATION 1] SEQUENCE { …, enc-part [3] SEQUENCE { etype [0] INTEGER, … } }`.
fn enctype_of(ticket: &[u8]) -> Option<u32> {
    let fields = der::content_of(der::SEQUENCE, der::content_of(0x61, ticket)?)?;
    let encrypted = der::elements(fields).find(|field| field.tag == 0xa3)?;
    let enctype = der::elements(der::content_of(der::SEQUENCE, encrypted.content)?).find(|field| field.tag == 0xa0)?;
    let number = der::content_of(der::INTEGER, enctype.content)?;
    Some(number.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}

fn keys_in(bytes: &[u8]) -> Option<Vec<Key>> {
    let mut cursor = Cursor::new(bytes);
    if cursor.take(2)? != [5, 2] {
        return None;
    }
    let mut keys = Vec::new();
    while !cursor.rest.is_empty() {
        let size = cursor.u32()?.cast_signed();
        let entry = cursor.take(usize::try_from(size.unsigned_abs()).ok()?)?;
        // A negative size marks the hole of a removed key.
        if size > 0 {
            keys.push(key(Cursor::new(entry))?);
        }
    }
    Some(keys)
}

fn key(mut entry: Cursor<'_>) -> Option<Key> {
    let components = entry.u16()?;
    let realm = entry.short_data()?;
    let names = (0..components).map(|_| entry.short_data()).collect::<Option<Vec<_>>>()?;
    entry.u32()?; // the name's type
    entry.u32()?; // when it was written
    let short_version = u32::from(entry.take(1)?[0]);
    let enctype = u32::from(entry.u16()?);
    entry.short_data()?;
    // A later addition to the format; 0 if it is not used.
    let version = entry.u32().filter(|version| *version != 0).unwrap_or(short_version);
    Some(Key { principal: name((names, realm)), version, enctype })
}

fn name((components, realm): Principal<'_>) -> String {
    let text = |bytes: &&[u8]| printable(&String::from_utf8_lossy(bytes), 200);
    format!("{}@{}", components.iter().map(text).collect::<Vec<_>>().join("/"), text(&realm))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(text: &[u8]) -> Vec<u8> {
        [&(text.len() as u32).to_be_bytes()[..], text].concat()
    }

    fn principal(names: &[&str], realm: &str) -> Vec<u8> {
        let mut bytes = [1u32.to_be_bytes(), (names.len() as u32).to_be_bytes()].concat();
        bytes.extend(data(realm.as_bytes()));
        names.iter().for_each(|name| bytes.extend(data(name.as_bytes())));
        bytes
    }

    /// A ticket whose encrypted part has `etype` 18.
    const TICKET: &[u8] = b"\x61\x0b\x30\x09\xa3\x07\x30\x05\xa0\x03\x02\x01\x12";

    fn cache(services: &[&[&str]]) -> Vec<u8> {
        let mut bytes = vec![5, 4, 0, 4, 0, 1, 0, 0];
        bytes.extend(principal(&["alice"], "R"));
        for service in services {
            bytes.extend(principal(&["alice"], "R"));
            bytes.extend(principal(service, "R"));
            bytes.extend([0, 17]);
            bytes.extend(data(b"session key"));
            bytes.extend([1u32, 2, 1_800_000_000, 0].map(u32::to_be_bytes).concat());
            bytes.extend([0; 1 + 4]);
            bytes.extend([0, 0, 0, 1, 0, 2]); // one address
            bytes.extend(data(&[127, 0, 0, 1]));
            bytes.extend([0; 4]);
            bytes.extend(data(TICKET));
            bytes.extend(data(b""));
        }
        bytes
    }

    #[test]
    fn tickets_are_listed_with_their_end_and_seal() {
        let listed = tickets_in(&cache(&[&["krbtgt", "R"], &["X-CACHECONF:", "fast"], &["HTTP", "h"]])).unwrap();
        let ticket = |service: &str| Ticket {
            service: service.into(),
            ends: Timestamp::from_second(1_800_000_000).unwrap(),
            enctype: 18,
        };
        assert_eq!(listed, [ticket("krbtgt/R@R"), ticket("HTTP/h@R")]);
        assert!(listed[0].is_granting() && !listed[1].is_granting());
    }

    #[test]
    fn what_is_cut_short_is_nothing() {
        let whole = cache(&[&["krbtgt", "R"]]);
        let ends: Vec<usize> = (0..whole.len()).filter(|length| tickets_in(&whole[..*length]).is_some()).collect();
        assert_eq!(ends, [cache(&[]).len()], "only where one ticket ends");
        for bytes in [&b"\x05\x02"[..], b"", b"\x05\x04\xff\xff"] {
            assert_eq!(tickets_in(bytes), None);
        }
    }

    #[test]
    fn keys_are_listed_and_holes_passed_over() {
        let entry = |version: Option<u32>| {
            let short = |text: &[u8]| [&(text.len() as u16).to_be_bytes()[..], text].concat();
            let mut entry =
                [&[0, 1][..], &short(b"R"), &short(b"alice"), &[0; 8], &[7, 0, 23], &short(b"key")].concat();
            entry.extend(version.map(u32::to_be_bytes).into_iter().flatten());
            [&(entry.len() as u32).to_be_bytes()[..], &entry].concat()
        };
        let hole = [&(-3i32).to_be_bytes()[..], &[9; 3]].concat();
        let keytab = [&[5, 2][..], &entry(None), &hole, &entry(Some(300))].concat();
        let key = |version| Key { principal: "alice@R".into(), version, enctype: 23 };
        assert_eq!(keys_in(&keytab).unwrap(), [key(7), key(300)]);
        assert!(is_weak(23) && !is_weak(18));
        assert_eq!(keys_in(&keytab[..keytab.len() - 1]), None);
        assert_eq!(keys_in(b"\x05\x01"), None);
    }
}
