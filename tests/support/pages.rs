//! The pages of identity providers, as HTML.

/// Text for an attribute or an element.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A page around `body`.
pub fn page(body: &str) -> String {
    format!("<!DOCTYPE html>\n<html><head><title>Example sign-in</title></head>\n<body>{body}</body></html>\n")
}

/// `<input type="hidden">` for each pair.
pub fn hidden(fields: &[(&str, &str)]) -> String {
    let input = |(name, value): &(&str, &str)| {
        format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">\n", escape(name), escape(value))
    };
    fields.iter().map(input).collect()
}

/// A form that asks for user and password, with one hidden field that must come back.
pub fn login_form(action: &str) -> String {
    page(&format!(
        r#"<h1>Sign in</h1>
<form method="post" action="{}">
{}<label>User <input type="text" name="username" autocomplete="username"></label>
<label>Password <input type="password" name="password" autocomplete="current-password"></label>
<input type="checkbox" name="remember" value="1">
<button type="submit" name="login" value="go">Sign in</button>
</form>"#,
        escape(action),
        hidden(&[("csrf", CSRF)])
    ))
}

/// The hidden field of [`login_form`]: with characters that must survive HTML and form encoding.
pub const CSRF: &str = "c+s&r=f \"1\"";

/// The first page of an identifier-first login: no password on it.
pub fn identifier_form(action: &str) -> String {
    page(&format!(
        r#"<form method="post" action="{action}"><input type="email" name="loginfmt" placeholder="user@example.test"><input type="submit" value="Next"></form>"#
    ))
}

/// The page after it: the user is shown, the password asked for.
pub fn password_only_form(action: &str) -> String {
    page(&format!(
        r#"<form method="post" action="{action}">{}<input type="password" name="passwd"><input type="submit" value="Sign in"></form>"#,
        hidden(&[("flow", "f-1")])
    ))
}

/// A page that asks for a new password: `inputs` password fields, 2 (new, again) or 3 (old, new, again).
pub fn change_password_form(action: &str, inputs: usize) -> String {
    let names = ["old_password", "new_password", "confirm_password"];
    let fields: String = names[3 - inputs..]
        .iter()
        .map(|name| format!(r#"<label>{name} <input type="password" name="{name}"></label>"#))
        .collect();
    page(&format!(
        r#"<h1>Your password has expired</h1><form method="post" action="{action}">{fields}<button>Change</button></form>"#
    ))
}

/// A page that asks for a one-time code.
pub fn one_time_code_form(action: &str) -> String {
    page(&format!(
        r#"<h1>Verify it is you</h1><form method="post" action="{action}"><input type="text" name="otp" inputmode="numeric" autocomplete="one-time-code"><button>Verify</button></form>"#
    ))
}

/// A form that a browser would submit by itself, with hidden fields only: the HTTP POST binding.
pub fn auto_submit(action: &str, fields: &[(&str, &str)]) -> String {
    format!(
        "<html><body onload=\"document.forms[0].submit()\">\n<form method=\"POST\" action=\"{}\">\n{}<noscript><input type=\"submit\" value=\"Continue\"></noscript>\n</form></body></html>\n",
        escape(action),
        hidden(fields)
    )
}
