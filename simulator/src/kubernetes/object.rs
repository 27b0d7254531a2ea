//! Objects as JSON: the parts of their metadata that every kind shares.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Map, Value};

/// An object's place: its namespace (empty when it is in none) and its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ObjectKey {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl ObjectKey {
    pub(crate) fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    pub(crate) fn of(object: &Value) -> Self {
        Self::new(meta_text(object, "namespace"), meta_text(object, "name"))
    }
}

/// A text in an object's metadata, empty when it is not set.
pub(crate) fn meta_text<'o>(object: &'o Value, field: &str) -> &'o str {
    object["metadata"][field].as_str().unwrap_or_default()
}

/// An object's metadata, made when there is none.
pub(crate) fn metadata_mut(object: &mut Value) -> &mut Map<String, Value> {
    let metadata = &mut object["metadata"];
    if !metadata.is_object() {
        *metadata = Value::Object(Map::new());
    }
    metadata.as_object_mut().expect("it is an object by now")
}

/// Sets a field of an object's metadata; null takes it away.
pub(crate) fn set_meta(object: &mut Value, field: &str, value: impl Into<Value>) {
    let metadata = metadata_mut(object);
    match value.into() {
        Value::Null => metadata.remove(field),
        value => metadata.insert(field.to_owned(), value),
    };
}

/// Gives a field of `from` to `to`: what it says, or that it is absent.
pub(crate) fn carry(from: &Value, to: &mut Value, field: &str) {
    match from.get(field) {
        Some(value) => to[field] = value.clone(),
        None => {
            if let Some(to) = to.as_object_mut() {
                to.remove(field);
            }
        }
    }
}

/// As [`carry`], for fields of the metadata.
pub(crate) fn carry_meta(from: &Value, to: &mut Value, field: &str) {
    set_meta(to, field, from["metadata"][field].clone());
}

/// The version of an object, 0 when it has none.
pub(crate) fn version(object: &Value) -> u64 {
    meta_text(object, "resourceVersion").parse().unwrap_or_default()
}

/// The generation of an object, 0 when it has none.
pub(crate) fn generation(object: &Value) -> i64 {
    object["metadata"]["generation"].as_i64().unwrap_or_default()
}

/// Whether an object is being deleted.
pub(crate) fn is_going(object: &Value) -> bool {
    !object["metadata"]["deletionTimestamp"].is_null()
}

/// An object's finalizers.
pub(crate) fn finalizers(object: &Value) -> impl Iterator<Item = &str> {
    object["metadata"]["finalizers"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// Brings an object's metadata into the form in which the server keeps it: known fields only, nothing empty.
///
/// # Errors
///
/// A field has another type.
pub(crate) fn normalize_metadata(object: &mut Value) -> Result<(), serde_json::Error> {
    let metadata = object["metadata"].take();
    let metadata: ObjectMeta =
        if metadata.is_null() { ObjectMeta::default() } else { serde_json::from_value(metadata)? };
    object["metadata"] = serde_json::to_value(metadata)?;
    drop_empty_metadata(object);
    Ok(())
}

/// Drops the lists, maps and texts of an object's metadata that hold nothing.
pub(crate) fn drop_empty_metadata(object: &mut Value) {
    metadata_mut(object).retain(|field, value| match value {
        Value::Null => false,
        // It is a pointer in the API: zero says something.
        Value::Number(_) if field == "deletionGracePeriodSeconds" => true,
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
        Value::String(text) => !text.is_empty(),
        Value::Number(number) => number.as_i64() != Some(0),
        Value::Bool(_) => true,
    });
}
