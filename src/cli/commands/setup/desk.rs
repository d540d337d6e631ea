//! Where setup talks to a person: questions with a proposal, on the terminal; without one, the proposal is taken.

use std::collections::BTreeMap;
use std::io::Write;

use crate::cli::output::Text;
use crate::cli::prompt;
use crate::cli::report;
use crate::error::{Code, Error, Result};
use crate::identity::Person;
use crate::secret::Secret;

pub struct Desk {
    /// Somebody is there to be asked.
    is_attended: bool,
    /// The last answer to each question, which is proposed should it be asked again.
    answers: BTreeMap<String, String>,
    /// What was said where nobody is: for stdout, once all has succeeded.
    said: Text,
}

impl Desk {
    /// `asks_nobody`: whoever is at the terminal.
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

    /// Who can be asked in the middle of a login.
    pub fn person(&self) -> Option<&'static dyn Person> {
        if self.is_attended { Some(&prompt::Terminal) } else { None }
    }

    /// Tells at once, if anybody listens.
    pub fn say(&mut self, text: &str) {
        let lines = Text::document(&format!("{text}\n"));
        if !(self.is_attended && tell(&lines)) {
            self.said += lines;
        }
    }

    /// What nobody has been told yet.
    pub fn take_said(&mut self) -> Text {
        std::mem::take(&mut self.said)
    }

    /// Tells what went wrong, and what helps; where nobody is there, it ends here.
    pub fn complain(&mut self, error: Error) -> Result<()> {
        if !self.is_attended {
            return Err(error);
        }
        self.say(&format!("  {}", error.what));
        error.causes.iter().for_each(|cause| self.say(&format!("  caused by: {cause}")));
        self.say(&format!("  hint: {}", report::hint(&error)));
        Ok(())
    }

    /// A line; the first end of input (Ctrl-D) is told and asked over, a second one ends it.
    fn line(&self, question: &str) -> Result<String> {
        prompt::edited(question).or_else(|_| {
            tell(&Text::document("\n(nothing was read; Ctrl-C ends setup)\n"));
            prompt::edited(question)
        })
    }

    /// The answer to `question`; an empty one is the last answer to it, or `proposal`. `flag` gives it without being asked.
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

    /// The same for an answer that is there.
    pub fn given(&mut self, question: &str, answer: String) -> String {
        self.answers.insert(question.to_owned(), answer.clone());
        answer
    }

    /// Forgets an answer that cannot be, so that it is not proposed.
    pub fn forget(&mut self, question: &str) {
        self.answers.remove(question);
    }

    /// The index of one of `choices`. Esc is told and asked over. Only where somebody is there.
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

    /// Whether to go on; who asked to be asked nothing has agreed.
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

/// What was typed ahead goes nowhere.
impl Drop for Desk {
    fn drop(&mut self) {
        if self.is_attended {
            prompt::forget_typed();
        }
    }
}

/// Whether there was a terminal to tell it on.
fn tell(lines: &Text) -> bool {
    prompt::terminal().is_ok_and(|mut terminal| terminal.write_all(lines.as_bytes()).is_ok())
}

fn not_given(question: &str, flag: &str) -> Error {
    Error::new(Code::PromptNeeded, format!("nobody is there to be asked: {question}"))
        .hint(format!("give it as a flag of `fedcred setup`: {flag}"))
}
