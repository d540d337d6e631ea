//! The page as a tree: both readers build one, and forms and XPath are read from it.
//!
//! Nodes live in one vector and refer to each other by index, so that neither growing nor dropping a tree recurses, however
//! deep it is. The limits are enforced here, where nodes are made, even within a single tag: once one is exceeded the tree
//! takes nothing more, and the reader learns of it at its next call of [`Tree::check`].

use std::rc::Rc;

use zeroize::Zeroizing;

use crate::error::{Code, Error, Result};

/// Elements, texts and attributes together. Real login pages have hundreds. Each node set of XPath takes about 2 MB at this
/// limit.
const MAX_NODES: usize = 25_000;
/// Attributes of one element. Finding one is a linear search, here and in the XPath engine.
const MAX_ATTRIBUTES: usize = 256;
/// Nested elements: the limit of libxml2 is 256, that of browsers 512. XPath's string value recurses this deep.
const MAX_DEPTH: u32 = 512;
/// Text and attribute values together, in bytes. The HTML algorithm copies the attributes of a formatting element into each
/// paragraph that it reaches into, so this can be more than the page itself.
const MAX_BYTES: usize = 8 << 20;
/// The string values of all elements together, in bytes: text counts once for each element around it. `//* = 'x'` holds them
/// all in memory.
const MAX_STRING_VALUES: usize = 32 << 20;

pub const ROOT: NodeId = NodeId(0);
/// A node outside the document, for comments and the contents of templates.
pub const NOWHERE: NodeId = NodeId(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeId(u32);

impl NodeId {
    /// The node's index in a vector with one entry for each node. A parent need not come before its children.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

pub struct Tree {
    nodes: Vec<Node>,
    /// Number of attributes so far; they count as nodes.
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
    /// `None` in HTML, so that a plain name in an expression finds it.
    pub namespace: Option<Rc<str>>,
    pub attributes: Vec<Attribute>,
    /// The form that the HTML parser assigns it to, which need not be an ancestor: in `<table><form><tr>` it is not.
    pub form: Option<NodeId>,
}

pub struct Attribute {
    pub name: String,
    pub prefix: Option<String>,
    pub namespace: Option<Rc<str>>,
    pub value: Zeroizing<String>,
}

impl Element {
    /// The value of the attribute of this name, whatever its case.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let is_it = |a: &&Attribute| a.namespace.is_none() && a.name.eq_ignore_ascii_case(name);
        self.attributes.iter().find(is_it).map(|a| a.value.as_str())
    }

    /// The same, trimmed; empty if the attribute is absent.
    pub fn value(&self, name: &str) -> &str {
        self.attribute(name).unwrap_or_default().trim()
    }

    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Whether its name is one of these, which are separated by spaces.
    pub fn is_any(&self, names: &str) -> bool {
        names.split(' ').any(|name| self.is(name))
    }
}

impl Tree {
    pub fn new() -> Self {
        Tree { nodes: vec![Node::default(), Node::default()], attributes: 0, bytes: 0, too_large: None }
    }

    /// Makes an element that is not in the document yet. Returns [`NOWHERE`] once the tree is full.
    pub fn create(&mut self, mut element: Element) -> NodeId {
        let attributes = std::mem::take(&mut element.attributes);
        let id = self.push(Kind::Element(element));
        if id != NOWHERE {
            self.add_attributes(id, attributes);
        }
        id
    }

    /// Adds the attributes that the element does not have yet.
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

    /// Appends text, joined to a text before it.
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
            return; // in a full tree all new elements are the same node
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

    /// Number of entries that a vector indexed by [`NodeId::index`] needs.
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

    /// The elements below `top`, in document order.
    pub fn elements(&self, top: NodeId) -> impl Iterator<Item = (NodeId, &Element)> {
        self.descendants(top).filter_map(|id| Some((id, self.element(id)?)))
    }

    pub fn parent_element(&self, id: NodeId) -> Option<&Element> {
        self.element(self.parent(id)?)
    }

    /// All text below `top`.
    pub fn text_content(&self, top: NodeId) -> Zeroizing<String> {
        let parts: Vec<&str> = self.descendants(top).filter_map(|id| self.text(id)).collect();
        Zeroizing::new(parts.concat())
    }

    /// Fails once a limit is exceeded. Cheap; called between any two chunks.
    pub fn check(&self) -> Result<()> {
        match self.too_large {
            Some(why) => Err(too_large(why)),
            None => Ok(()),
        }
    }

    /// Checks what only the finished tree shows: its true depth, since nodes were moved, and the size of its string values.
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

    /// The next node in document order below `top`.
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

/// The error of a page that exceeds a limit.
pub fn too_large(why: &str) -> Error {
    Error::new(Code::PageTooLarge, "the identity provider's page is too large to be read")
        .because(why)
        .hint("open `idp_url` in a browser and look whether it is the login page")
}

#[cfg(test)]
mod tests;
