//! Pages and expressions made to harm, and random ones.

use proptest::prelude::*;

use super::*;
use crate::error::Error;

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

fn fails(body: impl Into<Vec<u8>>, xpath: &str, parser: Parser, limit: Duration) -> Error {
    read(body.into(), None, &XPath::parse(xpath, parser).unwrap(), limit).unwrap_err()
}

#[test]
fn a_page_made_to_harm_ends_in_an_error() {
    let attributes: String = (0..20_000).map(|i| format!(" a{i}=x")).collect();
    let copies = format!("<b title='{}'>{}", "x".repeat(1 << 20), "<p>x".repeat(100_000));
    let reconstructed =
        format!("<p>{}{}", (0..400).map(|i| format!("<b a={i}>")).collect::<String>(), "</p><p>x".repeat(10_000));
    let deep_text = format!("{}{}", "<div>".repeat(500), "x".repeat(1 << 20));
    let table = [
        ("100,000 nested tags", "<div>".repeat(100_000)),
        ("closed as well", format!("{}{}", "<div>".repeat(100_000), "</div>".repeat(100_000))),
        ("20,000 attributes", format!("<p{attributes}>")),
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
    let attributes: String = (0..20_000).map(|i| format!(" a{i}='x'")).collect();
    for (what, body) in [
        ("100,000 nested tags", format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000))),
        ("20,000 attributes", format!("<a{attributes}/>")),
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
