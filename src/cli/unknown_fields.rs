//! Fields of a manifest that its kind does not have: a slip of indentation, most often.

use serde_json::Value;

/// The paths in `given` that are gone from `understood`, the same object read into its type and written again.
pub(super) fn find(given: &Value, understood: &Value) -> Vec<String> {
    let mut unknown = Vec::new();
    compare(given, understood, "", &mut unknown);
    unknown
}

fn compare(given: &Value, understood: &Value, path: &str, unknown: &mut Vec<String>) {
    match (given, understood) {
        (Value::Object(given), Value::Object(understood)) => {
            for (field, value) in given {
                let path = if path.is_empty() { field.clone() } else { format!("{path}.{field}") };
                match understood.get(field) {
                    Some(understood) => compare(value, understood, &path, unknown),
                    // Types leave out what is empty.
                    None if is_empty(value) => {}
                    None => unknown.push(path),
                }
            }
        }
        (Value::Array(given), Value::Array(understood)) => {
            for (index, (given, understood)) in given.iter().zip(understood).enumerate() {
                compare(given, understood, &format!("{path}[{index}]"), unknown);
            }
        }
        _ => {}
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.values().all(is_empty),
        Value::Array(list) => list.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_the_type_does_not_have_is_unknown() {
        let given = json!({ "kind": "Service", "name": "web", "spec": { "prots": [], "ports": [{ "port": 80, "prot": "x" }] } });
        let understood = json!({ "kind": "Service", "spec": { "ports": [{ "port": 80 }] } });
        assert_eq!(find(&given, &understood), ["name", "spec.ports[0].prot"]);
    }
}
