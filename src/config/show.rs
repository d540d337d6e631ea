//! What `config show` and `config path` tell: effective values with their origins, and the places that are looked at.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::airflow::meaning::Compat;
use super::airflow::policy::Policy;
use super::airflow::source::AirflowSource;
use super::cache::CacheSettings;
use super::locations::Locations;
use super::origin::Log;
use super::profile::{
    AssumeRole, AuthnRequest, Azure, Base, Google, Identity, IdpHttp, Kubernetes, Oidc, Parser, Profile, Retry, Saml,
    SecretSource, Session, StsTarget, TokenSource, WebIdentity,
};
use super::values::written_duration;
use super::written::{ConnectionProfile, WrittenProfile};
use crate::quote::config;

mod auth;

pub use super::origin::{Origin, Place};

/// A key of a profile as it is in force.
pub struct Setting<'c> {
    /// As in the file, below the profile: `region`, `saml.idp_url`, `saml.headers.Accept`.
    pub key: String,
    /// As TOML writes it; in parentheses, what holds in place of a value. A secret is shown as the place it is read from.
    pub value: String,
    pub origin: Origin<'c>,
}

/// The places of configuration and cache.
pub struct Paths {
    /// The user's file, then the machine's.
    pub files: Vec<ConfigPath>,
    pub cache_dir: Option<PathBuf>,
    /// Of the sealing key, where it lives in a file.
    pub key_file: Option<PathBuf>,
}

/// A file that is looked at.
pub struct ConfigPath {
    pub path: PathBuf,
    /// `--config`, `$FEDCRED_CONFIG`, or `user` and `machine` for the platform's own places.
    pub named_by: &'static str,
    pub exists: bool,
}

impl Paths {
    pub(super) fn of(locations: &Locations, cache: CacheSettings, exists: impl Fn(&Path) -> bool) -> Paths {
        let user = locations.user.iter().map(|path| (path, locations.named_by.unwrap_or("user")));
        let files = user.chain(locations.machine.iter().map(|path| (path, "machine")));
        let files = files.map(|(path, named_by)| ConfigPath { path: path.clone(), named_by, exists: exists(path) });
        Paths { files: files.collect(), cache_dir: cache.dir, key_file: cache.key_file }
    }
}

/// Every key of the profile. Each struct is taken apart, so that the compiler names a field that is not shown.
pub(super) fn settings<'c>(profile: &WrittenProfile, log: &Log<'c>) -> Vec<Setting<'c>> {
    let mut rows = Rows { log, table: "", settings: Vec::new() };
    match profile {
        WrittenProfile::Profile(profile) => rows.profile(profile, |rows, identity| match identity {
            Identity::Saml(saml) => rows.saml(saml),
            Identity::WebIdentity(identity) => rows.web_identity(identity),
            Identity::AssumeRole(role) => rows.assume_role(role, Rows::base),
            Identity::Base(base) => rows.base(base),
        }),
        WrittenProfile::RoleOnConnection(profile) => {
            rows.profile(profile, |rows, role| rows.assume_role(role, |rows, base| rows.source_profile(base.name())));
        }
        WrittenProfile::Connection(connection) => {
            let ConnectionProfile { name: _, deadline, source } = connection.as_ref();
            rows.airflow(source);
            rows.row("deadline", duration(*deadline));
        }
    }
    rows.settings
}

struct Rows<'l, 'c> {
    log: &'l Log<'c>,
    /// The table that the next rows stand in.
    table: &'static str,
    settings: Vec<Setting<'c>>,
}

impl Rows<'_, '_> {
    fn row(&mut self, key: &str, value: String) {
        let origin = self.log.origin(self.table, key);
        let key = if self.table.is_empty() { key.to_owned() } else { format!("{}.{key}", self.table) };
        self.settings.push(Setting { key, value, origin });
    }

    fn or(&mut self, key: &str, value: Option<String>, otherwise: &str) {
        self.row(key, value.unwrap_or_else(|| format!("({otherwise})")));
    }

    fn profile<I>(&mut self, profile: &Profile<I>, rest: impl FnOnce(&mut Self, &I)) {
        let Profile { name: _, role_arn, sts, session, deadline, identity } = profile;
        self.or("role_arn", role_arn.as_ref().map(quoted), "the one role on offer");
        self.sts(sts, role_arn.as_ref().map(|role| role.partition.default_region()));
        self.session(session);
        self.row("deadline", duration(*deadline));
        rest(self, identity);
    }

    fn sts(&mut self, sts: &StsTarget, default_region: Option<&str>) {
        // Of `http`, `airflow show` tells: no profile that is written has it.
        let StsTarget { region, endpoint_url, use_fips, use_dualstack, ca_bundle, http: _ } = sts;
        let otherwise = default_region.map_or("the default of the role's partition".into(), quoted);
        self.or("region", region.as_ref().map(quoted), &otherwise);
        self.or("sts_endpoint_url", endpoint_url.as_ref().map(quoted), "AWS STS of the region");
        self.row("use_fips_endpoint", use_fips.to_string());
        self.row("use_dualstack_endpoint", use_dualstack.to_string());
        // Not a key: AWS's trust is set by the variable alone.
        self.or("aws_ca_bundle", ca_bundle.as_deref().map(path), "the system's roots, or $AWS_CA_BUNDLE");
    }

    fn session(&mut self, session: &Session) {
        let Session { duration: length, policy, policy_arns } = session;
        self.or("duration", length.map(duration), "1h, the default of STS");
        self.or("policy", policy.as_ref().map(quoted), "none");
        self.row("policy_arns", list(policy_arns.iter().map(quoted)));
    }

    fn saml(&mut self, saml: &Saml) {
        let Saml { principal_arn, idp_url, authn_request, auth, xpath, parser, http, retry } = saml;
        self.table = "saml";
        self.row("idp_url", quoted(idp_url));
        self.or("principal_arn", principal_arn.as_ref().map(quoted), "the one the assertion pairs with the role");
        let request = match authn_request {
            AuthnRequest::None => "false".to_owned(),
            AuthnRequest::Redirect => quoted("redirect"),
            AuthnRequest::Post => quoted("post"),
        };
        self.row("authn_request", request);
        self.auth(auth);
        self.row("xpath", quoted(xpath));
        let parser = match parser {
            Parser::Html => "html",
            Parser::Xml => "xml",
            Parser::XmlThenHtml => "xml-then-html",
        };
        self.row("parser", quoted(parser));
        self.http(http);
        self.retry(retry);
    }

    fn http(&mut self, http: &IdpHttp) {
        let IdpHttp {
            ca_bundle,
            client_cert,
            proxy,
            timeout,
            verify,
            allow_http,
            idp_origins,
            headers,
            user_agent,
            // No keys of a profile: `airflow show` tells of them.
            cookies: _,
            body: _,
            follow_redirects: _,
        } = http;
        let (certificate, key) = client_cert.as_ref().map(|(certificate, key)| (path(certificate), path(key))).unzip();
        self.or("ca_bundle", ca_bundle.as_deref().map(path), "the system's roots");
        self.or("client_cert", certificate, "none");
        self.or("client_key", key, "none");
        self.or("proxy", proxy.as_ref().map(quoted), "as the environment says");
        self.row("timeout", duration(*timeout));
        self.row("verify", verify.to_string());
        self.row("allow_http", allow_http.to_string());
        self.row("idp_origins", list(idp_origins.iter().map(|origin| quoted(origin.ascii_serialization()))));
        self.or("user_agent", user_agent.as_ref().map(quoted), "fedcred's own");
        self.table = "saml.headers";
        for (name, value) in headers {
            self.row(name, if is_secret(name) { "[redacted]".to_owned() } else { quoted(value) });
        }
    }

    fn retry(&mut self, retry: &Retry) {
        let Retry { total, connect, read, status, backoff_factor, backoff_max, status_forcelist, respect_retry_after } =
            retry;
        self.table = "saml.retry";
        self.row("total", total.to_string());
        for (key, count) in [("connect", connect), ("read", read), ("status", status)] {
            if let Some(count) = count {
                self.row(key, count.to_string());
            }
        }
        self.row("backoff_factor", backoff_factor.to_string());
        self.row("backoff_max", duration(*backoff_max));
        self.row("status_forcelist", list(status_forcelist.iter().map(u16::to_string)));
        self.row("respect_retry_after", respect_retry_after.to_string());
    }
}

/// What a token's service or a role on top of another identity is asked for.
impl Rows<'_, '_> {
    fn oidc(&mut self, oidc: &Oidc) {
        let Oidc {
            issuer,
            client_id,
            client_secret,
            flow,
            scope,
            resource,
            token,
            redirect_uri,
            auth_params,
            ca_bundle,
        } = oidc;
        self.row("source", quoted("oidc"));
        self.row("issuer", quoted(issuer.as_written()));
        self.row("client_id", quoted(client_id));
        self.or("client_secret", client_secret.as_ref().map(source), "none: a public client");
        self.row("flow", quoted(flow.name()));
        self.row("scope", quoted(scope));
        self.or("resource", resource.as_ref().map(quoted), "none");
        self.row("token", quoted(token.name()));
        self.row("redirect_uri", quoted(redirect_uri));
        self.or("ca_bundle", ca_bundle.as_deref().map(path), "the system's roots");
        if !auth_params.is_empty() {
            self.table = "web_identity.auth_params";
            for (key, value) in auth_params {
                self.row(key, quoted(value));
            }
            self.table = "web_identity";
        }
    }

    fn web_identity(&mut self, identity: &WebIdentity) {
        let WebIdentity { source, session_name } = identity;
        self.table = "web_identity";
        match source {
            TokenSource::File(file) => {
                self.row("source", quoted("file"));
                self.row("token_file", path(file));
            }
            TokenSource::Env(name) => {
                self.row("source", quoted("env"));
                self.row("token_env", quoted(name));
            }
            TokenSource::Service(service) => self.row("source", quoted(service.name)),
            TokenSource::Command(argv) => {
                self.row("source", quoted("command"));
                self.row("command", program(argv));
            }
            TokenSource::GithubActions { audience } => {
                self.row("source", quoted("github-actions"));
                self.row("audience", quoted(audience));
            }
            TokenSource::Google(Google { audience }) => {
                self.row("source", quoted("google"));
                self.or("audience", audience.as_ref().map(quoted), "the client id, with a person's credentials");
            }
            TokenSource::Oidc(oidc) => self.oidc(oidc),
            TokenSource::Azure(Azure { audience, client_id }) => {
                self.row("source", quoted("azure"));
                self.or("audience", audience.as_ref().map(quoted), "that of the projected token");
                self.or("client_id", client_id.as_ref().map(quoted), "the one identity there is");
            }
            TokenSource::Kubernetes(Kubernetes {
                audience,
                namespace,
                service_account,
                token_lifetime,
                credentials_dir,
            }) => {
                self.row("source", quoted("kubernetes"));
                self.row("audience", quoted(audience));
                self.or("namespace", namespace.as_ref().map(quoted), "this pod's");
                self.or("service_account", service_account.as_ref().map(quoted), "this pod's");
                self.row("token_lifetime", duration(*token_lifetime));
                self.row("credentials_dir", path(credentials_dir));
            }
        }
        self.row("role_session_name", quoted(session_name));
    }

    fn assume_role<B>(&mut self, role: &AssumeRole<B>, show_base: impl FnOnce(&mut Self, &B)) {
        let AssumeRole { base, session_name, external_id, tags, transitive_tag_keys, source_identity, serial_number } =
            role;
        show_base(self, base);
        self.row("role_session_name", quoted(session_name));
        self.or("external_id", external_id.as_ref().map(quoted), "none");
        self.row("transitive_tag_keys", list(transitive_tag_keys.iter().map(quoted)));
        self.or("source_identity", source_identity.as_ref().map(quoted), "none");
        self.or("serial_number", serial_number.as_ref().map(quoted), "none");
        self.table = "assume_role.tags";
        for (key, value) in tags {
            self.row(key, quoted(value));
        }
    }

    fn source_profile(&mut self, name: &str) {
        self.table = "assume_role";
        self.row("source_profile", quoted(name));
    }

    fn base(&mut self, base: &Base) {
        self.table = "assume_role";
        match base {
            Base::Profile(profile) => self.source_profile(&profile.name),
            Base::AwsProfile(name) => self.row("aws_profile", quoted(name)),
            Base::Environment => self.row("credential_source", quoted("environment")),
            Base::Instance => self.row("credential_source", quoted("instance")),
            Base::Container => self.row("credential_source", quoted("container")),
            Base::Keys(keys) => self.row("access_key_id", quoted(&keys.access_key_id)),
        }
    }

    /// As it is written: what the connection says, `fedcred airflow show` tells.
    fn airflow(&mut self, source: &AirflowSource) {
        let AirflowSource { conn_id, connections, compat, fallback: _, region, policy, configuration: _ } = source;
        self.row("airflow_conn", quoted(conn_id));
        self.or("airflow_connections", connections.as_deref().map(path), "none");
        self.or("airflow_compat", (*compat == Compat::Nine).then(|| quoted("9")), "every documented field works");
        self.or("region", region.as_ref().map(quoted), "the connection's");
        let Policy { idp_origins, sts_endpoints } = policy;
        let origins = |origins: &[url::Origin]| list(origins.iter().map(|origin| quoted(origin.ascii_serialization())));
        self.table = "airflow";
        self.row("idp_origins", origins(idp_origins));
        self.row("sts_endpoints", origins(sts_endpoints));
        self.table = "";
    }
}

/// A secret's source. Of a command only the program: people put secrets into arguments.
fn source(source: &SecretSource) -> String {
    match source {
        SecretSource::Command(argv) => format!("{{ command = {} }}", program(argv)),
        SecretSource::File(file) => format!("{{ file = {} }}", path(file)),
        SecretSource::Env(name) => format!("{{ env = {} }}", quoted(name)),
        SecretSource::Credential(name) => format!("{{ credential = {} }}", quoted(name)),
        SecretSource::Keyring(_) => "{ keyring = true }".to_owned(),
    }
}

fn program(argv: &[String]) -> String {
    let rest = if argv.len() > 1 { ", …" } else { "" };
    format!("[{}{rest}]", quoted(argv.first().map_or("", String::as_str)))
}

/// Whether a header of this name is likely to hold a secret.
fn is_secret(header: &str) -> bool {
    let header = header.to_ascii_lowercase();
    ["auth", "token", "key", "secret", "passw", "session", "cred", "sign", "csrf"]
        .iter()
        .any(|word| header.contains(word))
}

pub(super) fn quoted(text: impl ToString) -> String {
    config::toml(&text.to_string())
}

fn path(path: &Path) -> String {
    quoted(path.display())
}

fn duration(duration: Duration) -> String {
    quoted(written_duration(duration))
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}
