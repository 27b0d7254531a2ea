//! Who set which field: `metadata.managedFields`.

use std::sync::Arc;

use serde_json::Value;

use super::state::State;
use super::target::Target;
use super::write::WriteOptions;

impl State {
    /// Notes in an object who changed what in it.
    pub(crate) fn own(&self, _: &Target, _: &WriteOptions, object: Value, _: Option<&Arc<Value>>) -> Value {
        object
    }
}
