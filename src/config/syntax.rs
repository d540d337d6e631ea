//! What to do about a file that is no TOML.

/// Returns the hint for a text that is not TOML. `line` is where the parser stopped, `said` its reason. Of the line only the
/// name of a setting is shown: the rest may contain a password.
pub fn hint(text: &str, line: Option<&str>, said: &str) -> String {
    let line = line.unwrap_or_default().trim();
    if said.contains("duplicate key") {
        return "it is written twice: put the lines of both into one place, and remove the other".to_owned();
    }
    if said.contains("cannot extend value") {
        return "it is written twice, once with braces: put the lines of both into one place".to_owned();
    }
    other_format(text)
        .or_else(|| of_line(line))
        .or_else(|| of_value(line))
        .unwrap_or_else(|| "correct the file at that place; strings are quoted: region = \"eu-west-1\"".to_owned())
}

/// Returns the hint for a file of another format.
fn other_format(text: &str) -> Option<String> {
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or_default();
    let heading = "write [profile.NAME] on a line, and below it KEY = \"VALUE\"";
    let format = match first {
        _ if text.contains('\0') => return Some("save it as UTF-8 in the editor: this is UTF-16".to_owned()),
        _ if text.contains('\r') && !text.contains('\n') => {
            return Some("save it with the line ends LF or CRLF in the editor: it has CR alone".to_owned());
        }
        _ if is_merge_marker(first) => return None,
        first if first.starts_with(['{', '"']) || first.starts_with("[{") || first == "[" => "JSON",
        first if first.starts_with('<') => "XML or HTML",
        first if is_yaml(first) => "YAML",
        _ => return aws_heading(text),
    };
    Some(format!("this is {format}: {heading}"))
}

/// Returns the hint for a line that is neither a comment, a heading, nor a setting.
fn of_line(line: &str) -> Option<String> {
    let hint = match line {
        line if line.contains(['\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}', '\u{ab}', '\u{bb}']) => {
            "write straight quotes, \", in place of the typographic ones"
        }
        line if line.starts_with([';', '%']) || line.starts_with("//") || line.starts_with("--") => {
            "a comment begins with #"
        }
        line if is_merge_marker(line) => "choose one of the versions that the merge left, and remove its markers",
        line if line.starts_with("export ") || line.starts_with("set ") => "remove the word before the setting's name",
        line if line.starts_with("[profile.") && line.contains(' ') => {
            "a name with a blank is in quotes: [profile.\"my profile\"]"
        }
        line if line.starts_with('[') && !line.contains(']') => "close the heading: [profile.NAME]",
        line if line.starts_with(['{', '(']) => "a heading is in square brackets: [profile.NAME]",
        line if is_yaml(line) => "write = in place of the colon: region = \"eu-west-1\"",
        line => return foreign_character(line),
    };
    Some(hint.to_owned())
}

/// Returns the hint for what is right of the `=`.
fn of_value(line: &str) -> Option<String> {
    let Some((name, value)) = line.split_once('=') else {
        let is_end_of_text = line.matches('"').count() % 2 == 1;
        return Some(match is_end_of_text {
            true => "close the string on the line where it begins, with the quote that it begins with".to_owned(),
            false => "a line is KEY = \"VALUE\", or a heading as [profile.NAME]".to_owned(),
        });
    };
    let (key, value) = (shown(name.trim()), value.trim());
    let word = value.split([' ', '#', ',', ';']).next().unwrap_or_default().to_ascii_lowercase();
    let is_quoted = value.starts_with(['"', '\'']);
    Some(match value {
        "" => format!("write a value, {key} = \"…\", or remove the line"),
        _ if value.contains('\\') => {
            format!(
                "write text with a backslash, such as a path of Windows, in single quotes: {key} = 'C:\\certs\\ca.pem'"
            )
        }
        _ if value.starts_with("{{") => format!("fill in the template: {key} = \"…\""),
        _ if is_quoted && value.matches('"').count() % 2 == 1 => {
            "close the string with the quote that it begins with".to_owned()
        }
        _ if is_quoted && value.ends_with([',', ';']) => {
            format!("remove the {} at the end of the line", &value[value.len() - 1..])
        }
        _ if is_quoted => return None,
        _ if ["null", "none", "nil", "undefined"].contains(&word.as_str()) => {
            format!("remove the line: without it, {key} has its default")
        }
        _ if ["true", "false", "yes", "no", "on", "off"].contains(&word.as_str()) => {
            format!("write {key} = true or {key} = false, in lower case")
        }
        _ if value.ends_with(['"', '\'']) && !value.starts_with(['{', '[']) => {
            "close the string with the quote that it begins with".to_owned()
        }
        _ if value.starts_with(['{', '[']) => return None,
        _ => format!("strings are quoted: {key} = \"…\""),
    })
}

/// Returns the name of a setting. What has not the shape of one may be a secret.
fn shown(name: &str) -> &str {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.".contains(c);
    if !name.is_empty() && name.len() <= 40 && name.chars().all(is_plain) { name } else { "KEY" }
}

/// Returns the hint for a character that looks like another one, or like none, outside of a string.
fn foreign_character(line: &str) -> Option<String> {
    let outside = line.split(['"', '\'']).step_by(2).flat_map(str::chars);
    let in_strings = line.chars().filter(|c| c.is_control());
    let c = outside.filter(|c| !c.is_ascii()).chain(in_strings).find(|c| *c != '\t')?;
    Some(format!("a character there is not what it looks like (U+{:04X}): write the line anew", u32::from(c)))
}

fn is_merge_marker(line: &str) -> bool {
    ["<<<<<<<", "=======", ">>>>>>>"].iter().any(|marker| line.starts_with(marker))
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
        // The file, the line where the parser stops (the last one if it is empty), and the hint.
        let table = [
            ("{\"profile\": {}}", "", "this is JSON"),
            ("[{\"profile\": {}}]", "", "this is JSON"),
            ("[\n  {}\n]", "[", "this is JSON"),
            ("---\nprofile:\n", "---", "this is YAML"),
            ("profile:\n  dev:\n", "profile:", "this is YAML"),
            ("<?xml version=\"1.0\"?>\n<config/>", "", "this is XML"),
            ("[\0a\0]\0\n\0", "", "UTF-16"),
            ("[a]\rx = 1\r", "", "CR alone"),
            ("# ours\n<<<<<<< HEAD\nx = 1\n", "<<<<<<< HEAD", "that the merge left"),
            ("[profile.dev]\nregion: \"eu-west-1\"", "", "in place of the colon"),
            ("[a]\nx = \u{201c}y\u{201d}", "", "straight quotes"),
            ("[a]\nca_bundle = \"C:\\Users\"", "", "in single quotes: ca_bundle = 'C:"),
            ("[a]\nx \"y\"", "", "KEY = \"VALUE\""),
            ("[a]\nx = \"y", "", "close the string"),
            ("[a]\nx = y\"", "", "close the string"),
            ("[a]\nx = \"https://a\nb\"", "", "on the line where it begins"),
            ("[a]\nx = \"y\",", "", "remove the , at the end"),
            ("[a]\nx = \"y\";", "", "remove the ; at the end"),
            ("; ours\n[a]", "; ours", "a comment begins with #"),
            ("// ours\n[a]", "// ours", "a comment begins with #"),
            ("export X=1", "", "remove the word"),
            ("[profile dev]\nx = 1", "[profile dev]", "[profile.dev], with a dot"),
            ("[profile.my prof]", "", "[profile.\"my profile\"]"),
            ("[profile.dev.saml", "", "close the heading"),
            ("(profile.dev)", "", "square brackets"),
            ("[a]\nregion\u{a0}= \"x\"", "", "U+00A0"),
            ("[a]\nregi\u{43e}n = \"x\"", "", "U+043E"),
            ("[a]\nregion \u{ff1d} \"x\"", "", "U+FF1D"),
            ("[a]\nregion = \"eu\u{1b}[0m\"", "", "U+001B"),
            ("[a]\nverify = True", "", "verify = true or verify = false"),
            ("[a]\nverify = no", "", "verify = true or verify = false"),
            ("[a]\nregion = null", "", "without it, region has its default"),
            ("[a]\nregion =", "", "region = \"…\", or remove"),
            ("[a]\nregion = {{ region }}", "", "fill in the template"),
            ("[a]\nauth = form", "", "strings are quoted: auth = \"…\""),
            ("[a]\nidp_url = https://x.example", "", "strings are quoted: idp_url = \"…\""),
            ("[a]\nhunter2Hunter2 = hunter2", "", "strings are quoted: KEY = \"…\""),
            ("[a]\nx = [1, 2", "", "correct the file"),
        ];
        for (text, line, expected) in table {
            let line = if line.is_empty() { text.lines().last() } else { Some(line) };
            let hint = hint(text, line, "");
            assert!(hint.contains(expected), "{text:?}: {hint}");
            assert!(!hint.to_lowercase().contains("hunter2"), "{hint}");
        }
        assert!(hint("[a]\n[a]\n", Some("[a]"), "duplicate key").contains("written twice"));
        assert!(hint("a = {}\n[a.b]\n", Some("[a.b]"), "cannot extend value of type").contains("with braces"));
    }
}
