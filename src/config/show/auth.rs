//! `saml.auth` and the keys of its method, as they are in force.

use super::{Rows, path, program, quoted, source};
use crate::config::profile::{
    Auth, BrowserLogin, ChannelBindings, CommandLogin, Ecp, FormChoices, FormLogin, MutualAuthentication, Okta, Otp,
    Spnego,
};

impl Rows<'_, '_> {
    pub(super) fn auth(&mut self, auth: &Auth) {
        self.row("auth", quoted(auth.facts().name));
        match auth {
            Auth::None => {}
            Auth::Basic { username, password } | Auth::Ecp(Ecp::Basic { username, password }) => {
                self.row("username", quoted(username));
                self.row("password", source(password));
            }
            Auth::Bearer { token } => self.row("token", source(token)),
            Auth::Form(FormLogin {
                username,
                password,
                username_field,
                password_field,
                otp,
                otp_field,
                account_field,
                remember_field,
                choices,
            }) => {
                let FormChoices { form, button, fields } = choices.as_ref();
                self.row("username", quoted(username));
                self.row("password", source(password));
                self.or("username_field", username_field.as_ref().map(quoted), "found on the page");
                self.or("password_field", password_field.as_ref().map(quoted), "found on the page");
                match otp {
                    None => self.or("otp", None, "asked for by `login`"),
                    Some(Otp::Code(code)) => self.row("otp", source(code)),
                    Some(Otp::Secret(secret)) => self.row("otp_secret", source(secret)),
                }
                self.or("otp_field", otp_field.as_ref().map(quoted), "found on the page");
                self.or("account_field", account_field.as_ref().map(quoted), "found on the page");
                self.or("remember_field", remember_field.as_ref().map(quoted), "none: pages go as they are");
                self.or("form", form.as_ref().map(quoted), "found on the page");
                self.or("button", button.as_ref().map(quoted), "found on the page");
                let table = std::mem::replace(&mut self.table, "saml.form_fields");
                for (name, value) in fields {
                    self.row(name, quoted(value));
                }
                self.table = table;
            }
            Auth::Spnego(spnego) | Auth::Ecp(Ecp::Kerberos(spnego)) => self.spnego(spnego),
            Auth::Okta(Okta { client_id, app_id }) => {
                self.row("client_id", quoted(client_id));
                self.row("app_id", quoted(app_id));
            }
            Auth::Browser(BrowserLogin { program, is_headless_allowed, username }) => {
                self.or("browser", program.as_ref().map(quoted), "the first that is found");
                self.row("browser_headless", is_headless_allowed.to_string());
                self.or("username", username.as_ref().map(quoted), "whoever logs in there");
            }
            Auth::Command(CommandLogin { argv, username }) => {
                self.row("command", program(argv));
                self.or("username", username.as_ref().map(quoted), "only the command knows, so nothing is kept");
            }
        }
    }

    fn spnego(&mut self, spnego: &Spnego) {
        let Spnego { principal, keytab, mutual_authentication, channel_bindings } = spnego;

        self.or("principal", principal.as_ref().map(quoted), "whoever the tickets belong to");
        self.or("keytab", keytab.as_deref().map(path), "none: the ticket cache");
        let mode = match mutual_authentication {
            MutualAuthentication::Required => "required",
            MutualAuthentication::Optional => "optional",
            MutualAuthentication::Disabled => "disabled",
        };
        self.row("mutual_authentication", quoted(mode));
        let bindings = match channel_bindings {
            ChannelBindings::Auto => "auto",
            ChannelBindings::None => "none",
        };
        self.row("channel_bindings", quoted(bindings));
    }
}
