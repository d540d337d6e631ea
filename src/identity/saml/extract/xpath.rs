//! Checks the expression of `xpath =` and normalises it to a spelling that the XPath engine takes without fault.
//!
//! sxd-xpath 0.4.2 has no limits and is not maintained. Its faults, and what is done about each:
//! - an undeclared prefix panics (`node_test.rs`, "No namespace for prefix"), and no prefix can be declared: refused, as
//!   libxml2 does for Airflow;
//! - parsing, evaluating and dropping recurse for each parenthesis, predicate, operator and unary minus, and a few thousand
//!   overflow the stack, which kills the process: all are counted and limited;
//! - unknown functions and variables fail only when they are reached: refused at once;
//! - `namespace::` makes a node for each pair of element and declaration, and a page decides both numbers: refused;
//! - all arguments are in memory at once, so `concat(/, /, …)` takes a multiple of the page: commas are limited;
//! - it cannot be interrupted: each step gets the predicate `in-time()`, which ends the evaluation at the deadline;
//! - after a comma, `mode` is read as `mod` and `e`, and `*` as multiplication; `text( )` and `count (x)` are not understood:
//!   the normalised spelling avoids these.
//!
//! Not corrected, though against the standard: `a != 'b'` is `not(a = 'b')` for nodes, and `[1.5]` is `[1]`.

use crate::config::profile::Parser;
use crate::error::{Code, Error, Result, printable};

/// The function in the predicate of each step. A configured expression cannot call it, since only known functions pass.
pub const IN_TIME: &str = "in-time";

const MAX_LENGTH: usize = 1024;
const MAX_NESTING: usize = 16;
const MAX_OPERATORS: usize = 64;
const MAX_COMMAS: usize = 10;

const AXES: &str = "ancestor ancestor-or-self attribute child descendant descendant-or-self following following-sibling \
    parent preceding preceding-sibling self";
const NODE_TYPES: &str = "comment node processing-instruction text";
const FUNCTIONS: &str = "boolean ceiling concat contains count false floor last local-name name namespace-uri \
    normalize-space not number position round starts-with string string-length substring \
    substring-after substring-before sum translate true";

/// A checked and normalised expression, which evaluates without a panic or an overflow.
#[derive(Clone, Debug)]
pub struct XPath {
    normalised: String,
    reading: Reading,
    /// For a second reading, if this one finds nothing.
    second: Option<Box<XPath>>,
}

/// One way to read a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    Html,
    Xml,
}

impl XPath {
    /// Checks an expression for use with this parser.
    ///
    /// With `Parser::Html`, names become lower case, as in browsers, and any run of slashes is `//`. With `Parser::Xml`, as in
    /// libxml2, two to four slashes at the start of a path are `//`, and three elsewhere are an error. That covers
    /// `////INPUT[@NAME='SAMLResponse']/@VALUE` of Airflow's documentation.
    ///
    /// Errors: [`Code::InvalidXpath`].
    pub fn parse(text: &str, parser: Parser) -> Result<Self> {
        match parser {
            Parser::Html => XPath::of(text, Reading::Html),
            Parser::Xml => XPath::of(text, Reading::Xml),
            Parser::XmlThenHtml => {
                let second = Some(Box::new(XPath::of(text, Reading::Html)?));
                Ok(XPath { second, ..XPath::of(text, Reading::Xml)? })
            }
        }
    }

    fn of(text: &str, reading: Reading) -> Result<Self> {
        let invalid = |why: String| {
            Error::new(Code::InvalidXpath, format!("the XPath expression `{}` cannot be used", printable(text, 80)))
                .because(why)
                .hint("set `xpath` in the profile; the default is '//input[@name=\"SAMLResponse\"]/@value'")
        };
        let normalised = Normaliser::new(text, reading).run().map_err(invalid)?;
        match sxd_xpath::Factory::new().build(&normalised) {
            Ok(Some(_)) => Ok(XPath { normalised, reading, second: None }),
            Ok(None) => Err(invalid("it is not XPath 1.0".into())),
            Err(e) => Err(invalid(format!("it is not XPath 1.0: {}", printable(&e.to_string(), 80)))),
        }
    }

    pub fn reading(&self) -> Reading {
        self.reading
    }

    pub fn second(&self) -> Option<&XPath> {
        self.second.as_deref()
    }

    /// The text for the engine.
    pub fn as_normalised(&self) -> &str {
        &self.normalised
    }
}

struct Normaliser<'t> {
    rest: &'t str,
    reading: Reading,
    out: String,
    /// What precedes: it decides what `*` and names are (XPath 1.0, 3.7).
    before: Before,
    open: Vec<char>,
    operators: usize,
    commas: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Before {
    /// The end of an operand: an operator must follow.
    Operand,
    Comma,
    /// `/`, `@`, `axis::`: a step must follow.
    Path,
    /// Nothing, an operator or an opening bracket: an operand must follow.
    Other,
}

type Checked<T = ()> = std::result::Result<T, String>;

impl<'t> Normaliser<'t> {
    fn new(text: &'t str, reading: Reading) -> Self {
        Normaliser {
            rest: text.trim(),
            reading,
            out: String::new(),
            before: Before::Other,
            open: Vec::new(),
            operators: 0,
            commas: 0,
        }
    }

    fn run(mut self) -> Checked<String> {
        if self.rest.len() > MAX_LENGTH {
            return Err(format!("it is longer than {MAX_LENGTH} characters"));
        }
        while let Some(c) = self.rest.chars().next() {
            match c {
                ' ' | '\t' | '\r' | '\n' => {
                    self.skip(1);
                }
                '"' | '\'' => self.literal(c)?,
                '0'..='9' => self.number(),
                '.' if self.rest[1..].starts_with(|c: char| c.is_ascii_digit()) => self.number(),
                '.' if self.rest.starts_with("..") => self.put(2, Before::Operand),
                '.' => self.put(1, Before::Operand),
                '/' => self.slashes()?,
                '(' | '[' => self.open(c)?,
                ')' | ']' => self.close(c)?,
                ',' => self.comma()?,
                '@' => self.put(1, Before::Path),
                '*' if self.before == Before::Operand => self.operator(1)?,
                '*' => {
                    self.skip(1);
                    self.name_test("*");
                }
                '<' | '>' | '!' if self.rest[1..].starts_with('=') => self.operator(2)?,
                '+' | '-' | '|' | '=' | '<' | '>' => self.operator(1)?,
                '$' => return Err("there are no variables".into()),
                _ if c.is_alphabetic() || c == '_' => self.name()?,
                _ => return Err(format!("`{}` does not belong there", printable(&c.to_string(), 1))),
            }
        }
        match self.open.pop() {
            Some(bracket) => Err(format!("`{bracket}` is not closed")),
            None if self.out.is_empty() => Err("it is empty".into()),
            None => Ok(self.out),
        }
    }

    fn skip(&mut self, length: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    /// Writes a space and the next `length` bytes.
    fn put(&mut self, length: usize, before: Before) {
        self.out.push(' ');
        let token = self.skip(length);
        self.out.push_str(token);
        self.before = before;
    }

    fn literal(&mut self, quote: char) -> Checked {
        let end = self.rest[1..].find(quote).ok_or_else(|| format!("{quote} is not closed"))?;
        self.put(end + 2, Before::Operand);
        Ok(())
    }

    fn number(&mut self) {
        let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let whole = digits(self.rest);
        let fraction = match self.rest[whole..].strip_prefix('.') {
            Some(rest) => 1 + digits(rest),
            None => 0,
        };
        self.put(whole + fraction, Before::Operand);
    }

    fn slashes(&mut self) -> Checked {
        let run = self.rest.len() - self.rest.trim_start_matches('/').len();
        let allowed = match (self.reading, self.before) {
            (Reading::Html, _) => MAX_LENGTH,
            (Reading::Xml, Before::Operand) => 2,
            (Reading::Xml, _) => 4,
        };
        if run > allowed {
            return Err(format!("{run} slashes in a row"));
        }
        self.skip(run);
        self.out.push_str(if run == 1 { " /" } else { " //" });
        self.before = Before::Path;
        Ok(())
    }

    fn open(&mut self, bracket: char) -> Checked {
        self.open.push(bracket);
        if self.open.len() > MAX_NESTING {
            return Err(format!("more than {MAX_NESTING} brackets within each other"));
        }
        self.put(1, Before::Other);
        Ok(())
    }

    fn close(&mut self, bracket: char) -> Checked {
        let opening = if bracket == ')' { '(' } else { '[' };
        if self.open.pop() != Some(opening) {
            return Err(format!("`{bracket}` closes nothing"));
        }
        self.put(1, Before::Operand);
        Ok(())
    }

    fn comma(&mut self) -> Checked {
        self.commas += 1;
        if self.commas > MAX_COMMAS {
            return Err(format!("more than {MAX_COMMAS} commas"));
        }
        self.put(1, Before::Comma);
        Ok(())
    }

    fn operator(&mut self, length: usize) -> Checked {
        self.operators += 1;
        if self.operators > MAX_OPERATORS {
            return Err(format!("more than {MAX_OPERATORS} operators"));
        }
        self.put(length, Before::Other);
        Ok(())
    }

    fn name(&mut self) -> Checked {
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        let length = self.rest.find(|c| !is_name(c)).unwrap_or(self.rest.len());
        let lower = self.rest[..length].to_lowercase();
        let name = if self.reading == Reading::Html { lower.as_str() } else { &self.rest[..length] };
        let after = self.rest[length..].trim_start();
        if self.before == Before::Operand {
            if !matches!(name, "and" | "or" | "mod" | "div") {
                return Err(format!("`{}` where an operator should be", printable(name, 40)));
            }
            // Written separately, since the operator may be in capitals.
            self.operator(0)?;
            self.out.push_str(name);
            self.skip(length);
        } else if let Some(after) = after.strip_prefix("::") {
            if !is_one_of(name, AXES) {
                return Err(format!("`{}::` is not a supported axis", printable(name, 40)));
            }
            self.out.extend([" ", name, "::"]);
            self.rest = after;
            self.before = Before::Path;
        } else if after.starts_with(':') {
            let what = "has a prefix, which cannot be declared; `*[local-name()='…']` finds names in any namespace";
            return Err(format!("`{}:` {what}", printable(name, 40)));
        } else if let Some(after) = after.strip_prefix('(') {
            if is_one_of(name, NODE_TYPES) {
                self.rest =
                    after.trim_start().strip_prefix(')').ok_or_else(|| format!("`{name}(` takes no argument"))?;
                self.name_test(&format!("{name}()"));
            } else if is_one_of(name, FUNCTIONS) {
                self.out.extend([" ", name]);
                self.rest = &self.rest[self.rest.len() - after.len() - 1..];
                // The bracket must touch the name.
                let at = self.out.len();
                self.open('(')?;
                self.out.remove(at);
            } else {
                return Err(format!("there is no function `{}`", printable(name, 40)));
            }
        } else {
            self.skip(length);
            let name = name.to_owned();
            self.name_test(&name);
        }
        Ok(())
    }

    fn name_test(&mut self, name: &str) {
        let axis = if self.before == Before::Comma { "child::" } else { "" };
        self.out.extend([" ", axis, name, "[", IN_TIME, "()]"]);
        self.before = Before::Operand;
    }
}

fn is_one_of(name: &str, list: &str) -> bool {
    list.split(' ').any(|known| known == name)
}

#[cfg(test)]
mod tests;
