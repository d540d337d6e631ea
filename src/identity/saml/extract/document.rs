//! What a page says of itself besides its forms: its title, where its addresses are relative to, where it leads on.

use super::tree::{Element, NodeId, ROOT, Tree};

/// A page that refreshes itself later than this does so to end an idle session, not to move on.
const LONGEST_REFRESH_SECONDS: f64 = 10.0;

/// Text of the first `<title>`; not that of a picture within the page.
pub fn title(tree: &Tree) -> Option<String> {
    let is_title = |(id, element): &(NodeId, &Element)| {
        let in_picture = tree.parent(*id).and_then(|parent| tree.element(parent)).is_some_and(|e| e.is("svg"));
        element.is("title") && !in_picture
    };
    let (id, _) = elements(tree).find(is_title)?;
    Some(tree.text_content(id).trim().to_owned())
}

/// The first `<base href>`.
pub fn base_href(tree: &Tree) -> Option<String> {
    elements(tree).filter(|(_, e)| e.is("base")).find_map(|(_, e)| e.attribute("href")).map(Into::into)
}

/// Where `<meta http-equiv="refresh">` leads, if it does so within ten seconds.
pub fn meta_refresh(tree: &Tree) -> Option<String> {
    let is_refresh = |e: &Element| {
        e.is("meta") && e.attribute("http-equiv").is_some_and(|value| value.trim().eq_ignore_ascii_case("refresh"))
    };
    elements(tree).filter(|(_, e)| is_refresh(e)).find_map(|(_, e)| refresh_target(e.attribute("content")?))
}

/// `0; url='/next'`: seconds, then a comma, semicolon or space, then the target, with or without `url=` and quotes.
fn refresh_target(content: &str) -> Option<String> {
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

fn elements(tree: &Tree) -> impl Iterator<Item = (NodeId, &Element)> {
    tree.descendants(ROOT).filter_map(|id| Some((id, tree.element(id)?)))
}
