//! A profile as it is written: itself, or an Airflow connection that says what it is only when it is looked up.
//!
//! What can be acted on is a [`Profile`]; `acquire::airflow` makes one of every written profile.

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
    /// It says itself what it is.
    Profile(Box<Profile>),
    /// `airflow_conn`
    Connection(Box<ConnectionProfile>),
    /// A role on top of a profile that needs a connection.
    RoleOnConnection(Box<Profile<AssumeRole<WrittenProfile>>>),
}

/// A profile that is an Airflow connection, before anybody has looked for it.
#[derive(Clone, Debug)]
pub struct ConnectionProfile {
    pub name: ProfileName,
    /// One limit over looking it up and each login.
    pub deadline: Duration,
    pub source: AirflowSource,
}

/// Whose credentials a role is asked for with, as written.
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

    /// The role, where it is written in the profile.
    pub fn role_arn(&self) -> Option<&RoleArn> {
        match self {
            WrittenProfile::Profile(profile) => profile.role_arn.as_ref(),
            WrittenProfile::Connection(_) => None,
            WrittenProfile::RoleOnConnection(profile) => profile.role_arn.as_ref(),
        }
    }

    /// How long the session is to be, where that is written in the profile.
    pub fn duration(&self) -> Option<Duration> {
        match self {
            WrittenProfile::Profile(profile) => profile.session.duration,
            WrittenProfile::Connection(_) => None,
            WrittenProfile::RoleOnConnection(profile) => profile.session.duration,
        }
    }

    /// The profile, if no connection has to be looked up for it.
    pub fn as_profile(&self) -> Option<&Profile> {
        match self {
            WrittenProfile::Profile(profile) => Some(profile),
            WrittenProfile::Connection(_) | WrittenProfile::RoleOnConnection(_) => None,
        }
    }

    /// The profile where only one that is not a connection will do.
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
