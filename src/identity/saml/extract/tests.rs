//! Whole pages through [`read`]: those of real providers, those of Airflow's contract, and those made to harm.

use std::time::Duration;

use proptest::prelude::*;

use super::PageKind;
use super::product::Product;
use super::*;
use crate::config::profile::Parser;
use crate::error::{Code, Error};

const DEFAULT: &str = "//input[@name=\"SAMLResponse\"]/@value";
const DOCUMENTED: &str = "////INPUT[@NAME='SAMLResponse']/@VALUE";
const RESPONSE: &str = "PHNhbWxwOlJlc3BvbnNlPkZBS0U8L3NhbWxwOlJlc3BvbnNlPg==";

/// Pieces of which tag soup is made.
const SOUP: &str = "<html> <body> <head> <title> </title> <form> </form> <form\tid=f\tmethod=POST> <button> </button> \
    <input\tname=SAMLResponse\tvalue='PHN'> <INPUT\tNAME='a'\tFORM=f> <select> <option> </select> <textarea> </textarea> \
    <table> <tr> <td> </td> </table> <b> <b\tid=1> </b> <i> </i> <a> </a> <p> </p> <div\thidden> </div> <template> \
    </template> <fieldset\tdisabled> <svg> </svg> <foreignObject> <math> <annotation-xml\tencoding=text/html> <script> \
    </script> <noscript> </noscript> <frameset> <!-- --> <!DOCTYPE\thtml> <?xml\tversion='1.0'?> <![CDATA[ ]]> &amp; \
    &nbsp; &#0; &#x110000; & < > \" ' = / text \t \r\n \0 é <meta\thttp-equiv=refresh\tcontent='0;url=/x'> <base\thref=/> \
    <x:y\txmlns:x='u'> </x:y> <a\tb='c'\tb='d'> </html>";

/// Pieces that make an expression, whichever follow each other.
const STEPS: &str = "//* //input //node() /@* //text() [1] [last()] [@name='SAMLResponse'] /.. /ancestor::* /following::node() \
    /preceding-sibling::* [count(.//*)>1] [position()mod\t2=1] [name()!=''] [.=//@*] [string-length()>1] |//p \
    [translate(.,'a','b')=substring(.,-1.5)] [sum(//@*)div\t0] [normalize-space(//*)] [contains(/,concat(.,..))] [-string(@*)]";

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

#[test]
fn login_forms_of_real_providers_are_read_as_a_browser_fills_them() {
    let table: [(&str, &str, &str, &[&str]); 4] = [
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
    for (name, title, action, expected) in table {
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

fn fails(body: impl Into<Vec<u8>>, xpath: &str, parser: Parser, limit: Duration) -> Error {
    read(body.into(), None, &XPath::parse(xpath, parser).unwrap(), limit).unwrap_err()
}

#[test]
fn a_page_made_to_harm_ends_in_an_error() {
    let attributes: String = (0..80_000).map(|i| format!(" a{i}=x")).collect();
    let copies = format!("<b title='{}'>{}", "x".repeat(1 << 20), "<p>x".repeat(100_000));
    let reconstructed =
        format!("<p>{}{}", (0..400).map(|i| format!("<b a={i}>")).collect::<String>(), "</p><p>x".repeat(10_000));
    let deep_text = format!("{}{}", "<div>".repeat(500), "x".repeat(1 << 20));
    let table = [
        ("100,000 nested tags", "<div>".repeat(100_000)),
        ("closed as well", format!("{}{}", "<div>".repeat(100_000), "</div>".repeat(100_000))),
        ("80,000 attributes", format!("<p{attributes}>")),
        ("100 MB", "x".repeat(100 << 20)),
        ("more nodes than pages have", "<p>x".repeat(50_000)),
        ("a value copied for each paragraph", copies),
        ("400 elements made anew for each paragraph", reconstructed),
        ("text within 500 elements", deep_text),
    ];
    for (what, body) in table {
        let error = fails(body, DEFAULT, Parser::Html, Duration::from_secs(60));
        assert_eq!(error.code, Code::PageTooLarge, "{what}");
    }
    let error = fails(vec![0xe9; 3 << 20], DEFAULT, Parser::Html, Duration::from_secs(60));
    assert_eq!(error.code, Code::PageTooLarge, "6 MiB of text from 3 MiB of bytes");
    let attributes: String = (0..80_000).map(|i| format!(" a{i}='x'")).collect();
    for (what, body) in [
        ("100,000 nested tags", format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000))),
        ("80,000 attributes", format!("<a{attributes}/>")),
        ("more nodes than pages have", format!("<a>{}</a>", "<b/>".repeat(50_000))),
    ] {
        let error = fails(body, DEFAULT, Parser::Xml, Duration::from_secs(60));
        assert_eq!(error.code, Code::PageTooLarge, "{what}");
    }
}

#[test]
fn an_expression_that_explodes_ends_in_an_error() {
    let body = "<p>x<i>y</i>".repeat(5_000);
    for xpath in [
        "//p[following::p[following::p[following::p[. = 'q']]]]",
        "//*[count(//*[count(//*) = 0]) = 0]",
        "//*[string(//*) = string(//*[last()])]",
        "//p/ancestor::*//p/ancestor::*//p/preceding::*//text()",
    ] {
        let error = fails(body.clone(), xpath, Parser::Html, Duration::from_millis(400));
        // Which of the two depends on whether the machine left it the time to notice by itself.
        assert!(matches!(error.code, Code::XpathTooCostly | Code::Timeout), "{xpath}: {error:?}");
    }
}

#[test]
fn a_run_that_is_out_of_time_says_so() {
    let error = fails("<p>".repeat(2_000), DEFAULT, Parser::Html, Duration::ZERO);
    assert_eq!(error.code, Code::Timeout);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_soup_is_a_bug(
        soup in prop::collection::vec(prop::sample::select(tokens(SOUP)), 0..60),
        steps in prop::collection::vec(prop::sample::select(tokens(STEPS)), 0..4),
    ) {
        for parser in [Parser::Html, Parser::Xml] {
            let xpath = XPath::parse(&format!("//*{}", steps.concat()), parser)?;
            if let Err(e) = read(soup.concat().into_bytes(), None, &xpath, Duration::from_secs(60)) {
                prop_assert_ne!(e.code, Code::Bug);
            }
        }
    }

    #[test]
    fn no_bytes_are_a_bug(body in prop::collection::vec(any::<u8>(), 0..2000), content_type in "\\PC{0,40}") {
        let xpath = XPath::parse(DEFAULT, Parser::Html)?;
        if let Err(e) = read(body, Some(content_type), &xpath, Duration::from_secs(60)) {
            prop_assert_ne!(e.code, Code::Bug);
        }
    }
}

#[test]
fn pages_are_known_by_the_marks_of_their_product() {
    let table = [
        ("adfs-login", "looks like a login page of AD FS"),
        ("entra-login", "looks like a page that only a browser's script can build of Entra ID"),
        ("keycloak-login", "looks like a login page of Keycloak"),
        ("shibboleth-login", "looks like a login page of Shibboleth"),
        ("simplesamlphp-login", "is a login page of SimpleSAMLphp"),
        ("pingfederate-login", "looks like a login page of PingFederate"),
        ("google-user-name", "looks like a login page that first asks for the user's name alone of Google"),
        ("okta-login", "looks like a page that only a browser's script can build of Okta"),
        ("keycloak-otp", "looks like a page that asks for a one-time code of Keycloak"),
        ("keycloak-error", "looks like an error page of Keycloak"),
        ("keycloak-new-password", "looks like a page that wants a new password of Keycloak"),
        ("adfs-error", "looks like an error page of AD FS"),
        ("shibboleth-consent", "looks like a page that asks for consent of Shibboleth"),
        ("simplesamlphp-error", "is an error page of SimpleSAMLphp"),
        ("simplesamlphp-post", "is a page with a SAML response of SimpleSAMLphp"),
        ("okta-post", "looks like a page with a SAML response of Okta"),
        ("shibboleth-post", "looks like a page with a SAML response"),
    ];
    for (name, expected) in table {
        assert_eq!(html(page(name)).summary.to_string(), expected, "{name}");
    }
}

#[test]
fn what_an_error_page_tells_is_told_and_nothing_of_others() {
    let table = [
        ("keycloak-error", Some("Invalid Request")),
        ("adfs-error", Some("An error occurred. Contact your administrator for more information.")),
        ("simplesamlphp-error", Some("Metadata not found")),
        ("keycloak-otp", Some("Invalid authenticator code.")),
        ("simplesamlphp-post", None),
        ("shibboleth-login", None),
    ];
    for (name, expected) in table {
        assert_eq!(html(page(name)).summary.says.as_deref(), expected, "{name}");
    }
    let hostile = html("<title>Error</title><h1>a\u{1b}[31m\u{202e}b</h1>");
    assert_eq!(hostile.summary.says.as_deref(), Some("a [31m b"));
}

#[test]
fn the_purpose_of_a_page_is_told_without_knowing_its_product() {
    let user = "<input name=user>";
    let password = "<input type=password name=pw>";
    let table = [
        (format!("<form method=post>{user}{password}</form>"), PageKind::Login),
        (format!("<form method=post>{password}{password}</form>"), PageKind::NewPassword),
        (
            "<form action=/in method=post><input name=user><input type=password name=pw></form>\
             <form action=/up method=post><input name=mail><input type=password name=n autocomplete=new-password></form>"
                .into(),
            PageKind::Login,
        ),
        ("<p>Open your Authenticator app and approve the request.</p><script>poll()</script>".into(), PageKind::SecondFactor),
        (
            "<p>We sent a push notification to your phone</p><form method=post action=/poll><input type=hidden name=x value=1></form>\
             <script>document.forms[0].submit()</script>"
                .into(),
            PageKind::SecondFactor,
        ),
        ("<title>二段階認証</title><form method=post><input name=auth></form>".into(), PageKind::SecondFactor),
        (
            "<p>Hello</p><form method=post action=/logout><input type=hidden name=t value=1><noscript><button>Sign out</button></noscript></form>"
                .into(),
            PageKind::Portal,
        ),
        (format!("<form method=post>{user}</form>"), PageKind::UserName),
        ("<form method=post><input name=c autocomplete=one-time-code></form>".into(), PageKind::Code),
        ("<form><input type=hidden name=a></form><script>f.submit()</script>".into(), PageKind::PassesOn),
        ("<form><input type=hidden name=SAMLResponse value=''></form>".into(), PageKind::SamlResponse),
        ("<form><input type=hidden name=wresult value=x></form>".into(), PageKind::WsFederation),
        ("<title>Access Denied</title>".into(), PageKind::Error),
        ("<form style='display:none'><input type=password name=p></form><p>hello".into(), PageKind::Other),
        ("".into(), PageKind::Other),
    ];
    for (body, expected) in table {
        assert_eq!(html(body.clone()).summary.kind, expected, "{body}");
    }
}

#[test]
fn a_page_that_says_nothing_is_known_by_its_address() {
    let table = [
        ("https://adfs.example.com/adfs/ls/IdpInitiatedSignOn.aspx", Some(Product::AdFs)),
        ("https://corp.okta.com/app/x/sso/saml", Some(Product::Okta)),
        ("https://sso.example.com/realms/corp/protocol/saml/clients/aws", Some(Product::Keycloak)),
        ("https://login.microsoftonline.com/t/saml2", Some(Product::Entra)),
        ("https://idp.example.com/idp/profile/SAML2/Unsolicited/SSO", Some(Product::Shibboleth)),
        ("https://idp.example.com/simplesaml/saml2/idp/SSOService.php", Some(Product::SimpleSamlPhp)),
        ("https://sso.example.com/idp/startSSO.ping", Some(Product::PingFederate)),
        ("https://accounts.google.com/o/saml2/initsso", Some(Product::Google)),
        ("https://evil-okta.com/", None),
        ("https://idp.example.com/", None),
    ];
    for (url, expected) in table {
        assert_eq!(Product::of_address(&url.parse().unwrap()), expected, "{url}");
    }
}

#[test]
fn pages_of_each_kind_are_told_apart_without_a_false_product() {
    let table = [
        ("adfs-home-realm", PageKind::HomeRealm, Some(Product::AdFs)),
        ("adfs-rsa", PageKind::Code, Some(Product::AdFs)),
        ("adfs-french-disabled", PageKind::Login, Some(Product::AdFs)),
        ("msis-german", PageKind::Error, None),
        ("netiq-token", PageKind::Code, None),
        ("push", PageKind::SecondFactor, None),
        ("sms-german", PageKind::SecondFactor, None),
        ("duo-frame", PageKind::SecondFactor, None),
        ("google-challenge", PageKind::SecondFactor, Some(Product::Google)),
        ("enrol-device", PageKind::SecondFactor, None),
        ("captcha-recaptcha", PageKind::Captcha, None),
        ("captcha-image-french", PageKind::Captcha, None),
        ("cloudflare", PageKind::Captcha, None),
        ("keycloak-terms", PageKind::Consent, Some(Product::Keycloak)),
        ("shibboleth-consent", PageKind::Consent, Some(Product::Shibboleth)),
        ("simplesamlphp-consent", PageKind::Consent, Some(Product::SimpleSamlPhp)),
        ("new-password-spanish", PageKind::NewPassword, None),
        ("registration", PageKind::Registration, None),
        ("stay-french", PageKind::StaySignedIn, None),
        ("portal", PageKind::Portal, None),
        ("by-script-spa", PageKind::ByScript, None),
        ("pass-on-noscript", PageKind::PassesOn, None),
        ("netscaler-login", PageKind::Login, None),
        ("siteminder-login", PageKind::Login, None),
        ("f5-login", PageKind::Login, None),
        ("cas-change-password", PageKind::NewPassword, None),
        ("change-password-japanese", PageKind::NewPassword, None),
        ("siteminder-change-password", PageKind::NewPassword, None),
        ("rsa-new-pin", PageKind::NewPassword, None),
        ("captcha-code-german", PageKind::Captcha, None),
        ("captcha-image-chinese", PageKind::Captcha, None),
        ("captcha-image-russian", PageKind::Captcha, None),
        ("captcha-sum", PageKind::Captcha, None),
        ("captcha-widget-alone", PageKind::Captcha, None),
        ("captcha-without-form", PageKind::Captcha, None),
        ("captcha-after-login", PageKind::Captcha, None),
        ("login-with-pictures", PageKind::Login, None),
        ("login-beside-newsletter", PageKind::Login, None),
        ("two-logins", PageKind::Login, None),
        ("decoys-by-class", PageKind::Login, None),
        ("citrix-two-passwords", PageKind::Login, None),
        ("identifier-after-newsletter", PageKind::UserName, None),
        ("adfs-paginated", PageKind::UserName, Some(Product::AdFs)),
        ("enrol-totp", PageKind::Code, None),
        ("backup-code", PageKind::Code, None),
        ("grid-card", PageKind::Code, None),
        ("rsa-next-tokencode", PageKind::Code, Some(Product::AdFs)),
        ("security-question", PageKind::Code, None),
        ("security-question-text", PageKind::Code, None),
        ("keycloak-otp-choice", PageKind::Code, Some(Product::Keycloak)),
        ("keycloak-webauthn", PageKind::SecondFactor, Some(Product::Keycloak)),
        ("duo-universal-prompt", PageKind::SecondFactor, None),
        ("pingid-device", PageKind::SecondFactor, Some(Product::PingFederate)),
        ("sms-code-french", PageKind::Code, None),
        ("code-named-password", PageKind::Code, None),
        ("more-information-required", PageKind::SecondFactor, None),
        ("register-beside-login", PageKind::Login, None),
        ("logout-that-submits-itself", PageKind::Portal, None),
        ("consent-banner", PageKind::Consent, None),
        ("keycloak-update-profile", PageKind::Other, Some(Product::Keycloak)),
        ("session-limit", PageKind::Other, None),
        ("password-expires-soon", PageKind::Other, None),
    ];
    let wrong: Vec<String> = table
        .iter()
        .filter_map(|(name, kind, product)| {
            let summary = html(page(name)).summary;
            let is_right = summary.kind == *kind && summary.product == *product;
            (!is_right).then(|| format!("{name}: {:?} of {:?}", summary.kind, summary.product))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_a_page_says_is_found_in_any_language_and_not_where_it_is_hidden() {
    let table = [
        (
            "<p class=fehlermeldung>Das Kennwort ist falsch.</p><form><input type=password></form>",
            Some("Das Kennwort ist falsch."),
        ),
        (
            "<div role=alert>Identifiant incorrect</div><form><input type=password></form>",
            Some("Identifiant incorrect"),
        ),
        ("<td><font color=red>Usuario o contraseña incorrectos</font></td><form><input type=password></form>", None),
        (
            "<form><b>Usuario o contraseña incorrectos</b><input type=password></form>",
            Some("Usuario o contraseña incorrectos"),
        ),
        ("<p class=error style='display:none'>Caps lock is on</p><form><input type=password></form>", None),
        ("<style>.error{display:none}</style><p class=error>Wrong</p><form><input type=password></form>", None),
        ("<p id=loginMessage>Sign in with your account</p><form><input type=password></form>", None),
        ("<div class=has-error><label>User</label><input name=user><input type=password></div>", None),
    ];
    for (body, expected) in table {
        let says = html(body).summary.says;
        // The parser takes a cell out of no table, and leaves its text.
        if body.starts_with("<td>") {
            assert!(says.is_some_and(|says| says.contains("incorrectos")), "{body}");
        } else {
            assert_eq!(says.as_deref(), expected, "{body}");
        }
    }
    assert_eq!(html(page("msis-german")).summary.msis.as_deref(), Some("MSIS7012"));
    assert!(html(page("adfs-french-disabled")).summary.says.is_some_and(|says| says.contains("désactivé")));
}

#[test]
fn a_response_is_found_where_the_expression_does_not_look() {
    let encoded = "PHNhbWxwOlJlc3BvbnNl".repeat(8);
    let table = [
        (format!("<form><textarea name=SAMLResponse>{encoded}</textarea></form>"), Some(Place::Textarea)),
        (format!("{{\"data\": {{\"SAMLResponse\": \"{encoded}\"}}}}"), Some(Place::Json)),
        (format!("[{{\"saml_response\": \"{encoded}\"}}]"), Some(Place::Json)),
        (format!("<script>post({{SAMLResponse: '{encoded}'}})</script>"), Some(Place::Script)),
        (format!("<script>f.append(\"SAMLResponse\", \"{encoded}\")</script>"), Some(Place::Script)),
        (format!("<iframe srcdoc=\"<input name='SAMLResponse' value='{encoded}'>\"></iframe>"), Some(Place::Frame)),
        ("<script>var SAMLResponse = 'short'</script>".to_owned(), None),
        (format!("<!-- SAMLResponse='{encoded}' -->"), None),
        (format!("<template><input name=SAMLResponse value={encoded}></template>"), None),
    ];
    for (body, expected) in table {
        let found = html(body.clone()).elsewhere;
        assert_eq!(found.as_ref().map(|found| found.place), expected, "{body}");
        assert!(found.is_none_or(|found| found.encoded.expose() == encoded), "{body}");
    }
}
