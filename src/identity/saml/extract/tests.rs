//! Whole pages through [`read`]: pages of real providers and those of Airflow's contract.

mod automatic;
mod hostile;
mod kinds;

use std::time::Duration;

use super::*;
use crate::config::profile::Parser;
use crate::error::Code;

const DEFAULT: &str = "//input[@name=\"SAMLResponse\"]/@value";
const DOCUMENTED: &str = "////INPUT[@NAME='SAMLResponse']/@VALUE";
const RESPONSE: &str = "PHNhbWxwOlJlc3BvbnNlPkZBS0U8L3NhbWxwOlJlc3BvbnNlPg==";

pub fn tokens(list: &'static str) -> Vec<&'static str> {
    list.split(' ').filter(|token| !token.is_empty()).collect()
}

fn page(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/data/pages/{name}.html", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn read_as(body: impl Into<Vec<u8>>, xpath: &str, parser: Parser) -> Result<Page> {
    read(body.into(), None, &XPath::parse(xpath, parser)?, Duration::from_secs(60))
}

fn html(body: impl Into<Vec<u8>>) -> Page {
    read_as(body, DEFAULT, Parser::Html).unwrap()
}

fn found(page: &Page) -> Option<&str> {
    page.saml_response.as_ref().map(Secret::expose)
}

/// `kind name=value flags`, an input a line.
fn inputs(form: &Form) -> Vec<String> {
    let describe = |i: &Input| {
        let flag = |is: bool, name: &str| if is { format!(" {name}") } else { String::new() };
        let name = i.name.as_deref().unwrap_or("-");
        let flags = [flag(i.is_visible, "visible"), flag(i.is_disabled, "disabled"), flag(i.is_checked, "checked")];
        format!("{} {name}={}{}", i.kind, i.value.expose(), flags.concat())
    };
    form.inputs.iter().map(describe).collect()
}

#[test]
fn the_response_is_found_on_the_pages_of_real_providers() {
    let pages = ["adfs", "okta-post", "keycloak-post", "shibboleth-post", "simplesamlphp-post", "entra-post"];
    for name in pages.map(|name| if name == "adfs" { "airflow-adfs" } else { name }) {
        for xpath in [DEFAULT, DOCUMENTED, "string(//form//INPUT[contains(@name, 'SAMLR')]/@value)"] {
            let page = read_as(page(name), xpath, Parser::Html).unwrap();
            assert_eq!(found(&page), Some(RESPONSE), "{name} {xpath}");
            assert_eq!(
                page.forms[0].action.as_deref().map(|a| a.contains("signin.aws.amazon.com")),
                Some(true),
                "{name}"
            );
            assert!(page.forms[0].is_post(), "{name}");
        }
    }
}

/// Page, title, action, inputs.
const LOGIN_FORMS: [(&str, &str, &str, &[&str]); 4] = [
    (
        "adfs-login",
        "Sign In",
        "/adfs/ls/?SAMLRequest=abc&RelayState=x&client-request-id=1",
        &[
            "email UserName= visible",
            "password Password= visible",
            "checkbox Kmsi=true",
            "hidden AuthMethod=FormsAuthentication",
        ],
    ),
    (
        "keycloak-login",
        "Sign in to corp",
        "https://sso.example.com/realms/corp/login-actions/authenticate?session_code=s&execution=e&client_id=urn%3Aamazon%3Awebservices&tab_id=t",
        &[
            "text username= visible",
            "password password= visible",
            "button -= visible",
            "checkbox rememberMe=on visible",
            "hidden credentialId=",
            "submit login=Sign In visible",
        ],
    ),
    (
        "shibboleth-login",
        "Web Login Service",
        "/idp/profile/SAML2/Unsolicited/SSO;jsessionid=1?execution=e1s1",
        &[
            "hidden csrf_token=_2b4f",
            "text j_username= visible",
            "password j_password= visible",
            "checkbox donotcache=1 visible",
            "checkbox _shib_idp_revokeConsent=true visible",
            "submit _eventId_proceed= visible",
        ],
    ),
    (
        "simplesamlphp-login",
        "Enter your username and password",
        "?",
        &[
            "text username= visible",
            "password password= visible",
            "select organization=corp visible",
            "submit -= visible",
        ],
    ),
];

#[test]
fn login_forms_of_real_providers_are_read_as_a_browser_fills_them() {
    for (name, title, action, expected) in LOGIN_FORMS {
        let page = html(page(name));
        assert_eq!((page.title.as_deref(), page.forms.len()), (Some(title), 1), "{name}");
        assert_eq!(page.forms[0].action.as_deref(), Some(action), "{name}");
        assert_eq!(inputs(&page.forms[0]), expected, "{name}");
        assert!(found(&page).is_none() && page.meta_refresh.is_none(), "{name}");
    }
    assert_eq!(html(page("simplesamlphp-login")).base_href.as_deref(), Some("https://idp.example.com/simplesaml/"));
    let scripted = html(page("entra-login"));
    assert!(scripted.forms.is_empty() && scripted.meta_refresh.is_none());
}

#[test]
fn airflows_pages_give_what_they_give_airflow() {
    let wrapped = "PHNhbWxw\r\nOlJlc3BvbnNl Pg==";
    /// What `parser = "xml"` gives: a value, nothing, or (None) an error.
    type InXml = Option<Option<&'static str>>;
    // Page, expression, what `xml` gives, what `html` gives.
    let table: [(&str, &str, InXml, Option<&str>); 17] = [
        ("upper", DOCUMENTED, Some(Some(RESPONSE)), Some(RESPONSE)),
        ("upper", DEFAULT, Some(None), Some(RESPONSE)),
        ("lower", DOCUMENTED, Some(None), Some(RESPONSE)),
        ("lower", DEFAULT, Some(Some(RESPONSE)), Some(RESPONSE)),
        ("adfs", DEFAULT, Some(Some(RESPONSE)), Some(RESPONSE)),
        ("html5", DEFAULT, None, Some(RESPONSE)),
        ("doctype", DOCUMENTED, Some(Some(RESPONSE)), Some(RESPONSE)),
        ("xhtmlns", DEFAULT, Some(None), Some(RESPONSE)),
        ("xhtmlns", "//*[local-name()='input'][@name='SAMLResponse']/@value", Some(Some(RESPONSE)), Some(RESPONSE)),
        ("two", DOCUMENTED, Some(Some(RESPONSE)), Some(RESPONSE)),
        ("empty", DOCUMENTED, Some(None), None),
        ("nbsp", DOCUMENTED, None, Some(RESPONSE)),
        ("wrapped", DOCUMENTED, Some(Some(wrapped)), Some("PHNhbWxw\r\nOlJlc3BvbnNl\nPg==")),
        ("leadingnl", DOCUMENTED, None, Some(RESPONSE)),
        ("xmldecl", DOCUMENTED, Some(Some(RESPONSE)), Some(RESPONSE)),
        ("upper", "string(//INPUT/@VALUE)", Some(Some(RESPONSE)), Some(RESPONSE)),
        ("upper", "//FORM/@nothing", Some(None), None),
    ];
    for (name, xpath, in_xml, in_html) in table {
        let body = page(&format!("airflow-{name}"));
        match (read_as(body.clone(), xpath, Parser::Xml), in_xml) {
            (Ok(page), Some(expected)) => assert_eq!(found(&page), expected, "{name} {xpath}"),
            (Err(e), None) => {
                assert_eq!(e.code, Code::XpathNoMatch, "{name}");
                assert!(e.hint.unwrap().contains("parser = \"html\""), "{name}");
            }
            (result, _) => panic!("{name} {xpath}: {:?}", result.map(|page| page.saml_response.is_some())),
        }
        let both = read_as(body.clone(), xpath, Parser::XmlThenHtml).unwrap();
        assert_eq!(found(&both), in_xml.flatten().or(in_html), "{name} {xpath}");
        assert_eq!(found(&read_as(body, xpath, Parser::Html).unwrap()), in_html, "{name} {xpath}");
    }
    assert!(read_as("", DEFAULT, Parser::Xml).is_err());
    assert!(found(&html("")).is_none());
}

#[test]
fn only_what_a_browser_would_post_is_a_response() {
    let table = [
        ("<input name=SAMLResponse value=a>", Some("a")),
        ("<INPUT NAME=SAMLResponse VALUE=a>", Some("a")),
        ("<html xmlns='http://www.w3.org/1999/xhtml'><input name='SAMLResponse' value='a'/></html>", Some("a")),
        ("<input name=SAMLResponse value=' \n a\n b= \t'>", Some("a\n b=")),
        ("<input name=SAMLResponse value=' '><input name=SAMLResponse value=b>", Some("b")),
        ("<input name=SAMLResponse value='&amp;lt;&#x2b;'>", Some("&lt;+")),
        ("<input name=SAMLResponse>", None),
        ("<input name=samlresponse value=a>", None),
        ("<!-- <input name=SAMLResponse value=a> -->", None),
        ("<script>'<input name=SAMLResponse value=a>'</script>", None),
        ("<style><input name=SAMLResponse value=a></style>", None),
        ("<textarea><input name=SAMLResponse value=a></textarea>", None),
        ("<title><input name=SAMLResponse value=a></title>", None),
        ("<noscript><input name=SAMLResponse value=a></noscript>", None),
        ("<template><input name=SAMLResponse value=a></template>", None),
        ("<input name=SAMLResponse value=a", None),
    ];
    for (body, expected) in table {
        assert_eq!(found(&html(body)), expected, "{body}");
    }
}

#[test]
fn expressions_find_text_and_elements_too() {
    let body = "<svg><foreignObject>o</foreignObject></svg><table><tr><td>cell</table><script>code</script><p a=1>x<!-- c -->y";
    let table = [
        ("//p", Ok("xy")),
        ("//p/text()", Ok("xy")),
        ("//foreignobject", Ok("o")),
        ("/html/body/table/tbody/tr/td", Ok("cell")),
        ("//script", Err(None)),
        ("substring-after(//script, 'c')", Err(None)),
        ("//comment()", Err(None)),
        ("name(//p/@a)", Ok("a")),
        ("namespace-uri(//p)", Err(None)),
        ("concat('a', //p/@a)", Ok("a1")),
        ("count(//p)", Err(Some(Code::InvalidXpath))),
        ("//p = 'x'", Err(Some(Code::InvalidXpath))),
        ("'a'/b", Err(Some(Code::InvalidXpath))),
        ("//p[count('a')]", Err(Some(Code::InvalidXpath))),
    ];
    for (xpath, expected) in table {
        match (read_as(body, xpath, Parser::Html), expected) {
            (Ok(page), Ok(value)) => assert_eq!(found(&page), Some(value), "{xpath}"),
            (Ok(page), Err(None)) => assert_eq!(found(&page), None, "{xpath}"),
            (Err(e), Err(Some(code))) => assert_eq!(e.code, code, "{xpath}"),
            (result, _) => panic!("{xpath}: {:?}", result.map(|page| page.saml_response.is_some())),
        }
    }
    let xml = "<s:a xmlns:s='u' s:n='v'><b xmlns='w'>x</b></s:a>";
    for (xpath, expected) in
        [("name(/*)", "s:a"), ("name(/*/@*)", "s:n"), ("name(/*/*)", "b"), ("namespace-uri(/*/*)", "w")]
    {
        assert_eq!(found(&read_as(xml, xpath, Parser::Xml).unwrap()), Some(expected), "{xpath}");
    }
}

#[test]
fn what_is_hidden_disabled_or_elsewhere_is_told_apart() {
    let body = "<form id=f>\
        <div HIDDEN><input name=a></div><div style='Display : None'><span><input name=b></span></div>\
        <input name=c style='visibility: hidden'><fieldset disabled><input name=d></fieldset><input name=e disabled>\
        <input type=TEL name=f><input type=nonsense name=g><input type=radio name=h checked>\
        <textarea name=i>\nx &amp; y</textarea><select name=j><option disabled value=0><option> 1  2 </select>\
        <button type=Reset name=k></button><input name=l form=other></form>\
        <input name=m form=f value=z><input name=n><form id=other method=dialog></form>";
    let page = html(body);
    let expected = [
        "text a=",
        "text b=",
        "text c=",
        "text d= visible disabled",
        "text e= visible disabled",
        "tel f= visible",
        "text g= visible",
        "radio h=on visible checked",
        "textarea i=x & y visible",
        "select j=1 2 visible",
        "reset k= visible",
        "text m=z visible",
    ];
    assert_eq!(inputs(&page.forms[0]), expected);
    assert_eq!(inputs(&page.forms[1]), ["text l= visible"]);
    assert!(!page.forms[1].is_post());
}

#[test]
fn refreshes_lead_on_only_when_they_are_soon() {
    let table = [
        ("0; url=/next", Some("/next")),
        ("0;URL='https://a/?b=c'", Some("https://a/?b=c")),
        (" 1.5 , url = \"x y\" z", Some("x y")),
        ("3 /next", Some("/next")),
        ("0;urls", Some("urls")),
        ("0", None),
        ("", None),
        ("0;url=", None),
        ("1200; url=/logout", None),
        ("0; é", Some("é")),
    ];
    for (content, expected) in table {
        let body =
            format!("<meta charset=utf-8><meta http-equiv=Refresh content='{}'>", content.replace('\'', "&#39;"));
        assert_eq!(html(body).meta_refresh.as_deref(), expected, "{content}");
    }
}

#[test]
fn debug_shows_no_value() {
    let page = html(page("okta-post"));
    assert!(!format!("{page:?}").contains("PHNh"));
}
