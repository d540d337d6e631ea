//! Where setup talks to a person: questions with a proposal, on the terminal; without one, the proposal is taken.

use std::io::Write;

use crate::cli::output::Text;
use crate::cli::prompt;
use crate::cli::report;
use crate::error::{Code, Error, Result};
use crate::secret::Secret;

pub struct Desk {
    /// Somebody is there to be asked.
    is_attended: bool,
    /// Who was said to log in: the proposal, should it be asked again.
    pub user: Option<String>,
    /// What was said where nobody is: for stdout, once all has succeeded.
    said: Text,
}

impl Desk {
    /// `asks_nobody`: whoever is at the terminal.
    pub fn new(asks_nobody: bool) -> Self {
        Desk { is_attended: !asks_nobody && prompt::terminal().is_ok(), user: None, said: Text::default() }
    }

    pub fn is_attended(&self) -> bool {
        self.is_attended
    }

    /// Tells at once, if anybody listens.
    pub fn say(&mut self, text: &str) {
        let lines = Text::document(&format!("{text}\n"));
        let told = self.is_attended
            && prompt::terminal()
                .and_then(|mut terminal| {
                    terminal.write_all(lines.as_bytes()).map_err(|why| Error::new(Code::OutputWrite, why.to_string()))
                })
                .is_ok();
        if !told {
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
            let _ = prompt::terminal().and_then(|mut terminal| {
                let said = "\n(nothing was read; Ctrl-C ends setup)\n";
                terminal.write_all(said.as_bytes()).map_err(|why| Error::new(Code::OutputWrite, why.to_string()))
            });
            prompt::edited(question)
        })
    }

    /// The answer to `question`; an empty one is `proposal`. `flag` gives it without being asked.
    pub fn ask(&self, question: &str, proposal: Option<&str>, flag: &str) -> Result<String> {
        if !self.is_attended {
            return proposal.map(str::to_owned).ok_or_else(|| not_given(question, flag));
        }
        let proposed = proposal.map(|proposal| format!(" [{proposal}]")).unwrap_or_default();
        loop {
            let answer = self.line(&format!("{question}{proposed}: "))?;
            match (answer.is_empty(), proposal) {
                (false, _) => return Ok(answer),
                (true, Some(proposal)) => return Ok(proposal.to_owned()),
                (true, None) => continue,
            }
        }
    }

    /// One of `choices`. Only where somebody is there.
    pub fn choose(&self, question: &str, choices: &[String]) -> Result<usize> {
        prompt::pick(question, choices)
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

fn not_given(question: &str, flag: &str) -> Error {
    Error::new(Code::PromptNeeded, format!("nobody is there to be asked: {question}"))
        .hint(format!("give it as a flag of `fedcred setup`: {flag}"))
}
