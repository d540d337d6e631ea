//! `auth = "form"`: the pages that products, and hands, write.

use std::io::Write;

use crate::support::assertion::{AWS_ACS, Assertion};
use crate::support::idp::{PASSWORD, Site, USER, assertion_page, saml_page};
use crate::support::pages::page;
use crate::support::reply::Reply;
use crate::support::server::Request;
use crate::world::World;

/// A site whose login page is `body`, and that takes user and password under these names at `POST path`.
fn site(page: impl Into<Vec<u8>>, content_type: &str, path: &str, user: &'static str, password: &'static str) -> Site {
    let page: Vec<u8> = page.into();
    Site::new().get("/sso", Reply::new(200, content_type, page)).post(path, move |request: &Request| {
        let fields = request.fields();
        let right = |name: &str, value: &str| fields.get(name).is_some_and(|sent| sent == value);
        if right(user, USER) && right(password, PASSWORD) {
            saml_page(AWS_ACS, &Assertion::default().base64())
        } else {
            Reply::status(400)
        }
    })
}

fn html(body: &str, path: &str, user: &'static str, password: &'static str) -> Site {
    site(page(body), "text/html; charset=utf-8", path, user, password)
}

const HTML: &str = "text/html; charset=utf-8";

#[test]
fn tags_in_capitals_and_attributes_without_quotes_are_read() {
    let body = "<FORM METHOD=POST ACTION=/go><INPUT TYPE=TEXT NAME=User><INPUT TYPE=PASSWORD NAME=Pass><INPUT TYPE=SUBMIT></FORM>";
    let world = World::form(html(body, "/go", "User", "Pass"));
    world.get().succeeds();
}

#[test]
fn xhtml_with_its_namespace_is_read() {
    let xhtml = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en"><head><title>Log in</title></head><body>
<form action="/go" method="post"><input type="text" name="username" /><input type="password" name="password" /><input type="submit" /></form>
</body></html>"#;
    let world = World::form(site(xhtml, "application/xhtml+xml", "/go", "username", "password"));
    world.get().succeeds();
}

#[test]
fn an_action_is_relative_to_the_base_of_its_page() {
    let body = r#"<base href="/deep/er/"><form method="post" action="../go?a=1&amp;b=2"><input name="username"><input type="password" name="password"></form>"#;
    let world = World::form(html(body, "/deep/go", "username", "password"));
    world.get().succeeds();
    assert_eq!(world.idp.journal()[1].uri.to_string(), "/deep/go?a=1&b=2");
}

#[test]
fn a_form_without_an_action_goes_back_to_its_page() {
    let body = r#"<form method="post"><input name="username"><input type="password" name="password"></form>"#;
    let world = World::form(html(body, "/sso", "username", "password"));
    world.get().succeeds();
}

#[test]
fn a_page_that_is_not_utf_8_is_read_and_answered_in_its_encoding() {
    let body = br#"<html><body><form method="post" action="/go"><input type="hidden" name="lang" value="fran&ccedil;ais"><input type="hidden" name="city" value="M@nchen"><input name="username"><input type="password" name="password"></form></body></html>"#;
    let latin_1: Vec<u8> = body.iter().map(|byte| if *byte == b'@' { 0xfc } else { *byte }).collect();
    let world = World::form(site(latin_1, "text/html; charset=ISO-8859-1", "/go", "username", "password"));
    world.get().succeeds();
    let post = String::from_utf8(world.idp.journal()[1].body.to_vec()).unwrap();
    assert!(post.starts_with("lang=fran%E7ais&city=M%FCnchen&"), "{post}");
}

#[test]
fn a_compressed_page_is_read() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(crate::support::pages::login_form("/go").as_bytes()).unwrap();
    let page = Reply::html(encoder.finish().unwrap()).with("Content-Encoding", "gzip");
    let world = World::form(html("", "/go", "username", "password").get("/sso", page));
    world.get().succeeds();
    assert!(world.idp.journal()[0].header("accept-encoding").is_some_and(|value| value.contains("gzip")));
}

#[test]
fn inputs_outside_their_form_belong_to_it() {
    let body = r#"<form method="post" action="/go" id="f"></form><input name="username" form="f"><input type="password" name="password" form="f">"#;
    let world = World::form(html(body, "/go", "username", "password"));
    world.get().succeeds();
}

#[test]
fn an_empty_page_is_named() {
    let world = World::form(Site::new().get("/sso", Reply::html("")));
    world.get().fails_as("xpath-no-match").saying("empty");
}

#[test]
fn a_meta_refresh_is_followed() {
    let login = page(
        r#"<form method="post" action="/go"><input name="username"><input type="password" name="password"></form>"#,
    );
    let refresh = page(r#"<meta http-equiv="Refresh" content="0; URL='/login'">"#);
    let site = site("", HTML, "/go", "username", "password")
        .get("/sso", Reply::html(refresh))
        .get("/login", Reply::html(login));
    let world = World::form(site);
    world.get().succeeds();
    assert_eq!(world.idp.lines(), ["GET /sso", "GET /login", "POST /go"]);
}

#[test]
fn a_saml_response_that_a_browser_would_not_send_does_not_count() {
    let input = format!(r#"<input name="SAMLResponse" value="{}">"#, Assertion::default().base64());
    for body in
        [format!("<!-- {input} -->"), format!("<template>{input}</template>"), format!("<noscript>{input}</noscript>")]
    {
        let world = World::open(Site::new().get("/sso", Reply::html(page(&body))));
        world.get().fails_as("xpath-no-match");
        assert!(world.sts.calls().is_empty());
    }
}

#[test]
fn a_search_form_beside_the_login_form_is_left_alone() {
    let body = r#"<form action="/search"><input name="q"><input type="submit" value="Search"></form>
<form method="post" action="/go"><input name="j_username"><input type="password" name="j_password"></form>
<form method="post" action="/newsletter"><input type="email" name="email"></form>"#;
    let world = World::form(html(body, "/go", "j_username", "j_password"));
    world.get().succeeds();
    assert_eq!(world.idp.lines(), ["GET /sso", "POST /go"]);
}

#[test]
fn an_input_nobody_sees_gets_no_password() {
    let body = r#"<form method="post" action="/go"><input type="password" name="trap" style="display:none"><input name="username"><input type="password" name="password"></form>"#;
    let world = World::form(html(body, "/go", "username", "password"));
    world.get().succeeds();
    assert_ne!(world.idp.journal()[1].field("trap").as_deref(), Some(PASSWORD));
}

#[test]
fn several_password_inputs_need_a_word_from_the_user() {
    let body = r#"<form method="post" action="/go"><input name="username"><input type="password" name="password"><input type="password" name="pin"></form>"#;
    let world = World::form(html(body, "/go", "username", "password"));
    world.get().fails_as("mfa-needed").saying("\"pin\"").saying("password_field");
    assert_eq!(world.idp.lines(), ["GET /sso"]);

    let world = World::form(html(body, "/go", "username", "password")).set("saml.password_field", "password");
    world.get().succeeds();
    assert_ne!(world.idp.journal()[1].field("pin").as_deref(), Some(PASSWORD));
}

#[test]
fn fields_can_be_named_where_guessing_is_not_enough() {
    let body = r#"<form method="post" action="/go"><input name="tenant"><input name="box" id="b-1"><input type="password" name="key"></form>"#;
    let world = World::form(html(body, "/go", "box", "key"));
    world.get().fails_as("login-form-unclear").saying("username_field");
    assert_eq!(world.idp.lines(), ["GET /sso"]);

    let world = world.set("saml.username_field", "b-1").set("saml.password_field", "key");
    world.get().succeeds();
    let post = world.idp.journal().pop().unwrap();
    assert_ne!(post.field("tenant").as_deref(), Some(USER));
}

#[test]
fn the_assertion_is_found_with_the_expression_of_the_airflow_documentation() {
    let world = World::open(Site::new().get("/sso", assertion_page(Assertion::default())))
        .set("saml.xpath", "////INPUT[@NAME='SAMLResponse']/@VALUE");
    world.get().succeeds();
}

#[test]
fn the_strict_parser_reads_well_formed_pages_only() {
    let input = format!(r#"<input name="SAMLResponse" value="{}"/>"#, Assertion::default().base64());
    let world = World::open(Site::new().get("/sso", Reply::new(200, "text/xml", format!("<html>{input}</html>"))))
        .set("saml.parser", "xml")
        .set("saml.xpath", "//input[@name='SAMLResponse']/@value");
    world.get().succeeds();

    let world = World::open(Site::new().get("/sso", Reply::html(format!("<html><br>{input}</html>"))))
        .set("saml.parser", "xml")
        .set("saml.xpath", "//input[@name='SAMLResponse']/@value");
    world.get().fails_as("xpath-no-match");
    assert!(world.sts.calls().is_empty());
}
