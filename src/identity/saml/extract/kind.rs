//! What a page is for. It is decided here and nowhere else: by what its forms ask for, by what its scripts send, and by
//! points for names, addresses and words that speak for a kind. No single wording or product decides.

use std::fmt;

use serde::{Serialize, Serializer};

use super::forms::{Form, Input};
use super::input::{self, Around, Asks};
use super::product::{Mark, Product};
use super::says as messages;
use super::script::{self, Submission};
use super::tree::{ROOT, Tree};
use super::vocabulary::{self as v, folded, says};
use crate::error::printable;

/// A page in short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// `None`: nothing on it tells.
    pub product: Option<Product>,
    pub kind: PageKind,
    /// What it tells a person about an error, else its heading; fit for a terminal, at most 300 characters.
    pub says: Option<String>,
    /// Something on it names a second factor, whatever it is for.
    pub names_second_factor: bool,
    /// The code of AD FS for what went wrong, `MSIS7012`.
    pub msis: Option<String>,
}

/// What a page is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageKind {
    SamlResponse,
    /// The answer of another protocol.
    WsFederation,
    /// Asks for a password, and mostly for a name.
    Login,
    /// Asks for the user's name; the password comes later.
    UserName,
    /// Asks for a one-time code, or PIN and token.
    Code,
    /// A push, a call, a choice of factors, a security key: nothing that could be typed.
    SecondFactor,
    /// Has a person prove that they are one.
    Captcha,
    /// Consent, terms of use.
    Consent,
    NewPassword,
    Registration,
    AccountChoice,
    /// A choice of the organisation whose users log in.
    HomeRealm,
    /// "Stay signed in?", "Trust this device?"
    StaySignedIn,
    Error,
    /// Logged in, at a page of links and not at AWS.
    Portal,
    /// Sends itself on, with nothing to fill in.
    PassesOn,
    /// A script would build the page; without one it is empty.
    ByScript,
    Other,
}

impl PageKind {
    /// The stable name in JSON.
    pub fn id(self) -> &'static str {
        match self {
            PageKind::SamlResponse => "saml-response",
            PageKind::WsFederation => "ws-federation",
            PageKind::Login => "login",
            PageKind::UserName => "user-name",
            PageKind::Code => "code",
            PageKind::SecondFactor => "second-factor",
            PageKind::Captcha => "captcha",
            PageKind::Consent => "consent",
            PageKind::NewPassword => "new-password",
            PageKind::Registration => "registration",
            PageKind::AccountChoice => "account-choice",
            PageKind::HomeRealm => "home-realm",
            PageKind::StaySignedIn => "stay-signed-in",
            PageKind::Error => "error",
            PageKind::Portal => "portal",
            PageKind::PassesOn => "passes-on",
            PageKind::ByScript => "by-script",
            PageKind::Other => "other",
        }
    }

    pub fn in_words(self) -> &'static str {
        match self {
            PageKind::SamlResponse => "a page with a SAML response",
            PageKind::WsFederation => "a page with an answer in WS-Federation, not in SAML",
            PageKind::Login => "a login page",
            PageKind::UserName => "a login page that first asks for the user's name alone",
            PageKind::Code => "a page that asks for a one-time code",
            PageKind::SecondFactor => "a page that asks for a second factor",
            PageKind::Captcha => "a page with a captcha",
            PageKind::Consent => "a page that asks for consent",
            PageKind::NewPassword => "a page that wants a new password",
            PageKind::Registration => "a page to register at",
            PageKind::AccountChoice => "a page to choose an account on",
            PageKind::HomeRealm => "a page to choose one's organisation on (home realm discovery)",
            PageKind::StaySignedIn => "a page that asks whether to stay signed in",
            PageKind::Error => "an error page",
            PageKind::Portal => "a portal, of somebody who is logged in",
            PageKind::PassesOn => "a page that sends itself on",
            PageKind::ByScript => "a page that only a browser's script can build",
            PageKind::Other => "a page",
        }
    }

    /// Something is to be filled in or chosen by who logs in.
    pub fn asks(self) -> bool {
        match self {
            PageKind::Login
            | PageKind::UserName
            | PageKind::Code
            | PageKind::SecondFactor
            | PageKind::Captcha
            | PageKind::Consent
            | PageKind::NewPassword
            | PageKind::Registration
            | PageKind::AccountChoice
            | PageKind::HomeRealm
            | PageKind::StaySignedIn => true,
            PageKind::SamlResponse
            | PageKind::WsFederation
            | PageKind::Error
            | PageKind::Portal
            | PageKind::PassesOn
            | PageKind::ByScript
            | PageKind::Other => false,
        }
    }

    /// Only a right password leads to it, unless the identity provider hides whether it was.
    pub fn needs_a_person(self) -> bool {
        match self {
            PageKind::Code
            | PageKind::SecondFactor
            | PageKind::Captcha
            | PageKind::Consent
            | PageKind::NewPassword
            | PageKind::Registration => true,
            PageKind::SamlResponse
            | PageKind::WsFederation
            | PageKind::Login
            | PageKind::UserName
            | PageKind::AccountChoice
            | PageKind::HomeRealm
            | PageKind::StaySignedIn
            | PageKind::Error
            | PageKind::Portal
            | PageKind::PassesOn
            | PageKind::ByScript
            | PageKind::Other => false,
        }
    }
}

impl fmt::Display for Summary {
    /// `is a login page of SimpleSAMLphp`, `looks like an error page of Keycloak`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.kind.in_words();
        match self.product {
            Some(product) if product.is_proven() => write!(f, "is {what} of {}", product.name()),
            Some(product) => write!(f, "looks like {what} of {}", product.name()),
            None => write!(f, "looks like {what}"),
        }
    }
}

impl Serialize for PageKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

/// Text that is looked through for words; what matters on a login page stands at its beginning.
const MAX_TEXT: usize = 16 << 10;
/// Points from which on a page is taken for a kind.
const ENOUGH: i32 = 3;

/// What speaks for a kind, with its points.
enum Sign {
    Mark(Mark),
    /// In title or headings.
    Headline(&'static [&'static str]),
    /// On a button of a form.
    Button(&'static [&'static str]),
    /// Anywhere in what can be read.
    Text(&'static [&'static str]),
    /// In the name or id of an input: a word of its own, or a part.
    Name(&'static [&'static str], &'static [&'static str]),
    /// In the path of a form's address or of a frame's.
    Address(&'static [&'static str]),
}

const SECOND_FACTOR: &[(Sign, i32)] = &[
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
    (Sign::Headline(v::SECOND_FACTOR_TITLES), 3),
    (Sign::Button(v::SEND_FACTOR), 3),
    (Sign::Text(v::SECOND_FACTOR_TEXTS), 2),
    (Sign::Text(v::FACTOR_IS_ON_ITS_WAY), 2),
    (
        Sign::Name(
            &["factor", "mfa", "otp", "totp", "duo", "2fa"],
            &["mfa", "2fa", "secondfactor", "authfactor", "duo_", "sendmethod", "sasmethod", "factorid"],
        ),
        2,
    ),
    (
        Sign::Address(&[
            "mfa",
            "2fa",
            "otp",
            "totp",
            "factor",
            "factors",
            "duo",
            "sms",
            "push",
            "webauthn",
            "fido",
            "fido2",
            "u2f",
            "twofactor",
            "pingid",
            "authenticator",
            "stepup",
        ]),
        3,
    ),
];

const CONSENT: &[(Sign, i32)] = &[
    (Sign::Mark(Mark::Id("kc-oauth")), 4),
    (Sign::Mark(Mark::NamePrefix("_shib_idp_consent")), 4),
    (Sign::Mark(Mark::Id("consent_yes")), 4),
    (Sign::Mark(Mark::Address("/consent/getconsent")), 4),
    (Sign::Mark(Mark::PageId("ConvergedConsent")), 4),
    (
        Sign::Name(
            &["consent", "tou", "accept", "accepted", "agree", "terms", "scope", "permissions"],
            &["consent", "termsofuse", "attributerelease", "acceptterms"],
        ),
        2,
    ),
    (Sign::Address(&["consent", "tou", "terms", "approve", "release"]), 2),
    (Sign::Headline(v::CONSENT_TITLES), 3),
    (Sign::Button(v::ACCEPT), 2),
    (Sign::Button(v::REJECT), 2),
    (Sign::Text(v::CONSENT_TEXTS), 1),
];

const HOME_REALM: &[(Sign, i32)] = &[
    (Sign::Mark(Mark::Id("hrd")), 4),
    (Sign::Mark(Mark::Id("hrdArea")), 4),
    (Sign::Mark(Mark::Id("hrdSelection")), 4),
    (Sign::Mark(Mark::Name("HomeRealmByEmail")), 4),
    (Sign::Mark(Mark::Name("HomeRealmSelection")), 4),
    (Sign::Mark(Mark::Script("HRD.")), 4),
    (
        Sign::Name(
            &["homerealm", "hrd", "idpentityid", "whr"],
            &["homerealm", "useridp", "idpentityid", "selectidp", "idpselect"],
        ),
        3,
    ),
    (Sign::Address(&["wayf", "disco", "discovery", "hrd", "homerealm", "homerealmdiscovery"]), 3),
    (Sign::Headline(v::HOME_REALM_TITLES), 3),
];

const ACCOUNTS: &[(Sign, i32)] = &[(Sign::Headline(v::ACCOUNT_TITLES), 3)];

const ERROR: &[Mark] = &[
    Mark::Id("kc-error-message"),
    Mark::Id("errorArea"),
    Mark::Id("trackid"),
    Mark::Address("/errorreport"),
    Mark::PageId("ConvergedError"),
];

const NEW_PASSWORD: &[Mark] =
    &[Mark::Id("kc-passwd-update-form"), Mark::Id("updatePasswordForm"), Mark::PageId("ConvergedChangePassword")];

/// Pages that let a browser in only after it has proved to be one.
const GATES: &[Mark] = &[
    Mark::Address("/cdn-cgi/challenge-platform/"),
    Mark::Id("challenge-running"),
    Mark::Script("_cf_chl_opt"),
    Mark::Address("captcha.awswaf.com"),
    Mark::Address("token.awswaf.com"),
    Mark::Address("geo.captcha-delivery.com"),
    Mark::Address("/_Incapsula_Resource"),
];

/// All that is known of a page before its kind is.
pub(super) struct Facts<'a> {
    tree: &'a Tree,
    forms: &'a [Form],
    has_saml_response: bool,
    product: Option<Product>,
    headline: String,
    text: String,
    buttons: String,
    links: String,
    addresses: Vec<String>,
    submissions: Vec<Submission>,
    has_script: bool,
    hidden: &'a [bool],
}

impl<'a> Facts<'a> {
    /// Reads them off the tree; what each input asks for is decided on the way.
    pub fn of(
        tree: &'a Tree,
        hidden: &'a [bool],
        title: Option<&str>,
        forms: &'a mut [Form],
        has_saml_response: bool,
    ) -> Self {
        let headline = folded(&format!("{} / {}", title.unwrap_or_default(), messages::headings(tree, hidden)));
        let mut text = String::new();
        for id in tree.descendants(ROOT).filter(|id| !hidden[id.index()]) {
            if let Some(part) = tree.text(id).filter(|_| text.len() < MAX_TEXT) {
                text.push_str(part);
                text.push(' ');
            }
        }
        let text = folded(&text);
        for form in forms.iter_mut() {
            input::settle(form, &Around { headline: &headline, text: &text });
        }
        let forms: &[Form] = forms;
        let buttons = forms.iter().flat_map(Form::buttons).map(|(_, button)| folded(&button.label)).collect::<Vec<_>>();
        let elements = || tree.descendants(ROOT).filter_map(|id| Some((id, tree.element(id)?)));
        let links = elements().filter(|(id, e)| e.is("a") && !hidden[id.index()]);
        let links = links.map(|(id, _)| folded(&messages::visible_text(tree, hidden, id))).collect::<Vec<_>>();
        let frames = elements().filter(|(_, e)| e.is("iframe")).filter_map(|(_, e)| e.attribute("src"));
        let actions = forms.iter().flat_map(|form| {
            form.action
                .as_deref()
                .into_iter()
                .chain(form.inputs.iter().filter_map(|input| input.form_action.as_deref()))
        });
        let path = |address: &str| address.split(['?', '#', ';']).next().unwrap_or_default().to_owned();
        Facts {
            tree,
            forms,
            has_saml_response,
            product: Product::of_page(tree),
            headline,
            text,
            buttons: buttons.join(" / "),
            links: links.join(" / "),
            addresses: frames.chain(actions).map(path).collect(),
            submissions: script::submissions(tree),
            has_script: elements().any(|(_, e)| e.is("script")),
            hidden,
        }
    }

    pub fn summary(&self) -> Summary {
        let kind = self.kind();
        Summary {
            product: self.product,
            kind,
            says: messages::message(self.tree, self.hidden, kind),
            names_second_factor: self.factor_points() >= ENOUGH,
            msis: self.msis(),
        }
    }

    /// The form that the page sends by itself, and the button that it presses. Only a page that is for nothing else has one.
    pub fn sends_itself(&self) -> Option<(usize, Option<usize>)> {
        if self.kind() == PageKind::PassesOn { self.own_submission() } else { None }
    }

    fn kind(&self) -> PageKind {
        let has = |marks: &[Mark]| marks.iter().any(|mark| mark.is_on(self.tree));
        let is_field = |name: &str| self.inputs().any(|input| input.name.as_deref() == Some(name));
        let any = |asks| self.forms.iter().any(|form| form.asks_for(asks));
        let logs_in = any(Asks::Password);
        let (factor, consent, realm) = (self.factor_points(), self.points(CONSENT), self.points(HOME_REALM));
        match () {
            () if self.has_saml_response || is_field("SAMLResponse") => PageKind::SamlResponse,
            () if is_field("wresult") => PageKind::WsFederation,
            () if !logs_in && (has(NEW_PASSWORD) || any(Asks::NewPassword)) => {
                match says(&self.buttons, v::REGISTRATION_WORDS) {
                    true => PageKind::Registration,
                    false => PageKind::NewPassword,
                }
            }
            () if self.has_captcha() || !logs_in && has(GATES) => PageKind::Captcha,
            () if !logs_in && any(Asks::Code) => PageKind::Code,
            () if !logs_in && factor >= ENOUGH && factor >= consent => PageKind::SecondFactor,
            () if logs_in => PageKind::Login,
            () if consent > ENOUGH && self.has_buttons() => PageKind::Consent,
            () if realm >= ENOUGH => PageKind::HomeRealm,
            () if has(ERROR) || self.msis().is_some() => PageKind::Error,
            () if self.points(ACCOUNTS) >= ENOUGH => PageKind::AccountChoice,
            () if self.forms.iter().any(|form| form.asks_for(Asks::User) && form.is_post()) => PageKind::UserName,
            () if self.forms.iter().any(asks_to_stay) => PageKind::StaySignedIn,
            () if self.own_submission().is_some() => PageKind::PassesOn,
            () if says(&self.headline, v::ERROR_TITLES) => PageKind::Error,
            () if self.is_portal() => PageKind::Portal,
            () if self.is_built_by_script() => PageKind::ByScript,
            () => PageKind::Other,
        }
    }

    fn inputs(&self) -> impl Iterator<Item = &Input> {
        self.forms.iter().flat_map(|form| &form.inputs)
    }

    fn points(&self, signs: &[(Sign, i32)]) -> i32 {
        signs.iter().filter(|(sign, _)| self.shows(sign)).map(|(_, points)| points).sum()
    }

    fn factor_points(&self) -> i32 {
        self.points(SECOND_FACTOR) + 3 * i32::from(self.offers_factors())
    }

    fn shows(&self, sign: &Sign) -> bool {
        match sign {
            Sign::Mark(mark) => mark.is_on(self.tree),
            Sign::Headline(phrases) => says(&self.headline, phrases),
            Sign::Button(phrases) => says(&self.buttons, phrases),
            Sign::Text(phrases) => says(&self.text, phrases),
            Sign::Name(whole, parts) => self.inputs().any(|input| input.is_named((whole, parts))),
            Sign::Address(words) => self.addresses.iter().any(|address| v::is_named(address, words, &[])),
        }
    }

    /// Buttons or choices whose values are kinds of second factors.
    fn offers_factors(&self) -> bool {
        let is_choice = |input: &&Input| input.sends() || matches!(input.kind.as_str(), "radio" | "select");
        let is_factor = |text: &str| v::words(text).iter().any(|word| v::FACTOR_VALUES.contains(&word.as_str()));
        self.inputs().filter(|input| input.is_usable()).filter(is_choice).any(|input| {
            let is_short = |text: &str| text.len() < 40;
            let own = input.value.expose();
            let options = input.options.iter().map(|(value, _)| value.as_str());
            std::iter::once(own).chain(options).any(|value| is_short(value) && is_factor(value))
        })
    }

    fn has_captcha(&self) -> bool {
        let is_entrance = |form: &&Form| {
            [Asks::Password, Asks::User, Asks::Code, Asks::Captcha].into_iter().any(|asks| form.asks_for(asks))
        };
        let mut entrances = self.forms.iter().filter(is_entrance).peekable();
        // One that lets in without it will do.
        let is_free = |form: &Form| form.asks_for(Asks::Password) && !form.has_captcha;
        entrances.peek().is_some() && entrances.clone().any(|form| form.has_captcha) && !entrances.any(is_free)
    }

    fn has_buttons(&self) -> bool {
        self.forms.iter().any(|form| form.buttons().next().is_some())
    }

    fn is_portal(&self) -> bool {
        let leads_out = says(&self.buttons, v::LOG_OUT)
            || says(&self.links, v::LOG_OUT)
            || self
                .addresses
                .iter()
                .any(|address| v::is_named(address, &["logout", "logoff", "signout"], &["logout", "signout"]));
        leads_out || says(&self.headline, v::PORTAL_TITLES)
    }

    /// Nothing to read and nothing to fill in, but scripts; or it says that it needs them.
    fn is_built_by_script(&self) -> bool {
        let is_usable = self.inputs().any(|input| input.is_usable());
        let noscript =
            self.tree.descendants(ROOT).filter(|id| self.tree.element(*id).is_some_and(|e| e.is("noscript")));
        let needs_one = |text: &str| says(&folded(text), v::NEEDS_SCRIPT);
        let says_so = needs_one(&self.text) || noscript.into_iter().any(|id| needs_one(&self.tree.text_content(id)));
        let body = self.text.strip_prefix(self.headline.split(" / ").next().unwrap_or_default()).unwrap_or(&self.text);
        let is_empty = body.chars().filter(|c| c.is_alphanumeric()).count() < 40;
        self.has_script && !is_usable && (is_empty || says_so)
    }

    /// The code that AD FS gives for an error.
    fn msis(&self) -> Option<String> {
        let at = self.text.find("msis")?;
        let digits: String = self.text[at + 4..].chars().take_while(char::is_ascii_digit).collect();
        (digits.len() == 4).then(|| format!("MSIS{digits}"))
    }

    /// A form without anything for a person to do: the page's script sends it, those without scripts have its only button in
    /// `<noscript>`, or it carries a message of SAML.
    fn own_submission(&self) -> Option<(usize, Option<usize>)> {
        let carriers = self.forms.iter().enumerate().filter(|(_, form)| {
            let is_message = |input: &&Input| {
                input.name.as_deref().is_some_and(|name| matches!(name, "SAMLRequest" | "SAMLResponse"))
            };
            form.is_post()
                && form.inputs.iter().filter(|i| !i.value.expose().is_empty()).any(|input| is_message(&input))
                && is_bare(form)
        });
        let by_message = carriers.map(|(index, _)| (index, None)).next();
        let by_script = || self.submissions.iter().find_map(|submission| self.target(submission));
        let by_noscript = || {
            let mut fitting = self
                .forms
                .iter()
                .enumerate()
                .filter(|(_, form)| form.has_noscript_button && is_bare(form) && !leads_out(form));
            let first = fitting.next();
            first
                .filter(|(_, form)| fitting.next().is_none() && form.buttons().next().is_none())
                .map(|(index, _)| (index, None))
        };
        by_message.or_else(by_script).or_else(by_noscript)
    }

    /// Which form a script's call sends.
    fn target(&self, submission: &Submission) -> Option<(usize, Option<usize>)> {
        let Submission { receiver, is_press } = submission;
        let words: Vec<&str> = receiver
            .split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '$')))
            .filter(|word| !word.is_empty())
            .collect();
        let names =
            |name: &Option<String>| name.as_deref().is_some_and(|name| words.contains(&name) && !name.is_empty());
        let fits = |form: &Form| is_bare(form) && !leads_out(form);
        if *is_press {
            return self.forms.iter().enumerate().find_map(|(index, form)| {
                let button =
                    form.inputs.iter().position(|input| input.sends() && (names(&input.id) || names(&input.name)))?;
                fits(form).then_some((index, Some(button)))
            });
        }
        let index = receiver.split_once("forms[").and_then(|(_, rest)| rest.split(']').next()?.parse::<usize>().ok());
        let named = || self.forms.iter().position(|form| names(&form.id) || names(&form.name));
        if let Some(index) = index.or_else(named) {
            return self.forms.get(index).filter(|form| fits(form)).map(|_| (index, None));
        }
        // By a variable: the only one that it can be.
        let mut fitting = self.forms.iter().enumerate().filter(|(_, form)| fits(form)).map(|(index, _)| index);
        let first = fitting.next();
        first.filter(|_| fitting.next().is_none()).map(|index| (index, None))
    }
}

/// Nothing on it is to be filled in or to be chosen.
fn is_bare(form: &Form) -> bool {
    form.inputs.iter().all(|input| !input.is_usable() || input.sends() || input.kind == "button")
}

fn leads_out(form: &Form) -> bool {
    let is_message = |input: &Input| input.name.as_deref().is_some_and(|name| name.starts_with("SAML"));
    let action = form.action.as_deref().unwrap_or_default();
    v::is_named(action, &["logout", "logoff", "signout"], &["logout", "signout"]) && !form.inputs.iter().any(is_message)
}

/// "Stay signed in?", "Trust this device?": nothing to fill in, and a name that tells.
fn asks_to_stay(form: &Form) -> bool {
    const NAMES: (&[&str], &[&str]) = (
        &["stay", "remember", "trust", "kmsi"],
        &["kmsi", "staysigned", "remember", "trustdevice", "trustedd", "dontshow", "keepmesigned"],
    );
    let visible = || form.inputs.iter().filter(|input| input.is_usable());
    let is_choice = |input: &Input| input.sends() || matches!(input.kind.as_str(), "radio" | "checkbox" | "button");
    let is_named = |input: &Input| {
        input.is_named(NAMES) || input.name.as_deref().is_some_and(|name| v::is_named(name, NAMES.0, NAMES.1))
    };
    form.is_post() && visible().all(is_choice) && visible().any(Input::sends) && visible().any(is_named)
}

/// The page's title, fit for a message.
pub fn title(page: &super::Page) -> Option<String> {
    page.title.as_deref().map(|title| printable(title, 80)).filter(|title| !title.is_empty())
}
