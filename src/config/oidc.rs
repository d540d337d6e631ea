//! `[profile.NAME.web_identity]` with `source = "oidc"`: a person or a machine logs in at an OpenID provider.

use std::path::PathBuf;

use url::Url;

use super::found::Found;
use super::names::Names;
use super::reader::Section;
use super::secrets::{Account, SecretSource};
use super::words::words;
use super::{secrets, urls, values};
use crate::address::IssuerUrl;
use crate::error::{Code, Result};
use crate::host_name::HostName;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oidc {
    /// As written: the provider's own name must be equal to it, character by character.
    pub issuer: IssuerUrl,
    pub client_id: String,
    /// Absent for a public client, as programs for people are (RFC 8252 §8.4).
    pub client_secret: Option<SecretSource>,
    pub flow: Flow,
    /// Words separated by blanks.
    pub scope: String,
    /// What the token is for (RFC 8707), if the provider requires it.
    pub resource: Option<String>,
    pub token: Token,
    /// The address to which the browser returns: plain http on loopback. Without a port, any free one is used (RFC 8252
    /// §7.3).
    pub redirect_uri: Url,
    /// Added to the authorization request; they replace parameters of the same name.
    pub auth_params: Vec<(String, String)>,
    /// Replaces the system's roots for the provider.
    pub ca_bundle: Option<PathBuf>,
}

impl Oidc {
    /// Returns the account under which a person's refresh token is stored. No user name begins with a blank.
    pub fn account(&self) -> Account {
        Account { idp_origin: self.issuer.as_written().to_owned(), user: Some(format!(" client {}", self.client_id)) }
    }
}

/// The kind of login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Authorization code with PKCE, in a browser on this machine.
    Browser,
    /// A code that is typed into a browser anywhere (RFC 8628).
    Device,
    /// The client itself, by its secret, without a person (RFC 6749 §4.4).
    ClientCredentials,
}

/// The token of the provider that is sent to AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    Id,
    /// The access token of a provider that issues it as a JWT (RFC 9068).
    Access,
}

words!(Flow { Browser = "browser", Device = "device", ClientCredentials = "client-credentials" });
words!(Token { Id = "id", Access = "access" });

/// A person's login requests an id_token, and a refresh token for later runs.
pub const SCOPE_OF_A_PERSON: &str = "openid offline_access";
/// Any free port, which RFC 8252 §7.3 has providers accept.
const REDIRECT_URI: &str = "http://127.0.0.1/callback";
/// Entra ID allows any port, and plain http, for this name only (Microsoft identity platform, "Redirect URI (reply URL)
/// restrictions and limitations", localhost exceptions).
const REDIRECT_URI_OF_ENTRA: &str = "http://localhost";

/// Whether the issuer is Microsoft Entra ID, in any of its clouds.
pub fn is_entra(issuer: &Url) -> bool {
    let hosts = [
        "login.microsoftonline.com",
        "login.microsoftonline.us",
        "login.partner.microsoftonline.cn",
        "login.chinacloudapi.cn",
        "sts.windows.net",
        "ciamlogin.com",
    ];
    HostName::of(issuer).is_some_and(|name| name.is_within_any(&hosts))
}

fn default_redirect_uri(issuer: &Url) -> Option<Url> {
    Url::parse(if is_entra(issuer) { REDIRECT_URI_OF_ENTRA } else { REDIRECT_URI }).ok()
}

/// Reads the keys of this source. Faults go into the section's log.
pub fn read(table: &Section<'_, '_>) -> Option<Oidc> {
    let (issuer, client_id) = (table.needed::<IssuerUrl>("issuer"), table.needed("client_id"));
    let client_secret = table.read("client_secret", client_secret);
    let flow = table.value("flow")?;
    let is_machine = flow == Flow::ClientCredentials;
    if is_machine && table.find("client_secret").is_none() {
        table.log().error(table.missing("client_secret"));
    }
    let scope = if is_machine { "" } else { SCOPE_OF_A_PERSON };
    // RFC 6749 §4.4 has no id_token.
    let token = if is_machine { Token::Access } else { Token::Id };
    let issuer = issuer?;
    Some(Oidc {
        client_id: client_id?,
        client_secret,
        flow,
        scope: table.get("scope").unwrap_or_else(|| table.instead("scope", scope.to_owned())),
        resource: table.get("resource"),
        token: table.get("token").unwrap_or_else(|| table.instead("token", token)),
        redirect_uri: match table.read("redirect_uri", urls::redirect) {
            Some(uri) => uri,
            None => table.instead("redirect_uri", default_redirect_uri(&issuer)?),
        },
        auth_params: table.map("auth_params", auth_param),
        ca_bundle: table.get("ca_bundle"),
        issuer,
    })
}

/// Reads the place of the client's secret. `fedcred login` stores refresh tokens, but no client secrets.
fn client_secret(found: &Found<'_>) -> Result<SecretSource> {
    match secrets::source(found, &Account::default())? {
        SecretSource::Keyring(_) => Err(found
            .error(Code::InvalidValue, "cannot be { keyring = true }: `fedcred login` does not store it")
            .hint(found.row.example)),
        source => Ok(source),
    }
}

/// Parameters that bind an answer to its request; users cannot set them (RFC 6749 §10.12, RFC 7636, OpenID Connect Core
/// §3.1.2.1).
const OURS: Names = Names(
    "response_type response_mode client_id client_secret redirect_uri state nonce code_challenge \
     code_challenge_method request request_uri",
);

fn auth_param(found: &Found<'_>) -> Result<(String, String)> {
    if OURS.has(&found.key.to_ascii_lowercase()) {
        return Err(found.error(Code::InvalidValue, "is set by fedcred itself"));
    }
    if found.key == "scope" || found.key == "resource" {
        return Err(found.error(Code::InvalidValue, "has its own setting beside `auth_params`"));
    }
    Ok((found.key.to_owned(), values::text(found)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::origin::{Log, SourceFile};
    use crate::config::reader::Layer;
    use crate::config::settings::WEB_IDENTITY;
    use crate::config::tree::Table;

    /// What stands in the table `web_identity`, or the errors.
    fn read_toml(lines: &str) -> std::result::Result<Oidc, String> {
        let (path, dir) = ("/c/config.toml".into(), "/c".into());
        let root = Table::parse(lines, "config.toml").unwrap();
        let file = SourceFile { path, shown: "config.toml".into(), dir, home: None, is_machine: false, root };
        let layer = Layer { table: &file.root, line: 1, file: &file, profile: Some("x"), included: false, rank: 0 };
        let log = Log::default();
        let section = Section::new(&log, &WEB_IDENTITY, vec![layer]);
        let oidc = read(&section);
        section.finish();
        match log.take_errors().first() {
            Some(error) => Err(format!("{error} {:?} {:?}", error.causes, error.hint)),
            None => Ok(oidc.unwrap()),
        }
    }

    const CLIENT: &str = "issuer = \"https://idp.example.com/\"\nclient_id = \"us\"\n";

    #[test]
    fn a_person_needs_no_more_than_issuer_and_client() {
        let expected = Oidc {
            issuer: IssuerUrl::parse("https://idp.example.com/").unwrap(),
            client_id: "us".into(),
            client_secret: None,
            flow: Flow::Browser,
            scope: "openid offline_access".into(),
            resource: None,
            token: Token::Id,
            redirect_uri: Url::parse("http://127.0.0.1/callback").unwrap(),
            auth_params: vec![],
            ca_bundle: None,
        };
        assert_eq!(read_toml(CLIENT), Ok(expected));
    }

    #[test]
    fn entra_is_asked_to_come_back_by_the_name_that_it_takes() {
        let entra = CLIENT.replace("https://idp.example.com/", "https://login.microsoftonline.com/t/v2.0");
        assert_eq!(read_toml(&entra).unwrap().redirect_uri.as_str(), "http://localhost/");
        let set = format!("{entra}redirect_uri = \"http://127.0.0.1:7000/x\"\n");
        assert_eq!(read_toml(&set).unwrap().redirect_uri.as_str(), "http://127.0.0.1:7000/x");
        assert!(!is_entra(&Url::parse("https://login.microsoftonline.com.evil.example/").unwrap()));
    }

    #[test]
    fn a_machine_asks_for_an_access_token_and_for_nothing_else() {
        let lines = format!("{CLIENT}flow = \"client-credentials\"\nclient_secret = {{ env = \"SECRET\" }}\n");
        let oidc = read_toml(&lines).unwrap();
        assert_eq!((oidc.flow, oidc.token, oidc.scope.as_str()), (Flow::ClientCredentials, Token::Access, ""));
        assert_eq!(oidc.client_secret, Some(SecretSource::Env("SECRET".into())));
    }

    #[test]
    fn an_issuer_is_kept_to_the_letter() {
        for issuer in ["https://IDP.example.com", "https://idp.example.com/", "https://idp.example.com:443/a/"] {
            let oidc = read_toml(&CLIENT.replace("https://idp.example.com/", issuer)).unwrap();
            assert_eq!(oidc.issuer.as_written(), issuer);
        }
    }

    #[test]
    fn what_cannot_be_is_told_with_its_key() {
        let table = [
            ("client_id = \"us\"", "missing-key", "`issuer`"),
            ("issuer = \"https://i\"", "missing-key", "`client_id`"),
            ("issuer = \"http://idp.example.com\"\nclient_id = \"us\"", "url-not-allowed", "`issuer`"),
            ("issuer = \"https://i/?tenant=x\"\nclient_id = \"us\"", "invalid-value", "`issuer`"),
            ("CLIENT flow = \"implicit\"", "invalid-value", "`flow`"),
            ("CLIENT flow = \"client-credentials\"", "missing-key", "`client_secret`"),
            ("CLIENT client_secret = \"hunter2\"", "invalid-value", "`client_secret`"),
            ("CLIENT client_secret = { keyring = true }", "invalid-value", "`client_secret`"),
            ("CLIENT redirect_uri = \"https://127.0.0.1/callback\"", "invalid-value", "`redirect_uri`"),
            ("CLIENT redirect_uri = \"http://example.com/callback\"", "url-not-allowed", "`redirect_uri`"),
            ("CLIENT secret = \"x\"", "unknown-key", "`secret`"),
        ];
        for (lines, code, key) in table {
            let error = read_toml(&lines.replace("CLIENT ", CLIENT)).unwrap_err();
            assert!(error.starts_with(&format!("error[{code}]")) && error.contains(key), "{lines}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
