//! `source = "env"`, and the services that put a token into a variable of their own: GitLab, CircleCI, HCP Terraform,
//! Bitbucket.

use super::token_file::one_token;
use crate::config::env::Env;
use crate::error::{Code, Error, Result};
use crate::secret::Secret;

/// The token in the first of these variables that is set.
pub fn token(names: &[String], env: &Env) -> Result<Secret> {
    let found = names.iter().find_map(|name| Some((name, env.text(name)?)));
    let Some((name, text)) = found else {
        let shown: Vec<String> = names.iter().map(|name| format!("${name}")).collect();
        return Err(Error::new(Code::TokenMissing, format!("there is no token in {}", shown.join(" or ")))
            .because("the variable is not set, or empty")
            .hint(hint(names)));
    };
    one_token(&zeroize::Zeroizing::new(text), &format!("${name}"))
}

fn hint(names: &[String]) -> &'static str {
    match names.first().map(String::as_str) {
        Some("GITLAB_OIDC_TOKEN") => {
            "give the job `id_tokens: { GITLAB_OIDC_TOKEN: { aud: https://gitlab.example.com } }`, or name its variable in `token_env`"
        }
        Some("CIRCLE_OIDC_TOKEN_V2") => "run the job in a context: only then does CircleCI issue a token",
        Some("TFC_WORKLOAD_IDENTITY_TOKEN") => "set TFC_WORKLOAD_IDENTITY_AUDIENCE in the workspace",
        Some("BITBUCKET_STEP_OIDC_TOKEN") => "add `oidc: true` to the step",
        _ => "set it in the environment of this process, or name another one in `token_env`",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_has_the_token() {
        let names = ["CIRCLE_OIDC_TOKEN_V2".to_owned(), "CIRCLE_OIDC_TOKEN".to_owned()];
        let old = Env::fixed([("CIRCLE_OIDC_TOKEN", "old"), ("CIRCLE_OIDC_TOKEN_V2", "")]);
        assert_eq!(token(&names, &old).unwrap().expose(), "old");
        let both = Env::fixed([("CIRCLE_OIDC_TOKEN", "old"), ("CIRCLE_OIDC_TOKEN_V2", "new\n")]);
        assert_eq!(token(&names, &both).unwrap().expose(), "new");
        let error = token(&names, &Env::fixed::<&str, &str>([])).unwrap_err();
        assert_eq!(error.what, "there is no token in $CIRCLE_OIDC_TOKEN_V2 or $CIRCLE_OIDC_TOKEN");
        assert!(error.hint.unwrap().contains("context"));
    }
}
