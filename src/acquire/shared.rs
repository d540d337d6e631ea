//! One assertion for many roles: what a login brought serves every profile with the same login, for the minutes that STS takes it.
//!
//! It is kept sealed beside the results, under the login's lock, where it is known who asks. Its name is a digest of every
//! setting that can change the assertion, and of who asks: the role, its provider and the session are not among them.

use jiff::SignedDuration;

use super::key;
use super::place::{LoginPlace, Slot};
use crate::cache::assertion::KeptAssertion;
use crate::cache::key::AssertionKey;
use crate::config::profile::Profile;
use crate::identity::saml::Assertion;
use crate::identity::saml::response::Response;
use crate::process::env::Env;
use crate::time::{self, Timestamp};

/// The longest use of an assertion. STS: "Token must be redeemed within 5 minutes of issuance".
const LIFE: SignedDuration = SignedDuration::from_mins(5);
/// Reserved for the call, and for clocks that differ.
const MARGIN: SignedDuration = SignedDuration::from_secs(30);

/// The place of a login's assertion, for all roles in it.
pub struct Shared<'a> {
    place: Option<(&'a Slot, AssertionKey)>,
}

impl<'a> Shared<'a> {
    /// Keeps nothing without a slot, or if this is not a SAML login.
    pub fn new(slot: Option<&'a Slot>, profile: &Profile, env: &Env) -> Self {
        let place = slot.and_then(|slot| Some((slot, key::assertion(profile, env, &slot.store.sealing)?)));
        Shared { place }
    }

    /// Returns the assertion that is kept, if it is still valid and `is_wanted` accepts the number of its login. An expired one
    /// is removed.
    pub fn find(&self, is_wanted: impl Fn(u64) -> bool) -> Option<Assertion> {
        let (slot, name) = self.place.as_ref()?;
        let kept: KeptAssertion = slot.store.get(name).ok()??;
        if !is_good(&kept, time::now()) {
            let _ = slot.store.remove::<KeptAssertion>(name);
            return None;
        }
        if !is_wanted(kept.generation) {
            return None;
        }
        let response = Response::decode(&kept.encoded).ok()?;
        tracing::info!("the assertion of an earlier login is used for this role, too");
        Some(Assertion { encoded: kept.encoded, response, idp_time: None })
    }

    /// Keeps the assertion that the login of this number brought, at `place`.
    pub fn keep(&self, assertion: &Assertion, generation: u64, place: &LoginPlace) {
        let Some((slot, name)) = &self.place else { return };
        let now = time::now();
        let left = left(assertion.response.not_on_or_after, assertion.idp_time.unwrap_or(now));
        let Some(until) = left.and_then(|left| now.checked_add(left).ok()) else { return };
        let kept = KeptAssertion { encoded: assertion.encoded.duplicate(), received: now, until, generation };
        if let Err(why) = slot.store.put(name, &place.login, &kept) {
            tracing::info!(%why, "the assertion is not stored for other roles");
        }
        place.share_result(name, &kept);
    }
}

/// Returns how long an assertion that came now is of use. `end` and `now` are both by the IdP's clock.
fn left(end: Option<Timestamp>, now: Timestamp) -> Option<SignedDuration> {
    let left = end.map_or(LIFE, |end| end.duration_since(now).min(LIFE)) - MARGIN;
    left.is_positive().then_some(left)
}

/// Whether an assertion is still of use. If it was received in the future, by a clock that has been set since, its age is
/// unknown.
fn is_good(kept: &KeptAssertion, now: Timestamp) -> bool {
    // The time is cut to whole seconds.
    now < kept.until && kept.received <= now && kept.until.duration_since(kept.received) <= LIFE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn an_assertion_serves_for_five_minutes_at_most_and_not_to_its_last_second() {
        let table = [
            (None, Some(270)),
            (Some(3600), Some(270)),
            (Some(300), Some(270)),
            (Some(120), Some(90)),
            (Some(31), Some(1)),
            (Some(30), None),
            (Some(-1), None),
        ];
        for (end, expected) in table {
            assert_eq!(left(end.map(at), at(0)), expected.map(SignedDuration::from_secs), "{end:?}");
        }
    }

    #[test]
    fn it_is_good_from_its_coming_to_its_end() {
        let kept = |until| KeptAssertion {
            encoded: Secret::new("x".into()),
            received: at(0),
            until: at(until),
            generation: 1,
        };
        let table = [(270, 0, true), (270, 269, true), (270, 270, false), (270, -1, false), (3600, 10, false)];
        for (until, now, expected) in table {
            assert_eq!(is_good(&kept(until), at(now)), expected, "{until} {now}");
        }
    }
}
