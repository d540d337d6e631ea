//! Reads HTML as browsers do, with html5ever, into a [`Tree`].
//!
//! For expressions: the parser adds the elements that the standard implies, so `<table><tr>` of a page is `table/tbody/tr`
//! here, and `/html/body` always exists. Comments, processing instructions and the contents of `<template>` are not in the
//! tree. Scripting counts as enabled, since we submit the form as the page's script would: the content of `<noscript>` is
//! text, so the "press Continue" button of a page that submits itself, and the "please enable JavaScript" redirect of a login
//! page, are not found.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use html5ever::interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::{Attribute as HtmlAttribute, ExpandedName, LocalName, ParseOpts, QualName, ns, parse_document};
use zeroize::Zeroizing;

use super::tree::{Attribute, Element, NOWHERE, NodeId, ROOT, Tree};
use crate::error::Result;
use crate::time::Deadline;

/// Bytes given to the parser between two checks of the limits and the deadline. The parser's time is quadratic in the nesting
/// (each tag searches all open ones) and in the attributes of a tag, and it has no limits of its own.
const CHUNK: usize = 4096;

/// Reads a page; any text is HTML. Errors: [`crate::error::Code::PageTooLarge`], or the deadline's.
pub fn read(text: &str, deadline: Deadline) -> Result<Tree> {
    let mut parser = parse_document(Sink::new(), ParseOpts::default());
    let mut rest = text;
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at(rest.floor_char_boundary(CHUNK));
        parser.process(StrTendril::from_slice(chunk));
        parser.tokenizer.sink.sink.tree.borrow().check()?;
        deadline.check("reading the identity provider's page")?;
        rest = after;
    }
    let tree = parser.finish();
    tree.check_whole()?;
    Ok(tree)
}

struct Sink {
    tree: RefCell<Tree>,
    root: Handle,
    nowhere: Handle,
}

/// The parser's handle of a node. It often asks for the name of a node that it holds.
type Handle = Rc<Held>;

struct Held {
    id: NodeId,
    name: QualName,
    is_integration_point: bool,
}

impl Sink {
    fn new() -> Self {
        let nameless = |id| {
            Rc::new(Held { id, name: QualName::new(None, ns!(), LocalName::from("")), is_integration_point: false })
        };
        Sink { tree: RefCell::new(Tree::new()), root: nameless(ROOT), nowhere: nameless(NOWHERE) }
    }
}

/// Drops namespaces and lower-cases names (SVG has some in camel case), so that a plain name in an expression finds everything.
fn attributes(attributes: Vec<HtmlAttribute>) -> Vec<Attribute> {
    let attribute = |a: HtmlAttribute| Attribute {
        name: a.name.local.to_ascii_lowercase().to_string(),
        prefix: None,
        namespace: None,
        value: Zeroizing::new(a.value.to_string()),
    };
    attributes.into_iter().map(attribute).collect()
}

impl TreeSink for Sink {
    type Handle = Handle;
    type Output = Tree;
    type ElemName<'a> = ExpandedName<'a>;

    fn finish(self) -> Tree {
        self.tree.into_inner()
    }

    fn get_document(&self) -> Handle {
        self.root.clone()
    }

    fn elem_name<'a>(&'a self, target: &'a Handle) -> ExpandedName<'a> {
        target.name.expanded()
    }

    fn create_element(&self, name: QualName, given: Vec<HtmlAttribute>, flags: ElementFlags) -> Handle {
        let mut tree = self.tree.borrow_mut();
        // A hostile page can make the parser copy a formatting element thousands of times: a full tree copies no attributes.
        let attributes = if tree.check().is_ok() { attributes(given) } else { Vec::new() };
        let name_in_tree = name.local.to_ascii_lowercase().to_string();
        let id = tree.create(Element { name: name_in_tree, prefix: None, namespace: None, attributes, form: None });
        Rc::new(Held { id, name, is_integration_point: flags.mathml_annotation_xml_integration_point })
    }

    fn create_comment(&self, _text: StrTendril) -> Handle {
        self.nowhere.clone()
    }

    fn create_pi(&self, _target: StrTendril, _data: StrTendril) -> Handle {
        self.nowhere.clone()
    }

    fn append(&self, parent: &Handle, child: NodeOrText<Handle>) {
        let mut tree = self.tree.borrow_mut();
        match child {
            NodeOrText::AppendNode(node) => tree.append(parent.id, node.id),
            NodeOrText::AppendText(text) => tree.append_text(parent.id, &text),
        }
    }

    fn append_before_sibling(&self, sibling: &Handle, child: NodeOrText<Handle>) {
        let mut tree = self.tree.borrow_mut();
        match child {
            NodeOrText::AppendNode(node) => tree.insert_before(sibling.id, node.id),
            NodeOrText::AppendText(text) => tree.insert_text_before(sibling.id, &text),
        }
    }

    fn append_based_on_parent_node(&self, element: &Handle, previous: &Handle, child: NodeOrText<Handle>) {
        let has_parent = self.tree.borrow().parent(element.id).is_some();
        if has_parent {
            self.append_before_sibling(element, child);
        } else {
            self.append(previous, child);
        }
    }

    fn get_template_contents(&self, _target: &Handle) -> Handle {
        self.nowhere.clone()
    }

    fn same_node(&self, x: &Handle, y: &Handle) -> bool {
        Rc::ptr_eq(x, y)
    }

    fn add_attrs_if_missing(&self, target: &Handle, given: Vec<HtmlAttribute>) {
        self.tree.borrow_mut().add_attributes(target.id, attributes(given));
    }

    fn associate_with_form(&self, target: &Handle, form: &Handle, _nodes: (&Handle, Option<&Handle>)) {
        self.tree.borrow_mut().set_form(target.id, form.id);
    }

    fn remove_from_parent(&self, target: &Handle) {
        self.tree.borrow_mut().detach(target.id);
    }

    fn reparent_children(&self, node: &Handle, new_parent: &Handle) {
        self.tree.borrow_mut().move_children(node.id, new_parent.id);
    }

    fn is_mathml_annotation_xml_integration_point(&self, target: &Handle) -> bool {
        target.is_integration_point
    }

    fn parse_error(&self, _message: Cow<'static, str>) {}

    fn append_doctype_to_document(&self, _name: StrTendril, _public_id: StrTendril, _system_id: StrTendril) {}

    fn set_quirks_mode(&self, _mode: QuirksMode) {}
}
