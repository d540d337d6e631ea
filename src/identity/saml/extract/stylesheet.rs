//! What the simple rules of a page's style sheets, and the `style` attributes of its elements, hide.

use super::source;
use super::tree::{Element, NodeId, ROOT, Tree};

/// Rules that hide something; pages have a few.
const MAX_HIDING: usize = 200;
/// Rules in all; one may show again what another hides.
const MAX_RULES: usize = 2000;

/// The ways to hide by style; each is decided separately.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    Display,
    Visibility,
    Opacity,
    /// Position and size: off the screen, or cut to nothing.
    Place,
}

/// What a list of declarations does to one channel.
#[derive(Clone, Copy)]
struct Effect {
    channel: Channel,
    hides: bool,
    is_important: bool,
}

/// A part of a selector: `tag`, `#id`, `.class`, `[name=value]`.
enum Part {
    Tag(String),
    Id(String),
    Class(String),
    Attribute(String, Option<String>),
}

/// The parts that one element has to fit.
type Compound = Vec<Part>;

struct Rule {
    /// From the outermost to the element itself.
    path: Vec<Compound>,
    specificity: usize,
    effects: Vec<Effect>,
}

#[derive(Default)]
pub struct Sheet {
    rules: Vec<Rule>,
    hiding: Vec<usize>,
}

impl Sheet {
    pub fn of(tree: &Tree) -> Sheet {
        let mut sheet = Sheet::default();
        for (id, _) in tree.elements(ROOT).filter(|(_, element)| element.is("style")) {
            let css = source::without_comments(&tree.text_content(id));
            sheet.read(&css.replace("<!--", "").replace("-->", ""), 0);
        }
        sheet
    }

    fn read(&mut self, css: &str, depth: usize) {
        let mut rest = css;
        while let Some(open) = rest.find('{') {
            let prelude = rest[..open].rsplit([';', '}']).next().unwrap_or_default().trim();
            let close = source::closing_brace(rest, open);
            let body = &rest[open + 1..close];
            rest = rest.get(close + 1..).unwrap_or_default();
            if prelude.starts_with('@') {
                if depth < 4 && applies(prelude) {
                    self.read(body, depth + 1);
                }
            } else {
                self.add(prelude, body);
            }
        }
    }

    fn add(&mut self, selectors: &str, body: &str) {
        let effects = effects(body);
        if effects.is_empty() {
            return;
        }
        for path in selectors.split(',').filter_map(path) {
            let is_hiding = effects.iter().any(|effect| effect.hides);
            if self.rules.len() >= MAX_RULES || is_hiding && self.hiding.len() >= MAX_HIDING {
                return;
            }
            if is_hiding {
                self.hiding.push(self.rules.len());
            }
            let weight = |part: &Part| match part {
                Part::Id(_) => 10_000,
                Part::Class(_) | Part::Attribute(..) => 100,
                Part::Tag(_) => 1,
            };
            let specificity = path.iter().flatten().map(weight).sum();
            self.rules.push(Rule { path, specificity, effects: effects.clone() });
        }
    }

    /// Whether the element itself is hidden in this way. `None` if no rule says.
    pub fn hides(&self, tree: &Tree, id: NodeId, element: &Element, channel: Channel) -> Option<bool> {
        let inline = element.attribute("style").map(effects).unwrap_or_default();
        let inline =
            inline.into_iter().filter(|e| e.channel == channel).map(|e| (e.is_important, usize::MAX, 0, e.hides));
        let of_rule = |(order, rule): (usize, &Rule)| {
            let effect = rule.effects.iter().rfind(|effect| effect.channel == channel)?;
            fits(tree, id, &rule.path).then_some((effect.is_important, rule.specificity, order, effect.hides))
        };
        let is_concerned = self.hiding.iter().any(|at| of_rule((*at, &self.rules[*at])).is_some());
        let rules = self.rules.iter().enumerate().filter(|_| is_concerned).filter_map(of_rule);
        rules
            .chain(inline)
            .max_by_key(|(is_important, specificity, order, _)| (*is_important, *specificity, *order))
            .map(|found| found.3)
    }
}

/// Whether the rules in this block apply on a wide screen.
fn applies(prelude: &str) -> bool {
    let prelude = prelude.to_ascii_lowercase();
    let Some(query) = prelude.strip_prefix("@media") else {
        return prelude.starts_with("@layer") || prelude.starts_with("@supports");
    };
    let query = query.trim();
    !query.contains("max-")
        && !query.contains("not ")
        && !["print", "speech", "prefers"].iter().any(|word| query.contains(word))
}

/// Parses a selector of tags, ids, classes and attributes, also of nested elements. `None` if it is not understood.
fn path(selector: &str) -> Option<Vec<Compound>> {
    let selector = selector.trim();
    if selector.is_empty() || selector.contains([':', '+', '~', '*', '|', '^', '$', '\\']) {
        return None;
    }
    selector.split(|c: char| c.is_whitespace() || c == '>').filter(|part| !part.is_empty()).map(compound).collect()
}

fn compound(text: &str) -> Option<Compound> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(bracket) = rest.strip_prefix('[') {
            let (inner, after) = bracket.split_once(']')?;
            let (name, value) = inner.split_once('=').map_or((inner, None), |(name, value)| (name, Some(value)));
            let value = value.map(|value| value.trim().trim_matches(['"', '\'']).to_owned());
            parts.push(Part::Attribute(name.trim().to_owned(), value));
            rest = after;
            continue;
        }
        let mark = usize::from(rest.starts_with(['.', '#']));
        let end = rest[mark..].find(['.', '#', '[']).map_or(rest.len(), |at| mark + at);
        let (word, after) = rest.split_at(end);
        parts.push(match word.split_at(mark) {
            (".", class) => Part::Class(class.to_owned()),
            ("#", id) => Part::Id(id.to_owned()),
            (_, tag) => Part::Tag(tag.to_owned()),
        });
        rest = after;
    }
    Some(parts)
}

/// Whether the selector names this element, with the ancestors in this order.
fn fits(tree: &Tree, id: NodeId, path: &[Compound]) -> bool {
    let Some((own, around)) = path.split_last() else { return false };
    if !tree.element(id).is_some_and(|element| is_named_by(element, own)) {
        return false;
    }
    let mut at = tree.parent(id);
    let mut left = around;
    while let Some((next, rest)) = left.split_last() {
        let Some(here) = at else { return false };
        if tree.element(here).is_some_and(|element| is_named_by(element, next)) {
            left = rest;
        }
        at = tree.parent(here);
    }
    true
}

fn is_named_by(element: &Element, compound: &[Part]) -> bool {
    compound.iter().all(|part| match part {
        Part::Tag(tag) => element.is(tag),
        Part::Id(id) => element.attribute("id") == Some(id),
        Part::Class(class) => element.value("class").split_whitespace().any(|own| own == class),
        Part::Attribute(name, value) => element
            .attribute(name)
            .is_some_and(|own| value.as_deref().is_none_or(|value| own.eq_ignore_ascii_case(value))),
    })
}

/// How a list of declarations changes what is visible.
fn effects(style: &str) -> Vec<Effect> {
    let mut found = Vec::new();
    let mut place = Place::default();
    for declaration in style.split(';') {
        let Some((name, value)) = declaration.split_once(':') else { continue };
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim().to_ascii_lowercase());
        let is_important = value.contains('!');
        let value = value.split('!').next().unwrap_or_default().trim();
        let mut add = |channel, hides| found.push(Effect { channel, hides, is_important });
        match name.as_str() {
            "display" => add(Channel::Display, value == "none"),
            "visibility" => add(Channel::Visibility, matches!(value, "hidden" | "collapse")),
            "opacity" => {
                add(Channel::Opacity, value.trim_end_matches('%').parse::<f32>().is_ok_and(|opacity| opacity <= 0.01))
            }
            "position" => place.is_positioned = matches!(value, "absolute" | "fixed" | "relative"),
            "left" | "top" | "right" | "bottom" => place.is_far |= is_far(value),
            "margin-left" | "margin-top" | "text-indent" => place.is_away |= is_far(value),
            "transform" => {
                place.is_away |= value.contains("scale(0)")
                    || value.split_once("translate").is_some_and(|(_, rest)| {
                        rest.split_once('(').is_some_and(|(_, rest)| rest.split([',', ')']).any(is_far))
                    });
            }
            "clip" => {
                place.is_away |= value.replace(' ', "").replace("px", "").starts_with("rect(0,0,0,0")
                    || value.replace("px", "").starts_with("rect(1")
            }
            "clip-path" => {
                place.is_away |=
                    value.contains("inset(50%") || value.contains("inset(100%") || value.contains("circle(0")
            }
            "width" | "max-width" => place.is_narrow |= is_nothing(value),
            "height" | "max-height" => place.is_low |= is_nothing(value),
            "overflow" => place.is_cut |= value.starts_with("hidden") || value.starts_with("clip"),
            _ => {}
        }
    }
    if place.hides() {
        found.push(Effect { channel: Channel::Place, hides: true, is_important: false });
    }
    found
}

#[derive(Default)]
struct Place {
    is_positioned: bool,
    is_far: bool,
    is_away: bool,
    is_narrow: bool,
    is_low: bool,
    is_cut: bool,
}

impl Place {
    fn hides(&self) -> bool {
        self.is_away
            || self.is_positioned && self.is_far
            || self.is_narrow && self.is_low
            || self.is_cut && (self.is_narrow || self.is_low)
    }
}

/// Off the screen, whatever its size.
fn is_far(length: &str) -> bool {
    let (number, unit) = split_length(length);
    let limit = match unit {
        "em" | "rem" => -30.0,
        "vw" | "vh" | "%" => -100.0,
        _ => -300.0,
    };
    number.is_some_and(|number| number <= limit)
}

fn is_nothing(length: &str) -> bool {
    let (number, unit) = split_length(length);
    number.is_some_and(|number| (0.0..=1.0).contains(&number) && (number == 0.0 || matches!(unit, "px" | "")))
}

fn split_length(length: &str) -> (Option<f32>, &str) {
    let length = length.trim();
    let end = length.find(|c: char| !c.is_ascii_digit() && !matches!(c, '-' | '+' | '.')).unwrap_or(length.len());
    (length[..end].parse().ok(), length[end..].trim())
}
