//! The parsed configuration file: a tree of values with their lines, independent of the TOML crate.

use memchr::memchr_iter;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::syntax;
use crate::error::{Code, Error, Result, printable};

/// A table's keys, sorted. There are few of them, so they are searched one by one.
///
/// No `Debug`, here and below: a file may contain a password.
#[derive(Default)]
pub struct Table(Vec<(String, Node)>);

/// A value, and the line of its key (from 1); in an array, of the value itself.
pub struct Node {
    pub line: u32,
    pub value: Value,
}

pub enum Value {
    Text(String),
    /// Absent: it has more than 64 bits.
    Integer(Option<i64>),
    Float(f64),
    Boolean(bool),
    Datetime,
    Array(Vec<Node>),
    Table(Table),
}

impl Table {
    /// Parses a file; `shown` is its name in an error.
    pub fn parse(text: &str, shown: &str) -> Result<Table> {
        let lines = Lines::of(text);
        match DeTable::parse(text) {
            Ok(root) => Ok(table(root.into_inner(), &lines)),
            // Its `Display` quotes the line, which may contain a password; `message` only names what was expected.
            Err(error) => {
                let place = error.span().map(|span| lines.place(text, span.start));
                let line = error.span().and_then(|span| {
                    let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
                    text[start..].lines().next()
                });
                let place = place.map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
                Err(Error::new(Code::ConfigSyntax, format!("{shown}{place}: this is not TOML"))
                    .because(printable(error.message(), 200))
                    .hint(syntax::hint(text, line, error.message())))
            }
        }
    }

    pub fn get(&self, key: &str) -> Option<&Node> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.0.iter().map(|(name, node)| (name.as_str(), node))
    }
}

impl Value {
    /// Returns the type with an article, for errors.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Text(_) => "a string",
            Value::Integer(_) => "an integer",
            Value::Float(_) => "a float",
            Value::Boolean(_) => "a boolean",
            Value::Datetime => "a date",
            Value::Array(_) => "an array",
            Value::Table(_) => "a table",
        }
    }
}

fn table(from: DeTable<'_>, lines: &Lines) -> Table {
    let entry = |(key, value): (Spanned<DeString<'_>>, Spanned<DeValue<'_>>)| {
        let at = key.span().start;
        (key.into_inner().into_owned(), node(at, value.into_inner(), lines))
    };
    Table(from.into_iter().map(entry).collect())
}

fn node(at: usize, from: DeValue<'_>, lines: &Lines) -> Node {
    Node { line: lines.line(at), value: value(from, lines) }
}

fn value(from: DeValue<'_>, lines: &Lines) -> Value {
    match from {
        DeValue::String(text) => Value::Text(text.into_owned()),
        DeValue::Integer(digits) => Value::Integer(i64::from_str_radix(digits.as_str(), digits.radix()).ok()),
        // The grammar has accepted it; a float that does not parse is in no range.
        DeValue::Float(digits) => Value::Float(digits.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(truth) => Value::Boolean(truth),
        DeValue::Datetime(_) => Value::Datetime,
        DeValue::Array(items) => {
            Value::Array(items.into_iter().map(|item| node(item.span().start, item.into_inner(), lines)).collect())
        }
        DeValue::Table(inner) => Value::Table(table(inner, lines)),
    }
}

/// The start of each line, to find the line of an offset.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Lines {
        Lines(std::iter::once(0).chain(memchr_iter(b'\n', text.as_bytes()).map(|end| end + 1)).collect())
    }

    /// Returns the line, from 1.
    fn line(&self, offset: usize) -> u32 {
        self.0.partition_point(|start| *start <= offset) as u32
    }

    /// Returns line and column, both from 1; columns are characters.
    fn place(&self, text: &str, offset: usize) -> (u32, usize) {
        let line = self.line(offset);
        let start = self.0[line as usize - 1];
        let column = text.get(start..offset).map_or(offset - start, |before| before.chars().count());
        (line, column + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_know_the_line_of_their_key() {
        let root = Table::parse("\n[a.b]\nx = 1\ny = [\n  \"one\",\n  \"two\",\n]\nz = { q = true }\n", "f").unwrap();
        let Value::Table(a) = &root.get("a").unwrap().value else { panic!() };
        let Value::Table(b) = &a.get("b").unwrap().value else { panic!() };
        assert_eq!(["x", "y", "z"].map(|key| b.get(key).unwrap().line), [3, 4, 8]);
        let Value::Array(items) = &b.get("y").unwrap().value else { panic!() };
        assert_eq!(items.iter().map(|item| item.line).collect::<Vec<_>>(), [5, 6]);
    }

    #[test]
    fn a_syntax_error_names_its_place_and_quotes_nothing() {
        let table = [
            ("a = 1\npassword = \"hunter2\nb = 2\n", "f:2:"),
            ("password = hunter2\n", "f:1:12"),
            ("[a]\nhunter2 = 1\nhunter2 = 2\n", "f:3:1"),
            ("ü = [1, hunter2", "f:1:"),
        ];
        for (text, place) in table {
            let error = Table::parse(text, "f").err().unwrap();
            assert_eq!(error.code, Code::ConfigSyntax);
            assert!(error.what.starts_with(place), "{text}: {}", error.what);
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }
}
