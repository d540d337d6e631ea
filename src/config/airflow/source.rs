//! Which connection a profile is: `airflow_conn`, or `--airflow-conn`.

use std::path::PathBuf;

use super::compat::Compat;
use super::policy::Policy;
use crate::config::locations::Locations;
use crate::config::reader::Section;
use crate::region::Region;

/// A connection that has not been looked up.
#[derive(Clone, Debug)]
pub struct AirflowSource {
    pub conn_id: String,
    /// A file of `airflow connections export`, read after the environment.
    pub connections: Option<PathBuf>,
    pub compat: Compat,
    /// Whether the default credentials are used if the connection is not defined.
    pub fallback: bool,
    /// Takes precedence over the connection's, as a hook's `region_name` does.
    pub region: Option<Region>,
    /// What the connection may do.
    pub policy: Policy,
    /// The files with the profiles that a connection may name.
    pub configuration: Locations,
}

impl AirflowSource {
    /// Reads `airflow_conn` of a profile, and the keys beside it.
    pub fn read(profile: &Section<'_, '_>, policy: Policy, configuration: Locations) -> Option<Self> {
        Some(AirflowSource {
            connections: profile.get("airflow_connections"),
            compat: profile.value("airflow_compat").unwrap_or_default(),
            fallback: false,
            region: profile.get("region"),
            policy,
            configuration,
            conn_id: profile.get("airflow_conn")?,
        })
    }
}
