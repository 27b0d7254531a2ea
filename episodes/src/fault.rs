//! What can go wrong with one call, and which calls it happens to.

use std::collections::BTreeMap;
use std::fmt;

use crate::call::{Call, System};

/// What happens to one call. The letters are those of the fault kinds of the test programme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// The program dies before the call leaves it (F1).
    CrashBefore,
    /// The program dies when the call is carried out, before it sees the answer (F1).
    CrashAfter,
    /// The call never arrives (F2).
    RequestLost,
    /// The call is carried out and its answer never arrives (F2).
    ResponseLost,
    /// The call is refused for its number (F3).
    Throttled,
    /// The server fails before it carries the call out (F4).
    ServerError,
    /// The call is carried out and the answer comes after a minute, if somebody still waits (F4).
    Hang,
    /// The call is carried out and its answer breaks off in the middle (F4).
    Malformed,
    /// A read is answered as things were half a minute ago (F5).
    Stale,
}

impl Fault {
    /// All of them.
    pub(crate) const ALL: [Self; 9] = [
        Self::CrashBefore,
        Self::CrashAfter,
        Self::RequestLost,
        Self::ResponseLost,
        Self::Throttled,
        Self::ServerError,
        Self::Hang,
        Self::Malformed,
        Self::Stale,
    ];

    /// Whether it can happen to a call. Only reads of the account are stale here: the views of the API server have runs of
    /// their own.
    pub(crate) fn is_possible(self, call: &Call) -> bool {
        self != Self::Stale || (call.system == System::Aws && !call.writes)
    }

    /// How it is written on the command line and in a story.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CrashBefore => "crash-before",
            Self::CrashAfter => "crash-after",
            Self::RequestLost => "request-lost",
            Self::ResponseLost => "response-lost",
            Self::Throttled => "throttled",
            Self::ServerError => "server-error",
            Self::Hang => "hang",
            Self::Malformed => "malformed",
            Self::Stale => "stale",
        }
    }

    /// By its name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which calls of an episode go wrong.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Faults {
    /// None does.
    None,
    /// These do, by their number in the episode.
    At(BTreeMap<u64, Fault>),
    /// Each does with the probability, by one of the kinds, until the end of the workload's events.
    Swarm {
        /// From 0 to 1.
        rate: f64,
        /// What may happen.
        kinds: Vec<Fault>,
    },
}

impl Faults {
    /// One fault at one call and, for `attempts` above 1, at those that follow it: the AWS SDK tries a call three times,
    /// so that a single lost answer is only seen by the program when all three are lost.
    pub(crate) fn single(call: u64, fault: Fault, attempts: u64) -> Self {
        Self::At((call..call + attempts).map(|call| (call, fault)).collect())
    }
}
