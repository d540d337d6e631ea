//! Renders the pages of `fedcred help` for a terminal. They are our own Markdown: headings, paragraphs, lists, tables, code.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::output::Text;
use super::screen::Screen;
use super::style::Colour;
use super::table;

/// The page as text. Inline code keeps its backticks; code blocks are indented and never wrapped, so that they can be copied.
pub fn render(page: &str, screen: Screen) -> Text {
    let mut paper = Paper { screen, text: Text::default(), line: String::new(), head: Vec::new(), rows: Vec::new() };
    let mut is_code = false;
    for event in Parser::new_ext(page, Options::ENABLE_TABLES) {
        match event {
            Event::Text(text) if is_code => text.lines().for_each(|line| paper.code(line)),
            Event::Text(text) => paper.line.push_str(&text),
            Event::Code(code) => paper.line.push_str(&format!("`{code}`")),
            Event::SoftBreak | Event::HardBreak => paper.line.push(' '),
            Event::Start(Tag::CodeBlock(_)) => {
                is_code = true;
                paper.gap();
            }
            Event::End(TagEnd::CodeBlock) => is_code = false,
            Event::Start(Tag::TableRow) => paper.rows.push(Vec::new()),
            Event::End(tag) => paper.end(tag),
            _ => {}
        }
    }
    paper.text
}

struct Paper {
    screen: Screen,
    text: Text,
    /// The words of the block or cell that is being read.
    line: String,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Paper {
    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => {
                let line = std::mem::take(&mut self.line);
                self.gap();
                let mut heading = Text::default();
                heading.painted(self.screen.style, &[(Colour::Strong, &line)]);
                self.text += heading.fit(Some(self.screen.prose()));
            }
            TagEnd::Paragraph => {
                let line = std::mem::take(&mut self.line);
                self.gap();
                self.text += Text::of(line).fit(Some(self.screen.prose()));
            }
            TagEnd::Item => {
                let line = std::mem::take(&mut self.line);
                self.text += Text::of(format!("- {line}")).fit(Some(self.screen.prose()));
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.line);
                self.rows.last_mut().unwrap_or(&mut self.head).push(cell);
            }
            TagEnd::Table => {
                let (head, rows) = (std::mem::take(&mut self.head), std::mem::take(&mut self.rows));
                self.gap();
                self.text += table::columns(&head, &rows, Some(self.screen.width.unwrap_or(self.screen.prose())));
            }
            _ => {}
        }
    }

    /// An empty line between blocks.
    fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.blank();
        }
    }

    fn code(&mut self, line: &str) {
        match line.trim_end() {
            "" => self.text.blank(),
            line => self.text.line(format!("    {line}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_set_for_the_width_and_code_stays_as_it_is() {
        let page = "# Title\n\nSome **strong** words,\nand [a link](x.md) with `code`.\n\n```sh\nfedcred get a-long-name --force\n\nls\n```\n\n\
            | key | meaning |\n|---|---|\n| `a` | b |\n| c | |\n";
        let screen = Screen { width: Some(28), ..Screen::plain() };
        let expected = "Title\n\nSome strong words, and a\nlink with `code`.\n\n    fedcred get a-long-name --force\n\n    ls\n\n\
            key  meaning\n`a`  b\nc    -\n";
        assert_eq!(&*render(page, screen), expected);
    }
}
