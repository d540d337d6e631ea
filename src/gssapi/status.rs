//! The error code and the next step for each failure of the library.
//!
//! The minor status is Kerberos's own error number only where the Kerberos mechanism itself was called. Under SPNEGO,
//! MIT's library returns its own numbers (100001 and up), so `initiator` repeats the call without SPNEGO.

use std::path::Path;

use super::{CredentialSource, KDC_HINT, Request, ffi};
use crate::error::{Code, Error, printable};
use crate::quote::shell::{command, on_path};

/// The code, what failed, and the next step.
type Meaning = (Code, String, String);

/// A failed call.
#[derive(Clone, Debug)]
pub struct Status {
    pub major: u32,
    pub minor: u32,
    /// The library's own words, fit to print.
    pub text: String,
}

/// `ERROR_TABLE_BASE_krb5`: MIT and Heimdal number the errors of RFC 4120 §7.5.9 from here on, and their own from 128 on.
const KRB5_BASE: i32 = -1765328384;
/// The errors of MIT's Kerberos mechanism (`gssapi_err_krb5.et`).
const MECHANISM_BASE: i32 = 39756032;

/// Numbers of `krb5_err.et`, relative to the base.
mod krb5 {
    pub const C_PRINCIPAL_UNKNOWN: i32 = 6;
    pub const S_PRINCIPAL_UNKNOWN: i32 = 7;
    pub const ETYPE_NOSUPP: i32 = 14;
    pub const CLIENT_REVOKED: i32 = 18;
    pub const KEY_EXP: i32 = 23;
    pub const PREAUTH_FAILED: i32 = 24;
    pub const BAD_INTEGRITY: i32 = 31;
    pub const TKT_EXPIRED: i32 = 32;
    pub const SKEW: i32 = 37;
    pub const LAST_OF_THE_PROTOCOL: i32 = 127;
    pub const CONFIG_CANTOPEN: i32 = 135;
    pub const CONFIG_BADFORMAT: i32 = 136;
    pub const CC_BADNAME: i32 = 139;
    pub const CC_UNKNOWN_TYPE: i32 = 140;
    pub const KDCREP_SKEW: i32 = 148;
    pub const REALM_UNKNOWN: i32 = 154;
    pub const KDC_UNREACH: i32 = 156;
    pub const KT_BADNAME: i32 = 179;
    pub const KT_UNKNOWN_TYPE: i32 = 180;
    pub const KT_NOTFOUND: i32 = 181;
    pub const KT_IOERR: i32 = 184;
    pub const FCC_PERM: i32 = 194;
    pub const CC_FORMAT: i32 = 199;
    pub const PREAUTH_FAILED_HERE: i32 = 210;
    pub const KEYTAB_BADVNO: i32 = 213;
    pub const REALM_CANT_RESOLVE: i32 = 220;
    pub const CONFIG_NODEFREALM: i32 = 224;
    pub const KT_KVNONOTFOUND: i32 = 230;
}

/// Numbers of `gssapi_err_krb5.et`, relative to the base.
mod mechanism {
    pub const KEYTAB_NOMATCH: i32 = 1;
}

impl Status {
    fn krb5(&self) -> Option<i32> {
        within(self.minor, KRB5_BASE)
    }

    fn mechanism(&self) -> Option<i32> {
        within(self.minor, MECHANISM_BASE)
    }

    /// The error of a login or a ticket request that failed before anything was sent to the IdP.
    pub fn before_sending(self, request: &Request) -> Error {
        let (code, what, hint) = self.explain(request);
        Error::new(code, what).because(self.text).hint(hint)
    }

    fn explain(&self, request: &Request) -> Meaning {
        use krb5::*;
        let host = printable(&request.host, 255);
        let client = match &request.credential {
            CredentialSource::Default => "this user".into(),
            CredentialSource::Principal(principal) => printable(principal, 255),
            CredentialSource::Keytab { path, principal } => {
                let principal = printable(principal, 255);
                if let Some(meaning) = self.keytab_fault(path, &principal) {
                    return meaning;
                }
                principal
            }
        };
        match self.krb5() {
            Some(TKT_EXPIRED) => expired(&request.credential),
            _ if self.major & ffi::ERROR_MASK == ffi::CREDENTIALS_EXPIRED => expired(&request.credential),
            Some(KDC_UNREACH | REALM_UNKNOWN | REALM_CANT_RESOLVE | SKEW | KDCREP_SKEW) => self.kdc_not_used(&host),
            Some(S_PRINCIPAL_UNKNOWN) => self.service_unknown(&host, &client),
            Some(C_PRINCIPAL_UNKNOWN) => (
                Code::KdcRefused,
                format!("the KDC does not know {client}"),
                "check `principal`, its realm and the default realm in krb5.conf".into(),
            ),
            Some(CLIENT_REVOKED) => (
                Code::KdcRefused,
                format!("the account of {client} is locked or disabled"),
                "ask the realm's administrator to unlock it; trying again will not help".into(),
            ),
            Some(KEY_EXP) => (
                Code::KdcRefused,
                format!("the password of {client} has expired"),
                "change it: `kpasswd`; then create the keytab again".into(),
            ),
            Some(CONFIG_CANTOPEN | CONFIG_BADFORMAT | CONFIG_NODEFREALM) => (
                Code::ConfigUnreadable,
                "the Kerberos configuration cannot be used".into(),
                "check /etc/krb5.conf, or the file that KRB5_CONFIG names: `klist` reports the same fault".into(),
            ),
            Some(CC_BADNAME | CC_UNKNOWN_TYPE | FCC_PERM | CC_FORMAT) => (
                Code::NoKerberosTicket,
                "the Kerberos ticket cache cannot be used".into(),
                "check KRB5CCNAME and `default_ccache_name` in krb5.conf: `klist` reports the same fault".into(),
            ),
            Some(1..=LAST_OF_THE_PROTOCOL) => (
                Code::KdcRefused,
                format!("the KDC refused a ticket for HTTP/{host} to {client}"),
                "`KRB5_TRACE=/dev/stderr kinit` shows the exchange".into(),
            ),
            _ => no_ticket(&request.credential, &client),
        }
    }

    /// The fault of a login by keytab, if the keytab is at fault.
    fn keytab_fault(&self, path: &Path, principal: &str) -> Option<Meaning> {
        use krb5::*;
        match self.krb5() {
            Some(
                KT_BADNAME | KT_UNKNOWN_TYPE | KT_NOTFOUND | KT_IOERR | KEYTAB_BADVNO | KT_KVNONOTFOUND | ETYPE_NOSUPP,
            ) => Some(unusable_keytab(path, principal)),
            Some(PREAUTH_FAILED | PREAUTH_FAILED_HERE | BAD_INTEGRITY) => Some((
                Code::KeytabRefused,
                format!("the KDC does not accept the key of {principal} in keytab {}", path.display()),
                "its password was changed after the keytab was written: have a new keytab made (`ktpass`, `ktutil` or \
                 `kadmin ktadd`)"
                    .into(),
            )),
            None if self.mechanism() == Some(mechanism::KEYTAB_NOMATCH) => Some(unusable_keytab(path, principal)),
            Some(_) | None => None,
        }
    }

    /// A KDC that was not found, was not reached, or has another time.
    fn kdc_not_used(&self, host: &str) -> Meaning {
        match self.krb5() {
            Some(krb5::SKEW | krb5::KDCREP_SKEW) => (
                Code::ClockSkew,
                "this machine's clock and the KDC's differ too much for Kerberos".into(),
                "set the clock: `timedatectl set-ntp true`, or `chronyc makestep`".into(),
            ),
            Some(krb5::REALM_UNKNOWN | krb5::REALM_CANT_RESOLVE) => (
                Code::KdcUnreachable,
                "the KDC of the realm cannot be found".into(),
                format!(
                    "name it in krb5.conf: `[realms] REALM = {{ kdc = HOST }}`, or have its DNS SRV records checked; if it is the \
                     wrong realm for {host}: `[domain_realm] {host} = REALM`"
                ),
            ),
            Some(_) | None => (Code::KdcUnreachable, "no KDC could be reached".into(), KDC_HINT.into()),
        }
    }

    fn service_unknown(&self, host: &str, client: &str) -> Meaning {
        // The library asked for the service of another realm's KDC, on its way to a service of that realm.
        if self.text.contains("krbtgt/") {
            let what = format!("there is no trust path from the realm of {client} to that of HTTP/{host}");
            let hint = format!(
                "name the realm of the host in krb5.conf: `[domain_realm] {host} = REALM`; if it is another realm than yours, \
                 both have to trust each other, directly or by `[capaths]`"
            );
            return (Code::KdcRefused, what, hint);
        }
        let is_address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok();
        let hint = match is_address {
            true => {
                "Kerberos identifies services by name: use the IdP's host name in `idp_url`, not an IP address".into()
            }
            false => format!(
                "use the name of the service principal in `idp_url` (an alias has none), or have HTTP/{host} \
                 registered: `{}` (Active Directory)",
                command(["setspn", "-S", &format!("HTTP/{host}"), "ACCOUNT"])
            ),
        };
        (Code::KdcRefused, format!("the KDC knows no service HTTP/{host}"), hint)
    }
}

fn no_ticket(source: &CredentialSource, client: &str) -> Meaning {
    let what = match source {
        CredentialSource::Default => "there is no Kerberos ticket".to_owned(),
        CredentialSource::Principal(_) => format!("there is no Kerberos ticket of {client}"),
        // The library looked into the empty memory cache and found no key to fill it with.
        CredentialSource::Keytab { path, .. } => return unusable_keytab(path, client),
    };
    (Code::NoKerberosTicket, what, login_hint(source))
}

fn unusable_keytab(path: &Path, principal: &str) -> Meaning {
    (
        Code::KeytabUnusable,
        format!("keytab {} cannot be used for {principal}", path.display()),
        format!(
            "`{}` lists what it holds; `principal` must be one of them, with its realm",
            on_path(&["klist", "-kt"], path)
        ),
    )
}

fn expired(source: &CredentialSource) -> Meaning {
    (Code::KerberosTicketExpired, "the Kerberos ticket has expired".into(), login_hint(source))
}

fn login_hint(source: &CredentialSource) -> String {
    match source {
        CredentialSource::Default => "run `kinit`, or set `principal` and `keytab` for an unattended job".into(),
        CredentialSource::Principal(principal) => format!("run `{}`", command(["kinit", principal])),
        CredentialSource::Keytab { path, principal } => {
            format!("try `{}`", command(["kinit", "-kt", &path.display().to_string(), principal]))
        }
    }
}

/// The number within an error table of 256 entries.
fn within(minor: u32, base: i32) -> Option<i32> {
    let number = (minor as i32).checked_sub(base)?;
    (0..256).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(host: &str, credential: CredentialSource) -> Request {
        Request { host: host.into(), credential, channel_binding: None }
    }

    fn keytab() -> CredentialSource {
        CredentialSource::Keytab { path: "/etc/alice.keytab".into(), principal: "alice@EXAMPLE.TEST".into() }
    }

    fn status(number: i32) -> Status {
        Status { major: 13 << 16, minor: (KRB5_BASE + number) as u32, text: "as the library says".into() }
    }

    #[test]
    fn each_kerberos_error_has_the_code_that_tells_who_can_mend_it() {
        use CredentialSource::Default;
        let alice = || CredentialSource::Principal("alice".into());
        let table = [
            (Default, krb5::FCC_PERM, Code::NoKerberosTicket, "ticket cache cannot be used"),
            (Default, 141, Code::NoKerberosTicket, "there is no Kerberos ticket"),
            (Default, 195, Code::NoKerberosTicket, "there is no Kerberos ticket"),
            (alice(), 195, Code::NoKerberosTicket, "no Kerberos ticket of alice"),
            (Default, krb5::TKT_EXPIRED, Code::KerberosTicketExpired, "has expired"),
            (Default, krb5::KDC_UNREACH, Code::KdcUnreachable, "no KDC"),
            (Default, krb5::REALM_UNKNOWN, Code::KdcUnreachable, "KDC of the realm"),
            (Default, krb5::SKEW, Code::ClockSkew, "clock"),
            (Default, krb5::S_PRINCIPAL_UNKNOWN, Code::KdcRefused, "no service HTTP/idp.example.test"),
            (Default, 12, Code::KdcRefused, "refused a ticket for HTTP/idp.example.test"),
            (Default, krb5::CONFIG_BADFORMAT, Code::ConfigUnreadable, "configuration"),
            (keytab(), krb5::KT_NOTFOUND, Code::KeytabUnusable, "/etc/alice.keytab"),
            (keytab(), 195, Code::KeytabUnusable, "cannot be used for alice@EXAMPLE.TEST"),
            (keytab(), krb5::PREAUTH_FAILED, Code::KeytabRefused, "does not accept the key of alice@EXAMPLE.TEST"),
            (keytab(), krb5::C_PRINCIPAL_UNKNOWN, Code::KdcRefused, "does not know alice@EXAMPLE.TEST"),
            (keytab(), krb5::CLIENT_REVOKED, Code::KdcRefused, "locked"),
            (keytab(), krb5::KEY_EXP, Code::KdcRefused, "password"),
            (keytab(), krb5::KDC_UNREACH, Code::KdcUnreachable, "no KDC"),
        ];
        for (credential, number, code, says) in table {
            let error = status(number).before_sending(&request("idp.example.test", credential));
            assert_eq!(error.code, code, "{number}");
            assert!(error.what.contains(says), "{number}: {}", error.what);
            assert_eq!(error.causes, ["as the library says"]);
            assert!(error.hint.is_some(), "{number}");
        }
    }

    #[test]
    fn a_way_to_another_realm_that_is_missing_is_told_from_a_service_that_is() {
        let text = "Server krbtgt/PARTNER.TEST@EXAMPLE.TEST not found in Kerberos database";
        let status = Status { text: text.into(), ..status(krb5::S_PRINCIPAL_UNKNOWN) };
        let error = status.before_sending(&request("idp.partner.test", CredentialSource::Default));
        let hint = error.hint.unwrap();
        assert!(hint.contains("[domain_realm] idp.partner.test") && hint.contains("trust"), "{hint}");
        assert!(!hint.contains("setspn"), "{hint}");
    }

    #[test]
    fn an_address_in_the_url_is_named_as_the_reason() {
        for host in ["127.0.0.1", "[::1]"] {
            let error = status(krb5::S_PRINCIPAL_UNKNOWN).before_sending(&request(host, CredentialSource::Default));
            assert!(error.hint.unwrap().contains("not an IP address"), "{host}");
        }
    }

    #[test]
    fn a_number_of_another_library_is_not_taken_for_kerberos_own() {
        for minor in [0, 2, 100_001, u32::MAX, i32::MAX as u32, i32::MIN as u32] {
            assert_eq!(within(minor, KRB5_BASE), None, "{minor}");
        }
        assert_eq!(within(2529638919, KRB5_BASE), Some(krb5::S_PRINCIPAL_UNKNOWN));
    }
}
