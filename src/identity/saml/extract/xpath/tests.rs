use proptest::prelude::*;

use super::*;

fn normalised(text: &str, reading: Reading) -> Result<String> {
    Ok(XPath::of(text, reading)?.as_normalised().replace("[in-time()]", "").replace(' ', ""))
}

#[test]
fn html_names_are_lower_case_and_slashes_collapse() {
    let table = [
        ("//input[@name=\"SAMLResponse\"]/@value", "//input[@name=\"SAMLResponse\"]/@value"),
        ("////INPUT[@NAME='SAMLResponse']/@VALUE", "//input[@name='SAMLResponse']/@value"),
        ("/////a///b", "//a//b"),
        (" //A [ text ( ) ] ", "//a[text()]"),
        ("string(//Input[contains (@Name, 'SAML')]/@VALUE)", "string(//input[contains(@name,'SAML')]/@value)"),
        ("concat(*, mode, *, @and, text())", "concat(*,child::mode,child::*,@and,child::text())"),
        ("//*[@a*2 = 4 or @b div 2=1 AND not(@c)]", "//*[@a*2=4or@bdiv2=1andnot(@c)]"),
        ("(//or)[last()]/../self::node()", "(//or)[last()]/../self::node()"),
        ("descendant :: input [ 1 ]", "descendant::input[1]"),
        ("//a[.='x'][.5 < 1.5]", "//a[.='x'][.5<1.5]"),
        ("//a | //b", "//a|//b"),
        ("/", "/"),
    ];
    for (text, expected) in table {
        assert_eq!(normalised(text, Reading::Html).unwrap(), expected, "{text}");
    }
}

#[test]
fn xml_names_keep_their_case_and_slashes_are_libxml2s() {
    let table = [
        ("////INPUT[@NAME='SAMLResponse']/@VALUE", Some("//INPUT[@NAME='SAMLResponse']/@VALUE")),
        ("///a", Some("//a")),
        ("//a[////b]", Some("//a[//b]")),
        ("/////a", None),
        ("//a///b", None),
        ("//a AND //b", None),
    ];
    for (text, expected) in table {
        assert_eq!(normalised(text, Reading::Xml).ok().as_deref(), expected, "{text}");
    }
}

#[test]
fn what_the_engine_cannot_take_is_refused_with_the_reason() {
    let nested = |open: &str, close: &str| format!("{}1{}", open.repeat(5_000), close.repeat(5_000));
    let table = [
        (String::new(), "empty"),
        ("//saml:Assertion".into(), "prefix"),
        ("//@x:y".into(), "prefix"),
        ("x:f()".into(), "prefix"),
        ("//p[$v]".into(), "variables"),
        ("//p[nosuch()]".into(), "no function `nosuch`"),
        ("//p[in-time()]".into(), "no function"),
        ("id('x')".into(), "no function"),
        ("//namespace::*".into(), "not a supported axis"),
        ("//a b".into(), "operator"),
        ("//a[".into(), "not closed"),
        ("//a]".into(), "closes nothing"),
        ("//a[)".into(), "closes nothing"),
        ("//a['x]".into(), "not closed"),
        ("//a[]".into(), "not XPath"),
        ("//a/".into(), "not XPath"),
        ("text(1)".into(), "takes no argument"),
        ("//a#b".into(), "`#`"),
        ("/".repeat(2000), "longer than"),
        (nested("(", ")"), "longer than"),
        (format!("{}1{}", "(".repeat(17), ")".repeat(17)), "brackets"),
        (format!("{}1", "-".repeat(65)), "operators"),
        (format!("1{}", "+1".repeat(65)), "operators"),
        (format!("concat(/{})", ",/".repeat(11)), "commas"),
    ];
    for (text, expected) in table {
        let error = XPath::parse(&text, Parser::Html).unwrap_err();
        assert_eq!(error.code, Code::InvalidXpath);
        assert!(error.causes[0].contains(expected), "{text:.40}: {:?}", error.causes);
    }
}

/// Pieces of which hostile and merely odd expressions are made.
const TOKENS: &str = "/ // //// * @ . .. ( ) [ ] , | + - = != < >= ' \" 'a' \"b\" 1 1.5 .5 99999999999999999999 $v x:y : :: \
    child:: namespace:: self:: input INPUT and or mod div text() node() comment() processing-instruction('x') \
    position() last() count( string( concat( substring( translate( id( nosuch( é # \0";

proptest! {
    #[test]
    fn no_expression_panics(tokens in prop::collection::vec(prop::sample::select(super::super::tests::tokens(TOKENS)), 0..30)) {
        for parser in [Parser::Html, Parser::Xml] {
            let _ = XPath::parse(&tokens.concat(), parser);
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,60}") {
        let _ = XPath::parse(&text, Parser::Html);
    }
}
