//! JSON merge patches (RFC 7396) and JSON patches (RFC 6902), as the API server carries them out.

use serde_json::{Map, Value};

/// Carries out a JSON merge patch.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let target = target.as_object_mut().expect("it is an object by now");
    for (field, value) in patch {
        match value {
            Value::Null => {
                target.remove(field);
            }
            value => merge(target.entry(field.clone()).or_insert(Value::Null), value),
        }
    }
}

/// Carries out a JSON patch.
///
/// # Errors
///
/// The patch cannot be read, an operation does not fit the object, or a test fails: the API server's words.
pub(crate) fn json_patch(target: &mut Value, patch: &Value) -> Result<(), String> {
    let Value::Array(operations) = patch else { return Err("a JSON patch is a list of operations".to_owned()) };
    operations.iter().try_for_each(|operation| carry_out(target, operation))
}

fn carry_out(target: &mut Value, operation: &Value) -> Result<(), String> {
    let text = |field: &str| operation[field].as_str().ok_or_else(|| format!("operation has no {field}"));
    let kind = text("op")?;
    let path = segments(text("path")?)?;
    let value = || operation.get("value").cloned().ok_or_else(|| format!("operation {kind} has no value"));
    match kind {
        "add" => add(target, &path, value()?),
        "remove" => remove(target, &path).map(drop),
        "replace" => replace(target, &path, value()?),
        "test" => test(target, &path, operation.get("value").unwrap_or(&Value::Null)),
        "move" => {
            let moved = remove(target, &segments(text("from")?)?)?;
            add(target, &path, moved)
        }
        "copy" => {
            let from = segments(text("from")?)?;
            let copied = find(target, &from).cloned();
            let copied = copied.ok_or_else(|| missing("copy operation does not apply: doc is missing key", &from))?;
            add(target, &path, copied)
        }
        other => Err(format!("Unexpected kind: {other}")),
    }
}

/// A field that is replaced need not be there; an entry of a list must.
fn replace(target: &mut Value, path: &[String], value: Value) -> Result<(), String> {
    if let Some(place) = find_mut(target, path) {
        *place = value;
        return Ok(());
    }
    let is_field = path.split_last().and_then(|(_, parents)| find(target, parents)).is_some_and(Value::is_object);
    match is_field {
        true => add(target, path, value),
        false => Err(missing("replace operation does not apply: doc is missing key", path)),
    }
}

/// A test of an absent field against null passes: that is how clients say "is not there".
fn test(target: &Value, path: &[String], value: &Value) -> Result<(), String> {
    let found = find(target, path);
    let passes = match found {
        Some(found) => found == value,
        None => value.is_null(),
    };
    if passes { Ok(()) } else { Err(missing("testing value failed", path)) }
}

fn missing(what: &str, path: &[String]) -> String {
    format!("{what}: /{}", path.join("/"))
}

fn segments(pointer: &str) -> Result<Vec<String>, String> {
    if pointer.is_empty() {
        return Ok(Vec::new());
    }
    let rest = pointer.strip_prefix('/').ok_or_else(|| format!("path {pointer:?} does not begin with a slash"))?;
    Ok(rest.split('/').map(|segment| segment.replace("~1", "/").replace("~0", "~")).collect())
}

fn find<'v>(target: &'v Value, path: &[String]) -> Option<&'v Value> {
    path.iter().try_fold(target, |value, segment| match value {
        Value::Object(fields) => fields.get(segment),
        Value::Array(items) => items.get(place(segment, items.len())?),
        _ => None,
    })
}

fn find_mut<'v>(target: &'v mut Value, path: &[String]) -> Option<&'v mut Value> {
    path.iter().try_fold(target, |value, segment| match value {
        Value::Object(fields) => fields.get_mut(segment),
        Value::Array(items) => {
            let place = place(segment, items.len())?;
            items.get_mut(place)
        }
        _ => None,
    })
}

/// The index that a segment names; one from the end when it is negative, as the server's library has it.
fn place(segment: &str, length: usize) -> Option<usize> {
    match segment.strip_prefix('-') {
        Some(back) if !back.is_empty() => length.checked_sub(back.parse().ok()?),
        _ => segment.parse().ok(),
    }
}

fn add(target: &mut Value, path: &[String], value: Value) -> Result<(), String> {
    let Some((last, parents)) = path.split_last() else {
        *target = value;
        return Ok(());
    };
    match find_mut(target, parents) {
        Some(Value::Object(fields)) => {
            fields.insert(last.clone(), value);
            Ok(())
        }
        Some(Value::Array(items)) => {
            let place = if last == "-" { Some(items.len()) } else { place(last, items.len()) };
            let place = place.filter(|place| *place <= items.len());
            items.insert(place.ok_or_else(|| missing("add operation does not apply: bad index", path))?, value);
            Ok(())
        }
        _ => Err(missing("add operation does not apply: doc is missing path", path)),
    }
}

fn remove(target: &mut Value, path: &[String]) -> Result<Value, String> {
    let gone = || missing("remove operation does not apply: doc is missing path", path);
    let (last, parents) = path.split_last().ok_or_else(gone)?;
    match find_mut(target, parents) {
        Some(Value::Object(fields)) => fields.remove(last).ok_or_else(gone),
        Some(Value::Array(items)) => {
            let place = place(last, items.len()).filter(|place| *place < items.len()).ok_or_else(gone)?;
            Ok(items.remove(place))
        }
        _ => Err(gone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_merge_patch_sets_removes_and_replaces_lists() {
        for (target, patch, expected) in [
            (json!({ "a": 1 }), json!({ "b": 2 }), json!({ "a": 1, "b": 2 })),
            (json!({ "a": { "b": 1, "c": 2 } }), json!({ "a": { "b": null } }), json!({ "a": { "c": 2 } })),
            (json!({ "a": [1, 2] }), json!({ "a": [3] }), json!({ "a": [3] })),
            (json!({ "a": "text" }), json!({ "a": { "b": 1, "c": null } }), json!({ "a": { "b": 1 } })),
        ] {
            let mut patched = target.clone();
            merge(&mut patched, &patch);
            assert_eq!(patched, expected, "{target} with {patch}");
        }
    }

    #[test]
    fn a_json_patch_does_what_its_operations_say() {
        let object = json!({ "a": { "b": [1, 2] }, "c/d": 3 });
        for (operation, expected) in [
            (json!({ "op": "add", "path": "/a/b/-", "value": 9 }), Some(json!({ "a": { "b": [1, 2, 9] }, "c/d": 3 }))),
            (json!({ "op": "add", "path": "/a/b/0", "value": 9 }), Some(json!({ "a": { "b": [9, 1, 2] }, "c/d": 3 }))),
            (json!({ "op": "remove", "path": "/c~1d" }), Some(json!({ "a": { "b": [1, 2] } }))),
            (json!({ "op": "replace", "path": "/a/b/1", "value": 9 }), Some(json!({ "a": { "b": [1, 9] }, "c/d": 3 }))),
            (json!({ "op": "move", "from": "/c~1d", "path": "/e" }), Some(json!({ "a": { "b": [1, 2] }, "e": 3 }))),
            (json!({ "op": "test", "path": "/x", "value": null }), Some(object.clone())),
            (json!({ "op": "test", "path": "/c~1d", "value": 3 }), Some(object.clone())),
            (json!({ "op": "test", "path": "/c~1d", "value": 4 }), None),
            (
                json!({ "op": "replace", "path": "/x", "value": 4 }),
                Some(json!({ "a": { "b": [1, 2] }, "c/d": 3, "x": 4 })),
            ),
            (json!({ "op": "replace", "path": "/x/y", "value": 4 }), None),
            (json!({ "op": "remove", "path": "/x" }), None),
            (json!({ "op": "add", "path": "/x/y", "value": 1 }), None),
            (json!({ "op": "add", "path": "/a/b/7", "value": 1 }), None),
        ] {
            let mut patched = object.clone();
            let done = json_patch(&mut patched, &json!([operation]));
            assert_eq!(done.ok().map(|()| patched), expected, "{operation}");
        }
    }
}
