//! `--check`: an existing trust policy, line by line, for this identity.

use std::path::Path;

use serde_json::{Value, json};

use crate::cli::args::TrustPolicy;
use crate::cli::commands::inspect;
use crate::cli::output::{self, Text};
use crate::config::profile::Profile;
use crate::error::{Code, Error, Result};
use crate::time;
use crate::trust::asker::Asker;
use crate::trust::check::{Outcome, Report, Statement, Verdict, check};

pub fn run(file: &Path, arguments: &TrustPolicy, profile: &Profile, asker: &Asker) -> Result<()> {
    let policy = inspect::contents(file)?;
    let report = check(&String::from_utf8_lossy(&policy), asker, time::now())?;
    match arguments.format {
        None => output::write(&text(&report, asker))?,
        Some(_) => output::json(&document(&report, asker))?,
    }
    match report.outcome {
        Outcome::LetIn | Outcome::Depends => Ok(()),
        Outcome::KeptOut => Err(Error::new(Code::StsAccessDenied, "this trust policy does not let the identity in")
            .because(reason(&report))
            .hint(format!("see one that does: fedcred trust-policy {}", profile.name))),
    }
}

fn reason(report: &Report) -> String {
    let fails = |statement: &Statement| {
        let failing = statement.lines.iter().find_map(|line| match &line.verdict {
            Verdict::Fails(why) => Some(format!("{}: {why}", line.what)),
            Verdict::Holds(_) | Verdict::Unknown(_) => None,
        });
        failing.map(|why| format!("statement {}, {why}", statement.name))
    };
    // The statement that comes nearest tells most.
    let failures = |statement: &&Statement| {
        statement.lines.iter().filter(|line| matches!(line.verdict, Verdict::Fails(_))).count()
    };
    let nearest = report.statements.iter().filter(|statement| statement.is_allow).min_by_key(failures);
    nearest.and_then(fails).unwrap_or_else(|| format!("no statement that applies allows {}", report.lacking.join(", ")))
}

fn text(report: &Report, asker: &Asker) -> Text {
    let mut text = Text::default();
    for statement in &report.statements {
        let effect = if statement.is_allow { "Allow" } else { "Deny" };
        text.line(format!("statement {} ({effect}):", statement.name));
        for line in &statement.lines {
            let (mark, why) = match &line.verdict {
                Verdict::Holds(why) => ("✓", why),
                Verdict::Fails(why) => ("✗", why),
                Verdict::Unknown(why) => ("?", why),
            };
            text.line(format!("  {mark} {}: {why}", line.what));
        }
    }
    let needed = asker.actions.join(", ");
    text.blank();
    text.line(match report.outcome {
        Outcome::LetIn => format!("let in: {} may do {needed}", asker.principal.id()),
        Outcome::Depends => {
            format!("perhaps let in: the lines with a ? decide whether {} may do {needed}", asker.principal.id())
        }
        Outcome::KeptOut => format!("kept out: not allowed is {}", report.lacking.join(", ")),
    });
    for warning in &report.warnings {
        text.line(format!("warning: {warning}"));
    }
    text
}

fn document(report: &Report, asker: &Asker) -> Value {
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
        "principal": asker.principal.id(),
        "needed": asker.actions,
        "lacking": report.lacking,
        "statements": statements,
        "warnings": report.warnings,
    })
}
