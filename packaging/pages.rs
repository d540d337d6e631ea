//! Reads the Markdown of a page of `fedcred help` into lines that `src/cli/page.rs` sets for a terminal.
//!
//! A line is a character that says what it is, and a text: `#` a heading, `P` a paragraph, `-` an item of a list, `>` a line of
//! code, `H` the head of a table and `|` a row of it, their cells parted by tabs. A block of code
//! begins with a line of `` ` `` alone.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// The page's lines. Inline code keeps its backticks; the addresses of links go.
pub fn lines(markdown: &str) -> String {
    let (mut lines, mut text, mut code, mut cells) = (String::new(), String::new(), false, Vec::new());
    let mut line = |kind: char, text: &str| lines.extend([kind.to_string().as_str(), text, "\n"]);
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        match event {
            Event::Text(block) if code => block.lines().for_each(|text| line('>', text.trim_end())),
            Event::Text(more) => text.push_str(&more),
            Event::Code(code) => text.extend(["`", &code, "`"]),
            Event::SoftBreak | Event::HardBreak => text.push(' '),
            Event::Start(Tag::CodeBlock(_)) => {
                code = true;
                line('`', "");
            }
            Event::End(TagEnd::CodeBlock) => code = false,
            Event::End(TagEnd::Heading(_)) => line('#', &std::mem::take(&mut text)),
            Event::End(TagEnd::Paragraph) => line('P', &std::mem::take(&mut text)),
            Event::End(TagEnd::Item) => line('-', &std::mem::take(&mut text)),
            Event::End(TagEnd::TableCell) => cells.push(std::mem::take(&mut text)),
            Event::End(TagEnd::TableHead) => line('H', &std::mem::take(&mut cells).join("\t")),
            Event::End(TagEnd::TableRow) => line('|', &std::mem::take(&mut cells).join("\t")),
            _ => {}
        }
    }
    lines
}
