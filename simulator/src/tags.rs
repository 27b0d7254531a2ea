//! Tags of the smaller services, and the form in which AWS lists them.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

/// The tags of one resource.
pub(crate) type Tags = BTreeMap<String, String>;

/// As AWS lists them.
pub(crate) fn shown(tags: &Tags) -> Value {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

/// Reads a list of `Key` and `Value` of a description.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tags, D::Error> {
    Ok(read(&Value::deserialize(deserializer)?))
}

/// From AWS's list.
pub(crate) fn read(list: &Value) -> Tags {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let pairs = list.as_array().into_iter().flatten();
    pairs.map(|pair| (text(pair.get("Key")), text(pair.get("Value")))).collect()
}
