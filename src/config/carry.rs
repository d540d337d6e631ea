//! Keeps secrets and headers from going to another origin by `include` than the one they were written for.
//!
//! A user who includes a profile and changes `idp_url` wants its region or its retries, and does not want the password
//! to be sent to another IdP. It is an error, because a login without the secret would fail for no visible reason.

use url::{Origin, Url};

use super::found::Found;
use super::reader::Section;
use super::settings::{Kind, Row};
use super::tree::Value;
use crate::error::{Code, Error};

/// Reports each key that would go to another origin.
pub fn check(saml: &Section<'_, '_>) {
    let urls: Vec<Found<'_>> = saml.all("idp_url").collect();
    let lists: Vec<Found<'_>> = saml.all("idp_origins").collect();
    for carried in saml.rows.settings().filter(|row| row.is_private).flat_map(|row| private(saml, row)) {
        let (Some(url), Some(home)) = (urls.first(), home_of(&carried, &urls)) else { continue };
        // The secret was written for that URL, and for the origins listed in or below the layer in which both meet.
        let met = carried.rank.min(home.rank);
        let at_home = lists.iter().find(|list| list.rank >= met);
        let allowed: Vec<Origin> = at_home.map(origins).into_iter().flatten().chain(origin(home)).collect();
        let strays = |wanted: &Found<'_>, origins: Vec<Origin>| {
            wanted.rank < met && origins.iter().any(|origin| !allowed.contains(origin))
        };
        if strays(url, origin(url).into_iter().collect()) {
            saml.log().error(stray(&carried, home, url));
        } else if let Some(list) = lists.first().filter(|list| strays(list, origins(list))) {
            saml.log().error(stray(&carried, home, list));
        }
    }
}

/// Returns the keys that lead to a secret or prove an identity; headers one by one.
fn private<'c>(saml: &Section<'_, 'c>, row: &'static Row) -> Vec<Found<'c>> {
    match row.kind {
        Kind::Map(_) => saml.table(row.key).entries(),
        _ => saml.find(row.key).into_iter().collect(),
    }
}

/// Returns the `idp_url` in the layer of `carried` or below it; without one, the first above it.
fn home_of<'f, 'c>(carried: &Found<'c>, urls: &'f [Found<'c>]) -> Option<&'f Found<'c>> {
    urls.iter().find(|url| url.rank >= carried.rank).or_else(|| urls.last())
}

fn stray(carried: &Found<'_>, home: &Found<'_>, wanted: &Found<'_>) -> Error {
    carried
        .error(Code::ConflictingKeys, format!("was written for the origin of {}", home.place))
        .because(format!("`{}` at {} would send it to another origin", wanted.key, wanted.place))
        .hint(format!(
            "write `{}` again in the table of that `{}`, or move it out of the included profile",
            carried.key, wanted.key
        ))
}

fn origins(list: &Found<'_>) -> Vec<Origin> {
    match list.value {
        Value::Array(items) => items.iter().filter_map(|item| origin(&list.element(item))).collect(),
        _ => Vec::new(),
    }
}

/// Returns the origin. `None` for a text that is no URL; its reader reports that.
fn origin(found: &Found<'_>) -> Option<Origin> {
    match found.value {
        Value::Text(text) => Url::parse(text).ok().map(|url| url.origin()),
        _ => None,
    }
}
