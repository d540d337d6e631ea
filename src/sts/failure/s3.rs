//! Refusals in the form of S3's errors, `<Error><Code>…`, as Ceph's RADOS Gateway and other servers send them.

use super::super::maker::{Maker, Marks};
use super::{Asked, DENIED, of_another_maker, said, verdict, what};
use crate::error::{Code, Error};

/// Code and message of such an error; the message may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    code: String,
    message: String,
}

impl Refusal {
    /// Reads such an error. `None` if the body is another document.
    pub(super) fn read(body: &[u8]) -> Option<Refusal> {
        let text = std::str::from_utf8(body).ok()?;
        let error = text.split_once("<Error>").or_else(|| text.split_once("<Error ")).map(|(_, rest)| rest)?;
        let between = |tag: &str| {
            let (_, rest) = error.split_once(&format!("<{tag}>"))?;
            rest.split_once(&format!("</{tag}>")).map(|(text, _)| text.trim().to_owned())
        };
        let code = between("Code").filter(|code| !code.is_empty())?;
        Some(Refusal { code, message: between("Message").unwrap_or_default() })
    }

    pub(super) fn explain(&self, status: u16, marks: &Marks, asked: &Asked<'_>) -> Error {
        let message = super::without_proof(&self.message, asked.proof);
        let (code, _) = verdict(status, &self.code, &message, asked);
        let role = asked.role;
        let (code, hint) = match self.code.as_str() {
            "AccessDenied" | "AccessDeniedException" => (Code::StsAccessDenied, DENIED.replace("{role}", &role.to_string())),
            "NoSuchEntity" | "NoSuchRole" | "InvalidRole" => {
                (Code::StsValidation, format!("there is no role {role} on that server: check `role_arn`, above all its account or tenant"))
            }
            "MethodNotAllowed" | "NotImplemented" | "InvalidAction" | "NoSuchBucket" | "NoSuchKey" => (
                Code::StsBadAnswer,
                "the server serves S3 and not STS: enable STS there (Ceph: rgw_s3_auth_use_sts and rgw_sts_key), or correct `sts_endpoint_url`"
                    .to_owned(),
            ),
            _ => (code, "see the server's own log: its messages say little".to_owned()),
        };
        let error = Error::new(code, what(code, asked))
            .because(said(asked.peer, &self.code, &message))
            .because("the error has the form of S3's, as Ceph, MinIO and similar servers write it: this is not AWS")
            .hint(hint);
        of_another_maker(error, Maker::of(asked.home, Some(role), marks), role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_s3s_shape_is_read() {
        let read = |text: &str| Refusal::read(text.as_bytes()).map(|refusal| (refusal.code, refusal.message));
        let table = [
            (
                "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message></Message><RequestId>tx0</RequestId></Error>",
                Some(("AccessDenied", "")),
            ),
            ("<Error><Code>NoSuchEntity</Code><RequestId>tx0</RequestId></Error>", Some(("NoSuchEntity", ""))),
            ("<Error xmlns=\"x\"><Code>A</Code><Message>b</Message></Error>", Some(("A", "b"))),
            ("<html><body>Forbidden</body></html>", None),
            ("<Error></Error>", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(read(text), expected.map(|(code, message)| (code.to_owned(), message.to_owned())), "{text}");
        }
        assert_eq!(Refusal::read(&[0xff, 0xfe]), None);
    }
}
