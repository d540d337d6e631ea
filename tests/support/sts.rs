//! An STS that answers AssumeRoleWithSAML, AssumeRoleWithWebIdentity, AssumeRole and GetCallerIdentity with AWS's codes and XML.
//!
//! It reads the assertion and checks times, audience and roles, but verifies no signature: neither the assertion's nor
//! the SigV4 one of GetCallerIdentity and AssumeRole, where an access key it issued and the session token that goes with it
//! suffice.

pub mod chain;

use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fedcred::time;
use hyper::body::Bytes;
use rustls::ServerConfig;

use super::assertion::{ACCOUNT, ADMIN, AWS_ACS, AWS_AUDIENCE, DEV, PROVIDER};
use super::claims::Claims;
use super::pages::escape;
use super::reply::{Payload, Reply};
use super::server::{Request, Server};

/// An error as AWS reports it.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub status: u16,
    pub code: &'static str,
    pub message: String,
}

impl Refusal {
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Refusal {
        Refusal { status, code, message: message.into() }
    }
}

/// What happens to a call in place of the true answer.
#[derive(Clone, Debug)]
pub enum Fault {
    Refuse(Refusal),
    /// No answer comes.
    Hang,
    HangUp,
    /// The true answer, broken off in its middle.
    Cut,
    /// 200 with a page, as captive portals send it.
    NotXml,
    /// Credentials for another role than the one asked for.
    OtherRole,
}

/// Credentials this STS gave out.
#[derive(Clone, Debug)]
pub struct Issued {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: String,
    /// `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION`
    pub arn: String,
}

pub struct Sts {
    server: Server,
    state: Arc<Mutex<State>>,
}

struct State {
    /// Role ARN to the longest session it allows, in seconds.
    roles: BTreeMap<String, u64>,
    faults: VecDeque<Fault>,
    /// Replaces the lifetime that was asked for, in seconds from now; negative: already over.
    lifetime: Option<i64>,
    /// What AssumeRole has to come with.
    external_id: Option<String>,
    /// Further issuers, with the audience of their provider.
    issuers: BTreeMap<String, String>,
    issued: Vec<Issued>,
}

impl Sts {
    /// Knows the provider [`PROVIDER`] and the roles [`DEV`] (one hour) and [`ADMIN`] (twelve).
    pub fn start(tls: Option<Arc<ServerConfig>>) -> io::Result<Sts> {
        let roles = BTreeMap::from([(DEV.to_string(), 3600), (ADMIN.to_string(), 43200)]);
        let state = State {
            roles,
            faults: VecDeque::new(),
            lifetime: None,
            external_id: None,
            issuers: BTreeMap::new(),
            issued: Vec::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let shared = state.clone();
        let server = Server::start(tls, move |request| shared.lock().unwrap().answer(request))?;
        Ok(Sts { server, state })
    }

    pub fn server(&self) -> &Server {
        &self.server
    }

    /// The next `times` calls meet this fault.
    pub fn fail(&self, times: usize, fault: Fault) {
        self.state.lock().unwrap().faults.extend(std::iter::repeat_n(fault, times));
    }

    /// Whatever is asked for, sessions end so many seconds from now.
    pub fn lifetime(&self, seconds: i64) {
        self.state.lock().unwrap().lifetime = Some(seconds);
    }

    pub fn issued(&self) -> Vec<Issued> {
        self.state.lock().unwrap().issued.clone()
    }

    /// The parameters of each call for a role so far.
    pub fn calls(&self) -> Vec<BTreeMap<String, String>> {
        let fields = self.server.journal().into_iter().map(|request| request.fields());
        fields.filter(|fields| fields.get("Action").is_some_and(|action| action.starts_with("AssumeRole"))).collect()
    }

    /// The role of each call so far, by its name.
    pub fn roles_asked(&self) -> Vec<String> {
        let calls = self.calls();
        calls.iter().map(|call| call["RoleArn"].rsplit('/').next().unwrap_or_default().to_string()).collect()
    }
}

impl State {
    fn answer(&mut self, request: &Request) -> Reply {
        // A look from outside is not a call.
        if request.method == hyper::Method::HEAD {
            return Reply::status(404);
        }
        let fields = request.fields();
        let action = fields.get("Action").map_or("", String::as_str);
        let fault = self.faults.pop_front();
        let answer = match (&fault, action) {
            (Some(Fault::Refuse(refusal)), _) => Err(refusal.clone()),
            (Some(Fault::Hang), _) => return Reply::Silence,
            (Some(Fault::HangUp), _) => return Reply::HangUp,
            (Some(Fault::NotXml), _) => {
                return Reply::html("<html><body>Please accept our terms of use.</body></html>");
            }
            (_, "AssumeRoleWithSAML") => self.assume_role_with_saml(request, &fields, &fault),
            (_, "AssumeRoleWithWebIdentity") => self.assume_role_with_web_identity(request, &fields, &fault),
            (_, "AssumeRole") => self.assume_role(request, &fields),
            (_, "GetCallerIdentity") => self.get_caller_identity(request),
            _ => Err(Refusal::new(
                400,
                "InvalidAction",
                format!("Could not find operation {action} for version 2011-06-15"),
            )),
        };
        let reply = match answer {
            Ok(result) => Reply::new(200, "text/xml", success_xml(action, &result)),
            Err(refusal) => Reply::new(refusal.status, "text/xml", error_xml(&refusal)),
        };
        match (fault, reply) {
            (Some(Fault::Cut), Reply::Answer { status, headers, payload: Payload::Whole(body) }) => {
                let half: Bytes = body.slice(..body.len() / 2);
                Reply::Answer { status, headers, payload: Payload::Cut(half) }
            }
            (_, reply) => reply,
        }
    }

    fn assume_role_with_saml(
        &mut self,
        request: &Request,
        fields: &BTreeMap<String, String>,
        fault: &Option<Fault>,
    ) -> Result<String, Refusal> {
        let invalid = |message: &str| Refusal::new(400, "InvalidIdentityToken", message);
        unsigned(request)?;
        let (role, provider) = (required(fields, "RoleArn")?, required(fields, "PrincipalArn")?);
        let bytes = STANDARD.decode(required(fields, "SAMLAssertion")?);
        let bytes = bytes.map_err(|_| invalid("Invalid base64 SAMLResponse"))?;
        let claims = String::from_utf8(bytes).ok().and_then(|xml| Claims::read(&xml));
        let claims = claims.ok_or_else(|| invalid("Invalid SAML response"))?;
        if provider != PROVIDER {
            return Err(invalid("Specified provider doesn't exist"));
        }
        if !claims.succeeded() {
            let message = "The identity provider (IdP) reported that authentication failed";
            return Err(Refusal::new(403, "IDPRejectedClaim", message));
        }
        if claims.encrypted {
            return Err(invalid("Encrypted assertion: no private key configured"));
        }
        if claims.not_on_or_after.is_none_or(|end| end <= time::now()) {
            let message = "Token must be redeemed within 5 minutes of issuance";
            return Err(Refusal::new(400, "ExpiredTokenException", message));
        }
        if claims.audience != AWS_AUDIENCE && claims.audience != AWS_ACS {
            return Err(invalid("Response does not contain the required audience"));
        }
        let denied = Refusal::new(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML");
        let longest = *self.roles.get(role).filter(|_| claims.offers(role, provider)).ok_or(denied)?;
        let seconds = duration(fields, longest)?;
        let role = if matches!(fault, Some(Fault::OtherRole)) { ADMIN } else { role };
        let session = self.issue(role, &claims.session_name, seconds);
        Ok(format!(
            "{session}<Subject>{}</Subject><SubjectType>persistent</SubjectType><Issuer>{}</Issuer><Audience>{}</Audience><NameQualifier>EXAMPLEexampleEXAMPLEexample=</NameQualifier>",
            claims.subject, claims.issuer, claims.recipient
        ))
    }

    /// Credentials and AssumedRoleUser of a new session.
    fn issue(&mut self, role: &str, session: &str, seconds: u64) -> String {
        let lifetime = self.lifetime.unwrap_or(seconds as i64);
        let parts: Vec<&str> = role.split(':').collect();
        let (partition, account) = (parts[1], parts[4]);
        let name = role.rsplit('/').next().unwrap_or_default();
        let issued = Issued {
            access_key_id: format!("ASIA{}", random(1).to_uppercase()),
            secret_access_key: STANDARD.encode(&random(2)[..30]),
            session_token: STANDARD.encode(random(20)),
            arn: format!("arn:{partition}:sts::{account}:assumed-role/{name}/{session}"),
        };
        let expiration = time::whole_seconds(time::now() + jiff::SignedDuration::from_secs(lifetime));
        let xml = format!(
            "<Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey><SessionToken>{}</SessionToken><Expiration>{expiration}</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>AROAEXAMPLEEXAMPLE123:{session}</AssumedRoleId><Arn>{}</Arn></AssumedRoleUser><PackedPolicySize>0</PackedPolicySize>",
            issued.access_key_id, issued.secret_access_key, issued.session_token, issued.arn
        );
        self.issued.push(issued);
        xml
    }

    /// The session whose credentials signed the request.
    fn signer(&self, request: &Request) -> Option<&Issued> {
        let (key, token) = (signing_key(request)?, request.header("x-amz-security-token")?);
        self.issued.iter().find(|issued| key == issued.access_key_id && token == issued.session_token)
    }

    fn get_caller_identity(&self, request: &Request) -> Result<String, Refusal> {
        if signing_key(request) == Some(chain::LONG_TERM_KEY.0) {
            let arn = format!("arn:aws:iam::{ACCOUNT}:user/deployer");
            return Ok(format!("<Arn>{arn}</Arn><UserId>AIDAEXAMPLEEXAMPLE123</UserId><Account>{ACCOUNT}</Account>"));
        }
        let unknown = "The security token included in the request is invalid.";
        let issued = self.signer(request).ok_or_else(|| Refusal::new(403, "InvalidClientTokenId", unknown))?;
        let arn = &issued.arn;
        let account = arn.split(':').nth(4).unwrap_or_default();
        let session = arn.rsplit('/').next().unwrap_or_default();
        Ok(format!("<Arn>{arn}</Arn><UserId>AROAEXAMPLEEXAMPLE123:{session}</UserId><Account>{account}</Account>"))
    }
}

/// The access key that signed a request (Signature Version 4).
fn signing_key(request: &Request) -> Option<&str> {
    request.header("authorization")?.split("Credential=").nth(1)?.split('/').next()
}

/// STS takes no signature where an identity speaks for itself.
fn unsigned(request: &Request) -> Result<(), Refusal> {
    let is_signed = ["x-amz-security-token", "authorization"].iter().any(|name| request.header(name).is_some());
    match is_signed {
        true => Err(Refusal::new(400, "InvalidIdentityToken", "unexpected signature on an unsigned call")),
        false => Ok(()),
    }
}

fn required<'a>(fields: &'a BTreeMap<String, String>, name: &str) -> Result<&'a str, Refusal> {
    let missing = || {
        let member = format!("{}{}", name[..1].to_lowercase(), &name[1..]);
        let text = format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
        );
        Refusal::new(400, "ValidationError", text)
    };
    fields.get(name).filter(|value| !value.is_empty()).map(String::as_str).ok_or_else(missing)
}

fn duration(fields: &BTreeMap<String, String>, longest: u64) -> Result<u64, Refusal> {
    let seconds: u64 = fields.get("DurationSeconds").map_or(Ok(3600), |value| value.parse()).unwrap_or(0);
    let refuse = |message: String| Err(Refusal::new(400, "ValidationError", message));
    if !(900..=43200).contains(&seconds) {
        return refuse(format!(
            "1 validation error detected: Value '{seconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value between 900 and 43200"
        ));
    }
    if seconds > longest {
        return refuse("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.".into());
    }
    Ok(seconds)
}

fn success_xml(action: &str, result: &str) -> String {
    format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <{action}Result>{result}</{action}Result>\n  <ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata>\n</{action}Response>\n"
    )
}

fn error_xml(refusal: &Refusal) -> String {
    format!(
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <Error>\n    <Type>{}</Type>\n    <Code>{}</Code>\n    <Message>{}</Message>\n  </Error>\n  <RequestId>{REQUEST_ID}</RequestId>\n</ErrorResponse>\n",
        if refusal.status < 500 { "Sender" } else { "Receiver" },
        refusal.code,
        escape(&refusal.message)
    )
}

const REQUEST_ID: &str = "01234567-89ab-cdef-0123-456789abcdef";

/// `words` times sixteen hexadecimal digits that no other run has.
fn random(words: usize) -> String {
    (0..words).map(|word| format!("{:016x}", RandomState::new().hash_one(word))).collect()
}
