//! What was asked and what was answered: the latest calls, and every request that AWS's service model does not allow.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::door::{Request, Service};
use crate::network::Scope;
use crate::wire::ApiError;

/// One call that was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// Counts from 1 in the order in which calls were answered.
    pub number: u64,
    /// When it was answered, by the accounts' calendar.
    pub at: Timestamp,
    /// The account and Region that were asked about.
    pub scope: Scope,
    /// The service that was asked.
    pub service: Service,
    /// The action; empty when the request named none.
    pub action: String,
    /// The HTTP status of the answer.
    pub status: u16,
    /// The error code of an answer that is a refusal.
    pub code: Option<String>,
    target: Option<String>,
    body: Vec<u8>,
}

/// A request that AWS's service model does not allow: an unknown action, a member that is missing or unknown, a number
/// out of its range, a list or a text too long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The service that was asked, by its name in a credential scope.
    pub service: &'static str,
    /// The action; empty when the request named none.
    pub action: String,
    /// `CODE: message` of the refusal.
    pub message: String,
}

impl CallRecord {
    /// The members of the request, in the shape that the service model gives them: structures, lists, texts.
    pub fn members(&self) -> Value {
        let call = self.service.protocol().parse(self.target.as_deref(), &self.body);
        call.map(|call| call.params.to_json()).unwrap_or_default()
    }
}

/// The calls and violations of one simulator.
#[derive(Debug)]
pub(crate) struct Journal {
    calls: VecDeque<Arc<CallRecord>>,
    kept: usize,
    answered: u64,
    violations: Vec<Violation>,
}

/// More violations than these tell nothing new.
const VIOLATIONS_KEPT: usize = 1_000;

impl Journal {
    pub(crate) fn new(kept: usize) -> Self {
        Self { calls: VecDeque::new(), kept, answered: 0, violations: Vec::new() }
    }

    pub(crate) fn note(&mut self, request: Request, action: String, at: Timestamp, refusal: Option<&ApiError>) {
        let Request { service, scope, target, session: _, body } = request;
        if let Some(refusal) = refusal.filter(|refusal| refusal.against_model)
            && self.violations.len() < VIOLATIONS_KEPT
        {
            let message = format!("{}: {}", refusal.code, refusal.message);
            self.violations.push(Violation { service: service.name(), action: action.clone(), message });
        }
        self.answered += 1;
        if self.kept == 0 {
            return;
        }
        if self.calls.len() == self.kept {
            self.calls.pop_front();
        }
        let (status, code) = refusal.map_or((200, None), |refusal| (refusal.status, Some(refusal.code.to_string())));
        let number = self.answered;
        self.calls.push_back(Arc::new(CallRecord { number, at, scope, service, action, status, code, target, body }));
    }

    pub(crate) fn calls_after(&self, number: u64) -> Vec<Arc<CallRecord>> {
        let first = self.calls.partition_point(|call| call.number <= number);
        self.calls.range(first..).cloned().collect()
    }

    pub(crate) fn violations(&self) -> Vec<Violation> {
        self.violations.clone()
    }
}
