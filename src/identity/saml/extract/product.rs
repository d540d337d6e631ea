//! Whose page it is, by marks that products leave on their pages: ids, names, classes and addresses of their templates.

use serde::{Serialize, Serializer};
use url::Url;

use super::tree::{Element, NodeId, ROOT, Tree};
use crate::host_name::HostName;

/// A product that plays the identity provider.
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
        match self {
            Product::AdFs => "AD FS",
            Product::Okta => "Okta",
            Product::Keycloak => "Keycloak",
            Product::Entra => "Entra ID",
            Product::Shibboleth => "Shibboleth",
            Product::SimpleSamlPhp => "SimpleSAMLphp",
            Product::PingFederate => "PingFederate",
            Product::Google => "Google",
        }
    }

    /// Its pages were seen at a running product. Of the others only templates were seen, so a page "looks like" theirs.
    pub fn is_proven(self) -> bool {
        match self {
            Product::SimpleSamlPhp => true,
            Product::AdFs
            | Product::Okta
            | Product::Keycloak
            | Product::Entra
            | Product::Shibboleth
            | Product::PingFederate
            | Product::Google => false,
        }
    }

    /// The product with most of its marks on the page.
    pub(super) fn of_page(tree: &Tree) -> Option<Product> {
        let count = |product: &Product| product.marks().iter().filter(|mark| mark.is_on(tree)).count();
        let counted = Product::ALL.iter().rev().map(|product| (count(product), *product));
        counted.filter(|(count, _)| *count > 0).max_by_key(|(count, _)| *count).map(|(_, product)| product)
    }

    /// The product whose address this looks like; for pages that say nothing of themselves.
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

    fn marks(self) -> &'static [Mark] {
        use Mark::*;
        match self {
            Product::AdFs => &[
                Address("/adfs/"),
                Name("AuthMethod"),
                Id("formsAuthenticationArea"),
                Id("userNameInput"),
                Id("kmsiInput"),
                Id("idp_SignInButton"),
                Id("updatePasswordForm"),
            ],
            Product::Okta => &[
                Address(".oktacdn.com"),
                Address(".okta.com/"),
                Address("okta-signin-widget"),
                Id("okta-sign-in"),
                Id("okta-login-container"),
                Id("okta-auth-message"),
                Script("OktaLogin"),
                Script("OktaSignIn"),
            ],
            Product::Keycloak => &[
                Address("/login-actions/"),
                Class("login-pf"),
                Class("login-pf-page"),
                Id("kc-content"),
                Id("kc-form-login"),
                Id("kc-otp-login-form"),
                Id("kc-passwd-update-form"),
                Id("kc-oauth"),
                Id("kc-error-message"),
            ],
            Product::Entra => &[
                PageId("Converged"),
                Script("$Config="),
                Address("aadcdn.msauth.net"),
                Address("aadcdn.msftauth.net"),
                Name("loginfmt"),
                Id("i0116"),
            ],
            Product::Shibboleth => &[
                Name("j_username"),
                NamePrefix("_eventId_"),
                NamePrefix("_shib_idp_"),
                NamePrefix("shib_idp_ls"),
                Address("/idp/profile/"),
            ],
            Product::SimpleSamlPhp => &[
                Name("AuthState"),
                Name("StateId"),
                Address("/simplesaml/"),
                Address("/simplesamlphp/"),
                Address("/module.php/"),
                Id("postLoginSubmitButton"),
                Address("/ssplogo"),
            ],
            Product::PingFederate => &[
                NamePrefix("pf."),
                Address("/resumeSAML20/"),
                Class("ping-container"),
                Class("ping-body"),
                Class("ping-body-container"),
                Class("ping-footer"),
            ],
            Product::Google => {
                &[Address("accounts.google.com/"), Id("gaia_loginform"), Id("identifierId"), Name("Passwd")]
            }
        }
    }
}

impl Serialize for Product {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// Something by which a page is known.
#[derive(Clone, Copy)]
pub enum Mark {
    Id(&'static str),
    Name(&'static str),
    NamePrefix(&'static str),
    Class(&'static str),
    /// In a form's action, or the address of what the page is made of. Not that of a link: those lead elsewhere.
    Address(&'static str),
    /// The beginning of `<meta name="PageID">`, by which Entra names its pages.
    PageId(&'static str),
    /// In a script on the page.
    Script(&'static str),
}

impl Mark {
    pub fn is_on(&self, tree: &Tree) -> bool {
        self.place(tree).is_some()
    }

    /// The first element that bears it.
    pub fn place(&self, tree: &Tree) -> Option<NodeId> {
        tree.descendants(ROOT).find(|id| tree.element(*id).is_some_and(|element| self.fits(tree, *id, element)))
    }

    pub fn fits(&self, tree: &Tree, id: NodeId, element: &Element) -> bool {
        let attribute = |name| element.attribute(name).unwrap_or_default();
        match self {
            Mark::Id(text) => attribute("id") == *text,
            Mark::Name(text) => attribute("name") == *text,
            Mark::NamePrefix(text) => attribute("name").starts_with(text),
            Mark::Class(text) => attribute("class").split_whitespace().any(|class| class == *text),
            Mark::Address(text) => {
                let is_part = element.is("link") || element.is("base");
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
