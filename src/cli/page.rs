//! Renders a page of `fedcred help` for a terminal. Its Markdown is parsed at build time (packaging/pages.rs).

use super::output::Text;
use super::screen::Screen;
use super::style::Colour;
use super::table;

/// Renders a page. Code blocks are indented and not wrapped, so that they can be copied.
pub fn set(lines: &str, screen: Screen) -> Text {
    let mut paper = Paper { screen, text: Text::default() };
    let mut lines = lines.lines().filter_map(|line| line.split_at_checked(1)).peekable();
    while let Some((kind, text)) = lines.next() {
        match kind {
            "#" => paper.heading(text),
            "P" => {
                paper.gap();
                paper.prose(text.to_owned());
            }
            "-" => paper.prose(format!("- {text}")),
            "`" => paper.gap(),
            ">" => paper.code(text),
            _ => {
                let rows = std::iter::from_fn(|| lines.next_if(|(kind, _)| *kind == "|"));
                let rows: Vec<_> = rows.map(|(_, row)| cells(row)).collect();
                paper.table(&cells(text), &rows);
            }
        }
    }
    paper.text
}

fn cells(row: &str) -> Vec<String> {
    row.split('\t').map(str::to_owned).collect()
}

struct Paper {
    screen: Screen,
    text: Text,
}

impl Paper {
    fn heading(&mut self, line: &str) {
        self.gap();
        let mut heading = Text::default();
        heading.painted(self.screen.style, &[(Colour::Strong, line)]);
        self.text += heading.fit(Some(self.screen.prose()));
    }

    fn prose(&mut self, text: String) {
        self.text += Text::of(text).fit(Some(self.screen.prose()));
    }

    fn table(&mut self, head: &[String], rows: &[Vec<String>]) {
        self.gap();
        self.text += table::columns(head, rows, Some(self.screen.width.unwrap_or(self.screen.prose())));
    }

    /// Adds an empty line between blocks.
    fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.blank();
        }
    }

    fn code(&mut self, line: &str) {
        match line {
            "" => self.text.blank(),
            line => self.text.line(format!("    {line}")),
        }
    }
}

#[cfg(test)]
#[path = "../../packaging/pages.rs"]
mod pages;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_set_for_the_width_and_code_stays_as_it_is() {
        let page = "# Title\n\nSome **strong** words,\nand [a link](x.md) with `code`.\n\n```sh\nfedcred get a-long-name --force\n\nls\n```\n\n\
            - one\n- two\n\n| key | meaning |\n|---|---|\n| `a` | b |\n| c | |\n";
        let screen = Screen { width: Some(28), ..Screen::plain() };
        let expected = "Title\n\nSome strong words, and a\nlink with `code`.\n\n    fedcred get a-long-name --force\n\n    ls\n\
            - one\n- two\n\nkey  meaning\n`a`  b\nc    -\n";
        assert_eq!(&*set(&pages::lines(page), screen), expected);
    }
}
