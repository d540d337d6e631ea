//! The way from the id of a connection to a [`Profile`].
//!
//! Looking it up may need a program of Airflow's configuration or AWS: the caller passes [`Outside`].

use std::time::Duration;

use super::aws_profiles::AwsProfiles;
use super::base::Base;
use super::connection::Connection;
use super::find::{Found, Outside, Places, find};
use super::meaning::{self, Ask};
use super::plan::Plan;
use super::source::AirflowSource;
use crate::config::Config;
use crate::config::profile::{DEFAULT_DEADLINE, Profile, ProfileName};
use crate::config::written::{ConnectionProfile, WrittenProfile};
use crate::error::{Code, Error, Result, printable};
use crate::process::env::Env;

/// A connection as a profile.
#[derive(Debug)]
pub struct Resolved {
    pub profile: Profile,
    /// The connection is not defined, and `fallback` was used.
    pub is_fallback: bool,
}

impl AirflowSource {
    /// Returns a profile for this connection, with its id as the name.
    pub fn into_profile(self) -> Result<WrittenProfile> {
        let name = ProfileName::parse(&self.conn_id)?;
        Ok(WrittenProfile::Connection(Box::new(ConnectionProfile { name, deadline: DEFAULT_DEADLINE, source: self })))
    }

    /// Returns the connection, where it was found, and its plan with all warnings.
    pub fn plan(&self, env: &Env, outside: &dyn Outside) -> Result<(Found, Plan)> {
        self.plan_in(env, env, outside)
    }

    /// Returns the same, with the meaning in another environment (`meant_in`) than that of the lookup.
    pub fn plan_in(&self, env: &Env, meant_in: &Env, outside: &dyn Outside) -> Result<(Found, Plan)> {
        let mut found = self.find(env, outside)?;
        let ask = Ask { compat: self.compat, region: self.region.clone() };
        let mut plan = meaning::plan(&found.connection, &ask, &AwsProfiles::read(meant_in)?, meant_in)
            .map_err(|broken| broken.at(&found.connection.conn_id, &found.found_in))?;
        plan.warnings.splice(0..0, std::mem::take(&mut found.warnings));
        Ok((found, plan))
    }

    /// Returns the connection as the profile `name`, whose logins have `deadline`. Warnings go to the log.
    pub fn resolve(
        &self,
        name: &ProfileName,
        deadline: Duration,
        env: &Env,
        outside: &dyn Outside,
    ) -> Result<Resolved> {
        let (found, mut plan) = self.plan(env, outside)?;
        self.look_up_profile(&mut plan, env)?;
        for warning in plan.warnings.iter().chain(&plan.differs_from_airflow) {
            tracing::warn!("connection {}: {warning}", printable(&self.conn_id, 100));
        }
        let profile = plan
            .into_profile(name, &self.policy, env)
            .map_err(|broken| broken.at(&found.connection.conn_id, &found.found_in))?;
        Ok(Resolved { profile: Profile { deadline, ..profile }, is_fallback: found.is_fallback })
    }

    /// Looks up the profile of fedcred that the plan uses, if it uses one.
    pub fn look_up_profile(&self, plan: &mut Plan, env: &Env) -> Result<()> {
        if let Base::Federation { profile, found } = &mut plan.base {
            *found = Some(Box::new(self.federated(profile, env)?));
        }
        Ok(())
    }

    /// Returns the profile that the connection names.
    fn federated(&self, name: &str, env: &Env) -> Result<Profile> {
        let named = |error: Error| {
            error.because(format!(
                "the Airflow connection {:?} names it as federation.profile",
                printable(&self.conn_id, 100)
            ))
        };
        let profile = Config::read(self.configuration.clone(), env)?.profile(name).map_err(named)?;
        profile.into_profile().map_err(|error| named(error.hint("name a profile that logs in itself")))
    }

    fn find(&self, env: &Env, outside: &dyn Outside) -> Result<Found> {
        let places = Places { env, file: self.connections.as_deref(), outside };
        match find(&self.conn_id, &places) {
            Err(error) if error.code == Code::AirflowNotFound && self.fallback => Ok(Found {
                connection: Connection { conn_id: self.conn_id.clone(), ..Connection::default() },
                found_in: "nowhere".to_owned(),
                also_in: Vec::new(),
                warnings: vec!["defined nowhere: the default credentials are taken (--airflow-fallback)".to_owned()],
                is_fallback: true,
            }),
            found => found,
        }
    }
}
