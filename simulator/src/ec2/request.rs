//! Reading EC2 requests, and the answer that only says yes.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::error::{missing, refused};
use crate::wire::{ApiError, Tree, query};

/// Reads parameters as a request type; EC2's codes for what does not fit and for what is not there.
pub(super) fn read<Q: DeserializeOwned>(params: &Tree) -> Result<Q, ApiError> {
    query::read(params).map_err(|mismatch| match mismatch.absent() {
        Some(member) => missing(&upper_first(&member)),
        None => ApiError { code: "InvalidParameterValue".into(), ..ApiError::from(mismatch) },
    })
}

/// EC2's texts name parameters as requests do, with a large first letter.
fn upper_first(member: &str) -> String {
    let mut letters = member.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The top-level parameters of a call.
pub(super) fn members(params: &Tree) -> Result<impl Iterator<Item = (&str, &Tree)>, ApiError> {
    match params {
        Tree::Branch(members) => Ok(members.iter().map(|(name, value)| (name.as_str(), value))),
        Tree::Text(_) => Err(refused("MalformedQueryString", "The parameters are not a structure")),
    }
}

/// Takes one parameter out; the rest is for another reader.
pub(super) fn take<Q: DeserializeOwned>(params: &mut Tree, name: &str) -> Result<Option<Q>, ApiError> {
    let taken = match params {
        Tree::Branch(members) => members.remove(name),
        Tree::Text(_) => None,
    };
    taken.map(|value| read(&value)).transpose()
}

/// A parameter that the action does not have, or that the simulator does not model.
pub(super) fn not_recognized(name: &str) -> ApiError {
    refused("UnknownParameter", format!("The parameter {name} is not recognized")).against_model()
}

/// The answer of an action that has nothing else to say.
pub(super) fn done() -> Value {
    json!({})
}

/// Whether a call only asks if it would succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DryRun(bool);

impl DryRun {
    /// A dry run that would have succeeded fails, with its own code.
    pub(super) fn outcome(self, answer: Result<Value, ApiError>) -> Result<Value, ApiError> {
        match answer {
            Ok(_) if self.0 => Err(ApiError {
                status: 412,
                ..refused("DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
            }),
            answer => answer,
        }
    }
}

/// Takes `DryRun`, which every action has, out of the parameters.
pub(super) fn without_dry_run(params: &Tree) -> Result<(Tree, DryRun), ApiError> {
    let mut params = params.clone();
    let dry_run = take(&mut params, "DryRun")?.unwrap_or(false);
    Ok((params, DryRun(dry_run)))
}
