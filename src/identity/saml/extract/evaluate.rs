//! Evaluates an expression on a page, with sxd-document and sxd-xpath.
//!
//! The XML parser of sxd-document is not used: its time is quadratic in nesting and in attributes. Nodes and strings are
//! freed only with the whole package, and strings are not wiped: a copy of the response stays in freed memory. Nodes are made
//! once and never changed here, since a text that grows piece by piece would keep every piece. A second element below the
//! root silently replaces the first; our readers make only one.

use sxd_document::dom::{Document, Element as DomElement};
use sxd_document::{Package, QName};
use sxd_xpath::function::{Error as FunctionError, Function};
use sxd_xpath::{Context, Factory, Value, context};
use zeroize::Zeroizing;

use super::tree::{NodeId, ROOT, Tree};
use super::xpath::{IN_TIME, Reading, XPath};
use crate::error::{Code, Error, Result, printable};
use crate::secret::Secret;
use crate::time::Deadline;

/// Returns the first non-empty result in document order, trimmed. `None` if there is none.
///
/// Airflow fails on several results; a browser would post the first.
/// Errors: [`Code::InvalidXpath`] for an expression whose result is not text, [`Code::XpathTooCostly`].
pub fn first_value(tree: &Tree, xpath: &XPath, deadline: Deadline) -> Result<Option<Secret>> {
    let package = Package::new();
    let document = package.as_document();
    fill(document, tree, xpath.reading());
    let invalid = |why: String| {
        Error::new(Code::InvalidXpath, "the XPath expression cannot be evaluated")
            .because(why)
            .hint("set `xpath` in the profile to an expression that finds attributes, elements or text")
    };
    let expression = Factory::new().build(xpath.as_normalised()).ok().flatten();
    let expression = expression.ok_or_else(|| invalid("it is not XPath 1.0".into()))?;
    let mut context = Context::new();
    context.set_function(IN_TIME, InTime(deadline));
    let value = expression.evaluate(&context, document.root()).map_err(|e| match deadline.has_passed() {
        true => too_costly(),
        false => invalid(printable(&e.to_string(), 120)),
    })?;
    match value {
        Value::Nodeset(nodes) => {
            let values = nodes.document_order().into_iter().map(|node| Zeroizing::new(node.string_value()));
            Ok(values.filter_map(|value| trimmed(&value)).next())
        }
        Value::String(value) => Ok(trimmed(&Zeroizing::new(value))),
        Value::Boolean(_) => Err(invalid("it gives true or false, not text".into())),
        Value::Number(_) => Err(invalid("it gives a number, not text".into())),
    }
}

/// The error of an expression that takes too long on a page.
pub fn too_costly() -> Error {
    Error::new(Code::XpathTooCostly, "the XPath expression takes too long on the identity provider's page")
        .hint("set `xpath` in the profile to a simpler expression: no `//` and no `following::` within brackets")
}

fn trimmed(value: &str) -> Option<Secret> {
    let value = value.trim();
    (!value.is_empty()).then(|| Secret::new(value.to_owned()))
}

fn fill(document: Document<'_>, tree: &Tree, reading: Reading) {
    let mut made = vec![None; tree.len()];
    for id in tree.descendants(ROOT) {
        let parent: Option<DomElement<'_>> = tree.parent(id).and_then(|parent| made[parent.index()]);
        if let Some(text) = tree.text(id) {
            // In HTML, script is not text of the page. In XML it is text like any other.
            let is_text = reading == Reading::Xml || !is_code(tree, id);
            if let Some(parent) = parent.filter(|_| is_text) {
                parent.append_child(document.create_text(text));
            }
        } else if let Some(element) = tree.element(id) {
            let node = document.create_element(QName::with_namespace_uri(element.namespace.as_deref(), &element.name));
            // For `name()`, which asks for a declared prefix.
            if let (Some(prefix), Some(uri)) = (&element.prefix, &element.namespace) {
                node.register_prefix(prefix, uri);
                node.set_preferred_prefix(Some(prefix));
            }
            for attribute in &element.attributes {
                let name = QName::with_namespace_uri(attribute.namespace.as_deref(), &attribute.name);
                let set = node.set_attribute_value(name, &attribute.value);
                if let (Some(prefix), Some(uri)) = (&attribute.prefix, &attribute.namespace) {
                    node.register_prefix(prefix, uri);
                    set.set_preferred_prefix(Some(prefix));
                }
            }
            match parent {
                Some(parent) => parent.append_child(node),
                None => document.root().append_child(node),
            }
            made[id.index()] = Some(node);
        }
    }
}

fn is_code(tree: &Tree, text: NodeId) -> bool {
    tree.parent_element(text).is_some_and(|element| element.is_any("script style"))
}

/// A function that is true until the deadline, and then fails, which ends the evaluation.
struct InTime(Deadline);

impl Function for InTime {
    fn evaluate<'c, 'd>(
        &self,
        _context: &context::Evaluation<'c, 'd>,
        _arguments: Vec<Value<'d>>,
    ) -> std::result::Result<Value<'d>, FunctionError> {
        if self.0.has_passed() { Err(FunctionError::Other("out of time".into())) } else { Ok(Value::Boolean(true)) }
    }
}
