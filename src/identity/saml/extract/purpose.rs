//! What an input or a form is for, by the names that identity providers give them.

use super::{Form, Input};

impl Input {
    /// Asks for the user's name. Names that IdPs give it: AD FS `UserName`, Entra `loginfmt`, Keycloak and SimpleSAMLphp
    /// `username`, Shibboleth `j_username`, Okta `identifier`, PingFederate `pf.username`, Google `Email`.
    pub fn asks_for_user(&self) -> bool {
        let says_so = |a: &str| a.split_whitespace().any(|word| word.eq_ignore_ascii_case("username"));
        self.autocomplete.as_deref().is_some_and(says_so)
            || self.is_named_like(&["user", "login", "email", "identifier", "account", "uid", "userid"])
    }

    /// Asks for a one-time code: by its `autocomplete`, or by the names IdPs give it.
    pub fn asks_for_code(&self) -> bool {
        if !self.is_usable() || !matches!(self.kind.as_str(), "text" | "tel" | "number") {
            return false;
        }
        self.autocomplete.as_deref() == Some("one-time-code")
            || self.is_named_like(&["otp", "code", "token", "mfa", "totp", "passcode", "challenge", "answer", "pin"])
    }

    /// Can be seen, used, and takes a line of text.
    pub fn takes_text(&self) -> bool {
        self.is_usable() && matches!(self.kind.as_str(), "text" | "email" | "tel")
    }

    /// Can be seen, used, and takes a password.
    pub fn takes_password(&self) -> bool {
        self.is_usable() && self.kind == "password"
    }

    fn is_usable(&self) -> bool {
        self.is_visible && !self.is_disabled
    }

    pub fn is_named_like(&self, words: &[&str]) -> bool {
        [&self.name, &self.id].into_iter().flatten().any(|name| {
            let name = name.to_ascii_lowercase();
            words.iter().any(|word| name.contains(word))
        })
    }
}

/// A form that a browser would send by itself: nothing on it to fill in, and the page's script sends it, or it is the
/// only form and there is nothing but its button to press.
pub fn passes_on(forms: &[Form], has_submit_script: bool) -> Option<usize> {
    let only_hidden = |form: &Form| {
        let is_button = |kind: &str| matches!(kind, "submit" | "button" | "image");
        form.inputs.iter().any(|i| i.kind == "hidden" && i.name.is_some())
            && form.inputs.iter().all(|i| !i.is_visible || is_button(&i.kind))
    };
    let mut fitting = forms.iter().enumerate().filter(|(_, form)| only_hidden(form)).map(|(index, _)| index);
    let (Some(first), None) = (fitting.next(), fitting.next()) else { return None };
    (forms.len() == 1 || has_submit_script).then_some(first)
}
