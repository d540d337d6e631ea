//! The usual hints whose commands or packages Windows does not have, in its own words.

use super::Code;

pub fn hint(code: Code) -> Option<&'static str> {
    Some(match code {
        Code::NoKerberosTicket | Code::KerberosTicketExpired => {
            "log in to Windows with an account of the domain: klist"
        }
        Code::AssertionExpired => "compare this machine's clock with the IdP's",
        Code::ClockSkew => "set this machine's clock: w32tm /resync",
        Code::FileUnreadable => "check the path and its permissions: icacls",
        Code::InsecurePermissions => "remove the access of others: icacls",
        Code::OutputWrite => "free space on the disk of the output",
        Code::BrowserMissing => "install Edge, Chrome or Chromium, or name a browser: `saml.browser`",
        Code::SchedulerFailed => "print what would be written: fedcred schedule install --print",
        Code::KdcUnreachable => "check the network or VPN: nltest /dsgetdc:DOMAIN",
        Code::KerberosRejected => "get a new ticket: klist purge",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_hint_names_what_unix_alone_has() {
        // A Kerberos library and keytabs are for Unix alone, and so are their codes; OpenSSL is there for whoever installs it.
        let of_unix =
            ["kinit", "kdestroy", "krb5.conf", "chmod", "chown", "ls -l", "df -h", "date -u", "timedatectl", "systemd"];
        for code in Code::ALL {
            let named = of_unix.iter().find(|word| code.hint().contains(*word));
            assert_eq!(named, None, "{}: {}", code.as_str(), code.hint());
        }
    }
}
