//! What speaks for each kind of page, with points. No single wording or product decides.

use super::product::Mark;
use super::words::Meaning;

/// Points from which a page counts as one of a kind.
pub const ENOUGH: i32 = 3;

/// A property of a page that speaks for a kind.
pub enum Sign {
    Mark(Mark),
    /// In title or headings.
    Headline(Meaning),
    /// On a button of a form.
    Button(Meaning),
    /// Anywhere in what can be read.
    Text(Meaning),
    /// In the name or id of an input.
    Name(Meaning),
    /// In the path of a form's address or of a frame's.
    Address(Meaning),
}

pub const SECOND_FACTOR: &[(Sign, i32)] = &[
    (Sign::Mark(Mark::Id("kc-otp-login-form")), 4),
    (Sign::Mark(Mark::Id("webauth")), 4),
    (Sign::Mark(Mark::Id("duo_iframe")), 4),
    (Sign::Mark(Mark::Id("duo_form")), 4),
    (Sign::Mark(Mark::Address("duosecurity.com")), 4),
    (Sign::Mark(Mark::Address("/pingid/ppm/")), 4),
    (Sign::Mark(Mark::PageId("ConvergedTFA")), 4),
    (Sign::Mark(Mark::Id("totpPin")), 4),
    (Sign::Mark(Mark::Address("/signin/challenge/")), 4),
    (Sign::Mark(Mark::Id("challengePickerList")), 4),
    (Sign::Headline(Meaning::SecondFactor), 3),
    (Sign::Button(Meaning::SendFactor), 3),
    (Sign::Text(Meaning::SecondFactorText), 2),
    (Sign::Text(Meaning::FactorOnItsWay), 2),
    (Sign::Name(Meaning::SecondFactor), 2),
    (Sign::Address(Meaning::SecondFactorAddress), 3),
];

pub const CONSENT: &[(Sign, i32)] = &[
    (Sign::Mark(Mark::Id("kc-oauth")), 4),
    (Sign::Mark(Mark::NamePrefix("_shib_idp_consent")), 4),
    (Sign::Mark(Mark::Id("consent_yes")), 4),
    (Sign::Mark(Mark::Address("/consent/getconsent")), 4),
    (Sign::Mark(Mark::PageId("ConvergedConsent")), 4),
    (Sign::Name(Meaning::Consent), 2),
    (Sign::Address(Meaning::ConsentAddress), 2),
    (Sign::Headline(Meaning::Consent), 3),
    (Sign::Button(Meaning::Accept), 2),
    (Sign::Button(Meaning::Reject), 2),
    (Sign::Text(Meaning::ConsentText), 1),
];

pub const HOME_REALM: &[(Sign, i32)] = &[
    (Sign::Mark(Mark::Id("hrd")), 4),
    (Sign::Mark(Mark::Id("hrdArea")), 4),
    (Sign::Mark(Mark::Id("hrdSelection")), 4),
    (Sign::Mark(Mark::Name("HomeRealmByEmail")), 4),
    (Sign::Mark(Mark::Name("HomeRealmSelection")), 4),
    (Sign::Mark(Mark::Script("HRD.")), 4),
    (Sign::Name(Meaning::HomeRealm), 3),
    (Sign::Address(Meaning::HomeRealmAddress), 3),
    (Sign::Headline(Meaning::HomeRealm), 3),
];

pub const ACCOUNTS: &[(Sign, i32)] = &[(Sign::Headline(Meaning::AccountChoice), 3)];

pub const ERROR: &[Mark] = &[
    Mark::Id("kc-error-message"),
    Mark::Id("errorArea"),
    Mark::Id("trackid"),
    Mark::Address("/errorreport"),
    Mark::PageId("ConvergedError"),
];

pub const NEW_PASSWORD: &[Mark] =
    &[Mark::Id("kc-passwd-update-form"), Mark::Id("updatePasswordForm"), Mark::PageId("ConvergedChangePassword")];

/// Pages of services that check the browser before they let it in.
pub const GATES: &[Mark] = &[
    Mark::Address("/cdn-cgi/challenge-platform/"),
    Mark::Id("challenge-running"),
    Mark::Script("_cf_chl_opt"),
    Mark::Address("captcha.awswaf.com"),
    Mark::Address("token.awswaf.com"),
    Mark::Address("geo.captcha-delivery.com"),
    Mark::Address("/_Incapsula_Resource"),
];
