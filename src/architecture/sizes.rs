//! Measures files, functions and parameter lists by the tokens of a source.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// The most lines of a file.
const FILE: usize = 350;
/// The most lines of a function, from `fn` to its closing brace.
const FUNCTION: usize = 60;
/// The most parameters of a function besides `self`. A method that implements a trait has those that the trait wants; a trait of
/// ours is measured where it is declared.
const PARAMETERS: usize = 5;

/// Returns what is too large in the text of a source: a line each, `LINE: NAME has N lines, at most M`.
pub(super) fn too_large(text: &str) -> Vec<String> {
    let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("{error} in:\n{text}"));
    let mut found = Vec::new();
    let lines = text.lines().count();
    if lines > FILE {
        found.push(format!("1: the file has {lines} lines, at most {FILE}"));
    }
    functions(tokens, false, &mut found);
    found
}

/// Measures the functions among tokens, at any depth.
fn functions(tokens: TokenStream, implements_a_trait: bool, found: &mut Vec<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut is_of_a_trait = implements_a_trait;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(word) if word == "impl" => is_of_a_trait = is_of_trait(&tokens[at..]),
            TokenTree::Ident(word) if word == "fn" => {
                if let Some(TokenTree::Ident(name)) = tokens.get(at + 1) {
                    let line = word.span().start().line;
                    let size = lines(&tokens[at..]);
                    if size > FUNCTION {
                        found.push(format!("{line}: {name} has {size} lines, at most {FUNCTION}"));
                    }
                    let count = parameters(&tokens[at + 2..]);
                    if count > PARAMETERS && !implements_a_trait {
                        found.push(format!("{line}: {name} has {count} parameters, at most {PARAMETERS}"));
                    }
                }
            }
            TokenTree::Group(group) => {
                functions(group.stream(), is_of_a_trait && group.delimiter() == Delimiter::Brace, found);
                is_of_a_trait &= group.delimiter() != Delimiter::Brace;
            }
            _ => {}
        }
    }
}

/// Whether these tokens, which begin with `impl`, name a trait before their braces.
fn is_of_trait(tokens: &[TokenTree]) -> bool {
    let head = tokens.iter().take_while(|token| braces(token).is_none());
    head.into_iter().any(|token| matches!(token, TokenTree::Ident(word) if word == "for"))
}

/// Counts the lines of the function that begins here; 0 if it has no body.
fn lines(tokens: &[TokenTree]) -> usize {
    let ends = |token: &&TokenTree| matches!(token, TokenTree::Punct(sign) if sign.as_char() == ';');
    let body = tokens.iter().take_while(|token| !ends(token)).find_map(braces);
    body.map_or(0, |end| end + 1 - tokens[0].span().start().line)
}

/// The line on which braces close.
fn braces(token: &TokenTree) -> Option<usize> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group.span_close().start().line),
        _ => None,
    }
}

/// Counts the parameters of the function whose name stands before these tokens.
fn parameters(tokens: &[TokenTree]) -> usize {
    let mut generics = Angles::default();
    let list = tokens.iter().find_map(|token| match token {
        TokenTree::Group(group) if generics.depth == 0 => Some(group.stream()),
        _ => {
            generics.pass(token);
            None
        }
    });
    let (mut count, mut is_between, mut types) = (0, true, Angles::default());
    for token in list.into_iter().flatten() {
        if matches!(&token, TokenTree::Ident(word) if word == "self") && count == 1 {
            count = 0;
        }
        types.pass(&token);
        let is_comma = matches!(&token, TokenTree::Punct(sign) if sign.as_char() == ',') && types.depth == 0;
        count += usize::from(is_between && !is_comma);
        is_between = is_comma;
    }
    count
}

/// How deep in `<…>` it is; `->` closes nothing.
#[derive(Default)]
struct Angles {
    depth: usize,
    is_arrow: bool,
}

impl Angles {
    fn pass(&mut self, token: &TokenTree) {
        let sign = match token {
            TokenTree::Punct(sign) => Some((sign.as_char(), sign.spacing() == Spacing::Joint)),
            _ => None,
        };
        match sign {
            Some(('<', _)) => self.depth += 1,
            Some(('>', _)) if !self.is_arrow => self.depth -= 1,
            _ => {}
        }
        self.is_arrow = sign == Some(('-', true));
    }
}
