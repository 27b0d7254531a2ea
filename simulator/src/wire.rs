//! AWS's protocols on the wire: form and JSON bodies to typed requests, typed answers to XML and JSON, errors in both.

pub(crate) mod constraint;
pub(crate) mod error;
pub(crate) mod json;
pub(crate) mod pattern;
pub(crate) mod protocol;
pub(crate) mod query;
pub(crate) mod token;
pub(crate) mod xml;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use self::error::ApiError;
pub(crate) use self::query::Tree;

/// Reads the parameters of a call as its request type; a member that does not fit is a `ValidationError`.
pub(crate) fn request<Q: DeserializeOwned>(params: &Tree) -> Result<Q, ApiError> {
    query::read(params).map_err(ApiError::from)
}

/// As [`request`], with the service's own code for a member that does not fit.
pub(crate) fn request_or<Q: DeserializeOwned>(params: &Tree, code: &'static str) -> Result<Q, ApiError> {
    request(params).map_err(|error| ApiError { code: code.into(), ..error })
}

/// A structure without one of its members.
pub(crate) fn without(mut structure: Value, member: &str) -> Value {
    if let Value::Object(members) = &mut structure {
        members.remove(member);
    }
    structure
}

/// A document without the members that are null.
pub(crate) fn without_absent(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(without_absent).collect(),
        Value::Object(members) => {
            let present = members.into_iter().filter(|(_, value)| !value.is_null());
            present.map(|(name, value)| (name, without_absent(value))).collect()
        }
        value => value,
    }
}

/// The answer of a call, ready for the writers.
pub(crate) fn answer<A: Serialize>(result: &A) -> Value {
    serde_json::to_value(result).expect("an answer is made of structs, lists, texts and numbers")
}
