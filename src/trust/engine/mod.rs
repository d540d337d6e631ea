//! Evaluates a trust policy for a request: allowed, not allowed, or not known here, each with the reason (IAM User Guide,
//! "Policy evaluation logic").
//!
//! Crates considered: iam-rs 0.8 treats a key of unknown value as absent, does not report the line that fails, and reads a `*`
//! from a claim as a wildcard; aws-iam 0.2 has no set operators and variables; cedar-policy is another language.
//!
//! The only evaluator: `--check` and the tests of generated policies use it.

mod condition;
mod principal;
mod verdict;

use self::verdict::Certainty;
pub use self::verdict::{Judged, Line, Verdict};
use super::policy::{Policy, Statement};
use super::request::{Request, shown};
use super::strangers;
use crate::error::{Result, printable};
use crate::time::Timestamp;

/// The result of an evaluation.
#[derive(Clone, Debug)]
pub struct Report {
    pub statements: Vec<Judged>,
    pub outcome: Outcome,
    /// Needed actions that no statement allows, or that a statement denies.
    pub lacking: Vec<String>,
    /// Why IAM refuses the policy.
    pub fault: Option<String>,
    /// Who else is allowed, and which conditions have another effect than they seem to.
    pub warnings: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    LetIn,
    KeptOut,
    /// It depends on values that are not known here.
    Depends,
}

impl Report {
    /// Returns why the request is not allowed: the failing line of the statement with the fewest failing lines.
    pub fn reason(&self) -> String {
        if let Some(fault) = &self.fault {
            return fault.clone();
        }
        let failing = |statement: &Judged| {
            let line = statement.lines.iter().find_map(|line| match &line.verdict {
                Verdict::Fails(why) => Some(format!("{}: {why}", line.what)),
                Verdict::Holds(_) | Verdict::Unknown(_) => None,
            });
            line.map(|why| format!("statement {}, {why}", statement.name))
        };
        let denies = |statement: &&Judged| {
            !statement.is_allow && statement.lines.iter().all(|line| matches!(line.verdict, Verdict::Holds(_)))
        };
        let failures = |statement: &&Judged| {
            statement.lines.iter().filter(|line| matches!(line.verdict, Verdict::Fails(_))).count()
        };
        let allows = || self.statements.iter().filter(|statement| statement.is_allow);
        let is_lacking = |action: &&str| self.lacking.iter().any(|lacking| lacking == action);
        let nearest = allows().filter(|statement| statement.covers.iter().any(is_lacking)).min_by_key(failures);
        let denied =
            self.statements.iter().find(denies).map(|statement| format!("statement {} denies it", statement.name));
        let lacking = self.lacking.join(", ");
        match (nearest, self.lacking.iter().any(|action| action.starts_with("sts:AssumeRole"))) {
            (Some(statement), _) => failing(statement).or(denied),
            (None, true) => allows().min_by_key(failures).and_then(failing).or(denied),
            (None, false) => denied,
        }
        .unwrap_or_else(|| {
            format!("no statement allows {lacking}, which the login needs in addition to its own action")
        })
    }
}

/// Evaluates the policy in `text` for a request made at `now`.
///
/// Errors: [`crate::error::Code::InvalidValue`] if the text is not a policy.
pub fn check(text: &str, request: &Request, now: Timestamp) -> Result<Report> {
    Ok(judge(&Policy::parse(text)?, request, now))
}

/// Evaluates a policy for a request made at `now`.
pub fn judge(policy: &Policy, request: &Request, now: Timestamp) -> Report {
    let mut request = request.clone();
    request.context.time(now);
    let mut statements = Vec::new();
    // For each needed action, whether a statement allows or denies it.
    let mut allowed = vec![Certainty::No; request.actions.len()];
    let mut denied = vec![Certainty::No; request.actions.len()];
    for statement in &policy.statements {
        let covered: Vec<bool> = request.actions.iter().map(|action| statement.covers(action)).collect();
        let mut lines = vec![
            Line { what: "Principal".to_owned(), verdict: principal::judge(statement, &request) },
            Line { what: "Action".to_owned(), verdict: action(statement, &request, &covered) },
        ];
        lines.extend(statement.conditions.iter().map(|condition| Line {
            what: format!("{} {}", printable(&condition.name, 60), printable(&condition.key, 200)),
            verdict: condition::judge(condition, policy.has_variables, &request),
        }));
        lines.extend(doubts(policy, &request));
        let certainty = lines.iter().map(|line| Certainty::of(&line.verdict)).min().unwrap_or(Certainty::No);
        // With two values for one name, nothing is certain: the other one may be what counts.
        let certainty = if policy.twice.is_empty() { certainty } else { Certainty::Perhaps };
        let tally = if statement.is_allow { &mut allowed } else { &mut denied };
        for (tally, _) in tally.iter_mut().zip(&covered).filter(|(_, covers)| **covers) {
            *tally = (*tally).max(certainty);
        }
        let covers = request.actions.iter().zip(&covered).filter(|(_, covers)| **covers).map(|(action, _)| *action);
        statements.push(Judged {
            name: statement.name.clone(),
            is_allow: statement.is_allow,
            covers: covers.collect(),
            lines,
        });
    }
    let fault = policy.fault();
    let each: Vec<Certainty> = allowed
        .iter()
        .zip(&denied)
        .map(|(allowed, denied)| if fault.is_some() { Certainty::No } else { (*allowed).min(denied.inverse()) })
        .collect();
    let lacking = request.actions.iter().zip(&each).filter(|(_, certainty)| **certainty == Certainty::No);
    let lacking = lacking.map(|(action, _)| action.to_string()).collect();
    let outcome = match each.iter().min() {
        Some(Certainty::Yes) => Outcome::LetIn,
        Some(Certainty::Perhaps) => Outcome::Depends,
        Some(Certainty::No) | None => Outcome::KeptOut,
    };
    let warnings = strangers::warnings(policy).into_iter().chain(policy.size.clone()).collect();
    Report { statements, outcome, lacking, fault, warnings }
}

/// The lines of doubt that apply to every statement.
fn doubts(policy: &Policy, request: &Request) -> Vec<Line> {
    let twice = policy.twice.first().map(|name| {
        let why =
            format!("{:?} occurs twice in one object: which of the two counts is not documented", printable(name, 200));
        Line { what: "JSON".to_owned(), verdict: Verdict::Unknown(why) }
    });
    let partition =
        request.doubt.clone().map(|why| Line { what: "Partition".to_owned(), verdict: Verdict::Unknown(why) });
    twice.into_iter().chain(partition).collect()
}

fn action(statement: &Statement, request: &Request, covered: &[bool]) -> Verdict {
    let missing: Vec<&str> =
        request.actions.iter().zip(covered).filter(|(_, covers)| !**covers).map(|(action, _)| *action).collect();
    match missing.as_slice() {
        some if statement.has_not_action() && some.len() < request.actions.len() => Verdict::Unknown(
            "it is NotAction: it is not documented whether IAM accepts that in a trust policy".to_owned(),
        ),
        [] => Verdict::Holds(format!("it has {}", request.actions.join(", "))),
        all if all.len() == request.actions.len() => Verdict::Fails(format!(
            "it is {}; needed is {}",
            shown(statement.stated_actions()),
            request.actions.join(", ")
        )),
        // Another statement may have the rest.
        some => Verdict::Holds(format!("it has some of what is needed, and lacks {}", some.join(", "))),
    }
}

#[cfg(test)]
mod tests;
