//! `s3_config_file`: keys in an INI file of boto, the AWS CLI or s3cmd, as in provider 8.

use std::path::Path;

use super::aws_profiles::read_text;
use super::base::Keys;
use super::broken::Broken;
use super::fields::Fields;
use super::ini::Ini;
use crate::file::kind;
use crate::secret::Secret;

/// Returns the key pair of the file that the extra names.
pub fn read(extra: &Fields<'_>) -> Result<Option<Keys>, Broken> {
    let Some(file) = extra.nonempty("s3_config_file")? else { return Ok(None) };
    let format = extra.nonempty("s3_config_format")?.unwrap_or_else(|| "boto".into()).to_lowercase();
    let profile = extra.nonempty("profile")?;
    let path = Path::new(&file);
    let unusable = |why: &str| {
        Broken::new(format!("`s3_config_file` names a file that {why}"), "put the keys into login and password")
    };
    if !path.is_absolute() {
        return Err(Broken::new("`s3_config_file` is a relative path", "write the path from the root: \"/etc/…\""));
    }
    let text =
        read_text(path, &kind::AWS).map_err(|_| unusable("cannot be read"))?.ok_or_else(|| unusable("is not there"))?;
    let ini = Ini::parse(&text).map_err(|line| unusable(&format!("has no value on line {line}")))?;
    let section = match (format.as_str(), profile) {
        ("boto", Some(profile)) if ini.has(&format!("profile {profile}")) => format!("profile {profile}"),
        ("boto", _) => "Credentials".to_owned(),
        ("aws", Some(profile)) => profile,
        _ => "default".to_owned(),
    };
    let (id, secret) = match format.as_str() {
        "boto" | "aws" => ("aws_access_key_id", "aws_secret_access_key"),
        _ => ("access_key", "secret_key"),
    };
    let value = |key: &str| {
        let value = ini.get(&section, key).filter(|value| !value.is_empty());
        value.map(str::to_owned).ok_or_else(|| unusable(&format!("has no {key} in [{section}]")))
    };
    Ok(Some(Keys {
        from: "s3_config_file",
        access_key_id: value(id)?,
        secret_access_key: Secret::new(value(secret)?),
        session_token: None,
    }))
}
