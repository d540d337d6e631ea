//! The rule that a profile's layers never carry a secret or headers to another origin than the one they were written for.
//!
//! Somebody who includes a profile and changes `idp_url` means its region or its retries, not that the password for one IdP be
//! shown to another. It is an error and not dropped in silence: the login would fail without a reason to be seen.

use url::{Origin, Url};

use super::found::Found;
use super::reader::Section;
use super::settings::{Kind, Row};
use super::tree::Value;
use crate::error::{Code, Error};

/// Reports each of the keys that would be carried.
pub fn check(saml: &Section<'_, '_>) {
    let urls: Vec<Found<'_>> = saml.all("idp_url").collect();
    let lists: Vec<Found<'_>> = saml.all("idp_origins").collect();
    for carried in saml.rows.settings().filter(|row| row.is_private).flat_map(|row| private(saml, row)) {
        let (Some(url), Some(home)) = (urls.first(), home_of(&carried, &urls)) else { continue };
        // Where it was written for: that URL, and the origins listed as of the layer in which the two have met.
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

/// What leads to a secret, or proves who we are; headers one by one.
fn private<'c>(saml: &Section<'_, 'c>, row: &'static Row) -> Vec<Found<'c>> {
    match row.kind {
        Kind::Map(_) => saml.table(row.key).entries(),
        _ => saml.find(row.key).into_iter().collect(),
    }
}

/// The `idp_url` that is in force in the layer of `carried`; where there is none yet, the first one put on top of it.
fn home_of<'f, 'c>(carried: &Found<'c>, urls: &'f [Found<'c>]) -> Option<&'f Found<'c>> {
    urls.iter().find(|url| url.rank >= carried.rank).or_else(|| urls.last())
}

fn stray(carried: &Found<'_>, home: &Found<'_>, wanted: &Found<'_>) -> Error {
    carried
        .error(Code::ConflictingKeys, format!("was written for the origin of {}", home.place))
        .because(format!("`{}` at {} would send it to another origin", wanted.key, wanted.place))
        .hint(format!("write `{}` again beside that `{}`, or move it out of what is included", carried.key, wanted.key))
}

fn origins(list: &Found<'_>) -> Vec<Origin> {
    match list.value {
        Value::Array(items) => items.iter().filter_map(|item| origin(&list.element(item))).collect(),
        _ => Vec::new(),
    }
}

/// What is not a URL has no origin; whoever reads the key says so.
fn origin(found: &Found<'_>) -> Option<Origin> {
    match found.value {
        Value::Text(text) => Url::parse(text).ok().map(|url| url.origin()),
        _ => None,
    }
}
