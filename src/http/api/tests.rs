use super::*;
use crate::attempt::tests::Lenient;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use zeroize::Zeroizing;

/// Answers each connection with the next of these, and gives the request lines that came.
fn serve(answers: &'static [&'static str]) -> (Url, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("http://{}/token", listener.local_addr().unwrap())).unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for (answer, stream) in answers.iter().zip(listener.incoming()) {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut request = String::new();
            while reader.read_line(&mut request).unwrap() > 2 {}
            let _ = sender.send(request);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (url, receiver)
}

fn post(url: Url) -> Request {
    Request::form(url, &[("a", Field::Plain("b"))], &Lenient::default()).unwrap()
}

fn send(request: Request) -> Result<Answer> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let api = Api::new("the test", Reach::Internet);
    runtime.block_on(api.send(&request, &Deadline::after(Duration::from_secs(20))))
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\n{\"a\":1}";
const BUSY: &str = "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

#[test]
fn a_get_is_sent_again_after_trouble_and_a_post_is_not() {
    let (url, requests) = serve(&[BUSY, "", OK]);
    assert_eq!(send(Request::get(url).header("metadata", "true")).unwrap().status, 200);
    assert_eq!(requests.try_iter().filter(|request| request.contains("metadata: true\r\n")).count(), 3);
    for broken in [BUSY, ""] {
        let answers: &'static [&'static str] = if broken.is_empty() { &["", OK] } else { &[BUSY, OK] };
        let (url, requests) = serve(answers);
        let outcome = send(post(url)).and_then(Answer::success);
        assert!(outcome.is_err());
        assert_eq!(requests.try_iter().count(), 1);
    }
    let (url, requests) = serve(&["", OK]);
    send(post(url).repeatable()).unwrap();
    assert_eq!(requests.try_iter().count(), 2);
}

#[test]
fn what_is_counted_is_sent_once_and_what_was_issued_as_the_request_may_be() {
    let secret = |text: &str| Secret::new(text.into());
    // the secret, and how often it leaves where all but the last answer fail
    let table = [
        (CountedSecret::new(secret("s")), 1),
        (CountedSecret::of_the_moment(secret("s")), 1),
        (CountedSecret::issued(secret("s")), 3),
    ];
    for (secret, times) in table {
        let (url, requests) = serve(&[BUSY, "", OK]);
        let ledger = Lenient::default();
        let outcome = send(Request::get(url).bearer(&secret, &ledger).unwrap());
        assert_eq!(outcome.is_ok_and(|answer| answer.is_success()), times == 3);
        assert_eq!(requests.try_iter().count(), times);
        let (url, requests) = serve(&[BUSY, "", OK]);
        let request = Request::form(url, &[("token", Field::Secret(&secret))], &ledger).unwrap().repeatable();
        let _ = send(request);
        assert_eq!(requests.try_iter().count(), times);
    }
}

#[test]
fn a_service_that_repeats_a_secret_does_not_have_it_told() {
    let (url, _) = serve(&[
        "HTTP/1.1 400 No\r\nContent-Length: 69\r\nConnection: close\r\n\r\n{\"error\":\"invalid_client\",\"error_description\":\"not s3cret of s3cret\"}",
    ]);
    let token = CountedSecret::issued(Secret::new("s3cret".into()));
    let answer = send(Request::get(url).bearer(&token, &Lenient::default()).unwrap()).unwrap();
    let error = answer.success().unwrap_err();
    assert!(error.causes[0].contains("invalid_client") && !format!("{error:?}").contains("s3cret"), "{error:?}");
}

#[test]
fn a_redirect_is_an_answer_and_not_followed() {
    let (url, _) = serve(&["HTTP/1.1 302 Found\r\nLocation: /else\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"]);
    let token = CountedSecret::issued(Secret::new("t".into()));
    let answer = send(Request::get(url).bearer(&token, &Lenient::default()).unwrap()).unwrap();
    assert_eq!((answer.status, answer.header("location")), (302, Some("/else")));
    assert_eq!(answer.success().unwrap_err().code, Code::HttpUnexpected);
}

#[test]
fn plain_http_stays_on_this_machine_or_on_the_platform() {
    let table = [
        ("https://idp.example.com/", true, true),
        ("http://127.0.0.1:1/", true, true),
        ("http://169.254.169.254/", false, true),
        ("http://idp.example.com/", false, true),
        ("file:///etc/passwd", false, false),
    ];
    for (url, internet, platform) in table {
        let url = Url::parse(url).unwrap();
        for (reach, expected) in [(Reach::Internet, internet), (Reach::Platform, platform)] {
            assert_eq!(Api::new("it", reach).check_scheme(&url).is_ok(), expected, "{url} {reach:?}");
        }
    }
}

#[test]
fn a_refusal_tells_the_oauth_error_and_nothing_else_of_the_body() {
    let table = [
        (
            400,
            "{\"error\":\"invalid_grant\",\"error_description\":\"gone\",\"token\":\"hunter2\"}",
            "token-refused",
            "invalid_grant: gone",
        ),
        (403, "<html>hunter2</html>", "token-refused", ""),
        (503, "{\"error\":\"unavailable\"}", "http-5xx", "it says unavailable"),
        (302, "", "http-unexpected", ""),
    ];
    for (status, body, code, said) in table {
        let body = Zeroizing::new(body.as_bytes().to_vec());
        let answer = Answer { status, body, date: None, headers: header::HeaderMap::new(), peer: "it".into() };
        let error = answer.refusal();
        assert_eq!(error.code.as_str(), code);
        let causes = error.causes.join(" ");
        assert!(causes.contains(said) && !causes.contains("hunter2"), "{causes}");
    }
}
