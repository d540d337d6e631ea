//! `source = "azure"`: a token of a managed identity, or the one that AKS projects into a pod.
//!
//! In this order: AKS workload identity (`AZURE_FEDERATED_TOKEN_FILE`), App Service, Functions and Container Apps
//! (`IDENTITY_ENDPOINT` with `IDENTITY_HEADER`), the instance metadata service of a VM (Microsoft Learn, "How to use managed
//! identities"). Nothing is probed: what the environment does not name is a VM.

use serde::Deserialize;
use url::Url;

use super::token_file;
use crate::config::env::Env;
use crate::config::profile::Azure;
use crate::error::{Code, Error, Result};
use crate::http::api::{Api, Reach, Request};
use crate::secret::Secret;
use crate::time::Deadline;

/// The metadata service of every Azure VM, from inside it only.
const IMDS: &str = "http://169.254.169.254";

#[derive(Deserialize)]
struct Issued {
    access_token: String,
}

pub async fn token(azure: &Azure, env: &Env, deadline: &Deadline) -> Result<Secret> {
    if let Some(file) = env.path("AZURE_FEDERATED_TOKEN_FILE") {
        return token_file::token(&file);
    }
    let resource = azure.audience.as_deref().ok_or_else(|| {
        Error::new(Code::MissingKey, "Azure issues tokens for a named audience only")
            .because("AZURE_FEDERATED_TOKEN_FILE is not set, and `web_identity.audience` neither")
            .hint("set audience = \"api://…\": the application ID URI of an app registration that AWS trusts")
    })?;
    let api = Api::new("Azure's managed identity service", Reach::Platform);
    let request = match (env.text("IDENTITY_ENDPOINT"), env.text("IDENTITY_HEADER")) {
        (Some(endpoint), Some(header)) => {
            let url = service(&endpoint, "IDENTITY_ENDPOINT")?;
            Request::get(asked(url, "2019-08-01", resource, azure)).header("x-identity-header", &header)
        }
        _ => {
            // `AZURE_POD_IDENTITY_AUTHORITY_HOST` is where Microsoft's own SDKs let the address be another.
            let host = env.text("AZURE_POD_IDENTITY_AUTHORITY_HOST").unwrap_or_else(|| IMDS.to_owned());
            let mut url = service(&host, "AZURE_POD_IDENTITY_AUTHORITY_HOST")?;
            url.set_path("/metadata/identity/oauth2/token");
            // The service refuses what a browser or a proxy could be led to send.
            Request::get(asked(url, "2018-02-01", resource, azure)).header("metadata", "true")
        }
    };
    let answer = api.send(&request, deadline).await?.success()?;
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
