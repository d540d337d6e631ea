use std::path::Path;

use super::*;

/// Imports that may point up: the importing file, the imported one, and the reason. At most five.
const EXCEPTIONS: [(&str, &str, &str); 0] = [];

fn own_source(file: &str) -> Option<String> {
    std::fs::read_to_string(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).join(file)).ok()
}

#[test]
fn the_page_lists_every_room_and_no_other() {
    let page = own_source("lib.rs").unwrap();
    let rooms = rooms(&page);
    assert_eq!(rooms.iter().copied().collect::<BTreeSet<_>>(), declared(&page));
    assert_eq!(rooms.len(), declared(&page).len(), "a room is listed twice");
}

#[test]
fn imports_point_down_the_page() {
    let page = own_source("lib.rs").unwrap();
    let tree = Tree::read(&own_source);
    assert!(tree.files().count() > 300 && tree.imports.len() > 1000, "only {} imports were read", tree.imports.len());
    let is_excepted = |import: &Import| {
        EXCEPTIONS.iter().any(|(from, to, _)| (import.from.as_str(), import.to.as_str()) == (*from, *to))
    };
    let up = pointing_up(&tree, &rooms(&page));
    let told: Vec<String> = up.into_iter().filter(|import| !is_excepted(import)).map(Import::to_string).collect();
    assert!(told.is_empty(), "these imports point up the page in lib.rs:\n{}", told.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let tree = Tree::read(&own_source);
    let ties = |circle: &BTreeSet<&str>| {
        let is_of_it = |import: &&Import| [&import.from, &import.to].iter().all(|file| circle.contains(file.as_str()));
        let ties = tree.imports.iter().filter(is_of_it).filter(|import| !tree.is_from_parent(import));
        ties.map(Import::to_string).collect::<Vec<_>>().join("\n")
    };
    let told: Vec<String> = circles(&tree).iter().map(ties).collect();
    assert!(told.is_empty(), "files import each other in {} circles:\n{}", told.len(), told.join("\n\n"));
}

/// A crate whose page lists `top`, `middle` and `bottom`, in this order, with these files besides `lib.rs`.
fn made_up(files: &[(&str, &str)]) -> Tree {
    let lib = |room: &str| files.iter().any(|(file, _)| file.starts_with(room)).then(|| format!("pub mod {room};\n"));
    let page: String = ["top", "middle", "bottom"].into_iter().filter_map(lib).collect();
    Tree::read(&|file| match file {
        "lib.rs" => Some(page.clone()),
        _ => files.iter().find(|(name, _)| *name == file).map(|(_, text)| (*text).to_owned()),
    })
}

#[test]
fn an_import_that_points_up_is_named_with_file_line_and_path() {
    let named = |text: &str| {
        let tree = made_up(&[("top.rs", "pub use crate::middle::Thing;"), ("middle.rs", text), ("bottom.rs", "")]);
        pointing_up(&tree, &["top", "middle", "bottom"]).into_iter().map(Import::to_string).collect::<Vec<_>>()
    };
    let up = [
        ("use crate::top::Thing;", "middle.rs:1: crate::top::Thing is of top.rs"),
        ("\n\nuse crate::{bottom, top};", "middle.rs:3: crate::top is of top.rs"),
        ("use crate::top::{self as other, Thing};", "middle.rs:1: crate::top is of top.rs"),
        ("fn a() {\n    crate::top::thing();\n}", "middle.rs:2: crate::top::thing is of top.rs"),
        ("fn a(_: super::top::Thing) {}", "middle.rs:1: super::top::Thing is of top.rs"),
        ("mod inner { use super::super::top; }", "middle.rs:1: super::super::top is of top.rs"),
        ("fn a() { use crate::top as other; }", "middle.rs:1: crate::top is of top.rs"),
        ("#[cfg(not(test))]\nuse crate::top;", "middle.rs:2: crate::top is of top.rs"),
    ];
    for (text, expected) in up {
        assert_eq!(named(text).first().map(String::as_str), Some(expected), "{text}");
    }
    let none = [
        "use crate::bottom::Thing;",
        "//! See [`crate::top`].\n/// And `crate::top`.\nfn a() {}",
        "#[cfg(test)]\nmod tests { use crate::top::Thing; }",
        "#[cfg(test)]\nuse crate::top::Thing;\nuse crate::bottom;",
        "#[test]\nfn a() { crate::top::thing() }",
        "fn a() { \"crate::top::thing\" }",
        "pub(in crate::top) fn a() {}",
    ];
    for text in none {
        assert_eq!(named(text), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn a_name_that_is_handed_on_leads_to_the_file_that_defines_it() {
    let tree = made_up(&[
        ("top.rs", "mod a;\nmod b;\npub use self::b::Thing;\n"),
        ("top/a.rs", "use super::Thing;\nuse super::b;\nfn a() { b::c() }"),
        ("top/b.rs", "pub struct Thing;"),
    ]);
    let to: Vec<&str> =
        tree.imports.iter().filter(|import| import.from == "top/a.rs").map(|import| import.to.as_str()).collect();
    assert_eq!(to, ["top.rs", "top/b.rs", "top/b.rs", "top/b.rs"]);
}

#[test]
fn a_circle_is_found_unless_it_is_of_a_module_and_its_own_child() {
    let circles_of = |files: &[(&str, &str)]| {
        let tree = made_up(files);
        circles(&tree).iter().map(|files| files.iter().copied().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    let two = [("top.rs", "use crate::middle::B;"), ("middle.rs", "use crate::top::A;")];
    assert_eq!(circles_of(&two), ["middle.rs top.rs"]);
    let three = [
        ("top/mod.rs", "mod a; mod b; mod c;"),
        ("top/a.rs", "use super::b::B;"),
        ("top/b.rs", "use super::c::C;"),
        ("top/c.rs", "use super::a::A;"),
    ];
    assert_eq!(circles_of(&three), ["top/a.rs top/b.rs top/c.rs"]);
    let family = [("top.rs", "mod a;\nuse self::a::A;\npub struct B;"), ("top/a.rs", "use super::B;")];
    assert_eq!(circles_of(&family), [""; 0]);
    let grandchild = [
        ("top.rs", "mod a;\nuse self::a::b::A;\npub struct B;"),
        ("top/a.rs", "pub mod b;"),
        ("top/a/b.rs", "use super::super::B;"),
    ];
    assert_eq!(circles_of(&grandchild), ["top.rs top/a/b.rs"]);
}

/// The Rust files below a directory of the project, with their text.
fn sources_below(directory: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_name().unwrap().to_string_lossy().into_owned();
        if entry.is_dir() && !name.starts_with('.') && name != "target" {
            found.extend(sources_below(&entry));
        } else if name.ends_with(".rs") {
            let path = entry.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display().to_string();
            found.push((path, std::fs::read_to_string(&entry).unwrap()));
        }
    }
    found
}

#[test]
fn no_file_function_or_parameter_list_is_too_large() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources: Vec<_> =
        ["src", "tests", "packaging"].iter().flat_map(|name| sources_below(&root.join(name))).collect();
    assert!(sources.len() > 400, "only {} files were read", sources.len());
    let told = sources
        .iter()
        .flat_map(|(path, text)| sizes::too_large(text).into_iter().map(move |what| format!("{path}:{what}")));
    let told: Vec<String> = told.collect();
    assert!(told.is_empty(), "{} are too large:\n{}", told.len(), told.join("\n"));
}

#[test]
fn what_is_too_large_is_named_with_its_line_and_its_size() {
    let function = |lines: usize| format!("\nfn long() {{\n{}}}\n", "    a();\n".repeat(lines - 2));
    let (empty, nothing) = ("\n".repeat(350), Vec::<String>::new());
    assert_eq!(sizes::too_large(&empty), nothing);
    assert_eq!(sizes::too_large(&(empty + "\n")), ["1: the file has 351 lines, at most 350"]);
    assert_eq!(sizes::too_large(&function(60)), nothing);
    assert_eq!(sizes::too_large(&function(61)), ["2: long has 61 lines, at most 60"]);
    let inside = format!("impl A for B {{ mod m {{ macro! {{ {} }} }} }}", function(61));
    assert_eq!(sizes::too_large(&inside), ["2: long has 61 lines, at most 60"]);

    let six = "a: u8, b: u8, c: u8, d: u8, e: u8, f: u8";
    for text in [
        format!("fn many({six}) {{}}"),
        format!("trait Own {{ fn many({six},); }}"),
        format!("impl A {{ fn many(&mut self, {six}) {{}} }}"),
        "fn many<F: Fn(u8) -> Vec<u8>>(a: Map<u8, u8>, b: fn(u8, u8) -> u8, c: (u8, u8), d: u8, e: u8, f: F) {}"
            .to_owned(),
    ] {
        assert_eq!(sizes::too_large(&text), ["1: many has 6 parameters, at most 5"], "{text}");
    }
    for text in [
        format!("impl fmt::Display for A {{ fn of_a_trait({six}) {{}} }}"),
        "fn five(a: Map<u8, Vec<u8>>, b: fn(u8, u8), c: [u8; 2], d: &dyn Fn(u8, u8), e: u8,) -> Map<u8, u8> {}"
            .to_owned(),
        "impl A { fn five(&'a mut self, a: u8, b: u8, c: u8, d: u8, e: u8) {} }".to_owned(),
        "fn none<A, B, C, D, E, F>() where A: Fn(B, C, D, E, F) {}".to_owned(),
        format!("type F = fn({six});"),
    ] {
        assert_eq!(sizes::too_large(&text), nothing, "{text}");
    }
}
