//! The metadata server of a machine at Google, or of a pod on GKE.
//!
//! It is reached by address, so that no resolver is asked, and probed for at most a second: on other machines nobody answers
//! at that address.

use std::time::Duration;

use url::Url;

use crate::error::{Code, Error, Result};
use crate::http::api::{Api, Reach, Request};
use crate::process::env::Env;
use crate::secret::Secret;
use crate::time::Deadline;

/// Limit of the probe.
const PROBE: Duration = Duration::from_secs(1);
/// Its address on every machine at Google.
const ADDRESS: &str = "169.254.169.254";
const NAME: &str = "Google's metadata server";
/// The header of every request, which no web page can make a browser send, and of every answer.
const FLAVOR: (&str, &str) = ("metadata-flavor", "Google");

/// Returns the identity token of the machine's service account. `GCE_METADATA_HOST` and `GCE_METADATA_IP` are honoured.
pub(super) async fn id_token(audience: &str, env: &Env, deadline: &Deadline) -> Result<Secret> {
    let (host, address) = (env.text("GCE_METADATA_HOST"), env.text("GCE_METADATA_IP"));
    let probed = origin(address.as_ref().or(host.as_ref()))?;
    let asked = origin(host.as_ref().or(address.as_ref()))?;

    probe(probed, deadline).await.map_err(nobody)?;
    let mut url = asked
        .join("computeMetadata/v1/instance/service-accounts/default/identity")
        .map_err(|_| Error::new(Code::Bug, "the address of the metadata server cannot be extended"))?;
    url.query_pairs_mut().append_pair("audience", audience).append_pair("format", "full");
    let request = Request::get(url).header(FLAVOR.0, FLAVOR.1);
    Api::new(NAME, Reach::Platform).send(&request, deadline).await?.success()?.text()
}

fn origin(host: Option<&String>) -> Result<Url> {
    let host = host.map_or(ADDRESS, String::as_str);
    let url = Url::parse(&format!("http://{host}")).ok();
    url.filter(|url| url.path() == "/" && url.query().is_none() && url.username().is_empty()).ok_or_else(|| {
        Error::new(Code::InvalidValue, "$GCE_METADATA_HOST or $GCE_METADATA_IP is neither a host nor host:port")
            .hint("unset GCE_METADATA_HOST GCE_METADATA_IP")
    })
}

async fn probe(url: Url, deadline: &Deadline) -> Result<()> {
    let limit = Deadline::after(PROBE.min(deadline.remaining()));
    let request = Request::get(url).header(FLAVOR.0, FLAVOR.1);
    let answer = Api::new(NAME, Reach::Platform).probing(PROBE).send(&request, &limit).await?;
    match answer.header(FLAVOR.0) {
        Some(flavor) if flavor == FLAVOR.1 => Ok(()),
        _ => Err(Error::new(Code::HttpUnexpected, "the server there is not Google's")),
    }
}

/// The error if no credentials were found.
fn nobody(probe: Error) -> Error {
    let mut error = Error::new(Code::TokenMissing, "there are no Google credentials here")
        .because("there is neither $GOOGLE_APPLICATION_CREDENTIALS nor gcloud's application_default_credentials.json")
        .because(format!("no metadata server: {}", probe.what))
        .hint("set GOOGLE_APPLICATION_CREDENTIALS to a credential file, or run: gcloud auth application-default login");
    error.causes.extend(probe.causes);
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::oidc::stub::{Reply, Stub, run};

    const LONG: Duration = Duration::from_secs(20);

    fn ask(pairs: &[(&str, &str)]) -> Result<String> {
        let env = Env::fixed(pairs.iter().copied());
        run(id_token("aws", &env, &Deadline::after(LONG))).map(|token| token.expose().to_owned())
    }

    fn server(flavor: &'static str) -> Stub {
        Stub::start_replying(move |sent| {
            let body = if sent.line == "GET /" { "computeMetadata/\n" } else { "the.jwt.itself\n" };
            Reply { status: 200, headers: vec![("Metadata-Flavor", flavor)], body: body.into() }
        })
    }

    #[test]
    fn the_token_is_asked_for_in_full_and_with_the_header_that_keeps_browsers_out() {
        let server = server("Google");
        let host = server.authority();
        for variables in [
            &[("GCE_METADATA_HOST", host)][..],
            &[("GCE_METADATA_IP", host)],
            &[("GCE_METADATA_HOST", host), ("GCE_METADATA_IP", host)],
        ] {
            assert_eq!(ask(variables).unwrap(), "the.jwt.itself");
        }
        let sent = server.sent();
        let lines: Vec<&str> = sent.iter().map(|sent| sent.line.as_str()).take(2).collect();
        assert_eq!(lines, ["GET /", "GET /computeMetadata/v1/instance/service-accounts/default/identity"]);
        assert_eq!((sent.len(), sent[1].query.as_str()), (6, "audience=aws&format=full"));
        assert!(sent.iter().all(|sent| sent.header("metadata-flavor") == Some("Google")));
    }

    #[test]
    fn whatever_else_answers_there_is_not_asked_for_a_token() {
        let server = server("Other");
        let error = ask(&[("GCE_METADATA_HOST", server.authority())]).unwrap_err();
        assert_eq!((error.code, server.sent().len()), (Code::TokenMissing, 1));
        assert!(error.hint.unwrap().contains("GOOGLE_APPLICATION_CREDENTIALS"));
        for host in ["a b", "host/path", "host?x", "user@host", "#"] {
            assert_eq!(ask(&[("GCE_METADATA_HOST", host)]).unwrap_err().code, Code::InvalidValue, "{host}");
        }
    }

    #[test]
    fn a_server_that_does_not_answer_ends_the_search_long_before_the_deadline() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let host = silent.local_addr().unwrap().to_string();
        let whole = Deadline::after(LONG);
        assert_eq!(ask(&[("GCE_METADATA_HOST", &host)]).unwrap_err().code, Code::TokenMissing);
        assert!(whole.remaining() > LONG / 2);
    }
}
