//! The new profile as far as it is known.

use std::path::Path;

use super::desk::Desk;
use super::method::Method;
use super::question::whole;
use crate::cli::args::Setup;
use crate::config::add::Addition;
use crate::config::profile::{Account, SecretSource};
use crate::config::setting::Written;
use crate::config::settings::PROFILE;
use crate::config::writer::Writer;
use crate::error::Result;
use crate::process::env::Env;
use crate::region::Region;

/// The settings of the new profile.
#[derive(Clone, Debug)]
pub struct Draft {
    pub name: String,
    pub method: &'static Method,
    /// With SAML only.
    pub idp_url: Option<String>,
    /// Keys of the method's table, with their values as TOML.
    settings: Vec<(&'static str, String)>,
    pub role_arn: Option<String>,
    pub region: Option<Region>,
    pub duration: Option<String>,
}

impl Draft {
    /// Makes a draft of the flags that every method has.
    pub fn of(setup: &Setup, name: &str, method: &'static Method, idp_url: Option<String>) -> Draft {
        Draft {
            name: name.to_owned(),
            method,
            idp_url,
            settings: Vec::new(),
            role_arn: setup.role_arn.clone(),
            region: setup.region.clone(),
            duration: setup.duration.clone(),
        }
    }

    /// Asks for the settings of the method that no flag gave.
    pub fn ask(&mut self, setup: &Setup, desk: &mut Desk, env: &Env) -> Result<()> {
        for question in self.method.asks {
            if let Some(answer) = question.answer(setup.given(question.flag), desk, env)? {
                self.set(question.key, answer);
            }
        }
        if self.method.has_password {
            let password = match (&setup.password_env, &setup.password_file) {
                (Some(name), _) => SecretSource::Env(name.clone()),
                (None, Some(file)) => SecretSource::File(whole(&file.display().to_string(), env)),
                (None, None) => SecretSource::Keyring(Account::default()),
            };
            self.set("password", password.toml());
        }
        Ok(())
    }

    /// Sets a key of the method's table to a value of TOML.
    pub fn set(&mut self, key: &'static str, value: String) {
        self.settings.retain(|(known, _)| *known != key);
        self.settings.push((key, value));
    }

    /// The lines for the file.
    pub fn to_toml(&self) -> String {
        let mut writer = Writer::of_profile(&self.name);
        let mut top = writer.table(&PROFILE);
        top.maybe("role_arn", self.role_arn.as_ref());
        top.maybe("region", self.region.as_ref());
        top.maybe("duration", self.duration.as_ref());
        let (table, key) = self.method.table.written();
        let mut inner = writer.table(table);
        inner.maybe("idp_url", self.idp_url.as_ref());
        inner.set(key, self.method.word);
        self.settings.iter().for_each(|(key, value)| inner.set_toml(key, value.clone()));
        writer.to_toml()
    }

    /// As the configuration would read it.
    pub fn read(&self, explicit: Option<&Path>, env: &Env) -> Result<Addition> {
        self.read_with("", explicit, env)
    }

    /// The same without the role, which is chosen later.
    pub fn read_without_role(&self, explicit: Option<&Path>, env: &Env) -> Result<Addition> {
        Draft { role_arn: None, ..self.clone() }.read(explicit, env)
    }

    /// The same with further profiles below it.
    pub fn read_with(&self, more: &str, explicit: Option<&Path>, env: &Env) -> Result<Addition> {
        Addition::of(env, explicit, &self.name, &format!("{}{more}", self.to_toml()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::method;
    use super::*;

    #[test]
    fn what_is_written_is_read_as_it_was_meant() {
        let mut draft = Draft {
            name: "two \"words\"".into(),
            method: method::named("form").unwrap(),
            idp_url: Some("https://idp.example.com/sso?a=b".into()),
            settings: Vec::new(),
            role_arn: Some("arn:aws:iam::112233334444:role/R".into()),
            region: Region::parse("eu-west-1").ok(),
            duration: Some("2h".into()),
        };
        draft.set("username", "al\\ice".toml());
        draft.set("password", "{ keyring = true }".into());
        draft.set("xpath", "//input[@name=\"x\"]/@value".toml());
        let home = tempfile::tempdir().unwrap();
        let env = Env::fixed([("HOME", home.path())]);
        let addition = draft.read(None, &env).unwrap();
        assert_eq!(&*addition.profile.name, "two \"words\"");
        let crate::config::profile::Identity::Saml(saml) = &addition.profile.identity else { panic!("no saml") };
        assert_eq!(saml.xpath, "//input[@name=\"x\"]/@value");
    }
}
