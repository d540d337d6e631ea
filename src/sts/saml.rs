//! AssumeRoleWithSAML, with `role_arn`, `principal_arn`, `duration`, `policy` and `policy_arns` of a profile.

use super::failure::{self, Asked, Call};
use super::{Sts, policies, refuse_reserved, seconds};
use crate::arn::{ProviderArn, RoleArn};
use crate::config::profile::{Session, StsTarget};
use crate::credentials::Credentials;
use crate::error::Result;
use crate::secret::Secret;
use crate::time::Deadline;

/// The parameters of the call.
#[derive(Clone, Copy, Debug)]
pub struct SamlCall<'a> {
    pub role_arn: &'a RoleArn,
    pub principal_arn: &'a ProviderArn,
    /// The base64 text as the IdP sent it, unchanged.
    pub assertion: &'a Secret,
    pub session: &'a Session,
}

/// Exchanges the assertion for credentials of the role, within `deadline`. Needs a tokio runtime with time and I/O.
pub async fn assume_role_with_saml(target: &StsTarget, call: SamlCall<'_>, deadline: &Deadline) -> Result<Credentials> {
    refuse_reserved(call.role_arn)?;
    let sts = Sts::open(target, call.role_arn, None).await?;
    let asked = sts.asked(call.role_arn, Call::Saml { provider: call.principal_arn }, call.assertion);
    let asked = Asked { duration: call.session.duration, ..asked };
    sts.retries()
        .ask(deadline, &sts.peer, async || {
            let request = sts
                .client
                .assume_role_with_saml()
                .role_arn(call.role_arn.as_str())
                .principal_arn(call.principal_arn.as_str())
                .saml_assertion(call.assertion.expose())
                .set_duration_seconds(seconds(call.session.duration))
                .set_policy(call.session.policy.clone())
                .set_policy_arns(policies(call.session));
            let answer = request.send().await.map_err(|error| failure::explain(&error, &asked))?;
            sts.take(answer.credentials, answer.assumed_role_user, call.role_arn)
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;
    use std::collections::BTreeMap;
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use url::Url;

    use crate::address::StsEndpoint;

    /// What the stand-in does with one connection.
    enum Act {
        Answer(u16, String),
        /// Reads the request, then closes.
        Drop,
        /// Reads the request, then says nothing.
        Hang,
    }

    /// An STS on loopback that acts out a script, a request a connection, and keeps the forms that came.
    struct StandIn {
        url: Url,
        forms: Arc<Mutex<Vec<BTreeMap<String, String>>>>,
    }

    impl StandIn {
        fn start(script: Vec<Act>) -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
            let forms = Arc::new(Mutex::new(Vec::new()));
            let seen = forms.clone();
            std::thread::spawn(move || {
                let mut hung = Vec::new();
                for (act, stream) in script.into_iter().zip(listener.incoming()) {
                    let mut stream = stream.unwrap();
                    let form = read_form(&stream);
                    seen.lock().unwrap().push(form);
                    match act {
                        Act::Answer(status, body) => write_answer(&mut stream, status, &body),
                        Act::Drop => drop(stream),
                        Act::Hang => hung.push(stream),
                    }
                }
                // Hung connections stay open until the test is over; so does the listener, which refuses nothing.
                std::thread::park();
            });
            StandIn { url, forms }
        }

        fn call(&self, session: &Session, deadline: Duration) -> Result<Credentials> {
            call_at(self.url.clone(), session, deadline)
        }

        fn requests(&self) -> usize {
            self.forms.lock().unwrap().len()
        }
    }

    fn read_form(stream: &TcpStream) -> BTreeMap<String, String> {
        let mut reader = BufReader::new(stream);
        let (mut length, mut line) = (0, String::new());
        while reader.read_line(&mut line).unwrap() > 2 {
            let header = line.to_ascii_lowercase();
            assert!(!header.starts_with("authorization:"), "the call is unsigned");
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            line.clear();
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        url::form_urlencoded::parse(&body).into_owned().collect()
    }

    fn write_answer(stream: &mut TcpStream, status: u16, body: &str) {
        let headers = "Content-Type: text/xml\r\nx-amzn-RequestId: req-1\r\nConnection: close";
        // The client hangs up on an answer that is too long.
        let _ = write!(stream, "HTTP/1.1 {status} x\r\n{headers}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    }

    fn success(role: &str) -> Act {
        Act::Answer(
            200,
            format!(
                r#"<AssumeRoleWithSAMLResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithSAMLResult>
                <Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>secret/key</SecretAccessKey>
                <SessionToken>token==</SessionToken><Expiration>2999-01-02T03:04:05.678Z</Expiration></Credentials>
                <AssumedRoleUser><AssumedRoleId>AROA1:alice</AssumedRoleId>
                <Arn>arn:aws:sts::112233334444:assumed-role/{role}/alice</Arn></AssumedRoleUser>
                </AssumeRoleWithSAMLResult></AssumeRoleWithSAMLResponse>"#
            ),
        )
    }

    fn refusal(status: u16, code: &str, message: &str) -> Act {
        Act::Answer(
            status,
            format!(
                r#"<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>{code}</Code>
                <Message>{message}</Message></Error></ErrorResponse>"#
            ),
        )
    }

    fn call_at(url: Url, session: &Session, deadline: Duration) -> Result<Credentials> {
        let target = StsTarget {
            region: None,
            endpoint_url: Some(StsEndpoint::parse(url.as_str()).unwrap()),
            use_fips: false,
            use_dualstack: false,
            ca_bundle: None,
            http: crate::config::profile::StsHttp::default(),
        };
        let call = SamlCall {
            role_arn: &RoleArn::parse("arn:aws:iam::112233334444:role/team/Analyst").unwrap(),
            principal_arn: &ProviderArn::parse("arn:aws:iam::112233334444:saml-provider/corp").unwrap(),
            assertion: &Secret::new("PHNhbWw+//Y=".into()),
            session,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(assume_role_with_saml(&target, call, &Deadline::after(deadline)))
    }

    const PLENTY: Duration = Duration::from_secs(60);

    fn plain() -> Session {
        Session { duration: None, policy: None, policy_arns: vec![] }
    }

    #[test]
    fn credentials_come_back_and_nothing_is_sent_that_was_not_set() {
        let sts = StandIn::start(vec![success("Analyst")]);
        let credentials = sts.call(&plain(), PLENTY).unwrap();
        assert_eq!(credentials.access_key_id, "ASIAEXAMPLE");
        assert_eq!(credentials.session_token.expose(), "token==");
        assert_eq!(crate::time::whole_seconds(credentials.expiration), "2999-01-02T03:04:05Z");
        let forms = sts.forms.lock().unwrap();
        let expected = [
            ("Action", "AssumeRoleWithSAML"),
            ("PrincipalArn", "arn:aws:iam::112233334444:saml-provider/corp"),
            ("RoleArn", "arn:aws:iam::112233334444:role/team/Analyst"),
            ("SAMLAssertion", "PHNhbWw+//Y="),
            ("Version", "2011-06-15"),
        ];
        let sent: Vec<_> = forms[0].iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(sent, expected);
    }

    #[test]
    fn duration_and_policies_are_sent_when_they_are_set() {
        let sts = StandIn::start(vec![success("Analyst")]);
        let session = Session {
            duration: Some(Duration::from_secs(7200)),
            policy: Some("{}".into()),
            policy_arns: vec!["arn:aws:iam::aws:policy/ReadOnlyAccess".into()],
        };
        sts.call(&session, PLENTY).unwrap();
        let forms = sts.forms.lock().unwrap();
        for (key, value) in [
            ("DurationSeconds", "7200"),
            ("Policy", "{}"),
            ("PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
        ] {
            assert_eq!(forms[0].get(key).map(String::as_str), Some(value), "{key}");
        }
    }

    #[test]
    fn trouble_that_passes_is_outlasted() {
        for trouble in [
            refusal(400, "Throttling", "Rate exceeded"),
            refusal(400, "IDPCommunicationError", "later"),
            refusal(500, "InternalFailure", ""),
            Act::Answer(502, "<html>Bad gateway</html>".into()),
            Act::Drop,
        ] {
            let sts = StandIn::start(vec![trouble, success("Analyst")]);
            sts.call(&plain(), PLENTY).unwrap();
            assert_eq!(sts.requests(), 2);
        }
    }

    #[test]
    fn trouble_that_stays_is_told_apart() {
        let throttled = || refusal(400, "Throttling", "Rate exceeded");
        let gateway = || Act::Answer(500, "<html>no</html>".into());
        type Trouble<'a> = &'a dyn Fn() -> Act;
        let table: [(Trouble<'_>, Code); 3] =
            [(&throttled, Code::StsThrottled), (&gateway, Code::Http5xx), (&|| Act::Drop, Code::Connect)];
        for (trouble, code) in table {
            let sts = StandIn::start((0..10).map(|_| trouble()).collect());
            let error = sts.call(&plain(), Duration::from_secs(2)).unwrap_err();
            assert_eq!(error.code, code, "{error:?}");
            assert!(sts.requests() > 1, "it is asked again");
        }
    }

    #[test]
    fn a_refusal_is_final() {
        let sts = StandIn::start(vec![refusal(403, "AccessDenied", "Not authorized"), success("Analyst")]);
        let error = sts.call(&plain(), PLENTY).unwrap_err();
        assert_eq!((error.code, sts.requests()), (Code::StsAccessDenied, 1));
        assert_eq!(error.causes, ["STS says AccessDenied: Not authorized", "request id req-1"]);
    }

    #[test]
    fn an_sts_that_hangs_is_left_at_the_deadline() {
        let sts = StandIn::start(vec![Act::Hang, Act::Hang]);
        let error = sts.call(&plain(), Duration::from_millis(300)).unwrap_err();
        assert_eq!(error.code, Code::Timeout);
    }

    #[test]
    fn nobody_there_is_said_with_the_address() {
        let url = Url::parse("http://127.0.0.1:1/").unwrap();
        let error = call_at(url, &plain(), Duration::from_millis(500)).unwrap_err();
        assert_eq!(error.code, Code::Connect);
        assert_eq!(error.what, "cannot connect to STS at 127.0.0.1:1");
    }

    #[test]
    fn an_answer_that_is_not_from_sts_or_for_another_role_is_refused() {
        for (act, code) in [
            (Act::Answer(200, "<html>hello</html>".into()), Code::StsBadAnswer),
            (Act::Answer(200, String::new()), Code::StsBadAnswer),
            (Act::Answer(302, String::new()), Code::StsBadAnswer),
            (Act::Answer(200, "x".repeat(2 * 1024 * 1024)), Code::StsBadAnswer),
            (success("Admin"), Code::StsWrongRole),
        ] {
            let sts = StandIn::start(vec![act]);
            assert_eq!(sts.call(&plain(), PLENTY).unwrap_err().code, code);
            assert_eq!(sts.requests(), 1, "it is not asked again");
        }
    }
}
