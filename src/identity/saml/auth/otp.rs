//! One-time codes: from a command or file (`otp`), computed by RFC 6238 from the secret that the IdP once showed
//! (`otp_secret`), or from the person at the terminal.
//!
//! A computed code is never sent twice: the time step of the last one is stored.

use std::time::Duration;

use totp_rs::{Algorithm, Builder, Totp};
use url::Url;

use crate::attempt::CountedSecret;
use crate::config::profile::{FormLogin, Otp, SecretSource};
use crate::error::{Code, Error, Result, Step};
use crate::http::shown;
use crate::identity::saml::remembered::Remembered;
use crate::identity::{Run, secrets};
use crate::secret::Secret;
use crate::time::{self, Deadline};

/// Time left to send the code and receive the answer.
const SPARE: Duration = Duration::from_secs(3);

/// Returns a code for the page at `url`.
///
/// Errors: [`Code::MfaNeeded`] if no setting gives one and nobody can be asked.
pub fn code(login: &FormLogin, run: Run<'_>, url: &Url) -> Result<CountedSecret> {
    match &login.otp {
        Some(Otp::Code(source)) => {
            let code = secrets::read(source, "saml.otp", run.env, run.deadline).map_err(local)?;
            Ok(CountedSecret::known_by(Secret::new(code.expose().trim().to_owned()), mark(source)))
        }
        Some(Otp::Secret(source)) => {
            let secret = secrets::read(source, "saml.otp_secret", run.env, run.deadline).map_err(local)?;
            let generator = generator(secret.expose())?;
            let code = unused(&generator, run)?;
            Ok(CountedSecret::known_by(code, secret))
        }
        None => match run.person {
            Some(person) => {
                let question = format!("{} at {}\nOne-time code: ", login.username, shown(url));
                let code = person.ask(&question)?;
                Ok(CountedSecret::of_the_moment(Secret::new(code.expose().trim().to_owned())))
            }
            None => Err(Error::new(Code::MfaNeeded, format!("the IdP at {} requires a second factor", shown(url)))
                .at(Step::Person)),
        },
    }
}

fn local(error: Error) -> Error {
    error.at(Step::Local)
}

/// The mark of a code from a source. A command prints another code each time, so the mark is the source.
fn mark(source: &SecretSource) -> Secret {
    Secret::new(format!("{source:?}"))
}

/// The code of a time step that was not used yet. Waits for the next step if there is time.
fn unused(generator: &Totp, run: Run<'_>) -> Result<Secret> {
    let mut now = seconds();
    let mut remembered = Remembered::load(run.state);
    let step = |at: u64| generator.next_step(at);
    if remembered.last_step.is_some_and(|last| step(now) <= last) {
        let wait = Duration::from_secs(step(now).saturating_sub(now));
        if run.deadline.remaining() < wait + SPARE {
            return Err(too_soon(wait, run.deadline));
        }
        time::pause(wait);
        now = seconds();
    }
    remembered.last_step = Some(step(now));
    remembered.save(run.state);
    Ok(Secret::new(generator.generate(now).to_string()))
}

fn too_soon(wait: Duration, deadline: &Deadline) -> Error {
    Error::new(Code::MfaNeeded, "the current one-time code was used a moment ago, and each can be used only once")
        .because(format!(
            "the next one is valid in {} s, and {} s are left",
            wait.as_secs(),
            deadline.remaining().as_secs()
        ))
        .hint("try again then, or set `deadline` to more than 30 s")
        .at(Step::Local)
}

fn seconds() -> u64 {
    u64::try_from(time::now().as_second()).unwrap_or_default()
}

/// Parses base32, as an IdP shows it beside its QR code, or the `otpauth://totp/…` address in the code.
fn generator(secret: &str) -> Result<Totp> {
    let unusable = |why: &str| {
        Error::new(Code::InvalidValue, "the secret of `saml.otp_secret` is not one for one-time codes")
            .because(why)
            .hint("it is the text in base32 that the IdP shows beside its QR code, or the otpauth:// address in that")
    };
    let mut builder = Builder::new();
    let mut base32 = secret.to_owned();
    if secret.starts_with("otpauth:") {
        let address = Url::parse(secret).map_err(|_| unusable("it is not an address"))?;
        if address.host_str() != Some("totp") {
            return Err(unusable("it is not one for codes by time (otpauth://totp/…)"));
        }
        base32.clear();
        for (name, value) in address.query_pairs() {
            builder = match name.as_ref() {
                "secret" => {
                    base32 = value.into_owned();
                    builder
                }
                "algorithm" => builder.with_algorithm(match value.to_ascii_uppercase().as_str() {
                    "SHA1" => Algorithm::SHA1,
                    "SHA256" => Algorithm::SHA256,
                    "SHA512" => Algorithm::SHA512,
                    _ => return Err(unusable("its algorithm is unknown")),
                }),
                "digits" => match value.parse() {
                    Ok(digits @ 6..=8) => builder.with_digits(digits),
                    _ => return Err(unusable("its codes have neither 6, 7 nor 8 digits")),
                },
                "period" => match value.parse() {
                    Ok(period @ 1..=600) => builder.with_step_duration(period),
                    _ => return Err(unusable("its period is none")),
                },
                _ => builder,
            };
        }
    }
    let base32: String = base32.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '=')).collect();
    let bytes =
        totp_rs::Secret::try_from_base32(base32.to_ascii_uppercase()).map_err(|_| unusable("it is not base32"))?;
    Ok(builder.with_secret(bytes).build_noncompliant())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Appendix B: the secret is "12345678901234567890", and longer for the other algorithms.
        let sha1 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        let sha256 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA====";
        let address = |secret: &str, rest: &str| format!("otpauth://totp/Corp:alice?secret={secret}&issuer=Corp{rest}");
        let table = [
            (address(sha1, "&digits=8"), 59, "94287082"),
            (address(sha1, "&digits=8"), 1_111_111_109, "07081804"),
            (address(sha256, "&digits=8&algorithm=SHA256"), 59, "46119246"),
            (sha1.to_owned(), 59, "287082"),
            ("gezd gnbv gy3t qojq gezd gnbv gy3t qojq\n".to_owned(), 59, "287082"),
            (address(sha1, "&period=60"), 118, "287082"),
        ];
        for (secret, at, expected) in table {
            assert_eq!(generator(&secret).unwrap().generate(at).to_string(), expected, "{secret} {at}");
        }
    }

    #[test]
    fn what_is_no_secret_is_told_without_it() {
        for secret in ["hunter2!", "otpauth://hotp/x?secret=GEZDGNBV", "otpauth://totp/x?secret=GEZDGNBV&digits=20"] {
            let error = generator(secret).unwrap_err();
            assert_eq!(error.code, Code::InvalidValue, "{secret}");
            assert!(!format!("{error:?}").contains("hunter2") && !format!("{error:?}").contains("GEZD"), "{error:?}");
        }
    }
}
