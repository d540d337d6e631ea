//! Addresses as links of a terminal (OSC 8): one that is wrapped can still be opened, and copied as a whole.

/// Characters that end an address, besides white space.
const ENDS: [char; 9] = ['"', '\'', '`', '<', '>', '|', '…', '\x1b', '\x07'];

/// Makes each https address in the text a link to itself, except addresses of examples.
pub fn linked(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find("https://") {
        let (before, from) = rest.split_at(at);
        let end = from.find(|c: char| c.is_whitespace() || ENDS.contains(&c)).unwrap_or(from.len());
        let address = from[..end].trim_end_matches(['.', ',', ';', ':', ')', ']', '}']);
        out.push_str(before);
        match is_example(address) {
            true => out.push_str(address),
            false => out.push_str(&format!("\x1b]8;;{address}\x1b\\{address}\x1b]8;;\x1b\\")),
        }
        rest = &from[address.len()..];
    }
    out + rest
}

/// Whether it is a host of RFC 2606, or a placeholder in capitals.
fn is_example(address: &str) -> bool {
    let host = address.trim_start_matches("https://").split(['/', ':', '?', '#']).next().unwrap_or_default();
    host.split('.').any(|label| label == "example")
        || host.chars().any(|c| !c.is_ascii() || c.is_ascii_uppercase())
        || !host.contains('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_link_to_itself_and_what_is_beside_it_is_not() {
        let link = |address: &str| format!("\x1b]8;;{address}\x1b\\{address}\x1b]8;;\x1b\\");
        let table = [
            ("visit https://a.test/x?y=z.", format!("visit {}.", link("https://a.test/x?y=z"))),
            (
                "(https://a.test)\nhttps://b.test\n",
                format!("({})\n{}\n", link("https://a.test"), link("https://b.test")),
            ),
            ("\x1b[1mhttps://a.test\x1b[0m", format!("\x1b[1m{}\x1b[0m", link("https://a.test"))),
            ("idp_url = \"https://a.test/\"", format!("idp_url = \"{}\"", link("https://a.test/"))),
            (
                "https://idp.example.com/sso https://YOURS.okta.com https://",
                "https://idp.example.com/sso https://YOURS.okta.com https://".into(),
            ),
        ];
        for (text, expected) in table {
            assert_eq!(linked(text), expected);
        }
    }
}
