//! Reads a proxy's answer to CONNECT.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::super::challenge::challenges;

/// Most bytes that are read of it.
const MAX_HEAD: usize = 16 * 1024;
/// Most lines of a head that hyper reads.
const MAX_LINES: usize = 60;

/// A proxy's answer.
pub struct Said {
    pub status: u16,
    /// What it offers for a login.
    pub schemes: Vec<String>,
    /// Whether hyper could read its head, and so tell a 407 from other refusals.
    pub is_clean: bool,
}

impl Said {
    pub fn wants_a_login(&self) -> bool {
        self.status == 407
    }
}

/// Sends the question and reads the head of the answer. `None` if there is none.
pub async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, question: &[u8]) -> Option<Said> {
    stream.write_all(question).await.ok()?;
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.len() < MAX_HEAD {
        if stream.read_buf(&mut head).await.ok()? == 0 {
            break;
        }
    }
    said(&String::from_utf8_lossy(&head))
}

/// Reads the head of an HTTP/1 answer.
fn said(head: &str) -> Option<Said> {
    let mut lines = head.lines();
    let status = lines.next()?.strip_prefix("HTTP/")?.split(' ').nth(1)?.parse().ok()?;
    let fields = lines.take_while(|line| !line.is_empty()).filter_map(|line| line.split_once(':'));
    let offers: Vec<&str> = fields
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("proxy-authenticate"))
        .map(|(_, value)| value.trim())
        .collect();
    let schemes = challenges(offers).iter().map(|found| found.scheme.to_owned()).collect();
    Some(Said { status, schemes, is_clean: is_clean(head) })
}

/// RFC 9112 §5.1: no white space before the colon, and no folded lines.
fn is_clean(head: &str) -> bool {
    let is_name = |name: &str| !name.is_empty() && !name.contains(|c: char| !c.is_ascii_graphic());
    let mut fields = head.lines().skip(1).take_while(|line| !line.is_empty());
    head.lines().count() <= MAX_LINES
        && !head.contains(|c: char| c.is_control() && !"\r\n\t".contains(c))
        && fields.all(|line| line.split_once(':').is_some_and(|(name, _)| is_name(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_that_hyper_cannot_read_is_not_clean() {
        let many = format!("HTTP/1.1 407 P\r\n{}\r\n", "A: b\r\n".repeat(MAX_LINES));
        for (head, is_clean) in [
            ("HTTP/1.0 407 Proxy\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n", true),
            ("HTTP/1.1 407 \x1b[31mNo\r\n\r\n", false),
            ("HTTP/1.1 407 No\r\nProxy-Authenticate : Basic\r\n\r\n", false),
            ("HTTP/1.1 407 No\r\nVia: a,\r\n b\r\n\r\n", false),
            (many.as_str(), false),
        ] {
            let said = said(head).unwrap();
            assert_eq!((said.wants_a_login(), said.is_clean), (true, is_clean), "{head:?}");
        }
    }
}
