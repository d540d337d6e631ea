//! Verdicts on the lines of a policy.

/// A statement with the verdicts on its lines.
#[derive(Clone, Debug)]
pub struct Judged {
    pub name: String,
    pub is_allow: bool,
    /// The needed actions that it applies to.
    pub covers: Vec<&'static str>,
    pub lines: Vec<Line>,
}

/// A line of a statement with its verdict.
#[derive(Clone, Debug)]
pub struct Line {
    /// `Principal`, `Action`, or `StringEquals SAML:aud`.
    pub what: String,
    pub verdict: Verdict,
}

/// Whether a line holds, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Holds(String),
    Fails(String),
    /// It depends on values that are not known here.
    Unknown(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Certainty {
    No,
    Perhaps,
    Yes,
}

impl Certainty {
    pub fn of(verdict: &Verdict) -> Certainty {
        match verdict {
            Verdict::Holds(_) => Certainty::Yes,
            Verdict::Unknown(_) => Certainty::Perhaps,
            Verdict::Fails(_) => Certainty::No,
        }
    }

    pub fn inverse(self) -> Certainty {
        match self {
            Certainty::No => Certainty::Yes,
            Certainty::Perhaps => Certainty::Perhaps,
            Certainty::Yes => Certainty::No,
        }
    }
}
