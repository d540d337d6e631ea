//! `source = "github-actions"`: a token of the workflow run, from the service that the runner names
//! (GitHub Docs, "OpenID Connect reference", on `ACTIONS_ID_TOKEN_REQUEST_URL`).

use serde::Deserialize;
use url::Url;

use crate::attempt::CountedSecret;
use crate::error::{Code, Error, Result};
use crate::http::api::{Api, Reach, Request};
use crate::identity::Run;
use crate::secret::Secret;

const URL: &str = "ACTIONS_ID_TOKEN_REQUEST_URL";
const TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_TOKEN";

#[derive(Deserialize)]
struct Issued {
    value: String,
}

/// Returns a token for this audience.
pub async fn token(audience: &str, run: Run<'_>) -> Result<Secret> {
    let Run { env, deadline, ledger, .. } = run;
    let missing = |name: &str| {
        let error = Error::new(
            Code::TokenMissing,
            "this job may not request a token from GitHub, or does not run on GitHub Actions",
        )
        .because(format!("${name} is not set"));
        match env.text("GITHUB_EVENT_NAME").as_deref() {
            Some("pull_request" | "pull_request_review" | "pull_request_review_comment") => error
                .because(
                    "the run is for a pull request: for those of forks and of Dependabot GitHub issues no \
                token, whatever permissions the workflow has",
                )
                .hint(
                    "if it is not a fork's, write `permissions: { id-token: write }` into the workflow; for a \
                fork's, run the job after the merge",
                ),
            Some(_) | None => error.hint("write `permissions: { id-token: write }` into the workflow"),
        }
    };
    let url = env.text(URL).ok_or_else(|| missing(URL))?;
    let mut url = Url::parse(&url).map_err(|_| Error::new(Code::InvalidValue, format!("${URL} is not a URL")))?;
    url.query_pairs_mut().append_pair("audience", audience);
    // It belongs to the job and ends with it: a wrong one locks nobody out.
    let bearer = CountedSecret::issued(Secret::new(env.text(TOKEN).ok_or_else(|| missing(TOKEN))?));
    let api = Api::new("GitHub's token service", Reach::Internet);
    let answer = api.send(&Request::get(url).bearer(&bearer, ledger)?, deadline).await?.success()?;
    Ok(Secret::new(answer.json::<Issued>()?.value))
}
