//! Where the form and the response of a login stand: in frames, in parts, in other fields, or where only a browser can build them.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::support::assertion::{AWS_ACS, Assertion};
use crate::support::idp::{PASSWORD, Respond, Site, USER, assertion_page, login_page, password_check};
use crate::support::pages::page;
use crate::support::reply::Reply;
use crate::support::server::Request;
use crate::world::World;

#[test]
fn a_login_in_a_frame_is_followed_and_a_frame_of_others_is_named() {
    let ours = [
        "<iframe src=/login/inner></iframe>",
        "<h1>Welcome</h1><script>x()</script><iframe src='login/inner'>Frames, please.</iframe>",
    ];
    for body in ours {
        let site = Site::new()
            .get("/sso", Reply::html(page(body)))
            .get("/login/inner", login_page("/login"))
            .post("/login", password_check(login_page("/login"), assertion_page(Assertion::default())));
        let world = World::form(site);
        world.get().succeeds();
        assert_eq!(world.idp.lines(), ["GET /sso", "GET /login/inner", "POST /login"], "{body}");
    }
    let site = Site::new()
        .get(
            "/sso",
            Reply::new(
                200,
                "text/html",
                "<html><frameset cols='20%,80%'><frame src=/menu?s=1><frame src=/b></frameset></html>",
            ),
        )
        .get("/menu", assertion_page(Assertion::default()));
    World::open(site).get().succeeds();
    // One that shows itself ends.
    let site = Site::new().get("/sso", Reply::html(page("<iframe src=/sso></iframe>")));
    let world = World::form(site);
    world.get().fails_as("xpath-no-match").saying("a frame on it shows").saying("saml.idp_url");
    assert_eq!(world.idp.lines(), ["GET /sso", "GET /sso"]);
    let not_followed = [
        ("<iframe src=about:blank></iframe><iframe src=https://login.corp.example/a?session=s3ss></iframe>", true),
        ("<iframe src=/session-check style=display:none></iframe>", false),
        ("<noscript><iframe src=/ns.html></iframe></noscript>", false),
        ("<iframe srcdoc='<p>hello' src=/login/inner></iframe>", false),
        ("<form><input name=q></form><iframe src=/login/inner></iframe>", false),
    ];
    for (body, is_named) in not_followed {
        let world = World::form(Site::new().get("/sso", Reply::html(page(body))));
        let run = world.get();
        run.fails_as("xpath-no-match");
        if is_named {
            run.saying("a frame on it shows https://login.corp.example/a").saying("saml.auth = \"browser\"");
        }
        assert_eq!(run.stderr.contains("a frame on it"), is_named, "{body}\n{}", run.stderr);
        assert!(!run.stderr.contains("s3ss"), "{}", run.stderr);
        assert_eq!(world.idp.lines(), ["GET /sso"], "{body}");
    }
}

#[test]
fn a_form_in_parts_is_sent_in_parts() {
    let form = r#"<form method="post" action="/login" enctype="multipart/form-data"><input name="username"><input type="password" name="password"></form>"#;
    let taken = |request: &Request| {
        let kind = request.header("content-type").unwrap_or_default().to_owned();
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let part = |name: &str, value: &str| body.contains(&format!("name=\"{name}\"\r\n\r\n{value}\r\n--"));
        match kind.starts_with("multipart/form-data; boundary=") && part("username", USER) && part("password", PASSWORD)
        {
            true => assertion_page(Assertion::default()).respond(request),
            false => Reply::status(400),
        }
    };
    World::form(
        Site::new().get("/sso", Reply::html(page(&format!("<meta charset=utf-8>{form}")))).post("/login", taken),
    )
    .get()
    .succeeds();
}

#[test]
fn a_response_elsewhere_is_found() {
    let encoded = Assertion::default().base64();
    let xml = STANDARD.decode(&encoded).unwrap();
    let mut deflated = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    deflated.write_all(&xml).unwrap();
    let deflated = STANDARD.encode(deflated.finish().unwrap());
    let query: String = deflated.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let answers = [
        Reply::new(200, "application/json", format!(r#"{{"result":{{"SAMLResponse":"{encoded}"}}}}"#)),
        Reply::html(page(&format!("<script>send({{'SAMLResponse': '{encoded}'}})</script>"))),
        Reply::html(page(&format!(
            "<form method=post action={AWS_ACS}><textarea name=SAMLResponse>{encoded}</textarea></form>"
        ))),
        Reply::html(page(&format!(
            "<iframe srcdoc=\"<form action='{AWS_ACS}' method=post><input name='SAMLResponse' value='{encoded}'></form>\"></iframe>"
        ))),
        Reply::redirect(302, format!("{AWS_ACS}?SAMLResponse={query}&RelayState=")),
    ];
    for (number, answer) in answers.into_iter().enumerate() {
        let world = World::open(Site::new().get("/sso", answer));
        world.get().succeeds();
        assert_eq!(world.sts.calls().len(), 1, "{number}");
    }
}

#[test]
fn a_page_that_only_a_browser_can_build_names_the_browser() {
    let body = "<noscript>You need to enable JavaScript.</noscript><div id=root></div><script src=/main.js></script>";
    let world = World::form(Site::new().get("/sso", Reply::html(page(body))));
    world.get().fails_as("xpath-no-match").saying("script").saying("saml.auth = \"browser\"");
}
