//! What is wrong with an object, said so that a person can mend it.

use std::fmt;

use serde::Serialize;

use crate::id::ObjectRef;

/// A problem or a warning: which object, which field, which value, what about it, what to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// The object; a document that could not be read has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectRef>,
    /// The field, `metadata.annotations[…]` or `spec.ports[0].protocol`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The value found there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// What is wrong, in a sentence without a full stop at its end.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Problem {
    /// A problem of an object as a whole.
    pub fn of(object: ObjectRef, message: impl Into<String>) -> Self {
        Self { object: Some(object), field: None, value: None, message: message.into(), hint: None }
    }

    /// A problem that belongs to no object.
    pub fn general(message: impl Into<String>) -> Self {
        Self { object: None, field: None, value: None, message: message.into(), hint: None }
    }

    /// Names the field.
    #[must_use]
    pub fn at(self, field: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    /// Names the value found.
    #[must_use]
    pub fn value(self, value: impl Into<String>) -> Self {
        Self { value: Some(value.into()), ..self }
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// One line: field, value, message; the hint stands on a line of its own.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { object: _, field, value, message, hint } = self;
        match (field, value) {
            (Some(field), Some(value)) => write!(f, "{field}: {value:?}: {message}")?,
            (Some(field), None) => write!(f, "{field}: {message}")?,
            (None, Some(value)) => write!(f, "{value:?}: {message}")?,
            (None, None) => f.write_str(message)?,
        }
        match hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

/// Why an object gets no plan: nothing is changed for it until it is edited. Every problem of it at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is refused: {}", .object, .problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct Refusal {
    /// The object.
    pub object: ObjectRef,
    /// What is wrong with it; never empty.
    pub problems: Vec<Problem>,
    /// What is odd but does no harm.
    pub warnings: Vec<Problem>,
}

impl Refusal {
    /// The objects that are refused: of a group its members.
    pub fn objects(&self) -> Vec<ObjectRef> {
        let mut objects: Vec<ObjectRef> = Vec::new();
        for object in self.problems.iter().filter_map(|problem| problem.object.as_ref()) {
            if !objects.contains(object) {
                objects.push(object.clone());
            }
        }
        if objects.is_empty() { vec![self.object.clone()] } else { objects }
    }

    /// Whether an object is one of them.
    pub fn concerns(&self, object: &ObjectRef) -> bool {
        self.objects().contains(object)
    }
}

/// Why a key gets no plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Declined {
    /// Its object is wrong: nothing is changed until it is edited.
    Refused(Refusal),
    /// Its object is not ours.
    Skipped {
        /// The object.
        object: ObjectRef,
        /// Why.
        reason: String,
        /// The line that would make it ours, where there is one.
        hint: Option<String>,
    },
    /// Its object is in no cache. What it may have left is not for a plan to guess.
    Absent,
}
