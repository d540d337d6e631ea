//! What to do about a file that is no TOML.

/// Returns the hint for a text that is not TOML. `line` is where the parser stopped, `said` its reason. The line is not
/// shown: it may contain a password.
pub fn hint(text: &str, line: Option<&str>, said: &str) -> String {
    let line = line.unwrap_or_default().trim();
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
    if said.contains("duplicate key") {
        return "it is written twice: put the lines of both into one place, and remove the other".to_owned();
    }
    if let Some(hint) = aws_heading(text) {
        return hint;
    }
    let hint = match line {
        _ if first.starts_with('{') => "this is JSON: write [profile.NAME] on a line, and below it KEY = \"VALUE\"",
        _ if is_yaml(first) => "this is YAML: write [profile.NAME] on a line, and below it KEY = \"VALUE\"",
        line if line.contains(['\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}', '\u{ab}', '\u{bb}']) => {
            "write straight quotes, \", in place of the typographic ones"
        }
        line if is_yaml(line) => "write = in place of the colon: region = \"eu-west-1\"",
        line if line.contains('\\') => "write a path of Windows in single quotes: ca_bundle = 'C:\\certs\\ca.pem'",
        line if !line.contains('=') && !line.starts_with('[') => {
            "a line is KEY = \"VALUE\", or a heading as [profile.NAME]"
        }
        line if line.matches('"').count() % 2 == 1 => "close the string with the quote that it begins with",
        _ => "correct the file at that place; strings are quoted: region = \"eu-west-1\"",
    };
    hint.to_owned()
}

/// Whether the line is YAML, such as `profile:` or `region: eu-west-1`.
fn is_yaml(line: &str) -> bool {
    let Some((key, value)) = line.trim_start_matches("- ").split_once(':') else { return line == "---" };
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-.\"".contains(c));
    is_key && (value.is_empty() || value.starts_with(' '))
}

/// Returns the hint for a heading of AWS's files, such as `[profile analytics]`.
fn aws_heading(text: &str) -> Option<String> {
    let inner = |line: &str| line.trim().strip_prefix("[profile ")?.split(']').next().map(str::to_owned);
    let name = text.lines().find_map(inner)?;
    Some(format!("write [profile.{}], with a dot: this file is TOML, not ~/.aws/config", name.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_toml_is_known_for_what_it_is() {
        let table = [
            ("{\"profile\": {}}", "{\"profile\": {}}", "", "this is JSON"),
            ("---\nprofile:\n", "---", "", "this is YAML"),
            ("profile:\n  dev:\n", "profile:", "", "this is YAML"),
            ("[profile.dev]\nregion: \"eu-west-1\"\n", "region: \"eu-west-1\"", "", "in place of the colon"),
            ("[a]\nx = \u{201c}y\u{201d}\n", "x = \u{201c}y\u{201d}", "", "straight quotes"),
            ("[a]\nx = \"C:\\Users\"\n", "x = \"C:\\Users\"", "", "single quotes"),
            ("[a]\nx \"y\"\n", "x \"y\"", "", "KEY = \"VALUE\""),
            ("[a]\nx = \"y\n", "x = \"y", "", "close the string"),
            ("[a]\n[a]\n", "[a]", "duplicate key", "written twice"),
            ("[profile dev]\nx = 1\n", "[profile dev]", "", "[profile.dev], with a dot"),
            ("[a]\nurl = https://x.example\n", "url = https://x.example", "", "strings are quoted"),
        ];
        for (text, line, said, expected) in table {
            let hint = hint(text, Some(line), said);
            assert!(hint.contains(expected), "{text:?}: {hint}");
        }
    }
}
