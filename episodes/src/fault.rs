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
    /// The API server refuses a write: somebody else wrote in between (F8).
    Conflict,
    /// A webhook refuses a write to the API server (F8).
    Rejected,
    /// The API server refuses to write a status (F8).
    StatusRefused,
    /// The API server has forgotten what a list or a watch begins at (F8).
    TooOld,
    /// The program is not permitted to do that any more (F12).
    Denied,
    /// The program's credentials have expired (F12).
    Expired,
}

impl Fault {
    /// Those that happen to every call of the exhaustive sweep (F1 to F5).
    pub(crate) const SWEPT: [Self; 9] = [
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

    /// Those that only the API server knows (F8).
    pub(crate) const OF_KUBERNETES: [Self; 4] = [Self::Conflict, Self::Rejected, Self::StatusRefused, Self::TooOld];

    /// Those that last until somebody mends them (F12).
    const LASTING: [Self; 2] = [Self::Denied, Self::Expired];

    /// Whether it can happen to a call. Only reads of the account are stale here: the views of the API server have runs of
    /// their own.
    pub(crate) fn is_possible(self, call: &Call) -> bool {
        match self {
            Self::Stale => call.system == System::Aws && !call.writes,
            Self::Conflict => {
                call.system == System::Kubernetes
                    && ["patch ", "update "].iter().any(|verb| call.operation.starts_with(verb))
            }
            Self::Rejected => call.system == System::Kubernetes && call.writes,
            Self::StatusRefused => call.writes && call.operation.ends_with("/status"),
            Self::TooOld => ["watch ", "list "].iter().any(|verb| call.operation.starts_with(verb)),
            _ => true,
        }
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
            Self::Conflict => "conflict",
            Self::Rejected => "rejected",
            Self::StatusRefused => "status-refused",
            Self::TooOld => "too-old",
            Self::Denied => "denied",
            Self::Expired => "expired",
        }
    }

    /// All of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Self::SWEPT.into_iter().chain(Self::OF_KUBERNETES).chain(Self::LASTING)
    }

    /// By its name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::all().find(|fault| fault.name() == name)
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
