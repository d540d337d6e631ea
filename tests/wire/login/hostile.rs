//! An IdP, or somebody in its place, that means harm: every page ends in an error, in bounded time and memory.

use std::io::Write;

use crate::harness::run::Run;
use crate::support::assertion::Assertion;
use crate::support::idp::{Site, saml_page};
use crate::support::pages::{self, page};
use crate::support::reply::{Payload, Reply};
use crate::world::World;

/// 256 MB, whatever the page.
const MEMORY_KIB: u64 = 256 * 1024;

fn serves(reply: Reply) -> World {
    World::form(Site::new().get("/sso", reply))
}

/// It ended by itself, with an error of ours, in its bounds.
fn withstood(run: &Run) {
    assert!(matches!(run.status, Some(65 | 75)), "{:?}: {}", run.status, run.stderr);
    assert_eq!(run.stdout, "");
    assert!(run.stderr.starts_with("error["), "{}", run.stderr);
    assert!(run.peak_kib < MEMORY_KIB, "{} KiB", run.peak_kib);
}

#[test]
fn a_body_of_a_hundred_megabytes_is_not_read_to_its_end() {
    let body = Payload::Repeat { chunk: vec![b'a'; 65536].into(), total: 100 << 20 };
    let world = serves(Reply::html("").payload(body));
    let run = world.get();
    run.fails_as("page-too-large");
    withstood(&run);
}

#[test]
fn a_compressed_body_counts_by_what_comes_out_of_it() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..64 {
        encoder.write_all(&[b' '; 1 << 20]).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    assert!(bomb.len() < 1 << 20, "small on the wire");
    let world = serves(Reply::html(bomb).with("Content-Encoding", "gzip"));
    let run = world.get();
    run.fails_as("page-too-large");
    withstood(&run);
}

#[test]
fn circles_end() {
    let ways = [
        Site::new().get("/sso", Reply::redirect(302, "/sso")),
        Site::new().get("/sso", Reply::redirect(307, "/a")).get("/a", Reply::redirect(307, "/sso")),
        Site::new().get("/sso", Reply::html(page(r#"<meta http-equiv="refresh" content="0; url=/sso">"#))),
        Site::new()
            .get("/sso", Reply::html(pages::auto_submit("/a", &[("x", "1")])))
            .post("/a", Reply::html(pages::auto_submit("/a", &[("x", "1")]))),
    ];
    for (number, site) in ways.into_iter().enumerate() {
        let world = World::form(site);
        world.get().fails_as("too-many-redirects");
        assert!(world.idp.journal().len() <= 50, "way {number}: {}", world.idp.journal().len());
    }
}

#[test]
fn a_page_that_would_exhaust_a_parser_is_withstood() {
    let assertion = Assertion::default().base64();
    let input = format!(r#"<input name="SAMLResponse" value="{assertion}">"#);
    let attributes: String = (0..80_000).map(|n| format!(" a{n}=\"\"")).collect();
    let pages = [
        ("nested tags", "<div>".repeat(100_000)),
        ("nested formatting", "<b><i><p>".repeat(30_000)),
        ("nested tables", "<table><tr><td>".repeat(30_000)),
        ("many attributes", format!("<div{attributes}>")),
        ("many inputs", format!("<form>{}</form>", "<input name=x value=y>".repeat(100_000))),
        ("many forms", "<form method=post action=/x><input type=password name=p></form>".repeat(30_000)),
        ("an endless comment", format!("<!--{}", "-".repeat(1 << 20))),
        ("unclosed quotes", "<a href=\"".repeat(100_000)),
        ("nothing but zeros", "\0".repeat(1 << 20)),
        ("entities", "&amp;".repeat(500_000)),
    ];
    for (name, body) in pages {
        let world = serves(Reply::html(body.clone()));
        let run = world.get();
        assert!(matches!(run.status, Some(65 | 75 | 3 | 77)), "{name}: {:?} {}", run.status, run.stderr);
        assert!(run.peak_kib < MEMORY_KIB, "{name}: {} KiB", run.peak_kib);

        // The same with the assertion behind it: found or not, but never a crash.
        let world = World::open(Site::new().get("/sso", Reply::html(format!("{body}{input}"))));
        let run = world.get();
        assert!(matches!(run.status, Some(0 | 65 | 75)), "{name}: {:?} {}", run.status, run.stderr);
        assert!(run.peak_kib < MEMORY_KIB, "{name}: {} KiB", run.peak_kib);
    }
}

#[test]
fn a_strict_page_that_would_exhaust_a_parser_is_withstood() {
    let mut laughs = String::from("<!DOCTYPE lolz [<!ENTITY l0 \"lol\">");
    for level in 1..10 {
        let inner = format!("&l{};", level - 1).repeat(10);
        laughs.push_str(&format!("<!ENTITY l{level} \"{inner}\">"));
    }
    laughs.push_str("]><html>&l9;</html>");
    let external = r#"<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><html>&e;</html>"#;
    let pages = [
        ("a billion laughs", laughs),
        ("an external entity", external.to_string()),
        ("nested elements", "<a>".repeat(100_000)),
    ];
    for (name, body) in pages {
        let world = World::open(Site::new().get("/sso", Reply::new(200, "text/xml", body))).set("saml.parser", "xml");
        let run = world.get();
        withstood(&run);
        assert!(!run.stderr.contains("root:"), "{name}");
    }
}

#[test]
fn an_expression_that_would_run_for_ever_is_stopped() {
    let body = page(&"<p><a href=x>y</a></p>".repeat(2_000));
    for expression in [
        "//*[count(//*[count(//*[count(//*) > 0]) > 0]) > 0]/@x",
        "//*//*//*//*//*//*/@x",
        "(//@* | //@* | //@*)[. = //@*[. = //@*]]",
    ] {
        let world = World::open(Site::new().get("/sso", Reply::html(body.clone()))).set("saml.xpath", expression);
        withstood(&world.get());
    }
}

#[test]
fn an_expression_nested_without_end_is_refused_before_anyone_is_asked() {
    for expression in [
        format!("{}1{}", "(".repeat(50_000), ")".repeat(50_000)),
        format!("//a{}", "[a".repeat(50_000)),
        format!("{}1", "-".repeat(100_000)),
        "//a[".to_string(),
        String::new(),
    ] {
        let world = World::open(Site::without_login(Assertion::default())).set("saml.xpath", expression);
        let run = world.get();
        assert_eq!(run.status, Some(78), "{:.200}", run.stderr);
        assert_eq!(world.idp.connections(), 0);
    }
}

#[test]
fn text_of_a_page_cannot_drive_the_terminal() {
    let escape = "\u{1b}]0;owned\u{7}\u{1b}[31m\u{202e}";
    // As far as a header and XML can hold it.
    let shown = "\u{9b}31m\u{202e}";
    let titled = format!("<title>{escape}Sign in</title>");
    let mut denied = Assertion::denied("RequestDenied");
    denied.issuer = format!("https://idp.example.test/{escape}");
    let replies = [
        Reply::html(page(&titled)),
        Reply::html(page(&format!("<form><input type=password name=\"{escape}\"><input type=password name=b></form>"))),
        Reply::html(pages::auto_submit("/x", &[(escape, "y")])),
        Reply::html(pages::auto_submit(&format!("https://{escape}.example/"), &[("x", "y")])),
        Reply::redirect(302, format!("https://{shown}.example/")),
        saml_page("https://signin.aws.amazon.com/saml", &denied.base64()),
        saml_page("https://signin.aws.amazon.com/saml", &Assertion { issuer: shown.to_owned(), ..denied }.base64()),
    ];
    let codes = [
        "xpath-no-match",
        "password-change-required",
        "http-unexpected",
        "http-unexpected",
        "http-unexpected",
        "not-a-saml-response",
        "idp-denied-claim",
    ];
    for (reply, code) in replies.into_iter().zip(codes) {
        let world = serves(reply);
        let run = world.get();
        run.fails_as(code);
        assert!(!run.stderr.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{:?}", run.stderr);
        let log = std::fs::read_to_string(world.path("fedcred.log")).unwrap();
        assert!(!log.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{log:?}");
    }
}

#[test]
fn an_error_is_never_long() {
    let long = "x".repeat(100_000);
    let many: Vec<String> = (0..2_000)
        .map(|n| format!("arn:aws:iam::111122223333:role/R{n},arn:aws:iam::111122223333:saml-provider/corp"))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let replies = [
        Reply::html(format!("<title>{long}</title>")),
        Reply::redirect(302, format!("http://127.0.0.1:1/{long}")),
        saml_page("https://signin.aws.amazon.com/saml", &Assertion::offering(&many).base64()),
    ];
    for (reply, code) in replies.into_iter().zip(["xpath-no-match", "invalid-value", "role-not-chosen"]) {
        let world = World::open(Site::new().get("/sso", reply)).unset("role_arn").set("saml.retry.total", 0);
        let run = world.get();
        run.fails_as(code);
    }
}
