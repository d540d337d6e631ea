//! Decides of which kind a page is: by what its forms ask for, by what its scripts submit, and by points for the names,
//! addresses and words that speak for a kind (`signs`). Nothing else decides it.

use super::automatic;
use super::captcha;
use super::forms::Asks;
use super::forms::{Form, Input};
use super::input::{self, Around};
use super::kind::{PageKind, Summary};
use super::message;
use super::product::{Mark, Product};
use super::script::{self, Submission};
use super::signs::{self, ENOUGH, Sign};
use super::tree::{ROOT, Tree};
use super::words::{Meaning, folded, is_named, says};

/// Text that is searched for words. What matters on a login page stands at its beginning.
const MAX_TEXT: usize = 16 << 10;

/// What is known of a page before its kind is decided.
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
    /// Reads the facts from the tree, and decides what each input asks for.
    pub fn of(
        tree: &'a Tree,
        hidden: &'a [bool],
        title: Option<&str>,
        forms: &'a mut [Form],
        has_saml_response: bool,
    ) -> Self {
        let headline = folded(&format!("{} / {}", title.unwrap_or_default(), message::headings(tree, hidden)));
        let mut text = String::new();
        for id in tree.descendants(ROOT).filter(|id| !hidden[id.index()]) {
            if let Some(part) = tree.text(id).filter(|_| text.len() < MAX_TEXT) {
                text.push_str(part);
                text.push(' ');
            }
        }
        let text = folded(&text);
        let around = Around::new(&headline, &text);
        forms.iter_mut().for_each(|form| input::settle(form, &around));
        let forms: &[Form] = forms;
        let buttons = forms.iter().flat_map(Form::buttons).map(|(_, button)| folded(&button.label)).collect::<Vec<_>>();
        let links = tree.elements(ROOT).filter(|(id, e)| e.is("a") && !hidden[id.index()]);
        let links = links.map(|(id, _)| folded(&message::visible_text(tree, hidden, id))).collect::<Vec<_>>();
        let frames = tree.elements(ROOT).filter(|(_, e)| e.is("iframe")).filter_map(|(_, e)| e.attribute("src"));
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
            has_script: tree.elements(ROOT).any(|(_, e)| e.is("script")),
            hidden,
        }
    }

    pub fn summary(&self) -> Summary {
        let kind = self.kind();
        Summary {
            product: self.product,
            kind,
            says: message::of(self.tree, self.hidden, kind),
            names_second_factor: self.factor_points() >= ENOUGH,
            msis: self.msis(),
        }
    }

    /// The form that the page submits by itself, and the button that it presses. `None` unless the page is for nothing else.
    pub fn sends_itself(&self) -> Option<(usize, Option<usize>)> {
        if self.kind() == PageKind::PassesOn { automatic::submission(self.forms, &self.submissions) } else { None }
    }

    fn kind(&self) -> PageKind {
        let has = |marks: &[Mark]| marks.iter().any(|mark| mark.is_on(self.tree));
        let is_field = |name: &str| self.inputs().any(|input| input.name.as_deref() == Some(name));
        let any = |asks| self.forms.iter().any(|form| form.asks_for(asks));
        let logs_in = any(Asks::Password);
        let (factor, consent, realm) =
            (self.factor_points(), self.points(signs::CONSENT), self.points(signs::HOME_REALM));
        match () {
            () if self.has_saml_response || is_field("SAMLResponse") => PageKind::SamlResponse,
            () if is_field("wresult") => PageKind::WsFederation,
            () if !logs_in && (has(signs::NEW_PASSWORD) || any(Asks::NewPassword)) => {
                match says(&self.buttons, Meaning::Register) {
                    true => PageKind::Registration,
                    false => PageKind::NewPassword,
                }
            }
            () if self.has_captcha() || !logs_in && has(signs::GATES) => PageKind::Captcha,
            () if !logs_in && any(Asks::Code) => PageKind::Code,
            () if !logs_in && factor >= ENOUGH && factor >= consent => PageKind::SecondFactor,
            () if logs_in => PageKind::Login,
            () if consent > ENOUGH && self.has_buttons() => PageKind::Consent,
            () if realm >= ENOUGH => PageKind::HomeRealm,
            () if has(signs::ERROR) || self.msis().is_some() => PageKind::Error,
            () if self.points(signs::ACCOUNTS) >= ENOUGH => PageKind::AccountChoice,
            () if self.forms.iter().any(asks_for_the_user) => PageKind::UserName,
            () if self.forms.iter().any(asks_to_stay) => PageKind::StaySignedIn,
            () if automatic::submission(self.forms, &self.submissions).is_some() => PageKind::PassesOn,
            () if says(&self.headline, Meaning::Error) => PageKind::Error,
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
        self.points(signs::SECOND_FACTOR) + 3 * i32::from(self.offers_factors())
    }

    fn shows(&self, sign: &Sign) -> bool {
        match sign {
            Sign::Mark(mark) => mark.is_on(self.tree),
            Sign::Headline(meaning) => says(&self.headline, *meaning),
            Sign::Button(meaning) => says(&self.buttons, *meaning),
            Sign::Text(meaning) => says(&self.text, *meaning),
            Sign::Name(meaning) => self.inputs().any(|input| input.is_named(*meaning)),
            Sign::Address(meaning) => self.addresses.iter().any(|address| is_named(address, *meaning)),
        }
    }

    /// Whether the value of a button or choice is a kind of second factor.
    fn offers_factors(&self) -> bool {
        let is_choice = |input: &&Input| input.sends() || matches!(input.kind.as_str(), "radio" | "select");
        self.inputs().filter(|input| input.is_usable()).filter(is_choice).any(|input| {
            let is_short = |text: &str| text.len() < 40;
            let own = input.value.expose();
            let options = input.options.iter().map(|(value, _)| value.as_str());
            std::iter::once(own).chain(options).any(|value| is_short(value) && is_named(value, Meaning::FactorValue))
        })
    }

    /// Whether a captcha guards every way on.
    fn has_captcha(&self) -> bool {
        let is_entrance = |form: &Form| {
            [Asks::Password, Asks::User, Asks::Code, Asks::Captcha].into_iter().any(|asks| form.asks_for(asks))
                || !form.is_open()
        };
        // A login form without a captcha is enough.
        let is_free = |form: &Form| form.asks_for(Asks::Password) && !form.has_captcha;
        let guards = |form: &Form| form.has_captcha && is_entrance(form);
        !self.forms.iter().any(is_free)
            && (self.forms.iter().any(guards) || captcha::stands_alone(self.tree, self.hidden))
    }

    fn has_buttons(&self) -> bool {
        self.forms.iter().any(|form| form.buttons().next().is_some())
    }

    fn is_portal(&self) -> bool {
        let leads_out = says(&self.buttons, Meaning::LogOut)
            || says(&self.links, Meaning::LogOut)
            || self.addresses.iter().any(|address| is_named(address, Meaning::LogOut));
        leads_out || says(&self.headline, Meaning::Portal)
    }

    /// Whether there are scripts and nothing to fill in, and there is nothing to read or the page says that it needs scripts.
    fn is_built_by_script(&self) -> bool {
        let is_usable = self.inputs().any(|input| input.is_usable());
        let mut noscript = self.tree.elements(ROOT).filter(|(_, element)| element.is("noscript"));
        let needs_one = |text: &str| says(&folded(text), Meaning::NeedsScript);
        let says_so = needs_one(&self.text) || noscript.any(|(id, _)| needs_one(&self.tree.text_content(id)));
        let body = self.text.strip_prefix(self.headline.split(" / ").next().unwrap_or_default()).unwrap_or(&self.text);
        let is_empty = body.chars().filter(|c| c.is_alphanumeric()).count() < 40;
        self.has_script && !is_usable && (is_empty || says_so)
    }

    /// The error code of AD FS.
    fn msis(&self) -> Option<String> {
        let at = self.text.find("msis")?;
        let digits: String = self.text[at + 4..].chars().take_while(char::is_ascii_digit).collect();
        (digits.len() == 4).then(|| format!("MSIS{digits}"))
    }
}

/// Whether the form asks for the user name and little more, as the first page of a login does.
fn asks_for_the_user(form: &Form) -> bool {
    form.is_post() && form.asks_for(Asks::User) && form.inputs.iter().filter(|input| input.takes_text()).count() < 3
}

/// "Stay signed in?", "Trust this device?": nothing to fill in, and an input whose name says so.
fn asks_to_stay(form: &Form) -> bool {
    let visible = || form.inputs.iter().filter(|input| input.is_usable());
    let is_choice = |input: &Input| input.sends() || matches!(input.kind.as_str(), "radio" | "checkbox" | "button");
    form.is_post()
        && visible().all(is_choice)
        && visible().any(Input::sends)
        && visible().any(|input| input.is_named(Meaning::Stay))
}
