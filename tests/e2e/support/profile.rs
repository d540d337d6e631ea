//! A profile as a user would write it. Its parts are lines of TOML, so that a test shows what it sets.

use std::fmt::Write;

use super::lab;

pub const DEV: &str = "arn:aws:iam::111122223333:role/Dev";
pub const ADMIN: &str = "arn:aws:iam::111122223333:role/path/Admin";
/// Offered to alice, and gone from the account.
pub const RETIRED: &str = "arn:aws:iam::111122223333:role/Retired";
/// Offered to alice, through a provider that AWS does not know.
pub const OTHER_ACCOUNT: &str = "arn:aws:iam::444455556666:role/ReadOnly";

/// The service provider that is AWS.
pub const AWS: &str = "urn:amazon:webservices";
/// AWS, given assertions that have expired when they are made.
pub const EXPIRED: &str = "urn:lab:expired";

/// `[profile.lab]`
#[derive(Clone)]
pub struct Profile {
    role_arn: Option<String>,
    idp_url: String,
    trusts_the_labs_ca: bool,
    lines: Vec<String>,
    saml_lines: Vec<String>,
}

impl Profile {
    /// The role Dev by Kerberos.
    pub fn spnego() -> Profile {
        Profile::at(&sso_url(lab().idp_origin(), "negotiate", AWS)).saml(r#"auth = "spnego""#)
    }

    /// The role Dev by the password form, as this user.
    pub fn form(user: &str) -> Profile {
        Profile::at(&sso_url(lab().idp_origin(), "form", AWS))
            .saml(r#"auth = "form""#)
            .saml(&format!(r#"username = "{user}""#))
    }

    /// The role Dev by the password form, in a browser.
    pub fn browser() -> Profile {
        Profile::at(&sso_url(lab().idp_origin(), "form", AWS)).saml(r#"auth = "browser""#)
    }

    /// The role Dev by Basic authentication, as this user.
    pub fn basic(user: &str) -> Profile {
        Profile::at(&sso_url(lab().idp_origin(), "basic", AWS))
            .saml(r#"auth = "basic""#)
            .saml(&format!(r#"username = "{user}""#))
    }

    /// The role Dev by ECP at one of the IdP's paths.
    pub fn ecp(path: &str) -> Profile {
        let url = format!("{}/{path}/saml2/idp/SSOService.php", lab().idp_origin());
        Profile::at(&url).saml(r#"auth = "ecp""#)
    }

    fn at(idp_url: &str) -> Profile {
        Profile {
            role_arn: Some(DEV.to_owned()),
            idp_url: idp_url.to_owned(),
            trusts_the_labs_ca: true,
            lines: Vec::new(),
            saml_lines: Vec::new(),
        }
    }

    pub fn idp_url(mut self, url: &str) -> Profile {
        url.clone_into(&mut self.idp_url);
        self
    }

    pub fn role(mut self, arn: &str) -> Profile {
        self.role_arn = Some(arn.to_owned());
        self
    }

    pub fn without_role(mut self) -> Profile {
        self.role_arn = None;
        self
    }

    /// The system's roots decide, which do not know the lab's authority.
    pub fn without_ca(mut self) -> Profile {
        self.trusts_the_labs_ca = false;
        self
    }

    /// A line of `[profile.lab]`.
    pub fn line(mut self, line: &str) -> Profile {
        self.lines.push(line.to_owned());
        self
    }

    /// A line of `[profile.lab.saml]`.
    pub fn saml(mut self, line: &str) -> Profile {
        self.saml_lines.push(line.to_owned());
        self
    }

    pub fn to_toml(&self) -> String {
        let mut toml = String::from("[profile.lab]\nregion = \"eu-west-1\"\n");
        if let Some(arn) = &self.role_arn {
            writeln!(toml, "role_arn = \"{arn}\"").expect("a string grows");
        }
        for line in &self.lines {
            writeln!(toml, "{line}").expect("a string grows");
        }
        writeln!(toml, "[profile.lab.saml]\nidp_url = \"{}\"", self.idp_url).expect("a string grows");
        if self.trusts_the_labs_ca {
            writeln!(toml, "ca_bundle = \"{}\"", lab().idp_ca()).expect("a string grows");
        }
        for line in &self.saml_lines {
            writeln!(toml, "{line}").expect("a string grows");
        }
        toml
    }
}

/// Where one of the IdP's paths starts a login for a service provider.
pub fn sso_url(origin: &str, path: &str, service_provider: &str) -> String {
    format!("{origin}/{path}/saml2/idp/SSOService.php?spentityid={service_provider}")
}
