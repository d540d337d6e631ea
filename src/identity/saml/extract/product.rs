//! Which product a page is of, by marks of its templates: ids, names, classes and addresses.

use serde::{Serialize, Serializer};
use url::Url;

use super::tree::{Element, NodeId, ROOT, Tree};
use crate::host_name::HostName;

/// A product that acts as identity provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    AdFs,
    Okta,
    Keycloak,
    Entra,
    Shibboleth,
    SimpleSamlPhp,
    PingFederate,
    Google,
}

impl Product {
    pub const ALL: [Product; 8] = [
        Product::AdFs,
        Product::Okta,
        Product::Keycloak,
        Product::Entra,
        Product::Shibboleth,
        Product::SimpleSamlPhp,
        Product::PingFederate,
        Product::Google,
    ];

    pub fn name(self) -> &'static str {
        self.facts().0
    }

    /// Whether its pages were seen at a running product. Of the others only templates were seen, so a page "looks like" theirs.
    pub fn is_proven(self) -> bool {
        self == Product::SimpleSamlPhp
    }

    /// The product with most marks on the page.
    pub(super) fn of_page(tree: &Tree) -> Option<Product> {
        let count = |product: &Product| product.marks().filter(|mark| mark.is_on(tree)).count();
        let counted = Product::ALL.iter().rev().map(|product| (count(product), *product));
        counted.filter(|(count, _)| *count > 0).max_by_key(|(count, _)| *count).map(|(_, product)| product)
    }

    /// The product that has such addresses, for a page without marks.
    pub fn of_address(url: &Url) -> Option<Product> {
        let is_of = |domains: &[&str]| HostName::of(url).is_some_and(|name| name.is_within_any(domains));
        let path = url.path().to_ascii_lowercase();
        let table = [
            (Product::Okta, is_of(&["okta.com", "oktapreview.com", "okta-emea.com"])),
            (Product::Google, is_of(&["accounts.google.com"])),
            (
                Product::Entra,
                is_of(&["login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn"]),
            ),
            (Product::AdFs, path.starts_with("/adfs/")),
            (
                Product::SimpleSamlPhp,
                ["/simplesaml/", "/saml2/idp/ssoservice.php", "/module.php/"].iter().any(|part| path.contains(part)),
            ),
            (Product::Keycloak, path.contains("/realms/")),
            (Product::Shibboleth, path.starts_with("/idp/profile/")),
            (Product::PingFederate, path.ends_with(".ping") || path == "/idp/sso.saml2"),
        ];
        table.into_iter().find(|(_, fits)| *fits).map(|(product, _)| product)
    }

    fn marks(self) -> impl Iterator<Item = Mark> {
        self.facts().1.split(' ').filter_map(Mark::parse)
    }

    /// The name, and the marks as `kind=text`.
    fn facts(self) -> (&'static str, &'static str) {
        match self {
            Product::AdFs => (
                "AD FS",
                "address=/adfs/ name=AuthMethod id=formsAuthenticationArea id=userNameInput id=kmsiInput \
                 id=idp_SignInButton id=updatePasswordForm",
            ),
            Product::Okta => (
                "Okta",
                "address=.oktacdn.com address=.okta.com/ address=okta-signin-widget id=okta-sign-in \
                 id=okta-login-container id=okta-auth-message script=OktaLogin script=OktaSignIn",
            ),
            Product::Keycloak => (
                "Keycloak",
                "address=/login-actions/ class=login-pf class=login-pf-page id=kc-content id=kc-form-login \
                 id=kc-otp-login-form id=kc-passwd-update-form id=kc-oauth id=kc-error-message",
            ),
            Product::Entra => (
                "Entra ID",
                "page=Converged script=$Config= address=aadcdn.msauth.net address=aadcdn.msftauth.net \
                 name=loginfmt id=i0116",
            ),
            Product::Shibboleth => (
                "Shibboleth",
                "name=j_username prefix=_eventId_ prefix=_shib_idp_ prefix=shib_idp_ls address=/idp/profile/",
            ),
            Product::SimpleSamlPhp => (
                "SimpleSAMLphp",
                "name=AuthState name=StateId address=/simplesaml/ address=/simplesamlphp/ address=/module.php/ \
                 id=postLoginSubmitButton address=/ssplogo",
            ),
            Product::PingFederate => (
                "PingFederate",
                "prefix=pf. address=/resumeSAML20/ class=ping-container class=ping-body \
                 class=ping-body-container class=ping-footer",
            ),
            Product::Google => ("Google", "address=accounts.google.com/ id=gaia_loginform id=identifierId name=Passwd"),
        }
    }
}

impl Serialize for Product {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// A mark of a product or of a kind of page.
#[derive(Clone, Copy)]
pub enum Mark {
    Id(&'static str),
    Name(&'static str),
    NamePrefix(&'static str),
    Class(&'static str),
    /// Part of a form's action, or of the address of what the page loads. Links do not count: they lead elsewhere.
    Address(&'static str),
    /// The beginning of `<meta name="PageID">`, with which Entra names its pages.
    PageId(&'static str),
    /// Part of a script on the page.
    Script(&'static str),
}

impl Mark {
    /// `None` if there is no such kind of mark.
    fn parse(mark: &'static str) -> Option<Mark> {
        let (kind, text) = mark.split_once('=')?;
        let make = match kind {
            "id" => Mark::Id,
            "name" => Mark::Name,
            "prefix" => Mark::NamePrefix,
            "class" => Mark::Class,
            "address" => Mark::Address,
            "page" => Mark::PageId,
            "script" => Mark::Script,
            _ => return None,
        };
        Some(make(text))
    }

    pub fn is_on(&self, tree: &Tree) -> bool {
        self.place(tree).is_some()
    }

    /// The first element that has the mark.
    pub fn place(&self, tree: &Tree) -> Option<NodeId> {
        tree.elements(ROOT).find(|(id, element)| self.fits(tree, *id, element)).map(|(id, _)| id)
    }

    pub fn fits(&self, tree: &Tree, id: NodeId, element: &Element) -> bool {
        let attribute = |name| element.value(name);
        match self {
            Mark::Id(text) => attribute("id") == *text,
            Mark::Name(text) => attribute("name") == *text,
            Mark::NamePrefix(text) => attribute("name").starts_with(text),
            Mark::Class(text) => attribute("class").split_whitespace().any(|class| class == *text),
            Mark::Address(text) => {
                let is_part = element.is_any("link base");
                let parts = [attribute("action"), attribute("src"), if is_part { attribute("href") } else { "" }];
                parts.iter().any(|address| address.contains(text))
            }
            Mark::PageId(text) => {
                element.is("meta") && attribute("name") == "PageID" && attribute("content").starts_with(text)
            }
            Mark::Script(text) => element.is("script") && tree.text_content(id).contains(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_of_a_product_is_of_a_known_kind() {
        let marks = Product::ALL.map(|product| product.marks().count());
        assert_eq!(marks, [7, 8, 9, 6, 5, 7, 6, 4]);
    }
}
