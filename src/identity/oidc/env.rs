//! `source = "env"`, and the services that put a token into a variable of their own: GitLab, CircleCI, HCP Terraform,
//! Bitbucket.

use zeroize::Zeroizing;

use super::token_file::one_token;
use crate::config::profile::Service;
use crate::error::{Code, Error, Result};
use crate::process::env::Env;
use crate::secret::Secret;
use crate::text::redact::shown_variable;

pub fn token(name: &str, env: &Env) -> Result<Secret> {
    first(&[name], env)?.ok_or_else(|| {
        missing(&format!("{} that `web_identity.token_env` names", shown_variable(name)))
            .hint("set it for this process, or name another variable in `web_identity.token_env`")
    })
}

/// The token that the service has put into the environment.
pub fn of_service(service: &Service, env: &Env) -> Result<Secret> {
    let variables: Vec<String> = service.variables.iter().map(|name| format!("${name}")).collect();
    first(service.variables, env)?.ok_or_else(|| missing(&variables.join(" or ")).hint(service.hint))
}

fn first(names: &[&str], env: &Env) -> Result<Option<Secret>> {
    let found = names.iter().find_map(|name| Some((name, Zeroizing::new(env.text(name)?))));
    found.map(|(name, text)| one_token(&text, &format!("${name}"))).transpose()
}

fn missing(variables: &str) -> Error {
    Error::new(Code::TokenMissing, format!("there is no token in {variables}"))
        .because("no such variable is set, or it is empty")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE: Service = Service {
        name: "ci",
        issuer: None,
        audience: None,
        variables: &["TOKEN_V2", "TOKEN"],
        hint: "run it in a context",
    };

    #[test]
    fn the_first_variable_that_is_set_has_the_token() {
        let old = Env::fixed([("TOKEN", "old"), ("TOKEN_V2", "")]);
        assert_eq!(of_service(&SERVICE, &old).unwrap().expose(), "old");
        let both = Env::fixed([("TOKEN", "old"), ("TOKEN_V2", "new\n")]);
        assert_eq!(of_service(&SERVICE, &both).unwrap().expose(), "new");
        assert_eq!(token("TOKEN", &both).unwrap().expose(), "old");
        let none = Env::fixed::<&str, &str>([]);
        let error = of_service(&SERVICE, &none).unwrap_err();
        assert_eq!(error.what, "there is no token in $TOKEN_V2 or $TOKEN");
        assert_eq!(error.hint.as_deref(), Some("run it in a context"));
        assert_eq!(token("TOKEN", &none).unwrap_err().code, Code::TokenMissing);
    }
}
