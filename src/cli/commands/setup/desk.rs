//! Asks the person at the terminal questions with a proposal. Without a terminal, the proposal is the answer.

use std::collections::BTreeMap;
use std::io::Write;

use crate::cli::output::Text;
use crate::cli::prompt;
use crate::cli::report;
use crate::error::{Code, Error, Result};
use crate::identity::Person;
use crate::secret::Secret;

pub struct Desk {
    /// Whether a person can be asked.
    is_attended: bool,
    /// The last answer to each question: its proposal the next time.
    answers: BTreeMap<String, String>,
    /// What was said without a terminal: for stdout, after everything has succeeded.
    said: Text,
}

impl Desk {
    /// `asks_nobody`: also with a terminal.
    pub fn new(asks_nobody: bool) -> Self {
        Desk {
            is_attended: !asks_nobody && prompt::terminal().is_ok(),
            answers: BTreeMap::new(),
            said: Text::default(),
        }
    }

    pub fn is_attended(&self) -> bool {
        self.is_attended
    }

    /// Returns the person who can be asked during a login.
    pub fn person(&self) -> Option<&'static dyn Person> {
        if self.is_attended { Some(&prompt::Terminal) } else { None }
    }

    /// Shows the text at once if there is a terminal; else keeps it for [`Desk::take_said`].
    pub fn say(&mut self, text: &str) {
        let lines = Text::document(&format!("{text}\n"));
        if !(self.is_attended && tell(&lines)) {
            self.said += lines;
        }
    }

    /// Takes what was not shown yet.
    pub fn take_said(&mut self) -> Text {
        std::mem::take(&mut self.said)
    }

    /// Shows the error and its hint. Returns it as an error if nobody can be asked.
    pub fn complain(&mut self, error: Error) -> Result<()> {
        if !self.is_attended {
            return Err(error);
        }
        self.say(&format!("  {}", error.what));
        error.causes.iter().for_each(|cause| self.say(&format!("  caused by: {cause}")));
        self.say(&format!("  hint: {}", report::hint(&error)));
        Ok(())
    }

    /// Reads a line. After the first end of input (Ctrl-D) the question is repeated; a second one is an error.
    fn line(&self, question: &str) -> Result<String> {
        prompt::edited(question).or_else(|_| {
            tell(&Text::document("\n(nothing was read; Ctrl-C ends setup)\n"));
            prompt::edited(question)
        })
    }

    /// Asks `question`. An empty answer is the last answer to it, or `proposal`. `flag` is named in the error if nobody can be asked.
    pub fn ask(&mut self, question: &str, proposal: Option<&str>, flag: &str) -> Result<String> {
        let proposal = self.answers.get(question).map(String::as_str).or(proposal).map(str::to_owned);
        if !self.is_attended {
            return proposal.ok_or_else(|| not_given(question, flag));
        }
        let proposed = proposal.as_deref().map(|proposal| format!(" [{proposal}]")).unwrap_or_default();
        loop {
            let answer = self.line(&format!("{question}{proposed}: "))?;
            match (answer.is_empty(), &proposal) {
                (false, _) => return Ok(self.given(question, answer)),
                (true, Some(proposal)) => return Ok(self.given(question, proposal.clone())),
                (true, None) => continue,
            }
        }
    }

    /// Records an answer that is known already, as proposal for the next time.
    pub fn given(&mut self, question: &str, answer: String) -> String {
        self.answers.insert(question.to_owned(), answer.clone());
        answer
    }

    /// Forgets an invalid answer, so that it is not proposed.
    pub fn forget(&mut self, question: &str) {
        self.answers.remove(question);
    }

    /// Asks for one of `choices`, and returns its index. After Esc the question is repeated. Needs a terminal.
    pub fn choose<T: AsRef<str>>(&self, question: &str, choices: &[T]) -> Result<usize> {
        let shown: Vec<&str> = choices.iter().map(AsRef::as_ref).collect();
        loop {
            match prompt::pick(question, &shown)? {
                Some(index) => return Ok(index),
                None => tell(&Text::document("(nothing was chosen; Ctrl-C ends setup)\n")),
            };
        }
    }

    pub fn secret(&self, question: &str, flags: &str) -> Result<Secret> {
        if self.is_attended { prompt::secret(&format!("{question}: ")) } else { Err(not_given(question, flags)) }
    }

    /// Asks for a yes. With `--yes` (`agrees`) nobody is asked.
    pub fn confirm(&self, question: &str, agrees: bool) -> Result<bool> {
        if agrees {
            return Ok(true);
        }
        if self.is_attended {
            let answer = self.line(&format!("{question} [y/N] "))?;
            Ok(matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes"))
        } else {
            Err(not_given(question, "--yes"))
        }
    }
}

/// Discards what was typed ahead, so that the shell does not read it.
impl Drop for Desk {
    fn drop(&mut self) {
        if self.is_attended {
            prompt::forget_typed();
        }
    }
}

/// Shows the lines. Returns whether there is a terminal.
fn tell(lines: &Text) -> bool {
    prompt::terminal().is_ok_and(|mut terminal| terminal.write_all(lines.as_bytes()).is_ok())
}

fn not_given(question: &str, flag: &str) -> Error {
    Error::new(Code::PromptNeeded, format!("there is no terminal to answer: {question}"))
        .hint(format!("give it as a flag of `fedcred setup`: {flag}"))
}
