//! The profile as far as it is known, and the lines of TOML that say it.

use std::path::{Path, PathBuf};

use crate::cli::args::{Setup, SetupAuth};
use crate::config::add::Addition;
use crate::config::env::Env;
use crate::error::Result;
use crate::quote::config::{toml as quoted, toml_key as key};
use crate::region::Region;

/// What is written, of what was given and found out.
#[derive(Clone, Debug)]
pub struct Draft {
    pub name: String,
    pub idp_url: String,
    pub auth: SetupAuth,
    pub username: Option<String>,
    /// As TOML: `{ keyring = true }`.
    pub password: Option<String>,
    pub xpath: Option<String>,
    pub role_arn: Option<String>,
    pub region: Option<Region>,
    pub duration: Option<String>,
    pub ca_bundle: Option<String>,
    pub principal: Option<String>,
    pub keytab: Option<String>,
}

impl Draft {
    /// What the flags say; nobody logs in yet.
    pub fn of(setup: &Setup, name: String, idp_url: String) -> Draft {
        // What is relative is so to the working directory, and in the file it would be to the file.
        let whole = |path: &Option<PathBuf>| {
            let path = path.as_ref()?;
            Some(std::path::absolute(path).unwrap_or_else(|_| path.clone()).display().to_string())
        };
        let password = match (&setup.password_env, whole(&setup.password_file)) {
            (Some(name), _) => Some(format!("{{ env = {} }}", quoted(name))),
            (None, Some(file)) => Some(format!("{{ file = {} }}", quoted(&file))),
            (None, None) => None,
        };
        Draft {
            name,
            idp_url,
            auth: SetupAuth::None,
            username: setup.username.clone(),
            password,
            xpath: None,
            role_arn: setup.role_arn.clone(),
            region: setup.region.clone(),
            duration: setup.duration.clone(),
            ca_bundle: whole(&setup.ca_bundle),
            principal: setup.principal.clone(),
            keytab: whole(&setup.keytab),
        }
    }

    /// The lines for the file.
    pub fn to_toml(&self) -> String {
        let mut text = format!("[profile.{}]\n", key(&self.name));
        let mut line = |key: &str, value: &Option<String>| {
            if let Some(value) = value {
                text.push_str(&format!("{key} = {}\n", quoted(value)));
            }
        };
        line("role_arn", &self.role_arn);
        line("region", &self.region.as_ref().map(Region::to_string));
        line("duration", &self.duration);
        text.push_str(&format!("[profile.{}.saml]\nidp_url = {}\n", key(&self.name), quoted(&self.idp_url)));
        let mut line = |key: &str, value: &Option<String>| {
            if let Some(value) = value {
                text.push_str(&format!("{key} = {}\n", quoted(value)));
            }
        };
        match self.auth {
            SetupAuth::None => {}
            SetupAuth::Basic | SetupAuth::Form => {
                let word = if self.auth == SetupAuth::Form { "form" } else { "basic" };
                line("auth", &Some(word.to_owned()));
                line("username", &self.username);
            }
            SetupAuth::Spnego => {
                line("auth", &Some("spnego".to_owned()));
                line("principal", &self.principal);
                line("keytab", &self.keytab);
            }
        }
        line("xpath", &self.xpath);
        line("ca_bundle", &self.ca_bundle);
        if let (SetupAuth::Basic | SetupAuth::Form, Some(password)) = (self.auth, &self.password) {
            text.push_str(&format!("password = {password}\n"));
        }
        text
    }

    /// As the configuration would read it.
    pub fn read(&self, explicit: Option<&Path>, env: &Env) -> Result<Addition> {
        self.read_with("", explicit, env)
    }

    /// The same with further profiles below it.
    pub fn read_with(&self, more: &str, explicit: Option<&Path>, env: &Env) -> Result<Addition> {
        Addition::of(env, explicit, &self.name, &format!("{}{more}", self.to_toml()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_as_it_was_meant() {
        let draft = Draft {
            name: "two \"words\"".into(),
            idp_url: "https://idp.example.com/sso?a=b".into(),
            auth: SetupAuth::Form,
            username: Some("al\\ice".into()),
            password: Some("{ keyring = true }".into()),
            xpath: Some("//input[@name=\"x\"]/@value".into()),
            role_arn: Some("arn:aws:iam::112233334444:role/R".into()),
            region: Region::parse("eu-west-1").ok(),
            duration: Some("2h".into()),
            ca_bundle: None,
            principal: None,
            keytab: None,
        };
        let home = tempfile::tempdir().unwrap();
        let env = Env::fixed([("HOME", home.path())]);
        let addition = draft.read(None, &env).unwrap();
        assert_eq!(&*addition.profile.name, "two \"words\"");
        let crate::config::profile::Identity::Saml(saml) = &addition.profile.identity else { panic!("no saml") };
        assert_eq!(saml.xpath, "//input[@name=\"x\"]/@value");
        let spnego = Draft { auth: SetupAuth::Spnego, ..draft };
        assert!(!spnego.to_toml().contains("password") && spnego.read(None, &env).is_ok());
    }
}
