use super::*;

const XML: &str = r#"<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status><saml:Assertion><saml:Issuer>https://idp/?a=b+c</saml:Issuer></saml:Assertion></samlp:Response>"#;
const JWT: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJpIiwic3ViIjoicyJ9.c2ln";

fn kind(bytes: impl Into<Vec<u8>>) -> String {
    match read(Zeroizing::new(bytes.into())) {
        Ok(Pasted::Response { response, .. }) => {
            format!("response of {} {}", response.issuer.unwrap_or_default(), response.status.join(","))
        }
        Ok(Pasted::Token(token)) => format!("token {}", token.expose() == JWT),
        Ok(Pasted::Page { page, .. }) => format!("page {}", page.summary.kind.id()),
        Err(error) => error.code.as_str().to_owned(),
    }
}

/// Text and what it is.
type Table = Vec<(Vec<u8>, &'static str)>;

const OURS: &str = "response of https://idp/?a=b+c Success";

fn check(table: Table) {
    for (bytes, expected) in table {
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        assert_eq!(kind(bytes), expected, "{shown}");
    }
}

fn percent_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn deflated() -> String {
    use std::io::Write;
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(XML.as_bytes()).unwrap();
    percent_encoded(&STANDARD.encode(encoder.finish().unwrap()))
}

/// A page with the response, as quoted-printable in lines of 70 characters.
fn quoted_page(base64: &str) -> String {
    let page =
        format!("<html><form><input name=3DSAMLResponse value=3D'{}'></form></html>", base64.replace('=', "=3D"));
    let lines = page.as_bytes().chunks(70).map(|c| format!("{}=\r\n", String::from_utf8_lossy(c)));
    lines.collect::<String>().replace("==\r\n3D", "=3D=\r\n").replace("=3=\r\nD", "=3D=\r\n")
}

#[test]
fn recordings_of_a_browser_can_be_pasted() {
    let base64 = STANDARD.encode(XML);
    let (escaped, deflated, quoted) = (percent_encoded(&base64), deflated(), quoted_page(&base64));
    let json = |text: &str| serde_json::to_string(text).unwrap();
    check(vec![
        (format!("https://signin.aws.amazon.com/saml?SAMLResponse={deflated}&RelayState=x").into(), OURS),
        (format!("Location: https://x/?SAMLResponse={deflated}").into(), OURS),
        ("https://idp/?SAMLRequest=fZFB".into(), "not-a-saml-response"),
        (
            format!("<S:Envelope xmlns:S='http://schemas.xmlsoap.org/soap/envelope/'><S:Body>{XML}</S:Body></S:Envelope>").into(),
            OURS,
        ),
        (
            format!(r#"{{"log":{{"entries":[{{"request":{{"postData":{{"params":[{{"name":"RelayState","value":""}},{{"name":"SAMLResponse","value":"{escaped}"}}]}}}}}},{{"request":{{}}}}]}}}}"#).into(),
            OURS,
        ),
        (format!(r#"{{"log":{{"entries":[{{"request":{{"postData":{{"text":"a=b&SAMLResponse={escaped}"}}}}}}]}}}}"#).into(), OURS),
        (format!(r#"{{"requests":[{{"method":"POST","post":[["SAMLResponse","{base64}"],["RelayState",""]]}}]}}"#).into(), OURS),
        (format!(r#"{{"requests":[{{"method":"POST","protocol":"SAML-P","saml":{}}}]}}"#, json(XML)).into(), OURS),
        (
            format!("From: <Saved by Blink>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related;\r\n\ttype=\"text/html\";\r\n\tboundary=\"----B\"\r\n\r\n\r\n------B\r\nContent-Type: text/css\r\n\r\nx\r\n------B\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{quoted}\r\n------B--\r\n").into(),
            "page saml-response",
        ),
    ]);
}

#[test]
fn responses_pages_and_tokens_can_be_pasted_in_any_form() {
    let base64 = STANDARD.encode(XML);
    let escaped = percent_encoded(&base64);
    let wrapped =
        base64.as_bytes().chunks(60).map(|c| std::str::from_utf8(c).unwrap()).collect::<Vec<_>>().join("\r\n");
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(base64.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    check(vec![
        (XML.into(), OURS),
        (format!("<?xml version='1.0'?>\n<!-- saved -->{XML}").into(), OURS),
        (base64.clone().into(), OURS),
        (wrapped.into(), OURS),
        (utf16, OURS),
        (escaped.clone().into(), OURS),
        (format!("SAMLResponse={escaped}&RelayState=").into(), OURS),
        (format!("RelayState=&SAMLResponse={escaped}").into(), OURS),
        (format!("SAMLResponse: {base64}\nRelayState: x").into(), OURS),
        (format!("SAMLResponse:\t\"{base64}\"").into(), OURS),
        (format!("curl https://x --data-raw 'SAMLResponse={escaped}'").into(), OURS),
        (format!("{{\"SAMLResponse\": \"{base64}\"}}").into(), OURS),
        (
            "<a:Assertion xmlns:a='urn:oasis:names:tc:SAML:2.0:assertion'><a:Issuer>me</a:Issuer></a:Assertion>".into(),
            "response of me ",
        ),
        (format!("<html><form><input name=SAMLResponse value='{base64}'></form></html>").into(), "page saml-response"),
        ("<!DOCTYPE html><form method=post><input name=u><input type=password></form>".into(), "page login"),
        ("HTTP/1.1 200 OK\n\n<html><title>Error</title></html>".into(), "page error"),
        (JWT.into(), "token true"),
        (format!("Authorization: Bearer {JWT}\n").into(), "token true"),
        (format!("{{\"access_token\":\"opaque\",\"id_token\":\"{JWT}\"}}").into(), "token true"),
        (format!("{}\n{}", &JWT[..30], &JWT[30..]).into(), "token true"),
        ("hello".into(), "not-a-saml-response"),
        (Vec::new(), "not-a-saml-response"),
    ]);
}

#[test]
fn hostile_text_ends_in_an_error_and_is_not_quoted() {
    for text in
        ["<", "<!", "<?", "<!--", "<!-- --", "<x", "%", "%%%=", "SAMLResponse=", "SAMLResponse", "{\"id_token\":"]
    {
        let outcome = read(Zeroizing::new(text.into()));
        assert!(outcome.is_err() || matches!(outcome, Ok(Pasted::Page { .. })), "{text}");
    }
    let error = read(Zeroizing::new(b"hunter2 hunter2".to_vec())).unwrap_err();
    assert!(!format!("{error:?}").contains("hunter2"));
}
