//! AWS Query on the wire: form bodies to typed requests, typed answers to XML, errors in both dialects.

pub(crate) mod constraint;
pub(crate) mod error;
pub(crate) mod query;
pub(crate) mod xml;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use self::error::ApiError;
pub(crate) use self::query::Tree;

/// Reads the parameters of a call as its request type; a member that does not fit is a `ValidationError`.
pub(crate) fn request<Q: DeserializeOwned>(params: &Tree) -> Result<Q, ApiError> {
    query::read(params)
}

/// A structure without one of its members.
pub(crate) fn without(mut structure: Value, member: &str) -> Value {
    if let Value::Object(members) = &mut structure {
        members.remove(member);
    }
    structure
}

/// The answer of a call, ready for the XML writer.
pub(crate) fn answer<A: Serialize>(result: &A) -> Value {
    serde_json::to_value(result).expect("an answer is made of structs, lists, texts and numbers")
}
