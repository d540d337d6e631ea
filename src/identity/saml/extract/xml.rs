//! Reads XML as Airflow's lxml does: well-formed only, names as written, with namespaces.
//!
//! quick-xml splits the text into tags and leaves part of well-formedness to its caller. That part is here: one root, only
//! white space around it, names, prefixes, characters, references. A DOCTYPE is ignored and nothing that it names is fetched.
//! Unlike lxml, entities that it declares are not expanded: a page that uses one is an error, and so is every "billion
//! laughs".

use std::rc::Rc;

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use sxd_document::XmlChar;
use zeroize::Zeroizing;

use super::tree::{Attribute, Element, NodeId, ROOT, Tree};
use crate::error::{Code, Error, Result, printable};
use crate::time::Deadline;

const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";

/// Reads a document. Errors: [`Code::XpathNoMatch`] when it is not well-formed, [`Code::PageTooLarge`], or the deadline's.
pub fn read(text: &str, deadline: Deadline) -> Result<Tree> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    let mut document = Document { tree: Tree::new(), open: Vec::new(), prefixes: Vec::new(), has_root: false };
    if let Some(at) = text.find(|c| !is_xml_char(c)) {
        return Err(not_well_formed(text, at, "a control character"));
    }
    loop {
        let at = reader.buffer_position() as usize;
        let event = reader
            .read_event()
            .map_err(|e| not_well_formed(text, reader.error_position() as usize, &printable(&e.to_string(), 120)))?;
        let fault = match event {
            Event::Eof if document.open.is_empty() && document.has_root => break,
            Event::Eof if document.has_root => Some("the document ends within an element".to_owned()),
            Event::Eof => Some("there is no element".to_owned()),
            event => document.take(event, at).err(),
        };
        if let Some(fault) = fault {
            return Err(not_well_formed(text, at, &fault));
        }
        document.tree.check()?;
        deadline.check("reading the identity provider's page")?;
    }
    document.tree.check_whole()?;
    Ok(document.tree)
}

/// The error of a page that is not XML.
pub fn not_well_formed(text: &str, at: usize, why: &str) -> Error {
    let line = text.as_bytes()[..at.min(text.len())].iter().filter(|b| **b == b'\n').count() + 1;
    Error::new(
        Code::XpathNoMatch,
        "the identity provider's page is not well-formed XML, so `xpath` finds nothing in it",
    )
    .because(format!("line {line}: {why}"))
    .hint("set `parser = \"html\"` in the profile: it reads pages as browsers do, and reads well-formed ones too")
}

struct Document {
    tree: Tree,
    open: Vec<NodeId>,
    /// Depth of the element, prefix (empty for the default namespace) and URI of each declaration, innermost last.
    prefixes: Vec<(usize, String, Rc<str>)>,
    has_root: bool,
}

/// What is wrong, in words.
type Fault = std::result::Result<(), String>;

impl Document {
    fn take(&mut self, event: Event<'_>, at: usize) -> Fault {
        match event {
            Event::Start(tag) => {
                let id = self.element(&tag)?;
                self.open.push(id);
            }
            Event::Empty(tag) => {
                self.element(&tag)?;
                self.forget_prefixes();
            }
            Event::End(_) => {
                self.open.pop();
                self.forget_prefixes();
            }
            Event::Text(text) => {
                if text.contains("]]>") {
                    return Err("`]]>` in text".into());
                }
                self.text(&text.xml10_content())?;
            }
            Event::CData(text) if !self.open.is_empty() => self.text(&text.xml10_content())?,
            Event::CData(_) => return Err("text outside the root element".into()),
            Event::GeneralRef(name) => {
                let character = name.resolve_char_ref().map_err(|_| "a reference to an invalid character")?;
                match character {
                    Some(c) if is_xml_char(c) && !self.open.is_empty() => self.text(c.encode_utf8(&mut [0; 4]))?,
                    Some(_) => return Err("a reference to a character that is not allowed there".into()),
                    None if self.open.is_empty() => return Err("text outside the root element".into()),
                    None => self.text(resolve_xml_entity(&name).ok_or_else(|| unknown_entity(&name))?)?,
                }
            }
            // The XML declaration has to be at the very start; a blank line before it is a common mistake.
            Event::Decl(_) if at == 0 => {}
            Event::Decl(_) => return Err("the XML declaration is not at the very start".into()),
            Event::PI(instruction) if instruction.target().eq_ignore_ascii_case("xml") => {
                return Err("the XML declaration is not at the very start".into());
            }
            Event::DocType(_) if self.has_root => return Err("a DOCTYPE after the root element has begun".into()),
            Event::DocType(_) | Event::PI(_) | Event::Comment(_) | Event::Eof => {}
        }
        Ok(())
    }

    fn element(&mut self, tag: &BytesStart<'_>) -> std::result::Result<NodeId, String> {
        if self.open.is_empty() && std::mem::replace(&mut self.has_root, true) {
            return Err("a second root element".into());
        }
        if !are_spaced(tag.attributes_raw()) {
            return Err("no white space between two attributes".into());
        }
        let mut given = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|e| printable(&e.to_string(), 120))?;
            if attribute.value.contains('<') {
                return Err("`<` in an attribute's value".into());
            }
            // White space becomes spaces, and references are decoded once.
            let value =
                attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|e| printable(&e.to_string(), 80))?;
            if !value.chars().all(is_xml_char) {
                return Err("a reference to a character that is not allowed there".into());
            }
            given.push((attribute.key.0, Zeroizing::new(value.into_owned())));
        }
        let depth = self.open.len();
        for (name, value) in &given {
            match name.strip_prefix("xmlns") {
                Some("") => self.prefixes.push((depth, String::new(), value.as_str().into())),
                Some(rest) if rest.starts_with(':') => {
                    self.prefixes.push((depth, rest[1..].to_owned(), value.as_str().into()));
                }
                _ => {}
            }
        }
        let mut attributes = Vec::new();
        for (name, value) in given {
            if name == "xmlns" || name.starts_with("xmlns:") {
                continue;
            }
            let (prefix, name) = split_name(name)?;
            // An attribute without a prefix is in no namespace, not in the default one.
            let namespace = prefix.map(|p| self.namespace(p)).transpose()?;
            attributes.push(Attribute { name: name.into(), prefix: prefix.map(Into::into), namespace, value });
        }
        let (prefix, name) = split_name(tag.name().0)?;
        let namespace = Some(self.namespace(prefix.unwrap_or(""))?).filter(|uri| !uri.is_empty());
        let prefix = prefix.map(Into::into);
        let id = self.tree.create(Element { name: name.into(), prefix, namespace, attributes, form: None });
        self.tree.append(self.open.last().copied().unwrap_or(ROOT), id);
        Ok(id)
    }

    fn text(&mut self, text: &str) -> Fault {
        match self.open.last() {
            Some(parent) => self.tree.append_text(*parent, text),
            None if text.chars().all(XmlChar::is_space_char) => {}
            None => return Err("text outside the root element".into()),
        }
        Ok(())
    }

    fn namespace(&self, prefix: &str) -> std::result::Result<Rc<str>, String> {
        match self.prefixes.iter().rev().find(|(_, name, _)| name == prefix) {
            Some((_, _, uri)) if !uri.is_empty() || prefix.is_empty() => Ok(uri.clone()),
            None if prefix.is_empty() => Ok("".into()),
            None if prefix == "xml" => Ok(XML_NAMESPACE.into()),
            Some(_) | None => Err(format!("the prefix `{}` is not declared", printable(prefix, 40))),
        }
    }

    /// Removes the declarations of the element that has just ended.
    fn forget_prefixes(&mut self) {
        let depth = self.open.len();
        while self.prefixes.last().is_some_and(|(at, _, _)| *at >= depth) {
            self.prefixes.pop();
        }
    }
}

/// Whether each quoted value is followed by white space or nothing; quick-xml does not check this.
fn are_spaced(attributes: &str) -> bool {
    let mut rest = attributes;
    while let Some(start) = rest.find(['"', '\'']) {
        let (quote, after) = rest[start..].split_at(1);
        let Some((_, after)) = after.split_once(quote) else { return true };
        if after.starts_with(|c: char| !c.is_space_char()) {
            return false;
        }
        rest = after;
    }
    true
}

/// Splits `prefix:name`.
fn split_name(name: &str) -> std::result::Result<(Option<&str>, &str), String> {
    let (prefix, local) = match name.split_once(':') {
        Some((prefix, local)) => (Some(prefix), local),
        None => (None, name),
    };
    let is_name =
        |part: &str| part.starts_with(XmlChar::is_ncname_start_char) && part.chars().all(XmlChar::is_ncname_char);
    if is_name(local) && prefix.is_none_or(is_name) {
        Ok((prefix, local))
    } else {
        Err(format!("`{}` is not a name", printable(name, 40)))
    }
}

fn unknown_entity(name: &str) -> String {
    format!("the entity `&{};`, which is not one of XML's own", printable(name, 40))
}

/// `Char` of XML 1.0.
fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn parse(text: &str) -> Result<Tree> {
        read(text, Deadline::after(Duration::from_secs(60)))
    }

    #[test]
    fn well_formed_documents_are_read() {
        let table = [
            ("<a/>", ""),
            ("<?xml version='1.0'?>\n<!-- c --><?pi x?><a>x<!-- y -->z</a>\n", "xz"),
            ("<!DOCTYPE html PUBLIC '-//W3C//DTD' 'http://127.0.0.1:1/x.dtd'><a>&lt;&#65;&#x42;</a>", "<AB"),
            ("<!DOCTYPE a [<!ENTITY e 'x'> <!ELEMENT a ANY>]><a>unused</a>", "unused"),
            ("<a><![CDATA[<b>]]>\r\n</a>", "<b>\n"),
            ("<a xmlns='u' xmlns:p='v'><p:b xml:lang='en' p:c='d'/></a>", ""),
            ("<a>\u{1f600}</a>", "\u{1f600}"),
            ("<a>&amp;lt;</a>", "&lt;"),
        ];
        for (text, content) in table {
            let tree = parse(text).unwrap_or_else(|e| panic!("{text}: {e:?}"));
            assert_eq!(*tree.text_content(ROOT), content, "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_its_line() {
        let table = [
            ("", "line 1: there is no element"),
            ("\n<?xml version='1.0'?><a/>", "line 2: the XML declaration"),
            ("<a>\n<br></a>", "line 2: ill-formed document: expected `</br>`"),
            ("<a><b>", "line 1: the document ends"),
            ("<a/><b/>", "a second root"),
            ("<a/>x", "text outside"),
            ("x<a/>", "text outside"),
            ("<a/>&#32;", "not allowed there"),
            ("<a>&nbsp;</a>", "the entity `&nbsp;`"),
            ("<a b='&nbsp;'/>", "nbsp"),
            ("<a>&#0;</a>", "character"),
            ("<a>&#1;</a>", "character"),
            ("<a b='&#1;'/>", "character"),
            ("<a>\u{1}</a>", "control character"),
            ("<a>&</a>", "reference"),
            ("<a b></a>", "attribute"),
            ("<a b=c/>", "attribute"),
            ("<a b='1' b='2'/>", "duplicate"),
            ("<a b='1'c='2'/>", "white space"),
            ("<a b='<'/>", "`<` in an attribute"),
            ("<a>]]></a>", "`]]>` in text"),
            ("<a><!-- -- --></a>", "`--`"),
            ("<p:a/>", "the prefix `p` is not declared"),
            ("<a p:b='1'/>", "the prefix `p` is not declared"),
            ("<a><b xmlns:p='u'/><p:c/></a>", "the prefix `p` is not declared"),
            ("<1a/>", "is not a name"),
            ("<a:b:c xmlns:a='u'/>", "is not a name"),
            ("</a>", "does not match any open tag"),
            ("<a/><!DOCTYPE a>", "a DOCTYPE after"),
            ("<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>", "the entity `&e;`"),
        ];
        for (text, expected) in table {
            let error = parse(text).err().unwrap_or_else(|| panic!("{text:?} was read"));
            assert_eq!(error.code, Code::XpathNoMatch, "{text:?}");
            assert!(error.causes[0].contains(expected), "{text:?}: {:?}", error.causes);
        }
    }

    #[test]
    fn a_billion_laughs_are_not_laughed() {
        let mut text = String::from("<!DOCTYPE l [<!ENTITY a0 'lol'>");
        for i in 1..10 {
            text += &format!("<!ENTITY a{i} '{}'>", format!("&a{};", i - 1).repeat(10));
        }
        text += "]><l>&a9;</l>";
        assert_eq!(parse(&text).err().unwrap().code, Code::XpathNoMatch);
        let in_attribute = text.replace("<l>&a9;</l>", "<l v='&a9;'/>");
        assert_eq!(parse(&in_attribute).err().unwrap().code, Code::XpathNoMatch);
    }
}
