//! What can be wrong with an account description.

use serde_saphyr::Error;

use crate::elbv2::AdmissionError;

/// Why an account description was not taken.
#[derive(Debug, thiserror::Error)]
pub enum DescriptionError {
    /// A key that this kind of element does not have.
    #[error("unknown key {key:?} at line {line}, column {column}; the nearest known key is {nearest:?}")]
    UnknownKey {
        /// As it was written.
        key: String,
        /// The known key that is most like it.
        nearest: &'static str,
        /// Counted from 1.
        line: u64,
        /// Counted from 1.
        column: u64,
    },
    /// No YAML or JSON, or a value of another type than it has to be; the message says where.
    #[error("the account description cannot be read: {message}")]
    Unreadable {
        /// The parser's words, with line and column.
        message: String,
    },
    /// Something refers to what is not described.
    #[error("{from}: {key} names {to:?}, which is not described under {list}; add it there, or take the reference out")]
    Unresolved {
        /// The element that refers, with its list.
        from: String,
        /// The key with the reference.
        key: String,
        /// What is referred to.
        to: String,
        /// The list where it is looked for.
        list: &'static str,
    },
    /// Two elements of a list have the same id.
    #[error("{list} describes {id:?} twice")]
    Twice {
        /// The list.
        list: &'static str,
        /// The id.
        id: String,
    },
    /// A value that AWS would not have, or one that is needed and cannot be derived.
    #[error("{element}: {message}")]
    Value {
        /// The element, with its list.
        element: String,
        /// What is wrong, and what to write.
        message: String,
    },
}

impl From<Error> for DescriptionError {
    fn from(error: Error) -> Self {
        match error {
            Error::SerdeUnknownField { field, expected, location } if !expected.is_empty() => Self::UnknownKey {
                nearest: nearest(&field, &expected),
                key: field,
                line: location.line(),
                column: location.column(),
            },
            other => Self::Unreadable { message: other.to_string() },
        }
    }
}

impl From<AdmissionError> for DescriptionError {
    fn from(error: AdmissionError) -> Self {
        match error {
            AdmissionError::Unresolved { from, key, to, list } => {
                Self::Unresolved { from, key: key.to_owned(), to, list }
            }
            AdmissionError::Twice { list, id } => Self::Twice { list, id },
            AdmissionError::Value { element, message } => Self::Value { element, message },
        }
    }
}

/// The known key that takes the fewest edits; letters of another case are the same.
fn nearest(key: &str, known: &[&'static str]) -> &'static str {
    let lower = key.to_lowercase();
    let distance = |candidate: &&&'static str| strsim::osa_distance(&lower, &candidate.to_lowercase());
    known.iter().min_by_key(distance).expect("there are known keys")
}
