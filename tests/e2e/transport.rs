//! What lies between us and an IdP: a proxy that wants a password, and servers whose TLS is not ours, as openssl plays them.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::support::profile::{AWS, sso_url};
use crate::support::{Home, Profile, lab};

/// alice at the IdP, by the name that only the proxy knows.
fn beyond_the_proxy(host: &str) -> Home {
    let origin = lab().idp_origin().replace("localhost", host);
    let profile = Profile::form("alice").idp_url(&sso_url(&origin, "form", AWS));
    let mut home = Home::with(&profile);
    let file = home.secret_file(lab().password("alice"));
    home.configure(&profile.saml(&format!(r#"password = {{ file = "{}" }}"#, file.display())));
    home
}

fn get_by_proxy(home: &Home, login: &str) -> crate::harness::run::Run {
    let proxy = format!("http://{login}{}", lab().variable("LAB_PROXY"));
    home.run(home.fedcred().args(["get", "lab"]).env("HTTPS_PROXY", proxy))
}

fn login() -> String {
    format!("proxy-user:{}@", lab().password("proxy"))
}

#[test]
fn a_login_goes_through_a_proxy_that_wants_a_password() {
    get_by_proxy(&beyond_the_proxy("idp.example.test"), &login()).succeeds();
}

#[test]
fn a_ticket_is_bound_to_the_servers_certificate_through_a_proxy_too() {
    let acceptor = lab().variable("LAB_ACCEPTOR_ORIGIN").replace("localhost", "idp.example.test");
    let home = Home::with(&Profile::spnego().idp_url(&sso_url(&acceptor, "require", AWS)));
    home.kinit("alice");
    get_by_proxy(&home, &login()).succeeds();
}

#[test]
fn a_proxy_that_refuses_the_password_or_misses_one_is_told() {
    let home = beyond_the_proxy("idp.example.test");
    let outcome = get_by_proxy(&home, "proxy-user:wrong-Pa55-word-lab@");
    outcome.fails_as("proxy-auth-required");
    assert!(outcome.stderr.contains("offers Basic"), "{}", outcome.stderr);
    let home = beyond_the_proxy("idp.example.test");
    let outcome = get_by_proxy(&home, "");
    outcome.fails_as("proxy-auth-required");
    assert!(outcome.stderr.contains("requires a login"), "{}", outcome.stderr);
}

#[test]
fn what_the_proxy_forbids_or_cannot_reach_is_told_with_its_status() {
    for (host, code, said) in
        [("forbidden.example.test", "proxy-refused", "HTTP 403"), ("closed.example.test", "connect", "HTTP 503")]
    {
        let home = beyond_the_proxy(host);
        let outcome = get_by_proxy(&home, &login());
        outcome.fails_as(code);
        assert!(outcome.stderr.contains(said), "{}", outcome.stderr);
    }
}

/// `openssl s_server` with the certificate of the lab's IdP.
struct Openssl {
    process: Child,
    port: u16,
}

impl Openssl {
    /// Asks for a renegotiation when a request has come, if `asks_late`.
    fn start(options: &[&str], asks_late: bool) -> Openssl {
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
        let tls = lab().variable("LAB_IDP_TLS_DIR");
        let mut process = Command::new("openssl")
            .args(["s_server", "-accept", &format!("127.0.0.1:{port}")])
            .args(["-cert", &format!("{tls}/server.pem"), "-key", &format!("{tls}/server.key")])
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl");
        let (mut input, output) = (process.stdin.take().expect("a pipe"), process.stdout.take().expect("a pipe"));
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if asks_late && line.starts_with("GET ") {
                    let _ = input.write_all(b"R\n");
                }
            }
        });
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            thread::sleep(Duration::from_millis(20));
        }
        Openssl { process, port }
    }
}

impl Drop for Openssl {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn each_fault_of_a_servers_tls_has_its_own_code() {
    let table: [(&[&str], bool, &str, &str); 5] = [
        (&["-tls1", "-cipher", "ALL:@SECLEVEL=0"], false, "tls-version", "older than TLS 1.2"),
        (&["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], false, "tls-version", "older than TLS 1.2"),
        (&["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"], false, "tls-cipher", "no TLS cipher"),
        (&["-tls1_2", "-Verify", "1"], false, "tls-client-certificate", "requires a client certificate"),
        (&["-tls1_2"], true, "tls-renegotiation", "new TLS handshake"),
    ];
    for (options, asks_late, code, said) in table {
        let server = Openssl::start(options, asks_late);
        let home = Home::with(&Profile::spnego().idp_url(&format!("https://localhost:{}/start", server.port)));
        let outcome = home.get();
        outcome.fails_as(code);
        assert!(outcome.stderr.contains(said), "{options:?}: {}", outcome.stderr);
        assert!(!outcome.stderr.contains("certificates to trust"), "{options:?}: {}", outcome.stderr);
    }
}

#[test]
fn a_server_that_asks_for_a_client_certificate_in_tls_1_3_is_told_likewise() {
    let server = Openssl::start(&["-tls1_3", "-Verify", "1", "-verify_return_error"], false);
    let home = Home::with(&Profile::spnego().idp_url(&format!("https://localhost:{}/start", server.port)));
    home.get().fails_as("tls-client-certificate");
}
