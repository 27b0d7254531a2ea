//! What is to be done to which call.

use std::time::Duration;

use super::call::Call;

/// Which calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// The n-th write (from 1) since the proxy started or was reset.
    Write(usize),
    /// A call of this action, for example `CreateLoadBalancer`.
    Action(String),
    /// Any write.
    AnyWrite,
    /// Any read.
    AnyRead,
    /// Any call.
    Any,
}

/// What is done to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is answered with this error and never sent on.
    Fail {
        /// The HTTP status.
        status: u16,
        /// AWS's error code, for example `InternalFailure`.
        code: String,
        /// AWS's words.
        message: String,
    },
    /// It is sent on later.
    Delay(Duration),
    /// It is sent on, and when it is done the connection breaks instead of bringing the answer.
    DropAnswer,
    /// It stands still before it is sent on: see [`super::Proxy::held`].
    HoldRequest,
    /// It is done, and stands still before the answer: see [`super::Proxy::held`].
    HoldAnswer,
}

impl Fault {
    /// An error with AWS's words left out.
    #[must_use]
    pub fn fail(status: u16, code: &str) -> Self {
        Self::Fail { status, code: code.to_owned(), message: format!("{code}, made by the test") }
    }

    /// What ELBv2 says when it is asked too often (EC2's is `RequestLimitExceeded`, status 503).
    #[must_use]
    pub fn throttle() -> Self {
        Self::Fail { status: 400, code: "Throttling".to_owned(), message: "Rate exceeded".to_owned() }
    }

    /// A word for the journal.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Fail { .. } => "failed",
            Self::Delay(_) => "delayed",
            Self::DropAnswer => "answer dropped",
            Self::HoldRequest => "request held",
            Self::HoldAnswer => "answer held",
        }
    }
}

/// A fault that waits for its calls.
#[derive(Debug)]
pub(super) struct Trap {
    pub(super) when: When,
    pub(super) fault: Fault,
    /// How many calls it is still for.
    pub(super) left: usize,
}

impl Trap {
    /// Whether it is for this call; `nth_write` is the call's number among the writes, if it is one.
    pub(super) fn fits(&self, call: &Call, nth_write: Option<usize>) -> bool {
        self.left > 0
            && match &self.when {
                When::Write(number) => nth_write == Some(*number),
                When::Action(action) => *action == call.action,
                When::AnyWrite => nth_write.is_some(),
                When::AnyRead => nth_write.is_none(),
                When::Any => true,
            }
    }

    pub(super) fn spring(&mut self) -> Fault {
        self.left -= 1;
        self.fault.clone()
    }
}
