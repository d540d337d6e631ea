//! The passwords of the proxies that a login may go through, counted as its own secrets are: a directory often stands behind
//! them, which locks an account after a few wrong ones.

use crate::attempt::{self, Carried, CountedSecret, Shown};
use crate::config::profile::Profile;
use crate::error::Result;
use crate::http::proxy::{Chosen, Proxy};
use crate::identity::Run;
use crate::secret::Secret;

/// Runs `work` with every proxy's password written down before, whichever of its requests needs which, and settled after it.
///
/// One that may not be sent stops only what would go through its proxy.
pub async fn counting<T>(profile: &Profile, run: Run<'_>, work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut counted: Vec<(Vec<Proxy>, Carried)> = Vec::new();
    for (password, proxies) in by_password(profile, run).into_iter().filter(|_| run.ledger.is_kept()) {
        match attempt::send(&[&CountedSecret::of_proxy(password)], run.ledger, |_| Secret::new(String::new())) {
            Ok(carried) => counted.push((proxies, carried)),
            Err(error) => proxies.iter().for_each(|proxy| proxy.note(Shown::Refused, Some(&error))),
        }
    }
    let outcome = work.await;
    for (proxies, carried) in &counted {
        carried.settle(worst(proxies.iter().map(Proxy::shown)));
    }
    outcome
}

/// Each password once, with the proxies that it is for.
fn by_password(profile: &Profile, run: Run<'_>) -> Vec<(Secret, Vec<Proxy>)> {
    // `saml.proxy` holds none.
    let of_sts = profile.sts.http.proxy.clone().map(|url| Chosen { url, setting: "proxies in config_kwargs" });
    let mut passwords: Vec<(Secret, Vec<Proxy>)> = Vec::new();
    for proxy in Proxy::all(run.env, of_sts.as_ref()) {
        let Some(password) = proxy.password() else { continue };
        match passwords.iter_mut().find(|(known, _)| known.expose() == password.expose()) {
            Some((_, proxies)) => proxies.push(proxy),
            None => passwords.push((password, vec![proxy])),
        }
    }
    passwords
}

/// What several proxies showed of one password.
fn worst(shown: impl Iterator<Item = Shown>) -> Shown {
    let rank = |shown: &Shown| match shown {
        Shown::NotSent => 0,
        Shown::Accepted => 1,
        Shown::NoVerdict => 2,
        Shown::Refused => 3,
    };
    shown.max_by_key(rank).unwrap_or(Shown::NotSent)
}
