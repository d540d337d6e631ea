//! `source = "kubernetes"`: a token for a service account, requested from the API server with what the kubelet mounts into
//! every pod (Kubernetes Documentation, "Accessing the API from within a Pod" and the TokenRequest API).

use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::claims::Claims;
use super::token_file;
use crate::attempt::CountedSecret;
use crate::config::profile::Kubernetes;
use crate::error::{Code, Error, Result};
use crate::http::api::{Api, Reach, Request};
use crate::identity::Run;
use crate::process::env::Env;
use crate::secret::Secret;

/// The pod's own token, in the directory that the kubelet mounts.
pub const OWN_TOKEN: &str = "token";

#[derive(Deserialize)]
struct TokenRequest {
    status: Status,
}

#[derive(Deserialize)]
struct Status {
    token: String,
}

/// Returns a token for the configured audience and lifetime, of the pod's service account unless another is configured.
pub async fn token(settings: &Kubernetes, run: Run<'_>) -> Result<Secret> {
    let Run { env, deadline, ledger, .. } = run;
    let server = server(env)?;
    let own = token_file::token(&settings.credentials_dir.join(OWN_TOKEN))?;
    let own_account = own_account(&own);
    let account = settings.service_account.as_deref().or(own_account.as_ref().map(|(_, name)| name.as_str()));
    let namespace = settings.namespace.as_deref().or(own_account.as_ref().map(|(namespace, _)| namespace.as_str()));
    let (Some(account), Some(namespace)) = (account, namespace) else {
        return Err(Error::new(Code::MissingKey, "the service account of this pod is unknown")
            .because("its own token does not name one in `sub`")
            .hint("set `web_identity.namespace` and `web_identity.service_account`"));
    };
    let mut url = server;
    url.path_segments_mut()
        .map_err(|()| Error::new(Code::Bug, "the address of the API server takes no path"))?
        .extend(["api", "v1", "namespaces", namespace, "serviceaccounts", account, "token"]);
    let body = json!({
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": { "audiences": [settings.audience], "expirationSeconds": settings.token_lifetime.as_secs() },
    });
    let authority = settings.credentials_dir.join("ca.crt");
    let api = Api::new("the cluster's API server", Reach::Internet).trusting(Some(&authority), "ca.crt");
    // The cluster renews the pod's token: a wrong one locks nobody out.
    let request = Request::json(url, &body).bearer(&CountedSecret::issued(own), ledger)?.repeatable();
    let answer = api.send(&request, deadline).await?;
    if answer.status == 403 {
        return Err(answer.refusal().because(format!("for the service account {account} in {namespace}")).hint(
            "allow this pod `create` on `serviceaccounts/token` in a Role, or project a token and use source = \"file\"",
        ));
    }
    Ok(Secret::new(answer.success()?.json::<TokenRequest>()?.status.token))
}

/// `https://HOST:PORT` from the variables of every pod.
fn server(env: &Env) -> Result<Url> {
    let variable = |name: &str| {
        env.text(name).ok_or_else(|| {
            Error::new(Code::TokenMissing, "this is not inside a Kubernetes cluster")
                .because(format!("${name} is not set"))
                .hint("run it in a pod, or use another `web_identity.source`")
        })
    };
    let (host, port) = (variable("KUBERNETES_SERVICE_HOST")?, variable("KUBERNETES_SERVICE_PORT")?);
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    Url::parse(&format!("https://{host}:{port}/"))
        .map_err(|_| Error::new(Code::InvalidValue, "KUBERNETES_SERVICE_HOST and _PORT are not an address"))
}

/// Namespace and name from the `sub` of the mounted token, `system:serviceaccount:NAMESPACE:NAME`.
fn own_account(token: &Secret) -> Option<(String, String)> {
    let claims = Claims::read(token).ok()?;
    let (namespace, name) = claims.subject().strip_prefix("system:serviceaccount:")?.split_once(':')?;
    Some((namespace.to_owned(), name.to_owned()))
}
