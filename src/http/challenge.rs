//! `WWW-Authenticate` and `Proxy-Authenticate`: the offered schemes (RFC 9110 §11.6.1). One header may have several challenges,
//! separated by commas, and a quoted realm may contain commas.

/// One challenge.
#[derive(Debug, PartialEq, Eq)]
pub struct Challenge<'a> {
    /// The scheme as the server writes it.
    pub scheme: &'a str,
    /// A token68 or the first word of the parameters; empty if there is neither.
    pub token: &'a str,
}

impl Challenge<'_> {
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }
}

/// Returns the challenges of all headers of that name, in order.
pub fn challenges<'a>(headers: impl IntoIterator<Item = &'a str>) -> Vec<Challenge<'a>> {
    headers.into_iter().flat_map(parts).filter_map(challenge).collect()
}

/// Returns the names of the schemes, each once, as text: `Negotiate and NTLM`.
pub fn in_words(challenges: &[Challenge<'_>]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for challenge in challenges {
        if !names.iter().any(|name| challenge.is(name)) {
            names.push(challenge.scheme);
        }
    }
    match names.as_slice() {
        [] => "no scheme".to_owned(),
        [one] => (*one).to_owned(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

/// The items of a list, separated by commas outside of quotes.
fn parts(header: &str) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    header.split(move |c| {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ => {}
        }
        c == ',' && !is_quoted
    })
}

/// The challenge that begins with this item. `None` if it is a parameter of the one before.
fn challenge(item: &str) -> Option<Challenge<'_>> {
    let item = item.trim();
    let (scheme, rest) = item.split_once(char::is_whitespace).unwrap_or((item, ""));
    let rest = rest.trim_start();
    let is_name = !scheme.is_empty()
        && scheme.len() <= 40
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let token = rest.split_whitespace().next().unwrap_or_default();
    (is_name && !rest.starts_with('=')).then_some(Challenge { scheme, token })
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn every_scheme_is_found_whatever_the_realms_say(
            offers in proptest::collection::vec(("[A-Za-z][A-Za-z0-9-]{0,9}", "[ -~]{0,20}"), 1..4),
        ) {
            let header = offers.iter().map(|(scheme, realm)| {
                format!("{scheme} realm=\"{}\"", realm.replace('\\', "\\\\").replace('"', "\\\""))
            });
            let header = header.collect::<Vec<_>>().join(", ");
            let found: Vec<_> = challenges([header.as_str()]).iter().map(|challenge| challenge.scheme.to_owned()).collect();
            proptest::prop_assert_eq!(found, offers.into_iter().map(|(scheme, _)| scheme).collect::<Vec<_>>());
        }

        #[test]
        fn any_header_can_be_read(header in "\\PC{0,60}") {
            challenges([header.as_str()]);
        }
    }

    #[test]
    fn schemes_are_told_from_parameters_wherever_the_commas_stand() {
        let table: [(&[&str], &str, &str); 7] = [
            (&["Negotiate", "NTLM"], "Negotiate and NTLM", ""),
            (&["Basic realm=\"Corp, Inc., Negotiate zone\", Negotiate YII="], "Basic and Negotiate", "YII="),
            (
                &["Digest realm=\"a \\\", b\", qop = \"auth\", nonce=\"n\", NTLM, negotiate"],
                "Digest, NTLM and negotiate",
                "",
            ),
            (&["Bearer realm=x,error=\"invalid_token\""], "Bearer", ""),
            (&["NTLM TlRMTVNTUAAC", "ntlm"], "NTLM", ""),
            (&["", " , ,"], "no scheme", ""),
            (&["Negotiate  oYG2MIGz , Basic realm=\"x\""], "Negotiate and Basic", "oYG2MIGz"),
        ];
        for (headers, names, token) in table {
            let found = challenges(headers.iter().copied());
            assert_eq!(in_words(&found), names, "{headers:?}");
            let negotiate = found.iter().find(|challenge| challenge.is("negotiate"));
            assert_eq!(negotiate.map_or("", |challenge| challenge.token), token, "{headers:?}");
        }
    }
}
