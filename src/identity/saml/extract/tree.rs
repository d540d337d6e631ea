//! The page as a tree: what both readers build, and what forms and XPath are read from.
//!
//! Nodes live in one vector and name each other by index, so that nothing about a tree recurses: neither growing it nor
//! dropping it, however deep it is. The caps are kept here, where nodes are made, and hold within a single tag: once one
//! is crossed the tree takes nothing more in, and the reader finds out at its next look at [`Tree::check`].

use std::rc::Rc;

use zeroize::Zeroizing;

use crate::error::{Code, Error, Result};

/// Elements, runs of text and attributes together. Real login pages have hundreds; each set of nodes that XPath keeps
/// takes about 2 MB for this many.
const MAX_NODES: usize = 25_000;
/// Attributes of one element. Finding one is a linear search, here and in the XPath engine.
const MAX_ATTRIBUTES: usize = 256;
/// Elements within each other: libxml2's own limit is 256, browsers' is 512. XPath's string value recurses this deep.
const MAX_DEPTH: u32 = 512;
/// Text and attribute values together, in bytes. An attribute of a formatting element is copied by the HTML algorithm
/// for each paragraph that it reaches into, so this can be more than the page itself.
const MAX_BYTES: usize = 8 << 20;
/// All elements' string values together, in bytes: text counts once for each element around it. `//* = 'x'` holds them all.
const MAX_STRING_VALUES: usize = 32 << 20;

/// The root of every tree.
pub const ROOT: NodeId = NodeId(0);
/// Where comments go and the contents of templates stay: in no document.
pub const NOWHERE: NodeId = NodeId(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeId(u32);

impl NodeId {
    /// The node's place in a vector with an entry for each node; parents of finished trees need not come first.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

pub struct Tree {
    nodes: Vec<Node>,
    /// Attributes so far; they count as nodes.
    attributes: usize,
    bytes: usize,
    too_large: Option<&'static str>,
}

#[derive(Default)]
struct Node {
    parent: Option<NodeId>,
    previous: Option<NodeId>,
    next: Option<NodeId>,
    first: Option<NodeId>,
    last: Option<NodeId>,
    depth: u32,
    kind: Kind,
}

#[derive(Default)]
enum Kind {
    #[default]
    Root,
    Element(Element),
    Text(Zeroizing<String>),
}

pub struct Element {
    /// Without a prefix; in lower case when it comes from HTML.
    pub name: String,
    pub prefix: Option<String>,
    /// None in HTML, so that a plain name in an expression finds it.
    pub namespace: Option<Rc<str>>,
    pub attributes: Vec<Attribute>,
    /// The form that the HTML parser assigns it to, which need not be around it: in `<table><form><tr>` it is not.
    pub form: Option<NodeId>,
}

pub struct Attribute {
    pub name: String,
    pub prefix: Option<String>,
    pub namespace: Option<Rc<str>>,
    pub value: Zeroizing<String>,
}

impl Element {
    /// The value of the attribute of this name, in whichever case it was written.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let is_it = |a: &&Attribute| a.namespace.is_none() && a.name.eq_ignore_ascii_case(name);
        self.attributes.iter().find(is_it).map(|a| a.value.as_str())
    }

    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

impl Tree {
    pub fn new() -> Self {
        Tree { nodes: vec![Node::default(), Node::default()], attributes: 0, bytes: 0, too_large: None }
    }

    /// A new element, not in the document yet. [`NOWHERE`] once the tree is full.
    pub fn create(&mut self, mut element: Element) -> NodeId {
        let attributes = std::mem::take(&mut element.attributes);
        let id = self.push(Kind::Element(element));
        if id != NOWHERE {
            self.add_attributes(id, attributes);
        }
        id
    }

    /// Adds those that the element does not have yet.
    pub fn add_attributes(&mut self, id: NodeId, attributes: Vec<Attribute>) {
        if attributes.len() > MAX_ATTRIBUTES {
            self.too_large = Some("a tag with more than 256 attributes");
        }
        for attribute in attributes {
            self.attributes += 1;
            self.bytes += attribute.value.len() + attribute.name.len();
            if self.is_full() {
                return;
            }
            let Kind::Element(element) = &mut self.nodes[id.index()].kind else { return };
            if !element.attributes.iter().any(|a| a.name == attribute.name && a.namespace == attribute.namespace) {
                element.attributes.push(attribute);
            }
        }
    }

    pub fn set_form(&mut self, id: NodeId, form: NodeId) {
        if let Kind::Element(element) = &mut self.nodes[id.index()].kind {
            element.form = Some(form);
        }
    }

    pub fn append(&mut self, parent: NodeId, child: NodeId) {
        self.link(parent, None, child);
    }

    pub fn insert_before(&mut self, sibling: NodeId, child: NodeId) {
        if let Some(parent) = self.parent(sibling) {
            self.link(parent, Some(sibling), child);
        }
    }

    /// Appends text, to the text before it where there is some.
    pub fn append_text(&mut self, parent: NodeId, text: &str) {
        let before = self.nodes[parent.index()].last;
        self.add_text(parent, before, None, text);
    }

    pub fn insert_text_before(&mut self, sibling: NodeId, text: &str) {
        if let Some(parent) = self.parent(sibling) {
            let before = self.nodes[sibling.index()].previous;
            self.add_text(parent, before, Some(sibling), text);
        }
    }

    pub fn detach(&mut self, id: NodeId) {
        let node = &mut self.nodes[id.index()];
        let (parent, previous, next) = (node.parent.take(), node.previous.take(), node.next.take());
        let Some(parent) = parent else { return };
        match previous {
            Some(previous) => self.nodes[previous.index()].next = next,
            None => self.nodes[parent.index()].first = next,
        }
        match next {
            Some(next) => self.nodes[next.index()].previous = previous,
            None => self.nodes[parent.index()].last = previous,
        }
    }

    pub fn move_children(&mut self, from: NodeId, to: NodeId) {
        if from == to {
            return; // elements of a full tree are all the same one
        }
        while let Some(child) = self.nodes[from.index()].first {
            self.append(to, child);
        }
    }

    pub fn parent(&self, id: NodeId) -> Option<NodeId> {
        self.nodes[id.index()].parent
    }

    pub fn element(&self, id: NodeId) -> Option<&Element> {
        match &self.nodes[id.index()].kind {
            Kind::Element(element) => Some(element),
            Kind::Root | Kind::Text(_) => None,
        }
    }

    pub fn text(&self, id: NodeId) -> Option<&str> {
        match &self.nodes[id.index()].kind {
            Kind::Text(text) => Some(text),
            Kind::Root | Kind::Element(_) => None,
        }
    }

    /// How many entries a vector over [`NodeId::index`] needs.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Everything below `top`, in document order.
    pub fn descendants(&self, top: NodeId) -> impl Iterator<Item = NodeId> {
        let mut at = self.nodes[top.index()].first;
        std::iter::from_fn(move || {
            let here = at?;
            at = self.after(here, top);
            Some(here)
        })
    }

    /// All text below `top`.
    pub fn text_content(&self, top: NodeId) -> Zeroizing<String> {
        let parts: Vec<&str> = self.descendants(top).filter_map(|id| self.text(id)).collect();
        Zeroizing::new(parts.concat())
    }

    /// The error of a page that has outgrown a cap. Cheap; to be asked between any two chunks.
    pub fn check(&self) -> Result<()> {
        match self.too_large {
            Some(why) => Err(too_large(why)),
            None => Ok(()),
        }
    }

    /// What can only be told of the finished tree: the true depth (nodes were moved) and what string values would take.
    pub fn check_whole(&self) -> Result<()> {
        self.check()?;
        let mut depths = vec![0u32; self.nodes.len()];
        let mut string_values = 0usize;
        for id in self.descendants(ROOT) {
            let depth = self.parent(id).map_or(0, |parent| depths[parent.index()]) + 1;
            depths[id.index()] = depth;
            if depth > MAX_DEPTH {
                return Err(too_large(TOO_DEEP));
            }
            string_values += self.text(id).map_or(0, str::len) * depth as usize;
        }
        if string_values > MAX_STRING_VALUES { Err(too_large("too much text, too deep")) } else { Ok(()) }
    }

    fn push(&mut self, kind: Kind) -> NodeId {
        if self.is_full() {
            return NOWHERE;
        }
        self.nodes.push(Node { kind, ..Node::default() });
        NodeId(self.nodes.len() as u32 - 1)
    }

    fn is_full(&mut self) -> bool {
        if self.nodes.len() + self.attributes > MAX_NODES {
            self.too_large = Some("more than 25,000 elements, texts and attributes");
        } else if self.bytes > MAX_BYTES {
            self.too_large = Some("more than 8 MiB of text");
        }
        self.too_large.is_some()
    }

    fn link(&mut self, parent: NodeId, before: Option<NodeId>, child: NodeId) {
        if child == NOWHERE {
            return;
        }
        self.detach(child);
        let previous = match before {
            Some(sibling) => self.nodes[sibling.index()].previous.replace(child),
            None => self.nodes[parent.index()].last.replace(child),
        };
        match previous {
            Some(previous) => self.nodes[previous.index()].next = Some(child),
            None => self.nodes[parent.index()].first = Some(child),
        }
        let depth = self.nodes[parent.index()].depth + 1;
        if depth > MAX_DEPTH {
            self.too_large = Some(TOO_DEEP);
        }
        let node = &mut self.nodes[child.index()];
        (node.parent, node.previous, node.next, node.depth) = (Some(parent), previous, before, depth);
    }

    fn add_text(&mut self, parent: NodeId, before: Option<NodeId>, after: Option<NodeId>, text: &str) {
        self.bytes += text.len();
        if self.is_full() {
            return;
        }
        if let Some(Kind::Text(present)) = before.map(|before| &mut self.nodes[before.index()].kind) {
            present.push_str(text);
            return;
        }
        let id = self.push(Kind::Text(Zeroizing::new(text.to_owned())));
        self.link(parent, after, id);
    }

    /// The next in document order below `top`.
    fn after(&self, id: NodeId, top: NodeId) -> Option<NodeId> {
        if let Some(first) = self.nodes[id.index()].first {
            return Some(first);
        }
        let mut at = id;
        while at != top {
            let node = &self.nodes[at.index()];
            if node.next.is_some() {
                return node.next;
            }
            at = node.parent?;
        }
        None
    }
}

const TOO_DEEP: &str = "more than 512 elements within each other";

/// The error of a page that no honest identity provider sends.
pub fn too_large(why: &str) -> Error {
    Error::new(Code::PageTooLarge, "the identity provider's page is too large to be read")
        .because(why)
        .hint("open `idp_url` in a browser and look whether it is the login page")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(name: &str) -> Element {
        Element { name: name.into(), prefix: None, namespace: None, attributes: Vec::new(), form: None }
    }

    fn attribute(name: &str, value: String) -> Attribute {
        Attribute { name: name.into(), prefix: None, namespace: None, value: Zeroizing::new(value) }
    }

    fn names(tree: &Tree) -> String {
        let name = |id| tree.element(id).map(|e| e.name.as_str()).or(tree.text(id)).unwrap_or("?");
        tree.descendants(ROOT).map(name).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn nodes_keep_document_order_when_they_are_moved() {
        let mut tree = Tree::new();
        let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| tree.create(element(name)));
        tree.append(ROOT, a);
        tree.append(a, b);
        tree.append(a, c);
        tree.insert_before(c, d);
        tree.insert_text_before(c, "x");
        tree.insert_text_before(c, "y");
        assert_eq!(names(&tree), "a b d xy c");
        tree.detach(b);
        tree.move_children(a, b);
        tree.append(a, b);
        assert_eq!(names(&tree), "a b d xy c");
        assert_eq!(tree.descendants(d).count(), 0, "a subtree ends where it ends");
    }

    #[test]
    fn a_full_tree_takes_nothing_more_in() {
        let mut tree = Tree::new();
        for _ in 0..2 * MAX_NODES {
            let id = tree.create(element("p"));
            tree.append(ROOT, id);
        }
        assert!(tree.len() <= MAX_NODES + 1);
        assert_eq!(tree.check().unwrap_err().code, Code::PageTooLarge);
    }

    #[test]
    fn the_value_of_a_formatting_element_can_be_copied_only_so_often() {
        let mut tree = Tree::new();
        for _ in 0..20 {
            let id = tree.create(Element { attributes: vec![attribute("title", "x".repeat(1 << 20))], ..element("b") });
            tree.append(ROOT, id);
        }
        let kept = tree.descendants(ROOT).filter(|id| !tree.element(*id).unwrap().attributes.is_empty()).count();
        assert_eq!(kept, 7);
        assert_eq!(tree.check().unwrap_err().code, Code::PageTooLarge);
    }

    #[test]
    fn text_weighs_more_the_deeper_it_lies() {
        let mut tree = Tree::new();
        let mut at = ROOT;
        for _ in 0..400 {
            let id = tree.create(element("div"));
            tree.append(at, id);
            at = id;
        }
        tree.append_text(at, &"x".repeat(10_000));
        assert!(tree.check_whole().is_ok());
        tree.append_text(at, &"x".repeat(100_000));
        assert_eq!(tree.check_whole().unwrap_err().code, Code::PageTooLarge);
    }
}
