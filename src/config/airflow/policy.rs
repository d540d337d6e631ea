//! `[airflow]`: what a connection's text may do. The text itself cannot allow it.

use url::Origin;

use crate::config::reader::Section;
use crate::config::{urls, values};

/// The table's settings.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Origins, besides that of a connection's `idp_url`, to which its login may continue with tickets and cookies.
    pub idp_origins: Vec<Origin>,
    /// STS endpoints besides those of AWS, VPC endpoints and this machine.
    pub sts_endpoints: Vec<Origin>,
}

impl Policy {
    /// Reads the table. Faults go into the section's log.
    pub fn read(airflow: &Section<'_, '_>) -> Self {
        let origins = |key| airflow.value_by(key, |f| values::list(f, |element| urls::origin(element, false)));
        let policy = Policy {
            idp_origins: origins("idp_origins").unwrap_or_default(),
            sts_endpoints: origins("sts_endpoints").unwrap_or_default(),
        };
        airflow.finish();
        policy
    }
}
