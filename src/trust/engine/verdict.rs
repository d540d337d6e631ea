//! What is so of a line of a policy for a request.

/// A statement, and what is so of it for the request.
#[derive(Clone, Debug)]
pub struct Judged {
    pub name: String,
    pub is_allow: bool,
    /// The needed actions that it is about.
    pub covers: Vec<&'static str>,
    pub lines: Vec<Line>,
}

/// A line of a statement, and whether it holds for the request.
#[derive(Clone, Debug)]
pub struct Line {
    /// `Principal`, `Action`, or `StringEquals SAML:aud`.
    pub what: String,
    pub verdict: Verdict,
}

/// Whether a line holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Holds(String),
    Fails(String),
    /// It depends on what cannot be known from here.
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
