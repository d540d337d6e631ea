//! `--check`: evaluates an existing trust policy for this identity, condition by condition.

use std::path::Path;

use serde_json::{Value, json};

use crate::cli::args::TrustPolicy;
use crate::cli::commands::inspect;
use crate::cli::output::{self, Text};
use crate::cli::screen::{Mark, Screen};
use crate::config::profile::Profile;
use crate::error::{Code, Error, Result};
use crate::quote::shell::fedcred;
use crate::time;
use crate::trust::engine::{Outcome, Report, Verdict, check};
use crate::trust::request::Request;

pub fn run(file: &Path, arguments: &TrustPolicy, profile: &Profile, request: &Request, screen: Screen) -> Result<()> {
    let policy = inspect::contents(file)?;
    let report = check(&String::from_utf8_lossy(&policy), request, time::now())?;
    match arguments.format {
        None => output::write(&text(&report, request, screen).fit(screen.width))?,
        Some(_) => output::json(&document(&report, request))?,
    }
    match report.outcome {
        Outcome::LetIn | Outcome::Depends => Ok(()),
        Outcome::KeptOut => Err(Error::new(Code::StsAccessDenied, "this trust policy does not let the identity in")
            .because(report.reason())
            .hint(format!("see one that does: {}", fedcred(&["trust-policy"], &profile.name, &[])))),
    }
}

fn text(report: &Report, request: &Request, screen: Screen) -> Text {
    let mut text = Text::default();
    for statement in &report.statements {
        let effect = if statement.is_allow { "Allow" } else { "Deny" };
        text.line(format!("statement {} ({effect}):", statement.name));
        for line in &statement.lines {
            let (mark, why) = match &line.verdict {
                Verdict::Holds(why) => (screen.mark(Mark::Passed), why),
                Verdict::Fails(why) => (screen.mark(Mark::Failed), why),
                Verdict::Unknown(why) => ("?", why),
            };
            text.line(format!("  {mark} {}: {why}", line.what));
        }
    }
    let needed = request.actions.join(", ");
    text.blank();
    text.line(match report.outcome {
        Outcome::LetIn => format!("allowed: {} may do {needed}", request.principal.id()),
        Outcome::Depends => {
            format!("undecided: the lines with a ? decide whether {} may do {needed}", request.principal.id())
        }
        Outcome::KeptOut if report.fault.is_some() => {
            format!("refused: {}", report.fault.as_deref().unwrap_or_default())
        }
        Outcome::KeptOut => format!("refused: {} is not allowed", report.lacking.join(", ")),
    });
    for warning in &report.warnings {
        text.line(format!("warning: {warning}"));
    }
    text
}

fn document(report: &Report, request: &Request) -> Value {
    let verdict = |verdict: &Verdict| match verdict {
        Verdict::Holds(why) => ("holds", why.clone()),
        Verdict::Fails(why) => ("fails", why.clone()),
        Verdict::Unknown(why) => ("unknown", why.clone()),
    };
    let statements: Vec<Value> = report
        .statements
        .iter()
        .map(|statement| {
            let lines = statement.lines.iter().map(|line| {
                let (word, why) = verdict(&line.verdict);
                json!({ "what": line.what, "verdict": word, "why": why })
            });
            json!({
                "name": statement.name,
                "effect": if statement.is_allow { "Allow" } else { "Deny" },
                "lines": lines.collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "outcome": match report.outcome {
            Outcome::LetIn => "let-in",
            Outcome::KeptOut => "kept-out",
            Outcome::Depends => "depends",
        },
        "principal": request.principal.id(),
        "needed": request.actions,
        "lacking": report.lacking,
        "fault": report.fault,
        "statements": statements,
        "warnings": report.warnings,
    })
}
