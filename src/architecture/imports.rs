//! Reads which file imports which, out of the tokens of the sources.

use std::collections::BTreeMap;
use std::fmt;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// A module or an item by its names from the crate's root, or a path as it is written.
type Names = Vec<String>;

/// Returns the text of a file by its path below `src`, or `None` if there is no such file.
type Sources<'a> = &'a dyn Fn(&str) -> Option<String>;

/// An import of one file from another.
#[derive(Debug)]
pub(super) struct Import {
    pub from: String,
    pub line: usize,
    /// The path as it is written.
    pub path: String,
    pub to: String,
}

/// The modules of a crate, and what they import from each other.
#[derive(Default)]
pub(super) struct Tree {
    /// The file of each module; that of an inline module is its parent's.
    files: BTreeMap<Names, String>,
    /// What the `use` lines of a module name, by module and name.
    named: BTreeMap<(Names, String), Names>,
    /// The paths in the code of each module, with their lines.
    written: Vec<(Names, usize, Names)>,
    pub imports: Vec<Import>,
}

impl fmt::Display for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {} is of {}", self.from, self.line, self.path, self.to)
    }
}

impl Tree {
    /// Reads a crate from its `lib.rs` on.
    pub fn read(sources: Sources) -> Tree {
        let mut tree = Tree::default();
        tree.file(sources, Names::new(), "lib.rs", "");
        let mut imports = Vec::new();
        for (module, line, path) in &tree.written {
            let from = &tree.files[module];
            let mut through = Vec::new();
            tree.follow(module, path, &mut through);
            for to in through.into_iter().filter(|to| *to != from) {
                imports.push(Import { from: from.clone(), line: *line, path: path.join("::"), to: to.clone() });
            }
        }
        tree.imports = imports;
        tree
    }

    /// The files that were read.
    pub fn files(&self) -> impl Iterator<Item = &String> {
        self.files.values()
    }

    /// Whether this is what a child module takes from the module that declares it.
    pub fn is_from_parent(&self, import: &Import) -> bool {
        let module = |own: &str| self.files.iter().find(|(_, file)| *file == own).map(|(module, _)| module.as_slice());
        module(&import.from).and_then(|names| names.split_last()).map(|(_, parent)| parent) == module(&import.to)
    }

    /// Reads a file. Those of its child modules stand in `dir`.
    fn file(&mut self, sources: Sources, module: Names, file: &str, dir: &str) {
        let text = sources(file).unwrap_or_else(|| panic!("{file} is declared, but missing"));
        let mut words = Vec::new();
        flatten(text.parse().unwrap_or_else(|error| panic!("{file}: {error}")), &mut words);
        self.files.insert(module.clone(), file.to_owned());
        self.items(sources, &module, dir, &words);
    }

    /// Reads the items of a module, up to its closing brace, and returns how many words they take.
    fn items(&mut self, sources: Sources, module: &Names, dir: &str, words: &[Word]) -> usize {
        let (mut at, mut depth) = (0, 0);
        let is = |at: usize, text: &str| words.get(at).is_some_and(|word| word.text == text);
        while let Some(word) = words.get(at) {
            at += 1;
            match word.text.as_str() {
                "{" => depth += 1,
                "}" if depth == 0 => return at,
                "}" => depth -= 1,
                "pub" if is(at, "(") => at += words[at..].iter().take_while(|word| word.text != ")").count(),
                "mod" => {
                    let name = words[at].text.clone();
                    let (child, dir) =
                        ([module.as_slice(), std::slice::from_ref(&name)].concat(), format!("{dir}{name}/"));
                    at += 2;
                    if is(at - 1, "{") {
                        self.files.insert(child.clone(), self.files[module].clone());
                        at += self.items(sources, &child, &dir, &words[at..]);
                    } else {
                        let files = [format!("{}.rs", dir.trim_end_matches('/')), format!("{dir}mod.rs")];
                        let file = files.iter().find(|file| sources(file).is_some()).unwrap_or(&files[0]);
                        self.file(sources, child, file, &dir);
                    }
                }
                "use" if !is(at, "<") => at += self.used(module, &words[at..], &Names::new()),
                // What follows `.` is a method; what follows `::` belongs to the type before it.
                _ if word.is_name && !(at > 1 && (is(at - 2, ".") || is(at - 2, "::"))) => {
                    let mut path = vec![word.text.clone()];
                    while is(at, "::") && words.get(at + 1).is_some_and(|word| word.is_name) {
                        path.push(words[at + 1].text.clone());
                        at += 2;
                    }
                    // One name alone was imported by a `use` line, or is of this file.
                    if path.len() > 1 {
                        self.written.push((module.clone(), word.line, path));
                    }
                }
                _ => {}
            }
        }
        at
    }

    /// Reads one tree of a `use` line, and returns how many words it takes.
    fn used(&mut self, module: &Names, words: &[Word], before: &Names) -> usize {
        let (mut path, mut at) = (before.clone(), 0);
        while let Some(word) = words.get(at) {
            at += 1;
            match word.text.as_str() {
                "{" => loop {
                    at += self.used(module, &words[at..], &path);
                    match words[at].text.as_str() {
                        "," => at += 1,
                        _ => return at + 1,
                    }
                },
                "," | ";" | "}" => {
                    at -= 1;
                    break;
                }
                "as" | "::" => {}
                "self" if !path.is_empty() => {}
                _ if at > 1 && words[at - 2].text == "as" => {
                    self.named.insert((module.clone(), word.text.clone()), path.clone());
                    self.written.push((module.clone(), word.line, path.clone()));
                    return at;
                }
                _ => path.push(word.text.clone()),
            }
        }
        if path.len() > before.len() || words[0].text == "self" {
            self.named.insert((module.clone(), path[path.len() - 1].clone()), path.clone());
            self.written.push((module.clone(), words[0].line, path));
        }
        at
    }

    /// Adds the files that a path in a module leads through: that of each module which hands the name on by `use`, and that which
    /// defines it. Other crates, locals and types of the same module add none.
    fn follow<'tree>(&'tree self, module: &[String], path: &[String], through: &mut Vec<&'tree String>) {
        let Some((first, rest)) = path.split_first() else { return };
        match first.as_str() {
            "crate" => self.descend(&[], rest, through),
            "self" => self.descend(module, rest, through),
            "super" => match (module.split_last(), rest.first().is_some_and(|next| next == "super")) {
                (Some((_, parent)), true) => self.follow(parent, rest, through),
                (Some((_, parent)), false) => self.descend(parent, rest, through),
                (None, _) => {}
            },
            _ if self.files.contains_key(&[module, &path[..1]].concat()) => self.descend(module, path, through),
            _ => self.follow_named(module, first, rest, through),
        }
    }

    /// Follows names down from a module.
    fn descend<'tree>(&'tree self, module: &[String], names: &[String], through: &mut Vec<&'tree String>) {
        if let Some((first, rest)) = names.split_first() {
            let child = [module, &names[..1]].concat();
            if self.files.contains_key(&child) {
                return self.descend(&child, rest, through);
            }
            through.push(&self.files[module]);
            self.follow_named(module, first, rest, through);
        } else {
            through.push(&self.files[module]);
        }
    }

    /// Follows a name that a `use` line of the module may have made.
    fn follow_named<'tree>(
        &'tree self,
        module: &[String],
        name: &str,
        rest: &[String],
        through: &mut Vec<&'tree String>,
    ) {
        let path = self.named.get(&(module.to_vec(), name.to_owned()));
        // The name of another crate may be imported from it, and names that lead to each other do not compile: both end here.
        if let Some(path) = path.filter(|path| path[0] != name && through.len() < 8) {
            self.follow(module, &[path.as_slice(), rest].concat(), through);
        }
    }
}

/// A token that matters here.
struct Word {
    text: String,
    line: usize,
    is_name: bool,
}

/// Lists the tokens one after the other, without attributes (and so without comments) and without what is only for tests.
fn flatten(tokens: TokenStream, words: &mut Vec<Word>) {
    let mut is_for_tests = false;
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let line = token.span().start().line;
        let mut add = |text: &str, is_name| words.push(Word { text: text.to_owned(), line, is_name });
        match token {
            TokenTree::Punct(sign) if sign.as_char() == '#' => {
                let _ = tokens.next_if(|next| matches!(next, TokenTree::Punct(sign) if sign.as_char() == '!'));
                if let Some(TokenTree::Group(attribute)) = tokens.next_if(|next| matches!(next, TokenTree::Group(_))) {
                    let text = attribute.stream().to_string();
                    let is_condition = text.starts_with("cfg") && !text.starts_with("cfg_attr");
                    is_for_tests |= text == "test" || is_condition && text.contains("test") && !text.contains("not");
                }
            }
            TokenTree::Group(group) if is_for_tests => is_for_tests = group.delimiter() != Delimiter::Brace,
            TokenTree::Punct(sign) if is_for_tests => is_for_tests = sign.as_char() != ';',
            TokenTree::Punct(sign) if sign.as_char() == ':' && sign.spacing() == Spacing::Joint => {
                tokens.next();
                add("::", false);
            }
            TokenTree::Punct(sign) => add(&sign.to_string(), false),
            TokenTree::Ident(name) if !is_for_tests => add(&name.to_string(), true),
            TokenTree::Ident(_) | TokenTree::Literal(_) => {}
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Brace => ("{", "}"),
                    _ => ("(", ")"),
                };
                add(open, false);
                flatten(group.stream(), words);
                words.push(Word { text: close.to_owned(), line, is_name: false });
            }
        }
    }
}
