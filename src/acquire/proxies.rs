//! The passwords of the proxies that a login may go through, counted as its own secrets are: a directory often stands behind
//! them, which locks an account after a few wrong ones.

use crate::attempt::{self, Carried, CountedSecret, Ledger, Shown};
use crate::config::profile::Profile;
use crate::error::Result;
use crate::http::proxy::{Chosen, Proxy};
use crate::identity::Run;
use crate::secret::Secret;

/// Runs the `work` of a login for `profile` as [`counting_all`] does.
pub fn counting<T>(
    profile: &Profile,
    run: Run<'_>,
    work: impl Future<Output = Result<T>>,
) -> impl Future<Output = Result<T>> {
    // `saml.proxy` holds no password.
    let of_sts = profile.sts.http.proxy.clone().map(|url| Chosen { url, setting: "proxies in config_kwargs" });
    counting_all(Proxy::all(run.env, of_sts.as_ref()), run.ledger, work)
}

/// Runs `work` with an attempt of each proxy's password written down before, whichever requests need which, and settled
/// afterwards.
///
/// A password that must not be sent stops only requests through its proxy.
pub async fn counting_all<T>(
    proxies: Result<Vec<Proxy>>,
    ledger: &dyn Ledger,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let mut counted: Vec<(Vec<Proxy>, Carried)> = Vec::new();
    for (password, proxies) in by_password(proxies?) {
        let begin = || attempt::send(&[&CountedSecret::of_proxy(password)], ledger, |_| Secret::new(String::new()));
        match ledger.is_kept().then(begin).transpose() {
            Ok(carried) => {
                proxies.iter().for_each(Proxy::allow);
                counted.extend(carried.map(|carried| (proxies, carried)));
            }
            // For this login only: the ledger knows when it may be sent again.
            Err(error) => proxies.iter().for_each(|proxy| proxy.note(Shown::NoVerdict, Some(&error))),
        }
    }
    let outcome = work.await;
    for (proxies, carried) in &counted {
        carried.settle(worst(proxies.iter().map(Proxy::shown)));
    }
    outcome
}

/// Groups proxies by their passwords.
fn by_password(proxies: Vec<Proxy>) -> Vec<(Secret, Vec<Proxy>)> {
    let mut passwords: Vec<(Secret, Vec<Proxy>)> = Vec::new();
    for proxy in proxies {
        let Some(password) = proxy.password() else { continue };
        match passwords.iter_mut().find(|(known, _)| known.expose() == password.expose()) {
            Some((_, proxies)) => proxies.push(proxy),
            None => passwords.push((password, vec![proxy])),
        }
    }
    passwords
}

/// Returns the worst that several proxies showed of one password.
fn worst(shown: impl Iterator<Item = Shown>) -> Shown {
    let rank = |shown: &Shown| match shown {
        Shown::NotSent => 0,
        Shown::Accepted => 1,
        Shown::NoVerdict => 2,
        Shown::Refused => 3,
    };
    shown.max_by_key(rank).unwrap_or(Shown::NotSent)
}
