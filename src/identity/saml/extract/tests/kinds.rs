//! The kind of each page, its product, and what it says.

use super::*;
use crate::identity::saml::extract::product::Product;

#[test]
fn pages_are_known_by_the_marks_of_their_product() {
    let table = [
        ("adfs-login", "looks like a login page of AD FS"),
        ("entra-login", "looks like a page that only a browser's script can build of Entra ID"),
        ("keycloak-login", "looks like a login page of Keycloak"),
        ("shibboleth-login", "looks like a login page of Shibboleth"),
        ("simplesamlphp-login", "is a login page of SimpleSAMLphp"),
        ("pingfederate-login", "looks like a login page of PingFederate"),
        ("google-user-name", "looks like a login page that asks for the user name first of Google"),
        ("okta-login", "looks like a page that only a browser's script can build of Okta"),
        ("keycloak-otp", "looks like a page that asks for a one-time code of Keycloak"),
        ("keycloak-error", "looks like an error page of Keycloak"),
        ("keycloak-new-password", "looks like a page that requires a new password of Keycloak"),
        ("adfs-error", "looks like an error page of AD FS"),
        ("shibboleth-consent", "looks like a page that asks for consent of Shibboleth"),
        ("simplesamlphp-error", "is an error page of SimpleSAMLphp"),
        ("simplesamlphp-post", "is a page with a SAML response of SimpleSAMLphp"),
        ("okta-post", "looks like a page with a SAML response of Okta"),
        ("shibboleth-post", "looks like a page with a SAML response"),
    ];
    for (name, expected) in table {
        assert_eq!(html(page(name)).summary.to_string(), expected, "{name}");
    }
}

#[test]
fn what_an_error_page_tells_is_told_and_nothing_of_others() {
    let table = [
        ("keycloak-error", Some("Invalid Request")),
        ("adfs-error", Some("An error occurred. Contact your administrator for more information.")),
        ("simplesamlphp-error", Some("Metadata not found")),
        ("keycloak-otp", Some("Invalid authenticator code.")),
        ("simplesamlphp-post", None),
        ("shibboleth-login", None),
    ];
    for (name, expected) in table {
        assert_eq!(html(page(name)).summary.says.as_deref(), expected, "{name}");
    }
    let hostile = html("<title>Error</title><h1>a\u{1b}[31m\u{202e}b</h1>");
    assert_eq!(hostile.summary.says.as_deref(), Some("a [31m b"));
}

#[test]
fn the_purpose_of_a_page_is_told_without_knowing_its_product() {
    let user = "<input name=user>";
    let password = "<input type=password name=pw>";
    let table = [
        (format!("<form method=post>{user}{password}</form>"), PageKind::Login),
        (format!("<form method=post>{password}{password}</form>"), PageKind::NewPassword),
        (
            "<form action=/in method=post><input name=user><input type=password name=pw></form>\
             <form action=/up method=post><input name=mail><input type=password name=n autocomplete=new-password></form>"
                .into(),
            PageKind::Login,
        ),
        ("<p>Open your Authenticator app and approve the request.</p><script>poll()</script>".into(), PageKind::SecondFactor),
        (
            "<p>We sent a push notification to your phone</p><form method=post action=/poll><input type=hidden name=x value=1></form>\
             <script>document.forms[0].submit()</script>"
                .into(),
            PageKind::SecondFactor,
        ),
        ("<h1>サインイン要求を承認する</h1><p>Authenticator アプリを開き、要求を承認してください。".into(), PageKind::SecondFactor),
        ("<h1>Check your email</h1><p>We have sent you a link.".into(), PageKind::SecondFactor),
        ("<p>We're calling your phone. Answer it to continue.</p><form method=post><noscript><button>Continue</button></noscript></form>".into(), PageKind::SecondFactor),
        ("<h1>Hello</h1><form method=post><input type=hidden name=s></form><script>setInterval(() => document.forms[0].submit(), 3000)</script>".into(), PageKind::ByScript),
        ("<form method=post><label>新しいパスワード<input type=password name=a></label><button>変更</button></form>".into(), PageKind::NewPassword),
        ("<h1>修改密码</h1><form method=post><input type=password name=a><button>保存</button></form>".into(), PageKind::NewPassword),
        ("<h1>Смена пароля</h1><form method=post><input type=password name=a><button>Сохранить</button></form>".into(), PageKind::NewPassword),
        ("<h1>비밀번호 변경</h1><form method=post><input type=password name=a><button>변경</button></form>".into(), PageKind::NewPassword),
        ("<form method=post><input type=password name=password autocomplete=new-password><button>OK</button></form>".into(), PageKind::NewPassword),
        ("<form method=post><input type=password name=password autocomplete=new-password><button>Sign in</button></form>".into(), PageKind::Login),
        (format!("<form method=post>{user}<input type=password name=pw autocomplete=new-password><button>Continue</button></form>"), PageKind::Login),
        (format!("<h1>新規登録</h1><form method=post>{user}{password}<button>登録</button></form>"), PageKind::Registration),
        (format!("<form method=post>{user}{password}<label>画像に表示されている文字<input name=c></label></form>"), PageKind::Captcha),
        (format!("<form method=post>{user}{password}<div class=geetest_slider></div></form>"), PageKind::Captcha),
        (format!("<form method=post>{user}{password}<input type=hidden name=g-recaptcha-response></form>"), PageKind::Captcha),
        (format!("<form method=post>{user}{password}<label>Type the numbers you hear<input name=c></label></form>"), PageKind::Captcha),
        ("<p>你好</p><form method=post><button>退出登录</button></form>".into(), PageKind::Portal),
        ("<title>二段階認証</title><form method=post><input name=auth></form>".into(), PageKind::SecondFactor),
        (
            "<p>Hello</p><form method=post action=/logout><input type=hidden name=t value=1><noscript><button>Sign out</button></noscript></form>"
                .into(),
            PageKind::Portal,
        ),
        (format!("<form method=post>{user}</form>"), PageKind::UserName),
        ("<form method=post><input name=c autocomplete=one-time-code></form>".into(), PageKind::Code),
        ("<form><input type=hidden name=a></form><script>f.submit()</script>".into(), PageKind::PassesOn),
        ("<form><input type=hidden name=SAMLResponse value=''></form>".into(), PageKind::SamlResponse),
        ("<form><input type=hidden name=wresult value=x></form>".into(), PageKind::WsFederation),
        ("<title>Access Denied</title>".into(), PageKind::Error),
        ("<form style='display:none'><input type=password name=p></form><p>hello".into(), PageKind::Other),
        ("".into(), PageKind::Other),
    ];
    for (body, expected) in table {
        assert_eq!(html(body.clone()).summary.kind, expected, "{body}");
    }
}

#[test]
fn a_page_that_says_nothing_is_known_by_its_address() {
    let table = [
        ("https://adfs.example.com/adfs/ls/IdpInitiatedSignOn.aspx", Some(Product::AdFs)),
        ("https://corp.okta.com/app/x/sso/saml", Some(Product::Okta)),
        ("https://sso.example.com/realms/corp/protocol/saml/clients/aws", Some(Product::Keycloak)),
        ("https://login.microsoftonline.com/t/saml2", Some(Product::Entra)),
        ("https://idp.example.com/idp/profile/SAML2/Unsolicited/SSO", Some(Product::Shibboleth)),
        ("https://idp.example.com/simplesaml/saml2/idp/SSOService.php", Some(Product::SimpleSamlPhp)),
        ("https://sso.example.com/idp/startSSO.ping", Some(Product::PingFederate)),
        ("https://accounts.google.com/o/saml2/initsso", Some(Product::Google)),
        ("https://evil-okta.com/", None),
        ("https://idp.example.com/", None),
    ];
    for (url, expected) in table {
        assert_eq!(Product::of_address(&url.parse().unwrap()), expected, "{url}");
    }
}

/// The saved pages, and what each is.
const PAGES: [(&str, PageKind, Option<Product>); 62] = [
    ("adfs-home-realm", PageKind::HomeRealm, Some(Product::AdFs)),
    ("adfs-rsa", PageKind::Code, Some(Product::AdFs)),
    ("adfs-french-disabled", PageKind::Login, Some(Product::AdFs)),
    ("msis-german", PageKind::Error, None),
    ("netiq-token", PageKind::Code, None),
    ("push", PageKind::SecondFactor, None),
    ("sms-german", PageKind::SecondFactor, None),
    ("duo-frame", PageKind::SecondFactor, None),
    ("google-challenge", PageKind::SecondFactor, Some(Product::Google)),
    ("enrol-device", PageKind::SecondFactor, None),
    ("captcha-recaptcha", PageKind::Captcha, None),
    ("captcha-image-french", PageKind::Captcha, None),
    ("cloudflare", PageKind::Captcha, None),
    ("keycloak-terms", PageKind::Consent, Some(Product::Keycloak)),
    ("shibboleth-consent", PageKind::Consent, Some(Product::Shibboleth)),
    ("simplesamlphp-consent", PageKind::Consent, Some(Product::SimpleSamlPhp)),
    ("new-password-spanish", PageKind::NewPassword, None),
    ("registration", PageKind::Registration, None),
    ("stay-french", PageKind::StaySignedIn, None),
    ("portal", PageKind::Portal, None),
    ("by-script-spa", PageKind::ByScript, None),
    ("pass-on-noscript", PageKind::PassesOn, None),
    ("netscaler-login", PageKind::Login, None),
    ("siteminder-login", PageKind::Login, None),
    ("f5-login", PageKind::Login, None),
    ("cas-change-password", PageKind::NewPassword, None),
    ("change-password-japanese", PageKind::NewPassword, None),
    ("siteminder-change-password", PageKind::NewPassword, None),
    ("rsa-new-pin", PageKind::NewPassword, None),
    ("captcha-code-german", PageKind::Captcha, None),
    ("captcha-image-chinese", PageKind::Captcha, None),
    ("captcha-image-russian", PageKind::Captcha, None),
    ("captcha-sum", PageKind::Captcha, None),
    ("captcha-widget-alone", PageKind::Captcha, None),
    ("captcha-without-form", PageKind::Captcha, None),
    ("captcha-after-login", PageKind::Captcha, None),
    ("login-with-pictures", PageKind::Login, None),
    ("login-beside-newsletter", PageKind::Login, None),
    ("two-logins", PageKind::Login, None),
    ("decoys-by-class", PageKind::Login, None),
    ("citrix-two-passwords", PageKind::Login, None),
    ("identifier-after-newsletter", PageKind::UserName, None),
    ("adfs-paginated", PageKind::UserName, Some(Product::AdFs)),
    ("enrol-totp", PageKind::Code, None),
    ("backup-code", PageKind::Code, None),
    ("grid-card", PageKind::Code, None),
    ("rsa-next-tokencode", PageKind::Code, Some(Product::AdFs)),
    ("security-question", PageKind::Code, None),
    ("security-question-text", PageKind::Code, None),
    ("keycloak-otp-choice", PageKind::Code, Some(Product::Keycloak)),
    ("keycloak-webauthn", PageKind::SecondFactor, Some(Product::Keycloak)),
    ("duo-universal-prompt", PageKind::SecondFactor, None),
    ("pingid-device", PageKind::SecondFactor, Some(Product::PingFederate)),
    ("sms-code-french", PageKind::Code, None),
    ("code-named-password", PageKind::Code, None),
    ("more-information-required", PageKind::SecondFactor, None),
    ("register-beside-login", PageKind::Login, None),
    ("logout-that-submits-itself", PageKind::Portal, None),
    ("consent-banner", PageKind::Consent, None),
    ("keycloak-update-profile", PageKind::Other, Some(Product::Keycloak)),
    ("session-limit", PageKind::Other, None),
    ("password-expires-soon", PageKind::Other, None),
];

#[test]
fn pages_of_each_kind_are_told_apart_without_a_false_product() {
    let wrong: Vec<String> = PAGES
        .iter()
        .filter_map(|(name, kind, product)| {
            let summary = html(page(name)).summary;
            let is_right = summary.kind == *kind && summary.product == *product;
            (!is_right).then(|| format!("{name}: {:?} of {:?}", summary.kind, summary.product))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_a_page_says_is_found_in_any_language_and_not_where_it_is_hidden() {
    let table = [
        (
            "<p class=fehlermeldung>Das Kennwort ist falsch.</p><form><input type=password></form>",
            Some("Das Kennwort ist falsch."),
        ),
        (
            "<div role=alert>Identifiant incorrect</div><form><input type=password></form>",
            Some("Identifiant incorrect"),
        ),
        ("<td><font color=red>Usuario o contraseña incorrectos</font></td><form><input type=password></form>", None),
        (
            "<form><b>Usuario o contraseña incorrectos</b><input type=password></form>",
            Some("Usuario o contraseña incorrectos"),
        ),
        ("<p class=error style='display:none'>Caps lock is on</p><form><input type=password></form>", None),
        ("<style>.error{display:none}</style><p class=error>Wrong</p><form><input type=password></form>", None),
        ("<p id=loginMessage>Sign in with your account</p><form><input type=password></form>", None),
        ("<div class=has-error><label>User</label><input name=user><input type=password></div>", None),
    ];
    for (body, expected) in table {
        let says = html(body).summary.says;
        // The parser takes a cell out of no table, and leaves its text.
        if body.starts_with("<td>") {
            assert!(says.is_some_and(|says| says.contains("incorrectos")), "{body}");
        } else {
            assert_eq!(says.as_deref(), expected, "{body}");
        }
    }
    assert_eq!(html(page("msis-german")).summary.msis.as_deref(), Some("MSIS7012"));
    assert!(html(page("adfs-french-disabled")).summary.says.is_some_and(|says| says.contains("désactivé")));
}

#[test]
fn a_response_is_found_where_the_expression_does_not_look() {
    let encoded = "PHNhbWxwOlJlc3BvbnNl".repeat(8);
    let table = [
        (format!("<form><textarea name=SAMLResponse>{encoded}</textarea></form>"), Some(Place::Textarea)),
        (format!("{{\"data\": {{\"SAMLResponse\": \"{encoded}\"}}}}"), Some(Place::Json)),
        (format!("[{{\"saml_response\": \"{encoded}\"}}]"), Some(Place::Json)),
        (format!("<script>post({{SAMLResponse: '{encoded}'}})</script>"), Some(Place::Script)),
        (format!("<script>f.append(\"SAMLResponse\", \"{encoded}\")</script>"), Some(Place::Script)),
        (format!("<iframe srcdoc=\"<input name='SAMLResponse' value='{encoded}'>\"></iframe>"), Some(Place::Frame)),
        ("<script>var SAMLResponse = 'short'</script>".to_owned(), None),
        (format!("<!-- SAMLResponse='{encoded}' -->"), None),
        (format!("<template><input name=SAMLResponse value={encoded}></template>"), None),
    ];
    for (body, expected) in table {
        let found = html(body.clone()).elsewhere;
        assert_eq!(found.as_ref().map(|found| found.place), expected, "{body}");
        assert!(found.is_none_or(|found| found.encoded.expose() == encoded), "{body}");
    }
}
