//! Strategic merge patches, as kubectl sends them for built-in kinds: lists are merged by what tells their entries apart.

use serde_json::{Map, Value};

use super::schema::Topology;
use super::topology::Shape;

/// Carries out a strategic merge patch.
///
/// # Errors
///
/// A directive in it is unknown, or an entry does not say which one it is.
pub(crate) fn merge(shape: &Shape<'_>, target: &mut Value, patch: &Value) -> Result<(), String> {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return Ok(());
    };
    match patch.get("$patch").and_then(Value::as_str) {
        None => {}
        Some("replace") => {
            *target = Value::Object(plain(patch));
            return Ok(());
        }
        Some("delete") => {
            *target = Value::Object(Map::new());
            return Ok(());
        }
        Some(other) => return Err(format!("Unknown type of special directive: {other}")),
    }
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let fields = target.as_object_mut().expect("it is an object by now");
    if let Some(kept) = patch.get("$retainKeys").and_then(Value::as_array) {
        fields.retain(|name, _| kept.iter().any(|kept| kept == name));
    }
    for (name, value) in patch.iter().filter(|(name, _)| !name.starts_with('$')) {
        merge_field(&shape.field(name), fields, name, value)?;
    }
    for (directive, list) in patch {
        if let Some(name) = directive.strip_prefix("$deleteFromPrimitiveList/") {
            let gone = list.as_array().cloned().unwrap_or_default();
            if let Some(values) = fields.get_mut(name).and_then(Value::as_array_mut) {
                values.retain(|value| !gone.contains(value));
            }
        }
        if let Some(name) = directive.strip_prefix("$setElementOrder/") {
            let order = list.as_array().cloned().unwrap_or_default();
            put_in_order(&shape.field(name), fields.get_mut(name), &order);
        }
    }
    Ok(())
}

fn merge_field(shape: &Shape<'_>, fields: &mut Map<String, Value>, name: &str, value: &Value) -> Result<(), String> {
    match value {
        Value::Null => drop(fields.remove(name)),
        Value::Object(given) if given.get("$patch").is_some_and(|directive| directive == "delete") => {
            fields.remove(name);
        }
        Value::Object(_) => merge(shape, fields.entry(name.to_owned()).or_insert(Value::Null), value)?,
        Value::Array(given) => {
            let there = fields.remove(name).and_then(|there| match there {
                Value::Array(list) => Some(list),
                _ => None,
            });
            let merged = merge_list(shape, there.unwrap_or_default(), given)?;
            fields.insert(name.to_owned(), Value::Array(merged));
        }
        scalar => drop(fields.insert(name.to_owned(), scalar.clone())),
    }
    Ok(())
}

fn merge_list(shape: &Shape<'_>, there: Vec<Value>, given: &[Value]) -> Result<Vec<Value>, String> {
    match shape.topology() {
        Topology::Plain | Topology::Atomic => Ok(given.to_vec()),
        Topology::Set => {
            let others = there.into_iter().filter(|value| !given.contains(value));
            Ok(given.iter().cloned().chain(others).collect())
        }
        Topology::Map(_) if given.iter().any(|entry| directive(entry) == Some("replace")) => {
            let entries = given.iter().filter(|entry| directive(entry).is_none());
            Ok(entries.cloned().collect())
        }
        Topology::Map(keys) => merge_entries(shape, &keys[0], there, given),
    }
}

fn merge_entries(shape: &Shape<'_>, key: &str, there: Vec<Value>, given: &[Value]) -> Result<Vec<Value>, String> {
    let mut merged = there;
    for entry in given {
        if entry[key].is_null() {
            return Err(format!("map: {entry} does not contain declared merge key: {key}"));
        }
        let place = merged.iter().position(|there| there[key] == entry[key]);
        match (directive(entry), place) {
            (Some("delete"), place) => drop(place.map(|place| merged.remove(place))),
            (None, Some(place)) => merge(&shape.entry(), &mut merged[place], entry)?,
            (None, None) => {
                let mut new = Value::Object(Map::new());
                merge(&shape.entry(), &mut new, entry)?;
                merged.push(new);
            }
            (Some(other), _) => return Err(format!("Unknown type of special directive: {other}")),
        }
    }
    Ok(merged)
}

fn directive(entry: &Value) -> Option<&str> {
    entry["$patch"].as_str()
}

/// Entries that are named come in that order; the others keep their places before them.
fn put_in_order(shape: &Shape<'_>, list: Option<&mut Value>, order: &[Value]) {
    let Some(Value::Array(list)) = list else { return };
    let place = |entry: &Value| match shape.topology() {
        Topology::Map(keys) => order.iter().position(|named| named[&keys[0]] == entry[&keys[0]]),
        _ => order.iter().position(|named| named == entry),
    };
    list.sort_by_key(place);
}

fn plain(patch: &Map<String, Value>) -> Map<String, Value> {
    let fields = patch.iter().filter(|(name, _)| !name.starts_with('$'));
    fields.map(|(name, value)| (name.clone(), value.clone())).collect()
}
