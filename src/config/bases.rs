//! `source_profile`: the profiles below a profile, to any depth, without circles.

use super::Config;
use super::airflow::aws_profiles::{AwsProfiles, named_by};
use super::airflow::base::Chain;
use super::airflow::policy::Policy;
use super::found::Found;
use super::locations::Locations;
use super::origin::Log;
use super::written::{WrittenBase, WrittenProfile};
use super::{values, web_identity};
use crate::error::{Code, Error, Result, printable};
use crate::quote::shell::command;

/// The profiles from the one that was asked for down to the one that is read.
pub struct Bases<'a, 'c> {
    config: &'c Config,
    name: &'c str,
    above: Option<&'a Bases<'a, 'c>>,
}

impl<'a, 'c> Bases<'a, 'c> {
    pub fn of(config: &'c Config, name: &'c str) -> Self {
        Bases { config, name, above: None }
    }

    /// Returns the profile that this `source_profile` names.
    ///
    /// Errors: the first fault of that profile.
    pub fn profile(&self, found: &Found<'c>) -> Result<WrittenProfile> {
        let name = values::written(found, "the name of a profile")?;
        let way: Vec<&str> = self.way();
        if let Some(from) = way.iter().position(|above| *above == name) {
            let circle: Vec<&str> = way[from..].iter().copied().chain([name]).collect();
            return Err(found
                .error(Code::ConflictingKeys, "is circular")
                .because(format!("{} need each other's credentials", printable(&circle.join(" → "), 300)))
                .hint("one of them has to log in itself: give it a `saml` or `web_identity` table"));
        }
        if !self.config.is_written(name) && !web_identity::is_implicit(name, &self.config.env) {
            let why = self.config.not_found(name);
            let error = found.error(Code::ProfileNotFound, format!("names no profile: {}", why.what));
            return Err(Error { causes: why.causes, hint: why.hint, ..error });
        }
        // A separate log: the values of the profile above keep their origins.
        let log = Log::default();
        let below = Bases { config: self.config, name, above: Some(self) };
        let profile = self.config.read_with(&below, &log);
        log.outcome(profile, || found.error(Code::ConflictingKeys, "names a profile that cannot be read"))
    }

    /// Returns the credentials that botocore's default chain finds: `credential_source = "default-chain"`.
    pub fn default_chain(&self, found: &Found<'c>) -> Result<WrittenBase> {
        let env = &self.config.env;
        let files = AwsProfiles::read(env)?;
        let named = named_by(env);
        let cannot =
            |why: String, hint: String| found.error(Code::InvalidValue, "finds nothing").because(why).hint(hint);
        if let Some(name) = named.as_ref().filter(|name| !files.has(name)) {
            let why = format!("AWS_PROFILE names {:?}, which ~/.aws/config does not have", printable(name, 60));
            return Err(cannot(why, command(["unset", "AWS_PROFILE"])));
        }
        let chain = Chain::follow(None, named.as_deref().unwrap_or("default"), &files, env);
        match chain.map_err(|broken| cannot(broken.why, broken.mended))?.source.into_base() {
            Ok(base) => Ok(WrittenBase::Base(base)),
            Err(_) => self.of_environment().map(WrittenBase::from),
        }
    }

    /// Returns the profile of the environment (EKS IRSA and the like), whether or not a profile `default` is written.
    fn of_environment(&self) -> Result<WrittenProfile> {
        let log = Log::default();
        let below = Bases { config: self.config, name: "default", above: None };
        let profile = self.config.profile_of_environment(&below, &log);
        log.outcome(profile, || self.config.not_found("default"))
    }

    /// Reads `[airflow]`. Faults go into the log.
    pub fn airflow(&self, log: &Log<'c>) -> Policy {
        self.config.read_airflow(log)
    }

    pub fn locations(&self) -> Locations {
        self.config.locations.clone()
    }

    pub fn name(&self) -> &'c str {
        self.name
    }

    fn way(&self) -> Vec<&'c str> {
        let mut way: Vec<&str> = std::iter::successors(Some(self), |bases| bases.above).map(|b| b.name).collect();
        way.reverse();
        way
    }
}
