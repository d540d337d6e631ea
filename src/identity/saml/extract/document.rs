//! What a page says besides its forms: its title, its base address, and where it refreshes to.

use super::tree::{ROOT, Tree};

/// A page that refreshes later than this ends an idle session; it does not lead on.
const LONGEST_REFRESH_SECONDS: f64 = 10.0;

/// Text of the first `<title>` that is not in a picture.
pub fn title(tree: &Tree) -> Option<String> {
    let is_in_picture = |id| tree.parent_element(id).is_some_and(|parent| parent.is("svg"));
    let (id, _) = tree.elements(ROOT).find(|(id, element)| element.is("title") && !is_in_picture(*id))?;
    Some(tree.text_content(id).trim().to_owned())
}

pub fn base_href(tree: &Tree) -> Option<String> {
    tree.elements(ROOT).filter(|(_, e)| e.is("base")).find_map(|(_, e)| e.attribute("href")).map(Into::into)
}

/// The target of `<meta http-equiv="refresh">` if it is due within ten seconds.
pub fn meta_refresh(tree: &Tree) -> Option<String> {
    let metas =
        tree.elements(ROOT).filter(|(_, e)| e.is("meta") && e.value("http-equiv").eq_ignore_ascii_case("refresh"));
    metas.into_iter().find_map(|(_, e)| refresh_target(e.attribute("content")?))
}

/// Parses `0; url='/next'`: seconds, then a comma, semicolon or space, then the target, with or without `url=` and quotes.
pub fn refresh_target(content: &str) -> Option<String> {
    let content = content.trim_start();
    let end = content.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(content.len());
    let (seconds, rest) = content.split_at(end);
    if seconds.parse::<f64>().unwrap_or(0.0) > LONGEST_REFRESH_SECONDS {
        return None;
    }
    let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ';' || c == ',');
    let target = match rest.get(..3) {
        Some(url) if url.eq_ignore_ascii_case("url") => rest[3..].trim_start().strip_prefix('=').unwrap_or(rest),
        _ => rest,
    };
    let target = target.trim();
    let target = match target.chars().next() {
        Some(quote @ ('"' | '\'')) => target[1..].split(quote).next()?,
        _ => target,
    };
    (!target.is_empty()).then(|| target.to_owned())
}
