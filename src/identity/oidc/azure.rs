//! `source = "azure"`: a token of a managed identity, or the token that AKS projects into a pod.
//!
//! In this order: AKS workload identity (`AZURE_FEDERATED_TOKEN_FILE`), App Service, Functions and Container Apps
//! (`IDENTITY_ENDPOINT` with `IDENTITY_HEADER`), the instance metadata service of a VM (Microsoft Learn, "How to use managed
//! identities"). Nothing is probed: if the environment names none of them, this is a VM.

use serde::Deserialize;
use url::Url;

use super::claims::Claims;
use super::token_file;
use crate::attempt::CountedSecret;
use crate::config::profile::Azure;
use crate::error::{Code, Error, Result};
use crate::http::api::{Api, Reach, Request};
use crate::http::form::Field;
use crate::identity::Run;
use crate::secret::Secret;

/// Address of Entra ID, unless `AZURE_AUTHORITY_HOST` sets another.
const AUTHORITY: &str = "https://login.microsoftonline.com/";
/// Address of the metadata service in every Azure VM.
const IMDS: &str = "http://169.254.169.254";

#[derive(Deserialize)]
struct Issued {
    access_token: String,
}

pub async fn token(azure: &Azure, run: Run<'_>) -> Result<Secret> {
    let Run { env, deadline, ledger, .. } = run;
    if let Some(file) = env.path("AZURE_FEDERATED_TOKEN_FILE") {
        return of_pod(token_file::token(&file)?, azure, run).await;
    }
    let resource = azure.audience.as_deref().ok_or_else(|| {
        Error::new(Code::MissingKey, "Azure issues tokens for a named audience only")
            .because("neither AZURE_FEDERATED_TOKEN_FILE nor `web_identity.audience` is set")
            .hint("set audience = \"api://…\": the application ID URI of an app registration that AWS trusts")
    })?;
    let api = Api::new("Azure's managed identity service", Reach::Platform);
    let request = match (env.text("IDENTITY_ENDPOINT"), env.text("IDENTITY_HEADER")) {
        (Some(endpoint), Some(header)) => {
            let url = service(&endpoint, "IDENTITY_ENDPOINT")?;
            // The platform issued it for this process.
            let header = CountedSecret::issued(Secret::new(header));
            let header = header.send(ledger, |text| Secret::new(text.to_owned()))?;
            Request::get(asked(url, "2019-08-01", resource, azure)).secret_header("x-identity-header", header)
        }
        _ => {
            // Microsoft's SDKs take another address from `AZURE_POD_IDENTITY_AUTHORITY_HOST`.
            let host = env.text("AZURE_POD_IDENTITY_AUTHORITY_HOST").unwrap_or_else(|| IMDS.to_owned());
            let mut url = service(&host, "AZURE_POD_IDENTITY_AUTHORITY_HOST")?;
            url.set_path("/metadata/identity/oauth2/token");
            // Browsers and proxies do not send this header, so the service requires it.
            Request::get(asked(url, "2018-02-01", resource, azure)).header("metadata", "true")
        }
    };
    let answer = api.send(&request, deadline).await?.success()?;
    Ok(Secret::new(answer.json::<Issued>()?.access_token))
}

/// Returns the pod's own token if it is for the configured audience or none is configured, else one that Entra ID issues for it
/// (Microsoft identity platform, "client credentials flow", with a federated credential).
async fn of_pod(own: Secret, azure: &Azure, run: Run<'_>) -> Result<Secret> {
    let Run { env, deadline, ledger, .. } = run;
    let Some(audience) = azure.audience.as_deref() else { return Ok(own) };
    if Claims::read(&own)?.audiences().iter().any(|own| own == audience) {
        return Ok(own);
    }
    let missing = |variable: &str| {
        Error::new(Code::TokenMissing, format!("the pod's token is not for the audience {audience}"))
            .because(format!("Entra ID issues one for it, but ${variable} is not set"))
            .hint("have AKS workload identity set it (label the pod azure.workload.identity/use: \"true\"), or leave `audience` out to use the pod's own token")
    };
    let client =
        azure.client_id.clone().or_else(|| env.text("AZURE_CLIENT_ID")).ok_or_else(|| missing("AZURE_CLIENT_ID"))?;
    let tenant = env.text("AZURE_TENANT_ID").ok_or_else(|| missing("AZURE_TENANT_ID"))?;
    let host = env.text("AZURE_AUTHORITY_HOST").unwrap_or_else(|| AUTHORITY.to_owned());
    let mut url = service(&host, "AZURE_AUTHORITY_HOST")?;
    url.path_segments_mut()
        .map_err(|()| Error::new(Code::InvalidValue, "$AZURE_AUTHORITY_HOST is not a URL"))?
        .pop_if_empty()
        .extend([tenant.as_str(), "oauth2", "v2.0", "token"]);
    // The cluster signs a new one every hour.
    let own = CountedSecret::issued(own);
    let scope = format!("{}/.default", audience.trim_end_matches('/'));
    let fields = [
        ("grant_type", Field::Plain("client_credentials")),
        ("client_id", Field::Plain(client.as_str())),
        ("scope", Field::Plain(scope.as_str())),
        ("client_assertion_type", Field::Plain("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")),
        ("client_assertion", Field::Secret(&own)),
    ];
    let api = Api::new("Entra ID", Reach::Internet);
    let answer = api.send(&Request::form(url, &fields, ledger)?, deadline).await?.success()?;
    Ok(Secret::new(answer.json::<Issued>()?.access_token))
}

fn service(text: &str, variable: &str) -> Result<Url> {
    Url::parse(text).map_err(|_| Error::new(Code::InvalidValue, format!("${variable} is not a URL")))
}

fn asked(mut url: Url, version: &str, resource: &str, azure: &Azure) -> Url {
    let mut query = url.query_pairs_mut();
    query.append_pair("api-version", version).append_pair("resource", resource);
    if let Some(client_id) = &azure.client_id {
        query.append_pair("client_id", client_id);
    }
    drop(query);
    url
}
