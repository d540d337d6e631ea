//! The values of a policy's conditions: characters, wildcards, and variables that the request fills in.

/// A value of a policy, as IAM compares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<Piece>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Char(char),
    /// `?`
    One,
    /// `*`
    Any,
}

/// A value that cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It names a key that is not in the request, so that it matches nothing.
    Absent,
    /// It names a key whose value is not known here.
    Unknown,
}

impl Pattern {
    /// Reads `*` and `?` as wildcards if `has_wildcards`, and `${…}` as variables (IAM User Guide, "IAM policy elements:
    /// Variables and tags"). `variable` returns the value of a variable; `None` if the policy has no variables.
    pub fn read(
        text: &str,
        has_wildcards: bool,
        variable: impl Fn(&str) -> Result<Option<String>, Unusable>,
    ) -> Result<Pattern, Unusable> {
        let filled = |name: &str| Ok(variable(name)?.map(|value| value.chars().map(Piece::Char).collect()));
        parse(text, has_wildcards, filled)
    }

    /// Reads a value without a request: a variable may stand for any text.
    pub fn read_open(text: &str, has_wildcards: bool, has_variables: bool) -> Pattern {
        let open = |name: &str| Ok(has_variables.then(|| vec![literal(name).map_or(Piece::Any, Piece::Char)]));
        parse(text, has_wildcards, open).unwrap_or(Pattern(vec![Piece::Any]))
    }

    pub fn has_wildcard(&self) -> bool {
        self.0.iter().any(|piece| !matches!(piece, Piece::Char(_)))
    }

    /// The text in front of the first wildcard.
    pub fn beginning(&self) -> String {
        self.0.iter().map_while(Piece::char).collect()
    }

    /// The text after the last wildcard.
    pub fn ending(&self) -> String {
        let mut text: Vec<char> = self.0.iter().rev().map_while(Piece::char).collect();
        text.reverse();
        text.into_iter().collect()
    }

    /// The texts between wildcards.
    pub fn texts(&self) -> Vec<String> {
        self.0.split(|piece| piece.char().is_none()).map(|run| run.iter().filter_map(Piece::char).collect()).collect()
    }

    /// Whether the pattern matches the whole of `text`. Takes linear memory, and at most quadratic time.
    pub fn fits(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut p, mut t) = (0, 0);
        // Where to continue if what follows the last star does not match.
        let mut retry: Option<(usize, usize)> = None;
        while t < text.len() {
            match self.0.get(p) {
                Some(Piece::Any) => {
                    p += 1;
                    retry = Some((p, t));
                }
                Some(piece) if *piece == Piece::One || *piece == Piece::Char(text[t]) => {
                    p += 1;
                    t += 1;
                }
                _ => match retry {
                    Some((after_star, from)) => {
                        (p, t) = (after_star, from + 1);
                        retry = Some((p, t));
                    }
                    None => return false,
                },
            }
        }
        self.0[p..].iter().all(|piece| *piece == Piece::Any)
    }

    /// Whether the pattern matches an ARN. Each of the six parts is matched by itself: a star does not match a colon.
    pub fn fits_arn(&self, arn: &str) -> bool {
        let parts: Vec<&[Piece]> = self.0.splitn(6, |piece| *piece == Piece::Char(':')).collect();
        let texts: Vec<&str> = arn.splitn(6, ':').collect();
        match (parts.as_slice(), texts.len()) {
            ([[Piece::Any]], 6) => true,
            (parts, 6) if parts.len() == 6 => {
                parts.iter().zip(texts).all(|(part, text)| Pattern(part.to_vec()).fits(text))
            }
            _ => false,
        }
    }

    /// The pattern as written, with variables filled in.
    pub fn text(&self) -> String {
        let char = |piece: &Piece| match piece {
            Piece::Char(c) => *c,
            Piece::One => '?',
            Piece::Any => '*',
        };
        self.0.iter().map(char).collect()
    }
}

impl Piece {
    fn char(&self) -> Option<char> {
        match self {
            Piece::Char(c) => Some(*c),
            Piece::One | Piece::Any => None,
        }
    }
}

/// `variable` returns the value for a name between braces; `None` if the policy has no variables.
fn parse(
    text: &str,
    has_wildcards: bool,
    variable: impl Fn(&str) -> Result<Option<Vec<Piece>>, Unusable>,
) -> Result<Pattern, Unusable> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if let Some((name, after)) = rest.strip_prefix("${").and_then(|rest| rest.split_once('}'))
            && let Some(filled) = variable(name)?
        {
            pieces.extend(filled);
            rest = after;
            continue;
        }
        pieces.push(match next {
            '*' if has_wildcards => Piece::Any,
            '?' if has_wildcards => Piece::One,
            other => Piece::Char(other),
        });
        rest = &rest[next.len_utf8()..];
    }
    Ok(Pattern(pieces))
}

/// `${*}`, `${?}` and `${$}` stand for the characters themselves.
pub fn literal(name: &str) -> Option<char> {
    match name {
        "*" => Some('*'),
        "?" => Some('?'),
        "$" => Some('$'),
        _ => None,
    }
}

/// Escapes the wildcards and `${` in a text, so that a condition with it matches only this text.
pub fn guarded(text: &str) -> String {
    let guard = |c: char| match c {
        '*' | '?' => format!("${{{c}}}"),
        other => other.to_string(),
    };
    text.replace("${", "${$}{").chars().map(guard).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_like(pattern: &str, text: &str) -> bool {
        Pattern::read(pattern, true, |_| Ok(None)).unwrap().fits(text)
    }

    #[test]
    fn patterns_are_matched_whole_and_come_to_an_end() {
        let table = [
            ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("*", "", true),
            ("?", "", false),
            ("a**b", "ab", true),
            ("*a*b*c", "xxaxxbxxc", true),
            ("repo:o/r:*", "repo:o/r:ref:refs/heads/main", true),
            ("", "", true),
        ];
        for (pattern, text, expected) in table {
            assert_eq!(is_like(pattern, text), expected, "{pattern} {text}");
        }
        assert!(!is_like(&"*a".repeat(200), &"a".repeat(150)), "and comes to an end");
    }

    #[test]
    fn an_arn_is_compared_part_by_part() {
        let table = [
            ("arn:aws:iam::*:role/Dev", "arn:aws:iam::112233334444:role/Dev", true),
            ("arn:aws:iam::*", "arn:aws:iam::112233334444:role/Dev", false),
            ("arn:*:role/Dev", "arn:aws:iam::112233334444:role/Dev", false),
            ("*", "arn:aws:iam::112233334444:role/Dev", true),
            ("*", "repo:o/r", false),
        ];
        for (pattern, arn, expected) in table {
            assert_eq!(Pattern::read(pattern, true, |_| Ok(None)).unwrap().fits_arn(arn), expected, "{pattern} {arn}");
        }
    }

    #[test]
    fn guarded_text_stands_for_itself() {
        for text in ["a*b", "a?b", "${x}", "${*}", "plain", "$", "${"] {
            let pattern = Pattern::read_open(&guarded(text), true, true);
            assert!(!pattern.has_wildcard() && pattern.fits(text), "{text}: {pattern:?}");
            let exact = Pattern::read_open(&guarded(text), false, true);
            assert!(exact.fits(text), "{text}: {exact:?}");
        }
    }
}
