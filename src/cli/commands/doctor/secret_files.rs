//! Names files with secrets that others than their owner may read. They are accepted, since Kubernetes' `fsGroup` makes such.

use std::path::{Path, PathBuf};

use super::report::{Report, Step};
use crate::config::profile::{Auth, Ecp, FormLogin, Identity, Otp, Profile, SecretSource};
use crate::file::shared::{Shared, shared};
use crate::file::standing::Standing;

/// Checks the files of the profiles in `chain`: the profile and those below it.
pub fn check(report: &mut Report, chain: &[&Profile]) {
    let mut told = Vec::new();
    for (setting, path) in chain.iter().flat_map(|profile| of(profile)) {
        let Some(Shared { told: how, may_be_closed }) = shared(&path) else { continue };
        told.push(format!("{}  (`{setting}`: {how})", path.display()));
        if may_be_closed {
            let what = format!("other users can read the file of `{setting}`");
            report.warn(Step::Configuration, what, Standing::closing(0o077, &path));
        }
    }
    if !told.is_empty() {
        report.fact(Step::Configuration, "secrets_that_others_may_read", told);
    }
}

/// Returns every file with a secret that the profile names, and the setting that names it.
fn of(profile: &Profile) -> Vec<(&'static str, PathBuf)> {
    let named = |setting, source: &SecretSource| match source {
        SecretSource::File(path) => Some((setting, path.clone())),
        // A systemd credential has the mode that systemd gives it.
        SecretSource::Credential(_) | SecretSource::Command(_) | SecretSource::Env(_) | SecretSource::Keyring(_) => {
            None
        }
    };
    let mut files: Vec<_> = profile.secret().and_then(|(setting, source)| named(setting, source)).into_iter().collect();
    files.extend(profile.keytab().map(|path| ("saml.keytab", without_kind(path))));
    files.extend(profile.sts.http.client_cert.iter().map(|(_, key)| ("client_cert", key.clone())));
    match &profile.identity {
        Identity::Saml(saml) => {
            files.extend(saml.http.client_cert.iter().map(|(_, key)| ("saml.client_key", key.clone())));
            files.extend(match &saml.auth {
                Auth::Form(FormLogin { otp: Some(Otp::Code(source)), .. }) => named("saml.otp", source),
                Auth::Form(FormLogin { otp: Some(Otp::Secret(source)), .. }) => named("saml.otp_secret", source),
                Auth::Form(FormLogin { otp: None, .. })
                | Auth::None
                | Auth::Basic { .. }
                | Auth::Bearer { .. }
                | Auth::Spnego(_)
                | Auth::Okta(_)
                | Auth::Ecp(Ecp::Basic { .. } | Ecp::Kerberos(_))
                | Auth::Browser(_)
                | Auth::Command(_) => None,
            });
        }
        Identity::WebIdentity(identity) => {
            files.extend(identity.source.facts().token_file.map(|path| ("web_identity.token_file", path.to_owned())));
        }
        Identity::AssumeRole(_) | Identity::Base(_) => {}
    }
    files
}

/// Removes the prefix `FILE:` of Kerberos libraries.
fn without_kind(keytab: &Path) -> PathBuf {
    keytab.to_str().and_then(|path| path.strip_prefix("FILE:")).map_or_else(|| keytab.to_owned(), PathBuf::from)
}
