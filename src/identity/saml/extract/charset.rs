//! Decodes a page's bytes.
//!
//! HTML as browsers do: by byte order mark, `Content-Type` or `<meta charset>`, else UTF-8 if valid, else windows-1252. XML as
//! Airflow's lxml does: by byte order mark or XML declaration, never by the header; an invalid byte is an error.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use zeroize::Zeroizing;

/// Bytes that are searched for `<meta charset>` (HTML, "prescan").
const PRESCAN: usize = 1024;

/// A page's text, and the encoding in which its forms are submitted.
pub type Decoded = (Zeroizing<String>, &'static Encoding);

/// The text of an HTML page; invalid bytes become U+FFFD.
pub fn html(body: &[u8], content_type: Option<&str>) -> Decoded {
    let (encoding, body) = match Encoding::for_bom(body) {
        Some((encoding, length)) => (encoding, &body[length..]),
        None => {
            let declared = content_type.and_then(charset_parameter).or_else(|| meta_charset(body));
            (declared.unwrap_or_else(|| if std::str::from_utf8(body).is_ok() { UTF_8 } else { WINDOWS_1252 }), body)
        }
    };
    (Zeroizing::new(encoding.decode_without_bom_handling(body).0.into_owned()), encoding)
}

/// The text of an XML document without its byte order mark. `None` if it is not in the encoding that it declares.
pub fn xml(body: &[u8]) -> Option<Decoded> {
    let (encoding, body) = match Encoding::for_bom(body) {
        Some((encoding, length)) => (encoding, &body[length..]),
        None if body.starts_with(b"<\0?\0") => (UTF_16LE, body),
        None if body.starts_with(b"\0<\0?") => (UTF_16BE, body),
        None => (declared_by_xml(body)?, body),
    };
    let text = encoding.decode_without_bom_handling_and_without_replacement(body)?;
    Some((Zeroizing::new(text.into_owned()), encoding))
}

/// `text/html; charset="utf-8"`
fn charset_parameter(content_type: &str) -> Option<&'static Encoding> {
    let is_charset = |(name, _): &(&str, &str)| name.trim().eq_ignore_ascii_case("charset");
    let (_, label) = content_type.split(';').skip(1).filter_map(|p| p.split_once('=')).find(is_charset)?;
    Encoding::for_label(label.trim().trim_matches(['"', '\'']).as_bytes())
}

/// `<meta charset=…>` and `<meta http-equiv=content-type content="text/html; charset=…">`, outside comments.
fn meta_charset(body: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(&body[..body.len().min(PRESCAN)]).to_ascii_lowercase();
    let mut rest = head.as_str();
    loop {
        let (tag, comment) = (rest.find("<meta"), rest.find("<!--"));
        if let Some(comment) = comment.filter(|at| tag.is_none_or(|tag| *at < tag)) {
            rest = rest[comment..].split_once("-->")?.1;
            continue;
        }
        let (meta, after) = rest[tag?..].split_once('>')?;
        if let Some(encoding) = label(meta) {
            return Some(encoding);
        }
        rest = after;
    }
}

/// The encoding after `charset=` in a `<meta` tag. A tag that is readable as ASCII is not in UTF-16: UTF-8 by the standard.
fn label(meta: &str) -> Option<&'static Encoding> {
    let value = meta.split_once("charset")?.1.trim_start().strip_prefix('=')?.trim_start();
    let value = value.trim_start_matches(['"', '\'']);
    let end = value.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '/')).unwrap_or(value.len());
    let encoding = Encoding::for_label(&value.as_bytes()[..end])?;
    Some(if encoding.is_ascii_compatible() { encoding } else { UTF_8 })
}

/// The encoding of `<?xml version="1.0" encoding="…"?>`. `None` if it is unknown.
fn declared_by_xml(body: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(&body[..body.len().min(PRESCAN)]);
    let Some((declaration, _)) = head.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")) else {
        return Some(UTF_8);
    };
    let Some((_, value)) = declaration.split_once("encoding") else { return Some(UTF_8) };
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    Encoding::for_label(value[1..].split_once(quote)?.0.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn xml_in_utf_16_is_known_by_its_first_character_without_a_byte_order_mark() {
        let text = "<?xml version=\"1.0\"?><a/>";
        let (little, big): (Vec<u8>, Vec<u8>) = (
            text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        );
        for (body, expected) in [(little, UTF_16LE), (big, UTF_16BE)] {
            let (decoded, encoding) = xml(&body).unwrap();
            assert_eq!((decoded.as_str(), encoding), (text, expected));
        }
    }

    #[test]
    fn html_is_decoded_as_browsers_do() {
        let utf_16: Vec<u8> = [0xfeff].into_iter().chain("<é>".encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let table: [(&[u8], Option<&str>, &str); 13] = [
            (b"caf\xc3\xa9", None, "café"),
            (b"caf\xe9", None, "café"),
            (b"caf\xe9", Some("text/html; charset=ISO-8859-1"), "café"),
            (b"caf\xe9", Some("text/html;charset=\"windows-1252\""), "café"),
            (b"\xc3\xa9", Some("text/html; charset=windows-1252"), "Ã©"),
            (b"\xc3\xa9", Some("text/html; charset=nonsense"), "é"),
            (b"\xef\xbb\xbf\xc3\xa9", Some("text/html; charset=windows-1252"), "é"),
            (&utf_16, Some("text/html; charset=utf-8"), "<é>"),
            (b"<META CHARSET = 'iso-8859-2'>\xb1", None, "<META CHARSET = 'iso-8859-2'>ą"),
            (
                b"<meta http-equiv=x content=\"text/html; charset=koi8-r\"/>\xc1",
                None,
                "<meta http-equiv=x content=\"text/html; charset=koi8-r\"/>а",
            ),
            (b"<!-- <meta charset=koi8-r> -->\xe9", None, "<!-- <meta charset=koi8-r> -->é"),
            (b"<meta charset=utf-16>\xc3\xa9", None, "<meta charset=utf-16>é"),
            (b"<meta charset=utf-8>\xe9", None, "<meta charset=utf-8>\u{fffd}"),
        ];
        for (body, content_type, expected) in table {
            assert_eq!(*html(body, content_type).0, expected, "{:?} {content_type:?}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn xml_is_decoded_by_its_mark_or_declaration_and_strictly() {
        let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
        let table: [(&[u8], Option<&str>); 8] = [
            (b"<a>\xc3\xa9</a>", Some("<a>é</a>")),
            (b"\xef\xbb\xbf<a/>", Some("<a/>")),
            (b"<a>\xe9</a>", None),
            (b"<?xml version='1.0' encoding='iso-8859-1'?>\xe9", Some("<?xml version='1.0' encoding='iso-8859-1'?>é")),
            (b"<?xml version='1.0' encoding='utf-8'?>\xe9", None),
            (b"<?xml version='1.0' encoding='nonsense'?>", None),
            (&utf_16("\u{feff}<a/>"), Some("<a/>")),
            (&utf_16("<?xml version='1.0'?>"), Some("<?xml version='1.0'?>")),
        ];
        for (body, expected) in table {
            assert_eq!(
                xml(body).as_ref().map(|(text, _)| text.as_str()),
                expected,
                "{:?}",
                String::from_utf8_lossy(body)
            );
        }
    }
}
