//! What happened in an episode, line by line: a story to read, and a number to compare two runs by.

use std::fmt;
use std::time::Duration;

use crate::call::Call;
use crate::fault::Fault;

/// One thing that happened.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Since the beginning of the episode.
    pub(crate) at: Duration,
    /// The number of the call, where it is one.
    pub(crate) number: Option<u64>,
    /// The call.
    pub(crate) call: Option<Call>,
    /// What came of it.
    pub(crate) outcome: Outcome,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// An ordinary answer.
    Answered(String),
    /// It went wrong.
    Broken(Fault, String),
    /// No call: what the world did, or what was found.
    Told(String),
}

/// All that happened.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trace(Vec<Line>);

impl Trace {
    /// One more thing.
    pub(crate) fn push(&mut self, line: Line) {
        self.0.push(line);
    }

    /// The lines.
    pub(crate) fn lines(&self) -> &[Line] {
        &self.0
    }

    /// A number that two runs have in common only when the same happened at the same time (FNV-1a, 64 bits).
    pub(crate) fn hash(&self) -> u64 {
        let text = self.to_string();
        text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }

    /// The story without what nothing depends on, and without reads that went well.
    pub(crate) fn story(&self) -> String {
        let telling = self.0.iter().filter(|line| match (&line.call, &line.outcome) {
            (None, _) | (_, Outcome::Broken(..)) => true,
            (Some(call), Outcome::Answered(_)) => call.writes && !call.is_aside(),
            (Some(_), Outcome::Told(_)) => true,
        });
        telling.map(|line| format!("{line}\n")).collect()
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>10.3}s  ", self.at.as_secs_f64())?;
        if let Some(number) = self.number {
            write!(f, "#{number:<5} ")?;
        }
        if let Some(call) = &self.call {
            write!(f, "{call} -> ")?;
        }
        match &self.outcome {
            Outcome::Answered(answer) => f.write_str(answer),
            Outcome::Broken(fault, answer) => write!(f, "{} ({answer})", fault.name().to_uppercase()),
            Outcome::Told(what) => write!(f, "* {what}"),
        }
    }
}
