//! `auth = "okta"`: a device login, whose tokens open the page with the assertion. A person enters a code at Okta once; later
//! logins use the refresh token, which is stored sealed. Serves `client_id`, `app_id`.

use url::Url;

use super::conversation;
use super::exchange::Assertion;
use crate::address::IssuerUrl;
use crate::config::oidc::{Flow, Oidc, Token};
use crate::config::profile::{Okta, Saml};
use crate::error::{Code, Error, Result};
use crate::identity::Run;
use crate::identity::oidc::login::{LoginUi, Page, RefreshTokenStore, okta};
use crate::identity::{LoginState, Person};
use crate::secret::Secret;

/// The assertion for the application `app_id`.
pub async fn log_in(login: &Okta, saml: &Saml, run: Run<'_>) -> Result<Assertion> {
    let state =
        run.state.ok_or_else(|| Error::new(Code::CacheWrite, "there is no directory for the login's refresh token"))?;
    let home = saml.idp_url.origin().ascii_serialization();
    let settings = Oidc {
        issuer: IssuerUrl::with_plain_http(&home)
            .map_err(|why| Error::new(Code::Bug, format!("the origin of `saml.idp_url` {why}")))?,
        client_id: login.client_id.clone(),
        client_secret: None,
        flow: Flow::Device,
        scope: "openid offline_access okta.apps.sso".to_owned(),
        resource: None,
        token: Token::Id,
        // The device flow has none.
        redirect_uri: saml.idp_url.to_url(),
        auth_params: Vec::new(),
        ca_bundle: saml.http.ca_bundle.clone(),
    };
    let ui = run.person.map(AtTerminal);
    let ui = ui.as_ref().map(|ui| ui as &dyn LoginUi);
    let token = okta::page_token(&settings, &login.app_id, &Sealed(state), ui, run).await?;
    let page = format!("{home}/login/token/sso");
    let mut page = Url::parse(&page).map_err(|_| Error::new(Code::Bug, "Okta's address cannot be extended"))?;
    // Okta takes the token only there. Addresses are shown without their query, and no Referer is sent.
    page.query_pairs_mut().append_pair("token", token.expose());
    conversation::log_in_from(page, saml, run).await
}

struct AtTerminal<'a>(&'a dyn Person);

impl LoginUi for AtTerminal<'_> {
    fn visit(&self, page: &Page<'_>) {
        let code = page.user_code.unwrap_or_default();
        self.0.tell(&format!("To log in, visit:\n\n    {}\n\nand enter the code {code}.\n\n", page.url));
    }
}

/// The login state as store of the refresh token. It can only be replaced, so an empty text means no token.
struct Sealed<'a>(&'a dyn LoginState);

impl RefreshTokenStore for Sealed<'_> {
    fn load(&self) -> Result<Option<Secret>> {
        Ok(self.0.load().filter(|token| !token.is_empty()))
    }

    fn replace(&self, token: &Secret) -> Result<()> {
        self.0.store(token);
        Ok(())
    }

    fn forget(&self) -> Result<()> {
        self.replace(&Secret::new(String::new()))
    }
}
