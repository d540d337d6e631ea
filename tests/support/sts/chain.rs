//! AssumeRoleWithWebIdentity, and AssumeRole on top of any session.

use std::collections::BTreeMap;

use fedcred::time;

use super::{Fault, Refusal, State, Sts, duration, required, signing_key, unsigned};
use crate::support::assertion::ADMIN;
use crate::support::server::Request;
use crate::support::token::{AUDIENCE, ISSUER, SIGNATURE, claims};

/// Long-term keys, which every role trusts.
pub const LONG_TERM_KEY: (&str, &str) = ("AKIAEXAMPLELONGTERM1", "long-term-secret-access-key-of-the-tests");

/// With the same key: what a metadata service hands out.
pub const METADATA_TOKEN: &str = "session-token-of-a-metadata-service";

impl Sts {
    /// Adds a role, with the longest session it allows, in seconds.
    pub fn role(&self, arn: &str, longest: u64) {
        self.state.lock().unwrap().roles.insert(arn.to_string(), longest);
    }

    /// From now on AssumeRole has to come with this.
    pub fn demand_external_id(&self, id: &str) {
        self.state.lock().unwrap().external_id = Some(id.to_string());
    }

    /// Adds a provider for this issuer, whose signatures are the caller's to look at.
    #[allow(dead_code, reason = "the sandbox has no such issuer")]
    pub fn trust(&self, issuer: &str, audience: &str) {
        self.state.lock().unwrap().issuers.insert(issuer.to_string(), audience.to_string());
    }
}

impl State {
    pub(super) fn assume_role_with_web_identity(
        &mut self,
        request: &Request,
        fields: &BTreeMap<String, String>,
        fault: &Option<Fault>,
    ) -> Result<String, Refusal> {
        let invalid = |message: &str| Refusal::new(400, "InvalidIdentityToken", message);
        unsigned(request)?;
        let (role, session) = (required(fields, "RoleArn")?, required(fields, "RoleSessionName")?);
        let token = required(fields, "WebIdentityToken")?;
        let claims = claims(token).ok_or_else(|| {
            invalid("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)")
        })?;
        let text = |claim: &str| claims[claim].as_str().unwrap_or_default().to_string();
        let further = self.issuers.get(&text("iss"));
        if text("iss") != ISSUER && further.is_none() {
            return Err(invalid(&format!("No OpenIDConnect provider found in your account for {}", text("iss"))));
        }
        if further.is_none() && !token.ends_with(&format!(".{SIGNATURE}")) {
            return Err(invalid("The signature of the ID Token could not be verified"));
        }
        let (now, expires) = (time::now().as_second(), claims["exp"].as_i64().unwrap_or(0));
        if now >= expires {
            let message =
                format!("Token expired: current date/time {now} must be before the expiration date/time {expires}");
            return Err(Refusal::new(400, "ExpiredTokenException", message));
        }
        if text("aud") != further.map_or(AUDIENCE, String::as_str) {
            return Err(invalid("Incorrect token audience"));
        }
        let denied = Refusal::new(403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity");
        let longest = *self.roles.get(role).ok_or(denied)?;
        let seconds = duration(fields, longest)?;
        let role = if matches!(fault, Some(Fault::OtherRole)) { ADMIN } else { role };
        let credentials = self.issue(role, session, seconds);
        Ok(format!("{credentials}<SubjectFromWebIdentityToken>{}</SubjectFromWebIdentityToken>", text("sub")))
    }

    pub(super) fn assume_role(
        &mut self,
        request: &Request,
        fields: &BTreeMap<String, String>,
    ) -> Result<String, Refusal> {
        let (is_known, token) = (signing_key(request) == Some(LONG_TERM_KEY.0), request.header("x-amz-security-token"));
        let is_long_term = is_known && token.is_none();
        let is_temporary = (is_known && token == Some(METADATA_TOKEN)) || self.signer(request).is_some();
        if !is_long_term && !is_temporary {
            let unknown = "The security token included in the request is invalid.";
            return Err(Refusal::new(403, "InvalidClientTokenId", unknown));
        }
        let (role, session) = (required(fields, "RoleArn")?, required(fields, "RoleSessionName")?);
        let denied = Refusal::new(
            403,
            "AccessDenied",
            format!(
                "User: arn:aws:sts::1:assumed-role/X/y is not authorized to perform: sts:AssumeRole on resource: {role}"
            ),
        );
        let longest = *self.roles.get(role).ok_or(denied.clone())?;
        if self.external_id.is_some() && self.external_id.as_ref() != fields.get("ExternalId") {
            return Err(denied);
        }
        let seconds = duration(fields, longest)?;
        if !is_long_term && seconds > 3600 {
            let message =
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining";
            return Err(Refusal::new(400, "ValidationError", message));
        }
        Ok(self.issue(role, session, seconds))
    }
}
