//! The region of a connection's session, in Airflow's order: the hook's, the connection's, the environment's, the AWS
//! profile's.
//!
//! An invalid name is an error in each of them: it would become part of the hosts that receive the credentials.

use super::aws_profiles::AwsProfiles;
use super::broken::Broken;
use crate::error::printable;
use crate::process::env::Env;
use crate::quote::shell::export;
use crate::region::Region;

/// The region, as far as one is named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SessionRegion {
    #[default]
    Unset,
    /// An empty text. Unlike none, it keeps Airflow from reading `AWS_DEFAULT_REGION`.
    Blank,
    Named(Region),
}

impl SessionRegion {
    /// Reads the region; `written` is the connection's, `profile` the AWS profile in use.
    pub fn of(
        hook: Option<&Region>,
        written: Option<String>,
        profile: &str,
        files: &AwsProfiles,
        env: &Env,
    ) -> Result<Self, Broken> {
        if let Some(region) = hook {
            return Ok(SessionRegion::Named(region.clone()));
        }
        if let Some(text) = written {
            return match text.as_str() {
                "" => Ok(SessionRegion::Blank),
                text => in_extra("region_name", text).map(SessionRegion::Named),
            };
        }
        if let Some(text) = env.text("AWS_DEFAULT_REGION") {
            let region = parse("$AWS_DEFAULT_REGION", &text, |meant| export("AWS_DEFAULT_REGION", meant));
            return region.map(SessionRegion::Named);
        }
        let Some(text) = files.get(profile, "region") else { return Ok(SessionRegion::Unset) };
        let place = format!("region of the AWS profile {:?}", printable(profile, 60));
        parse(&place, text, |meant| format!("write region = {meant} there")).map(SessionRegion::Named)
    }

    pub fn named(&self) -> Option<&Region> {
        match self {
            SessionRegion::Named(region) => Some(region),
            SessionRegion::Unset | SessionRegion::Blank => None,
        }
    }
}

/// Parses the region in the extra under `path`.
pub fn in_extra(path: &str, text: &str) -> Result<Region, Broken> {
    let key = path.rsplit('.').next().unwrap_or(path);
    parse(&format!("`{path}` in the extra"), text, |meant| format!("write \"{key}\": \"{meant}\""))
}

/// Parses a region. An error shows the text only if it resembles a region.
fn parse(place: &str, text: &str, mended: impl Fn(&str) -> String) -> Result<Region, Broken> {
    Region::parse(text).map_err(|why| {
        let shown = why
            .meant
            .filter(|_| text.len() <= 20)
            .map(|_| format!("{:?}, which is ", printable(text, 60)))
            .unwrap_or_default();
        Broken::new(format!("{place} is {shown}{}", why), mended(why.example()))
    })
}
