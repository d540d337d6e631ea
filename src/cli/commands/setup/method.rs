//! The login methods that setup offers, one row each: what a profile has for it, what setup asks, and how this machine shows that
//! it is available.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::question::*;
use crate::config::settings;
use crate::process::env::Env;

/// The table of the profile that names the method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// `[profile.NAME.saml]`, `auth = …`
    Saml,
    /// `[profile.NAME.web_identity]`, `source = …`
    WebIdentity,
    /// `[profile.NAME.assume_role]`, `credential_source = …`
    AssumeRole,
}

impl Table {
    /// Its rows, and the key that says the method.
    pub fn written(self) -> (&'static settings::Table, &'static str) {
        match self {
            Table::Saml => (&settings::SAML, "auth"),
            Table::WebIdentity => (&settings::WEB_IDENTITY, "source"),
            Table::AssumeRole => (&settings::ASSUME_ROLE, "credential_source"),
        }
    }
}

#[derive(Debug)]
pub struct Method {
    /// The value of `--auth`.
    pub name: &'static str,
    /// Completes "logging in by …".
    pub in_words: &'static str,
    /// Describes it in a list.
    pub help: &'static str,
    pub table: Table,
    /// The value of the table's key.
    pub word: &'static str,
    /// Whether it sends a password.
    pub has_password: bool,
    /// Whether a person has to log in at a browser.
    pub by_hand: bool,
    pub asks: &'static [Question],
    /// Returns what shows that it is available on this machine.
    pub found: fn(&Env) -> Option<String>,
}

const SAML: Method = Method {
    name: "none",
    in_words: "nothing at all",
    help: "no authentication",
    table: Table::Saml,
    word: "none",
    has_password: false,
    by_hand: false,
    asks: &[CA_BUNDLE],
    found: |_| None,
};
const TOKEN: Method = Method { table: Table::WebIdentity, asks: &[], ..SAML };

/// The first one is used to open a page before the method is known.
pub static METHODS: &[Method] = &[
    SAML,
    Method {
        name: "form",
        in_words: "the form",
        help: "a login form",
        word: "form",
        has_password: true,
        asks: &[USERNAME, CA_BUNDLE],
        ..SAML
    },
    Method {
        name: "browser",
        in_words: "a browser",
        help: "a browser on this machine, for pages built by scripts and second factors",
        word: "browser",
        by_hand: true,
        asks: &[BROWSER_USER, CA_BUNDLE],
        ..SAML
    },
    Method {
        name: "spnego",
        in_words: "Kerberos",
        help: "a Kerberos ticket or keytab",
        word: "spnego",
        asks: &[PRINCIPAL, KEYTAB, CA_BUNDLE],
        ..SAML
    },
    Method {
        name: "basic",
        in_words: "HTTP Basic",
        help: "HTTP Basic",
        word: "basic",
        has_password: true,
        asks: &[USERNAME, CA_BUNDLE],
        ..SAML
    },
    Method {
        name: "okta",
        in_words: "Okta's device login",
        help: "a code entered at Okta once (Okta Identity Engine)",
        word: "okta",
        by_hand: true,
        asks: &[OKTA_CLIENT, OKTA_APP, CA_BUNDLE],
        ..SAML
    },
    Method {
        name: "ecp",
        in_words: "SAML ECP with a password",
        help: "SAML ECP with user name and password (Shibboleth)",
        word: "ecp",
        has_password: true,
        asks: &[USERNAME, CA_BUNDLE],
        ..SAML
    },
    Method {
        name: "ecp-kerberos",
        in_words: "SAML ECP with Kerberos",
        help: "SAML ECP with a Kerberos ticket or keytab",
        word: "ecp",
        asks: &[PRINCIPAL, KEYTAB, CA_BUNDLE],
        ..SAML
    },
    Method {
        name: "command",
        in_words: "a command",
        help: "a command of your own that prints the SAML response",
        word: "command",
        asks: &[SAML_COMMAND, BROWSER_USER],
        ..SAML
    },
    Method {
        name: "oidc",
        in_words: "an OpenID provider",
        help: "an OpenID provider at which you log in (Entra ID, Keycloak, Google and others)",
        word: "oidc",
        by_hand: true,
        asks: &[ISSUER, CLIENT_ID, FLOW, CA_BUNDLE],
        ..TOKEN
    },
    // The jobs of services that issue tokens.
    Method {
        name: "github-actions",
        in_words: "GitHub Actions",
        help: "the token of a GitHub Actions job",
        word: "github-actions",
        asks: &[AUDIENCE],
        found: |env| is_set(env, &["ACTIONS_ID_TOKEN_REQUEST_URL"]),
        ..TOKEN
    },
    Method {
        name: "gitlab",
        in_words: "GitLab",
        help: "the token of a GitLab job",
        word: "gitlab",
        found: |env| is_set(env, &["GITLAB_OIDC_TOKEN", "CI_JOB_JWT_V2"]),
        ..TOKEN
    },
    Method {
        name: "circleci",
        in_words: "CircleCI",
        help: "the token of a CircleCI job",
        word: "circleci",
        found: |env| is_set(env, &["CIRCLE_OIDC_TOKEN_V2", "CIRCLE_OIDC_TOKEN"]),
        ..TOKEN
    },
    Method {
        name: "terraform",
        in_words: "HCP Terraform",
        help: "the token of an HCP Terraform run",
        word: "terraform",
        found: |env| is_set(env, &["TFC_WORKLOAD_IDENTITY_TOKEN"]),
        ..TOKEN
    },
    Method {
        name: "bitbucket",
        in_words: "Bitbucket",
        help: "the token of a Bitbucket step",
        word: "bitbucket",
        found: |env| is_set(env, &["BITBUCKET_STEP_OIDC_TOKEN"]),
        ..TOKEN
    },
    Method {
        name: "file",
        in_words: "a token file",
        help: "a token in a file that another program renews (EKS IRSA, projected tokens)",
        word: "file",
        asks: &[TOKEN_FILE],
        found: |env| is_set(env, &["AWS_WEB_IDENTITY_TOKEN_FILE"]),
        ..TOKEN
    },
    Method {
        name: "env",
        in_words: "a token variable",
        help: "a token in an environment variable",
        word: "env",
        asks: &[TOKEN_ENV],
        ..TOKEN
    },
    Method {
        name: "azure",
        in_words: "Azure",
        help: "the managed identity of an Azure machine, or AKS workload identity",
        word: "azure",
        asks: &[AZURE_AUDIENCE, AZURE_CLIENT],
        found: |env| {
            is_set(env, &["AZURE_FEDERATED_TOKEN_FILE", "IDENTITY_ENDPOINT"])
                .or_else(|| says("/sys/class/dmi/id/chassis_asset_tag", AZURE_TAG, "an Azure machine"))
        },
        ..TOKEN
    },
    Method {
        name: "google",
        in_words: "Google",
        help: "a Google service account: metadata server, or Application Default Credentials",
        word: "google",
        asks: &[GOOGLE_AUDIENCE],
        found: |env| {
            is_set(env, &["GOOGLE_APPLICATION_CREDENTIALS", "GCE_METADATA_HOST", "K_SERVICE"]).or_else(|| {
                says("/sys/class/dmi/id/product_name", "Google Compute Engine", "a machine of Google Cloud")
            })
        },
        ..TOKEN
    },
    Method {
        name: "kubernetes",
        in_words: "Kubernetes",
        help: "a token for this pod's service account, requested from its cluster",
        word: "kubernetes",
        asks: &[AUDIENCE],
        found: |env| is_set(env, &["KUBERNETES_SERVICE_HOST"]),
        ..TOKEN
    },
    Method {
        name: "container",
        in_words: "the container's credentials",
        help: "a role on top of the AWS credentials of this container (EKS Pod Identity, ECS)",
        table: Table::AssumeRole,
        word: "container",
        found: |env| is_set(env, &["AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]),
        ..TOKEN
    },
];

/// The tag that every virtual machine of Azure has (Microsoft, "Azure Instance Metadata Service", attested data).
const AZURE_TAG: &str = "7783-7084-3265-9085-8269-3286-77";

/// Returns the method that `--auth` calls `name`.
pub fn named(name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.name == name)
}

/// Returns the methods that are available on this machine, and what shows it.
pub fn found(env: &Env) -> Vec<(&'static Method, String)> {
    METHODS.iter().filter_map(|method| Some((method, (method.found)(env)?))).collect()
}

/// Returns the parser of `--auth`.
pub fn parser() -> impl TypedValueParser<Value = &'static Method> {
    let values = METHODS.iter().map(|method| PossibleValue::new(method.name).help(method.help));
    PossibleValuesParser::new(values).try_map(|name| named(&name).ok_or("there is no such method"))
}

fn is_set(env: &Env, variables: &[&str]) -> Option<String> {
    variables.iter().find(|name| env.os(name).is_some()).map(|name| format!("{name} is set"))
}

/// Returns "this is …" if a file of the kernel's has this text.
fn says(path: &str, wanted: &str, in_words: &str) -> Option<String> {
    use crate::file::{self, kind};
    let text = file::text(std::path::Path::new(path), &kind::PAGE).ok()?;
    (text.trim() == wanted).then(|| format!("this is {in_words}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::{self, Kind};

    /// The table of a method, and the words that its key can be.
    fn row(table: Table) -> (&'static settings::Table, Vec<&'static str>) {
        let (table, key) = match table {
            Table::Saml => (&settings::SAML, "auth"),
            Table::WebIdentity => (&settings::WEB_IDENTITY, "source"),
            Table::AssumeRole => (&settings::ASSUME_ROLE, "credential_source"),
        };
        let Kind::Words(words) = table.row(key).unwrap().kind else { panic!("{key} is no word") };
        (table, words())
    }

    #[test]
    fn every_row_writes_what_the_configuration_knows() {
        for method in METHODS {
            let (table, words) = row(method.table);
            assert!(words.contains(&method.word), "{}", method.name);
            for question in method.asks {
                assert!(table.row(question.key).is_some(), "{} asks for {}", method.name, question.key);
            }
        }
    }

    #[test]
    fn every_source_of_tokens_and_every_method_of_saml_is_offered() {
        // A bearer token is a machine's, and a command that prints a token is written by who has one.
        for (table, left_out) in [(Table::Saml, "bearer"), (Table::WebIdentity, "command")] {
            for word in row(table).1.into_iter().filter(|word| *word != left_out) {
                assert!(METHODS.iter().any(|method| method.table == table && word == method.word), "{word}");
            }
        }
    }

    #[test]
    fn a_machine_speaks_for_a_source_by_its_variables() {
        let env = Env::fixed([("ACTIONS_ID_TOKEN_REQUEST_URL", "https://x"), ("CI_JOB_JWT_V2", "x")]);
        let found = found(&env);
        let names: Vec<&str> = found.iter().map(|(method, _)| method.name).collect();
        assert!(names.starts_with(&["github-actions", "gitlab"]), "{names:?}");
        assert_eq!(found[0].1, "ACTIONS_ID_TOKEN_REQUEST_URL is set");
    }
}
