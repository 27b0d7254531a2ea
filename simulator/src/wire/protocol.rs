//! The ways in which services are spoken to, behind one door.

use serde_json::Value;

use super::query::{self, Call};
use super::xml::{self, Dialect};
use super::{ApiError, json};

/// How one service is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Form bodies in, XML out.
    Query(Dialect),
    /// JSON in, JSON out.
    Json {
        /// The member of a refusal that holds its message.
        message: &'static str,
    },
}

impl Protocol {
    /// Reads a request; `target` is its header `X-Amz-Target`.
    pub(crate) fn parse(self, target: Option<&str>, body: &[u8]) -> Result<Call, ApiError> {
        match self {
            Self::Query(_) => query::parse(body),
            Self::Json { .. } => json::parse(target, body),
        }
    }

    /// The document of an answer or of a refusal.
    pub(crate) fn document(self, action: &str, outcome: &Result<Value, ApiError>, request_id: &str) -> String {
        match (self, outcome) {
            (Self::Query(dialect), Ok(members)) => xml::answer(dialect, action, members, request_id),
            (Self::Query(dialect), Err(refusal)) => xml::error(dialect, refusal, request_id),
            (Self::Json { .. }, Ok(members)) => json::answer(members),
            (Self::Json { message }, Err(refusal)) => json::error(refusal, message),
        }
    }

    /// The media type of the documents.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Query(_) => "text/xml",
            Self::Json { .. } => json::CONTENT_TYPE,
        }
    }

    /// Where clients read the code of a refusal besides the document: the header `x-amzn-errortype`.
    pub(crate) fn error_type(self, outcome: &Result<Value, ApiError>) -> Option<String> {
        match (self, outcome) {
            (Self::Json { .. }, Err(refusal)) => Some(refusal.code.to_string()),
            _ => None,
        }
    }
}
