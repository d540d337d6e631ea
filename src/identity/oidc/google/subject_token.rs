//! `credential_source` of an external account: the token of the workload's platform, from a file, a URL or a program.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::Source;
use super::adc::{self, Executable, ExternalAccount, Format};
use crate::attempt::CountedSecret;
use crate::error::{Code, Error, Result, printable};
use crate::http::api::{Api, Reach, Request};
use crate::process::command;
use crate::secret::Secret;
use crate::time::Deadline;

/// Google's own opt-in: otherwise, whoever can write the file could run a program.
const OPT_IN: &str = "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES";
/// Limit of a program if the file sets none, as in Google's libraries.
const PROGRAM_LIMIT: Duration = Duration::from_secs(30);

/// The output of a program, version 1.
#[derive(Deserialize)]
struct Printed {
    version: u32,
    success: bool,
    token_type: Option<String>,
    id_token: Option<String>,
    saml_response: Option<String>,
    code: Option<String>,
    message: Option<String>,
}

impl Source<'_> {
    pub(super) async fn subject_token(&self, account: &ExternalAccount) -> Result<Secret> {
        let source = &account.credential_source;
        if source.environment_id.is_some() {
            return Err(self
                .unsupported("AWS", "with AWS credentials already here, no Google token is needed to assume a role"));
        }
        if source.certificate.is_some() {
            return Err(self.unsupported("a certificate", "use a credential_source with file, url or executable"));
        }
        if let Some(path) = &source.file {
            let text = adc::read(path).map_err(|fault| fault.error(Code::FileUnreadable))?;
            return self.in_format(&source.format, &text);
        }
        if let Some(url) = &source.url {
            // This is often the metadata service of another cloud, which has no https.
            let api = Api::new("the platform's token service", Reach::Platform);
            let mut request = Request::get(url.clone());
            for (name, value) in &source.headers {
                let value = CountedSecret::issued(value.duplicate());
                let value = value.send(self.run.ledger, |text| Secret::new(text.to_owned()))?;
                request = request
                    .named_header(name, value)
                    .ok_or_else(|| self.unusable("its `credential_source` has a header that is not valid"))?;
            }
            let answer = api.send(&request, self.run.deadline).await?.success()?;
            return self.in_format(&source.format, &answer.text()?);
        }
        match &source.executable {
            Some(executable) => self.printed(executable, account),
            None => Err(self.unusable("its `credential_source` has none of file, url, executable")),
        }
    }

    fn unsupported(&self, what: &str, hint: &str) -> Error {
        Error::new(Code::NotYetAvailable, format!("the external account in {} comes from {what}", self.file.display()))
            .because("fedcred takes subject tokens from a file, a URL or an executable")
            .hint(hint)
    }

    fn in_format(&self, format: &Format, text: &Secret) -> Result<Secret> {
        let token = match format {
            Format::Text => text.expose().trim().to_owned(),
            Format::Json { subject_token_field_name: name } => serde_json::from_str(text.expose())
                .ok()
                .and_then(|json: Value| Some(json.get(name)?.as_str()?.to_owned()))
                .ok_or_else(|| {
                    self.unusable(format!("the content of its `credential_source` is not JSON with {name:?}"))
                })?,
        };
        if token.is_empty() {
            return Err(self.unusable("the content of its `credential_source` is empty"));
        }
        Ok(Secret::new(token))
    }

    fn printed(&self, executable: &Executable, account: &ExternalAccount) -> Result<Secret> {
        if self.run.env.text(OPT_IN).as_deref() != Some("1") {
            let what = format!("the Google credentials in {} require a program to be run", self.file.display());
            return Err(Error::new(Code::ConflictingKeys, what)
                .because(format!("${OPT_IN} is not 1"))
                .hint(format!("if you trust the file: export {OPT_IN}=1")));
        }
        let argv: Vec<String> = executable.command.split_ascii_whitespace().map(str::to_owned).collect();
        let limit = executable.timeout_millis.map_or(PROGRAM_LIMIT, Duration::from_millis);
        let deadline = Deadline::after(limit.min(self.run.deadline.remaining()));
        let variables = [
            ("GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE", account.audience.as_str()),
            ("GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE", &account.subject_token_type),
            ("GOOGLE_EXTERNAL_ACCOUNT_INTERACTIVE", "0"),
        ];
        let output = command::secret_output_with(
            &argv,
            &variables,
            command::MAX_OUTPUT,
            "credential_source.executable",
            &deadline,
        )?;
        self.token_printed(output, account)
    }

    fn token_printed(&self, output: Zeroizing<Vec<u8>>, account: &ExternalAccount) -> Result<Secret> {
        let failed = |why: String| {
            let what = format!("the program that {} names gave no token", self.file.display());
            Error::new(Code::SecretCommand, what).because(why)
        };
        let printed: Printed = serde_json::from_slice(&output)
            .map_err(|_| failed("it did not print the JSON of an executable credential source".into()))?;
        if !printed.success {
            let said = [printed.code, printed.message].into_iter().flatten().collect::<Vec<_>>().join(": ");
            return Err(failed(format!("it says {}", printable(&said, 200))));
        }
        if printed.version != 1 || printed.token_type.as_deref() != Some(account.subject_token_type.as_str()) {
            return Err(failed("its version is not 1, or its token_type is not the file's".into()));
        }
        let token = printed.id_token.or(printed.saml_response);
        token.map(Secret::new).ok_or_else(|| failed("it printed neither id_token nor saml_response".into()))
    }
}
