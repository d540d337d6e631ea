//! A profile as written: complete, or an Airflow connection whose meaning is known only after a lookup.
//!
//! `acquire::airflow` turns every written profile into a [`Profile`], which can be used.

use std::time::Duration;

use super::airflow::source::AirflowSource;
use super::profile::{AssumeRole, Base, Profile};
use super::profile_name::ProfileName;
use super::setting::Written;
use crate::arn::RoleArn;
use crate::error::{Code, Error, Result};
use crate::quote::config::toml;

/// One `[profile.NAME]`, read and checked.
#[derive(Clone, Debug)]
pub enum WrittenProfile {
    /// A complete profile.
    Profile(Box<Profile>),
    /// `airflow_conn`
    Connection(Box<ConnectionProfile>),
    /// A role on top of a profile that needs a connection.
    RoleOnConnection(Box<Profile<AssumeRole<WrittenProfile>>>),
}

/// A profile that is an Airflow connection, before the lookup.
#[derive(Clone, Debug)]
pub struct ConnectionProfile {
    pub name: ProfileName,
    /// Limit of the lookup and of each login.
    pub deadline: Duration,
    pub source: AirflowSource,
}

/// The base credentials of a role, as written.
pub enum WrittenBase {
    Base(Base),
    Connection(WrittenProfile),
}

impl WrittenProfile {
    pub fn name(&self) -> &str {
        match self {
            WrittenProfile::Profile(profile) => &profile.name,
            WrittenProfile::Connection(connection) => &connection.name,
            WrittenProfile::RoleOnConnection(profile) => &profile.name,
        }
    }

    pub fn deadline(&self) -> Duration {
        match self {
            WrittenProfile::Profile(profile) => profile.deadline,
            WrittenProfile::Connection(connection) => connection.deadline,
            WrittenProfile::RoleOnConnection(profile) => profile.deadline,
        }
    }

    /// Returns the role, if the profile has it.
    pub fn role_arn(&self) -> Option<&RoleArn> {
        match self {
            WrittenProfile::Profile(profile) => profile.role_arn.as_ref(),
            WrittenProfile::Connection(_) => None,
            WrittenProfile::RoleOnConnection(profile) => profile.role_arn.as_ref(),
        }
    }

    /// Returns the length of the session, if the profile has it.
    pub fn duration(&self) -> Option<Duration> {
        match self {
            WrittenProfile::Profile(profile) => profile.session.duration,
            WrittenProfile::Connection(_) => None,
            WrittenProfile::RoleOnConnection(profile) => profile.session.duration,
        }
    }

    /// Returns the profile, if it needs no lookup.
    pub fn as_profile(&self) -> Option<&Profile> {
        match self {
            WrittenProfile::Profile(profile) => Some(profile),
            WrittenProfile::Connection(_) | WrittenProfile::RoleOnConnection(_) => None,
        }
    }

    /// Returns the profile.
    ///
    /// Errors: it is an Airflow connection.
    pub fn into_profile(self) -> Result<Profile> {
        match self {
            WrittenProfile::Profile(profile) => Ok(*profile),
            WrittenProfile::Connection(_) | WrittenProfile::RoleOnConnection(_) => Err(Error::new(
                Code::ConflictingKeys,
                format!("the profile {:?} is an Airflow connection itself", self.name()),
            )),
        }
    }
}

impl From<WrittenProfile> for WrittenBase {
    fn from(profile: WrittenProfile) -> Self {
        match profile {
            WrittenProfile::Profile(profile) => WrittenBase::Base(Base::Profile(profile)),
            connection => WrittenBase::Connection(connection),
        }
    }
}

impl Written for WrittenProfile {
    fn toml(&self) -> String {
        toml(self.name())
    }
}
