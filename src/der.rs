//! A minimal reader of DER (X.690), to find a field in a certificate or in a Kerberos error.
//!
//! Supports tags of one byte and definite lengths, which is all that RFC 5280 and RFC 4120 use. Copies nothing and does not recurse.

/// A tag with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    pub tag: u8,
    pub content: &'a [u8],
}

pub const INTEGER: u8 = 0x02;
pub const OBJECT_IDENTIFIER: u8 = 0x06;
pub const SEQUENCE: u8 = 0x30;

/// Returns the first element and the bytes after it. `None` if the bytes are not DER.
pub fn first(input: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&tag, rest) = input.split_first()?;
    if tag & 0x1f == 0x1f {
        return None; // a tag of several bytes
    }
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        // The long form; no peer may send more than four bytes of length can express.
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (bytes.iter().fold(0, |length, &byte| length << 8 | usize::from(byte)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((Element { tag, content }, rest))
}

/// Returns the content of the first element. `None` if it has another tag.
pub fn content_of(tag: u8, input: &[u8]) -> Option<&[u8]> {
    first(input).filter(|(element, _)| element.tag == tag).map(|(element, _)| element.content)
}

/// Returns the elements in `input`, up to its end or the first byte that is not DER.
pub fn elements(mut input: &[u8]) -> impl Iterator<Item = Element<'_>> {
    std::iter::from_fn(move || {
        let (element, rest) = first(input)?;
        input = rest;
        Some(element)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_in_both_forms_and_never_past_the_end() {
        let long = [&[0x04, 0x81, 0x80][..], &[7; 0x80]].concat();
        let table: [(&[u8], Option<usize>); 9] = [
            (&[0x05, 0x00], Some(0)),
            (&[0x02, 0x01, 0x29, 0xff], Some(1)),
            (&long, Some(0x80)),
            (&[], None),
            (&[0x30], None),
            (&[0x30, 0x02, 0x00], None),
            (&[0x30, 0x80, 0x00, 0x00], None),
            (&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], None),
            (&[0x1f, 0x81, 0x01, 0x00], None),
        ];
        for (input, expected) in table {
            assert_eq!(first(input).map(|(element, _)| element.content.len()), expected, "{input:02x?}");
        }
    }

    #[test]
    fn siblings_come_in_order_and_end_at_the_first_fault() {
        let tags: Vec<u8> = elements(&[0x02, 0x01, 0x01, 0x05, 0x00, 0x30, 0x09]).map(|e| e.tag).collect();
        assert_eq!(tags, [0x02, 0x05]);
    }
}
