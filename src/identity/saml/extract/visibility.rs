//! What a person would see of a page: by attributes, by styles in the elements, and by the simple rules of its style sheets.
//!
//! Decoys for robots and password managers are hidden in each of these ways. Style sheets at other addresses are not loaded,
//! and rules with pseudo-classes are skipped: what they hide counts as visible.

use super::stylesheet::{Channel, Sheet};
use super::tree::{Element, ROOT, Tree};

/// For each node whether it is hidden, by itself or by an ancestor.
pub fn hidden(tree: &Tree) -> Vec<bool> {
    let sheet = Sheet::of(tree);
    let mut all = vec![(false, false); tree.len()];
    for id in tree.descendants(ROOT) {
        let (mut is_gone, mut is_invisible) = tree.parent(id).map_or((false, false), |parent| all[parent.index()]);
        if let Some(element) = tree.element(id) {
            let own = |channel| sheet.hides(tree, id, element, channel);
            is_gone |= is_hidden_by_attribute(element);
            // To keep out robots and foreign frames, pages hide all of themselves until a script shows them.
            if !element.is_any("body html") {
                is_gone |=
                    [Channel::Display, Channel::Opacity, Channel::Place].into_iter().any(|c| own(c) == Some(true));
            }
            // Part of an invisible element can be made visible again.
            is_invisible = own(Channel::Visibility).unwrap_or(is_invisible);
        }
        all[id.index()] = (is_gone, is_invisible);
    }
    all.into_iter().map(|(is_gone, is_invisible)| is_gone || is_invisible).collect()
}

fn is_hidden_by_attribute(element: &Element) -> bool {
    element.is_any("head noscript template datalist script style")
        || element.attribute("hidden").is_some()
        || element.attribute("inert").is_some()
        || element.value("aria-hidden").eq_ignore_ascii_case("true")
        || element.is("dialog") && element.attribute("open").is_none()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::html;
    use super::*;
    use crate::time::Deadline;

    /// The ids of the hidden elements.
    fn hidden_ids(page: &str) -> String {
        let tree = html::read(page, Deadline::after(Duration::from_secs(10))).unwrap();
        let all = hidden(&tree);
        let ids =
            tree.descendants(ROOT).filter(|id| all[id.index()]).filter_map(|id| tree.element(id)?.attribute("id"));
        ids.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_attributes_and_styles_hide_is_hidden() {
        let table = [
            ("<i id=a hidden></i><i id=b></i>", "a"),
            ("<div aria-hidden=true><i id=a></i></div>", "a"),
            ("<i id=a aria-hidden=false></i>", ""),
            ("<i id=a style='DISPLAY: none !important'></i>", "a"),
            ("<i id=a style='visibility:hidden'><b id=b></b><b id=c style='visibility:visible'></b></i>", "a b"),
            ("<i id=a style='opacity:0'></i><i id=b style='opacity:.5'></i><i id=c style='opacity:0.0'></i>", "a c"),
            ("<i id=a style='position:absolute;left:-9999px'></i>", "a"),
            ("<i id=a style='position: fixed; top: -100vh'></i>", "a"),
            ("<i id=a style='left:-9999px'></i>", ""),
            ("<i id=a style='text-indent:-999em'></i>", "a"),
            ("<i id=a style='transform: translateX(-9999px)'></i>", "a"),
            ("<i id=a style='width:0;height:0'></i><i id=b style='width:1px;height:1px;overflow:hidden'></i>", "a b"),
            ("<i id=a style='height:0;overflow:hidden'></i><i id=b style='width:0'></i>", "a"),
            ("<i id=a style='clip: rect(0, 0, 0, 0)'></i>", "a"),
            ("<dialog><i id=a></i></dialog><dialog open><i id=b></i></dialog>", "a"),
            ("<div inert><i id=a></i></div>", "a"),
        ];
        for (page, expected) in table {
            assert_eq!(hidden_ids(page), expected, "{page}");
        }
    }

    #[test]
    fn simple_rules_of_the_page_are_obeyed() {
        let page = "<i id=a class='x y'></i><div class=w><i id=b class=z name=n></i></div>";
        let table = [
            (".x{display:none}", "a"),
            ("#a,#b{display:none}", "a b"),
            (".x.y{color:red} i.x { visibility : hidden }", "a"),
            (".x.q{display:none}", ""),
            (".w .z{opacity:0}", "b"),
            (".w>.z{opacity:0}", "b"),
            (".v .z{opacity:0}", ""),
            ("i[name=n]{display:none}", "b"),
            (".x{display:none} .x.y{display:block}", ""),
            (".x.y{display:none} .x{display:block}", "a"),
            (".x{display:none!important} #a{display:block}", "a"),
            ("/* .x{} */ .x{position:absolute;left:-10000px}", "a"),
            ("@media print{.x{display:none}} @media (max-width:600px){.z{display:none}}", ""),
            ("@media screen{.x{display:none}}", "a"),
            (".x:hover{display:none}", ""),
            ("body{display:none} html{visibility:visible}", ""),
            ("@import 'x'; .x{display:none}", "a"),
            (".x{display:none", "a"),
        ];
        for (css, expected) in table {
            assert_eq!(hidden_ids(&format!("<style>{css}</style>{page}")), expected, "{css}");
        }
    }
}
