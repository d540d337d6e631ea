//! `source = "google"`: an id_token by Application Default Credentials, in the order of Google's own libraries:
//! `GOOGLE_APPLICATION_CREDENTIALS`, gcloud's file, the metadata server.
//!
//! The first that exists decides. If it fails, the next is not tried, since that would be another identity.
//!
//! All secrets count as issued: Google does not rotate them and locks no account for them, and its own libraries repeat a
//! request after a lost answer or a server error (`google.oauth2._client`).

mod adc;
mod grants;
mod metadata;
mod subject_token;

use self::adc::Credentials;
use crate::config::profile::Google;
use crate::error::{Code, Error, Result};
use crate::http::api::{Api, Reach};
use crate::identity::Run;
use crate::process::env::Env;
use crate::secret::Secret;

/// Returns an id_token of Google for the audience in `settings`.
///
/// Errors: [`Code::TokenMissing`] if there are no credentials, or they give no id_token; [`Code::RefreshTokenGone`];
/// those of the requests.
pub async fn token(settings: &Google, run: Run<'_>) -> Result<Secret> {
    let api = Api::new("Google's token service", Reach::Internet);
    match adc::find(run.env)? {
        Some(found) => {
            tracing::debug!(file = %found.path.display(), "application default credentials");
            let source = Source { api: &api, run, file: &found.path };
            source.id_token(&found.credentials, settings).await
        }
        None => metadata::id_token(audience(settings)?, run.env, run.deadline).await,
    }
}

/// The text of the credentials that [`token`] would use, which identifies the caller. `None` if that is the machine itself.
pub fn credentials(env: &Env) -> Result<Option<Secret>> {
    Ok(adc::text(env)?.map(|(_, text)| text))
}

/// Whether a token needs `audience`: the credentials of a person, as stored by gcloud, give tokens for gcloud only.
pub fn needs_audience(env: &Env) -> bool {
    !matches!(adc::find(env), Ok(Some(adc::Found { credentials: Credentials::AuthorizedUser(_), .. })))
}

/// What every type of credentials needs to get a token.
struct Source<'a> {
    api: &'a Api,
    run: Run<'a>,
    /// The file of the credentials, for errors.
    file: &'a std::path::Path,
}

impl Source<'_> {
    async fn id_token(&self, credentials: &Credentials, settings: &Google) -> Result<Secret> {
        match credentials {
            Credentials::ServiceAccount(account) => self.service_account(account, audience(settings)?).await,
            Credentials::AuthorizedUser(user) => self.authorized_user(user, settings.audience.as_deref()).await,
            Credentials::Impersonated(account) => {
                let access_token = self.access_token(&account.source_credentials).await?;
                let target = &account.service_account_impersonation_url;
                self.impersonate(target, &account.delegates, &access_token, audience(settings)?).await
            }
            Credentials::ExternalAccount(account) => self.external_account(account, audience(settings)?).await,
        }
    }

    /// An access token with which another account can be impersonated.
    async fn access_token(&self, credentials: &Credentials) -> Result<Secret> {
        match credentials {
            Credentials::ServiceAccount(account) => self.service_account_access_token(account).await,
            Credentials::AuthorizedUser(user) => self.authorized_user_access_token(user).await,
            Credentials::ExternalAccount(account) => self.exchanged_token(account).await,
            Credentials::Impersonated(_) => Err(self
                .unusable("it impersonates with credentials that are themselves impersonated")
                .hint("name the accounts between in `delegates`, as Google has it")),
        }
    }

    fn unusable(&self, why: impl Into<String>) -> Error {
        adc::unusable(self.file, why)
    }
}

fn audience(settings: &Google) -> Result<&str> {
    settings.audience.as_deref().ok_or_else(|| {
        Error::new(Code::MissingKey, "`audience` is not set, and Google gives no token without one")
            .hint("set `audience` in the profile's web_identity to what the role's trust policy names")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attempt::tests::Lenient;
    use crate::identity::oidc::jws;
    use crate::identity::oidc::stub::{Sent, Stub, run};
    use crate::time::Deadline;
    use serde_json::{Value, json};

    const LONG: std::time::Duration = std::time::Duration::from_secs(20);

    /// A server with the paths of all of Google's services.
    fn google() -> Stub {
        Stub::start(|sent| match sent.line.as_str() {
            "POST /token" if sent.field("grant_type") == Some("refresh_token") => match sent.field("refresh_token") {
                Some("revoked") => (400, json!({ "error": "invalid_grant", "error_description": "revoked" })),
                _ => (200, json!({ "access_token": "user-access", "id_token": "user-id-token" })),
            },
            "POST /token" => (200, json!({ "access_token": "account-access", "id_token": "account-id-token" })),
            "POST /v1/token" => (200, json!({ "access_token": "federated-access" })),
            "POST /sa:generateIdToken" => (200, json!({ "token": "impersonated-id-token" })),
            "GET /subject" => (200, json!({ "nested": "no", "value": "subject-by-url" })),
            _ => (404, json!({})),
        })
    }

    fn ask(adc: &Value, audience: Option<&str>, more: &[(&str, &str)]) -> Result<String> {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("adc.json");
        std::fs::write(&file, adc.to_string()).unwrap();
        let variables = [("GOOGLE_APPLICATION_CREDENTIALS", file.to_str().unwrap())];
        let env = Env::fixed(variables.iter().chain(more).copied());
        let settings = Google { audience: audience.map(str::to_owned) };
        let (deadline, ledger) = (Deadline::after(LONG), Lenient::default());
        let outcome = run(token(&settings, Run::alone(&env, &deadline, &ledger)));
        assert!(ledger.0.borrow().is_empty(), "nothing of it is counted");
        outcome.map(|token| token.expose().to_owned())
    }

    fn service_account(google: &Stub) -> Value {
        json!({
            "type": "service_account", "private_key_id": "rsa", "private_key": jws::tests::PEM,
            "client_email": "sa@example.com", "token_uri": google.url("/token"),
        })
    }

    fn user(google: &Stub) -> Value {
        json!({
            "type": "authorized_user", "client_id": "gcloud", "client_secret": "cs", "refresh_token": "rt",
            "token_uri": google.url("/token"),
        })
    }

    fn external(google: &Stub, source: Value) -> Value {
        json!({
            "type": "external_account", "audience": "//iam/pool", "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": google.url("/v1/token"), "credential_source": source,
            "service_account_impersonation_url": google.url("/sa:generateAccessToken"),
        })
    }

    /// The one request for an id_token of the impersonated account.
    fn impersonated_with(sent: &Sent, access_token: &str) {
        assert_eq!(sent.line, "POST /sa:generateIdToken");
        assert_eq!(sent.header("authorization"), Some(format!("Bearer {access_token}").as_str()));
        let body: Value = serde_json::from_str(&sent.body).unwrap();
        assert_eq!(body, json!({ "audience": "aws", "delegates": [], "includeEmail": true }));
    }

    #[test]
    fn a_service_account_signs_for_its_audience() {
        let google = google();
        assert_eq!(ask(&service_account(&google), Some("aws"), &[]).unwrap(), "account-id-token");
        let sent = google.sent();
        assert_eq!(sent.len(), 1);
        assert_eq!(sent[0].field("grant_type"), Some("urn:ietf:params:oauth:grant-type:jwt-bearer"));
        let keys: jws::KeySet = serde_json::from_value(json!({ "keys": [jws::tests::rsa_jwk()] })).unwrap();
        let claims: Value = keys.verify(&Secret::new(sent[0].field("assertion").unwrap().into())).unwrap();
        assert_eq!(
            (&claims["iss"], &claims["aud"], &claims["target_audience"]),
            (&json!("sa@example.com"), &json!("https://oauth2.googleapis.com/token"), &json!("aws"))
        );
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
        assert!(claims.get("scope").is_none());
    }

    #[test]
    fn a_person_is_a_token_for_the_client_and_for_no_one_else() {
        let google = google();
        for audience in [None, Some("gcloud")] {
            assert_eq!(ask(&user(&google), audience, &[]).unwrap(), "user-id-token");
        }
        for (name, value) in
            [("grant_type", "refresh_token"), ("client_id", "gcloud"), ("client_secret", "cs"), ("refresh_token", "rt")]
        {
            assert_eq!(google.sent()[0].field(name), Some(value));
        }
        let error = ask(&user(&google), Some("aws"), &[]).unwrap_err();
        assert_eq!(error.code, Code::InvalidValue);
        assert_eq!(google.sent().len(), 2, "it was refused before anything was sent");
    }

    #[test]
    fn a_person_whose_grant_is_gone_has_to_log_in_with_gcloud() {
        let google = google();
        let mut adc = user(&google);
        adc["refresh_token"] = "revoked".into();
        let error = ask(&adc, None, &[]).unwrap_err();
        assert_eq!(error.code, Code::RefreshTokenGone);
        assert!(error.hint.unwrap().contains("gcloud auth application-default login"));
    }

    #[test]
    fn impersonation_takes_an_access_token_to_the_url_of_the_file() {
        let google = google();
        for (source, access_token) in [(service_account(&google), "account-access"), (user(&google), "user-access")] {
            let adc = json!({
                "type": "impersonated_service_account", "source_credentials": source, "delegates": [],
                "service_account_impersonation_url": google.url("/sa:generateAccessToken"),
            });
            assert_eq!(ask(&adc, Some("aws"), &[]).unwrap(), "impersonated-id-token");
            impersonated_with(google.sent().last().unwrap(), access_token);
        }
    }

    #[test]
    #[cfg_attr(windows, ignore = "its program is cat")]
    fn an_external_account_exchanges_its_subject_token_and_impersonates() {
        let google = google();
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str, text: &str| {
            let path = home.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let json_format = |field: &str| json!({ "type": "json", "subject_token_field_name": field });
        let printed = r#"{"version":1,"success":true,"token_type":"urn:ietf:params:oauth:token-type:jwt","id_token":"subject-by-command"}"#;
        let command = format!("cat {}", at("printed", printed));
        let table = [
            (json!({ "file": at("text", "subject-by-file\n") }), "subject-by-file"),
            (
                json!({ "file": at("json", r#"{"t":"subject-in-json"}"#), "format": json_format("t") }),
                "subject-in-json",
            ),
            (
                json!({ "url": google.url("/subject"), "headers": { "X-Who": "me" }, "format": json_format("value") }),
                "subject-by-url",
            ),
            (json!({ "executable": { "command": command } }), "subject-by-command"),
        ];
        for (source, subject) in table {
            let allowed = [("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES", "1")];
            assert_eq!(ask(&external(&google, source), Some("aws"), &allowed).unwrap(), "impersonated-id-token");
            let sent = google.sent();
            let [.., exchange, last] = &sent[..] else { panic!("{sent:?}") };
            for (name, value) in [
                ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                ("audience", "//iam/pool"),
                ("subject_token", subject),
                ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
                ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
                ("scope", grants::CLOUD_PLATFORM),
            ] {
                assert_eq!(exchange.field(name), Some(value), "{name}");
            }
            impersonated_with(last, "federated-access");
        }
        let by_url = google.sent().into_iter().find(|sent| sent.line == "GET /subject").unwrap();
        assert_eq!(by_url.header("x-who"), Some("me"));
    }

    #[test]
    fn what_an_external_account_cannot_give_is_told_by_name() {
        let google = google();
        let mut without_impersonation = external(&google, json!({ "file": "/nowhere" }));
        without_impersonation.as_object_mut().unwrap().remove("service_account_impersonation_url");
        let executable = json!({ "executable": { "command": "true" } });
        let table = [
            (without_impersonation, Code::TokenMissing, "impersonation"),
            (external(&google, executable), Code::ConflictingKeys, "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES"),
            (external(&google, json!({ "environment_id": "aws1" })), Code::NotYetAvailable, "AWS"),
            (external(&google, json!({ "certificate": {} })), Code::NotYetAvailable, "certificate"),
            (external(&google, json!({ "file": "/nowhere" })), Code::FileUnreadable, "/nowhere"),
        ];
        for (adc, code, expected) in table {
            let error = ask(&adc, Some("aws"), &[]).unwrap_err();
            assert_eq!(error.code, code, "{error:?}");
            assert!(format!("{error:?}").contains(expected), "{error:?}");
        }
        assert!(google.sent().is_empty(), "nothing was asked");
    }

    #[test]
    fn without_an_audience_nobody_is_asked() {
        let google = google();
        for adc in [service_account(&google), external(&google, json!({ "file": "/nowhere" }))] {
            assert_eq!(ask(&adc, None, &[]).unwrap_err().code, Code::MissingKey);
        }
        assert!(google.sent().is_empty());
    }

    #[test]
    fn tokens_go_nowhere_in_the_clear() {
        let google = google();
        let mut adc = service_account(&google);
        adc["token_uri"] = "http://token.example.com/".into();
        assert_eq!(ask(&adc, Some("aws"), &[]).unwrap_err().code, Code::UrlNotAllowed);
    }
}
